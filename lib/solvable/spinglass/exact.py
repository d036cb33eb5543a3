r"""The two-spin glass in closed form: a semicircle of independent modes, held together by the sphere.

With the semicircle :math:`\rho` on [-2, 2] and :math:`M(x) = \int \rho(\mu)\,e^{\mu x} d\mu = I_1(2x)/x`, everything
follows from the norm that the spins would have without the sphere,

.. math:: \Gamma(t) = \int \frac{\rho(\mu)\, e^{2\mu t}}{1 - T\mu + T^2}\,d\mu
          \;+\; \big[\,(1 - T^{-2})\, e^{2(T + 1/T)\,t} \text{ if } T > 1\,\big]
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array

from .._checks import as_floats, finite_answer, require, require_scalar, require_shape
from .._memory import require_memory
from .._pytree import Numbers
from .glass import SphericalGlass, TwoTime

__all__ = ["two_spin"]

PANELS = 17  # the angles of the semicircle, halved again and again towards its edge
PER_PANEL = 16


def _semicircle() -> tuple[np.ndarray, np.ndarray]:
    """Distances 2 - mu from the edge, and weights rho dmu: exact for every scale down to 1e-9."""
    ends = np.pi * 0.5 ** np.append(np.arange(PANELS), np.inf)
    nodes, weights = np.polynomial.legendre.leggauss(PER_PANEL)
    middle, half = (ends[:-1] + ends[1:]) / 2, (ends[:-1] - ends[1:]) / 2
    angle = (middle[:, None] + half[:, None] * nodes).ravel()
    return 4 * np.sin(angle / 2) ** 2, (half[:, None] * weights).ravel() * 2 / np.pi * np.sin(angle) ** 2


BELOW, WEIGHT = _semicircle()


@finite_answer
def two_spin(times: Numbers, *, temperature: ArrayLike = 0.0) -> TwoTime:
    r"""Langevin dynamics of the two-spin glass, f(q) = q^2 / 2, from a random start, at any times.

    .. math::
       C(t,t') &= \frac{1}{\sqrt{\Gamma\,\Gamma'}} \int\! \rho(\mu)\, e^{\mu (t - t')} \Big[ e^{2\mu t'}
                  + 2T \int_0^{t'}\! e^{2\mu(t' - u)}\, \Gamma(u)\,du \Big] d\mu, \quad t \ge t' \\
       R(t,t') &= M(t-t')\,\sqrt{\Gamma'/\Gamma}, \qquad \lambda = \frac{\dot\Gamma}{2\,\Gamma}, \qquad
       e = \frac{T - \lambda}{2} \\
       \Gamma(t) &= \int \frac{\rho(\mu)\, e^{2\mu t}}{1 - T\mu + T^2}\,d\mu
       \;+\; \big[\,(1 - T^{-2})\, e^{2(T + 1/T)\,t} \text{ if } T > 1\,\big]

    with the semicircle :math:`\rho` on [-2, 2] and :math:`M(x) = \int \rho(\mu)\,e^{\mu x} d\mu = I_1(2x)/x`.

    Args:
      times: shape (T,), increasing, >= 0.
      temperature: T >= 0, a scalar.

    Returns:
      ``TwoTime`` with C and R of shape (T, T); the response's diagonal is its right limit 1, and the overlap is 0.

    Raises:
      ValueError: for an argument out of range, named with its value.
      RuntimeError: where jax is in float32.

    Exact for N -> infinity. Good to about 1e-12 up to t = 1e6: the modes are summed with Gauss's rule on panels that
    halve towards the edge of the semicircle, and the growth of the largest mode is taken out, so nothing overflows.
    Costs 272 T (T + 272) exponentials for T times.
    Source: L. Cugliandolo, D. Dean (1995); the closed form of Gamma by Laplace transform.
    Book: "An exact solution, and aging".
    """
    glass = SphericalGlass({2: 0.5}, temperature)
    require_scalar("temperature", temperature)
    require_shape("times", times, 1, "a list of times, shape (T,)")
    require("times", times, ">= 0, finite and increasing", lambda x: (x >= 0) & np.isfinite(x) & _increases(x))
    require_memory(lambda count: 32 * count**2, **{"len(times)": np.size(times)})
    times = as_floats(times)
    c, r, multiplier = _two_spin(times, glass.temperature)
    energy = (glass.temperature - multiplier) / 2
    return TwoTime(times, c, r, energy, multiplier, jnp.zeros_like(times), {"glass": glass})


def _increases(x: np.ndarray) -> np.ndarray:
    return np.diff(x, prepend=-1.0) > 0


@jax.jit
def _two_spin(times: Array, temperature: Array) -> tuple[Array, Array, Array]:
    warm = temperature > 1
    inverse = jnp.where(warm, 1 / jnp.where(warm, temperature, 1.0), 0.0)
    beyond = (temperature - 1) ** 2 * inverse  # of the largest growth rate over 2; growth is measured against it
    fall = jnp.append(beyond + BELOW, 0.0)
    free = WEIGHT / ((1 - temperature) ** 2 + temperature * BELOW)
    norm = jnp.append(free, jnp.where(warm, 1 - inverse**2, 0.0))  # Gamma(t) = sum norm exp(-2 fall t), so scaled

    def gammas(t: Array) -> tuple[Array, Array]:
        """Gamma, and half its logarithmic derivative."""
        modes = norm * jnp.exp(-2 * fall * t)
        return modes.sum(), 2 + beyond - (fall @ modes) / modes.sum()

    def variance(t: Array) -> Array:
        """What each mode has become by time t, from its start and from noise."""
        a, b = 2 * t * fall[:-1, None], 2 * t * fall
        apart = jnp.abs(a - b)
        mean = jnp.where(apart < 1e-8, 1.0, -jnp.expm1(-apart) / jnp.where(apart < 1e-8, 1.0, apart))
        return jnp.exp(-2 * fall[:-1] * t) + 2 * temperature * t * ((jnp.exp(-jnp.minimum(a, b)) * mean) @ norm)

    gamma, multiplier = jax.lax.map(gammas, times)
    later = times[:, None] >= times
    lag = jnp.where(later, times[:, None] - times, 0.0)

    def column(at: tuple[Array, Array]) -> Array:
        t, lags = at
        return jnp.exp(-lags[:, None] * fall[:-1]) @ (WEIGHT * variance(t))

    c = jnp.where(later, jax.lax.map(column, (times, lag.T)).T, 0.0) / jnp.sqrt(gamma[:, None] * gamma)
    c = c + jnp.tril(c, -1).T
    safe = jnp.where(lag < 1e-6, 1.0, lag)
    alone = jnp.where(lag < 1e-6, 1.0, jax.scipy.special.i1e(2 * safe) / safe) * jnp.exp(-beyond * lag)
    return c, jnp.where(later, alone * jnp.sqrt(gamma / gamma[:, None]), 0.0), multiplier
