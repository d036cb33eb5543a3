"""Deep networks: particles against the closed solution, responses against a push, and one layer against two_layer."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable.meanfield import deep, deep_linear, two_layer

from .points import GRAM, KEY, SMALL, Y


@pytest.mark.parametrize(("depth", "richness"), [(1, 2.0), (2, 0.5), (3, 1.0)])
def test_deep_linear_particles_are_the_closed_solution(depth, richness):
    given = {"depth": depth, "richness": richness, "learning_rate": 0.05, "steps": 8}
    found = deep(GRAM[:3, :3], Y[:2], activation="linear", key=KEY, particles=150, repeats=2, **given)
    exact = deep_linear(GRAM[:3, :3], Y[:2], **given)
    assert_allclose(found.outputs, exact.outputs, atol=1e-10)
    assert_allclose(found.test, exact.test, atol=1e-10)
    jax.tree.map(lambda a, b: assert_allclose(a, b, atol=1e-9), found.two_time, exact.two_time)


def shifted(activation, u, r, c, d, push=0.02):
    """d phi(h) / d r and d g / d u, means and errors (2, n, n): neurons whose fields are pushed, both ways."""
    value, slope = {
        "tanh": (np.tanh, lambda h: 1 - np.tanh(h) ** 2),
        "relu": (lambda h: np.maximum(h, 0), lambda h: (h > 0) * 1.0),
    }[activation]
    size, n = 2, u.shape[1]

    def path(u, r):
        v, g = np.zeros_like(u), np.zeros_like(u)
        for now in (slice(k, k + size) for k in range(0, n, size)):
            h = u[:, now] + g @ c[now].T
            v[:, now] = value(h)
            g[:, now] = slope(h) * (r[:, now] + v @ d[now].T)
        return v, g

    def mean(felt):
        pairs = felt.reshape(2, -1, n).mean(axis=0) / (2 * push)
        return pairs.mean(axis=0), pairs.std(axis=0) / len(pairs) ** 0.5

    u, r, pairs = np.concatenate([u, u]), np.concatenate([r, -r]), []
    for e in push * np.eye(n):
        up, down = path(u, r + e)[0] - path(u, r - e)[0], path(u + e, r)[1] - path(u - e, r)[1]
        pairs.append([mean(up), mean(down)])
    return np.moveaxis(np.array(pairs), (2, 1, 3, 0), (0, 1, 2, 3))


@pytest.mark.parametrize(
    ("activation", "steps", "near", "particles"), [("tanh", 2, 0.01, 4000), ("relu", 1, 0.05, 16_000)]
)
def test_responses_are_what_a_push_does(activation, steps, near, particles):
    """A single neuron of each layer, simulated with the theory's C and D, and pushed, here and in the theory."""
    given = {"depth": 2, "richness": 2.0, "learning_rate": 0.1, "steps": steps}
    theory = deep(SMALL, Y[:2], activation=activation, key=KEY, particles=particles, **given)
    n, k = 2 * (steps + 1), 0.2
    phi, grad, up, down = (np.asarray(one).reshape(2, n, n) for one in jax.tree.leaves(theory.two_time))
    when, random = np.repeat(np.arange(steps + 1), 2), np.random.default_rng(0)
    pull = np.where(when[:, None] > when, k * np.ravel(Y[:2] - theory.outputs), 0)
    start, ones = np.tile(SMALL, (steps + 1, steps + 1)), np.ones((n, n))

    def field(kernel):
        values, vectors = np.linalg.eigh(kernel)
        return random.normal(size=(12 * particles, n)) * np.sqrt(np.maximum(values, 0)) @ vectors.T

    first = shifted(activation, field(start), field(grad[1]), start * pull, down[0] + grad[1] * pull)
    second = shifted(activation, field(phi[0]), field(ones), up[0] + phi[0] * pull, ones * pull)
    for found, (mean, error) in ((up[0], first[:, 0]), (down[0], second[:, 1])):
        print(
            np.abs(found - mean).max(),
            error.max(),
            np.abs(mean).max(),
            np.abs(np.abs(found - mean) / (4 * error + near * np.abs(mean).max())).max(),
        )
        assert error.max() < 0.02 * np.abs(mean).max()
        assert (np.abs(found - mean) < 4 * error + near * np.abs(mean).max()).all()
    assert np.abs(np.diag(down[0])[2:]).min() > 10 * error.max()  # equal times are not zero


def test_one_hidden_layer_is_two_layers():
    given = {"activation": "tanh", "richness": 1.5, "learning_rate": 0.1, "steps": 12}
    one = deep(SMALL, Y[:2], depth=1, key=KEY, particles=4000, **given)
    other = two_layer(SMALL, Y[:2], key=KEY, **given)
    assert (jnp.abs(one.outputs - other.outputs) < 4 * one.error("outputs") + 1e-3).all()
    assert_allclose(one.features, other.features, atol=0.02)
    # as before several outputs were known
    assert_allclose(other.outputs[-1], [0.56008907001164, -0.374641838287311], atol=1e-10)
    assert_allclose(other.gradients[0, -1, 0, 1], 0.5641221912393946, atol=1e-10)


def test_bad_deep_input_is_named():
    given = {"depth": 2, "activation": "tanh", "richness": 1.0, "learning_rate": 0.1, "steps": 5, "key": KEY}
    with pytest.raises(ValueError, match="depth must be a whole number >= 1; got 0"):
        deep(SMALL, Y[:2], **given | {"depth": 0})
    with pytest.raises(ValueError, match="particles must be a whole number >= 37; got 20"):
        deep(SMALL, Y[:2], **given | {"particles": 20})
