"""What "Beyond glasses" says, at its own parameters."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from solvable.primer import exact as closed
from solvable.primer import experiment as finite
from solvable.primer import theory as primer


def test_activity_falls_before_it_grows():
    values = np.diag(closed.linear_network(np.linspace(0, 6, 25), gain=1.5).values)
    assert values.min() < 0.8
    assert values[-1] > 1.0
    for gain in (0.5, 1.0, 1.5):  # "at first at the same rate 2"
        start = np.diag(closed.linear_network([0.0, 1e-3], gain=gain).values)
        assert np.log(start[1] / start[0]) / 1e-3 == pytest.approx(-2, abs=5e-3)


def test_the_network_of_the_figure():
    lags = np.arange(0, 10.1, 0.2)
    limit = primer.tanh_network(3.0, lags)
    key = jax.random.key(0)
    runs = finite.tanh_network(3.0, lags, size=800, time=40, burn_in=10, key=key, repeats=2)
    assert np.max(np.abs(runs.correlation - limit.correlation)) < 0.1 * limit.variance
    assert runs.lyapunov == pytest.approx(float(limit.lyapunov), abs=0.04)
    assert abs(limit.zero_mode) < 1e-10
    assert limit.variance == pytest.approx(5.4, abs=0.05)


def test_memory_grows_towards_the_edge_of_chaos():
    lags = jnp.linspace(0, 20, 61)
    shares = [primer.tanh_network(g, lags).correlation for g in (1.05, 1.5, 4.0)]
    halves = [float(lags[jnp.argmax(x < 0.5 * x[0])]) if x[-1] < 0.5 * x[0] else 99.0 for x in shares]
    assert halves[0] > halves[1] > halves[2]
    for gain in (1.05, 1.5, 4.0):  # "far below g - 1"
        assert 0 < primer.tanh_network(gain, [0.0]).lyapunov < 0.15 * (gain - 1)


def test_test_loss_turns_and_train_loss_does_not():
    solved = primer.regression(200, learning_rate=0.1, aspect=0.8, noise=0.25)
    assert int(solved.test.argmin()) == pytest.approx(30, abs=3)
    assert solved.test[-1] > 1.05 * solved.test.min()
    assert np.all(np.diff(solved.train) < 0)


def test_the_end_has_a_peak_at_aspect_one():
    ends = [closed.regression_flow([1e3], aspect=a, noise=0.2).test[0] for a in (0.6, 1.0, 1.6)]
    assert ends[1] > 3 * max(ends[0], ends[2])
