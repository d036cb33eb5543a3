"""What "Deep mean-field theory" says, at its own parameters."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable.meanfield import deep, deep_linear, finite

X, Y = jax.random.normal(jax.random.key(1), (2, 6)), jnp.array([1.0, -1.0])
GRAM = X @ X.T / 6
GIVEN = {"depth": 2, "activation": "tanh", "richness": 2.0, "learning_rate": 0.1, "steps": 12}


@pytest.fixture(scope="module")
def limit():
    return deep(GRAM, Y, key=jax.random.key(0), particles=500, **GIVEN)


def test_networks_hear_the_echo(limit):
    deaf = deep(GRAM, Y, key=jax.random.key(0), particles=500, responses=False, **GIVEN)
    network = finite(X, Y, width=300, key=jax.random.key(2), **GIVEN)
    misses = []
    for one in (limit, deaf):
        error = np.hypot(one.error("outputs"), network.error("outputs"))
        misses.append((np.abs(one.outputs - network.outputs) / error)[1:])
    assert misses[0].max() < 4
    assert misses[1].max() > 10
    assert misses[1][0].max() > 4  # from the first step on
    lag = np.sign(Y) * (limit.outputs - deaf.outputs)[1:]
    assert (lag > 0).all()


def test_the_second_layer_learns_more_and_responses_are_causal(limit):
    kernels = limit.two_time.features[:, :, 0, :, 0]
    growth = kernels[:, -1, -1] / kernels[:, 0, 0]
    assert growth[1] > growth[0] > 1.2
    response = np.array(limit.two_time.feature_response[0, :, 0, :, 0])
    assert_allclose(np.triu(response), 0, atol=1e-15)
    assert (response[np.tril_indices(13, -1)] > 0.005).all()


@pytest.mark.parametrize("richness", [0.05, 1.0])
def test_depth_is_a_factor_in_the_learning_rate_unless_features_are_learned(richness):
    losses = [
        deep_linear(GRAM, Y, depth=depth, richness=richness, learning_rate=0.12 / (depth + 1), steps=30).loss
        for depth in (1, 2, 3)
    ]
    first, second, third = (np.log(one) for one in losses)
    if richness < 0.1:
        assert_allclose(second, first, atol=0.02)
        assert_allclose(third, first, atol=0.02)
    else:
        assert first[-1] > second[-1] + 0.3 > third[-1] + 0.6


def test_the_updates_applied_to_activities_are_the_learned_part():
    """The two equations of the page, at random values and five steps of plain gradient descent: exact at any width."""
    width, dimension, eta, gamma = 7, 5, 0.2, 1.3
    keys = jax.random.split(jax.random.key(8), 5)
    x, y = jax.random.normal(keys[0], (3, dimension)), jax.random.normal(keys[1], (3,))
    shapes = [(width, dimension), (width, width), (width,)]
    weights = [jax.random.normal(key, shape) for key, shape in zip(keys[2:], shapes, strict=True)]

    def layers(weights):
        below = jnp.tanh(x @ weights[0].T / dimension**0.5)
        h = below @ weights[1].T / width**0.5
        return below, h, jnp.tanh(h) @ weights[2] / (gamma * width)

    def loss(weights):
        return jnp.sum((y - layers(weights)[2]) ** 2) / 2

    start, past = weights[1], []
    for _ in range(5):
        below, h, f = layers(weights)
        past.append((y - f, (1 - jnp.tanh(h) ** 2) * weights[2], below))
        slopes = jax.grad(loss)(weights)
        weights = [w - eta * gamma**2 * width * slope for w, slope in zip(weights, slopes, strict=True)]
    outer = sum(jnp.einsum("n,ni,nj->ij", miss, g, phi) for miss, g, phi in past)
    assert_allclose(weights[1], start + eta * gamma / width**0.5 * outer, rtol=1e-10)
    below, h, _ = layers(weights)
    learned = sum((below @ phi.T / width * miss) @ g for miss, g, phi in past)
    assert_allclose(h, below @ start.T / width**0.5 + eta * gamma * learned, rtol=1e-10, atol=1e-12)
    assert jnp.abs(learned).max() > 0.1


@pytest.mark.parametrize("richness", [1.0, *(pytest.param(g, marks=pytest.mark.slow) for g in (0.05, 1.5))])
def test_networks_stand_on_the_lines_of_the_explorer_or_a_little_above(richness):
    """In the output, which is what is averaged: within 4 standard errors + the theory's error, some 3 L / N."""
    for depth in (1, 2, 3):
        task = {"depth": depth, "learning_rate": 0.12 / (depth + 1), "steps": 30, "richness": richness}
        limit = deep_linear(GRAM, Y, **task)
        run = finite(X, Y, width=128, activation="linear", key=jax.random.key(depth), repeats=32, **task)
        miss = np.abs(run.outputs - limit.outputs)
        assert np.all(miss < 4 * run.error("outputs") + 3 * depth / 128)
    assert run.loss[-1] > limit.loss[-1]  # of the deepest
