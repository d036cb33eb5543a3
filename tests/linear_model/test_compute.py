"""The compute frontier: against a search, against trained students, and what cannot be asked."""

import jax
import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import minimize_scalar

from solvable import Spectrum
from solvable.linear_model import compute, experiment, theory


@pytest.fixture(scope="module")
def spectrum():
    return Spectrum.power_law(a=1.8, b=1.4, modes=1e6, binned=True)


def test_the_frontier_is_the_minimum(spectrum):
    """SciPy's search over the same theory: the loss to 1e-4, the width to 1 %."""
    budgets = np.array([3e4, 1e6])
    best = compute.frontier(spectrum, budgets)
    for index, budget in enumerate(budgets):

        def loss(log_width, budget=budget):
            width = np.exp(log_width)
            return float(theory.gradient_flow(spectrum, np.array([budget / width]), width=width).test[0])

        found = minimize_scalar(loss, bounds=np.log([2, 5000]), options={"xatol": 1e-5})
        assert_allclose(best.loss[index], found.fun, rtol=1e-4)
        assert_allclose(best.width[index], np.exp(found.x), rtol=0.01)
    assert_allclose(best.width * best.time, budgets, rtol=1e-12)


@pytest.mark.slow
def test_trained_students_touch_the_frontier():
    """Students of five widths, 300 of each: their envelope lies on the theory's frontier, 3 standard errors + 2 %."""
    spectrum, budgets = Spectrum.power_law(a=1.8, b=1.4, modes=1000), np.logspace(3.5, 4.5, 3)
    best = compute.frontier(spectrum, budgets)
    widths = [32, 48, 72, 108, 162]
    key, times = jax.random.key(4), np.logspace(1, 3.5, 26)
    runs = [experiment.gradient_flow(spectrum, times, width=n, key=key, repeats=300) for n in widths]
    measured = compute.envelope(runs, budgets)
    error = max(float(np.max(run.error("test") / run.test)) for run in runs)
    assert error < 0.012
    assert np.all(measured.loss >= best.loss * (1 - 3 * error))
    assert np.all(measured.loss <= best.loss * (1.02 + 3 * error))
    assert np.all(np.abs(np.log(measured.width / best.width)) < np.log(2))


def test_the_two_regimes_meet():
    hard, easy = (compute.exponents(a=2.5 + shift, b=1.5) for shift in (-1e-9, 1e-9))
    assert_allclose(hard, easy, rtol=1e-8)
    for a, b in ((1.5, 1.25), (2.0, 1.0), (4.0, 1.2)):
        loss, width, time = compute.exponents(a=a, b=b)
        assert_allclose(width + time, 1)
        assert_allclose(loss, time * (a - 1) / b)  # along the frontier the loss is that of the time alone


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda s: compute.frontier(s, [1.0]), "compute must be > .*; got 1.0"),
        (lambda s: compute.frontier(s, 1e5), "compute must be a list of budgets"),
        (lambda s: compute.frontier(s, [4.0]), "compute must have its best width between 1 and C; got 4, too small"),
        (
            lambda s: compute.frontier(Spectrum.power_law(a=2, b=1, modes=10), [1e6]),
            "compute must leave a loss above 1e-11, where rounding begins; got 1e",
        ),
        (lambda s: compute.frontier(s, [1e5], samples=0), "samples must be >= 1"),
        (lambda s: jax.jit(lambda c: compute.frontier(s, c))(np.array([1e5])), "compute must be known numbers"),
        (lambda s: compute.exponents(a=1.0, b=1.2), "a must be > 1 and finite; got 1.0"),
        (lambda s: compute.exponents(a=2.0, b=0.9), "b must be >= 1 and finite; got 0.9"),
        (
            lambda s: compute.envelope([theory.gradient_flow(s, [1.0, 10.0], width=10)], [1e5]),
            "compute must lie within the curves; got 100000",
        ),
    ],
)
def test_bad_input(spectrum, call, message):
    with pytest.raises(ValueError, match=message):
        call(spectrum)
