"""The tangent kernel of a finite network, or of any function: its slopes, and what a step does."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable import kernels
from solvable.networks import MLP, train

from .points import KEY, X, Z


def slopes(network, weights, x):
    """Every slope of every output, one matrix for each layer: (P, O, W) or (P, W)."""
    return {
        name: np.asarray(one).reshape(*one.shape[: one.ndim - weights[name].ndim], -1)
        for name, one in jax.jacobian(network.apply)(weights, x).items()
    }


@pytest.mark.parametrize("name", ["standard", "ntk", "mup"])
def test_the_kernel_of_a_finite_network_is_its_slopes(name):
    network = MLP(6, depth=3, parameterization=name, richness=1.7, dtype=float)
    weights, rates = network.init(KEY, 5), network.rates((5,), "sgd")
    one, other = slopes(network, weights, X), slopes(network, weights, Z)
    expected = sum(float(rates[layer]) * one[layer] @ other[layer].T for layer in one)
    assert_allclose(kernels.empirical(network, weights, X, Z), expected, rtol=1e-12)
    assert_allclose(kernels.empirical(network.apply, weights, X, Z), sum(one[i] @ other[i].T for i in one), rtol=1e-12)


def test_the_kernel_of_several_outputs():
    network = MLP(6, depth=2, dtype=float)
    weights, rates = network.init(KEY, 5, (2,)), network.rates((5,), "sgd")
    one, other = slopes(network, weights, X), slopes(network, weights, Z)
    expected = sum(float(rates[layer]) * np.einsum("aiw,bjw->abij", one[layer], other[layer]) for layer in one)
    assert_allclose(kernels.empirical(network, weights, X, Z), expected, rtol=1e-12)


@pytest.mark.parametrize("outputs", [(), (2,)])
def test_few_rows_at_a_time_are_all_of_them(monkeypatch, outputs):
    network = MLP(6, depth=2, dtype=float)
    weights = network.init(KEY, 5, outputs)
    whole = kernels.empirical(network, weights, X, Z)
    monkeypatch.setattr(kernels.finite, "NUMBERS", 3 * (5 * 6 + 6 * 6 + 6) + 40)
    assert_allclose(kernels.empirical(network, weights, X, Z), whole, rtol=1e-13)


def test_the_kernel_of_any_function_and_inputs_of_any_shape():
    x = jax.random.normal(KEY, (3, 2, 4), float)

    def function(weights, x):
        return jnp.einsum("ptd,td->p", x, weights["a"]) ** 2 + weights["b"]

    weights = {"a": x[0] + 1, "b": jnp.asarray(2.0)}
    inner = np.einsum("ptd,td->p", x, weights["a"])
    expected = 4 * np.outer(inner, inner) * np.einsum("ptd,qtd->pq", x, x) + 1
    assert_allclose(kernels.empirical(function, weights, x), expected, rtol=1e-12)


def test_a_step_moves_the_outputs_by_their_kernel():
    """Also on inputs that were not trained on; what is left is of second order in the learning rate."""
    network, y = MLP(16, depth=2, richness=0.7, dtype=float), jnp.sin(X[:, 0])
    weights = network.init(KEY, 5)
    pull = (y - network.apply(weights, X)) / len(X)
    misses = []
    for rate in (1e-3, 5e-4):
        moved = train(network, X, y, 1, learning_rate=rate, key=KEY, start=weights).end
        step = network.apply(moved, Z) - network.apply(weights, Z)
        expected = rate * kernels.empirical(network, weights, Z, X) @ pull
        misses.append(jnp.abs(step - expected).max() / jnp.abs(expected).max())
    assert misses[0] < 0.02
    assert misses[0] / misses[1] == pytest.approx(2, abs=0.1)


@pytest.mark.parametrize(
    ("x1", "x2", "message"),
    [
        (X.at[0, 0].set(jnp.nan), None, "x1 must be finite; got nan"),
        (X, jnp.ones((3, 4)), r"x2 must have rows of the shape \(5,\) of x1's; got \(4,\)"),
        (jnp.ones(()), None, r"x1 must be inputs, one a row, shape \(P, ...\); got shape \(\)"),
        (X[:0], None, r"x1 must be inputs, one a row, shape \(P, ...\); got shape \(0, 5\)"),
    ],
)
def test_bad_inputs_of_networks_are_named(x1, x2, message):
    network = MLP(6, dtype=float)
    with pytest.raises(ValueError, match=message):
        kernels.empirical(network, network.init(KEY, 5), x1, x2)


def test_a_kernel_that_overflows_is_named():
    with pytest.raises(ValueError, match=r"weights must be of a size that leaves room for the answer; got 1e\+200"):
        kernels.empirical(lambda w, x: (w[0] * x).sum(axis=1) * w[1], jnp.array([1e200, 1.0]), X)
