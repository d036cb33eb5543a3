"""Roots and minima of functions of one number, by searches that cannot leave their bracket."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

HALVINGS = 60
GOLDEN = (np.sqrt(5) - 1) / 2


def bisect(
    below: Callable[[Array], Array], low: Array | float, high: Array | float, halvings: int = HALVINGS
) -> tuple[Array, Array]:
    """Where a condition that holds at `low` ceases to hold on the way to `high`: both ends of the last half."""

    def halve(_: Array, ends: tuple[Array, Array]) -> tuple[Array, Array]:
        low, high = ends
        middle = (low + high) / 2
        holds = below(middle)
        return jnp.where(holds, middle, low), jnp.where(holds, high, middle)

    ends: tuple[Array, Array] = jax.lax.fori_loop(0, halvings, halve, (jnp.asarray(low), jnp.asarray(high)))
    return ends


def golden_section(function: Callable[[Array], Array], low: Array, high: Array) -> Array:
    """Where a function with one minimum has it, to about 1e-8 of the interval."""

    def shrink(_: Array, ends: tuple[Array, Array]) -> tuple[Array, Array]:
        low, high = ends
        left, right = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
        down = function(left) < function(right)
        return jnp.where(down, low, left), jnp.where(down, right, high)

    low, high = jax.lax.fori_loop(0, 40, shrink, (low, high))
    return (low + high) / 2
