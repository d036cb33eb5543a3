"""What "A neuron's walk through the layers" says, at its own parameters."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import norm

from solvable import data, depth, kernels
from solvable.networks import ResidualMLP

ONE = jnp.ones((1, 1))
EDGES, Z = np.linspace(-5, 5, 41), np.linspace(-8, 8, 401)
BELL = norm.pdf(Z) * (Z[1] - Z[0])


def walk(width, layers, repeats, activation="linear", beta=1.0, power=0.5):
    return np.asarray(
        depth.experiment.walk(
            ONE, width=width, depth=layers, activation=activation, branch=beta, branch_power=power,
            key=jax.random.key(width), repeats=repeats,
        )
    )[:, :, 0]  # fmt: skip


def test_the_lonely_never_cross_zero_and_a_crowd_does():
    alone, crowd = walk(1, 256, 12)[:, :, 0], walk(1000, 256, 2)[0].T
    assert np.all(np.sign(alone) == np.sign(alone[:, :1]))
    assert (np.sign(crowd[:, -1]) != np.sign(crowd[:, 0])).mean() > 0.2
    rough = (np.diff(alone, axis=1) ** 2).sum(axis=1)
    assert rough.max() > 100 * rough.min()  # some shake, others are smooth


def test_the_clock_of_a_crowd_is_one_and_that_of_the_lonely_is_their_own():
    crowd = walk(1000, 128, 8, "relu", 2.0)
    variation, end = (np.diff(crowd, axis=1) ** 2).sum(axis=1), crowd[:, -1] ** 2
    known = depth.theory.kernels(ONE, activation="relu", branch=2.0, depth=128)
    v = 4 / 128 * np.asarray(known.features)[:-1, 0, 0]
    assert v.sum() == pytest.approx(float(known.covariance[-1, 0, 0]) - 1)
    means, scatter = variation.mean(axis=1), variation.std(axis=1) / variation.mean(axis=1)
    seen = np.array([np.corrcoef(a, b)[0, 1] for a, b in zip(variation, end, strict=True)])
    wanted = (v.sum(), np.sqrt(2 * (v**2).sum()) / v.sum(), np.sqrt((v**2).sum()) / float(known.covariance[-1, 0, 0]))
    for found, value in zip((means, scatter, seen), wanted, strict=True):
        assert abs(found.mean() - value) < 4 * found.std(ddof=1) / 8**0.5
    assert_allclose(wanted[1:], (0.143, 0.09), atol=5e-3)
    alone = walk(1, 128, 1000)[:, :, 0]
    rough = (np.diff(alone, axis=1) ** 2).sum(axis=1)
    assert np.corrcoef(np.log(rough), np.log(alone[:, -1] ** 2))[0, 1] > 0.8
    assert np.log10(rough).std() > 1 > 10 * np.log10(variation[0]).std()


def law(width, beta):
    """The page's: shares of neurons in bins, of h(1) over the root of its variance."""
    size = np.exp(beta * Z / width**0.5 - beta**2 / width)
    return np.diff(norm.cdf(EDGES[:, None] / size) @ BELL) / np.diff(EDGES)


@pytest.mark.parametrize("width", [1, 4, 64])
def test_the_law_has_the_moments_of_the_closed_form(width):
    size = np.exp(Z / width**0.5 - 1 / width)
    second, fourth = (size**2 * BELL).sum(), 3 * (size**4 * BELL).sum()
    assert second == pytest.approx(1, rel=1e-6)
    assert fourth / second**2 == pytest.approx(float(depth.exact.kurtosis(width)), rel=1e-3)
    assert float(depth.exact.kurtosis(1)) == pytest.approx(164, abs=0.5)


