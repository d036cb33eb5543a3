r"""Two-time dynamics of the spherical glass for N -> infinity: every step one row of C and R from all earlier rows.

.. math::
   \partial_t C(t,t') &= -\lambda\, C + \int_0^{t'}\! f'(C(t,u))\,R(t',u)\,du + \int_0^t\! \Sigma(t,u)\,C(u,t')\,du
                         + \kappa\, m\, m' \\
   \partial_t R(t,t') &= -\lambda\, R + \int_{t'}^t\! \Sigma(t,u)\,R(u,t')\,du, \qquad \Sigma = f''(C)\,R \\
   \lambda(t) &= T + \int_0^t [f'(C) + f''(C)\,C]\,R(t,u)\,du + \kappa m^2, \qquad
   e(t) = -\int_0^t f'(C)\,R(t,u)\,du - \tfrac{\kappa}{2} m^2

A row costs four products of a triangle and a vector, and nothing can be done before the row above is there. So memory
bandwidth is the limit: each triangle is kept in bands of rows, as wide as their last row, which spares most zeros.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array

from .._checks import concrete, finite_answer, require, require_positive, require_scalar
from .._memory import require_memory
from ..results import at_steps
from .checks import check_glass, check_run, check_step
from .glass import SphericalGlass, TwoTime

__all__ = ["descent", "flow"]

LARGE = 2000  # rows; from there on all bands
BYTES = 32  # of two matrices in bands, and of both as results, for each pair of times
BANDS = 12  # at most: they cost seconds of compilation, and spare bandwidth in large problems only


@at_steps
@finite_answer
def descent(glass: SphericalGlass, steps: int, step_size: ArrayLike, *, overlap: ArrayLike = 0.0) -> TwoTime:
    r"""Projected gradient descent, or Langevin dynamics at a finite step, exactly.

    .. math::
       u &= s_n - h\,\nabla H(s_n) + \sqrt{2Th}\,\xi_n, \qquad s_{n+1} = \sqrt N\, u/|u|, \qquad Z_n = |u|^2/N \\
       C_{n+1,m} &= \frac{1}{\sqrt{Z_n}} \Big[ C_{nm} + h^2 \sum_{k<m} R_{mk}\, f'(C_{nk})
       + h^2 \sum_{k<n} f''(C_{nk})\, R_{nk}\, C_{km} + h \kappa\, m_n m_m \Big] \\
       R_{n+1,m} &= \frac{1}{\sqrt{Z_n}} \Big[ R_{nm} + h^2 \sum_{m<k<n} f''(C_{nk})\, R_{nk}\, R_{km} \Big], \qquad
       R_{n+1,n} = \frac{1}{\sqrt{Z_n}}

    Args:
      glass: the model.
      steps: how many, whole and >= 1: all up to it; or a list of step numbers.
      step_size: h > 0.
      overlap: s.v / N of the random start, between -1 and 1.

    Returns:
      ``TwoTime`` of T = steps + 1 rows, row 0 the start, at times n h; ``response[n, m]`` = ds_n / d(h j_m), 0 on the
      diagonal.

    Raises:
      ValueError: for an argument out of range, named with its value.
      TypeError: for a `glass` that is no `SphericalGlass`.

    Exact for N -> infinity at any step size; it is Langevin dynamics up to O(h). Costs 2 steps^3 operations, below a
    thousand steps up to 8, since zeros are spared in large problems only; and 16 steps^2 bytes.
    Source: the equations of L. Cugliandolo, J. Kurchan (1993), in steps as in the talk of B. Bordelon (2025).
    Book: "Two times: C and R".
    """
    check_run(glass, steps, step_size, overlap)
    require_memory(lambda steps: BYTES * (steps + 1) ** 2, steps=steps)
    return _solve(glass, steps, step_size, overlap, _descent_row, diagonal=0.0)


@finite_answer
def flow(glass: SphericalGlass, time: float, step_size: float, *, overlap: ArrayLike = 0.0) -> TwoTime:
    r"""Gradient flow, or Langevin dynamics in continuous time, to second order in the step.

    .. math::
       \partial_t C(t,t') &= -\lambda\, C + \int_0^{t'}\! f'(C(t,u))\,R(t',u)\,du + \int_0^t\! \Sigma(t,u)\,C(u,t')\,du
                             + \kappa\, m\, m' \\
       \partial_t R(t,t') &= -\lambda\, R + \int_{t'}^t\! \Sigma(t,u)\,R(u,t')\,du, \qquad \Sigma = f''(C)\,R \\
       \lambda(t) &= T + \int_0^t [f'(C) + f''(C)\,C]\,R(t,u)\,du + \kappa m^2, \qquad
       e(t) = -\int_0^t f'(C)\,R(t,u)\,du - \tfrac{\kappa}{2} m^2

    Args:
      glass: the model.
      time: where to end, > 0.
      step_size: h > 0, at most 1 / (4 sqrt(f''(1))): beyond, the scheme is unstable. round(time / h) steps are made.
      overlap: s.v / N of the random start, between -1 and 1.

    Returns:
      ``TwoTime`` at T = round(time / h) + 1 times 0, h, 2 h, ...; the response's diagonal is its right limit 1.

    Raises:
      ValueError: for an argument out of range, or a step size beyond the bound, which is named.
      TypeError: for a `glass` that is no `SphericalGlass`.
      RuntimeError: if a correlation leaves [-1, 1], the sign of an unstable step.

    Exact for N -> infinity and h -> 0, to second order: at f = q^3/2 and T = 0.5 the energy at t = 20 is 4e-5 off in
    2,000 steps, and four times that in 1,000; halve the step for an estimate. Slow motion multiplies the error by t, so
    long times are for `aging.flow`, which is more exact at any time. This is the method that one writes first.
    Adams-Bashforth steps with trapezoid integrals. Costs as `descent`.
    Source: L. Cugliandolo, J. Kurchan (1993). Book: "Two times: C and R".
    """
    check_glass(glass)
    require_scalar("time", time)
    require_positive("time", time)
    largest = concrete(1 / (4 * jnp.sqrt(jnp.maximum(glass.f(1.0, 2), 1e-300))))
    if largest is not None:
        require("step_size", step_size, f"at most {float(largest):.4g}, 1 / (4 sqrt(f''(1)))", lambda h: h <= largest)
    check_step(step_size)
    require_memory(lambda time: BYTES * (time / float(step_size) + 1) ** 2, time=float(time))
    found = _solve(glass, max(1, round(float(time) / float(step_size))), step_size, overlap, _flow_row, diagonal=1.0)
    worst = concrete(jnp.max(jnp.abs(found.correlation)))
    if worst is not None and not worst <= 1 + 1e-6:
        raise RuntimeError(f"a correlation of {worst:.3g} left [-1, 1]: take a smaller step_size than {step_size}")
    return found


Row = tuple[Array, Array, Array]
"""C[n, :] and R[n, :], zero beyond n, and m up to n."""


class Triangle(NamedTuple):
    """A lower triangle in bands of rows, times vectors that are one longer than its last row."""

    bands: list[Array]

    def right(self, x: Array) -> Array:
        """The triangle times x."""
        return jnp.append(jnp.concatenate([band @ x[: band.shape[1]] for band in self.bands]), 0.0)

    def left(self, x: Array) -> Array:
        """x times the triangle."""
        total, start = jnp.zeros_like(x), 0
        for band in self.bands:
            rows, width = band.shape
            total, start = total.at[:width].add(x[start : start + rows] @ band), start + rows
        return total

    @property
    def first(self) -> Array:
        """The first column."""
        return jnp.append(jnp.concatenate([band[:, 0] for band in self.bands]), 0.0)

    def full(self) -> Array:
        """The matrix."""
        size = self.bands[-1].shape[1]
        return jnp.concatenate([jnp.pad(band, ((0, 0), (0, size - band.shape[1]))) for band in self.bands])


def _solve(
    glass: SphericalGlass, steps: int, step_size: ArrayLike, overlap: ArrayLike, rule: Callable, diagonal: float
) -> TwoTime:
    steps, h, start = check_run(glass, steps, step_size, overlap)
    c, r, energy, multiplier, overlaps = _march(glass, steps + 1, h, start, rule, diagonal)
    parameters: dict[str, Any] = {"glass": glass, "step_size": step_size, "overlap": overlap}
    return TwoTime(h * jnp.arange(steps + 1), c, r, energy, multiplier, overlaps, parameters)


@partial(jax.jit, static_argnums=(1, 4, 5))
def _march(
    glass: SphericalGlass, rows: int, h: Array, overlap: Array, rule: Callable, diagonal: float
) -> tuple[Array, ...]:
    """All rows: a scan for each band."""
    carry: Any = (jnp.ones(1), diagonal * jnp.ones(1), overlap * jnp.ones(1)), (jnp.zeros(1),) * 3
    c, r, observed = Triangle([]), Triangle([]), []
    count = round(min(max(1.0, BANDS * (rows / LARGE) ** 2), BANDS))
    ends = [-(-rows * (band + 1) // count) for band in range(count)]
    for start, end in zip([0, *ends[:-1]], ends, strict=True):
        carry = jax.tree.map(lambda x, size=end + 1: jnp.pad(x, (0, size - len(x))), carry)
        empty = jnp.zeros((end - start, end))
        step = partial(_step, glass, h, rule, c, r, start)
        (band_c, band_r, carry), seen = jax.lax.scan(step, (empty, empty, carry), jnp.arange(start, end))
        c, r = Triangle([*c.bands, band_c]), Triangle([*r.bands, band_r])
        observed.append(seen)
    below = c.full()
    both = below + jnp.tril(below, -1).T
    return both, r.full(), *(jnp.concatenate(parts) for parts in zip(*observed, strict=True))


def _step(
    glass: SphericalGlass, h: Array, rule: Callable, c: Triangle, r: Triangle, start: int, carry: Any, n: Array
) -> tuple[Any, tuple[Array, ...]]:
    """Write row n, and only then read the bands for row n + 1: the other order would copy them."""
    band_c, band_r, (row, before) = carry
    band_c, band_r = (x.at[n - start].set(y[:-1]) for x, y in ((band_c, row[0]), (band_r, row[1])))
    row, before, seen = rule(glass, h, n, Triangle([*c.bands, band_c]), Triangle([*r.bands, band_r]), row, before)
    return (band_c, band_r, (row, before)), seen


def _symmetric(c: Triangle, x: Array) -> Array:
    """The correlation times x, from its lower half; its diagonal is 1."""
    return c.right(x) + c.left(x) - x


def _descent_row(
    glass: SphericalGlass, h: Array, n: Array, c: Triangle, r: Triangle, row: Row, before: Any
) -> tuple[Row, Any, tuple[Array, Array, Array]]:
    """Row n + 1 of `descent` from rows up to n."""
    (cn, rn, m), kappa = row, glass.spike
    place = jnp.arange(cn.size)
    f1, g = glass.f(cn, 1), glass.f(cn, 2) * rn
    a, b, pull = h * r.right(f1), h * _symmetric(c, g), kappa * m[n]
    s = a + b + pull * m
    force = glass.f(1.0, 1) + h * g @ (2 * a + b) + 2 * pull * h * (g @ m) + pull**2
    length = jnp.sqrt(1 + 2 * h * s[n] + h**2 * force + 2 * glass.temperature * h)
    new_c = jnp.where(place <= n, (cn + h * s) / length, 0.0).at[n + 1].set(1.0)
    new_r = jnp.where(place < n, (rn + h**2 * r.left(g)) / length, 0.0).at[n].set(1 / length)
    new_m = m.at[n + 1].set((m[n] + h * pull + h**2 * (g @ m)) / length)
    energy = -h * (f1 @ rn) - pull * m[n] / 2
    return (new_c, new_r, new_m), before, (energy, glass.temperature + s[n], m[n])


def _flow_row(
    glass: SphericalGlass, h: Array, n: Array, c: Triangle, r: Triangle, row: Row, before: Any
) -> tuple[Row, Any, tuple[Array, Array, Array]]:
    """Row n + 1 of `flow` from rows up to n; `before`: the velocities of row n - 1. New columns start with Euler."""
    (cn, rn, m), kappa = row, glass.spike
    place, within = jnp.arange(cn.size), jnp.arange(cn.size) <= n
    f1, g = jnp.where(within, glass.f(cn, 1), 0.0), glass.f(cn, 2) * rn

    def ends(first: Array, last: Array) -> Array:
        return h / 2 * (first + last)  # what the trapezoid rule takes off a plain sum

    noise = h * r.right(f1) - ends(r.first * f1[0], f1)
    memory = h * _symmetric(c, g) - ends(g[0] * c.first, g[n] * cn)
    echo = h * r.left(g) - ends(g, g[n] * rn)
    both = (f1 + glass.f(cn, 2) * cn) * rn
    multiplier = glass.temperature + h * both.sum() - ends(both[0], both[n]) + kappa * m[n] ** 2
    pull = h * (g @ m) - ends(g[0] * m[0], g[n] * m[n])
    velocity = (
        jnp.where(within, -multiplier * cn + noise + memory + kappa * m[n] * m, 0.0),
        jnp.where(within, -multiplier * rn + echo, 0.0),
        jnp.where(place == n, (kappa - multiplier) * m[n] + pull, 0.0),
    )
    old_c, old_r = (jnp.where(place < n, x, now) for x, now in zip(before[:2], velocity[:2], strict=True))
    old_m = jnp.where(n > 0, before[2][n - 1], velocity[2][n])
    new_c = jnp.where(within, cn + h * (1.5 * velocity[0] - 0.5 * old_c), 0.0).at[n + 1].set(1.0)
    new_r = jnp.where(within, rn + h * (1.5 * velocity[1] - 0.5 * old_r), 0.0).at[n + 1].set(1.0)
    new_m = m.at[n + 1].set(m[n] + h * (1.5 * velocity[2][n] - 0.5 * old_m))
    forces = f1 * rn
    energy = -(h * forces.sum() - ends(forces[0], forces[n])) - kappa * m[n] ** 2 / 2
    return (new_c, new_r, new_m), velocity, (energy, multiplier, m[n])
