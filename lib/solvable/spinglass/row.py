r"""One row of the two-time equations, C(t, .), R(t, .) and m(t), from all earlier ones: an implicit step, by Newton.

On the axes of `axes`, with c = C and r = rho R at the nodes u of a row, tau = t - u,

.. math::
   0 &= \dot c - \frac{\dot u}{L \rho}\, c_x + \lambda c - \kappa\, m\, m(u) - I(u), \qquad
        0 = \dot r - \frac{\dot u}{L \rho}\, r_x + \Big[\lambda - \frac{u + a}{(\tau + a)(t + 2a)}\Big] r - J(u) \\
   0 &= \dot m + (\lambda - \kappa)\, m - \int f''(c)\, r\, m(u)\,dy, \qquad
        \dot u = \frac{u + a}{t + 2a} + \frac{\rho x}{t + a} \\
   \lambda &= T + \int [f'(c) + f''(c)\, c]\, r\,dy + \kappa m^2, \qquad e = -\int f'(c)\, r\,dy - \frac \kappa2 m^2

where dots are derivatives at fixed x, by backward differences of fourth order on the clock, and dy = L dx. The slope in
x is that of a node's own panel, which contains its right end: information comes from there. I and J are the integrals
of `theory`, over [0, u] on the nodes of row u and over [u, t] on the logistic axis of that interval,

.. math::
   I(u) &= \int_0^u \Big[ f'(C(t,v))\, r(u,v) + \frac{\rho(u,v)}{\rho(t,v)}\, f''(C(t,v))\, r(t,v)\, C(u,v) \Big] dy
          + \int_u^t f''(C(t,v))\, r(t,v)\, C(v,u)\, \frac{(t+2a)(\eta+a)}{(v+a)(\tau+2a)}\,dy \\
   J(u) &= \int_u^t f''(C(t,v))\, r(t,v)\, r(v,u)\, \frac{(v+2a)(\tau+a)}{(v+a)(\tau+2a)}\,dy, \qquad \eta = v - u

Rows between those that are known are interpolated; after the last of them the row that is sought takes part with its
weight (`share`), so the step is implicit in it too.
"""

from __future__ import annotations

import functools
import math
import operator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from ..numerics.panels import Panels, Place, between, differentiation
from . import axes
from .axes import NEAR

ORDER = 8  # of a panel
BACK = 4  # order of the backward differences; 5 and 6 are unstable
GUESS = 5  # rows that a guess is extrapolated from
ITERATIONS = 8  # of Newton, at most
BACKWARD = differentiation(np.arange(BACK + 1.0))[-1]
AHEAD = np.array([(-1.0) ** (GUESS - 1 - i) * math.comb(GUESS, i) for i in range(GUESS)])


class Model(NamedTuple):
    """A glass in units of its own rate: coefficients of f by power, temperature, spike."""

    coefficients: Array
    temperature: Array
    spike: Array

    def f(self, q: Array, derivative: int) -> Array:
        """A derivative of f, by Horner's rule."""
        total = jnp.zeros(())
        for p in range(self.coefficients.size - 1, derivative - 1, -1):
            total = total * q + math.perm(p, derivative) * self.coefficients[p]
        return total


class Row(NamedTuple):
    """c and r at the nodes, shape (N,), and m."""

    c: Array
    r: Array
    m: Array


class Past(NamedTuple):
    """All rows, those that are not yet known 0: c and r, shape (2, rows, N), and m, shape (rows,)."""

    table: Array
    m: Array

    def written(self, n: Array, row: Row) -> Past:
        """With row n."""
        return Past(self.table.at[:, n].set(jnp.stack([row.c, row.r])), self.m.at[n].set(row.m))


class Early(NamedTuple):
    """Of the integrals over [0, u]: nodes of row u, a line for each u, and where they lie in row t."""

    place: Place
    weight: Array
    ratio: Array
    c: Array
    r: Array
    m: Array
    share: Array


