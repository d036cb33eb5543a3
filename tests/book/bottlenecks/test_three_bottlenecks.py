"""The claims of "Three bottlenecks", at the page's own parameters."""

import itertools

import jax
import numpy as np
import pytest

from solvable import Spectrum, data
from solvable.linear_model import experiment, theory

RESOURCE = np.logspace(1, 3, 13)


def slope(x, y):
    return -np.polyfit(np.log(x), np.log(np.asarray(y)), 1)[0]


def test_slopes_of_the_first_figure():
    spectrum = Spectrum.power_law(a=1.5, b=1.25, modes=50_000)
    time = theory.gradient_flow(spectrum, RESOURCE).test
    data_, width = (theory.final_loss(spectrum, **{name: RESOURCE}).test for name in ("samples", "width"))
    assert slope(RESOURCE, time) == pytest.approx(0.4, abs=0.015)
    middle = slice(4, 9)  # away from the ends: constants at small N, the end of the spectrum at large
    assert slope(RESOURCE[middle], data_[middle]) == pytest.approx(0.5, abs=0.02)
    assert slope(RESOURCE[middle], width[middle]) == pytest.approx(0.5, abs=0.02)


def test_ten_times_fewer_modes_move_the_bend_in_by_ten():
    def local(modes, size):
        spectrum = Spectrum.power_law(a=1.5, b=1.25, modes=modes)
        pair = np.array([size, 1.1 * size])
        return slope(pair, theory.final_loss(spectrum, samples=pair).test)

    assert local(50_000, 1000) > 0.54
    assert local(5_000, 100) == pytest.approx(local(50_000, 1000), abs=0.01)


@pytest.mark.parametrize(
    ("a", "b", "apart"), [pytest.param(1.5, 1.25, 1.25, id="hard"), pytest.param(5, 1.5, np.inf, id="easy")]
)
def test_what_a_hundred_features_and_a_hundred_examples_are_worth(a, b, apart):
    """The first figure: about the same on the hard task; on the easy one over a hundred times apart."""
    task = Spectrum.power_law(a=a, b=b, modes=1000)
    for size in (20, 45, 100):
        ratio = theory.final_loss(task, width=size).test / theory.final_loss(task, samples=size).test
        assert 1 / apart < ratio < apart
    assert (ratio > 100) == (apart == np.inf)


SETTINGS = list(itertools.product((100.0, 1e3), (100, 32), (57, 320)))


@pytest.mark.parametrize(
    ("time", "width", "samples"), [SETTINGS[0], *(pytest.param(*one, marks=pytest.mark.slow) for one in SETTINGS[1:])]
)
def test_students_stand_on_the_curve_of_the_edge(time, width, samples):
    """Groups of modes: within 4 standard errors + 0.02, the curve's bend inside a group and O(1/N, 1/P)."""
    plain = Spectrum.power_law(a=1.5, b=1.25, modes=1000, normalize=False)
    edges = np.unique(np.geomspace(1, 1001, 16).astype(int))
    sizes = {"width": width, "samples": samples}
    limit = np.asarray(theory.mode_errors(plain, [time], **sizes)[0])
    missed = experiment.mode_errors(plain, [time], **sizes, key=jax.random.key(0), repeats=24)[:, 0]
    groups = np.add.reduceat(np.asarray(missed), edges[:-1] - 1, axis=1) / np.diff(edges)
    error = groups.std(axis=0, ddof=1) / 24**0.5
    line = np.interp(np.log(edges[:-1] * (edges[1:] - 1.0)) / 2, np.log(np.arange(1, 1001)), limit)
    assert np.all(np.abs(groups.mean(axis=0) - line) <= 4 * error + 0.02)


@pytest.mark.parametrize("a", [2.0, *(pytest.param(a, marks=pytest.mark.slow) for a in (1.4, 3.0))])
def test_students_stand_on_the_three_lines(a):
    """At 10 and 80 of either resource: within 4 standard errors + 1/10 and 1/80, the size of the corrections."""
    for kind, size in itertools.product(("width", "samples"), (10, 80)):
        limit = theory.final_loss(Spectrum.power_law(a=a, b=1.25, modes=2000, binned=True), **{kind: size}).test
        task, chance = Spectrum.power_law(a=a, b=1.25, modes=2000), {"key": jax.random.key(0), "repeats": 24}
        runs = experiment.final_loss(task, **{kind: size}, **chance)
        assert abs(runs.test - limit) <= 4 * runs.error("test") + runs.test / size


def test_the_edge_stands_at_k_star():
    """H_k = 1/2 at (t / ln 2)^(1/b) for time and N sin(pi/b)/(pi/b) for a rank; N modes' worth is learned."""

    def half(b, modes, time, **sizes):
        task = Spectrum.power_law(a=1.5, b=b, modes=modes, normalize=False)
        errors = np.asarray(theory.mode_errors(task, [time], **sizes)[0])
        return np.argmax(errors > 0.5) + 1, np.sum(1 - errors)

    assert half(1.25, 10_000, 1e4)[0] == pytest.approx((1e4 / np.log(2)) ** 0.8, rel=0.01)
    for name in ("width", "samples"):
        where, worth = half(2.0, 50_000, 1e12, **{name: 200})
        assert where == pytest.approx(200 * np.sin(np.pi / 2) / (np.pi / 2), rel=0.02)
        assert worth == pytest.approx(200, rel=1e-6)
    assert round(np.sin(np.pi / 1.25) / (np.pi / 1.25), 2) == 0.23
    assert 0.23 < half(1.25, 50_000, 1e12, width=100)[0] / 100 < 0.35  # and many modes bring it down


