"""Steps in time, and what is read off between them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array

State = TypeVar("State")


def runge_kutta(velocity: Callable[[State], State], state: State, h: ArrayLike) -> State:
    """One step h of the classical rule of fourth order; a state is an array, or several."""

    def ahead(share: Any, slope: State) -> State:
        return jax.tree.map(lambda x, k: x + share * k, state, slope)

    k1 = velocity(state)
    k2 = velocity(ahead(h / 2, k1))
    k3 = velocity(ahead(h / 2, k2))
    k4 = velocity(ahead(h, k3))
    return jax.tree.map(lambda x, a, b, c, d: x + h / 6 * (a + 2 * b + 2 * c + d), state, k1, k2, k3, k4)


def in_order(walk: Callable[[Array], Any], times: Array) -> Any:
    """walk(times), which wants them ascending: rows of what it returns belong to times in any order."""
    order = jnp.argsort(times)
    return jax.tree.map(lambda rows: jnp.zeros_like(rows).at[order].set(rows), walk(times[order]))


def read_off(
    step: Callable[[Array, State], State], read: Callable[[State], Array], state: State, steps: Array
) -> Array:
    """read(state) at each of `steps`, whole numbers in any order, where state <- step(number, state)."""

    def go(carry: tuple[Array, State], until: Array) -> tuple[tuple[Array, State], Array]:
        done, state = carry
        state = jax.lax.fori_loop(done, until, step, state)
        return (until, state), read(state)

    def walk(whole: Array) -> Array:
        values: Array = jax.lax.scan(go, (jnp.zeros((), whole.dtype), state), whole)[1]
        return values

    return in_order(walk, steps.astype(int))
