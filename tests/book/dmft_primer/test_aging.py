"""What "An exact solution, and aging" says, at its own parameters."""

import re
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

from solvable import figures
from solvable.spinglass import SphericalGlass, aging, exact

PAGE = Path(__file__).parents[3] / "book" / "dmft_primer" / "aging.md"


@pytest.fixture(scope="module")
def page():
    """The cells that watch samples mode by mode, and four samples."""
    space = {"np": np, "jnp": jnp, "figures": figures, "exact": exact, "random": np.random.default_rng(0)}
    text = PAGE.read_text()
    rates = re.search(r"def growth_rates.*?\n\n\n", text, re.S)[0]
    step, watched = (
        next(c for c in re.findall(r"```{code-cell} ipython3\n(.*?)```", text, re.S) if f"def {name}(" in c)
        for name in ("step", "watched")
    )
    for cell in (rates, step, watched.replace(":tags: [hide-input]", "").split("figures.explore(")[0]):
        exec(cell, space)
    space["samples"] = {1000: [space["growth_rates"](1000) for _ in range(4)]}
    return space


@pytest.mark.parametrize("temperature", [0.5, *(pytest.param(t, marks=pytest.mark.slow) for t in (0.0, 0.9))])
@pytest.mark.parametrize("age", [10.0, *(pytest.param(a, marks=pytest.mark.slow) for a in (1.0, 30.0))])
def test_samples_stand_on_the_lines_of_the_explorer(page, temperature, age):
    """Within 4 standard errors + 4 / N: the mean is off by O(1 / N), and steps of 2 % of the time by less."""
    found = page["watched"](temperature, age)["exact"]
    limit = exact.two_spin(np.append(age, age + found.x), temperature=temperature).correlation[1:, 0]
    assert np.all(np.abs(found.y - limit) <= 4 * (found.high - found.y) + 4 / 1000)


def test_large_samples_stay_on_three_eighths_over_t_longer_than_small_ones(page):
    """The first figure, as multiples of 3 / (8 t): the small ones leave it first."""
    random, multiple = np.random.default_rng(0), {}
    for size, every in ((1000, page["samples"][1000]), (50, [page["growth_rates"](50) for _ in range(40)])):
        above = []
        for mu in every:
            power = random.normal(size=(20, size)) ** 2  # of as many starts
            power = power[:, None] * np.exp(2 * (mu - mu[-1]) * np.array([3.0, 10.0, 100.0])[:, None])
            above.append(np.mean(power @ (mu[-1] - mu) / power.sum(axis=2) / 2, axis=0))
        multiple[size] = np.mean(above, axis=0) * [3, 10, 100] / (3 / 8)
    assert multiple[1000][0] == pytest.approx(1, abs=0.2)
    assert multiple[50][1] < 0.7 * multiple[1000][1]
    assert multiple[50][2] < 0.1


@pytest.mark.parametrize("temperature", [0.0, 0.4, 0.8])
def test_three_eighths_over_t_at_every_temperature(temperature):
    late = exact.two_spin([0.0, 1e4], temperature=temperature).energy[1] + 1 - temperature / 2
    assert late * 1e4 == pytest.approx(3 / 8, rel=2e-3)


def test_all_ages_reach_the_plateau_and_leave_it_with_their_age():
    lags, ages, left = np.logspace(-1, 6, 71), (10, 100, 1000, 10_000), []
    for age in ages:
        c = np.asarray(exact.two_spin(np.append(age, age + lags), temperature=0.5).correlation[1:, 0])
        left.append(np.exp(np.interp(-0.25, -c, np.log(lags))))
    assert np.all(np.abs(np.array(left) / ages / 6.95 - 1) < [0.25, 0.1, 0.04, 0.02])


def test_a_glass_a_thousand_times_older_falls_alike_and_then_rests_a_thousand_times_longer():
    """The guess: curves of age 10 and 10,000, and the others between them."""
    lags, curves = np.logspace(-1, 6, 71), {}
    for age in (10, 100, 1000, 10_000):
        curves[age] = np.asarray(exact.two_spin(np.append(age, age + lags), temperature=0.5).correlation[1:, 0])
    old, young = curves[10_000], curves[10]
    fall = lags <= 1
    assert np.abs(old - young)[fall].max() < 0.02
    assert old[fall].min() < 0.8
    rest = (lags >= 30) & (lags <= 3000)
    assert np.all(np.abs(old - 0.5)[rest] < 0.06)
    left = [np.exp(np.interp(-0.25, -one, np.log(lags))) for one in (young, old)]
    assert left[1] / left[0] == pytest.approx(1000, rel=0.25)
    assert np.all(np.diff([curves[age][lags > 10] for age in sorted(curves)], axis=0) > 0)
    assert np.interp(np.log(10), np.log(lags), young) == pytest.approx(0.5, abs=0.02)
    assert young[np.argmin(np.abs(lags - 1e4))] < 0.02


def test_the_limit_is_approached_as_the_root_of_the_age():
    off = []
    for age in (10_000.0, 1e6):
        c = float(exact.two_spin([age, 2 * age], temperature=0.5).correlation[1, 0])
        off.append(c - 0.5 * (2 * 2**0.5 / 3) ** 1.5)
    assert off[0] / off[1] == pytest.approx(10, rel=0.05)
    cold = exact.two_spin([10.0, 20.0], temperature=0.0).correlation[1, 0]
    assert cold == pytest.approx((2 * 2**0.5 / 3) ** 1.5, rel=1e-3)


@pytest.mark.parametrize("age", [10.0, 100.0, 1000.0])
def test_the_theorem_holds_on_the_fast_clock_only(age):
    times = np.append(0.0, age - np.append(np.geomspace(age * 0.999, 1e-3, 120), 0.0))
    solved = exact.two_spin(times, temperature=0.5)
    c, r = np.asarray(solved.correlation[-1]), np.asarray(solved.response[-1])
    chi = 0.5 * np.append(np.cumsum((np.diff(times) * (r[1:] + r[:-1]) / 2)[::-1])[::-1], 0.0)
    fast, slow = 1 - c < 0.2, 1 - c > 0.9
    assert np.all(np.abs(chi - (1 - c))[fast] < 0.02)
    assert 0.45 < chi[slow].max() < 0.6


@pytest.mark.parametrize("until", [1e4, pytest.param(1e6, marks=pytest.mark.slow)])
def test_the_solver_is_right_about_its_error(until):
    """The page's figure: what it states bounds what it makes; and its rows are about twenty a decade."""
    solved = aging.flow(SphericalGlass({2: 0.5}, 0.5), until)
    ages = np.asarray(solved.shown[-20:])
    half = [exact.two_spin([t / 2, t], temperature=0.5).correlation[1, 0] for t in ages]
    stated = solved.correlation_error[-20:, len(solved.fractions) // 2]
    off = np.abs(solved.at(ages, ages / 2).correlation - np.array(half))
    assert np.mean(off <= stated) >= 0.95
    assert off.max() < 1e-4
    assert 15 < len(solved.times) / np.log10(until / 1e-3) < 25
