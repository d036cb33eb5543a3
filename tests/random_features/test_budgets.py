"""The frontier of the full theory: against single losses, and against the table over many decades."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable import random_features
from solvable.linear_model import theory
from solvable.random_features import phases
from solvable.random_features.phases import budgets as module

SHARP = {"ratio": 1.5, "learning_rate": 0.8}


def slopes(found):
    decades = np.log(found.compute[1] / found.compute[0])
    return -np.log(found.loss[1] / found.loss[0]) / decades, np.log(found.width[1] / found.width[0]) / decades


@pytest.mark.parametrize(("alpha", "beta", "batch"), [(1.0, 0.7, 1), (0.4, 0.8, 3)])
def test_the_frontier_is_the_lowest_of_many_losses(alpha, beta, batch):
    """At whole steps t, every one of them in a range around the best."""
    budget = 3e4
    found = phases.frontier(alpha, beta, [budget], ratio=4, batch_size=batch)
    centre = round(float(found.time[0]))
    steps = np.unique(np.round(np.geomspace(centre / 10, centre * 10, 81)).clip(8))

    def loss(step):
        width = budget / step
        spectrum = random_features.spectrum(alpha, beta, latent=np.inf if alpha > 0.5 else 4 * width)
        rate = 0.3 / (spectrum.counts @ spectrum.eigenvalues)
        return theory.sgd(spectrum, step[None], learning_rate=rate, batch_size=batch, width=width).test[0]

    losses = jax.jit(lambda: jax.lax.map(loss, jnp.asarray(steps)))()
    assert found.loss[0] < (1 + 1e-6) * losses.min()
    assert found.loss[0] > 0.98 * losses.min()
    assert found.width[0] * found.time[0] == pytest.approx(budget)


@pytest.mark.parametrize(
    ("alpha", "beta", "low", "settings", "off"),
    [
        (0.8, 0.25, 1e16, {}, 0.005),
        (0.4, 0.3, 1e16, {}, 0.005),
        pytest.param(0.75, 1.2, 1e16, {}, 0.005, marks=pytest.mark.slow),
        pytest.param(1.0, 0.7, 1e20, {}, 0.005, marks=pytest.mark.slow),
        pytest.param(0.2, 0.8, 1e28, {}, 0.005, marks=pytest.mark.slow),
        pytest.param(0.15, 1.0, 1e28, {}, 0.005, marks=pytest.mark.slow),
        pytest.param(0.4, 0.8, 1e20, SHARP, 0.005, marks=pytest.mark.slow),
        pytest.param(0.26, 1.5, 1e20, SHARP, 0.003, marks=pytest.mark.slow),
        pytest.param(0.27, 0.9, 1e36, SHARP, 0.01, marks=pytest.mark.slow),
    ],
)
def test_slopes_over_four_decades_are_those_of_the_table(alpha, beta, low, settings, off):
    loss, width = slopes(phases.frontier(alpha, beta, [low, 1e4 * low], **settings))
    known = phases.classify(alpha, beta)
    assert loss == pytest.approx(known.loss, rel=off)
    assert width == pytest.approx(known.width, rel=0.01)


@pytest.mark.slow
def test_near_the_corner_the_table_is_slow_to_come():
    losses = [slopes(phases.frontier(0.27, 0.9, [low, 1e4 * low], **SHARP))[0] for low in (1e16, 1e36)]
    off = np.array(losses) / phases.classify(0.27, 0.9).loss - 1
    assert 0.015 < off[0] < 0.03
    assert 0.004 < off[1] < 0.01
    plain = slopes(phases.frontier(0.27, 0.9, [1e16, 1e20]))[0]
    assert plain / phases.classify(0.27, 0.9).loss - 1 == pytest.approx(0.08, abs=0.01)


@pytest.mark.slow
def test_four_widths_a_decade_are_too_few():
    """Ic: the best width is a corner between two power laws, and no parabola."""
    alpha, beta, budgets = 0.15, 1.0, np.linspace(28, 30, 9) * np.log(10)
    known = phases.classify(alpha, beta).loss
    model = module._Model(*(jnp.asarray(x) for x in (alpha, beta, 10.0, 0.3, 1.0)))
    widths = np.arange(14.0, 18.51, 0.25) * np.log(10)
    table = np.log(np.asarray(module._table(model, jnp.asarray(budgets), jnp.asarray(widths), 66)[0]))
    best = table.argmin(axis=0)
    left, middle, right = (table[best + shift, np.arange(9)] for shift in (-1, 0, 1))
    loss = middle - (left - right) ** 2 / (8 * (left - 2 * middle + right))
    coarse = -np.gradient(loss, budgets)
    assert np.abs(coarse / known - 1).max() > 0.05
    fine = phases.frontier(alpha, beta, np.exp(budgets)).local_exponents().loss
    assert_allclose(fine, known, rtol=0.01)


def test_another_task_compiles_nothing():
    budgets = np.geomspace(1e4, 1e8, 5)
    first = phases.frontier(0.8, 0.25, budgets)
    counts = [one._cache_size() for one in (module._table, module._refined)]
    phases.frontier(0.8, 0.25, budgets[::-1], learning_rate=0.2)
    assert [one._cache_size() for one in (module._table, module._refined)] == counts
    again = phases.frontier(0.8, 0.25, budgets[::-1])
    assert_allclose(again.loss[::-1], first.loss, rtol=1e-12)
    local = first.local_exponents()
    assert_allclose(local.loss[2], -np.log(first.loss[3] / first.loss[1]) / np.log(100), rtol=1e-3)
    assert_allclose(again.local_exponents().width[::-1], local.width, rtol=1e-9)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"compute": [0.5]}, "compute must be >= 1 and at most 1e\\+40; got 0.5"),
        ({"compute": [np.nan]}, "compute must be >= 1"),
        ({"compute": [3.0]}, "compute must be above 8"),
        ({"ratio": 1.0}, "ratio must be > 1 and finite; got 1"),
        ({"learning_rate": 3.0}, "learning_rate must be below the stability limit"),
        ({"batch_size": 0}, "batch_size must be >= 1"),
        ({"beta": -0.4}, "beta must be > -0.3"),
    ],
)
def test_bad_input_is_named(settings, says):
    with pytest.raises(ValueError, match=says):
        phases.frontier(**{"alpha": 0.8, "beta": 0.25, "compute": [1e6]} | settings)


def test_a_frontier_of_one_budget_has_no_slope():
    with pytest.raises(ValueError, match="compute must have two different budgets"):
        phases.frontier(0.8, 0.25, [1e6]).local_exponents()