@pytest.mark.parametrize("name", ["width", "samples"])
def test_where_the_curve_crosses_one_half_with_a_thousand_modes(name):
    """0.32 N at N = 10, 0.40 N at N = 100, ever later as N nears the number of modes: no one share for all."""
    task, shares = Spectrum.power_law(a=1.5, b=1.25, modes=1000, normalize=False), []
    for size in (10, 32, 100, 316):  # marks of the knob
        errors = np.asarray(theory.mode_errors(task, [1e5], **{name: size})[0])
        shares.append(np.interp(0.5, errors, np.arange(1, 1001)) / size)
    assert shares[0] == pytest.approx(0.32, abs=0.005)
    assert shares[2] == pytest.approx(0.40, abs=0.005)
    assert np.all(np.diff(shares) > 0.02)


@pytest.mark.slow
def test_an_easy_task_has_another_exponent_for_one_network():
    """a = 5, b = 1.5: slope b for one network and 2b for data and the infinite ensemble; students agree."""
    easy, sizes = Spectrum.power_law(a=5, b=1.5, modes=1000), np.array([20, 100])
    few, one = theory.final_loss(easy, samples=sizes).test, theory.final_loss(easy, width=sizes).test
    ensemble = [theory.mode_errors(easy, [1e12], width=n)[0] ** 2 @ easy.task_power for n in sizes]
    assert slope(sizes, one) == pytest.approx(1.5, abs=0.1)  # small N flattens it, finite K steepens it
    assert slope(sizes, few) == pytest.approx(3, abs=0.2)  # and small N and P flatten it
    assert slope(sizes, ensemble) == pytest.approx(3, abs=0.2)
    assert one[1] > 100 * max(few[1], ensemble[1])  # "more than a hundred times worse at 100"
    many = Spectrum.power_law(a=5, b=1.5, modes=100_000)
    far = np.array([100.0, 200.0])
    assert slope(far, theory.final_loss(many, width=far).test) == pytest.approx(1.5, abs=0.03)
    assert slope(far, theory.final_loss(many, samples=far).test) == pytest.approx(3, abs=0.05)
    for kind, limit in (("samples", few), ("width", one)):
        for size, expected in zip(sizes, limit, strict=True):
            runs = experiment.gradient_flow(easy, [1e9], key=jax.random.key(2), repeats=40, **{kind: size})
            # N or P = 20 is far from the limit: allow 1/20 beside the standard error
            assert abs(runs.test[0] - expected) < 3 * runs.error("test")[0] + runs.test[0] / size + 0.02 * runs.test[0]


@pytest.mark.slow
def test_an_infinite_ensemble_keeps_only_the_bias():
    """Average 3000 networks' functions before squaring: the loss is near sum c H^2, far below one network's."""
    easy = Spectrum.power_law(a=5, b=1.5, modes=300)
    lam, teacher = np.asarray(easy.eigenvalues), np.asarray(easy.teacher)
    bias = theory.mode_errors(easy, [1e12], width=40)[0] ** 2 @ easy.task_power
    mean = np.zeros(lam.size)
    for key in jax.random.split(jax.random.key(0), 3000):
        a = np.asarray(jax.random.normal(key, (40, lam.size)))
        root = a * np.sqrt(lam)
        weights = np.linalg.solve(root @ root.T, root @ (np.sqrt(lam) * teacher))
        mean += (teacher - a.T @ weights) / 3000
    variance = float(theory.final_loss(easy, width=40).test - bias)
    assert lam @ mean**2 == pytest.approx(float(bias) + variance / 3000, rel=0.1)
    assert bias < 0.1 * theory.final_loss(easy, width=40).test


@pytest.mark.slow
def test_digits_follow_the_theory_without_a_fit():
    """P = 32 ... 256, 100 subsamples each: within 10 %, and a little above throughout, as the page says."""
    images, labels = data.digits()
    features = data.relu_features(images, 1000, key=jax.random.key(3))
    spectrum, residual = Spectrum.from_features(features, labels)
    samples = np.array([32, 64, 128, 256])
    limit = theory.final_loss(spectrum, samples=samples, noise=residual).test + residual
    runs = experiment.regression(features, labels, samples, key=jax.random.key(4), repeats=100)
    ratio = runs.test / limit
    assert np.all(np.abs(ratio - 1) < 0.1)
    assert np.all(ratio > 1)
    assert np.all(runs.error("test") / runs.test < 0.015)
    assert np.all(runs.train < 1e-10)  # it interpolates: fewer points than features
    without_noise = theory.final_loss(spectrum, samples=samples).test  # and the residual matters
    assert np.all(np.abs(without_noise / runs.test - 1) > np.abs(ratio - 1))


def test_gaussian_features_of_the_digits_spectrum_fall_on_the_line():
    """The page's explanation: with the digits' spectrum and Gaussian features nothing is left over."""
    images, labels = data.digits()
    features = data.relu_features(images, 1000, key=jax.random.key(3))
    spectrum, residual = Spectrum.from_features(features, labels)
    size, ratios = 128, []
    rng = np.random.default_rng(0)
    lam = np.asarray(spectrum.eigenvalues)
    teacher = np.sqrt(np.asarray(spectrum.task_power) / lam)
    for _ in range(100):
        psi = rng.standard_normal((size, lam.size)) * np.sqrt(lam)
        y = psi @ teacher + np.sqrt(residual) * rng.standard_normal(size)
        weights = psi.T @ np.linalg.solve(psi @ psi.T, y)
        ratios.append(lam @ (teacher - weights) ** 2)
    limit = float(theory.final_loss(spectrum, samples=size, noise=residual).test)
    error = np.std(ratios) / 10
    assert error < 0.02 * limit
    assert np.mean(ratios) == pytest.approx(limit, abs=3 * error + 0.01 * limit)
