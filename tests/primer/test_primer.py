"""Linear and chaotic networks, and regression: theory against closed forms, tables and finite systems."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable import Spectrum, linear_model
from solvable.primer import exact, experiment, theory

KEY = jax.random.key(0)


# Linear networks


def test_linear_networks_follow_the_bessel_function():
    times = [0.0, 4.0, 1.0, 2.5]  # in any order
    limit = exact.linear_network(times, gain=0.8)
    runs = experiment.linear_network(times, gain=0.8, size=300, key=KEY, repeats=24)
    assert_allclose(np.diag(limit.values)[0], 1)
    error = runs.error("values")
    assert np.all(error < 0.03)
    assert np.all(np.abs(runs.values - limit.values) <= 4 * error + 2 / 300)


def test_the_closed_form_solves_its_equation():
    """(1 + d/dt)(1 + d/dt') C = g^2 C, by differences."""
    g, t, s, h = 1.2, 1.3, 0.7, 1e-3

    def c(x, y):
        return float(exact.linear_network([x, y], gain=g).values[0, 1])

    def first(x, y):
        return c(x, y) + (c(x + h, y) - c(x - h, y)) / (2 * h)

    assert first(t, s) + (first(t, s + h) - first(t, s - h)) / (2 * h) == pytest.approx(g**2 * c(t, s), rel=1e-5)


# Chaos


@pytest.mark.parametrize(
    ("gain", "variance", "activity", "exponent", "correlation"),
    [
        (1.1, 0.11106319, 0.0920136, 0.003712, [0.110927, 0.110519, 0.107734]),
        (1.5, 0.74768638, 0.3420935, 0.046746, [0.736823, 0.705910, 0.541358]),
        (2.0, 1.92480541, 0.5131781, 0.112458, [1.863003, 1.699660, 1.034578]),
        (3.0, 5.446326, 0.68058, 0.23546, [5.13178, 4.39586, 2.13894]),
    ],
)
def test_the_sheets_table(gain, variance, activity, exponent, correlation):
    found = theory.tanh_network(gain, [1.0, 2.0, 5.0])
    assert found.variance == pytest.approx(variance, rel=1e-6)
    assert found.activity == pytest.approx(activity, rel=1e-5)
    assert found.lyapunov == pytest.approx(exponent, rel=2e-4)
    assert_allclose(found.correlation, correlation, rtol=1e-5)
    assert abs(found.zero_mode) < 1e-10


def test_the_path_solves_newtons_equation():
    """Delta'' = Delta - g^2 <tanh tanh>, the average by Gauss-Hermite quadrature of its own."""
    gain, h = 1.5, 0.02
    x, w = np.polynomial.hermite_e.hermegauss(80)
    w = w / w.sum()
    found = theory.tanh_network(gain, [2 - h, 2.0, 2 + h])
    low, delta, high = np.asarray(found.correlation)
    d0 = float(found.variance)
    rho = delta / d0
    other = rho * x[:, None] + np.sqrt(1 - rho**2) * x
    average = w @ (np.tanh(np.sqrt(d0) * x)[:, None] * np.tanh(np.sqrt(d0) * other)) @ w
    assert (high - 2 * delta + low) / h**2 == pytest.approx(delta - gain**2 * average, rel=1e-3)


def test_below_the_transition_nothing_moves():
    for gain in (0.0, 0.5, 1.0):
        found = theory.tanh_network(gain, [0.0, 1.0])
        assert np.all(np.asarray(found.correlation) == 0)
        assert found.lyapunov == pytest.approx(gain - 1)
    assert 0 < theory.tanh_network(1.01, [0.0]).variance < 0.02
    assert theory.tanh_network(10.0, [0.0]).zero_mode < 1e-4


def test_explorers_can_batch_the_gain():
    found = jax.vmap(lambda g: theory.tanh_network(g, jnp.array([1.0])).lyapunov)(jnp.array([0.5, 2.0]))
    assert_allclose(found, [-0.5, 0.112458], atol=1e-5)


def test_a_network_is_as_chaotic_as_the_theory_says():
    """N = 1,000 at g = 3: correlation to 7 %, exponent to 0.04 (small networks fall short), and a wrong g shows."""
    limit = theory.tanh_network(3.0, [0.0, 1.0, 2.0])
    runs = experiment.tanh_network(3.0, [0.0, 1.0, 2.0], size=1000, time=60, burn_in=20, key=KEY, repeats=3)
    assert_allclose(runs.correlation, limit.correlation, rtol=0.07)
    assert runs.activity == pytest.approx(float(limit.activity), abs=0.01)
    assert runs.lyapunov == pytest.approx(float(limit.lyapunov), abs=0.04)
    assert abs(runs.correlation[0] / theory.tanh_network(2.5, [0.0]).correlation[0] - 1) > 0.2


# Regression


@pytest.mark.parametrize(("aspect", "rate"), [(0.5, 0.2), (2.0, 0.3), (1.0, 0.5)])
def test_two_times_are_the_marchenko_pastur_integral(aspect, rate):
    steps = np.arange(61.0)
    dynamic = theory.regression(60, learning_rate=rate, aspect=aspect, noise=0.25)
    static = exact.regression(steps, learning_rate=rate, aspect=aspect, noise=0.25)
    assert_allclose(dynamic.test, static.test, atol=1e-12)
    assert_allclose(dynamic.train, static.train, atol=1e-12)


@pytest.mark.parametrize("samples", [50, 200])
def test_it_is_the_linear_model_with_equal_modes(samples):
    d, times = 100, np.logspace(-1, 2, 9)
    spectrum = Spectrum(jnp.ones(d), jnp.ones(d) / d)
    ours = exact.regression(times, aspect=d / samples, noise=0.25)
    theirs = linear_model.theory.gradient_flow(spectrum, times, samples=samples, noise=0.25)
    assert_allclose(ours.test, theirs.test, rtol=1e-8)
    assert_allclose(ours.train, theirs.train, rtol=1e-8, atol=1e-15)


def test_small_rates_are_gradient_flow():
    times = np.array([0.5, 2.0, 10.0])
    flow, slow = exact.regression(times, aspect=0.5), exact.regression(times / 1e-4, aspect=0.5, learning_rate=1e-4)
    assert_allclose(slow.test, flow.test, rtol=1e-3)


def test_even_a_rate_past_the_edge_is_the_same():
    """(1 - eta lambda)^t changes sign from step to step where eta lambda > 1."""
    dynamic = theory.regression(20, learning_rate=0.9, aspect=0.5)
    static = exact.regression(np.arange(21.0), learning_rate=0.9, aspect=0.5, noise=0.0)
    assert_allclose(dynamic.test, static.test, rtol=1e-9)


@pytest.mark.parametrize(("aspect", "rate"), [(0.5, None), (2.0, None), (0.5, 0.3)])
def test_theory_predicts_the_data_sets(aspect, rate):
    times = np.array([0.0, 1.0, 3.0, 10.0, 100.0])
    settings = {"aspect": aspect, "noise": 0.25, "learning_rate": rate}
    limit = exact.regression(times, **settings)
    runs = experiment.regression(times, **settings, dimensions=200, key=KEY, repeats=120)
    for which in ("test", "train"):
        mean, error = getattr(runs, which), runs.error(which)
        seen = mean > 1e-3
        assert np.all((error <= 0.02 * mean)[mean > 0.05])
        assert np.all((np.abs(mean - getattr(limit, which)) <= 3 * error + 0.02 * mean)[seen]), which


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: exact.linear_network([1.0], gain=-1.0), "gain must be >= 0 and finite; got -1.0"),
        (lambda: theory.tanh_network(11.0, [1.0]), "gain must be <= 10, where the series converges; got 11.0"),
        (lambda: exact.regression([1.0], aspect=0.0), "aspect must be > 0 and finite; got 0.0"),
        (lambda: exact.regression([-1.0], aspect=1.0), "times must be >= 0 and finite; got -1.0"),
        (lambda: exact.regression([1.0], aspect=1.0, noise=-0.1), "noise must be >= 0 and finite; got -0.1"),
        (lambda: theory.regression(0, learning_rate=0.1, aspect=1.0), "steps must be a whole number >= 1; got 0"),
        (lambda: theory.regression(5, learning_rate=0.0, aspect=1.0), "learning_rate must be > 0 and finite; got 0.0"),
        (lambda: theory.tanh_network(2.0, []), "lags must be a list of lags, shape (T,); got shape (0,)"),
        (
            lambda: experiment.tanh_network(2.0, [30.0], size=10, time=20, key=KEY),
            "time must be at least 0.1 and the longest lag; got 20",
        ),
        (
            lambda: experiment.tanh_network(2.0, [0.0], size=100_000, key=KEY),
            "size must be smaller; got 100000, whose matrix needs over a gigabyte",
        ),
        (lambda: experiment.regression([1.0], aspect=1.0, dimensions=1, key=KEY), "dimensions must be a whole number"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()
