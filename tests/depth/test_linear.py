"""Residual linear networks in training: known numbers, first steps by hand, networks, the limit of depth."""

from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable.depth.theory import kernels, residual_linear, residual_linear_limit
from solvable.depth.theory.linear import _sweep
from solvable.meanfield import deep_linear

from .nets import pooled

GRAM = jnp.array([[1.0, 0.3], [0.3, 0.8]])
Y = jnp.array([1.0, -1.0])
TASK = {"richness": 1.0, "learning_rate": 0.05, "steps": 10}


def outputs(layers, **options):
    return np.asarray(residual_linear(GRAM, Y, depth=layers, **(TASK | options)).outputs)


def test_numbers_of_a_prototype():
    assert_allclose(outputs(4)[10], [0.9908529, -0.9844124], atol=5e-8)
    assert_allclose(outputs(8)[10], [0.9967, -0.9942], atol=5e-5)


def test_depths_converge_as_one_over_the_depth():
    found = [outputs(2**power) for power in range(5)]
    steps = [np.abs(one - other).max() for one, other in pairwise(found)]
    assert_allclose(steps, [0.1107, 0.0867, 0.0581, 0.0338], atol=6e-5)


@pytest.mark.slow
def test_depths_converge_as_one_over_the_depth_up_to_64():
    found = [outputs(2**power) for power in range(7)]
    steps = np.array([np.abs(one - other).max() for one, other in pairwise(found)])
    assert_allclose(steps, [0.1107, 0.0867, 0.0581, 0.0338, 0.0188, 0.0099], atol=6e-5)
    assert_allclose((steps[:-1] / steps[1:])[[0, -1]], [1.28, 1.89], atol=0.01)
    ends = [2 * fine - coarse for coarse, fine in pairwise(found)]
    left = [np.abs(one - other).max() for one, other in pairwise(ends)]
    assert_allclose([left[-3] / left[-2], left[-2] / left[-1]], [3.2, 3.6], atol=0.1)


@pytest.mark.parametrize(("power", "found"), [(0.5, [0.103, 0.143, 0.177, 0.202]), (1.0, [0.103, 0.086, 0.058, 0.034])])
def test_the_echo_saturates_with_depth_or_falls(power, found):
    """What dropping the responses changes; at depths 16 and 32 .216, .223 and .018, .009 (slow)."""
    _echo(power, found)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("power", "found"),
    [(0.5, [0.103, 0.143, 0.177, 0.202, 0.216, 0.223]), (1.0, [0.103, 0.086, 0.058, 0.034, 0.018, 0.009])],
)
def test_the_echo_at_great_depth(power, found):
    _echo(power, found)


def _echo(power, found):
    for place, wanted in enumerate(found):
        with_them, without = (outputs(2**place, branch_power=power, responses=one) for one in (True, False))
        assert np.abs(with_them - without).max() == pytest.approx(wanted, abs=6e-4)


@pytest.mark.parametrize("layers", [4, 32])
@pytest.mark.parametrize("power", [0.5, 1.0])
def test_the_first_step_knows_whether_there_is_an_echo(layers, power):
    """f(1) = eta K y; without A and B the kernel is 2 (1 + b^2)^L Phi^0, for <w_0 g^l> = 1 stands in place of G^l."""
    branch, square = 1.3, 1.3**2 / layers ** (2 * power)
    grown = (1 + square) ** layers
    options = {"branch": branch, "branch_power": power, "steps": 1}
    kernel = grown * (2 + branch**2 / (1 + square)) * GRAM
    assert_allclose(outputs(layers, **options)[1], 0.05 * kernel @ Y, atol=1e-10)
    theory = kernels(GRAM, activation="linear", branch=branch, branch_power=power, depth=layers)
    assert_allclose(theory.tangent_kernel, kernel, rtol=1e-12)
    if power == 0.5:
        assert_allclose(outputs(layers, responses=False, **options)[1], 0.05 * 2 * grown * GRAM @ Y, atol=1e-10)


def test_first_responses_by_hand():
    """One point: A^1(1, 0) = b eta gamma_0 Phi^0 y, A^2 is (1 + 2 b^2) times that, and B^L = b eta gamma_0 y."""
    gram, y, branch, rate, richness = jnp.array([[0.7]]), jnp.array([1.5]), 1.2, 0.05, 0.8
    two = residual_linear(
        gram, y, depth=3, branch=branch, learning_rate=rate, richness=richness, steps=2
    ).two_time  # fmt: skip
    b = branch / np.sqrt(3)
    first = b * rate * richness * 0.7 * 1.5
    assert_allclose(two.feature_response[:2, 1, 0, 0, 0], [first, first * (1 + 2 * b**2)], rtol=1e-12)
    assert_allclose(two.gradient_response[2, 1, 0, 0, 0], b * rate * richness * 1.5, rtol=1e-12)
    assert not two.feature_response[3].any()
    assert not two.gradient_response[3].any()


def test_without_branches_it_is_one_hidden_layer():
    """beta = 0: two matrices, which `deep_linear` trains at depth 1."""
    shallow = deep_linear(GRAM, Y, depth=1, **TASK)
    assert_allclose(outputs(3, branch=0.0), shallow.outputs, atol=1e-12)


@pytest.mark.parametrize("power", [0.3, 0.5, 1.0])
def test_the_first_kernels_are_those_of_the_start(power):
    found = residual_linear(GRAM, Y[:1], depth=3, branch=1.2, branch_power=power, **TASK)
    theory = kernels(GRAM, activation="linear", branch=1.2, branch_power=power, depth=3)
    assert found.features.shape == found.gradients.shape == (4, 11, 2, 2)
    assert_allclose(found.features[:, 0], theory.features, rtol=1e-12)
    assert_allclose(found.gradients[:, 0], theory.gradients, rtol=1e-12)
    assert_allclose(found.tangent_kernel[0], theory.tangent_kernel, rtol=1e-12)
    assert_allclose(found.test[1], 0.05 * theory.tangent_kernel[1, 0] * Y[:1], rtol=1e-12)


