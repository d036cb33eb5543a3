"""The claims of "Where to spend compute"."""

import jax
import numpy as np
import pytest

from solvable import Spectrum, fits
from solvable.linear_model import compute, experiment, theory


@pytest.mark.slow
def test_the_figure_of_the_frontier():
    """Students over theory; the frontier lies below every curve and touches it before it levels off."""
    task, times = Spectrum.power_law(a=2, b=1, modes=2000), np.logspace(0, 4, 25)
    binned = Spectrum.power_law(a=2, b=1, modes=2000, binned=True)
    for width in (16, 64, 256):
        limit = theory.gradient_flow(task, times, width=width)
        runs = experiment.gradient_flow(task, times, width=width, key=jax.random.key(width), repeats=12)
        assert np.all(np.abs(limit.test - runs.test) <= 4 * runs.error("test") + 0.02 * runs.test)
        inside = (width * times > 50) & (width * times < 1e6)
        best = compute.frontier(binned, width * times[inside]).loss
        ratio = np.asarray(limit.test)[inside] / best
        assert ratio.min() > 0.999
        assert ratio.min() < 1.02
        touches = np.asarray(limit.test)[inside][ratio.argmin()]
        assert touches > 1.15 * limit.test[-1]


def test_each_width_of_the_first_figure_is_the_best_somewhere():
    """Where all three have been trained: the narrow one first, the wide one last."""
    task, budgets = Spectrum.power_law(a=2, b=1, modes=2000), np.logspace(np.log10(256), np.log10(160_000), 12)
    losses = [theory.gradient_flow(task, budgets / width, width=width).test for width in (16, 64, 256)]
    best = np.argmin(losses, axis=0)
    assert np.all(np.diff(best) >= 0)
    assert set(best) == {0, 1, 2}


@pytest.mark.parametrize("a", [2.0, *(pytest.param(a, marks=pytest.mark.slow) for a in (1.5, 4.0))])
def test_students_stand_on_the_split_of_the_explorer(a):
    """C = 1e4 in three ways, 16 students each: within 4 standard errors + 1/N, the size of the corrections."""
    task, thin = (Spectrum.power_law(a=a, b=1.5, modes=3000, binned=binned) for binned in (False, True))
    for width in (5, 25, 125):
        limit = theory.gradient_flow(thin, [1e4 / width], width=width).test
        runs = experiment.gradient_flow(task, [1e4 / width], width=width, key=jax.random.key(0), repeats=16)
        assert np.all(np.abs(runs.test - limit) <= 4 * runs.error("test") + limit / width)


@pytest.fixture(scope="module")
def fronts():
    budgets, found = np.logspace(4, 11, 15), {}
    for a, b in ((1.5, 1.25), (3.5, 1.5)):
        found[a, b] = compute.frontier(Spectrum.power_law(a=a, b=b, modes=1e9, binned=True), budgets)
    return found


def test_the_article_is_right_on_hard_tasks_and_wrong_on_easy_ones(fronts):
    for (a, b), front in fronts.items():
        measured = fits.power_law(front.compute[7:], front.loss[7:]).exponent
        article, mended = (m * (a - 1) / (b * m + a - 1) for m in (min(a - 1, 2 * b), min(a - 1, b)))
        assert measured == pytest.approx(compute.exponents(a=a, b=b).loss, rel=0.01)
        if a - 1 > b:
            assert article > 1.3 * measured
            assert mended > 1.08 * measured
        else:
            assert article == pytest.approx(measured, rel=0.01)


def test_the_best_split_has_not_converged(fronts):
    left = {}
    for (a, b), front in fronts.items():
        task = Spectrum.power_law(a=a, b=b, modes=1e9, binned=True)
        left[a] = np.asarray(theory.final_loss(task, width=front.width).test / front.loss)
    assert np.all((left[1.5] > 0.75) & (left[1.5] < 0.82))
    assert np.all(np.diff(left[3.5]) < 0)
    assert left[3.5][-1] < 0.05


def test_on_a_hard_task_the_third_term_is_as_large_as_the_others():
    task, times = Spectrum.power_law(a=1.5, b=1.25, modes=1e12, binned=True), np.logspace(4, 7, 7)
    first = theory.first_order(task, times).width
    assert fits.power_law(times, first).exponent == pytest.approx((1.5 - 2) / 1.25, rel=0.03)


def test_the_third_term_falls_as_it_should():
    task = Spectrum.power_law(a=4.5, b=1.5, modes=1e9, binned=True)
    times = np.logspace(4, 6, 9)
    assert fits.power_law(times, theory.first_order(task, times).width).exponent == pytest.approx(1 - 1 / 1.5, rel=0.02)


@pytest.mark.slow
def test_turning_a_to_four_lets_the_crossing_fall_away():
    widths = np.geomspace(3, 3000, 200)
    gap = {}
    for a in (2.0, 4.0):
        task = Spectrum.power_law(a=a, b=1.5, modes=3000, binned=True)
        floor, time = theory.final_loss(task, width=widths).test, theory.gradient_flow(task, 1e4 / widths).test
        gap[a] = float(compute.frontier(task, [1e4]).loss[0] / floor[np.argmin(np.abs(np.log(floor / time)))])
    assert gap[2.0] < 2
    assert 4 < gap[4.0] < 6


@pytest.mark.parametrize(("a", "b", "third"), [(1.5, 1.25, (1.5 - 2) / 1.25), (4.5, 1.5, 1 - 1 / 1.5)])
def test_the_table_of_three_terms_gives_the_exponents(a, b, third):
    """t = N^x makes two lines equal, the first and the larger of the others; C = N t then gives the three exponents."""
    first, floor = (a - 1) / b, min(a - 1, b)
    # N^-y of a line that is N^-p t^-q is y = p + q x; the others are equal to the first at these x
    meets = {"in the end": floor / first, "before": 1 / (first - third)}
    x = min(meets.values())  # the width where the larger of the others is met, at any time
    if a - 1 < b:
        assert meets["before"] == pytest.approx(meets["in the end"])  # all three at t = N^b
    wanted = compute.exponents(a=a, b=b)
    assert wanted.width == pytest.approx(1 / (1 + x))
    assert wanted.time == pytest.approx(x / (1 + x))
    assert wanted.loss == pytest.approx(first * x / (1 + x))
