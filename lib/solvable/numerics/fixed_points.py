"""Fixed points of maps that contract slowly, or hardly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from .._checks import as_floats, finite_answer, require, require_function

__all__ = ["anderson"]

DEPTH = 6
ITERATIONS = 200
TOLERANCE = 1e-10


@finite_answer
def anderson(sweep: Callable[[Array], Array], start: Array) -> tuple[Array, Array]:
    r"""A fixed point x = sweep(x) by Anderson acceleration over the last six moves.

    .. math:: x \leftarrow x + f - \sum_j \gamma_j\, (\Delta x_j + \Delta f_j), \qquad
              f = \mathrm{sweep}(x) - x, \quad \gamma = \arg\min \Big| f - \sum_j \gamma_j\, \Delta f_j \Big|

    Args:
      sweep: from an array to one of the same shape; jax traces it.
      start: where to begin, of any shape, finite.

    Returns:
      The point, of the shape of `start`, and by how much an entry still moves at most, a scalar: below 1e-10, or what
      200 sweeps have left. The caller judges that.

    Raises:
      ValueError: for a start that is empty or not finite, a sweep that returns another shape, or a point that
        overflows.
      TypeError: for a sweep that is no function.

    The least squares are regularised at 1e-13 of their trace. Costs a sweep and six inner products a move.
    Source: D. Anderson (1965). Book: "Glassy: three spins at a time".
    """
    require_function("sweep", sweep)
    require("start", start, "finite", np.isfinite)
    start = as_floats(start)
    if not start.size or jax.eval_shape(sweep, start).shape != start.shape:
        raise ValueError(f"sweep must return the shape of start, and start must hold a number; got shape {start.shape}")

    def step(state: Any) -> Any:
        count, x, f, moves, changes = state
        gram = changes @ changes.T
        gram = gram + jnp.eye(DEPTH) * (1e-13 * jnp.trace(gram) + 1e-290)
        new = x + f - jnp.linalg.solve(gram, changes @ f) @ (moves + changes)
        new_f = sweep(new.reshape(start.shape)).ravel() - new
        slot = count % DEPTH
        return count + 1, new, new_f, moves.at[slot].set(new - x), changes.at[slot].set(new_f - f)

    def unsettled(state: Any) -> Array:
        return (state[0] < ITERATIONS) & (jnp.max(jnp.abs(state[2])) > TOLERANCE)

    x, history = start.ravel(), jnp.zeros((DEPTH, start.size))
    _, x, f, *_ = jax.lax.while_loop(unsettled, step, (0, x, sweep(start).ravel() - x, history, history))
    return (x + f).reshape(start.shape), jnp.max(jnp.abs(f))