@pytest.mark.parametrize("beta", [0.6, 1.0])
@pytest.mark.parametrize("width", [1, 4, 32])
def test_networks_stand_on_the_law(width, beta):
    """At all ticks of the explorer: 4 standard errors and 1/L, in bins where 20 neurons are expected."""
    networks = max(1000, 20_000 // width)
    h = walk(width, 64, networks, beta=beta)[:, -1] / (1 + beta**2 / 64) ** 32
    found = np.stack([((h >= low) & (h < low + 0.25)).mean(axis=1) / 0.25 for low in EDGES[:-1]])
    line, mean, error = law(width, beta), found.mean(axis=1), found.std(axis=1, ddof=1) / networks**0.5
    enough = line * 0.25 * networks * width > 20
    assert np.all((np.abs(mean - line) < 4 * error + line / 64)[enough])
    gauss = np.diff(norm.cdf(EDGES)) / 0.25
    apart = np.abs(mean - gauss) > 4 * error
    assert apart[enough].any() or width == 32


def test_the_peak_goes_first_and_strong_branches_bring_it_back():
    gauss = np.diff(norm.cdf(EDGES)) / 0.25
    top, tail = ([law(n, 1.0)[place] / gauss[place] for n in (1, 4, 32)] for place in (20, 38))
    assert top[0] > 2.2 > 1.6 > top[1] > 1.2 > 1.06 > top[2]
    assert tail[0] > tail[1] > 100 > tail[2] > 5  # only the tails are left to tell
    assert_allclose(law(64, 1.6), law(16, 0.8), rtol=1e-9)  # the square of beta over N decides


@pytest.mark.parametrize(("width", "found"), [(8, 4.71), (32, 3.36)])
def test_the_kurtosis_of_the_page(width, found):
    """The test of the library has its error; here are the page's networks."""
    assert float(depth.exact.kurtosis(width, depth=16)) == pytest.approx(found, abs=5e-3)
    h = walk(width, 16, 10_000)[:, -1]
    second, fourth = (h**2).mean(axis=1), (h**4).mean(axis=1)
    ratio = fourth.mean() / second.mean() ** 2
    moves = fourth / second.mean() ** 2 - 2 * ratio * second / second.mean()
    assert abs(ratio - float(depth.exact.kurtosis(width, depth=16))) < 4 * moves.std() / 100


@pytest.mark.parametrize("layers", [4, 16, 64])
def test_sizes_of_linear_networks_vary_as_the_formula_says(layers):
    """500 networks know a variance to sqrt(2 / 499); the formula is the first order of 1/N = 1/64."""
    for beta, power in ((1.0, 0.5), (0.5, 0.0)):
        h = walk(64, layers, 500, "linear", beta, power)
        size = np.log((h[:, -1] ** 2).sum(axis=1) / (h[:, 0] ** 2).sum(axis=1))
        square = beta**2 / layers ** (2 * power)
        line = layers * (4 * square + 2 * square**2) / (1 + square) ** 2
        assert abs(64 * size.var(ddof=1) / line - 1) < 4 * (2 / 499) ** 0.5 + 1 / 64


def test_with_the_factor_depth_does_not_enter_and_without_it_it_does():
    found = {}
    for layers in (4, 64):
        for beta, power in ((1.0, 0.5), (0.5, 0.0)):
            h = walk(64, layers, 500, "relu", beta, power)
            size = np.log((h[:, -1] ** 2).sum(axis=1) / (h[:, 0] ** 2).sum(axis=1))
            found[layers, power] = 64 * size.var(ddof=1)
    share = 4 * (4 / 499) ** 0.5  # of a ratio of two
    assert found[64, 0.5] / found[4, 0.5] == pytest.approx(1.1, rel=share)
    assert 2 < found[64, 0.5] < 3.2
    assert found[64, 0.0] / found[4, 0.0] > 16  # faster than the depth


def products(a):
    return a @ a.T / a.shape[1]


def tangent_kernel(w, x):
    """The page's, of a ReLU network with beta = 1."""
    layers, n, _ = w["hidden"].shape
    h = [x @ w["input"].T / x.shape[1] ** 0.5]
    for one in w["hidden"]:
        h.append(h[-1] + np.maximum(h[-1], 0) @ one.T / (layers * n) ** 0.5)
    g, kernel = (h[-1] > 0) * w["output"], products(np.maximum(h[-1], 0))
    for below, one in zip(h[-2::-1], w["hidden"][::-1], strict=True):
        kernel += products(g) * products(np.maximum(below, 0)) / layers
        g += (below > 0) * (g @ one) / (layers * n) ** 0.5
    return kernel + products(g) * products(x)


def test_kernels_of_the_page():
    gram = jnp.array([[1.0, 0.3], [0.3, 0.8]])
    for phi, written in (("linear", (2.0508, 2.3276, 2.4465)), ("relu", (0.6189, 0.6416, 0.6500))):
        found = [depth.theory.kernels(gram, activation=phi, depth=n).tangent_kernel[0, 1] for n in (4, 16, None)]
        assert_allclose(found, written, atol=5e-5)
    assert 3 * np.e * 0.3 == pytest.approx(2.4465, abs=5e-5)


def draws(width, points, repeats):
    x = 8 * np.asarray(data.digits()[0][:points])
    network = ResidualMLP(width, depth=16, activation="relu", dtype=float)
    found = []
    for key in jax.random.split(jax.random.key(width), repeats):
        weights = jax.tree.map(np.asarray, network.init(key, 64))
        found.append(tangent_kernel(weights, x))
    known = kernels.empirical(network, jax.tree.map(jnp.asarray, weights), jnp.asarray(x[:20]))
    assert_allclose(known, found[-1][:20, :20], rtol=1e-9)
    return x, np.stack(found)


def apart(found, size):
    """Rms distance of two seeds' kernels over the root of 2, as a share of the size."""
    off = found - found.mean(axis=0)
    return (np.linalg.norm(off, axis=(1, 2)) ** 2).sum() ** 0.5 / (len(found) - 1) ** 0.5 / size


def test_spectra_have_their_top_at_every_width_and_their_tail_late():
    """100 digits; the tail is that of the smallest eigenvalue."""
    ratios, share = [], []
    for width in (16, 64):
        x, found = draws(width, 100, 8)
        limit = np.asarray(depth.theory.kernels(jnp.asarray(products(x)), activation="relu", depth=16).tangent_kernel)
        values = np.linalg.eigvalsh(found)[:, ::-1].mean(axis=0) / np.linalg.eigvalsh(limit)[::-1]
        ratios.append(values)
        share.append(apart(found, np.linalg.norm(limit)))
    assert ratios[1][0] == pytest.approx(1, abs=0.25)
    assert ratios[0][-1] < 0.5 * ratios[1][-1] < 0.5
    assert share[0] / share[1] == pytest.approx(2, rel=0.3)


@pytest.mark.slow
def test_spectra_on_four_hundred_digits():
    widths, share, far, ratios = (16, 32, 64, 128, 256), [], [], {}
    x = 8 * np.asarray(data.digits()[0][:400])
    known = [
        np.asarray(depth.theory.kernels(jnp.asarray(products(x)), activation="relu", points=2, depth=n).tangent_kernel)
        for n in (16, None)
    ]
    size = np.linalg.norm(known[0])
    assert np.linalg.norm(known[0] - known[1]) / np.linalg.norm(known[1]) == pytest.approx(0.014, abs=5e-4)
    for width in widths:
        _, found = draws(width, 400, 16)
        share.append(apart(found, size))
        far.append(np.sqrt((np.linalg.norm(found - known[0], axis=(1, 2)) ** 2).mean()) / size)
        mean = np.linalg.eigvalsh(found)[:, ::-1].mean(axis=0)
        ratios[width] = mean / np.linalg.eigvalsh(known[1])[::-1]
    assert np.polyfit(np.log(widths), np.log(share), 1)[0] == pytest.approx(-0.5, abs=0.06)
    assert_allclose(far, share, rtol=0.1)
    assert ratios[256][[0, 9, 99]] == pytest.approx(1, abs=0.1)
    assert ratios[16][399] < 0.05 < 0.15 < ratios[64][399] < 0.3 < 0.5 < ratios[256][399] < 0.65
