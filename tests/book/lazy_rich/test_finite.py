"""What "How far are finite networks?" says, at its own parameters."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable.meanfield import expansion, finite, two_layer
from solvable.networks import MLP, train

X, Y = jax.random.normal(jax.random.key(1), (4, 6)), jnp.array([1.0, -1.0, 0.5, -0.5])
GRAM = X @ X.T / 6
GIVEN = {"activation": "tanh", "learning_rate": 0.1, "steps": 12}


def test_means_miss_the_limit_by_one_over_n_and_from_below():
    limit = two_layer(GRAM, Y, richness=1.0, key=jax.random.key(0), **GIVEN)
    miss, scatter, error = [], [], []
    for n in (16, 32, 64):
        run = finite(X, Y, width=n, richness=1.0, repeats=60 * n, key=jax.random.key(n), **GIVEN)
        miss.append(float((limit.outputs - run.outputs)[-1] @ Y / (Y @ Y)))
        scatter.append(float(jnp.sqrt(jnp.mean(run.outputs_std[-1] ** 2))))
        error.append(float(run.error("outputs")[-1] @ jnp.abs(Y) / (Y @ Y)))
    miss, error, n = np.array(miss), np.array(error), np.array([16, 32, 64])
    assert (miss > 4 * error).all()  # learns less than the limit
    assert np.polyfit(np.log(n), np.log(miss), 1)[0] == pytest.approx(-1, abs=0.35)  # the errors allow 0.2
    assert np.polyfit(np.log(n), np.log(scatter), 1)[0] == pytest.approx(-0.5, abs=0.05)
    assert (np.array(scatter) > 3 * miss).all()


@pytest.mark.parametrize("richness", [1.0, *(pytest.param(g, marks=pytest.mark.slow) for g in (0.25, 4.0))])
def test_networks_of_the_explorer_fall_off_the_line_and_back_onto_it(richness):
    """N = 2 and 4: below it. N = 64: on it, within 4 standard errors + the theory's error, some 0.3/N; twice that."""
    f = two_layer(GRAM, Y, richness=richness, key=jax.random.key(0), **GIVEN).outputs @ Y / (Y @ Y)
    below = {}
    for width in (2, 4, 64):
        run = finite(X, Y, width=width, richness=richness, repeats=192, key=jax.random.key(6), **GIVEN)
        error = run.error("outputs") @ jnp.abs(Y) / (Y @ Y)
        below[width] = np.array(f - run.outputs @ Y / (Y @ Y)), np.array(error)
    assert np.all(np.abs(below[64][0]) < 4 * below[64][1] + 0.6 / 64)
    narrow, less = below[2], below[4]
    middle = slice(5, 10)
    assert np.all(narrow[0][middle] > 2 * narrow[1][middle])
    assert np.all(less[0][middle] > 2 * less[1][middle])
    assert less[0][9] < narrow[0][9] + 2 * np.hypot(less[1][9], narrow[1][9])


def movement(widths, dial, seeds):
    """Along the second-order correction: mean and spread over seeds, for widths times richnesses; and its size."""
    second, parts = expansion(GRAM, Y, key=jax.random.key(0), **GIVEN).features[1, 0, -1], []
    size = float(jnp.linalg.norm(second))
    for n in widths:
        network, keys = MLP(int(n), depth=1, richness=dial(n), dtype=float), jax.random.split(jax.random.key(5), seeds)
        run = train(network, X, Y, 12, learning_rate=0.1 * len(Y), key=keys[None], metrics=["feature_kernels"])
        kernel = run.metrics["feature_kernels"][:, :, :, 0]
        moved = jnp.einsum("gsij,ij->gs", kernel[:, :, -1] - kernel[:, :, 0], second / size)
        parts.append((moved.mean(axis=1), moved.std(axis=1)))
    mean, random = np.array(parts).transpose(1, 0, 2)
    return mean, random, size


def test_the_mean_movement_stays_and_the_noise_halves_at_four_times_the_width():
    mean, random, _ = movement([64, 256], lambda n: jnp.array([[1.0]]), 128)
    assert abs(mean[1] / mean[0] - 1) < 4 * np.hypot(*(random / mean / 128**0.5))[0]
    assert abs(random[0] / random[1] - 2) < 4 * 2 * (2 / 2 / 128) ** 0.5  # each spread is known to 1 / sqrt(2 seeds)


@pytest.mark.slow
def test_the_mean_movement_knows_no_width_and_the_noise_does():
    widths = np.array([64, 256, 1024])
    mean, random, size = movement(widths, lambda n: jnp.array([[1.0], [0.5], [float(n) ** -0.5]]), 256)
    slopes = [np.polyfit(np.log(widths), np.log(part), 1)[0] for part in (mean, random)]
    assert_allclose(slopes[0][:2], 0, atol=0.05)
    error = random[:, 2] / mean[:, 2] / 256**0.5
    sure = 3 * float(np.hypot(error[0], error[2])) / np.log(16)
    assert slopes[0][2] == pytest.approx(-1, abs=sure)
    assert sure < 0.25
    assert_allclose(slopes[1], [-0.5, -0.5, -1], atol=0.1)
    unit = random * widths[:, None] ** 0.5 / np.stack([np.ones(3), np.full(3, 0.5), widths**-0.5], axis=1)
    assert_allclose(unit[:, 0], unit[:, 1], rtol=0.15)  # in units of gamma_0 / sqrt N, but for saturation
    assert (unit[:, 2] > 1.3 * unit[:, 1]).all()  # f(0) of NTK is as large as the targets, and moves features too
    assert float(mean[-1][1]) == pytest.approx(size / 4, rel=0.12)
    assert float(mean[-1][0]) < 0.85 * size  # at gamma_0 = 1 it promises more than there is
