"""Results come back from a file."""

from numpy.testing import assert_allclose

from solvable.posterior import Posterior, two_layer

from .deviations import GRAM, KEY, Y


def test_a_result_is_saved(tmp_path):
    found = two_layer(GRAM, Y, activation="tanh", richness=0.2, inverse_temperature=2.0, key=KEY)
    found.save(tmp_path / "posterior.npz")
    again = Posterior.load(tmp_path / "posterior.npz")
    assert_allclose(again.error("features"), found.error("features"))
