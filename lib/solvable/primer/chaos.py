r"""A random network of tanh neurons in its steady state: a particle in a potential, and the waves around its path.

Everything follows from one series with positive terms, of ln cosh in normalised Hermite polynomials,

.. math:: \mathrm{Cov}[\ln\cosh x, \ln\cosh x'] = \sum_k a_k^2\, \rho^k, \qquad \rho = \Delta/\Delta(0),

and its first two derivatives, <tanh tanh> and <tanh' tanh'>.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array

from .._checks import finite_answer, require, require_times
from .._pytree import Numbers
from ..numerics.roots import bisect
from ..numerics.slopes import without_slopes
from ..numerics.stepping import runge_kutta
from .checks import check_gain
from .results import Chaos

LARGEST = 10.0  # gain up to which this many orders are enough
ORDERS = 1200
GAUSS = np.arange(-13, 13.0001, 0.05)  # on a Gaussian, equal steps converge faster than any power
WEIGHT = np.exp(-(GAUSS**2) / 2) / np.exp(-(GAUSS**2) / 2).sum()
STEPS = 2500  # in which the particle rolls
HALF = 400  # points of the half line on which the waves live


class Series(NamedTuple):
    """The gain, Delta(0), and the even orders k >= 2 with their a_k^2."""

    gain: Array
    variance: Array
    k: np.ndarray
    square: Array


@finite_answer
def tanh_network(gain: ArrayLike, lags: Numbers) -> Chaos:
    r"""The steady state of a random network of tanh neurons, with its largest Lyapunov exponent.

    .. math:: \dot x = -x + J \tanh x, \quad J_{ij} \sim N(0, g^2/N): \qquad
              \Delta'' = -V'(\Delta), \quad V = -\frac{\Delta^2}{2} + g^2\,\mathrm{Cov}[\ln\cosh x, \ln\cosh x']

    for x, x' Gaussian with variance Delta(0) and covariance Delta. A particle rolls from rest at Delta(0) to rest at
    0, so V(Delta(0)) = 0. Two nearby states part at the rate

    .. math:: \lambda_{\max} = -1 + \sqrt{1 - E_0}, \qquad
              \Big[ -\frac{d^2}{d\tau^2} + 1 - g^2 \langle \tanh' x \tanh' x' \rangle \Big] \psi_n = E_n\,\psi_n

    Args:
      gain: g, >= 0 and <= 10, where the series of 1,200 terms converges.
      lags: shape (L,), >= 0, in any order, in units of the neurons' time constant.

    Returns:
      ``Chaos`` with ``correlation`` of shape (L,). At g <= 1 activity dies: all is 0, and the exponent is g - 1.
      ``zero_mode`` is E_1, exactly 0 in the limit, because Delta' solves the equation: its size is the error that the
      grid makes.

    Raises:
      ValueError: for an argument out of range, named with its value.
      TypeError: where jax differentiates along the gain.
      RuntimeError: where jax is in float32.

    Exact for N -> infinity; the correlation is good to about 1e-8 of the variance up to g = 5.
    Beyond, ``zero_mode`` grows: 4e-8 at g = 7, 2e-6 at 10.
    Source: H. Sompolinsky, A. Crisanti, H. Sommers (1988). Book: "Beyond glasses".
    """
    gain, lags = check_gain(gain), require_times(lags, "lags")
    require("gain", gain, f"<= {LARGEST:g}, where the series converges", lambda x: x <= LARGEST)
    gain = without_slopes("gain must not be differentiated in tanh_network, whose variance is found by a search", gain)
    correlation, variance, activity, exponent, zero = _tanh_network(gain, lags)
    return Chaos(lags, correlation, variance, activity, exponent, zero, parameters={"gain": gain})


@jax.jit
def _tanh_network(gain: Array, lags: Array) -> tuple[Array, ...]:
    alive = gain > 1
    series = _series(jnp.where(alive, gain, 2.0))  # any gain above 1 where it is not used
    rate = jnp.sqrt(_drop(series, jnp.asarray(1 - 1e-9)))  # Delta falls as exp(-rate lag) in the end
    far = 20 / rate  # whatever the lags: the grid is that of the path
    path = _path(series, far)
    ground, zero = _levels(series, path, far)
    living = (
        series.variance * (1 - path(jnp.minimum(lags, far)) ** 2) * jnp.exp(-rate * jnp.maximum(lags - far, 0)),
        series.variance,
        (series.k * series.square).sum() / series.variance,
        jnp.sqrt(1 - ground) - 1,
        zero,
    )
    dead = jnp.zeros(())
    resting = (dead, dead, dead, gain - 1, dead)
    return tuple(jnp.where(alive, x, y) for x, y in zip(living, resting, strict=True))


def _series(gain: Array) -> Series:
    """Delta(0), where both ends of the path are equally high, and the coefficients for it."""

    def deviation(variance: Array) -> Array:
        """ln cosh of a Gaussian at the nodes, less its mean."""
        value = jnp.logaddexp(jnp.sqrt(variance) * GAUSS, -jnp.sqrt(variance) * GAUSS)
        return value - WEIGHT @ value

    def below(log_variance: Array) -> Array:
        return 2 * gain**2 * (WEIGHT @ deviation(jnp.exp(log_variance)) ** 2) > jnp.exp(2 * log_variance)

    low, high = bisect(below, jnp.log(1e-9), jnp.log(4 * gain**2))
    variance = jnp.exp((low + high) / 2)
    function = WEIGHT * deviation(variance)

    def project(pair: tuple[Array, Array], order: Array) -> tuple[tuple[Array, Array], Array]:
        now, after = pair  # two normalised Hermite polynomials at the nodes
        return (after, (GAUSS * after - jnp.sqrt(order + 1) * now) / jnp.sqrt(order + 2)), now @ function

    ones = jnp.ones(GAUSS.size)
    _, a = jax.lax.scan(project, (ones, GAUSS * ones), jnp.arange(ORDERS))
    return Series(gain, variance, np.arange(2, ORDERS, 2), a[2::2] ** 2)


def _drop(series: Series, gap: Array) -> Array:
    """-2 V / (Delta^2 gap) with gap = 1 - Delta / Delta(0): no difference of large numbers is left in it."""
    safe = jnp.maximum(gap, 1e-12)
    terms = -jnp.expm1((series.k - 2) * jnp.log1p(-safe)) / safe
    return 2 * (series.gain / series.variance) ** 2 * (series.square @ terms)


def _path(series: Series, far: Array) -> Callable[[ArrayLike], Array]:
    """s at any lag up to `far`, with Delta = Delta(0) (1 - s^2): in s the particle leaves its rest at finite speed."""
    h = far / STEPS

    def speed(s: Array) -> Array:
        return (1 - s**2) / 2 * jnp.sqrt(_drop(series, s**2))

    def roll(s: Array, _: None) -> tuple[Array, tuple[Array, Array]]:
        return jnp.minimum(runge_kutta(speed, s, h), 1 - 1e-15), (s, speed(s))

    _, (value, slope) = jax.lax.scan(roll, jnp.zeros(()), None, length=STEPS + 1)

    def at(lag: ArrayLike) -> Array:
        """Cubic interpolation."""
        place = jnp.clip((jnp.asarray(lag) / h).astype(int), 0, STEPS - 1)
        u = jnp.asarray(lag) / h - place
        low, high = (value[place], slope[place] * h), (value[place + 1], slope[place + 1] * h)
        left = (1 + 2 * u) * (1 - u) ** 2 * low[0] + u * (1 - u) ** 2 * low[1]
        return left + u**2 * (3 - 2 * u) * high[0] - u**2 * (1 - u) * high[1]

    return at


def _levels(series: Series, path: Callable[[ArrayLike], Array], far: Array) -> tuple[Array, Array]:
    """The lowest even and the lowest odd level of -d^2/dtau^2 + 1 - g^2 <tanh' tanh'>, between sinc functions."""
    step, points = far / HALF, np.arange(HALF)
    rho = 1 - path((points + 0.5) * step) ** 2
    second = rho[:, None] ** (series.k - 2) @ (series.k * (series.k - 1) * series.square) / series.variance**2
    well = jnp.diag(1 - series.gain**2 * second)
    direct, mirrored = (_kinetic(x) / step**2 for x in (points[:, None] - points, points[:, None] + points + 1))
    even, odd = (jnp.linalg.eigvalsh(direct + sign * mirrored + well)[0] for sign in (1, -1))
    return even, odd


def _kinetic(apart: np.ndarray) -> np.ndarray:
    """-d^2/dx^2 between sinc functions that lie so many steps apart."""
    return np.where(apart == 0, np.pi**2 / 3, 2 * np.cos(np.pi * apart) / np.where(apart == 0, 1, apart) ** 2)
