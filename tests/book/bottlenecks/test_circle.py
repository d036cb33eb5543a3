"""The claims of "Networks on a circle"."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import gamma, zeta

from solvable import Spectrum, data, fits, kernels, networks
from solvable.linear_model import theory

K = np.arange(1, 512)
NETWORK = networks.MLP(width=64, depth=2, activation="relu", richness=2.0)


def eigenvalues(**network):
    inputs = data.circle(1024, 1.0)[0]
    return np.fft.rfft(kernels.ntk(inputs[:1], inputs, **network)[0]).real / 1024


def exponent(times, loss):
    late = times >= 50
    return fits.power_law(times[late], loss[late]).exponent


def sharpness(network, weights, start, x, y):
    kernel = kernels.empirical(network, weights, x[::4])
    return jnp.linalg.eigvalsh(kernel)[-1] / len(kernel)


def train(q, rate, time=400.0, points=1024, **how):
    inputs, targets, unseen = data.circle(points, q)
    steps, every = round(time / rate), round(time / 100 / rate)
    run = networks.train(NETWORK, inputs, targets, steps, learning_rate=rate, key=jax.random.key(0), every=every, **how)
    assert not run.diverged
    return rate * run.steps[1:], 2 * run.loss[1:], unseen, run


def test_kinks_fall_as_power_laws_and_one_layer_misses_odd_modes():
    one, two, tanh = (eigenvalues(depth=d, activation=a) for d, a in ((1, "relu"), (2, "relu"), (2, "tanh")))
    assert np.all(np.abs(one[3:65:2]) < 1e-15)
    assert one[1] > 0.1
    for modes, first in ((one, 8), (two, 8), (two, 9)):
        k = np.arange(first, 65, 2)
        assert fits.power_law(k, modes[k]).exponent == pytest.approx(2, abs=0.05)
    assert np.all(np.abs(tanh[2:65:2]) < 1e-15)
    assert tanh[11] > 1e-6 > tanh[13]  # where the points leave the figure
    assert tanh[31] < 1e-5 * tanh[15]  # no power law


def test_odd_parts_of_one_layer_of_relus_are_linear_for_any_weights():
    inputs = data.circle(1024, 1.0)[0]
    network = networks.MLP(width=33, depth=1, activation="relu", dtype=jnp.float64)
    outputs = network.apply(network.init(jax.random.key(3), 2), inputs)
    coefficients = np.abs(np.fft.rfft(outputs)) / 1024
    assert coefficients[3::2].max() < 1e-14 < coefficients[2:64:2].min()


def test_eigenvalues_of_powers_of_a_relu():
    """The convolution of the page, at p = 1 against the library's kernel, and the tails at the page's powers."""
    angle = 2 * np.pi * np.arange(2**17) / 2**17

    def layer(p):
        bump = np.where(np.cos(angle) > 0, np.abs(np.cos(angle)) ** p, 0.0)
        return 2**p * gamma(p + 1) * np.abs(np.fft.rfft(bump) / len(angle)) ** 2

    def modes(p, k):
        slopes = p**2 * layer(p - 1)
        return layer(p)[k] + (slopes[k - 1] + slopes[k + 1]) / 2

    few = np.array([1, 2, 4, 6, 8, 16])
    assert_allclose(modes(1.0, few), eigenvalues(depth=1, activation="relu")[few], rtol=1e-3)  # 1,024 points alias
    k, times = np.arange(1, 10_001), np.logspace(5, 8, 13)
    for p in (1.25, 1.5, 1.75):
        assert fits.power_law(k[50:1000], modes(p, k)[50:1000]).exponent == pytest.approx(2 * p, rel=0.02)
        loss = theory.gradient_flow(Spectrum(modes(p, k), k**-2.8 / zeta(2.8)), times).test
        assert fits.power_law(times, loss).exponent == pytest.approx(0.9 / p, rel=0.03)
        layers = layer(p), p**2 * layer(p - 1)  # of the readout, and of the input weights
        falls = [fits.power_law(k[50:1000], one[50:1000] + one[51:1001]).exponent for one in layers]
        assert falls == pytest.approx([2 * p + 2, 2 * p], rel=0.03)
    assert np.sum(modes(1.75, k) * 400 > 1) == 3  # learned at t = 400


def test_exponents_of_the_table():
    """Networks on hard tasks within 0.05 (page) of 2 beta / (1 + beta), far from their kernels; easy ones above."""
    lam = eigenvalues(depth=2, activation="relu")[1:512]
    for q, rate in ((0.75, 0.05), (1.0, 0.1), (1.4, 0.1)):
        beta = q - 0.5
        law = 2 * beta / (1 + beta)
        times, loss, unseen, run = train(q, rate)
        task = Spectrum(lam, (1 - unseen) * K ** (-2 * q) / np.sum(K ** (-2 * q)))
        lazy, model = (theory.feature_learning(task, times, richness=g).test + unseen for g in (0.0, 2.0))
        assert beta - 0.2 < exponent(times, lazy) < beta
        assert exponent(times, model) == pytest.approx(law, abs=0.03)
        network = exponent(times, loss + unseen)
        assert network > exponent(times, lazy) + 0.15
        if q < 1.4:
            assert network == pytest.approx(law, abs=0.05)
            early = (times >= 20) & (times < 60)
            assert fits.power_law(times[early], loss[early] + unseen).exponent > law + 0.05  # they come from above
        else:
            assert law + 0.05 < network < law + 0.3
        drift = fits.power_law(times[times >= 50], (loss + unseen)[times >= 50]).drift
        assert drift < (-0.15 if q == 1.4 else -0.03)  # all three still bend
        if q == 0.75:
            assert exponent(times, loss) > 1.4 * network  # forgetting the unseen modes
            inputs = data.circle(1024, q)[0]
            kernel = kernels.empirical(NETWORK, run.weights, inputs[::4]) / 256
            waves = np.exp(2j * np.pi * np.outer([4, 64], np.arange(256)) / 256)
            now = np.real(np.einsum("ki,ij,kj->k", waves.conj(), kernel, waves)) / 256
            assert now[1] / lam[63] > 4 * now[0] / lam[3] > 40  # fine modes gain more: the kernel changes its shape


def test_at_the_edge_of_stability_a_network_shakes_and_small_steps_calm_it():
    watched = {"metrics": {"sharpness": sharpness}}
    found = {rate: train(0.75, rate, **watched) for rate in (0.05, 0.2)}
    edge = {rate: rate * np.asarray(run.metrics["sharpness"][1:]) for rate, (*_, run) in found.items()}
    slopes = {rate: exponent(times, loss + unseen) for rate, (times, loss, unseen, _) in found.items()}
    assert slopes[0.2] < slopes[0.05] - 0.05
    early, late = slice(0, 25), slice(25, None)
    assert edge[0.05][early].max() < 1 < edge[0.2][early].max()
    assert np.median(edge[0.2][late]) == pytest.approx(2, abs=0.2)
    assert edge[0.2].max() < 3  # held, not broken
    sizes = {rate: float(jnp.linalg.norm(run.weights["input"])) for rate, (*_, run) in found.items()}
    assert sizes[0.2] > sizes[0.05]  # weights went on growing
    calm = train(0.75, 0.0125, 4.0, weights=found[0.2][3].weights)
    inputs, targets, _ = data.circle(1024, 0.75)
    left = [
        np.abs(np.fft.rfft(NETWORK.apply(run.weights, inputs) - targets)[:8]) ** 2
        for run in (found[0.05][3], found[0.2][3], calm[3])
    ]
    smooth, rough, calmed = (float(one.sum()) for one in left)
    assert rough > 10 * max(smooth, calmed)  # error in the first modes, which small steps take out
    ends = [float(loss[-1]) + unseen for _, loss, unseen, _ in (found[0.05], calm, found[0.2])]
    assert ends[0] < ends[1] < 1.15 * ends[0]
    assert ends[2] > 1.3 * ends[1]


@pytest.mark.slow
@pytest.mark.parametrize("width", [64, 128])
def test_other_weights_and_widths_have_these_exponents(width):
    for q in (0.75, 1.0):
        inputs, targets, unseen = data.circle(1024, q)
        network = networks.MLP(width=width, depth=2, activation="relu", richness=2.0)
        run = networks.train(
            network, inputs, targets, 16_000, learning_rate=0.025, key=jax.random.key(7), every=160, progress=False
        )
        times, loss = 0.025 * run.steps[1:], 2 * run.loss[1:] + unseen
        beta = q - 0.5
        assert exponent(times, loss) == pytest.approx(2 * beta / (1 + beta), abs=0.07)


@pytest.mark.slow
def test_twice_the_points_give_the_same_exponent():
    few, many = (train(0.75, 0.05, points=points)[:3] for points in (1024, 2048))
    slopes = [exponent(times, loss + unseen) for times, loss, unseen in (few, many)]
    assert slopes[1] == pytest.approx(slopes[0], abs=0.01)
