"""What "An exact solution, and aging" says, at its own parameters."""

import numpy as np
import pytest

from solvable.spinglass import exact


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
