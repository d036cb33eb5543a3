"""Transformers: blocks have the branches' power and rates of residual perceptrons."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable.networks import Transformer

from .steps import slope

X = jax.random.normal(jax.random.key(1), (8, 4, 5), float)
Y = jnp.sign(X[:, 0, 0])


@pytest.mark.parametrize(("power", "optimizer", "plain"), [(1.0, "sgd", -1), (0.5, "adam", 0.5)])
def test_what_a_step_of_the_blocks_changes_does_not_depend_on_the_depth(power, optimizer, plain):
    """As in `test_perceptrons`; in narrow networks with softmax and norms exponents are known to 0.1."""

    def network(depth):
        return Transformer(32, depth=depth, branch_power=power, dtype=float)

    assert abs(slope(network, [4, 16], X, Y, optimizer)) < 0.2
    if optimizer == "sgd":
        assert abs(slope(network, [4, 16], X, Y, optimizer, plain=True) - plain) < 0.2


def test_blocks_are_smaller_by_the_power_of_the_depth():
    network = Transformer(16, depth=4, dtype=float, branch_power=1.0)
    weights = network.init(jax.random.key(0), (4, 5))
    half = Transformer(16, depth=4, dtype=float)
    states = [np.asarray(one.forward(weights, X)[1]) for one in (network, half)]
    assert_allclose(states[0][0], states[1][0])
    # the first attention hears the same, and what it and the perceptron add is smaller by the root of 4
    moved = [np.sqrt(np.mean((one[1] - one[0]) ** 2)) for one in states]
    assert moved[1] / moved[0] == pytest.approx(2, rel=0.1)
