"""What "Training a network without end" says, at its own parameters."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable import depth

GRAM, Y = jnp.array([[1.0, 0.3], [0.3, 0.8]]), jnp.array([1.0, -1.0])
X = jnp.linalg.cholesky(2 * GRAM)
TASK = {"learning_rate": 0.05, "steps": 10}
DEPTHS = (1, 2, 4, 8, 16, 32)


def linear(layers, richness=1.0, **options):
    return depth.theory.residual_linear(GRAM, Y, depth=layers, richness=richness, **TASK, **options)


def networks(layers, activation="linear", richness=1.0, untied=False):
    return depth.experiment.finite(
        X, Y, depth=layers, activation=activation, richness=richness, untied=untied, width=96,
        key=jax.random.key(layers), repeats=12, **TASK,
    )  # fmt: skip


def misses(runs, theory):
    """In standard errors, at every step but the first."""
    return np.abs(runs.outputs - theory.outputs)[1:] / np.asarray(runs.error("outputs"))[1:]


@pytest.mark.parametrize("layers", [4, pytest.param(16, marks=pytest.mark.slow)])
def test_circles_lie_on_one_theory_and_squares_on_the_other(layers):
    tied, untied = (networks(layers, untied=one) for one in (False, True))
    limit, deaf = linear(layers), linear(layers, responses=False)
    assert misses(tied, limit).max() < 4
    assert misses(untied, deaf).max() < 4
    assert misses(tied, deaf).max() > 6
    assert misses(untied, limit).max() > 6
    ahead = np.sign(Y) * (tied.outputs - untied.outputs)
    assert (ahead[1:] > 0).all()  # not only in the mean, from the first step on
    if layers == 16:
        assert ahead.max() == pytest.approx(0.2, abs=0.05)  # a fifth
        apart = np.abs(tied.outputs - untied.outputs) - 2 * (tied.error("outputs") + untied.error("outputs"))
        assert (apart.max(axis=0) > 0).all()


def test_the_echo_grows_and_levels_off():
    apart, first = [], []
    for layers in DEPTHS:
        pair = [linear(layers, responses=heard).outputs for heard in (True, False)]
        apart.append(float(np.abs(pair[0] - pair[1]).max()))
        first.append(float(pair[0][1, 0] / pair[1][1, 0]))
    gains = np.diff(apart)
    assert (gains > 0).all()
    assert (np.diff(gains) < 0).all()
    square = 1 / np.array(DEPTHS)  # b^2
    assert_allclose(first, 1 + 1 / (2 * (1 + square)), rtol=1e-10)  # towards 3/2: a third of the step is the branches'
    assert first[-1] < 1.5


def test_the_first_step_of_no_end():
    kernel = depth.theory.kernels(GRAM, activation="linear").tangent_kernel
    assert_allclose(kernel, 3 * np.e * GRAM, rtol=1e-8)
    found = [linear(layers, responses=False).outputs[1] for layers in (16, 32)]
    deaf = 0.05 * 2 * np.e * GRAM @ Y
    off = [np.abs(one - deaf).max() for one in found]
    assert np.abs(2 * found[1] - found[0] - deaf).max() < off[1] / 10 < off[0] / 15


def test_no_end_is_within_its_error_and_depths_approach_it_as_their_inverse():
    endless = depth.theory.residual_linear_limit(GRAM, Y, depth=8, richness=1.0, **TASK)
    away = [float(np.abs(linear(layers).outputs - endless.outputs).max()) for layers in DEPTHS]
    assert (np.diff(away) < 0).all()
    assert away[4] / away[5] == pytest.approx(2, abs=0.1)
    assert endless.parameters["error"] < away[5] / 2
    found = {layers: linear(layers).outputs for layers in DEPTHS}
    better = {2 * layers: 2 * found[2 * layers] - found[layers] for layers in DEPTHS[:-1]}
    for outputs, least, ratio in ((found, 1.7, 2), (better, 3, 4)):
        moved = [float(np.abs(one - other).max()) for one, other in itertools.pairwise(outputs.values())]
        slopes = np.array(moved[:-1]) / np.array(moved[1:])
        assert (np.diff(slopes) > 0).all()
        assert least < slopes[-1] < ratio


@pytest.mark.slow
def test_three_short_networks_say_more_than_one_of_a_hundred():
    best = 2 * linear(96).outputs - linear(48).outputs
    found = [linear(layers).outputs for layers in (8, 16, 32)]
    three = (found[0] - 6 * found[1] + 8 * found[2]) / 3
    assert np.abs(three - best).max() < np.abs(linear(96).outputs - best).max()


def test_richness_bends_curves_and_deep_networks_most():
    """How much more of the loss is gone at step 5, in logarithms."""
    gains = [float(np.log(linear(layers, 0.1).loss[5] / linear(layers, 1.0).loss[5])) for layers in (1, 4, 16)]
    assert_allclose(gains, [0.2407, 0.8001, 1.4148], atol=5e-5)


@pytest.mark.parametrize("richness", [1.0, *(pytest.param(one, marks=pytest.mark.slow) for one in (0.1, 1.4))])
def test_points_of_the_explorer_are_near_their_line(richness):
    """Outputs within four standard errors and 3 / N, some corrections of order 1/N."""
    runs, limit = networks(16, richness=richness), linear(16, richness)
    assert (np.abs(runs.outputs - limit.outputs) < 4 * runs.error("outputs") + 3 / 96).all()


@pytest.mark.parametrize("layers", [2, pytest.param(8, marks=pytest.mark.slow)])
def test_tanh_networks_lie_on_the_theory(layers):
    theory = depth.theory.residual(
        GRAM, Y, depth=layers, activation="tanh", richness=1.0, key=jax.random.key(0), particles=600, **TASK
    )
    runs = networks(layers, activation="tanh")
    miss = np.abs(runs.outputs - theory.outputs)[1:]
    assert (miss < 4 * np.hypot(runs.error("outputs"), theory.error("outputs"))[1:]).all()
    if layers == 8:
        assert (np.abs(theory.outputs[10]) < 0.5).all()  # not half on their way


@pytest.mark.slow
def test_depth_matters_less_for_tanh():
    changes = {}
    for phi in ("linear", "tanh"):
        few, many = (
            depth.theory.residual(
                GRAM, Y, depth=layers, activation=phi, richness=1.0, key=jax.random.key(0), particles=600, **TASK
            ).outputs
            for layers in (4, 8)
        )
        changes[phi] = float(np.abs(few - many).max())
    assert changes["tanh"] < changes["linear"] / 3


@pytest.mark.slow
def test_the_spike_of_relu_costs_a_percent_or_two():
    """Against 24 pairs of networks of width 400, whose own error is as large."""
    task = {"depth": 4, "activation": "relu", "richness": 1.0, **TASK}
    theory = depth.theory.residual(GRAM, Y, key=jax.random.key(0), particles=4000, **task)
    runs = depth.experiment.finite(X, Y, width=400, key=jax.random.key(1), repeats=24, **task)
    error = np.hypot(runs.error("outputs"), theory.error("outputs"))
    off = np.abs(runs.outputs - theory.outputs)
    assert (off < 4 * error).all()
    assert off.max() < 0.03