class Late(NamedTuple):
    """Of the integrals over [u, t]: times v, a line for each u, where they lie in row t, and where u lies in row v."""

    place: Place
    column: Place
    weight_c: Array
    weight_r: Array
    c: Array
    r: Array
    share: Array


class Terms(NamedTuple):
    """What the equations of a row need that does not depend on the row."""

    t: Array
    length: Array
    rate: Array
    drift: Array
    growth: Array
    past: Row
    early: Early
    late: Late


def known(tables: Panels, past: Past, n: Any, t: Any, step: Any) -> Terms:
    """The terms of row n at time t."""
    x, length = jnp.asarray(tables.nodes[:-1]), axes.span(t)
    u, tau = axes.parts(t, x)
    rho = axes.density(u, tau)
    velocity = (u + NEAR) / (t + 2 * NEAR) + rho * x / (t + NEAR)
    speed = axes.clock_rate(t) / step
    before = n - BACK + jnp.arange(BACK)
    c, r = speed * jnp.einsum("k,skj->sj", BACKWARD[:-1], past.table[:, before])
    return Terms(
        t,
        length,
        speed * BACKWARD[-1],
        velocity / (length * rho),
        (u + NEAR) / ((tau + NEAR) * (t + 2 * NEAR)),
        Row(c[:-1], r[:-1], speed * BACKWARD[:-1] @ past.m[before]),
        _early(tables, past, n, t, step, u, tau),
        _late(tables, past, n, t, step, u, tau),
    )


def _apart(rows: Place, n: Any) -> tuple[Place, Array]:
    """Rows that are known, and the weight of row n, which is sought."""
    sought = rows.every == n
    share = jnp.where(sought, rows.weight, 0.0).sum(-1)
    return Place(rows.first, jnp.where(sought, 0.0, rows.weight)), share


def _early(tables: Panels, past: Past, n: Any, t: Any, step: Any, u: Array, tau: Array) -> Early:
    rows, share = _apart(axes.rows_around(u, step, n), n)
    c, r = jnp.einsum("jk,sjkm->sjm", rows.weight, past.table[:, rows.every])
    v, back = axes.parts(u[:, None], jnp.asarray(tables.nodes))  # back to u
    away = tau[:, None] + back  # to t
    ratio = (back + NEAR) / (u[:, None] + 2 * NEAR) * (t + 2 * NEAR) / (away + NEAR)
    place = between(axes.coordinate(v, away, axes.span(t)), tables)
    return Early(place, tables.weights * axes.span(u)[:, None], ratio, c, r, rows.read(past.m), share)


def _late(tables: Panels, past: Past, n: Any, t: Any, step: Any, u: Array, tau: Array) -> Late:
    u, tau = u[:, None], tau[:, None]
    eta, zeta = axes.parts(tau, jnp.asarray(tables.gauss))  # from u to v, and from v to t
    v = u + eta
    rows, share = _apart(axes.rows_around(v, step, n), n)
    column = between(axes.coordinate(u, eta, axes.span(v)), tables)
    c, r = (read_both(values, rows, column) for values in past.table)
    dy = tables.gauss_weights * axes.span(tau) / ((v + NEAR) * (tau + 2 * NEAR))
    weight_c, weight_r = dy * (t + 2 * NEAR) * (eta + NEAR), dy * (v + 2 * NEAR) * (tau + NEAR)
    place = between(axes.coordinate(v, zeta, axes.span(t)), tables)
    return Late(place, column, weight_c, weight_r, c, r, share)


def read_both(values: Any, rows: Place, column: Place) -> Any:
    """Values at points in between rows and in between their nodes, from values of shape (rows, N)."""
    flat, size = values.ravel(), values.shape[1]
    first = rows.first * size + column.first
    lines = (Place(first + k * size, column.weight).read(flat) for k in range(rows.weight.shape[-1]))
    return functools.reduce(operator.add, (rows.weight[..., k] * line for k, line in enumerate(lines)))


