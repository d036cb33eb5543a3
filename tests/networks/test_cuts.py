"""One program for all depths: the same numbers as one for each, and what it is not for."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable.networks import MLP, ResidualMLP, Transformer, train, transfer
from solvable.networks.cuts import deepest
from solvable.networks.stepping import advance

KEY = jax.random.key(0)
X = jax.random.normal(jax.random.key(1), (6, 3), float)
TOKENS = jax.random.normal(jax.random.key(2), (6, 2, 3), float)
Y = jnp.sign(X[:, 0])
RATES = [0.01, 0.02, 0.04]


def transformer(depth):
    return Transformer(4, depth=depth, heads=2, branch_power=0.75, dtype=float)


@pytest.mark.parametrize(
    ("make", "x", "optimizer", "depths"),
    [
        (lambda depth: ResidualMLP(5, depth=depth, branch=1.3, branch_power=1.0, dtype=float), X, "sgd", [1, 2, 4]),
        (lambda depth: ResidualMLP(5, depth=depth, dtype=float), X, "adam", [1, 2, 4]),
        (transformer, TOKENS, "adam", [1, 3]),
        pytest.param(transformer, TOKENS, "adam", [1, 2, 4], marks=pytest.mark.slow),
    ],
)
def test_one_program_gives_the_numbers_of_many(make, x, optimizer, depths):
    before = advance._cache_size()
    found = transfer(make, depths, RATES, x, Y, 3, key=KEY, optimizer=optimizer, repeats=2, label="depth")
    assert advance._cache_size() == before + 1
    for size, key, loss in zip(depths, jax.random.split(KEY, len(depths)), found.loss, strict=True):
        run = train(
            make(size), x, Y, 3,
            learning_rate=np.array(RATES)[:, None], key=jax.random.split(key, 2), optimizer=optimizer,
        )  # fmt: skip
        assert_allclose(loss, run.loss[..., -1], rtol=1e-10)


def test_it_is_for_networks_that_differ_in_depth_alone():
    one, other = ResidualMLP(4, depth=1), ResidualMLP(4, depth=3)
    assert deepest([one, other]) is other
    for networks in (
        [one, one],
        [MLP(4, depth=1), MLP(4, depth=3)],
        [one, ResidualMLP(8, depth=3)],
        [one, ResidualMLP(4, depth=3, branch=2.0)],
        [one, ResidualMLP(4, depth=3, richness=2.0)],
        [one, Transformer(4, depth=3)],
    ):
        assert deepest(networks) is None
