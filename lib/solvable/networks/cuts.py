"""Networks that differ in depth alone, trained by one program: the deepest one's, whose last branches are zero."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array

from .._pytree import pytree
from ..gaussian import Function
from .base import Network, with_branches
from .interface import Parameters
from .rows import drawn


@pytree
@dataclass(frozen=True)
class Cut:
    """The first L branches of a residual network, at the strength and rates of depth L; the others stay zero."""

    network: Any
    depth: ArrayLike  # L, which jax may trace

    @property
    def activation(self) -> str | Function:
        found: str | Function = self.network.activation
        return found

    @property
    def dtype(self) -> Any:
        return self.network.dtype

    def init(self, key: Array, inputs: tuple[int, ...], outputs: tuple[int, ...] = ()) -> Parameters:
        """For its shapes alone: `draws` has the weights."""
        weights: Parameters = self.network.init(key, inputs, outputs)
        return weights

    def apply(self, weights: Parameters, x: Array) -> Array:
        return self.forward(weights, x)[0]

    def forward(self, weights: Parameters, x: Array) -> tuple[Array, Array]:
        found: tuple[Array, Array] = self.network._through(weights, x, self.depth)
        return found

    def rates(self, inputs: tuple[int, ...], optimizer: str) -> dict[str, Any]:
        rates = with_branches(self.network, Network.rates(self.network, inputs, optimizer), optimizer, self.depth)
        here = (jnp.arange(self.network.depth) < self.depth)[:, None, None]
        return {name: rate * here if name in self.network.branches else rate for name, rate in rates.items()}


def deepest(networks: Sequence[Any]) -> Any:
    """Of residual networks that differ in their depth, and in nothing else; None of others."""
    if not all(hasattr(one, "branches") for one in networks) or len({one.depth for one in networks}) < 2:
        return None
    most = max(networks, key=lambda one: one.depth)
    return most if all(_same(replace(one, depth=most.depth), most) for one in networks) else None


def _same(one: Any, other: Any) -> bool:
    """Of one class, with the same fields."""
    first: Any = jax.tree.flatten(one)
    second: Any = jax.tree.flatten(other)
    return bool(first[1] == second[1]) and all(map(np.array_equal, first[0], second[0]))


def draws(network: Any, most: Any, keys: Array, rates: int, *shapes: tuple[int, ...]) -> Parameters:
    """The weights that `train` would draw for these keys, (rates, seeds, ...), with zeros up to the deepest."""
    weights = drawn(network, jax.vmap(jax.random.split)(keys)[:, 0], *shapes)

    def padded(name: str, w: Array) -> Array:
        more = most.depth - network.depth if name in most.branches else 0
        w = jnp.pad(w, [(0, 0), (0, more)] + [(0, 0)] * (w.ndim - 2)) if more else w
        return jnp.broadcast_to(w, (rates, *w.shape))

    return {name: padded(name, w) for name, w in weights.items()}
