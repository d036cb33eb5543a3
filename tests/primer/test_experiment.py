"""Networks and data sets of finite size, beside the theory."""

import re

import jax
import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable.primer import exact, experiment, theory

KEY = jax.random.key(0)


def test_linear_networks_follow_the_bessel_function():
    times = [0.0, 4.0, 1.0, 2.5]  # in any order
    limit = exact.linear_network(times, gain=0.8)
    runs = experiment.linear_network(times, gain=0.8, size=300, key=KEY, repeats=24)
    assert_allclose(np.diag(limit.values)[0], 1)
    error = runs.error("values")
    assert np.all(error < 0.03)
    assert np.all(np.abs(runs.values - limit.values) <= 4 * error + 2 / 300)


def test_a_network_is_as_chaotic_as_the_theory_says():
    """N = 1,000 at g = 3: correlation to 7 %, exponent to 0.04 (small networks fall short), and a wrong g shows."""
    limit = theory.tanh_network(3.0, [0.0, 1.0, 2.0])
    runs = experiment.tanh_network(3.0, [0.0, 1.0, 2.0], size=1000, time=60, burn_in=20, key=KEY, repeats=3)
    assert_allclose(runs.correlation, limit.correlation, rtol=0.07)
    assert runs.activity == pytest.approx(float(limit.activity), abs=0.01)
    assert runs.lyapunov == pytest.approx(float(limit.lyapunov), abs=0.04)
    assert abs(runs.correlation[0] / theory.tanh_network(2.5, [0.0]).correlation[0] - 1) > 0.2


@pytest.mark.parametrize(("aspect", "rate"), [(0.5, None), (2.0, None), (0.5, 0.3)])
def test_theory_predicts_the_data_sets(aspect, rate):
    times = np.array([0.0, 1.0, 3.0, 10.0, 100.0])
    settings, draws = {"aspect": aspect, "noise": 0.25}, {"dimensions": 200, "key": KEY, "repeats": 120}
    if rate is None:
        limit = exact.regression_flow(times, **settings)
        runs = experiment.regression_flow(times, **settings, **draws)
    else:
        limit = exact.regression(times, learning_rate=rate, **settings)
        runs = experiment.regression(times, learning_rate=rate, **settings, **draws)
    for which in ("test", "train"):
        mean, error = getattr(runs, which), runs.error(which)
        seen = mean > 1e-3
        assert np.all((error <= 0.02 * mean)[mean > 0.05])
        assert np.all((np.abs(mean - getattr(limit, which)) <= 3 * error + 0.02 * mean)[seen]), which


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: experiment.tanh_network(2.0, [30.0], size=10, time=20, key=KEY),
            "time must be at least 0.1 and the longest lag; got 20",
        ),
        (
            lambda: experiment.tanh_network(2.0, [0.0], size=100_000, key=KEY),
            "size must be smaller; got 100000, whose matrix needs over a gigabyte",
        ),
        (
            lambda: experiment.regression_flow([1.0], aspect=1.0, dimensions=1, key=KEY),
            "dimensions must be a whole number",
        ),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()
