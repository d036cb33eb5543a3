"""Results come back from a file."""

from numpy.testing import assert_allclose

from solvable.meanfield import MeanField, deep

from .points import KEY, SMALL, Y


def test_it_is_saved(tmp_path):
    found = deep(SMALL, Y[:2], depth=2, activation="tanh", richness=1.0, learning_rate=0.05, steps=3, key=KEY,
                 particles=50, repeats=2)  # fmt: skip
    # as before several outputs were known; after 10 steps one ulp of the gram would move these by 1e-9
    assert_allclose(found.outputs[-1], [0.086000049829023, -0.047717065560961], atol=1e-10)
    assert_allclose(found.gradients[0, -1, 0, 1], 0.333549328885659, atol=1e-10)
    found.save(tmp_path / "theory.npz")
    again = MeanField.load(tmp_path / "theory.npz")
    assert_allclose(again.tangent_kernel, found.tangent_kernel)
    assert_allclose(again.loss, found.loss)
