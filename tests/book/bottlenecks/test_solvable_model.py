"""The claims of "A model you can solve", at the page's own parameters."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable import Spectrum
from solvable.linear_model import experiment, theory
from solvable.linear_model.theory.response import Disorder, kappa_at, missed, two_point

TIMES = np.logspace(0, 5, 41)


@pytest.fixture(scope="module")
def spectrum():
    return Spectrum.power_law(a=1.5, b=1.25, modes=1500)


@pytest.mark.parametrize(
    ("samples", "widths"),
    [pytest.param(1000, (32, 64, 128, 256), marks=pytest.mark.slow), (128, (32, 64, 256, 512))],
    ids=["P=1000", "P=128"],
)
def test_theory_lies_over_the_students_of_the_first_page(spectrum, samples, widths):
    """The figures' own students: within 4 standard errors + 2 % at all 41 times of 4 widths (N = P is below)."""
    for width in widths:
        repeats = 64 if samples == 128 and width in (32, 256) else 16  # of the first figure
        limit = theory.gradient_flow(spectrum, TIMES, width=width, samples=samples)
        runs = experiment.gradient_flow(
            spectrum, TIMES, width=width, samples=samples, key=jax.random.key(width), repeats=repeats
        )
        assert np.all(np.abs(limit.test - runs.test) <= 4 * runs.error("test") + 0.02 * runs.test)


@pytest.mark.parametrize("a", [1.5, *(pytest.param(a, marks=pytest.mark.slow) for a in (1.2, 2.4))])
def test_students_stand_on_the_lines_of_the_explorer(a):
    """All of its points: within 4 standard errors + 2 %. The theory's error is O(1/N, 1/P), some 2 % of 64."""
    task, times = Spectrum.power_law(a=a, b=1.25, modes=400), np.logspace(0, 3, 25)[::3]
    for sizes in itertools.product((32, 128), (16, 64, 128)):
        student = {"width": sizes[0], "samples": sizes[1], "noise": 0.01}
        limit = theory.gradient_flow(task, times, **student)
        runs = experiment.gradient_flow(task, times, **student, key=jax.random.key(0), repeats=64)
        for which in ("test", "train"):
            mean = getattr(runs, which)
            off = np.abs(getattr(limit, which) - mean) - 0.02 * mean
            assert np.all(off <= 4 * runs.error(which)), (student, which)


def test_width_first_makes_no_difference_and_then_all(spectrum):
    """P = 1000: curves start together; the narrower leaves earlier and ends higher."""
    curves = [theory.gradient_flow(spectrum, TIMES, width=n, samples=1000).test for n in (32, 64, 128, 256)]
    assert curves[0][0] / curves[-1][0] < 1.02
    free = theory.gradient_flow(spectrum, TIMES, samples=1000).test
    leaves = [TIMES[np.argmax(curve > 1.2 * free)] for curve in curves]
    assert np.all(np.diff(leaves) > 0)
    assert np.all(np.diff([curve[-1] for curve in curves]) < 0)


def test_few_data_without_noise_still_overfit_and_most_at_equal_sizes(spectrum):
    """P = 128: every loss falls and rises again; at N = P it passes its start; width helps ever less."""
    final = {}
    for width in (32, 64, 128, 256, 512):
        curve = theory.gradient_flow(spectrum, TIMES, width=width, samples=128).test
        assert curve[-1] > 1.01 * curve.min()
        final[width] = curve[-1]
    assert final[128] > 1
    assert final[128] > 2 * max(final[n] for n in (32, 64, 256, 512))
    more = theory.gradient_flow(spectrum, [1e5], width=1024, samples=128).test[-1]
    assert 1 < final[512] / more < final[256] / final[512] < final[128] / final[256]
    rising = theory.gradient_flow(spectrum, np.logspace(3, 7, 9), width=128, samples=128).test
    assert np.all(np.diff(rising) > 0)  # it never stops


def test_turning_the_knobs_shows_what_the_page_says():
    """Low P, high N: train leaves test early. More P: later. High P, low N: both flatten, together."""
    task, times = Spectrum.power_law(a=1.5, b=1.25, modes=400), np.logspace(0, 3, 25)

    def curves(width, samples):
        return theory.gradient_flow(task, times, width=width, samples=samples, noise=0.01)

    def part(samples):  # the time when train has fallen to half of test
        loss = curves(512, samples)
        return times[np.argmax(loss.train < 0.5 * loss.test)]

    assert 1 < part(16) < part(64) < part(256)
    small = curves(16, 512)
    flat = slice(-5, None)
    assert np.ptp(np.log(small.test[flat])) < 0.1
    assert np.ptp(np.log(small.train[flat])) < 0.1
    assert np.all(np.abs(small.train / (small.test + 0.01) - 1) < 0.2)


