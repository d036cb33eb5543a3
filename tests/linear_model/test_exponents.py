"""Exponents, as local slopes of the full theory far out: N, P >= 3,000 and a billion modes or more."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable import Spectrum
from solvable.linear_model import compute, theory

inf = np.inf
SIZES = np.geomspace(3000, 48_000, 5)


def power_law(a, b, modes=1e12):
    return Spectrum.power_law(a=a, b=b, modes=modes, binned=True)


def slope(x, y):
    """Minus the local slope, at every point."""
    return -np.gradient(np.log(np.asarray(y)), np.log(x))


@pytest.mark.parametrize(("a", "b"), [(1.5, 1.25), (1.8, 1.4), (3.5, 1.5)])
def test_time(a, b):
    times = np.logspace(4, 7, 7)
    loss = theory.gradient_flow(power_law(a, b), times).test
    assert_allclose(slope(times, loss), (a - 1) / b, rtol=0.02)


@pytest.mark.parametrize(("a", "b"), [(1.5, 1.25), (3.5, 1.5), (5.0, 1.5)], ids=["hard", "easy", "very easy"])
def test_data_and_width(a, b):
    """P^-min(a-1, 2b), N^-min(a-1, b) for one model, and N^-min(a-1, 2b) for an endless ensemble of them."""
    spectrum = power_law(a, b)
    data = theory.final_loss(spectrum, samples=SIZES).test
    width = theory.final_loss(spectrum, width=SIZES).test
    assert_allclose(slope(SIZES, data), min(a - 1, 2 * b), rtol=0.02)
    assert_allclose(slope(SIZES, width), min(a - 1, b), rtol=0.02)
    late = [1e3 * SIZES[-1] ** b]
    bias = [theory.ensemble(spectrum, late, inits=inf, width=n).test[0] for n in SIZES]
    assert_allclose(slope(SIZES, bias), min(a - 1, 2 * b), rtol=0.02)


@pytest.mark.parametrize(
    ("a", "b"),
    [(2.0, 1.5), (3.5, 1.5), pytest.param(4.5, 1.5, marks=pytest.mark.slow)],
    ids=["hard", "easy", "very easy"],
)
def test_compute(a, b):
    """Both regimes of the frontier, where the best width is above 3,000."""
    budgets = np.logspace(11, 13, 5)
    best = compute.frontier(power_law(a, b), budgets)
    claimed = compute.exponents(a=a, b=b)
    assert np.all(np.asarray(best.width) >= 3000)
    assert_allclose(slope(budgets, best.loss), claimed.loss, rtol=0.02)
    assert_allclose(-slope(budgets, best.width), claimed.width, rtol=0.02)
    if a - 1 > b:  # the article's exponent, N^-min(a-1, 2b) against time, is not the one found
        floor = min(a - 1, 2 * b)
        assert floor * (a - 1) / (b * floor + a - 1) > 1.1 * claimed.loss


@pytest.mark.parametrize("beta", [0.25, 0.5, 0.75])
def test_rich_and_lazy(beta):
    """Hard tasks: lazy t^-beta, rich t^-2 beta / (1 + beta)."""
    spectrum = power_law(1 + 1.5 * beta, 1.5, modes=1e15)
    times = np.logspace(5, 7, 5)
    lazy = theory.feature_learning(spectrum, times, richness=0.0).test
    rich = theory.feature_learning(spectrum, times, richness=20.0).test
    assert_allclose(slope(times, lazy), beta, rtol=0.02)
    assert_allclose(slope(times, rich), 2 * beta / (1 + beta), rtol=0.02)


def test_rich_buys_no_exponent_on_easy_tasks():
    spectrum = power_law(1 + 1.5 * 1.5, 1.5)
    times = np.logspace(5, 7, 5)
    rich = theory.feature_learning(spectrum, times, richness=20.0).test
    assert_allclose(slope(times, rich), 1.5, rtol=0.02)
    assert np.all(rich < theory.gradient_flow(spectrum, times).test)  # but a factor
