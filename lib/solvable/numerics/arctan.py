"""The angle of a point in the plane, as a sum of products."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
from jaxtyping import Array

# (arctan(t) / t - 1) / t^2 as a function of t^2: numerator and denominator for t < tan(pi / 8), a series to 3e-8
ARCTAN = (
    (-0.8750608600031904, -16.157537187333652, -75.00855792314705, -122.88666844901361, -64.85021904942025),
    (1.0, 24.858464901423062, 165.02700983169885, 432.88106049129027, 485.3903996359137, 194.5506571482614),
)
ARCTAN32 = (0.0029209076, -0.016368837, 0.043213402, -0.075523482, 0.10666067, -0.14211071, 0.19993774, -0.33333153)


@jax.custom_jvp
def arctan2(y: Array, x: Array) -> Array:
    """``jnp.arctan2`` to rounding, without branches or calls, so that a CPU computes several at a time.

    The smaller over the larger goes into a series: in double precision Cephes' (S. Moshier, 1989), folded about
    tan(pi / 8).
    """
    larger, smaller = jnp.maximum(jnp.abs(x), jnp.abs(y)), jnp.minimum(jnp.abs(x), jnp.abs(y))
    angle = _arctan(smaller / jnp.where(larger > 0, larger, 1))
    angle = jnp.where(jnp.abs(y) > jnp.abs(x), jnp.pi / 2 - angle, angle)
    angle = jnp.where(x < 0, jnp.pi - angle, angle)
    return jnp.where(y < 0, -angle, angle)


def _arctan(t: Array) -> Array:
    """For t in [0, 1]; in single precision without a second division."""
    if t.dtype != jnp.float64:
        return t + t * t**2 * _polynomial(ARCTAN32, t**2)
    folded = t > math.tan(math.pi / 8)
    t = jnp.where(folded, (t - 1) / (t + 1), t)
    above, below = (_polynomial(one, t**2) for one in ARCTAN)
    return jnp.where(folded, jnp.pi / 4, 0) + (t + t * t**2 * above / below)


def _polynomial(coefficients: tuple[float, ...], x: Array) -> Array:
    """The highest power first."""
    found = jnp.full_like(x, coefficients[0])
    for one in coefficients[1:]:
        found = found * x + one
    return found


@arctan2.defjvp
def _arctan2_jvp(at: tuple[Array, Array], moves: tuple[Array, Array]) -> tuple[Array, Array]:
    (y, x), (dy, dx) = at, moves
    larger = jnp.maximum(jnp.abs(x), jnp.abs(y))
    larger = jnp.where(larger > 0, larger, 1)  # taken out, since squares may leave the range of numbers
    up, along = y / larger, x / larger
    square = along**2 + up**2
    return arctan2(y, x), (along * dy - up * dx) / (jnp.where(square > 0, square, 1) * larger)
