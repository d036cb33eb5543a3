"""Steps: by hand, past divergence, and compiled once."""

import jax
import jax.numpy as jnp
import optax
import pytest
from numpy.testing import assert_allclose

from solvable.networks import MLP, ResidualMLP, train
from solvable.networks.metrics import objective

KEY = jax.random.key(0)
X = jax.random.normal(jax.random.key(1), (6, 5), float)
Y = jnp.sin(X[:, 0])


def by_hand(network, optimizer, rate, steps):
    """Plain optax, one optimizer for each weight."""
    weights = network.init(jax.random.split(KEY)[0], X.shape[1:])
    rates = network.rates(X.shape[1:], optimizer)
    make = {"sgd": optax.sgd, "adam": optax.adam}[optimizer]
    each = {name: make(rate * float(rates[name])) for name in weights}
    memory = {name: each[name].init(w) for name, w in weights.items()}
    for _ in range(steps):
        slopes = jax.grad(lambda w: 0.5 * jnp.mean((network.apply(w, X) - Y) ** 2))(weights)
        for name in weights:
            move, memory[name] = each[name].update(slopes[name], memory[name])
            weights = {**weights, name: optax.apply_updates(weights[name], move)}
    return weights


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("network", [MLP(9, dtype=float, richness=0.8), ResidualMLP(9, dtype=float)])
def test_a_step_is_what_it_says(network, optimizer):
    run = train(network, X, Y, 4, learning_rate=0.02, key=KEY, optimizer=optimizer)
    expected = by_hand(network, optimizer, 0.02, 4)
    for name, weight in expected.items():
        assert_allclose(run.end[name], weight, atol=1e-12)


def test_an_infinite_loss_has_diverged_where_it_begins():
    """In single precision, where the bound that comes from it is infinite too."""
    run = train(MLP(4, activation="linear"), 1e30 * X, Y, 0, learning_rate=0.1, key=KEY)
    assert run.diverged
    assert int(run.diverged_at) == 0


def test_divergence_is_reported_with_its_step_and_leaves_no_nan():
    rates = jnp.array([0.1, 1e3, 1e30])
    run = train(MLP(16, activation="relu", dtype=float), X, Y, 60, learning_rate=rates, key=KEY, metrics=["outputs"])
    assert run.diverged.tolist() == [False, True, True]
    assert run.diverged_at[0] == -1
    assert run.diverged_at[2] == 1
    bound = 1e6 * (float(jnp.mean(Y**2)) / 2 + float(run.loss[1, 0]))
    at = int(run.diverged_at[1])
    weights = [by_hand(MLP(16, activation="relu", dtype=float), "sgd", 1e3, steps) for steps in (at - 1, at)]
    before, there = (float(objective(MLP(16, activation="relu", dtype=float), w, X, Y)) for w in weights)
    assert before <= bound
    assert not there <= bound
    for leaf in jax.tree.leaves((run.metrics, run.end)):
        assert jnp.isfinite(leaf).all()
    after = run.loss[1, run.diverged_at[1] :]
    assert (after == after[0]).all()
    alone = train(MLP(16, activation="relu", dtype=float), X, Y, 60, learning_rate=0.1, key=KEY)
    assert_allclose(run.loss[0], alone.loss, rtol=1e-12)


def test_values_compile_nothing_new():
    from solvable.networks.stepping import advance

    for rate in (0.1, 0.2):
        train(MLP(8, richness=rate), X, Y, 5 + round(10 * rate), learning_rate=rate, key=KEY, every=10)
    before = advance._cache_size()
    other = MLP(8, richness=0.7, parameterization="standard")
    train(other, X + 1, Y, 9, learning_rate=0.3, key=jax.random.key(5), every=10)
    assert advance._cache_size() == before
