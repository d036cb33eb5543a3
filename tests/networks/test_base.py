"""The networks: their equations written out, their size at the start, and what they refuse."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable.networks import MLP, Custom, ResidualMLP, Transformer
from solvable.parameterizations import mup, ntk, standard

KEY = jax.random.key(0)
X = jax.random.normal(jax.random.key(1), (5, 7), float)
TOKENS = jax.random.normal(jax.random.key(2), (3, 6, 7), float)


@pytest.mark.parametrize("parameterization", [standard(), ntk(), mup()])
def test_the_perceptron_is_its_equation(parameterization):
    n, g0 = 12, 0.7
    network = MLP(n, depth=3, parameterization=parameterization, richness=g0, dtype=float)
    w = network.init(KEY, 7)
    f, h = network.forward(w, X)
    a, c = parameterization.a, parameterization.c
    first = X @ w["input"].T / np.sqrt(7)
    second = n ** -a[1] * np.tanh(first) @ w["hidden"][0].T
    third = n ** -a[1] * np.tanh(second) @ w["hidden"][1].T
    assert_allclose(h, [first, second, third], atol=1e-13)
    assert_allclose(f, n ** -a[2] / (g0 * n**c) * np.tanh(third) @ w["output"], atol=1e-13)


def test_the_residual_perceptron_is_its_equation():
    network = ResidualMLP(12, depth=3, branch=1.5, dtype=float, activation="relu")
    w = network.init(KEY, 7)
    f, h = network.forward(w, X)
    state = X @ w["input"].T / np.sqrt(7)
    for one in w["hidden"]:
        state = state + 1.5 / np.sqrt(3 * 12) * np.maximum(state, 0) @ one.T
    assert h.shape == (4, 5, 12)
    assert_allclose(h[-1], state, atol=1e-13)
    assert_allclose(f, np.maximum(state, 0) @ w["output"] / 12, atol=1e-13)


def test_the_transformer_is_its_equation():
    n, heads, depth = 8, 2, 2
    network = Transformer(n, depth=depth, heads=heads, dtype=float)
    w = network.init(KEY, (6, 7))
    f, _ = network.forward(w, TOKENS)

    def normal(z):
        return z / np.sqrt(np.mean(z**2) + 1e-6)

    for sequence, found in zip(np.asarray(TOKENS), np.asarray(f), strict=True):
        h = sequence @ w["input"].T / np.sqrt(7) + w["position"]
        for layer in range(depth):
            z = np.array([normal(row) for row in h])
            q, k, v = (z @ w[name][layer].T / np.sqrt(n) for name in ("query", "key", "value"))
            heard = np.zeros_like(h)
            for head in range(heads):
                part = slice(head * n // heads, (head + 1) * n // heads)
                for t in range(6):
                    logits = np.array([q[t, part] @ k[s, part] / (n // heads) for s in range(6)])
                    attention = np.exp(logits) / np.exp(logits).sum()
                    heard[t, part] = attention @ v[:, part]
            h = h + heard @ w["mix"][layer].T / np.sqrt(n) / np.sqrt(depth)
            z = np.array([normal(row) for row in h])
            inner = np.tanh(z @ w["up"][layer].T / np.sqrt(n))
            h = h + inner @ w["down"][layer].T / np.sqrt(4 * n) / np.sqrt(depth)
        assert_allclose(found, np.mean([normal(row) for row in h], axis=0) @ w["output"] / n, atol=1e-12)


def test_several_outputs():
    network = MLP(12, dtype=float)
    assert network.apply(network.init(KEY, 7, (3,)), X).shape == (5, 3)
    assert network.apply(network.init(KEY, 7), X).shape == (5,)


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64])
def test_the_type_of_the_weights_is_that_of_the_outputs(dtype):
    for network, x in (
        (MLP(8, dtype=dtype), X),
        (ResidualMLP(8, dtype=dtype), X),
        (Transformer(8, dtype=dtype), TOKENS),
    ):
        weights = network.init(KEY, x.shape[1:])
        assert {w.dtype for w in weights.values()} == {jnp.dtype(dtype)}
        assert network.apply(weights, x.astype(dtype)).dtype == dtype


def test_a_richness_can_be_mapped():
    weights = MLP(8, dtype=float).init(KEY, 7)
    found = jax.vmap(lambda g0: MLP(8, richness=g0, dtype=float).apply(weights, X))(jnp.array([0.5, 1.0]))
    assert_allclose(found[0], 2 * found[1], rtol=1e-12)


def test_a_network_is_a_pytree():
    network = Transformer(8, heads=2, richness=0.3)
    leaves, tree = jax.tree.flatten(network)
    assert leaves == [*mup().a, *mup().b, mup().c, *mup().sgd, *mup().adam, 0.3]
    assert jax.tree.unflatten(tree, leaves) == network


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: MLP(0), "width must be a whole number >= 1; got 0"),
        (lambda: MLP(4, depth=0), "depth must be a whole number >= 1; got 0"),
        (lambda: MLP(4, richness=0.0), "richness must be > 0 and finite; got 0.0"),
        (lambda: MLP(4, activation="swish"), "activation must be one of"),
        (lambda: MLP(4, parameterization="muP"), "parameterization must be one of .* or an ABC; got 'muP'"),
        (lambda: MLP(4).init(jnp.ones(2), 3), "key must be a jax random key"),
        (lambda: MLP(4).init(KEY, 0), "inputs must be a whole number >= 1; got 0"),
        (lambda: MLP(4).init(KEY, (3, 2)), r"inputs must have shape \(D,\); got \(3, 2\)"),
        (lambda: Transformer(8).init(KEY, 3), r"inputs must have shape \(T, D\); got \(3,\)"),
        (lambda: Transformer(8, heads=3), "heads must divide the width 8; got 3"),
        (lambda: ResidualMLP(8, branch=-1.0), "branch must be >= 0 and finite; got -1.0"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_network_of_your_own():
    own = Custom(
        start=lambda key, inputs, outputs: {"w": jax.random.normal(key, (*inputs, *outputs))},
        forward=lambda weights, x: (x @ weights["w"], x[None]),
        learning_rates=lambda optimizer: {"w": 1.0},
    )
    weights = own.init(KEY, (7,))
    assert_allclose(own.apply(weights, X), X @ weights["w"])
