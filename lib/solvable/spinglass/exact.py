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

from .._checks import require, require_scalar, require_shape
from .._pytree import Numbers
from .glass import SphericalGlass, TwoTime

ANGLES = np.polynomial.legendre.leggauss(128)
LAGS = np.polynomial.legendre.leggauss(96)
EDGE = 6.5  # where exp(-4 t (1 - cos theta)) has fallen to rounding, in units of 1 / sqrt(2 t)


def two_spin(times: Numbers, *, temperature: ArrayLike = 0.0) -> TwoTime:
    r"""Langevin dynamics of the two-spin glass, f(q) = q^2 / 2, from a random start, at any times.

    .. math::
       C(t,t') &= \frac{1}{\sqrt{\Gamma\,\Gamma'}} \Big[ \Gamma(\tau) - 2T \int_0^{(t-t')/2}\! M(2v)\,
                  \Gamma(\tau - v)\,dv \Big], \quad \tau = \frac{t + t'}{2} \\
       R(t,t') &= M(t-t')\,\sqrt{\Gamma'/\Gamma}, \qquad \lambda = \frac{\dot\Gamma}{2\,\Gamma}, \qquad
       e = \frac{T - \lambda}{2}

    Args:
      times: shape (T,), increasing, >= 0.
      temperature: T >= 0.

    Returns:
      ``TwoTime``; the response's diagonal is its right limit 1.

    Raises:
      ValueError: for an argument out of range, named with its value.

    Exact for N -> infinity. Good to about 1e-12 up to t = 1e6, where nothing overflows because the growth of the
    largest mode is taken out; less within 1e-2 of T = 1, where the integrand has a peak as narrow as that.
    Source: L. Cugliandolo, D. Dean (1995), and the sheet's closed form of the norm. No page shows it yet.
    """
    glass = SphericalGlass({2: 0.5}, temperature)
    require_scalar("temperature", temperature)
    require_shape("times", times, 1, "a list of times, shape (T,)")
    require("times", times, ">= 0, finite and increasing", lambda x: (x >= 0) & np.isfinite(x) & _increases(x))
    times = jnp.asarray(times, float)
    c, r, multiplier = _two_spin(times, glass.temperature)
    energy = (glass.temperature - multiplier) / 2
    return TwoTime(times, c, r, energy, multiplier, jnp.zeros_like(times), {"glass": glass})


def _increases(x: np.ndarray) -> np.ndarray:
    return np.diff(x, prepend=-1.0) > 0


@jax.jit
def _two_spin(times: Array, temperature: Array) -> tuple[Array, Array, Array]:
    warm = temperature > 1
    inverse = jnp.where(warm, 1 / jnp.where(warm, temperature, 1.0), 0.0)
    edge = jnp.where(warm, temperature + inverse, 2.0)  # the largest growth rate, taken out of everything

    def norms(t: Array) -> tuple[Array, Array]:
        """Gamma(t) exp(-2 edge t) and its logarithmic derivative."""
        theta, weight = _angles(t)
        x, semicircle = 2 * jnp.cos(theta), 2 / jnp.pi * jnp.sin(theta) ** 2
        density = weight * semicircle / (1 - temperature * x + temperature**2)
        modes = density * jnp.exp(2 * (x - edge) * t)
        gamma = modes.sum() + jnp.where(warm, 1 - inverse**2, 0.0)
        slope = (2 * x * modes).sum() + jnp.where(warm, 2 * edge * (1 - inverse**2), 0.0)
        return gamma, slope / gamma

    def free(x: Array) -> Array:
        """M(x) exp(-edge x)."""
        small = x < 1e-6
        safe = jnp.where(small, 1.0, x)
        return jnp.where(small, 1.0, jax.scipy.special.i1e(2 * safe) / safe) * jnp.exp((2 - edge) * x)

    gamma, slope = jax.lax.map(norms, times)
    nodes, weights = (jnp.asarray(v) for v in LAGS)

    def correlation(pair: tuple[Array, Array]) -> Array:
        t, s = pair
        middle, half = (t + s) / 2, jnp.abs(t - s) / 2
        top = jnp.log1p(half)
        v = jnp.expm1(top * (1 + nodes) / 2)
        inside = free(2 * v) * jax.vmap(lambda lag: norms(middle - lag)[0])(v)
        return norms(middle)[0] - temperature * top * jnp.sum(weights * (1 + v) * inside)

    grid = jnp.meshgrid(times, times, indexing="ij")
    root = jnp.sqrt(gamma[:, None] * gamma[None])
    c = jax.lax.map(correlation, tuple(g.ravel() for g in grid)).reshape(root.shape) / root
    lag = grid[0] - grid[1]
    r = jnp.where(lag >= 0, free(jnp.maximum(lag, 0.0)) * jnp.sqrt(gamma[None] / gamma[:, None]), 0.0)
    return c, r, slope / 2


def _angles(t: Array) -> tuple[Array, Array]:
    """Gauss-Legendre angles over the part of the semicircle that matters at time t."""
    nodes, weights = (jnp.asarray(v) for v in ANGLES)
    top = jnp.minimum(jnp.pi, EDGE / jnp.sqrt(jnp.maximum(2 * t, 1e-12)))
    return top * (1 + nodes) / 2, top * weights / 2
