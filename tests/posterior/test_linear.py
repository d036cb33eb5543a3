"""The kernel's posterior and wide deep linear networks: their equations, and the exact law of finite widths."""

import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable import kernels, posterior
from solvable.posterior import deep_linear, finite_linear, nngp, proportional

from .deviations import GRAM, KEY, X, Y


def test_nngp_is_the_mean_of_a_gaussian_process_given_its_values():
    kernel = kernels.nngp(X, depth=1, activation="erf")
    found = nngp(kernel, Y, inverse_temperature=5.0)
    by_hand = kernel[:, :4] @ jnp.linalg.solve(kernel[:4, :4] + jnp.eye(4) / 5, Y)
    assert_allclose(jnp.concatenate([found.outputs, found.test]), by_hand, rtol=1e-12)


def residual(found, gram, targets, depth, richness, beta):
    """f and H from u alone, by inverting matrices of all the points, and what is left of the equation for u."""
    u, count = float(found.readout), len(targets)
    known = gram[:count, :count]
    kappa = jnp.linalg.inv(u**depth * known + jnp.eye(count) / beta) @ targets
    f = u**depth * gram[:, :count] @ kappa
    return 1 + richness**2 * u**depth * kappa @ known @ kappa - u, f


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_deep_linear_solves_its_equation(depth):
    found = deep_linear(GRAM, Y, depth=depth, richness=1.5, inverse_temperature=10.0)
    left, f = residual(found, GRAM, Y, depth, 1.5, 10.0)
    assert abs(left) < 1e-9
    assert found.residual < 1e-12
    assert found.converged
    assert found.readout > 1.5
    assert_allclose(jnp.concatenate([found.outputs, found.test]), f, rtol=1e-9)
    assert_allclose(
        found.features[-1] - (found.features[-2] if depth > 1 else GRAM), 1.5**2 * jnp.outer(f, f) / found.readout
    )


def test_where_two_solutions_compete_the_likelier_one_is_taken():
    """A weak signal, three layers: u jumps as the richness grows, and the exact law of a wide network with it."""
    gram, y, given = jnp.array([[0.01]]), jnp.array([1.0]), {"depth": 3, "inverse_temperature": 1.0}
    rich = np.linspace(3.0, 10.0, 29)
    u = np.array([float(deep_linear(gram, y, richness=g, **given).readout) for g in rich])
    jump = int(np.argmax(np.diff(u)))
    assert u[jump + 1] / u[jump] > 2
    for place in (jump, jump + 1):
        exact = finite_linear(gram, y, richness=rich[place], width=3000, **given).readout
        assert exact == pytest.approx(u[place], rel=0.05)


@pytest.mark.parametrize(("depth", "samples"), [(1, 50), (1, 150), (2, 50), (2, 150), (3, 50)])
@pytest.mark.parametrize("beta", [10.0, 1e6])
def test_the_proportional_limit_is_the_exact_law_to_a_percent(depth, samples, beta):
    random = np.random.default_rng(1)
    x = random.normal(size=(samples, 200))
    gram = jnp.asarray(x @ x.T / 200)
    y = jnp.asarray(2 * x @ random.normal(size=200) / 200**0.5 + 0.3 * random.normal(size=samples))
    found = proportional(gram, y, depth=depth, width=100, inverse_temperature=beta)
    exact = finite_linear(gram, y, depth=depth, width=100, richness=0.1, inverse_temperature=beta)
    assert_allclose(found.readout, exact.readout, rtol=0.01)
    assert abs(found.readout - 1) > 0.2  # without renormalisation it would be 1
    assert_allclose(found.outputs, exact.outputs, atol=0.01)
    if beta > 1e3:
        power = y @ jnp.linalg.solve(gram, y) / samples
        assert_allclose(1 - found.readout, samples / 100 * (1 - power / found.readout**depth), atol=1e-4)


def test_other_bad_input_is_named():
    given = {"richness": 1.0, "inverse_temperature": 10.0}
    with pytest.raises(ValueError, match="depth must be a whole number >= 1; got 0"):
        deep_linear(GRAM, Y, depth=0, **given)
    with pytest.raises(ValueError, match=r"width must be >= 1; got 0\.5"):
        deep_linear(GRAM, Y, depth=1, width=0.5, **given)
    with pytest.raises(ValueError, match="width must be a whole number >= 1; got 0"):
        finite_linear(GRAM, Y, depth=1, width=0, **given)
    with pytest.raises(ValueError, match="kernel must be symmetric"):
        nngp(GRAM.at[0, 1].add(0.1), Y, inverse_temperature=1.0)
    networks = {"width": 10, "activation": "tanh", "key": KEY, "time": 1.0, "burn_in": 1.0} | given
    with pytest.raises(ValueError, match=r"step_size must be small enough for a stable run; 3(\.0)? diverged"):
        posterior.langevin(X, Y, **networks | {"step_size": 3.0, "activation": "linear"})
    with pytest.raises(ValueError, match=r"time must be > 0 and finite; got 0\.0"):
        posterior.langevin(X, Y, **networks | {"time": 0.0})
