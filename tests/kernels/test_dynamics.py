"""Training with a kernel: the differential equation, its steps, and where it ends."""

import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.integrate import solve_ivp

from solvable import kernels

from .points import X, Z

KERNEL = kernels.ntk(X, depth=1) * 5
CROSS = kernels.ntk(Z, X, depth=1) * 5
Y = jnp.stack([jnp.sin(X[:, 0]), X[:, 1] ** 2], axis=1)
WEIGHTS = jnp.linspace(0.5, 2, 7)


def test_flow_is_the_differential_equation():
    times = np.array([0.0, 0.3, 2.0])

    def slope(_, f):
        every = np.concatenate([KERNEL, CROSS])
        known = f.reshape(-1, 2)[:7]
        return (every @ (WEIGHTS[:, None] * (Y - known)) - 0.3 * f.reshape(-1, 2)).ravel()

    found = kernels.gradient_flow(KERNEL, Y, times, cross=CROSS, ridge=0.3, weights=WEIGHTS)
    expected = solve_ivp(slope, (0, 2), np.zeros(22), t_eval=times, rtol=1e-10, atol=1e-12).y.T.reshape(3, 11, 2)
    assert_allclose(found.outputs, expected[:, :7], atol=1e-8)
    assert_allclose(found.test, expected[:, 7:], atol=1e-8)


def test_descent_is_its_steps():
    found = kernels.gradient_descent(KERNEL, Y, 20, learning_rate=0.05, cross=CROSS, ridge=0.3, weights=WEIGHTS)
    f, test = jnp.zeros((7, 2)), jnp.zeros((4, 2))
    for step in range(21):
        assert_allclose(found.outputs[step], f, atol=1e-12)
        assert_allclose(found.test[step], test, atol=1e-12)
        pull = WEIGHTS[:, None] * (Y - f)
        f, test = f + 0.05 * (KERNEL @ pull - 0.3 * f), test + 0.05 * (CROSS @ pull - 0.3 * test)


def test_it_ends_at_the_ridge_estimate_and_null_modes_stay():
    end = kernels.gradient_flow(KERNEL, Y[:, 0], [1e6], cross=CROSS, ridge=0.3)
    assert_allclose(end.test[0], CROSS @ jnp.linalg.solve(KERNEL + 0.3 * jnp.eye(7), Y[:, 0]), rtol=1e-9)
    flat = kernels.gradient_flow(jnp.ones((2, 2)), jnp.array([1.0, -1.0]), [0.0, 5.0])
    assert_allclose(flat.outputs, 0, atol=1e-12)
    flat = kernels.gradient_descent(jnp.ones((2, 2)), jnp.array([1.0, 3.0]), 2, learning_rate=0.1)
    assert_allclose(flat.outputs, [[0, 0], [0.4, 0.4], [0.72, 0.72]], atol=1e-12)


def test_predictions_are_saved(tmp_path):
    found = kernels.gradient_flow(KERNEL, Y, [0.0, 1.0], cross=CROSS)
    found.save(tmp_path / "found.npz")
    assert_allclose(kernels.Predictions.load(tmp_path / "found.npz").test, found.test)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kernel": KERNEL[:, :3]}, r"kernel must be a square matrix, shape \(P, P\); got shape \(7, 3\)"),
        ({"kernel": KERNEL.at[0, 1].add(1)}, "kernel must be symmetric; entries differ by 1"),
        ({"kernel": -KERNEL}, "kernel must have no negative eigenvalue; got -"),
        ({"targets": Y[:3]}, r"targets must have one row for each of the 7 points; got shape \(3, 2\)"),
        ({"ridge": -1.0}, "ridge must be >= 0 and finite; got -1.0"),
        ({"weights": jnp.ones(3)}, r"weights must have shape \(7,\); got \(3,\)"),
        ({"cross": jnp.ones((2, 3))}, r"cross must have a column for each of the 7 points; got shape \(2, 3\)"),
        ({"learning_rate": 10.0}, r"learning_rate must be <= 2 / \(largest eigenvalue\) = 0\.\d+; got 10.0"),
    ],
)
def test_bad_training_is_named(change, message):
    given = {"kernel": KERNEL, "targets": Y, "steps": 3, "learning_rate": 0.01} | change
    with pytest.raises(ValueError, match=message):
        kernels.gradient_descent(**given)
