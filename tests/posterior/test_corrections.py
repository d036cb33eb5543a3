"""The first order in the squared richness beside whole saddle points, and beside exact networks of finite width."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable import posterior

KEY = jax.random.key(3)
X = jax.random.normal(jax.random.key(0), (5, 8), float)
GRAM = X @ X.T / 8
Y = jnp.array([1.0, -0.7, 0.4, 0.9])  # the fifth point is a test point
BETA = {"inverse_temperature": 2.0}
QUANTITIES = ("outputs", "test", "features", "readout")


def apart(one, other):
    return np.array([jnp.abs(getattr(one, name) - getattr(other, name)).max() for name in QUANTITIES])


@pytest.mark.parametrize("activation", [pytest.param("erf", marks=pytest.mark.slow), "relu"])
def test_two_layers_to_fourth_order(activation):
    """On the same neurons, few as they are; a kink is no obstacle."""
    given = {"activation": activation, "key": KEY, "particles": 256, "repeats": 8, **BETA}
    series = posterior.expansion(GRAM, Y, **given)
    far, near = (apart(series.at(g), posterior.two_layer(GRAM, Y, richness=g, **given)) for g in (0.2, 0.1))
    assert_allclose(far / near, 16, rtol=0.15)
    lazy = posterior.nngp(series.features[0, 0], Y, **BETA)
    assert (apart(series.at(0.1), lazy) > 10 * near).all()


@pytest.mark.parametrize("depth", [1, 3])
def test_linear_networks_to_fourth_order(depth):
    series = posterior.expansion(GRAM, Y, activation="linear", depth=depth, **BETA)
    far, near = (
        apart(series.at(g), posterior.deep_linear(GRAM, Y, depth=depth, richness=g, **BETA)) for g in (0.05, 0.025)
    )
    assert_allclose(far / near, 16, rtol=0.1)


def test_a_linear_network_is_one_of_linear_neurons():
    closed = posterior.expansion(GRAM, Y, activation="linear", **BETA)
    drawn = posterior.expansion(GRAM, Y, activation=lambda h: h, key=KEY, particles=2**13, repeats=16, **BETA)
    for name in QUANTITIES:
        one, other = getattr(closed, name), getattr(drawn, name)
        assert_allclose(other, one, atol=0.01 * float(jnp.abs(one).max()))


@pytest.mark.parametrize("depth", [1, 2])
def test_finite_networks_in_powers_of_gamma_squared_over_n(depth):
    """At gamma_0 = gamma / sqrt(N): the part with gamma is the expansion's, up to 1 / N of itself."""
    series = posterior.expansion(GRAM, Y, activation="linear", depth=depth, **BETA)

    def richer(width):
        f = [
            posterior.finite_linear(GRAM, Y, depth=depth, richness=gamma * width**-0.5, width=width, **BETA)
            for gamma in (3.0, 1.0)
        ]
        return [width / 8 * (getattr(f[0], name) - getattr(f[1], name)) for name in ("outputs", "test", "readout")]

    expected = series.outputs[1], series.test[1], series.readout[1]
    errors = [
        max(float(jnp.abs(a - b).max() / jnp.abs(b).max()) for a, b in zip(richer(width), expected, strict=True))
        for width in (2000, 4000)
    ]
    assert errors[1] < 0.02
    assert errors[0] / errors[1] == pytest.approx(2, rel=0.1)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"depth": 2}, ValueError, "depth must be 1 unless activation is 'linear'; got 2"),
        ({"depth": 0}, ValueError, "depth must be a whole number >= 1; got 0"),
        ({"key": None}, ValueError, "key must be a jax random key"),
        ({"inverse_temperature": 0.0}, ValueError, "inverse_temperature must be > 0 and finite; got 0.0"),
        ({"particles": 3}, ValueError, "particles must be a whole number >= 9; got 3"),
        ({"repeats": 1}, ValueError, "repeats must be a whole number >= 2; got 1"),
    ],
)
def test_what_is_wrong_is_named(change, error, message):
    given = {"activation": "erf", "key": KEY, "particles": 64, "repeats": 2, **BETA}
    with pytest.raises(error, match=message):
        posterior.expansion(GRAM, Y, **given | change)


def test_at_takes_one_richness():
    series = posterior.expansion(GRAM, Y, activation="linear", **BETA)
    with pytest.raises(ValueError, match="richness must be >= 0 and finite"):
        series.at(-1.0)
