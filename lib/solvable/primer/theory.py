r"""Mean-field theories of the primer's models: a chaotic network at one lag, regression at two times."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array

from .._checks import require_count
from .._pytree import Numbers
from ..results import LossCurves
from .checks import check_gain, check_lags, check_rate, check_regression
from .curves import Chaos

ORDERS = 1200  # of the Hermite series; enough up to g = 10
GAUSS = np.arange(-13, 13.0001, 0.05)  # on a Gaussian, equal steps converge faster than any power
STEPS = 2500  # in which a particle rolls down its potential
HALF = 400  # points of the half line on which the exponent's wave functions live


def tanh_network(gain: ArrayLike, lags: Numbers) -> Chaos:
    r"""The steady state of a random network of tanh neurons, with its largest Lyapunov exponent.

    .. math:: \dot x = -x + J \tanh x, \quad J_{ij} \sim N(0, g^2/N): \qquad
              \Delta'' = -V'(\Delta), \quad V = -\frac{\Delta^2}{2} + g^2\,\mathrm{Cov}[\ln\cosh x, \ln\cosh x']

    for x, x' Gaussian with variance Delta(0) and covariance Delta. A particle rolls from rest at Delta(0) to rest at
    0, so V(Delta(0)) = 0. Two nearby states part at the rate

    .. math:: \lambda_{\max} = -1 + \sqrt{1 - E_0}, \qquad
              \Big[ -\frac{d^2}{d\tau^2} + 1 - g^2 \langle \tanh' x \tanh' x' \rangle \Big] \psi_n = E_n\,\psi_n

    Args:
      gain: g >= 0; up to 10 the series has converged.
      lags: shape (L,), >= 0, in units of the neurons' time constant.

    Returns:
      ``Chaos``. At g <= 1 activity dies: all is 0, and the exponent is g - 1. ``zero_mode`` is E_1, exactly 0 in the
      limit, because Delta' solves the equation: its size is the error that the grid makes.

    Raises:
      ValueError: for an argument out of range, named with its value.

    Exact for N -> infinity. With a Hermite series of ln cosh, Cov = sum_k a_k^2 (Delta/Delta(0))^k, everything is a
    sum of positive terms; see the code.
    Source: H. Sompolinsky, A. Crisanti, H. Sommers (1988). Book: "Beyond glasses".
    """
    gain, lags = check_gain(gain), check_lags(lags)
    correlation, variance, activity, exponent, zero = _tanh_network(gain, lags)
    return Chaos(lags, correlation, variance, activity, exponent, zero, parameters={"gain": gain})


@jax.jit
def _tanh_network(gain: Array, lags: Array) -> tuple[Array, ...]:
    alive = gain > 1
    g = jnp.where(alive, gain, 2.0)  # any number above 1 where it is not used

    weight = np.exp(-(GAUSS**2) / 2)
    weight = weight / weight.sum()

    def deviation(variance: Array) -> Array:
        """ln cosh of a Gaussian, less its mean; at the nodes."""
        value = jnp.logaddexp(jnp.sqrt(variance) * GAUSS, -jnp.sqrt(variance) * GAUSS)
        return value - weight @ value

    def halve(_: Array, bracket: tuple[Array, Array]) -> tuple[Array, Array]:
        low, high = bracket
        middle = (low + high) / 2
        above = 2 * g**2 * (weight @ deviation(jnp.exp(middle)) ** 2) > jnp.exp(2 * middle)
        return jnp.where(above, middle, low), jnp.where(above, high, middle)

    low, high = jax.lax.fori_loop(0, 60, halve, (jnp.log(1e-9), jnp.log(4 * g**2)))
    variance = jnp.exp((low + high) / 2)

    def hermite(pair: tuple[Array, Array], k: Array) -> tuple[tuple[Array, Array], Array]:
        """The coefficient a_k, and the next two normalised Hermite polynomials."""
        now, after = pair
        return (after, (GAUSS * after - jnp.sqrt(k + 1) * now) / jnp.sqrt(k + 2)), (weight * now) @ deviation(variance)

    ones = jnp.ones(GAUSS.size)
    _, a = jax.lax.scan(hermite, (ones, GAUSS * ones), jnp.arange(ORDERS))
    k = np.arange(2, ORDERS, 2)  # ln cosh is even
    square = a[2::2] ** 2

    def fall(gap: Array) -> Array:
        """-2 V / (Delta^2 gap) with gap = 1 - Delta / Delta(0)."""
        safe = jnp.maximum(gap, 1e-12)
        return 2 * (g / variance) ** 2 * (square @ (-jnp.expm1((k - 2) * jnp.log1p(-safe)) / safe))

    # Delta = Delta(0) (1 - s^2): in s the particle leaves its place of rest with finite speed
    def speed(s: Array) -> Array:
        return (1 - s**2) / 2 * jnp.sqrt(fall(s**2))

    late = jnp.sqrt(fall(jnp.asarray(1 - 1e-9)))  # Delta ~ exp(-late tau)
    far = jnp.maximum(20 / late, lags.max())
    h = far / STEPS

    def roll(s: Array, _: None) -> tuple[Array, tuple[Array, Array]]:
        k1 = speed(s)
        k2 = speed(s + h / 2 * k1)
        k3 = speed(s + h / 2 * k2)
        k4 = speed(s + h * k3)
        return jnp.minimum(s + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4), 1 - 1e-15), (s, k1)

    _, path = jax.lax.scan(roll, jnp.zeros(()), None, length=STEPS + 1)
    ratio = partial(_between, h, *path)

    # even and odd wave functions on the half line, in a basis of sinc functions
    place = (np.arange(HALF) + 0.5) * (far / HALF)
    lag, away = (np.arange(HALF)[:, None] + sign * (np.arange(HALF) + (sign > 0)) for sign in (-1, 1))
    well = 1 - g**2 * ((1 - ratio(place) ** 2)[:, None] ** (k - 2) @ (k * (k - 1) * square)) / variance**2
    kinetic, mirrored = (_sinc_kinetic(x) * (HALF / far) ** 2 for x in (lag, away))
    ground = jnp.linalg.eigvalsh(kinetic + mirrored + jnp.diag(well))[0]
    zero = jnp.linalg.eigvalsh(kinetic - mirrored + jnp.diag(well))[0]

    correlation = variance * (1 - ratio(lags) ** 2)
    activity = (k * square).sum() / variance
    exponent = jnp.sqrt(1 - ground) - 1
    dead = jnp.zeros(())
    living, resting = (correlation, variance, activity, exponent, zero), (dead, dead, dead, gain - 1, dead)
    return tuple(jnp.where(alive, x, y) for x, y in zip(living, resting, strict=True))


def _between(h: Array, value: Array, slope: Array, at: ArrayLike) -> Array:
    """Cubic interpolation between equal steps h."""
    place = jnp.clip((jnp.asarray(at) / h).astype(int), 0, len(value) - 2)
    u = jnp.asarray(at) / h - place
    low, high = (value[place], slope[place] * h), (value[place + 1], slope[place + 1] * h)
    return (
        (1 + 2 * u) * (1 - u) ** 2 * low[0]
        + u * (1 - u) ** 2 * low[1]
        + u**2 * (3 - 2 * u) * high[0]
        - u**2 * (1 - u) * high[1]
    )


def _sinc_kinetic(steps: np.ndarray) -> np.ndarray:
    """-d^2/dx^2 between sinc functions that lie so many steps apart."""
    apart = np.where(steps == 0, 1, steps)
    return np.where(steps == 0, np.pi**2 / 3, 2 * np.cos(np.pi * steps) / apart**2)


def regression(steps: int, *, learning_rate: ArrayLike, aspect: ArrayLike, noise: ArrayLike = 0.0) -> LossCurves:
    r"""Gradient descent of least squares on random data, by two-time mean-field theory.

    One error :math:`\Delta` of a data point, one wrong weight v, each in the bath of the other:

    .. math::
       \Delta_n &= u_n + \sigma\epsilon - \gamma\eta \sum_{m<n} R^v_{nm} \Delta_m, \qquad
       \langle u u \rangle = C^v \\
       v_{n+1} &= v_n - \eta \Big( g_n + \sum_{m\le n} R^\Delta_{nm} v_m \Big), \qquad
       \langle g g \rangle = \gamma\, C^\Delta

    Args:
      steps: how many, whole and >= 1.
      learning_rate: eta > 0.
      aspect: gamma = D / P > 0, dimensions over data points.
      noise: variance of the label noise, >= 0.

    Returns:
      ``LossCurves`` at steps 0, 1, ..., steps: ``test`` is C^v, ``train`` is C^Delta at equal times.

    Raises:
      ValueError: for an argument out of range, named with its value.

    Exact for D, P -> infinity at any learning rate; costs O(steps^3). `exact.regression` has the same numbers as an
    integral. Book: "Beyond glasses".
    """
    steps = require_count("steps", steps)
    eta = check_rate(learning_rate)
    gamma, sigma2 = check_regression(aspect, noise)
    test, train = _descend(steps + 1, eta, gamma, sigma2)
    parameters = {"aspect": gamma, "noise": sigma2, "learning_rate": eta}
    return LossCurves(jnp.arange(steps + 1.0), test, train, parameters=parameters)


@partial(jax.jit, static_argnums=0)
def _descend(size: int, eta: Array, gamma: Array, noise: Array) -> tuple[Array, Array]:
    def row(n: Array, matrices: tuple[Array, ...]) -> tuple[Array, ...]:
        """Row n of the errors from row n of the weights, then row n + 1 of the weights."""
        cv, rv, ce, re = matrices  # correlation and response of the weights, and of the errors
        re = re.at[n].set((jnp.arange(size) == n) - gamma * eta * (rv[n] @ re))
        of_u = re[n] @ (cv + noise)
        ce_row = re @ of_u
        ce = ce.at[n].set(ce_row).at[:, n].set(ce_row)
        echo = re[n] @ rv
        new_rv = jnp.where(jnp.arange(size) <= n, rv[n] - eta * echo, 0.0).at[n].set(1.0)
        kick = -gamma * eta * (rv @ ce[n])  # <g_n v_m>
        new_cv = cv[n] - eta * (re[n] @ cv + kick)
        rv = rv.at[n + 1].set(new_rv, mode="drop")
        kick = -gamma * eta * (ce[n] @ rv[n + 1])  # with v_{n+1} itself
        last = new_cv[n] - eta * (re[n] @ new_cv + kick)
        new_cv = jnp.where(jnp.arange(size) <= n, new_cv, 0.0).at[n + 1].set(last, mode="drop")
        cv = cv.at[n + 1].set(new_cv, mode="drop").at[:, n + 1].set(new_cv, mode="drop")
        return cv, rv, ce, re

    empty = jnp.zeros((size, size))
    cv, _, ce, _ = jax.lax.fori_loop(0, size, row, (empty.at[0, 0].set(1.0), empty, empty, empty))
    return jnp.diag(cv), jnp.diag(ce)