def observed(model: Model, tables: Panels, t: Array, row: Row) -> tuple[Array, Array]:
    """Energy and multiplier of a row."""
    dy, f1 = axes.span(t) * tables.weights, model.f(row.c, 1)
    pull = model.spike * row.m**2
    noise, memory = (dy * f1) @ row.r, (dy * model.f(row.c, 2) * row.c) @ row.r
    return -noise - pull / 2, model.temperature + noise + memory + pull


class Reading(NamedTuple):
    """A row, and the earlier ones with their share of it, where the integrals look: c, r of `Early`, then of `Late`."""

    ct: Array
    rt: Array
    cu: Array
    ru: Array
    mu: Array
    cv: Array
    rv: Array
    c_column: Array
    r_column: Array


def read(terms: Terms, row: Row) -> Reading:
    """All values that the integrals need."""
    early, late = terms.early, terms.late
    share = early.share[:, None]
    return Reading(
        early.place.read(row.c),
        early.place.read(row.r),
        early.c + share * row.c,
        early.r + share * row.r,
        early.m + early.share * row.m,
        late.place.read(row.c),
        late.place.read(row.r),
        late.c + late.share * late.column.read(row.c),
        late.r + late.share * late.column.read(row.r),
    )


def slope(tables: Panels, values: Array) -> Array:
    """The derivative in x at all nodes but the last."""
    firsts = np.arange(0, tables.nodes.size - 1, ORDER)
    windows = values[firsts[:, None] + np.arange(ORDER + 1)]
    return (windows @ tables.slopes[:-1].T).ravel()


def residual(model: Model, tables: Panels, terms: Terms, row: Row, seen: Reading) -> Array:
    """What is left of the equations of c, r and m."""
    c, r, m = row
    early, late, kappa = terms.early, terms.late, model.spike
    _, multiplier = observed(model, tables, terms.t, row)
    noise = early.weight * (model.f(seen.ct, 1) * seen.ru + early.ratio * model.f(seen.ct, 2) * seen.rt * seen.cu)
    memory = model.f(seen.cv, 2) * seen.rv
    of_c = terms.rate * c[:-1] + terms.past.c - terms.drift * slope(tables, c) + multiplier * c[:-1]
    of_c -= noise.sum(1) + (late.weight_c * memory * seen.c_column).sum(1) + kappa * m * seen.mu
    of_r = terms.rate * r[:-1] + terms.past.r - terms.drift * slope(tables, r) + (multiplier - terms.growth) * r[:-1]
    of_r -= (late.weight_r * memory * seen.r_column).sum(1)
    dy = terms.length * tables.weights[:-1]
    of_m = (terms.rate + multiplier - kappa) * m + terms.past.m - (dy * model.f(c[:-1], 2) * r[:-1]) @ seen.mu
    return jnp.concatenate([of_c, of_r, of_m[None]])


