"""Finite networks beside their limit."""

import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable.meanfield import deep, deep_linear, finite, two_layer

from .points import GRAM, KEY, X, Y


@pytest.mark.parametrize(
    ("depth", "activation", "richness", "width"),
    [(1, "tanh", 2.0, 1000), (1, "relu", 2.0, 1000),
     pytest.param(2, "tanh", 2.0, 1000, marks=pytest.mark.slow),
     pytest.param(2, "linear", 2.0, 1000, marks=pytest.mark.slow),
     pytest.param(2, "relu", 0.5, 1000, marks=pytest.mark.slow),
     pytest.param(3, "linear", 0.5, 1000, marks=pytest.mark.slow),
     pytest.param(3, "tanh", 2.0, 1000, marks=pytest.mark.slow)],
)  # fmt: skip
def test_wide_networks_follow_the_theory(depth, activation, richness, width):
    repeats = (24 if depth == 1 else 16) * (3 if richness < 1 else 1)  # f(0) / f falls as 1 / gamma_0
    given = {"richness": richness, "learning_rate": 0.05, "steps": 12}
    known = GRAM[:3, :3]
    if activation == "linear":
        theory = deep_linear(known, Y, depth=depth, **given)
    elif depth == 1:
        theory = two_layer(known, Y, activation=activation, key=KEY, **given)
    else:
        particles = 3000 if activation == "relu" else 800
        theory = deep(known, Y, depth=depth, activation=activation, key=KEY, particles=particles, **given)
    tangent = {"tangent_kernel": depth == 2}
    found = finite(
        X[:3], Y, width=width, depth=depth, activation=activation, key=KEY, repeats=repeats, **tangent, **given
    )
    size, error = float(jnp.abs(theory.outputs).max()), found.error("outputs")
    assert error.max() < 0.015 * size
    assert (np.abs(found.outputs - theory.outputs) < 4 * np.hypot(error, theory.error("outputs")) + 0.004 * size).all()
    assert_allclose(found.features[:, -1], theory.features[:, -1], rtol=0.05, atol=0.02)
    if depth == 2:  # gradient kernels enter the tangent kernel
        largest = float(theory.tangent_kernel[-1].max())
        assert_allclose(found.tangent_kernel[-1], theory.tangent_kernel[-1], atol=0.05 * largest)


def test_finite_networks_have_the_limits_kernels_and_neurons():
    given = {"activation": "tanh", "richness": 1.5, "learning_rate": 0.1, "steps": 10, "key": KEY}
    theory = two_layer(GRAM[:3, :3], Y, **given)
    found = finite(X[:3], Y, width=500, repeats=8, tangent_kernel=True, **given)
    assert_allclose(found.tangent_kernel, theory.tangent_kernel, rtol=0.05, atol=0.02)
    growth = [float(one.tangent_kernel[-1, 0, 0] / one.tangent_kernel[0, 0, 0]) for one in (found, theory)]
    assert growth[1] > 1.1
    assert growth[0] == pytest.approx(growth[1], rel=0.02)
    assert found.preactivations.shape == (2 * 8 * 500, 3)
    assert_allclose(jnp.cov(found.preactivations.T), jnp.cov(theory.preactivations.T), rtol=0.1, atol=0.03)
    assert_allclose(found.outputs[0], 0, atol=1e-14)
    assert found.loss[-1] == pytest.approx(float(theory.loss[-1]), rel=0.05)


def test_finite_networks_that_diverge_are_refused():
    with pytest.raises(ValueError, match=r"learning_rate must be smaller; at 50.0 a network diverged at step \d"):
        finite(X[:3], Y, width=8, activation="relu", richness=1.0, learning_rate=50.0, steps=30, key=KEY, repeats=2)
