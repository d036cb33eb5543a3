"""Kernels at the start: recursion, limit of depth, closed forms and networks."""

from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.integrate import solve_ivp

from solvable import depth, gaussian, kernels
from solvable.depth.branches import branches
from solvable.depth.theory.start import _limit, _recursion
from solvable.networks import ResidualMLP

from .nets import gradients_and_features

GRAM = jnp.array([[1.0, 0.3], [0.3, 0.8]])
ONE = jnp.ones((1, 1))


def start(activation, gram=GRAM, **options):
    return depth.theory.kernels(gram, activation=activation, **options)


@pytest.mark.parametrize(
    ("activation", "branch", "written", "close"),
    [
        ("relu", 1.0, -1 / 8, 0.01),
        ("relu", 2.0, -2.0, 0.04),
        ("erf", 1.0, -0.02717, 0.01),
        ("erf", 2.0, -0.14807, 0.005),
        pytest.param("tanh", 1.0, -0.024553, 0.01, marks=pytest.mark.slow),
        ("tanh", 2.0, -0.157964, 0.005),
    ],
)
def test_how_far_a_depth_is_from_the_limit(activation, branch, written, close):
    """Euler's method: L (H_L / H - 1) -> - F(H_1) ln[F(H_1) / F(H_0)] / (2 H_1), with F = beta^2 <phi^2>."""
    h = float(start(activation, ONE, branch=branch).covariance[-1, 0, 0])
    at_end, at_start = (branch**2 * float(gaussian.diagonal(activation, q).product) for q in (h, 1.0))
    coefficient = -at_end * np.log(at_end / at_start) / (2 * h)
    assert coefficient == pytest.approx(written, rel=2e-4)
    found = start(activation, ONE, branch=branch, depth=64).covariance[-1, 0, 0]
    assert 64 * (found / h - 1) == pytest.approx(coefficient, rel=close)


@pytest.mark.parametrize("branch", [0.5, 1.0, 2.0])
def test_linear_kernels_are_closed(branch):
    limit = start("linear", branch=branch)
    grown = np.exp(branch**2 * np.asarray(limit.layer_times))
    assert_allclose(limit.covariance, grown[:, None, None] * GRAM, rtol=1e-9)
    assert_allclose(limit.gradients[:, 0, 1], grown[::-1], rtol=1e-9)
    assert_allclose(limit.tangent_kernel, (2 + branch**2) * np.exp(branch**2) * GRAM, rtol=1e-9)
    each = 1 + branch**2 / 12
    assert_allclose(
        start("linear", branch=branch, depth=12).tangent_kernel,
        each**11 * (2 * each + branch**2) * GRAM, rtol=1e-12,
    )  # fmt: skip


@pytest.mark.parametrize("activation", ["linear", "relu"])
@pytest.mark.parametrize("options", [{}, {"branch_power": 1.0}, {"depth": 7}, {"depth": 7, "branch_power": 0.2}])
def test_it_is_the_closed_form_where_there_is_one(activation, options):
    found = start(activation, branch=1.5, **options)
    for name, other in (("covariance", found.covariance[-1]), ("tangent_kernel", found.tangent_kernel)):
        known = getattr(depth.exact, name)(np.diag(GRAM), activation=activation, branch=1.5, **options)
        assert_allclose(jnp.diagonal(other), known, rtol=1e-9)


@pytest.mark.parametrize("product", [-1.0, -0.999, 0.3, 0.99])
def test_the_limit_of_relu_is_right_to_its_word(product):
    """Against equations for one pair written out, by another solver; opposite inputs begin at a root's branch point."""

    def pair(q, k):
        s, angle = np.sqrt(max(q * q - k * k, 0)), np.arccos(np.clip(k / q, -1, 1))
        return (s + (np.pi - angle) * k) / (2 * np.pi), (np.pi - angle) / (2 * np.pi)

    def velocity(tau, state):
        k, shrunk, _ = state
        phi, slope = pair(np.exp(2 * tau), k)
        return [4 * phi, 4 * slope, np.exp(-shrunk) * phi]

    solved = solve_ivp(velocity, (0, 1), [product, 0, 0], method="DOP853", rtol=1e-12, atol=1e-13).y[:, -1]
    found = start("relu", jnp.array([[1, product], [product, 1]]), branch=2.0, points=2)
    h, q = solved[0], np.exp(2)
    phi, slope = pair(q, h)
    first = slope * np.exp(solved[1])
    assert float(found.covariance[-1, 0, 1]) == pytest.approx(h, abs=1e-8 * q)
    assert float(found.gradients[0, 0, 1]) == pytest.approx(first, rel=1e-8)
    kernel = phi + 4 * first * solved[2] + first * product
    assert float(found.tangent_kernel[0, 1]) == pytest.approx(kernel, abs=1e-8 * float(found.tangent_kernel[0, 0]))


