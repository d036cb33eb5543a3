"""The claims of "Feature learning changes the exponent"."""

import jax
import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable import Spectrum, fits
from solvable.linear_model import experiment, theory


def power_law(beta, modes):
    return Spectrum.power_law(a=1 + 1.5 * beta, b=1.5, modes=modes, binned=True)


def test_a_factor_on_easy_tasks_and_an_exponent_on_hard_ones():
    times, gain = np.logspace(1, 7, 25), {}
    for beta in (0.5, 1.5):
        task = power_law(beta, 1e12)
        rich = theory.feature_learning(task, times, richness=20.0).test
        gain[beta] = np.asarray(theory.gradient_flow(task, times).test / rich)
    assert np.ptp(np.log(gain[1.5][4:])) < 0.1
    assert gain[1.5][-1] > 3
    assert np.all(np.diff(gain[0.5]) > 0)
    assert gain[0.5][-1] > 5 * gain[0.5][0]


def test_the_exponents_of_the_figure():
    late = np.logspace(5, 7, 9)
    for beta in np.linspace(0.2, 1.6, 8):
        task = power_law(beta, 1e15)
        lazy, rich = (
            fits.power_law(late, theory.feature_learning(task, late, richness=g).test).exponent for g in (0.0, 20.0)
        )
        assert lazy == pytest.approx(beta, rel=0.02)
        assert rich == pytest.approx(max(beta, 2 * beta / (1 + beta)), rel=0.05 if abs(beta - 1) < 0.1 else 0.02)


def test_networks_of_the_figure():
    small, steps = Spectrum.power_law(a=1.6, b=1.3, modes=16), np.logspace(-1, 1.5, 11)
    falls = []
    for richness in (0.0, 3.0, 10.0):
        limit = theory.feature_learning(small, steps, richness=richness)
        runs = experiment.feature_learning(
            small, steps, richness=richness, hidden=256, key=jax.random.key(1), repeats=8
        )
        seen = np.asarray(limit.test) > 1e-4
        assert np.all((np.abs(limit.test - runs.test) <= 4 * runs.error("test") + 0.03 * runs.test)[seen])
        falls.append(steps[np.argmax(limit.test < 0.1)])
    assert falls[0] > falls[1] > falls[2]


def test_the_floor_is_where_it_was():
    task, times = Spectrum.power_law(a=1.375, b=1.5, modes=400), np.logspace(0, 5, 21)
    for sizes in ({"width": 50}, {"samples": 50}):
        many = {"key": jax.random.key(0), "repeats": 8, **sizes}
        lazy, rich = (experiment.feature_learning(task, times, richness=g, **many).test for g in (0.0, 6.0))
        assert_allclose(rich[-1], lazy[-1], rtol=1e-3)
        reach = [times[np.argmax(loss < 1.1 * lazy[-1])] for loss in (lazy, rich)]
        assert reach[0] > 5 * reach[1]


def test_a_budget_buys_more_and_is_better_spent_on_width():
    """The lower edge of the figure: steeper where no width is at its floor, and from wider networks."""
    task, times = Spectrum.power_law(a=1.375, b=1.5, modes=400), np.logspace(0, 5, 21)
    widths, budgets, edges, best = (8, 16, 32, 64, 128), np.logspace(2, 3.5, 7), {}, {}
    for richness in (0.0, 6.0):
        losses = []
        for width in widths:
            runs = experiment.feature_learning(
                task, times, richness=richness, width=width, key=jax.random.key(0), repeats=8
            )
            losses.append(np.exp(np.interp(np.log(budgets), np.log(width * times), np.log(runs.test), left=np.inf)))
        edges[richness], best[richness] = np.min(losses, axis=0), np.argmin(losses, axis=0)
    lazy, rich = (fits.power_law(budgets, edges[g]).exponent for g in (0.0, 6.0))
    assert rich > 1.3 * lazy
    assert (edges[6.0] < 0.9 * edges[0.0]).all()  # eight draws a width: their mean scatters by some per cent
    assert edges[6.0][-1] < 0.7 * edges[0.0][-1]
    assert (best[6.0] >= best[0.0]).all()
    assert (best[6.0] > best[0.0]).any()
    assert best[6.0][-1] < len(widths) - 1 or edges[6.0][-1] > 0.1  # not at the floor of the widest


def test_every_richness_gets_there():
    times = np.logspace(0, 6, 31)
    for beta, leaves in ((0.5, True), (1.5, False)):
        task = power_law(beta, 1e9)
        rich = theory.feature_learning(task, times, richness=0.1).test
        ratio = np.asarray(rich / theory.gradient_flow(task, times).test)
        assert ratio[5] > 0.98
        slope = -np.gradient(np.log(np.asarray(rich)), np.log(times))
        assert not leaves or (slope[5] < 0.51 and slope[-2] > 0.59)  # on its way from 1/2 to 2/3
        assert (ratio[-1] < 0.7) == leaves
        assert leaves or ratio[-1] > 0.97


@pytest.mark.parametrize(
    ("beta", "richness"),
    [(0.5, 3.0), *(pytest.param(*one, marks=pytest.mark.slow) for one in ((0.5, 0.1), (1.5, 3.0)))],
)
def test_networks_stand_on_the_lines_of_the_explorer(beta, richness):
    """Rich and lazy: 4 standard errors + 2 %: 48 modes on 512 neurons, and what rich ones would have learned beyond."""
    times, k = np.logspace(-1, 1, 7), np.arange(1.0, 49.0)
    task = power_law(beta, 1e6)
    power = task.task_power[0] * k ** -(1 + 1.5 * beta)
    first = Spectrum(task.eigenvalues[0] * k**-1.5, power)
    for gamma in (richness, 0.0):
        limit = theory.feature_learning(task, times, richness=gamma).test
        runs = experiment.feature_learning(first, times, richness=gamma, hidden=512, key=jax.random.key(0), repeats=16)
        mean = np.asarray(runs.test) + 1 - float(power.sum())
        assert np.all(np.abs(limit - mean) <= 4 * runs.error("test") + 0.02 * mean)


def test_networks_of_the_explorer_fall_short_of_the_line_by_one_over_their_width():
    """Easy task, t = 10: with 128 units more than a quarter above the line, with 512 some 5 % (4 standard errors)."""
    k, task = np.arange(1.0, 49.0), power_law(1.5, 1e6)
    power = task.task_power[0] * k**-3.25
    first, off = Spectrum(task.eigenvalues[0] * k**-1.5, power), []
    limit = theory.feature_learning(task, [10.0], richness=0.0).test[0]
    for hidden, repeats in ((128, 256), (512, 128)):
        runs = experiment.feature_learning(
            first, [10.0], richness=0.0, hidden=hidden, key=jax.random.key(5), repeats=repeats
        )
        mean = runs.test[0] + 1 - power.sum()
        assert runs.error("test")[0] < 0.03 * mean
        off.append(float(mean / limit - 1))
    assert off[0] == pytest.approx(0.27, abs=0.1)
    assert off[1] == pytest.approx(0.055, abs=0.055)
