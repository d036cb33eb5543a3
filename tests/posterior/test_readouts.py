"""Several outputs in equilibrium: known numbers, one output with an axis, turned targets, and networks."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable import kernels
from solvable.posterior import deep_linear, expansion, finite_linear, langevin, nngp, proportional, two_layer

TASK = jnp.array([[1, 0.3, 0.1, -0.2], [0.3, 0.8, 0.2, 0.1], [0.1, 0.2, 1.1, 0.3], [-0.2, 0.1, 0.3, 0.9]])
TARGETS = jnp.array([[1, -0.5, 0.2], [-0.3, 0.8, 0.1], [0.4, 0.2, -0.9], [0.1, -0.6, 0.7]])
TURN = jnp.linalg.qr(jax.random.normal(jax.random.key(4), (3, 3), float))[0]
KEY = jax.random.key(3)
GIVEN = {"richness": 2.0, "inverse_temperature": 10.0}
NAMES = ("outputs", "test", "features", "readout")


def test_the_kernels_posterior_takes_columns_one_by_one():
    found = nngp(TASK, TARGETS[:3], inverse_temperature=5.0)
    for c in range(3):
        one = nngp(TASK, TARGETS[:3, c], inverse_temperature=5.0)
        assert_allclose(found.outputs[:, c], one.outputs, atol=1e-14)
        assert_allclose(found.test[:, c], one.test, atol=1e-14)
    assert_allclose(found.readout, np.eye(3))


def test_the_readout_solves_its_equation():
    """By inverting the whole matrix of points and classes, with NumPy."""
    found = deep_linear(TASK, TARGETS, depth=2, **GIVEN)
    known = [[2.10707, -0.61496, -0.07361], [-0.61496, 2.29849, -0.43212], [-0.07361, -0.43212, 2.31733]]
    assert_allclose(found.readout, known, atol=1e-5)
    assert found.converged
    a, k, y = (np.asarray(one) for one in (found.readout, TASK, TARGETS))
    scale = a @ a
    kappa = np.linalg.solve(np.kron(k, scale) + np.eye(12) / 10, y.ravel()).reshape(4, 3)
    f = k @ kappa @ scale
    assert_allclose(found.outputs, f, atol=1e-12)
    assert_allclose(a, np.eye(3) + 4 * a @ kappa.T @ k @ kappa @ a, atol=1e-11)  # U^(1/2) = A
    inverse = np.linalg.inv(a)
    first = k + 4 * f @ inverse @ inverse @ f.T
    assert_allclose(found.features[0], first, atol=1e-11)
    assert_allclose(found.features[1], first + 4 * f @ inverse @ f.T, atol=1e-11)


def test_a_finite_width_keeps_the_trace():
    found = deep_linear(TASK, TARGETS, depth=2, width=8.0, **GIVEN)
    a, k, y = (np.asarray(one) for one in (found.readout, TASK, TARGETS))
    inverse = np.linalg.inv(np.kron(k, a @ a) + np.eye(12) / 10)
    kappa = (inverse @ y.ravel()).reshape(4, 3)
    lost = np.einsum("mn,ncmd->cd", k, inverse.reshape(4, 3, 4, 3)) / 8
    assert_allclose(a, np.eye(3) + a @ (4 * kappa.T @ k @ kappa - lost) @ a, atol=1e-11)


@pytest.mark.parametrize("depth", [1, 3])
def test_one_column_is_one_output(depth):
    pairs = [(deep_linear, GIVEN), (proportional, {"width": 4, "inverse_temperature": 10.0})]
    for solve, given in pairs:
        one, column = (solve(TASK, y, depth=depth, **given) for y in (TARGETS[:3, 0], TARGETS[:3, :1]))
        for name in NAMES:
            assert_allclose(jnp.ravel(getattr(column, name)), jnp.ravel(getattr(one, name)), atol=1e-10)


def test_the_likelier_of_two_solutions_is_taken():
    """As with one output, on both sides of the jump."""
    gram, y, given = jnp.array([[0.01]]), jnp.array([1.0]), {"depth": 3, "inverse_temperature": 1.0}
    u = [float(deep_linear(gram, y, richness=g, **given).readout) for g in (3.0, 5.0)]
    a = [float(deep_linear(gram, y[:, None], richness=g, **given).readout[0, 0]) for g in (3.0, 5.0)]
    assert u[1] > 4 * u[0]
    assert_allclose(a, u, rtol=1e-10)


def test_turned_targets_turn_the_readout():
    plain, turned = (deep_linear(TASK, y, depth=2, **GIVEN) for y in (TARGETS, TARGETS @ TURN))
    assert_allclose(turned.readout, TURN.T @ plain.readout @ TURN, atol=1e-10)
    assert_allclose(turned.outputs, plain.outputs @ TURN, atol=1e-10)
    assert_allclose(turned.features, plain.features, atol=1e-10)


@pytest.mark.parametrize("method", ["importance", "chain"])
def test_linear_neurons_are_the_closed_form(method):
    given = {"richness": 0.3 if method == "importance" else 1.0, "inverse_temperature": 5.0}
    found = two_layer(TASK, TARGETS[:3], activation="linear", method=method, key=KEY, rounds=10, **given)
    exact = deep_linear(TASK, TARGETS[:3], depth=1, **given)
    for name in NAMES:
        miss, error = np.abs(getattr(found, name) - getattr(exact, name)), found.error(name)
        assert error.max() < 0.01
        assert (miss < 4 * error + 1e-9).all(), name
    assert found.residual < 1e-10
    assert np.abs(exact.readout - np.eye(3)).max() > 0.05


def test_a_column_of_two_layers_is_one_output():
    given = {"activation": "tanh", "richness": 0.3, "inverse_temperature": 5.0, "key": KEY}
    one, column = (two_layer(TASK, y, **given) for y in (TARGETS[:3, 0], TARGETS[:3, :1]))
    for name in NAMES:
        assert_allclose(jnp.ravel(getattr(column, name)), jnp.ravel(getattr(one, name)), atol=1e-12)


def inputs(gram):
    """Points whose Gram matrix x x^T / D it is."""
    return jnp.linalg.cholesky(gram) * len(gram) ** 0.5


@pytest.mark.slow
def test_wide_networks_in_equilibrium_follow_the_theory():
    """Two layers of tanh; the kernel of the prior is a third off."""
    given = {"richness": 1.0, "inverse_temperature": 10.0, "activation": "tanh"}
    y = 2 * TARGETS[:, :2]
    theory = two_layer(TASK, y, method="chain", key=KEY, particles=2**12, **given)
    found = langevin(inputs(TASK), y, width=300, key=jax.random.key(5), time=60.0, repeats=32, **given)
    lazy = kernels.nngp(inputs(TASK), depth=1, activation="tanh")
    assert np.abs(found.outputs - theory.outputs).max() < 0.01
    largest = np.abs(found.features).max()
    assert np.abs(found.features - theory.features).max() < 0.01 * largest
    assert np.abs(found.readout - theory.readout).max() < 0.01 * np.abs(found.readout).max()
    assert np.abs(found.features[0] - lazy).max() > 0.1 * largest


def test_small_networks_in_equilibrium_are_near_the_theory():
    """A short run; its distance is of order 1 / N."""
    given = {"richness": 2.0, "inverse_temperature": 10.0}
    theory = deep_linear(TASK, TARGETS, depth=1, **given)
    found = langevin(inputs(TASK), TARGETS, width=60, activation="linear", key=KEY, time=20.0, **given)
    for name, allowed in (("outputs", 0.03), ("features", 0.1), ("readout", 0.1)):
        size = np.abs(getattr(theory, name)).max()
        assert np.abs(getattr(found, name) - getattr(theory, name)).max() < allowed * size, name
    assert np.abs(theory.readout - np.eye(3)).max() > 0.4


@pytest.mark.slow
def test_deep_linear_networks_in_equilibrium_follow_the_theory():
    given = {"depth": 2, "richness": 1.0, "inverse_temperature": 10.0}
    y = 2 * TARGETS[:, :2]
    theory = deep_linear(TASK, y, **given)
    found = langevin(inputs(TASK), y, width=120, activation="linear", key=KEY, time=60.0, repeats=24, **given)
    for layer in range(2):
        size = np.abs(theory.features[layer]).max()
        assert np.abs(found.features[layer] - theory.features[layer]).max() < 0.025 * size
        assert np.abs(theory.features[layer] - TASK).max() > 0.2 * size
    assert np.abs(found.readout - theory.readout).max() < 0.025 * np.abs(theory.readout).max()
    assert np.abs(found.outputs - theory.outputs).max() < 0.01


def sampled_readout(gram, y, width, beta, *, chains, steps):
    """<W^T W> / N of one hidden layer at any width, with its error: W in the posterior, by Metropolis' rule."""
    values, modes = np.linalg.eigh(gram)
    turned = jnp.asarray(modes.T @ y)

    def evidence(w):
        m, turn = jnp.linalg.eigh(w.swapaxes(1, 2) @ w / width)
        noisy = values[:, None] * m[:, None] + 1 / beta
        return -((turned @ turn) ** 2 / noisy + jnp.log(noisy)).sum((1, 2)) / 2

    def step(state, key):
        w, old = state
        draw, dice = jax.random.split(key)
        new = (1 - 0.3**2) ** 0.5 * w + 0.3 * jax.random.normal(draw, w.shape, float)
        at = evidence(new)
        taken = jnp.log(jax.random.uniform(dice, (chains,), float)) < at - old
        w, old = jnp.where(taken[:, None, None], new, w), jnp.where(taken, at, old)
        return (w, old), jnp.einsum("sni,snj->sij", w, w) / width

    first = jax.random.normal(KEY, (chains, width, y.shape[1]), float)
    _, seen = jax.lax.scan(step, (first, evidence(first)), jax.random.split(KEY, steps))
    means = seen[steps // 4 :].mean(0)
    return means.mean(0), means.std(0) / chains**0.5


@pytest.mark.parametrize(
    ("width", "chains", "steps"),
    [(20, 100, 1000), *(pytest.param(n, 200, 8000, marks=pytest.mark.slow) for n in (20, 40, 80))],
)
def test_proportional_widths_are_off_by_one_over_the_width(width, chains, steps):
    """Half as many points as neurons: N times the error stays as it is, and grows as N without the trace."""
    draw = np.random.default_rng(width)
    x, y = (jnp.asarray(draw.normal(size=(width // 2, columns))) for columns in (width, 2))
    gram, given = x @ x.T / width, {"depth": 1, "inverse_temperature": 10.0}
    theory = proportional(gram, y, width=width, **given)
    wide = deep_linear(gram, y, richness=width**-0.5, **given)
    found, error = sampled_readout(gram, y, width, 10.0, chains=chains, steps=steps)
    assert width * error.max() < 0.15
    assert width * np.abs(found - theory.readout).max() < 0.6 + 4 * width * error.max()
    assert np.all(np.diag(width * (wide.readout - found)) > width / 4)


def test_one_output_is_all_that_some_know():
    for solve in (finite_linear, expansion):
        given = {"depth": 1, "inverse_temperature": 10.0}
        given |= {"width": 8, "richness": 1.0} if solve is finite_linear else {"activation": "linear"}
        with pytest.raises(ValueError, match=r"targets must have shape \(P,\), since only one output is known here"):
            solve(TASK, TARGETS, **given)
