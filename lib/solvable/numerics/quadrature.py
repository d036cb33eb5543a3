"""Gaussian averages of functions without a closed form: the trapezoid rule on a wide grid, and its slopes."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from .._checks import concrete

Function = Callable[..., Array]

NODES = 201  # in each direction
REACH = 9.0  # standard deviations, beyond which the density is below 1e-17


def rule(nodes: int, dtype: Any) -> tuple[Array, Array]:
    """Nodes of the trapezoid rule and their weights under the normal density."""
    x = np.linspace(-REACH, REACH, nodes)
    weights = np.exp(-(x**2) / 2)
    return jnp.asarray(x, dtype), jnp.asarray(weights / weights.sum(), dtype)


def coarse_and_fine(phi: Function, variance: float) -> tuple[np.ndarray, np.ndarray] | None:
    """<phi^2> and <phi'^2> with as many nodes as there are, and with twice as many; None where jax is tracing."""
    sums = []
    for nodes in (NODES, 2 * NODES - 1):
        x, weights = rule(nodes, float)
        found = [concrete(f(math.sqrt(variance) * x)) for f in (phi, slope(phi))]
        if any(one is None for one in found):
            return None
        sums.append(np.array([one**2 @ np.asarray(weights) for one in found if one is not None]))
    return sums[0], sums[1]


def opened(phi: Function, dtype: Any) -> tuple[Function, tuple[Array, ...]]:
    """The function with what it has closed over, and is differentiated by, as further arguments."""
    opened, constants = jax.closure_convert(phi, jnp.zeros((), dtype))
    if not constants:
        return phi, ()
    return lambda x, *more: jnp.vectorize(lambda one: opened(one, *more))(x), tuple(constants)


@lru_cache(128)  # the same function each time, so that jax knows it again
def slope(f: Function) -> Function:
    return lambda x, *more: jax.jvp(lambda x: f(x, *more), (x,), (jnp.ones_like(x),))[1]


@lru_cache(128)
def squared(f: Function) -> Function:
    return lambda x, *more: f(x, *more) ** 2


@partial(jax.custom_jvp, nondiff_argnums=(0,))
def spread(f: Function, q: Array, constants: tuple[Array, ...]) -> Array:
    """<f(u)>, entry by entry."""
    return _spread(f, q, constants)


def _spread(f: Function, q: Array, constants: tuple[Array, ...]) -> Array:
    x, weights = rule(NODES, q.dtype)
    return f(jnp.sqrt(q)[..., None] * x, *constants) @ weights


@spread.defjvp
def _spread_jvp(f: Function, at: tuple[Array, Any], moves: tuple[Array, Any]) -> tuple[Array, Array]:
    """Price: the slope along the variance is half the mean second slope, also where the variance is zero."""
    (q, constants), (dq, dconstants) = at, moves
    _require_smooth(f, constants)
    _, move = jax.jvp(partial(_spread, f, q), (constants,), (dconstants,))
    return spread(f, q, constants), move + spread(slope(slope(f)), q, constants) * dq / 2


@partial(jax.custom_jvp, nondiff_argnums=(0, 1))
def expected(f: Function, g: Function, row: tuple[Array, ...], constants: tuple[Array, ...]) -> Array:
    """<f(u) g(v)>: over the wider one along one axis, over what it does not know of the other along the other."""
    return _expected(f, g, row, constants)


def _expected(f: Function, g: Function, row: tuple[Array, ...], constants: tuple[Array, ...]) -> Array:
    q1, q2, k = row
    found = _by_quadrature(f, g, jnp.maximum(q1, q2), jnp.minimum(q1, q2), k, constants)
    if f is g:
        return found
    return jnp.where(q1 < q2, _by_quadrature(g, f, jnp.maximum(q1, q2), jnp.minimum(q1, q2), k, constants), found)


@expected.defjvp
def _expected_jvp(f: Function, g: Function, at: tuple[Any, ...], moves: tuple[Any, ...]) -> tuple[Array, Array]:
    """Price again."""
    (row, constants), ((dq1, dq2, dk), dconstants) = at, moves
    for one in (f, g) if f is not g else (f,):
        _require_smooth(one, constants)
    _, move = jax.jvp(partial(_expected, f, g, row), (constants,), (dconstants,))
    first = slope(f)
    along = expected(first, first if f is g else slope(g), row, constants)
    wider = expected(slope(first), g, row, constants)
    other = expected(f, slope(slope(g)), row, constants)
    return expected(f, g, row, constants), move + along * dk + (wider * dq1 + other * dq2) / 2


def _by_quadrature(f: Function, g: Function, q1: Array, q2: Array, k: Array, constants: tuple[Array, ...]) -> Array:
    x, weights = rule(NODES, q1.dtype)
    share = k / jnp.sqrt(jnp.maximum(q1, jnp.finfo(q1.dtype).tiny))
    v = share * x[:, None] + jnp.sqrt(jnp.maximum(q2 - share**2, 0)) * x
    return weights @ (f(jnp.sqrt(q1) * x, *constants) * (g(v, *constants) @ weights))


def _require_smooth(f: Function, constants: tuple[Array, ...]) -> None:
    """Raise ValueError where a function or its slope jumps: a mean of slopes would leave the jumps out."""
    with jax.ensure_compile_time_eval():
        x = jnp.linspace(-REACH, REACH, 10_007)
        step = x[1] - x[0]
        for one in (f, slope(f)):
            values, slopes = concrete(one(x, *constants)), concrete(slope(one)(x, *constants))
            if values is None or slopes is None:
                return
            jumps = np.abs(np.diff(values) - (slopes[1:] + slopes[:-1]) * step / 2)
            if not jumps.max() <= 1e-3 * np.abs(values).max():
                raise ValueError(
                    f"activation has a kink near {x[jumps.argmax()]:.2g}, so its averages, by quadrature, have no "
                    "derivative; those of 'relu', in closed form, have"
                )
