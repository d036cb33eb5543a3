r"""One grid of the long-time solver, and what happens when it is full.

Unknowns on t_i = i d are C_ij and the integrated response :math:`K_{ij} = \int_{t_j}^{t_i} R(t_i, u)\,du`, both smooth
where R is not. For every row i and cell k between t_k and t_{k+1} what survives a coarser grid is kept,

.. math::
   S = \int \Sigma\,du, \quad W = \int \Sigma\, \tfrac{u - t_k}{d}\,du, \quad E = \int f'(C)\,R\,du, \quad
   L = \int [f'(C) + f''(C)\,C]\,R\,du, \quad \bar C, \; \bar F = \text{means of } C,\; f'(C)

and the means of C and K over their first time. Steps are implicit (BDF2); a row is a fixed point. Near the diagonal
a glass is in equilibrium: the last few cells are those of the row before, moved along. All this is of second order,
and an aging glass multiplies the error of a row by its time: on long runs grids of every size drift (see `aging.flow`).
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array

from ..numerics.fixed_points import anderson
from .glass import SphericalGlass

NEAR = 4  # cells copied along the diagonal


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


@jax.jit
def cells(glass: SphericalGlass, h: Array, c: Array, r: Array) -> Grid:
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
def coarser(grid: Grid) -> Grid:
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
def fill(glass: SphericalGlass, d: Array, grid: Grid) -> tuple[Grid, Array, Array, Array]:
    """The second half of the rows, one after the other; energy and multiplier of each, and the worst residual."""
    points = grid.c.shape[0] - 1

    def row(grid: Grid, i: Array) -> tuple[Grid, tuple[Array, Array, Array]]:
        known = jnp.arange(points + 1) >= i - NEAR

        def sweep(x: Array) -> Array:
            return jnp.where(known, 0.0, _step(glass, d, grid, i, _complete(glass, grid, i, x)))

        guess = jnp.stack([2 * x[i - 1] - x[i - 2] for x in (grid.c, grid.k)])
        x, residual = anderson(sweep, jnp.where(known, 0.0, guess))
        new = _complete(glass, grid, i, x)
        observed = -new["e"].sum(), glass.temperature + new["l"].sum(), residual
        return _written(grid, i, new), observed

    grid, (energy, multiplier, residual) = jax.lax.scan(row, grid, jnp.arange(points // 2 + 1, points + 1))
    return grid, energy, multiplier, residual.max()


def _complete(glass: SphericalGlass, grid: Grid, i: Array, x: Array) -> dict[str, Array]:
    """Row i, points and cells, from its unknown C and K; what is near the diagonal is the row before, moved along."""
    place = jnp.arange(grid.c.shape[1])
    near = place >= i - NEAR
    moved = {name: jnp.roll(y[i - 1], 1).at[0].set(0.0) for name, y in grid._asdict().items()}
    c, k = jnp.where(near, moved["c"], x[0]), jnp.where(near, moved["k"], x[1])
    f1, f2, answer = glass.f(c, 1), glass.f(c, 2), k[:-1] - k[1:]

    def mean(y: Array) -> Array:
        return (y[:-1] + y[1:]) / 2

    far = {"s": mean(f2) * answer, "e": mean(f1) * answer, "l": mean(f1 + f2 * c) * answer}
    far |= {"w": far["s"] / 2, "mean_c": mean(c), "mean_f": mean(f1)}
    cells = {n: jnp.where(place[:-1] < i, jnp.where(near[:-1], moved[n], y), 0.0) for n, y in far.items()}
    return cells | {"c": jnp.where(place <= i, c, 0.0), "k": jnp.where(place < i, k, 0.0)}


def _step(glass: SphericalGlass, d: Array, grid: Grid, i: Array, new: dict[str, Array]) -> Array:
    """C and K of row i by an implicit step, with the integrals of its present guess."""
    place = jnp.arange(grid.c.shape[1])
    near, s, w = place[:-1] >= i - NEAR, new["s"], new["w"]
    far = jnp.where(near, 0.0, s)
    left, right = jnp.where(near, s - w, 0.0), jnp.where(near, w, 0.0)  # a near cell by its two end points
    ends = jnp.pad(left, (0, 1)) + jnp.pad(right, (1, 0)) * (place != i)  # the last of them stands in `scale`
    rows = jnp.clip(i - NEAR + jnp.arange(NEAR + 1), 0, place.size - 1)
    past_c, past_k = ((4 * x[i - 1] - x[i - 2]) / (2 * d) for x in (grid.c, grid.k))
    noise = grid.k @ (jnp.pad(new["mean_f"], (0, 1)) - jnp.pad(new["mean_f"], (1, 0)))
    c = past_c + noise + grid.mean_c @ s + far @ grid.first_c + ends[rows] @ grid.c[rows]
    k = past_k + 1 + far @ grid.first_k + ends[rows] @ grid.k[rows]
    scale = 3 / (2 * d) + glass.temperature + new["l"].sum() - w[i - 1]
    return jnp.stack([c, k]) / scale


def _written(grid: Grid, i: Array, new: dict[str, Array]) -> Grid:
    """The grid with row i, and with the means over the first time of the cell before it."""
    place = jnp.arange(grid.c.shape[1])

    def first(x: Array, row: Array, means: Array) -> Array:
        inside = jnp.where(place < i - NEAR, (x[i - 1] + row) / 2, jnp.roll(means[i - 2], 1))
        return means.at[i - 1].set(inside * (place < i))

    rows = {name: getattr(grid, name).at[i].set(x) for name, x in new.items()}
    means = first(grid.c, new["c"], grid.first_c), first(grid.k, new["k"], grid.first_k)
    return Grid(**rows, first_c=means[0], first_k=means[1])
