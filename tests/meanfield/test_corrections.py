"""The expansion in the richness against the theory that it expands, order by order."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable import gaussian, kernels
from solvable.meanfield import Expansion, expansion, two_layer

X = jax.random.normal(jax.random.key(1), (4, 4), float)
GRAM = X @ X.T / 4
Y = jnp.array([1.0, -0.7, 0.4])  # the fourth point is a test point
SETTING = {"learning_rate": 0.2, "steps": 12, "key": jax.random.key(0), "particles": 2**10}
NAMES = ("outputs", "test", "features", "gradients", "tangent_kernel")


@pytest.fixture(scope="module", params=["tanh", "erf", "linear"])
def both(request):
    """The expansion, and two layers at two small richnesses, with the same neurons."""
    found = expansion(GRAM, Y, activation=request.param, **SETTING)
    rich = [two_layer(GRAM, Y, activation=request.param, richness=g, **SETTING) for g in (0.05, 0.1)]
    return found, rich


@pytest.mark.parametrize("name", NAMES)
def test_what_is_left_is_of_the_fourth_order(both, name):
    found, rich = both
    misses = []
    for g, full in zip((0.05, 0.1), rich, strict=True):
        exact = getattr(full, name).reshape(getattr(found, name)[0].shape)
        zero, second = getattr(found, name)
        assert np.abs(exact - zero).max() > 5 * np.abs(exact - zero - g**2 * second).max()
        assert_allclose(getattr(found.at(g), name).reshape(exact.shape), zero + g**2 * second)
        misses.append(np.abs(exact - zero - g**2 * second).max())
    assert misses[1] / misses[0] == pytest.approx(16, rel=0.1)


@pytest.mark.parametrize("both", ["tanh"], indirect=True)
def test_one_output_is_as_before_several_were_known(both):
    known = [0.718197793651104, -0.487974200636522, 0.261335846803316]
    assert_allclose(both[0].outputs[0, -1], known, atol=1e-10)
    known = [0.093752135970503, -0.136191508239059, 0.113570214501665]
    assert_allclose(both[0].outputs[1, -1], known, atol=1e-10)


def test_order_zero_is_the_kernel_limit():
    pair = gaussian.averages("tanh", jnp.diag(GRAM)[:, None], jnp.diag(GRAM), GRAM)
    kernel = pair.product + pair.slopes * GRAM
    lazy = kernels.gradient_descent(kernel[:3, :3], Y, 12, learning_rate=SETTING["learning_rate"], cross=kernel[3:, :3])
    found = expansion(GRAM, Y, activation="tanh", **SETTING | {"particles": 2**14})
    assert_allclose(found.outputs[0], lazy.outputs, atol=1e-3)
    assert_allclose(found.test[0], lazy.test, atol=1e-3)
    assert np.abs(found.outputs[1]).max() > 0.01  # and the next one is not nothing


def test_it_is_saved_and_refuses_a_kink(both, tmp_path):
    both[0].save(tmp_path / "expansion.npz")
    assert_allclose(Expansion.load(tmp_path / "expansion.npz").outputs, both[0].outputs)
    for kink in ("relu", jax.nn.relu):
        with pytest.raises(ValueError, match="activation must be smooth"):
            expansion(GRAM, Y, activation=kink, **SETTING)
    with pytest.raises(ValueError, match=r"richness must be >= 0.*-1"):
        both[0].at(-1.0)
