"""Gaussian averages against forty digits, against each other, and their stated errors."""

import functools

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable import gaussian

PAIRS = [(1.0, 1.0, 0.3), (2.5, 0.4, -0.9), (4.0, 3.0, 3.2), (0.01, 7.0, 0.1), (1.0, 2.0, 0.0)]
NAMES = ["linear", "relu", "erf", "gelu", "tanh"]
FUNCTIONS = {
    "linear": (lambda x: x, lambda x: mpmath.mpf(1)),
    "relu": (lambda x: max(x, mpmath.mpf(0)), lambda x: mpmath.mpf(x > 0)),
    "erf": (mpmath.erf, lambda x: 2 / mpmath.sqrt(mpmath.pi) * mpmath.exp(-(x**2))),
    "gelu": (lambda x: x * mpmath.ncdf(x), lambda x: mpmath.ncdf(x) + x * mpmath.npdf(x)),
    "tanh": (mpmath.tanh, lambda x: mpmath.sech(x) ** 2),
}


@functools.cache
def forty_digits(activation, q1, q2, k):
    """Both averages as sums over a fine grid, in forty digits; a kinked function by the angle between its half planes.

    On the whole line the trapezoid rule of an analytic function is exact up to a term that falls as exp(-c / step).
    """
    with mpmath.workdps(40):
        q1, q2, k = map(mpmath.mpf, (q1, q2, k))
        if activation == "relu":
            return _relu(q1, q2, k)
        step, reach = mpmath.mpf(1) / 8, 9
        nodes = [step * i for i in range(-8 * reach, 8 * reach + 1)]
        weights = [step * mpmath.npdf(x) for x in nodes]
        share, own = k / q1, mpmath.sqrt(q2 - k**2 / q1)
        found = []
        for function in FUNCTIONS[activation]:
            left = [function(mpmath.sqrt(q1) * x) for x in nodes]
            total = mpmath.mpf(0)
            for x, weight, value in zip(nodes, weights, left, strict=True):
                u = mpmath.sqrt(q1) * x
                inner = mpmath.fdot((w, function(share * u + own * y)) for y, w in zip(nodes, weights, strict=True))
                total += weight * value * inner
            found.append(float(total))
        return tuple(found)


def _relu(q1, q2, k):
    """In polar coordinates: u = r sqrt(q1) cos a, v = r sqrt(q2) cos(a - theta), both positive on an arc."""
    theta = mpmath.acos(k / mpmath.sqrt(q1 * q2))
    ends = [theta - mpmath.pi / 2, mpmath.pi / 2]
    arc = mpmath.quad(lambda a: mpmath.cos(a) * mpmath.cos(a - theta), ends) / mpmath.pi
    return float(mpmath.sqrt(q1 * q2) * arc), float((ends[1] - ends[0]) / (2 * mpmath.pi))


@pytest.mark.parametrize("activation", NAMES)
@pytest.mark.parametrize("pair", [PAIRS[0], *(pytest.param(pair, marks=pytest.mark.slow) for pair in PAIRS[1:3])])
def test_averages_to_twelve_digits(activation, pair):
    found = gaussian.averages(activation, *pair)
    assert_allclose(found, forty_digits(activation, *pair), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("activation", NAMES)
@pytest.mark.parametrize("pair", PAIRS)
def test_single_precision_to_six_digits(activation, pair):
    found = gaussian.averages(activation, *(jnp.float32(x) for x in pair))
    assert found.product.dtype == jnp.float32
    assert_allclose(found, gaussian.averages(activation, *pair), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("activation", [*NAMES, jnp.sin])
def test_the_diagonal_is_the_limit_of_a_pair(activation):
    q = jnp.array([0.0, 0.3, 1.0, 4.0])
    own, pair = gaussian.diagonal(activation, q), gaussian.averages(activation, q, q, q)
    assert_allclose(own.product, pair.product, rtol=1e-12, atol=1e-15)
    assert_allclose(own.slopes[1:], pair.slopes[1:], rtol=1e-12)
    single = gaussian.diagonal(activation, q.astype(jnp.float32))
    assert_allclose(single.product, own.product, rtol=1e-6)
    assert_allclose(single.slopes, own.slopes, rtol=1e-6)


def test_a_sine_has_a_closed_form():
    """<sin u sin v> = exp(-(q + q') / 2) sinh k, <cos u cos v> with a cosh."""
    q1, q2, k = jnp.array([1.0, 2.0]), jnp.array([0.5, 3.0]), jnp.array([0.4, -1.7])
    found = gaussian.averages(jnp.sin, q1, q2, k)
    assert_allclose(found.product, jnp.exp(-(q1 + q2) / 2) * jnp.sinh(k), rtol=1e-12)
    assert_allclose(found.slopes, jnp.exp(-(q1 + q2) / 2) * jnp.cosh(k), rtol=1e-12)


@pytest.mark.parametrize("activation", NAMES)
def test_the_second_average_is_the_slope_of_the_first(activation):
    """Price: d<phi phi>/dk = <phi' phi'>."""
    slope = jax.grad(lambda k: gaussian.averages(activation, 1.5, 0.8, k).product)(0.4)
    assert_allclose(slope, gaussian.averages(activation, 1.5, 0.8, 0.4).slopes, rtol=1e-10)


def test_the_error_of_a_rule_is_stated():
    assert gaussian.quadrature_error("relu", 1.0) == 0
    assert gaussian.quadrature_error("tanh", 4.0) < 1e-14
    leaky = lambda x: jnp.where(x > 0, x, 0.1 * x)  # noqa: E731
    stated = gaussian.quadrature_error(leaky, 1.0)
    truth = (1 + 0.01) / 2
    actual = abs(float(gaussian.diagonal(leaky, 1.0).slopes) - truth)
    assert stated > 1e-6
    assert actual < 1.1 * stated


def test_gradients_are_finite_at_equal_inputs():
    slope = jax.grad(lambda q: gaussian.averages("relu", q, q, q).product)(1.0)
    assert_allclose(slope, 0.5)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (("sigmoid", 1.0, 1.0, 0.0), "activation must be one of .* or a function; got 'sigmoid'"),
        (("relu", -1.0, 1.0, 0.0), "variance1 must be >= 0 and finite; got -1.0"),
        (("relu", 1.0, float("nan"), 0.0), "variance2 must be >= 0 and finite; got nan"),
    ],
)
def test_bad_input_is_named(given, message):
    with pytest.raises(ValueError, match=message):
        gaussian.averages(*given)
    assert np.isfinite(gaussian.averages("relu", 0.0, 0.0, 0.0)).all()