def test_the_theory_averages_the_divergence_at_equal_sizes(spectrum):
    """At N = P single students scatter: the standard deviation is a good part of the mean; the theory is in it."""
    limit = theory.gradient_flow(spectrum, [1e5], width=128, samples=128)
    runs = experiment.gradient_flow(spectrum, [1e5], width=128, samples=128, key=jax.random.key(128), repeats=64)
    assert runs.test_std[0] > 0.15 * runs.test[0]
    assert abs(limit.test[0] - runs.test[0]) < 4 * runs.error("test")[0]
    assert runs.test[0] > 1  # "ends above where it began"


def test_the_formula_of_the_folded_box_is_the_library(spectrum):
    """The ratio as it is printed, in complex arithmetic and with its own loop for kappa, against two_point."""
    small = Spectrum.power_law(a=1.5, b=1.25, modes=40)
    lam, c = np.asarray(small.eigenvalues), np.asarray(small.task_power)
    n, p, noise = 9.0, 14.0, 0.2
    z = np.array([0.3 + 0.4j, -0.1 + 0.2j])

    def kappa_of(z):
        kappa = z + 0j
        for _ in range(5000):  # damped fixed point of kappa = z / (R1 R3)
            d = np.sum(lam / (lam + kappa))
            kappa = 0.7 * kappa + 0.3 * z / ((1 - d / n) * (1 - d / p))
        return kappa

    kappas = np.array([kappa_of(value) for value in z])
    disorder = Disorder.of(jnp.asarray(n), jnp.asarray(p), jnp.asarray(noise))
    found, _ = kappa_at(small, disorder, jnp.asarray(z))
    assert_allclose(found, kappas, rtol=1e-9)
    library = np.asarray(two_point(small, disorder, found, found))
    for i in range(2):
        for j, (k1, k2) in enumerate((kappas[i], other) for other in (*kappas, *kappas.conj())):
            f, h = k1 / (lam + k1), k2 / (lam + k2)
            g, e = 1 - f, 1 - h
            top = (1 - np.sum(g * e) / n) * (np.sum(c * f * h) + noise) + np.sum(f * e) * np.sum(c * g * h) / n
            bottom = (1 - np.sum(g * e) / p) * (1 - np.sum(g * e) / n) - np.sum(f * e) * np.sum(g * h) / (n * p)
            assert_allclose(library[i, j], top / bottom, rtol=1e-9)
    re, im = missed(small, found)
    assert_allclose(re + 1j * im, kappas[:, None] / (lam + kappas[:, None]), rtol=1e-9)


def test_the_four_linear_equations_of_the_folded_box_make_the_ratio():
    """V_0 ... V_3 from the box's lines, as a 4 x 4 system at random numbers, against the ratio printed below them."""
    random = np.random.default_rng(0)
    for _ in range(5):
        n, p, noise = random.uniform(5, 20), random.uniform(5, 20), random.uniform(0, 1)
        lam, teacher = random.uniform(0.1, 2, 7), random.normal(size=7)
        k1, k2 = random.uniform(0.1, 1, 2) + 1j * random.uniform(0.1, 1, 2)
        f, h = k1 / (lam + k1), k2 / (lam + k2)
        g, e = 1 - f, 1 - h
        r1, s1 = 1 - np.sum(g) / p, 1 - np.sum(e) / p
        r3, s3 = 1 - np.sum(g) / n, 1 - np.sum(e) / n
        z = k1 * r1 * r3 * k2 * s1 * s3  # z z'
        system = np.eye(4, dtype=complex)  # of V_0 ... V_3
        system[0, 1] = -np.sum(lam * f * h * r3 * s3 * lam) / p / z
        system[0, 3] = -np.sum(lam * f * h) / n / z
        system[1, 0] = -r1 * s1
        system[2, 1] = -np.sum(f * h * lam) / p
        system[2, 3] = -np.sum(g * e) / (r3 * s3) / n
        system[3, 2] = -r3 * s3
        given = [(noise + np.sum(lam * f * h * teacher**2)) / z, 0, np.sum(g * e * teacher**2) / (r3 * s3), 0]
        s, x, x_swapped = np.sum(g * e), np.sum(f * e), np.sum(g * h)
        t, u = np.sum(lam * teacher**2 * f * h), np.sum(lam * teacher**2 * g * h)
        ratio = ((1 - s / n) * (t + noise) + x * u / n) / ((1 - s / p) * (1 - s / n) - x * x_swapped / (n * p))
        assert_allclose(z * np.linalg.solve(system, given)[0], ratio, rtol=1e-9)


def test_two_lines_of_the_folded_box_are_the_four_single_sites():
    """z v0 and v2, solved with the fields kept, satisfy the one-site lines at random numbers."""
    random = np.random.default_rng(1)
    lam, teacher, r1, r3, kappa = random.uniform(0.1, 2, 5)
    u2, u4 = random.normal(size=2)
    z, f = kappa * r1 * r3, kappa / (lam + kappa)
    v0 = f * (teacher - u4 - r3 * u2) / z
    v2 = f * u2 + (1 - f) / r3 * (teacher - u4)
    assert v2 == pytest.approx(u2 + lam * r1 * v0)
    assert z * v0 == pytest.approx(teacher - (u4 + r3 * v2))