@pytest.mark.parametrize("activation", ["erf", pytest.param("tanh", marks=pytest.mark.slow)])
def test_the_limit_is_what_depths_tend_to(activation):
    """Extrapolated from L = 32 to 512 in Romberg's way, which is right to 1e-9."""
    wanted = start(activation, branch=1.5)
    rows = [start(activation, branch=1.5, depth=2**power) for power in range(5, 10)]
    for name in ("covariance", "gradients", "tangent_kernel"):
        values = [getattr(one, name) for one in rows]
        ends = [value if value.ndim == 2 else value[jnp.array([0, len(value) // 2, -1])] for value in values]
        for order in range(1, len(ends)):
            ends = [(2**order * fine - coarse) / (2**order - 1) for coarse, fine in pairwise(ends)]
        limit = getattr(wanted, name)
        assert_allclose(limit if limit.ndim == 2 else limit[jnp.array([0, 16, 32])], ends[0], rtol=1e-8)


def test_smooth_paths_add_nothing_at_random():
    """At alpha > 1/2 H stays in the limit, and a depth is off by 1/L at alpha = 1."""
    limit = start("erf", branch_power=1.0, points=3)
    assert_allclose(limit.covariance, np.broadcast_to(GRAM, (3, 2, 2)))
    phi, g = limit.features[0], limit.gradients[0]
    assert_allclose(limit.tangent_kernel, phi + g * phi + g * GRAM, rtol=1e-9)
    off = [start("erf", branch_power=1.0, depth=one).tangent_kernel - limit.tangent_kernel for one in (64, 128)]
    assert_allclose(off[0] / off[1], 2, rtol=0.02)


@pytest.mark.parametrize("power", [0.2, 0.5, 1.0])
def test_the_tangent_kernel_is_that_of_the_networks_rates(power):
    """Layer by layer, as in the theory, for one small network: to rounding."""
    network = ResidualMLP(8, depth=3, branch=1.3, branch_power=power, dtype=float)
    x = jax.random.normal(jax.random.key(1), (3, 4))
    weights = network.init(jax.random.key(0), 4)
    _, phi, g = gradients_and_features(network, weights, x)
    learning = 1.3**2 * 3.0 ** -min(1, 2 * power)
    assert float(branches(1.3, power, 3).learning) == pytest.approx(learning, rel=1e-14)
    summed = phi[-1] + learning * (g[1:] * phi[:-1]).sum(axis=0) + g[0] * (x @ x.T / 4)
    assert_allclose(kernels.empirical(network, weights, x), summed, rtol=1e-10)


@pytest.mark.parametrize(
    ("activation", "layers", "width"),
    [
        ("tanh", 4, 200),
        *(pytest.param(phi, layers, 1000, marks=pytest.mark.slow) for phi in ("relu", "tanh") for layers in (4, 16)),
    ],
)
def test_networks_agree_at_the_start(activation, layers, width):
    """Sixteen; H, G and K within four standard errors."""
    x = jax.random.normal(jax.random.key(1), (2, 8)) * jnp.array([[1.0], [1.3]])
    network = ResidualMLP(width, depth=layers, activation=activation, dtype=float)
    theory = start(activation, x @ x.T / 8, depth=layers)
    draws = []
    for key in jax.random.split(jax.random.key(2), 16):
        h, phi, g = gradients_and_features(network, network.init(key, 8), x)
        kernel = phi[-1] + (g[1:] * phi[:-1]).sum(axis=0) / layers + g[0] * (x @ x.T / 8)
        draws.append(np.concatenate([h, phi, g, kernel[None]]))
    mean, error = np.mean(draws, axis=0), np.std(draws, axis=0, ddof=1) / 4
    known = np.concatenate([theory.covariance, theory.features, theory.gradients, theory.tangent_kernel[None]])
    assert (np.abs(mean - known) <= 4 * error).all(), (np.abs(mean - known) / error).max()


def test_an_unscaled_network_blows_up():
    found = start("relu", ONE, branch_power=0.0, depth=64)
    assert float(found.covariance[-1, 0, 0]) == pytest.approx(1.5**64)
    assert 1.85e11 < float(found.covariance[-1, 0, 0]) < 1.9e11


def test_what_a_slider_turns_compiles_nothing():
    for program, options in ((_limit, {}), (_recursion, {"depth": 3})):
        start("erf", **options)
        before = program._cache_size()
        for branch in (0.5, 0.7):
            start("erf", GRAM + branch, branch=branch, branch_power=0.5 if not options else branch, **options)
        assert program._cache_size() == before


def test_it_goes_through_jax():
    def kernel(branch, **options):
        return start("erf", ONE, branch=branch, points=2, **options).tangent_kernel[0, 0]

    for options in ({}, {"depth": 3}):
        slope = (kernel(1.2 + 1e-5, **options) - kernel(1.2 - 1e-5, **options)) / 2e-5
        assert float(jax.grad(lambda one, o=options: kernel(one, **o))(1.2)) == pytest.approx(float(slope), rel=1e-4)
        several = jax.vmap(lambda one, o=options: kernel(one, **o))(jnp.array([0.5, 1.2]))
        assert_allclose(several, [kernel(0.5, **options), kernel(1.2, **options)], rtol=1e-8)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"depth": 0}, "depth must be a whole number >= 1; got 0"),
        ({"branch": -1.0}, "branch must be >= 0 and finite; got -1.0"),
        ({"branch_power": 0.4}, "branch_power must be >= 1/2, since below there is no limit of depth; got 0.4"),
        ({"branch_power": np.nan}, "branch_power must be a finite number; got nan"),
        ({"points": 1}, "points must be a whole number >= 2; got 1"),
        ({"gram": jnp.array([[1, 0.5], [0.3, 1]])}, "gram must be symmetric; entries differ by 0.2"),
        ({"gram": jnp.array([[1, 2], [2, 1.0]])}, "gram must have no negative eigenvalue; got -1"),
        ({"branch": 40.0}, "branch must be of a size that leaves room for the answer; got 40"),
        ({"activation": "tanh", "branch": 60.0}, "branch must be smaller for this activation"),
    ],
)
def test_bad_input_is_named(change, message):
    with pytest.raises(ValueError, match=message):
        depth.theory.kernels(**({"gram": GRAM, "activation": "relu"} | change))
