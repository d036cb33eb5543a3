"""Deep linear networks: one point on its own, brute force, and maps over the richness."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable.meanfield import deep_linear

from .points import SMALL, Y


def test_one_point_on_its_own():
    """df/dt = 2 sqrt(1 + gamma^2 f^2) (y - f) for a linear network; steps of 1e-3 follow it."""
    found = deep_linear(jnp.ones((1, 1)), jnp.array([1.5]), depth=1, richness=2.0, learning_rate=2e-2, steps=100)
    f = 0.0
    for _ in range(200 * 100):
        f += 1e-4 * 2 * (1 + 4 * f**2) ** 0.5 * (1.5 - f)
    assert found.outputs[-1, 0] == pytest.approx(f, abs=0.02)
    assert found.tangent_kernel[-1, 0, 0] == pytest.approx(2 * (1 + 4 * f**2) ** 0.5, rel=0.02)


def iterated(depth, richness, rate, steps, damping=0.7, sweeps=400):
    """The same equations solved for all times together, from a lazy guess, with NumPy: outputs (T+1, P)."""
    size, times = 2, steps + 1
    n, k = times * size, rate * richness
    when = np.repeat(np.arange(times), size)
    earlier = when[:, None] > when
    start, y = np.tile(np.asarray(SMALL), (times, times)), np.asarray(Y[:2])
    h = [start] + [start.copy() for _ in range(depth)]
    g = [None] + [np.ones((n, n)) for _ in range(depth + 1)]
    a, b = ([np.zeros((n, n)) for _ in range(depth + 1)] for _ in range(2))
    f = np.zeros((times, size))
    for _ in range(sweeps):
        pull = (y - f).ravel()
        c = [None] + [a[i - 1] + k * h[i - 1] * pull * earlier for i in range(1, depth + 1)]
        d = [None] + [b[i] + k * g[i + 1] * pull * earlier for i in range(1, depth + 1)]
        new_h, new_g, new_a, new_b = list(h), list(g), list(a), list(b)
        for i in range(1, depth + 1):
            r, s = np.linalg.inv(np.eye(n) - c[i] @ d[i]), np.linalg.inv(np.eye(n) - d[i] @ c[i])
            new_h[i] = r @ (h[i - 1] + c[i] @ g[i + 1] @ c[i].T) @ r.T
            new_g[i] = s @ (g[i + 1] + d[i] @ h[i - 1] @ d[i].T) @ s.T
            if i < depth:
                new_a[i] = r @ c[i]
            if i > 1:
                new_b[i - 1] = s @ d[i]
            if i == depth:
                new_f = np.diag(r @ (h[i - 1] @ d[i].T + c[i] @ g[i + 1]) @ s.T).reshape(times, size) / richness
        mix = lambda old, new: None if old is None else (1 - damping) * old + damping * new  # noqa: E731
        h, g, a, b = (list(map(mix, *pair)) for pair in ((h, new_h), (g, new_g), (a, new_a), (b, new_b)))
        f = mix(f, new_f)
    return f


@pytest.mark.parametrize(("depth", "richness"), [(2, 0.5), (3, 1.0)])
def test_the_causal_order_is_the_fixed_point_of_brute_force(depth, richness):
    found = deep_linear(SMALL, Y[:2], depth=depth, richness=richness, learning_rate=0.05, steps=8)
    assert_allclose(found.outputs, iterated(depth, richness, 0.05, 8), atol=1e-9)
    if depth == 2:  # as before several outputs were known
        assert_allclose(found.outputs[-1], [0.517073572368789, -0.271483008870819], atol=1e-12)
        assert_allclose(found.features[-1, -1, 0, 1], 0.015133115220737604, atol=1e-12)
        assert_allclose(found.gradients[0, -1, 0, 1], 1.1526830768958611, atol=1e-12)


def test_the_closed_solution_maps_over_richness():
    """Batched LAPACK calls inside a loop can hang on a CPU: the closed solution makes none."""
    values = jnp.linspace(0.2, 1.5, 16)

    def loss(richness):
        return deep_linear(SMALL, Y[:2], depth=3, richness=richness, learning_rate=0.02, steps=24).loss

    assert_allclose(jax.jit(jax.vmap(loss))(values)[::5], [loss(one) for one in values[::5]], rtol=1e-9)
