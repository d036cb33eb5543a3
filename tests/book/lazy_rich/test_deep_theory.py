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
