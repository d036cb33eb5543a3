"""Several solutions one after another: all at once would leave a CPU's cache."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax


def in_turn(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same function; on a CPU `jax.vmap` makes a loop of it, and its slopes are those of the function itself.

    Where a derivative is asked for, several are solved at once as ever.
    """
    if jax.default_backend() != "cpu":
        return function
    turns = jax.custom_batching.sequential_vmap(function)

    @jax.custom_jvp
    def once(*arguments: Any) -> Any:
        return turns(*arguments)

    @once.defjvp
    def _(at: tuple[Any, ...], moves: tuple[Any, ...]) -> tuple[Any, Any]:
        return jax.jvp(function, at, moves)

    return once
