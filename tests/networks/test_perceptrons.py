"""Residual perceptrons: with rates of their own, what branches learn does not depend on the depth."""

import jax
import jax.numpy as jnp
import pytest

from solvable.networks import MLP, ResidualMLP

from .steps import slope

X = jax.random.normal(jax.random.key(1), (8, 16), float)
Y = jnp.sign(X[:, 0])


@pytest.mark.parametrize(("power", "optimizer", "plain"), [(0.5, "sgd", 0), (1.0, "sgd", -1), (0.5, "adam", 0.5)])
def test_what_a_step_of_the_branches_changes_does_not_depend_on_the_depth(power, optimizer, plain):
    """Sixteen seeds know an exponent to about 0.05; without the branches' own rates it would be `plain`."""

    def network(depth):
        return ResidualMLP(64, depth=depth, branch=0.7, branch_power=power, activation="relu", dtype=float)

    assert abs(slope(network, [4, 8, 16], X, Y, optimizer)) < 0.1
    if plain:
        assert abs(slope(network, [4, 8, 16], X, Y, optimizer, plain=True) - plain) < 0.1


def test_rates_of_branches():
    def rates(optimizer, **options):
        return ResidualMLP(9, depth=4, **options).rates((2,), optimizer)

    for optimizer in ("sgd", "adam"):
        plain = MLP(9, depth=4).rates((2,), optimizer)
        assert rates(optimizer, branch_power=0.25) == plain  # there is no limit of depth to keep
        for name in ("input", "output"):
            assert rates(optimizer, branch_power=1.0)[name] == plain[name]
    sgd, adam = (MLP(9).rates((2,), one)["hidden"] for one in ("sgd", "adam"))
    assert rates("sgd")["hidden"] == sgd  # at 1/2, as ever
    assert rates("sgd", branch_power=1.0)["hidden"] == 4 * sgd
    assert rates("adam")["hidden"] == adam / 2
    assert rates("adam", branch_power=1.0)["hidden"] == adam
