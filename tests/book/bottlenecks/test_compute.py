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
    widths = np.geomspace(3, 1e4, 200)
    gap = {}
    for a in (2.0, 4.0):
        task = Spectrum.power_law(a=a, b=1.5, modes=1e5, binned=True)
        floor, time = theory.final_loss(task, width=widths).test, theory.gradient_flow(task, 1e5 / widths).test
        gap[a] = float(compute.frontier(task, [1e5]).loss[0] / floor[np.argmin(np.abs(np.log(floor / time)))])
    assert gap[2.0] < 2
    assert 4 < gap[4.0] < 6