def jacobian(model: Model, tables: Panels, terms: Terms, row: Row, seen: Reading) -> Array:
    """Of the residual: panel weights, a term of rank one from the multiplier, and a border for m."""
    c, r, m = row
    early, late, kappa, size = terms.early, terms.late, model.spike, tables.nodes.size - 1
    f1, f2, f3 = (model.f(c, j) for j in (1, 2, 3))
    dy = terms.length * tables.weights
    _, multiplier = observed(model, tables, terms.t, row)
    by_c, by_r, by_m = dy * (2 * f2 + f3 * c) * r, dy * (f1 + f2 * c), 2 * kappa * m  # of the multiplier

    g1, g2, g3 = (model.f(seen.ct, j) for j in (1, 2, 3))
    h2, h3 = model.f(seen.cv, 2), model.f(seen.cv, 3)
    weight, weighted = early.weight, early.weight * early.ratio
    echo_c, echo_r = late.weight_c * seen.c_column, late.weight_r * seen.r_column
    early_c = weight * g2 * seen.ru + weighted * g3 * seen.rt * seen.cu
    cc_cr = _spread(early.place, jnp.stack([early_c, weighted * g2 * seen.cu], -1), size + 1)
    here = jnp.stack([echo_c * h3 * seen.rv, echo_c * h2, echo_r * h3 * seen.rv, echo_r * h2], -1)
    all_four = _spread(late.place, here, size + 1)
    shared = (h2 * seen.rv * late.share)[..., None] * jnp.stack([late.weight_c, late.weight_r], -1)
    cc_rr = _spread(late.column, shared, size + 1)
    share = early.share[:, None]
    local = terms.rate * jnp.eye(size, size + 1) - terms.drift[:, None] * _slopes(tables)
    unit = jnp.eye(size, size + 1)
    cc = local + multiplier * unit + c[:-1, None] * by_c
    cc -= cc_cr[..., 0] + all_four[..., 0] + cc_rr[..., 0] + share * weighted * g2 * seen.rt
    cr = c[:-1, None] * by_r - cc_cr[..., 1] - all_four[..., 1] - share * weight * g1
    rc = r[:-1, None] * by_c - all_four[..., 2]
    rr = local + (multiplier - terms.growth)[:, None] * unit + r[:-1, None] * by_r - all_four[..., 3] - cc_rr[..., 1]
    mc = m * by_c[:-1] - (dy * f3 * r)[:-1] * seen.mu
    mr = m * by_r[:-1] - (dy * f2)[:-1] * seen.mu
    mm = terms.rate + multiplier - kappa + m * by_m - (dy * f2 * r)[:-1] @ early.share
    cm = c[:-1] * by_m - kappa * (seen.mu + m * early.share)
    return jnp.block(
        [
            [cc[:, :-1], cr[:, :-1], cm[:, None]],
            [rc[:, :-1], rr[:, :-1], (r[:-1] * by_m)[:, None]],
            [mc[None], mr[None], mm[None, None]],
        ]
    )


def _spread(place: Place, factors: Array, size: int) -> Array:
    """Points' factors, shape (lines, points, k), put on the nodes: shape (lines, size, k)."""
    lines = jnp.arange(factors.shape[0])[:, None, None]
    empty = jnp.zeros((factors.shape[0], size, factors.shape[-1]))
    return empty.at[lines, place.every].add(factors[..., None, :] * place.weight[..., None])


def _slopes(tables: Panels) -> np.ndarray:
    """`slope` as a matrix."""
    size = tables.nodes.size
    matrix = np.zeros((size - 1, size))
    for first in range(0, size - 1, ORDER):
        matrix[first : first + ORDER, first : first + ORDER + 1] = tables.slopes[:-1]
    return matrix


def solve(model: Model, tables: Panels, past: Past, n: Any, t: Any, step: Any) -> tuple[Row, Array]:
    """Row n and the size of Newton's last step: one Jacobian at the guess, and a step or two with it."""
    terms = known(tables, past, n, t, step)
    before = n - GUESS + jnp.arange(GUESS)
    c, r = jnp.einsum("k,skj->sj", AHEAD, past.table[:, before])
    end = NEAR * (t + NEAR) / (t + 2 * NEAR)
    guess = Row(c.at[-1].set(1.0), r.at[-1].set(end), AHEAD @ past.m[before])
    seen, size = read(terms, guess), c.size - 1
    factors = jax.scipy.linalg.lu_factor(jacobian(model, tables, terms, guess, seen))

    def newton(state: Any) -> Any:
        row, left, _, count = state
        move = -jax.scipy.linalg.lu_solve(factors, left)
        row = Row(row.c.at[:-1].add(move[:size]), row.r.at[:-1].add(move[size:-1]), row.m + move[-1])
        return row, residual(model, tables, terms, row, read(terms, row)), jnp.abs(move).max(), count + 1

    def unfinished(state: Any) -> Array:
        return (state[2] > 1e-10 + 1e-15 * t) & (state[3] < ITERATIONS)

    start = guess, residual(model, tables, terms, guess, seen), jnp.array(jnp.inf), 0
    row, _, move, _ = jax.lax.while_loop(unfinished, newton, start)
    return row, move
