"""The claims of "How finite width builds up"."""

import jax
import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable import Spectrum, fits
from solvable.linear_model import experiment, theory

WIDTHS = np.geomspace(16, 8192, 10)


@pytest.fixture(scope="module")
def spectrum():
    return Spectrum.power_law(a=1.5, b=1.25, modes=1e9, binned=True)


def excess(spectrum, times):
    free = theory.gradient_flow(spectrum, times).test
    return np.array([theory.gradient_flow(spectrum, times, width=n).test for n in WIDTHS]) - free


def test_the_three_times_of_the_figure(spectrum):
    times = [1.0, 300.0, 1e6]
    early, middle, late = excess(spectrum, times).T
    first = theory.first_order(spectrum, times).width
    assert_allclose(early, first[0] / WIDTHS, rtol=0.05)
    assert middle[0] < 0.6 * first[1] / WIDTHS[0]
    assert middle[-1] > 0.95 * first[1] / WIDTHS[-1]
    assert late[-1] < 0.75 * first[2] / WIDTHS[-1]
    assert fits.power_law(WIDTHS, late, between=(16, 1024)).exponent == pytest.approx(0.5, abs=0.02)


def test_the_exponent_slides_and_width_postpones_it(spectrum):
    times = np.logspace(-1, 7, 41)
    table = excess(spectrum, times)
    half, ends = [], []
    for low, high in ((16, 128), (128, 1024), (1024, 8192)):
        slide = np.array([fits.power_law(WIDTHS, one, between=(low, high)).exponent for one in table.T])
        assert slide[0] > 0.99
        assert slide[-1] < 0.6
        assert np.all(np.diff(slide) < 0)
        half.append(np.exp(np.interp(-0.75, -slide, np.log(times))))
        ends.append(slide[-1])
    assert half[1] / half[0] == pytest.approx(20, abs=1.5)
    assert half[2] / half[1] == pytest.approx(15, abs=1.0)
    assert ends[0] < 0.47  # small widths overshoot one half
    assert ends[1] == pytest.approx(0.5, abs=0.01)
    assert ends[2] > 0.515  # still on its way


def test_the_correction_grows_before_its_exponent_moves(spectrum):
    times = [1.0, 10.0, 46.0]
    table = excess(spectrum, times)
    share = table[3] / theory.gradient_flow(spectrum, times).test  # N = 128
    assert_allclose(share, [0.0015, 0.052, 0.206], rtol=0.05)
    for column in table.T:
        assert fits.power_law(WIDTHS, column, between=(128, 1024)).exponent > 0.98


@pytest.mark.slow
def test_the_amplitude_is_a_fifth_off_early_and_right_late():
    small, times = Spectrum.power_law(a=1.5, b=1.25, modes=40), [1.0, 10.0, 100.0, 1e5]
    free = theory.gradient_flow(small, times).test
    for width in (16, 32):
        limit = theory.gradient_flow(small, times, width=width).test - free
        runs = experiment.gradient_flow(small, times, width=width, key=jax.random.key(width), repeats=20_000)
        ratio, error = (runs.test - free) / limit, runs.error("test") / limit
        assert ratio[0] < 1.29 + 3 * error[0]
        assert ratio[0] - 1 > 3 * error[0]
        assert ratio[3] == pytest.approx(1.02 if width == 16 else 1.01, abs=0.01)


@pytest.mark.parametrize(("width", "low"), [(16, 0.17), (64, 0.195)])
def test_at_time_one_the_theory_is_a_fifth_too_low_and_more_width_does_not_help(width, low):
    """3,000 students, each less its first order in M - 1, whose mean is zero: that takes most of the scatter away."""
    small = Spectrum.power_law(a=1.5, b=1.25, modes=40)
    lam, c = np.asarray(small.eigenvalues), np.asarray(small.task_power)
    features = np.random.default_rng(0).standard_normal((3000, width, 40))
    off = np.einsum("rnk,rnl->rkl", features, features) / width - np.eye(40)

    def loss(share):
        left = term = np.broadcast_to(np.sqrt(c / lam), (3000, 40))
        for order in range(1, 14):  # of exp(-M Lambda t) at t = 1
            push = lam * term
            term = -(push + share * np.einsum("rkl,rl->rk", off, push)) / order
            left = left + term
        return left**2 @ lam

    cost = loss(1.0) - (loss(1e-4) - loss(-1e-4)) / 2e-4 - loss(0.0)[0]
    free, limit = (theory.gradient_flow(small, [1.0], width=n).test[0] for n in (np.inf, width))
    assert 1 - float(limit - free) / cost.mean() == pytest.approx(low, abs=0.03)
    assert cost.std() / 3000**0.5 < 0.02 * cost.mean()


def test_the_exact_coefficient():
    small = Spectrum.power_law(a=1.5, b=1.25, modes=40)
    lam, c = small.eigenvalues, small.task_power
    ratio = np.sum(lam * c * (lam.sum() + lam)) / np.sum(lam * c * lam.sum())
    assert ratio == pytest.approx(1.29, abs=0.01)
    assert ratio - 1 < lam[0] / lam.sum()


@pytest.mark.parametrize(("a", "b"), [(1.3, 1.1), (1.5, 1.25), (3.3, 2.0)])
def test_early_it_is_one_over_n_whatever_the_task(a, b):
    task = Spectrum.power_law(a=a, b=b, modes=1e5, binned=True)
    assert fits.power_law(WIDTHS, excess(task, [1.0])[:, 0]).exponent == pytest.approx(1, abs=0.02)


