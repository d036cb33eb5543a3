"""All rows of the two-time equations on a logarithmic axis, and what lies between them. One row: see `row`."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from .._pytree import numpy_for
from ..numerics.panels import Panels, between, panels
from . import axes
from .axes import WITHIN
from .row import ORDER, Model, Past, Row, observed, read_both, solve

LIMIT = 1e-3  # a last step of Newton, or a correlation beyond 1, that is a sign of too few nodes
ROOM = 256  # the room for rows is a multiple of it, so that few ends compile anew


class Solution(NamedTuple):
    """All rows, in the glass's own units; those after row ``end`` could not be solved, and are 0."""

    times: Any
    table: Any
    overlap: Any
    energy: Any
    multiplier: Any
    end: Any


def march(model: Model, overlap: Array, count: int, step: float, until: float) -> Solution:
    """Rows until one is beyond `until`, or until one cannot be solved."""
    rows = int(np.ceil(axes.clock(np.float64(until)) / step))
    last = max(rows, WITHIN)
    times = axes.row_times(-(-(last + 1) // ROOM) * ROOM, step)
    table, *rows, end = _march(model, overlap, count, step, times, last)
    xp = numpy_for(table)
    m, energy, multiplier = (xp.asarray(x)[: last + 1] for x in rows)
    return Solution(times[: last + 1], xp.asarray(table)[:, : last + 1], m, energy, multiplier, end)


@partial(jax.jit, static_argnums=2)
def _march(
    model: Model, overlap: Array, count: int, step: Array, times: Array, last: Array
) -> tuple[Array, Array, Array, Array, Array]:
    tables = panels(count, ORDER)
    first = jax.vmap(partial(_start, model, overlap, jnp.asarray(tables.nodes)))(times[:WITHIN])
    empty = jnp.zeros((2, times.size, tables.nodes.size))
    past = Past(empty.at[:, :WITHIN].set(jnp.stack(first[:2])), jnp.zeros(times.size).at[:WITHIN].set(first[2]))
    seen = [jnp.zeros(times.size).at[:WITHIN].set(x) for x in _observed_rows(model, tables, times[:WITHIN], first)]

    def step_on(state: Any) -> Any:
        n, past, energy, multiplier, _ = state
        row, move = solve(model, tables, past, n, times[n], step)
        e, of_sphere = observed(model, tables, times[n], row)
        sound = (move <= LIMIT) & (jnp.abs(row.c).max() <= 1 + LIMIT)
        return n + 1, past.written(n, row), energy.at[n].set(e), multiplier.at[n].set(of_sphere), sound

    def goes_on(state: Any) -> Array:
        return (state[0] <= last) & state[-1]

    begun: Any = WITHIN, past, *seen, jnp.array(True)
    n, past, energy, multiplier, sound = jax.lax.while_loop(goes_on, step_on, begun)
    return past.table, past.m, energy, multiplier, jnp.where(sound, n - 1, n - 2)


def _observed_rows(model: Model, tables: Panels, times: Array, rows: Row) -> tuple[Array, Array]:
    return jax.vmap(lambda t, row: observed(model, tables, t, row))(times, rows)


def _start(model: Model, overlap: Array, x: Array, t: Array) -> Row:
    """The first rows, by Taylor's series to second order in both times."""
    (u, tau), m, kappa = axes.parts(t, x), overlap, model.spike
    f1, f2 = model.f(jnp.ones(()), 1), model.f(jnp.ones(()), 2)
    fall = model.temperature + kappa * m**2  # lambda at 0
    pull = (kappa - fall) * m  # dm/dt
    rise = f1 + f2 + 2 * kappa * m * pull  # of lambda
    c = 1 - model.temperature * tau + (model.temperature * fall - f1 - kappa * m * pull) * tau**2 / 2
    r = 1 - fall * tau + (fall**2 + f2) * tau**2 / 2 - rise * (t + u) * tau / 2
    slow = (kappa - fall) * pull - rise * m + f2 * m
    return Row(c, r * axes.density(u, tau), m + pull * t + slow * t**2 / 2)


def with_integrals(table: Any, times: Any) -> Any:
    """c, r, and the integral of R from each node to t, shape (3, rows, N), from c and r."""
    xp, size = numpy_for((table, times)), table.shape[-1]
    tables = panels((size - 1) // ORDER, ORDER)
    firsts = np.arange(0, size - 1, ORDER)
    inside = table[1][:, firsts[:, None] + np.arange(ORDER + 1)] @ tables.beyond.T
    whole = inside[..., 0]
    later = xp.cumsum(whole[:, ::-1], axis=1)[:, ::-1] - whole
    sums = (inside[..., :-1] + later[..., None]).reshape(len(table[1]), size - 1)
    return xp.stack([*table, axes.span(times)[:, None] * xp.pad(sums, ((0, 0), (0, 1)))])


def at_rows(values: Any, step: Any, t: Any) -> Any:
    """What has one number a row, at times in between; shape of `t`."""
    return axes.rows_around(t, step, values.shape[0] - 1).read(values)


def at_pairs(table: Any, step: Any, t: Any, u: Any) -> tuple[Any, ...]:
    """C, R and the integral of R from u to t, at pairs u <= t of one shape."""
    xp = numpy_for((table, t, u))
    tables = panels((table.shape[-1] - 1) // ORDER, ORDER)
    later, tau = xp.where(t > 0, t, 1.0), t - u
    x = xp.clip(axes.coordinate(u, tau, axes.span(later)), -1.0, 1.0)
    rows, column = axes.rows_around(t, step, table.shape[1] - 1), between(xp.where(t > 0, x, 1.0), tables)
    c, r, integral = (read_both(values, rows, column) for values in table)
    return tuple(
        xp.where(tau > 0, found, end)
        for found, end in ((xp.clip(c, -1.0, 1.0), 1.0), (r / axes.density(u, tau), 1.0), (integral, 0.0))
    )
