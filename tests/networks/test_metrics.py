"""Metrics: what they say, by hand, and the tangent kernel against a small step."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable.networks import METRICS, MLP, train
from solvable.parameterizations import mup, ntk, standard

KEY = jax.random.key(0)
X = jax.random.normal(jax.random.key(1), (6, 5), float)
Y = jnp.sin(X[:, 0])


def test_the_tangent_kernel_moves_the_outputs():
    """A small step of SGD: df = eta K (y - f) / P, layer by layer with its own learning rate."""
    for parameterization in (standard(), ntk(), mup()):
        network = MLP(32, depth=3, parameterization=parameterization, richness=0.6, dtype=float)
        rate = 1e-6
        run = train(network, X, Y, 1, learning_rate=rate, key=KEY, metrics=["outputs", "tangent_kernel"])
        f, kernel = run.metrics["outputs"], run.metrics["tangent_kernel"][0]
        assert_allclose(f[1] - f[0], rate * kernel @ (Y - f[0]) / len(X), rtol=1e-3)


def test_errors_of_several_outputs_add_up():
    """Half of |f - y|^2, on average over inputs: its value, and df = eta K (y - f) / P between all outputs."""
    network, y, rate = MLP(32, dtype=float), jnp.stack([Y, 2 * X[:, 1], jnp.cos(X[:, 2])], axis=1), 1e-6
    run = train(network, X, y, 1, learning_rate=rate, key=KEY, metrics=["outputs", "tangent_kernel"])
    f, kernel = run.metrics["outputs"], run.metrics["tangent_kernel"][0]
    assert f.shape == (2, 6, 3)
    assert run.loss[0] == pytest.approx(float(np.mean([error @ error for error in np.asarray(f[0] - y)]) / 2))
    assert_allclose(f[1] - f[0], rate * jnp.einsum("pqij,qj->pi", kernel, y - f[0]) / len(X), rtol=1e-3, atol=1e-12)


def test_metrics_are_what_they_say():
    network = MLP(16, depth=2, dtype=float)
    run = train(network, X, Y, 3, learning_rate=0.5, key=KEY, metrics=list(METRICS), checkpoints=True)
    start, end = ({name: w[at] for name, w in run.checkpoints.items()} for at in (0, -1))
    (f0, h0), (f1, h1) = network.forward(start, X), network.forward(end, X)
    found = {name: value[-1] for name, value in run.metrics.items()}
    assert_allclose(found["outputs"], f1)
    assert_allclose(found["output_change"], np.sqrt(np.mean((f1 - f0) ** 2)))
    assert_allclose(found["feature_size"], np.sqrt(np.mean(h1**2, axis=(1, 2))))
    assert_allclose(found["feature_change"], np.sqrt(np.mean((h1 - h0) ** 2, axis=(1, 2))))
    assert_allclose(found["feature_kernels"][1], np.tanh(h1[1]) @ np.tanh(h1[1]).T / 16)
    own = train(
        network, X, Y, 3, learning_rate=0.5, key=KEY, metrics={"twice": lambda n, w, s, x, y: 2 * n.apply(w, x)}
    )
    assert_allclose(own.metrics["twice"][-1], 2 * f1)
