"""Chaotic networks: a table, the equation that the path solves, and the transition."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable.primer import theory


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


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: theory.tanh_network(11.0, [1.0]), "gain must be <= 10, where the series converges; got 11.0"),
        (lambda: theory.tanh_network(2.0, []), "lags must be a list of lags, shape (T,); got shape (0,)"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()
