r"""The spherical glass at long times: a grid of fixed size whose step doubles whenever it is full.

Unknowns on t_i = i d are C_ij and the integrated response :math:`K_{ij} = \int_{t_j}^{t_i} R(t_i, u)\,du`, both smooth
where R is not. For every row i and cell k between t_k and t_{k+1} what survives a coarser grid is kept,

.. math::
   S = \int \Sigma\,du, \quad W = \int \Sigma\, \tfrac{u - t_k}{d}\,du, \quad E = \int f'(C)\,R\,du, \quad
   L = \int [f'(C) + f''(C)\,C]\,R\,du, \quad \bar C, \; \bar F = \text{means of } C,\; f'(C)

and the means of C and K over their first time. Steps are implicit (BDF2); a row is a fixed point. Near the diagonal
a glass is in equilibrium: the last few cells are those of the row before, moved along.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from .._checks import require, require_count, require_scalar
from .._pytree import pytree
from . import theory
from .glass import SphericalGlass

NEAR = 4  # cells copied along the diagonal
DEPTH = 6  # of Anderson acceleration
ITERATIONS = 200
TOLERANCE = 1e-10
FIRST_STEP = 0.05
AGREE = {"energy": 3e-4, "correlation": 0.01}


@pytree
@dataclass(frozen=True)
class Aging:
    """The dynamics over many decades of time.

    Attributes:
      times: shape (n,), of every row that was solved.
      energy, multiplier: shape (n,).
      shown: shape (m,), times that double, at which two-time functions are kept.
      fractions: shape (points + 1,), from 0 to 1.
      correlation: shape (m, points + 1), C(t, fraction t) at ``shown``.
      integrated: shape (m, points + 1), the susceptibility chi(t, fraction t): what a field switched on at fraction t,
        of unit size, has done by t.
      trusted: the last of ``shown`` up to which a run with half the points agrees, energy to 3e-4 and C(t, t/2) to
        1 %. At the first of them the solution is that of `theory.flow`, and needs no witness.
      residual: of the fixed points, at worst.
      parameters: what made it.
    """

    times: Float[Array, " n"]
    energy: Float[Array, " n"]
    multiplier: Float[Array, " n"]
    shown: Float[Array, " m"]
    fractions: Float[Array, " points"]
    correlation: Float[Array, "m points"]
    integrated: Float[Array, "m points"]
    trusted: float
    residual: float
    parameters: dict[str, Any] = field(default_factory=dict)


def flow(glass: SphericalGlass, until: ArrayLike, *, points: int = 1024) -> Aging:
    r"""Gradient flow or Langevin dynamics up to long times, at a cost that grows with their logarithm.

    Args:
      glass: the model, without a spike.
      until: the time to reach, > 0. It is passed: the last grid ends beyond it.
      points: of the grid in each time, a multiple of 4, >= 64. The error falls as they grow.

    Returns:
      ``Aging``. The whole is run again with half the points, and ``trusted`` says up to where the two agree.

    Warns:
      UserWarning: where `until` is later than ``trusted``.

    Raises:
      ValueError: for an argument out of range, or a glass with a spike.
      RuntimeError: where a row does not converge.

    Costs O(points^3) for each factor of two in time. How far the points carry: benchmarks/spinglass.py.
    Source: the grid of B. Kim, A. Latz (2001). Book: "Glassy".
    """
    require_scalar("until", until)
    require("until", until, "> 0 and finite", lambda x: (x > 0) & np.isfinite(x))
    end = float(np.asarray(until))
    points = require_count("points", points, 64)
    if points % 4:
        raise ValueError(f"points must be a multiple of 4; got {points}")
    if float(glass.spike) != 0:
        raise ValueError(f"spike must be 0 at long times; got {float(glass.spike)}")
    fine, coarse = (_run(glass, end, size) for size in (points, points // 2))
    same = coarse.shown.searchsorted(fine.shown * (1 - 1e-9))
    off = {
        "energy": np.abs(fine.at_shown(fine.energy) - coarse.at_shown(coarse.energy)[same]),
        "correlation": np.abs(fine.half / coarse.half[same] - 1),
    }
    agree = np.all([off[name] <= most for name, most in AGREE.items()], axis=0)
    agree[0] = True
    trusted = float(fine.shown[np.logical_and.accumulate(agree)][-1])
    if trusted < end:
        warnings.warn(
            f"with {points} points two resolutions agree up to t = {trusted:.4g} only, not until {end:g}; "
            "what comes later may drift",
            stacklevel=2,
        )
    parameters = {"glass": glass, "points": points}
    return Aging(
        jnp.asarray(fine.times),
        jnp.asarray(fine.energy),
        jnp.asarray(fine.multiplier),
        jnp.asarray(fine.shown),
        jnp.linspace(0, 1, points + 1),
        jnp.asarray(fine.c),
        jnp.asarray(fine.k),
        trusted,
        max(fine.residual, coarse.residual),
        parameters,
    )


class Run(NamedTuple):
    """One resolution, in NumPy."""

    times: np.ndarray
    energy: np.ndarray
    multiplier: np.ndarray
    shown: np.ndarray
    c: np.ndarray
    k: np.ndarray
    residual: float

    def at_shown(self, values: np.ndarray) -> np.ndarray:
        """Values at the times whose rows are kept."""
        return values[np.searchsorted(self.times, self.shown * (1 - 1e-9))]

    @property
    def half(self) -> np.ndarray:
        """C(t, t/2)."""
        return self.c[:, self.c.shape[1] // 2]


class Grid(NamedTuple):
    """Points and cells; row i is 0 beyond its diagonal."""

    c: Array
    k: Array
    s: Array
    w: Array
    e: Array
    l: Array  # noqa: E741
    mean_c: Array
    mean_f: Array
    first_c: Array
    first_k: Array


def _run(glass: SphericalGlass, until: float, points: int) -> Run:
    h = min(FIRST_STEP, float(1 / (12 * jnp.sqrt(jnp.maximum(glass.f(1.0, 2), 1e-300)))))
    start = theory.flow(glass, points * h, h)
    grid = _cells(glass, h, start.correlation, start.response)
    kept = [(np.asarray(start.times), np.asarray(start.energy), np.asarray(start.multiplier))]
    shown, worst, d = [(points * h, np.asarray(grid.c[-1]), np.asarray(grid.k[-1]))], 0.0, h
    while points * d < until:
        d *= 2
        grid, energy, multiplier, residual = _fill(glass, jnp.asarray(d), _coarser(grid))
        if not residual <= 1e-6:
            raise RuntimeError(f"points must be more: a row at t = {points * d:.4g} was left {residual:.2g} off")
        kept.append((d * np.arange(points // 2 + 1, points + 1), np.asarray(energy), np.asarray(multiplier)))
        shown.append((points * d, np.asarray(grid.c[-1]), np.asarray(grid.k[-1])))
        worst = max(worst, float(residual))
    times, energy, multiplier = (np.concatenate(x) for x in zip(*kept, strict=True))
    ends, c, k = (np.stack(x) for x in zip(*shown, strict=True))
    return Run(times, energy, multiplier, ends, c, k, worst)


@jax.jit
def _cells(glass: SphericalGlass, h: Array, c: Array, r: Array) -> Grid:
    """The cells of a solution on a fine grid, by the trapezoid rule."""
    below = jnp.tril(jnp.ones_like(c))
    c = c * below

    def cell(x: Array) -> Array:
        return (x[:, :-1] + x[:, 1:]) / 2 * below[:, 1:]

    def first(x: Array) -> Array:
        return (x[:-1] + x[1:]) / 2 * below[:-1]

    sigma, noise = glass.f(c, 2) * r, glass.f(c, 1) * r
    step = h * cell(r)
    k = jnp.pad(jnp.cumsum(step[:, ::-1], axis=1)[:, ::-1], ((0, 0), (0, 1)))
    s, e = h * cell(sigma), h * cell(noise)
    w = h * (sigma[:, :-1] / 6 + sigma[:, 1:] / 3) * below[:, 1:]
    loop = h * cell(noise + sigma * c)
    return Grid(c, k, s, w, e, loop, cell(c), cell(glass.f(c, 1)), first(c), first(k))


@jax.jit
def _coarser(grid: Grid) -> Grid:
    """Every second point, cells in pairs; the second half is left empty."""

    def pairs(x: Array) -> Array:
        return x[::2, ::2] + x[::2, 1::2]

    def pairs_first(x: Array) -> Array:
        return (x[::2, ::2] + x[1::2, ::2]) / 2

    c, k, s, w, e, loop, mean_c, mean_f, first_c, first_k = grid
    half = Grid(
        c[::2, ::2],
        k[::2, ::2],
        pairs(s),
        (pairs(w) + s[::2, 1::2]) / 2,
        pairs(e),
        pairs(loop),
        pairs(mean_c) / 2,
        pairs(mean_f) / 2,
        pairs_first(first_c),
        pairs_first(first_k),
    )
    shapes = jax.tree.map(jnp.shape, grid)
    return Grid(
        *(
            jnp.pad(x, [(0, b - a) for a, b in zip(x.shape, full, strict=True)])
            for x, full in zip(half, shapes, strict=True)
        )
    )


@jax.jit
def _fill(glass: SphericalGlass, d: Array, grid: Grid) -> tuple[Grid, Array, Array, Array]:
    """The second half of the rows, one after the other."""
    points = grid.c.shape[0] - 1

    def row(grid: Grid, i: Array) -> tuple[Grid, tuple[Array, Array, Array]]:
        place, cells = jnp.arange(points + 1), jnp.arange(points)
        known, near = place >= i - NEAR, cells >= i - NEAR

        def along(x: Array) -> Array:
            """The row before, moved one to the right."""
            return jnp.roll(x[i - 1], 1).at[0].set(0.0)

        copied = Grid(*map(along, grid))

        def complete(x: Array) -> tuple[Array, Array, dict[str, Array]]:
            """The row's points and cells from what is iterated."""
            c = jnp.where(known, copied.c, x[0])
            k = jnp.where(known, copied.k, x[1])
            step = k[:-1] - k[1:]

            def mean(y: Array) -> Array:
                return (y[:-1] + y[1:]) / 2

            f1, f2 = glass.f(c, 1), glass.f(c, 2)
            far = {"s": mean(f2) * step, "e": mean(f1) * step, "l": mean(f1 + f2 * c) * step}
            far |= {"w": far["s"] / 2, "mean_c": mean(c), "mean_f": mean(f1)}
            inside = cells < i
            row = {n: jnp.where(inside, jnp.where(near, getattr(copied, n), far[n]), 0.0) for n in far}
            return c, k, row

        def sweep(x: Array) -> Array:
            _, _, new = complete(x)
            s, w = new["s"], new["w"]
            multiplier = glass.temperature + new["l"].sum()
            far = jnp.where(near, 0.0, s)
            left, right = jnp.where(near, s - w, 0.0), jnp.where(near, w, 0.0)
            weight = jnp.pad(left, (0, 1)) + jnp.pad(right, (1, 0)) * (place != i)
            rows = jnp.clip(i - NEAR + jnp.arange(NEAR + 1), 0, points)
            close = weight[rows]
            past = (4 * grid.c[i - 1] - grid.c[i - 2]) / (2 * d), (4 * grid.k[i - 1] - grid.k[i - 2]) / (2 * d)
            noise = grid.k @ (jnp.pad(new["mean_f"], (0, 1)) - jnp.pad(new["mean_f"], (1, 0)))
            c_side = past[0] + noise + grid.mean_c @ s + far @ grid.first_c + close @ grid.c[rows]
            k_side = 1 + past[1] + far @ grid.first_k + close @ grid.k[rows]
            scale = 3 / (2 * d) + multiplier - w[i - 1]
            return jnp.where(known, 0.0, jnp.stack([c_side, k_side]) / scale)

        guess = jnp.stack([2 * x[i - 1] - x[i - 2] for x in (grid.c, grid.k)])
        x, residual = _anderson(sweep, jnp.where(known, 0.0, guess))
        c, k, new = complete(x)

        def first(before: Array, x: Array, moved: Array) -> Array:
            return jnp.where(place < i - NEAR, (before + x) / 2, moved) * (place <= i - 1)

        new |= {"c": jnp.where(place <= i, c, 0.0), "k": jnp.where(place < i, k, 0.0)}
        averages = {
            "first_c": first(grid.c[i - 1], c, jnp.roll(grid.first_c[i - 2], 1)),
            "first_k": first(grid.k[i - 1], k, jnp.roll(grid.first_k[i - 2], 1)),
        }
        rows = {name: getattr(grid, name).at[i].set(x) for name, x in new.items()}
        rows |= {name: getattr(grid, name).at[i - 1].set(x) for name, x in averages.items()}
        grid = Grid(**rows)
        return grid, (-new["e"].sum(), glass.temperature + new["l"].sum(), residual)

    grid, (energy, multiplier, residual) = jax.lax.scan(row, grid, jnp.arange(points // 2 + 1, points + 1))
    return grid, energy, multiplier, residual.max()


def _anderson(sweep: Any, start: Array) -> tuple[Array, Array]:
    """A fixed point of `sweep`, and by how much it still moves."""
    size = start.size

    def step(state: Any) -> Any:
        count, x, f, moves, changes = state
        gram = changes @ changes.T
        gram = gram + jnp.eye(DEPTH) * (1e-13 * jnp.trace(gram) + 1e-290)
        mix = jnp.linalg.solve(gram, changes @ f)
        new = x + f - mix @ (moves + changes)
        new_f = sweep(new.reshape(start.shape)).ravel() - new
        slot = count % DEPTH
        return count + 1, new, new_f, moves.at[slot].set(new - x), changes.at[slot].set(new_f - f)

    def unsettled(state: Any) -> Array:
        return (state[0] < ITERATIONS) & (jnp.max(jnp.abs(state[2])) > TOLERANCE)

    x = start.ravel()
    history = jnp.zeros((DEPTH, size))
    found = jax.lax.while_loop(unsettled, step, (0, x, sweep(start).ravel() - x, history, history))
    return (found[1] + found[2]).reshape(start.shape), jnp.max(jnp.abs(found[2]))
