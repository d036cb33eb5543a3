"""The claims of "Problems: a jump that dies, and chaos that begins"."""

import jax.numpy as jnp
import numpy as np
import pytest

from solvable.exercises.dmft_primer import problems
from solvable.primer import theory as networks
from solvable.spinglass import SphericalGlass, theory


def test_only_the_triples_of_the_first_figure_pause_and_let_go():
    """The slope against the logarithm of the lag: with pairs it slackens on and on, with triples it then grows."""
    lags, slopes = np.geomspace(0.4, 40, 12), {}
    for label, couplings, freezing in (("pairs", {2: 0.5}, 1.0), ("triples", {3: 0.5}, (3 / 8) ** 0.5)):
        solved = theory.flow(SphericalGlass(couplings, 1.04 * freezing), 100.0, 0.125)
        c = np.asarray(solved.correlation[-1])[::-1]
        left = np.interp(lags, 0.125 * np.arange(len(c)), c)
        slopes[label] = -np.gradient(left, np.log(lags))
    assert np.all(np.diff(slopes["pairs"][lags > 1]) < 0)
    pause = slopes["triples"].argmin()
    assert left[pause] == pytest.approx(0.6, abs=0.05)
    assert slopes["triples"][-1] > 1.5 * slopes["triples"][pause]


@pytest.mark.parametrize("temperature", [1.2])
def test_one_time_is_enough_in_equilibrium(temperature):
    """Against the two-time equations at age 20, to 0.5 %: both steps are extrapolated."""
    ends = []
    for step in (0.1, 0.05):
        c = jnp.asarray(theory.flow(SphericalGlass({2: 0.2, 3: 0.6}, temperature), 20.0, step).correlation[-1])[::-1]
        ends.append([float(c[round(lag / step)]) for lag in (1, 2, 4)])
    flow = (4 * np.array(ends[1]) - ends[0]) / 3
    lags = [problems._falls(0.2, 0.6, temperature, level) for level in flow]
    assert lags == pytest.approx([1, 2, 4], rel=5e-3)


def test_the_pause_is_five_times_shorter_at_a_higher_temperature():
    times = [problems._falls(0.2, 0.6, temperature, 0.2) for temperature in (0.87, 0.95)]
    assert times[0] / times[1] == pytest.approx(5, rel=0.1)
    assert problems._jump(0.2, 0.6)[1] * 1.06 == pytest.approx(0.87, rel=2e-3)


def test_the_law_of_the_onset_is_a_limit():
    """Half at g = 1.3, a third too large at 1.1; and the variance tends to g - 1."""
    found = {gain: networks.tanh_network(gain, [0.0]) for gain in (1.01, 1.1, 1.3)}
    share = {gain: float(one.lyapunov) / ((gain - 1) ** 2 / 2) for gain, one in found.items()}
    assert share[1.3] == pytest.approx(0.5, rel=0.01)
    assert 1 / share[1.1] == pytest.approx(4 / 3, rel=0.02)
    assert 0.95 < share[1.01] < 1
    assert float(found[1.01].variance) == pytest.approx(0.01, rel=0.02)