def test_weights_test_points_and_the_lazy_limit():
    found = residual_linear(GRAM, Y[:1], depth=3, branch=1.2, weights=[0.7], **TASK)
    assert found.test.shape == (11, 1)
    scaled = residual_linear(GRAM, Y[:1], depth=3, branch=1.2, richness=1.0, learning_rate=0.035, steps=10)
    assert_allclose(found.outputs, scaled.outputs, rtol=1e-12)  # one point: p is a factor of eta
    small = residual_linear(GRAM, Y, depth=3, richness=1e-4, learning_rate=0.05, steps=10)
    kernel = kernels(GRAM, activation="linear", depth=3).tangent_kernel
    lazy = [Y - np.linalg.matrix_power(np.eye(2) - 0.05 * np.asarray(kernel), t) @ Y for t in range(11)]
    assert_allclose(small.outputs, lazy, atol=1e-7)


@pytest.mark.parametrize(
    ("layers", "richness", "rate", "width"),
    [
        (4, 1.0, 0.05, 100),
        *(
            pytest.param(layers, richness, rate, 600, marks=pytest.mark.slow)
            for layers in (1, 4, 16, 32)
            for richness, rate in ((1.0, 0.05), (2.0, 0.02))
        ),
    ],
)
def test_networks_agree(layers, richness, rate, width):
    """Twelve pairs, at every step within four standard errors."""
    x = jnp.linalg.cholesky(2 * GRAM)
    task = {"depth": layers, "richness": richness, "learning_rate": rate, "steps": 10}
    theory = np.asarray(residual_linear(GRAM, Y, **task).outputs)
    groups, repeats = (4, 3) if width > 100 else (1, 12)
    given = {"width": width, "activation": "linear", "repeats": repeats, "key": jax.random.key(0)}
    found = pooled(groups, x, Y, **given, **task)
    mean, error = (one["outputs"] for one in found)
    assert (np.abs(mean - theory)[1:] <= 4 * error[1:]).all(), (np.abs(mean - theory).max(), error.max())
    without = np.asarray(residual_linear(GRAM, Y, responses=False, **task).outputs)
    assert not (np.abs(mean - without)[1:] <= 4 * error[1:]).all()


def test_the_limit_is_within_its_error():
    limit = residual_linear_limit(GRAM, Y, depth=4, **TASK)
    error, close = float(limit.parameters["error"]), 2 * outputs(64) - outputs(32)
    assert error / 4 < np.abs(limit.outputs - close).max() < error < 0.02
    first = np.asarray(kernels(GRAM, activation="linear", points=5).features)
    assert_allclose(limit.features[:, 0], first, rtol=0.02)
    k = 3 * np.e * GRAM
    assert_allclose(limit.tangent_kernel[0], k, rtol=0.02)


@pytest.mark.slow
def test_the_limit_of_the_first_sample():
    """Extrapolated, .99948 and -.99902 to 4e-4."""
    limit = residual_linear_limit(GRAM, Y, depth=16, **TASK)
    assert_allclose(limit.outputs[10], [0.99948, -0.99902], atol=4e-4)


def test_what_a_slider_turns_compiles_nothing():
    outputs(2)
    before = _sweep._cache_size()
    for one in (0.5, 0.9):
        outputs(2, richness=one, learning_rate=0.03 * one, branch=one, branch_power=one)
    assert _sweep._cache_size() == before


def test_it_goes_through_jax():
    def last(richness, branch=1.0):
        return residual_linear(
            GRAM, Y, depth=1, richness=richness, learning_rate=0.05, steps=2, branch=branch
        ).outputs[2]  # fmt: skip

    several = jax.vmap(last)(jnp.array([0.5, 1.0]))
    assert_allclose(several, [last(0.5), last(1.0)], rtol=1e-12)
    slope = jax.grad(lambda branch: last(1.0, branch)[0])(1.2)
    assert float(slope) == pytest.approx(float(last(1.0, 1.2 + 1e-5)[0] - last(1.0, 1.2 - 1e-5)[0]) / 2e-5, rel=1e-6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"depth": 0}, "depth must be a whole number >= 1; got 0"),
        ({"branch": -1.0}, "branch must be >= 0 and finite; got -1.0"),
        ({"branch": jnp.ones(2)}, "branch must be one number"),
        ({"richness": 0.0}, "richness must be > 0 and finite; got 0.0"),
        ({"learning_rate": 0.5, "steps": 40}, r"learning_rate must be below 2 / \(largest eigenvalue of the tangent"),
        ({"targets": jnp.ones(3)}, "targets must have shape"),
        ({"targets": jnp.ones((2, 1))}, r"targets must have shape \(P,\), since only one output is known here"),
        ({"gram": jnp.array([[1, 2], [2, 1.0]])}, "gram must have no negative eigenvalue; got -1"),
    ],
)
def test_bad_input_is_named(change, message):
    for solve in (residual_linear, residual_linear_limit):
        with pytest.raises(ValueError, match=message):
            solve(**({"gram": GRAM, "targets": Y, "depth": 2} | TASK | change))


def test_there_is_no_limit_of_strong_branches():
    with pytest.raises(ValueError, match="branch_power must be >= 1/2, since below there is no limit"):
        residual_linear_limit(GRAM, Y, branch_power=0.4, **TASK)