def test_on_an_easy_task_width_pays_more_late():
    task = Spectrum.power_law(a=3.3, b=1.5, modes=1e5, binned=True)
    assert fits.power_law(WIDTHS, excess(task, [1e6])[:, 0], between=(16, 128)).exponent > 1.3


def test_early_corrections_miss_one_eigenvalue_beside_the_trace():
    """t^2 coefficient of N (L_N - L_inf): 2 sum lambda c tr(Lambda) in theory; truly lambda_k is added to the trace."""
    spectrum = Spectrum.power_law(a=1.8, b=1.4, modes=400)
    lam, c = np.asarray(spectrum.eigenvalues), np.asarray(spectrum.task_power)
    t, width = 1e-3, 50
    early = (theory.gradient_flow(spectrum, [t], width=width).test - theory.gradient_flow(spectrum, [t]).test)[0]
    trace, exact = 2 * np.sum(lam * c) * lam.sum(), 2 * np.sum(lam * c * (lam.sum() + lam))
    assert_allclose(early * width / t**2, trace, rtol=0.01)
    assert 0.1 < exact / trace - 1 < lam[0] / lam.sum()
    # brute force for the exact one: averages over A of d^2 L / dt^2 at t = 0 (narrow students, where it is largest)
    a = np.random.default_rng(0).standard_normal((20_000, 2, lam.size)) / np.sqrt(2)

    def kernel(v):  # M Lambda v for every draw
        return np.einsum("rnk,rn->rk", a, np.einsum("rnk,rk->rn", a, lam * v))

    v = np.broadcast_to(np.sqrt(c / lam), (len(a), lam.size))
    once = kernel(v)
    second = 2 * (once**2) @ lam + 2 * np.sum(lam * v * kernel(once), axis=1)
    draws = 2 * (second - 4 * np.sum(lam**2 * c)) / 2  # N (L'' - L''_inf) / 2 with N = 2
    error = np.std(draws) / np.sqrt(len(draws))
    assert abs(np.mean(draws) - exact) < 3 * error
    assert abs(np.mean(draws) - trace) > 6 * error


@pytest.mark.parametrize("width", [12, *(pytest.param(n, marks=pytest.mark.slow) for n in (24, 48, 96))])
def test_students_of_the_first_figure_cost_what_the_theory_says(width):
    """Early and late, 150 students: within 4 standard errors + 10 % of the cost, lambda_1 beside the trace."""
    task, times = Spectrum.power_law(a=1.5, b=1.25, modes=1000), [10.0, 1e5]
    free = theory.gradient_flow(task, times).test
    limit = theory.gradient_flow(task, times, width=width).test - free
    runs = experiment.gradient_flow(task, times, width=width, key=jax.random.key(width), repeats=150)
    assert np.all(np.abs(runs.test - free - limit) <= 4 * runs.error("test") + 0.1 * limit)


def test_the_same_students_have_two_exponents():
    task, widths = Spectrum.power_law(a=1.5, b=1.25, modes=1000), np.array([12, 24, 48, 96])
    free = theory.gradient_flow(task, [10.0, 1e5]).test
    cost = np.array([theory.gradient_flow(task, [10.0, 1e5], width=n).test for n in widths]) - free
    early, late = (fits.power_law(widths, one).exponent for one in cost.T)
    assert early == pytest.approx(1, abs=0.1)
    assert late == pytest.approx(0.5, abs=0.1)  # a thousand modes end, and that steepens it
    assert np.all(cost[:, 1] > cost[:, 0])


@pytest.mark.parametrize(
    ("time", "a"),
    [(100.0, 1.5), *(pytest.param(*x, marks=pytest.mark.slow) for x in ((1e4, 1.5), (100.0, 3.3), (1e4, 3.3)))],
)
def test_students_stand_on_the_line_of_the_explorer(time, a):
    """32 students of three widths: within 4 standard errors + 1/N, the size of the corrections to a cost."""
    task, thin = (Spectrum.power_law(a=a, b=1.25, modes=2000, binned=binned) for binned in (False, True))
    free = theory.gradient_flow(thin, [time]).test
    for width in (12, 40, 120):
        limit = theory.gradient_flow(thin, [time], width=width).test - free
        runs = experiment.gradient_flow(task, [time], width=width, key=jax.random.key(0), repeats=32)
        assert np.all(np.abs(runs.test - free - limit) <= 4 * runs.error("test") + limit / width)


def test_turning_the_knobs_of_the_explorer():
    """At t = 1 the slope is 1 for every a; late it is min(a - 1, b), and steeper than 1 on an easy task."""
    widths = np.logspace(1, 2.4, 9)
    for a, late in ((1.3, 0.3), (1.5, 0.5), (3.3, 1.25)):
        task = Spectrum.power_law(a=a, b=1.25, modes=2000, binned=True)
        for time, slope, off in ((1.0, 1, 0.05), (1e6, late, 0.15)):  # 2,000 modes end: steeper
            free = theory.gradient_flow(task, [time]).test
            cost = [float((theory.gradient_flow(task, [time], width=n).test - free)[0]) for n in widths]
            assert fits.power_law(widths, cost).exponent == pytest.approx(slope, abs=off)
