"""What a neuron at one time has felt of a push at an earlier one, for every neuron: the half of it that is not zero."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

BLOCKS = 4  # of columns, at most: with all of n they would take half the memory and time, with 4 of them 5 / 8


class Echoes(NamedTuple):
    """Derivatives (n, S, n) of S neurons' fields, row k after a push in column k' <= k; n = (T+1) Q, k = (t, mu).

    Columns stand in blocks, each with the rows from its own first time on; rows to come are zero. The rows of one time
    are a list, too, (Q, S, columns) for each block.
    """

    blocks: tuple[Array, ...]

    @classmethod
    def silent(cls, times: int, size: int, neurons: int) -> Echoes:
        """Before the first step."""
        n, edges = times * size, _edges(times, size)
        return cls(tuple(jnp.zeros((n - first, neurons, last - first)) for first, last in pairwise(edges)))

    def heard(self, weights: Array, t: Array) -> list[Array]:
        """Weights (Q, n) times the rows before time t."""
        n, size = weights.shape[1], len(weights)

        def listen(block: Array) -> Array:
            first = n - len(block)
            sum_up, nothing = lambda: jnp.tensordot(weights[:, first:], block, 1), jnp.zeros((size, *block.shape[1:]))
            return jax.lax.cond(t * size > first, sum_up, lambda: nothing)

        return [listen(block) for block in self.blocks]

    def averaged(self, shares: Sequence[Array], t: Array) -> Array:
        """Means over neurons of a share (Q, S, columns), or (Q, S, 1), times the rows before time t: (Q, n, n)."""
        n = len(self.blocks[0])

        def listen(block: Array, share: Array) -> Array:
            size, first = len(share), n - len(block)
            if share.shape[2] == 1:
                sum_up = lambda: jnp.einsum("ms,ksj->mkj", share[..., 0], block)  # noqa: E731
            else:
                sum_up = lambda: jnp.einsum("msj,ksj->mkj", share, block)  # noqa: E731
            nothing = jnp.zeros((size, len(block), block.shape[2]))
            heard = jax.lax.cond(t * size > first, sum_up, lambda: nothing)
            return jnp.pad(heard / block.shape[1], ((0, 0), (first, 0), (0, 0)))

        return jnp.concatenate([listen(*pair) for pair in zip(self.blocks, shares, strict=True)], axis=2)

    def extended(self, rows: Sequence[Array], t: Array) -> Echoes:
        """With the rows of time t. Blocks that begin later get zeros, where their own rows will stand."""
        n = len(self.blocks[0])

        def write(block: Array, new: Array) -> Array:
            return jax.lax.dynamic_update_slice_in_dim(block, new, t * len(new) - (n - len(block)), axis=0)

        return Echoes(tuple(write(block, new) for block, new in zip(self.blocks, rows, strict=True)))


def in_blocks(columns: Array, times: int) -> list[Array]:
    """An array (Q, n) as rows of `Echoes`, the same for every neuron."""
    return [columns[:, None, first:last] for first, last in pairwise(_edges(times, len(columns)))]


def mean(rows: Sequence[Array], push: Array) -> Array:
    """What a push of one would do, on average over neurons, (Q, n)."""
    return jnp.concatenate([(one / push).mean(axis=1) for one in rows], axis=1)


def _edges(times: int, size: int) -> list[int]:
    """Where blocks begin, and the end."""
    return [int(time) * size for time in np.linspace(0, times, min(BLOCKS, times) + 1).round()]
