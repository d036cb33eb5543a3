"""The kernel's posterior and deep linear networks: their equations, the exact law of a finite width, and its limits."""

import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable import kernels, posterior
from solvable.posterior import deep_linear, finite_linear, nngp, proportional

from .deviations import GRAM, KEY, QUANTITIES, X, Y


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
    assert found.readout > 1.5
    assert_allclose(jnp.concatenate([found.outputs, found.test]), f, rtol=1e-9)
    assert_allclose(
        found.features[-1] - (found.features[-2] if depth > 1 else GRAM), 1.5**2 * jnp.outer(f, f) / found.readout
    )


@pytest.mark.parametrize(("depth", "richness"), [(1, 0.5), (1, 1.5), (2, 1.5), (3, 1.0)])
def test_the_limit_is_off_by_one_over_the_width(depth, richness):
    """N times the error settles to a constant: doubling the width from 100 changes it by less than 2 %."""
    given = {"depth": depth, "richness": richness, "inverse_temperature": 10.0}
    limit = deep_linear(GRAM, Y, **given)
    scaled = []
    for width in (100, 200):
        exact = finite_linear(GRAM, Y, width=width, **given)
        scaled.append([width * np.abs(getattr(exact, name) - getattr(limit, name)).max() for name in QUANTITIES])
    assert_allclose(scaled[0], scaled[1], rtol=0.02)
    assert min(scaled[1]) > 0.01


@pytest.mark.parametrize(
    ("depth", "width"), [(2, 8), *(pytest.param(*one, marks=pytest.mark.slow) for one in ((1, 3), (3, 5)))]
)
def test_the_exact_law_is_that_of_drawn_norms(depth, width):
    """Weights |w|^2 / N drawn from chi^2 and weighted by the evidence, with NumPy."""
    richness, beta, draws = 1.2, 4.0, 200_000
    exact = finite_linear(GRAM, Y, depth=depth, width=width, richness=richness, inverse_temperature=beta)
    u = np.random.default_rng(0).chisquare(width, (draws, depth)) / width
    product, gram, y = u.prod(axis=1), np.asarray(GRAM), np.asarray(Y)
    noisy = product[:, None, None] * gram[:4, :4] + np.eye(4) / beta
    inverse = np.linalg.inv(noisy)
    log = -(richness**2) * width / 2 * np.einsum("a,sab,b->s", y, inverse, y) - np.linalg.slogdet(noisy)[1] / 2
    weights = np.exp(log - log.max())
    weights /= weights.sum()
    assert 1 / (weights**2).sum() > 1000

    def check(value, found):
        mean = np.tensordot(weights, value, 1)
        error = np.sqrt(np.tensordot(weights**2, (value - mean) ** 2, 1))
        assert error.max() < 0.015 * np.abs(mean).max()
        assert np.abs((mean - found) / error).max() < 4

    cross = product[:, None, None] * gram[:, :4]
    f = np.einsum("sqa,sab,b->sq", cross, inverse, y)
    check(f, jnp.concatenate([exact.outputs, exact.test]))
    check(u[:, -1], exact.readout)
    spread = product[:, None, None] * gram - cross @ inverse @ cross.swapaxes(1, 2)
    second = f[:, :, None] * f[:, None] + spread / (richness**2 * width)
    kernel = gram
    for layer in range(depth):
        share = 1 / u[:, layer:].prod(axis=1)
        kernel = (1 - 1 / width) * kernel + richness**2 * second * share[:, None, None]
        check(kernel, exact.features[layer])


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
