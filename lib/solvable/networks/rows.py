"""Many networks in one row: what is broadcast, what fits in memory, and what a CPU trains at once."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array

from .._checks import as_floats, require_kind, require_positive
from .base import Network
from .interface import AnyNetwork, Parameters

LARGEST = 1 << 25  # weights that train at once, where a function trains many networks
CACHE = 1 << 16  # weights that a CPU trains at once


class Member(NamedTuple):
    """One of the networks that are trained at once."""

    network: AnyNetwork
    learning_rate: Array
    key: Array


def broadcast(network: AnyNetwork, learning_rate: ArrayLike, key: Array) -> tuple[tuple[int, ...], Member]:
    """The shape of all the networks together, and each of them in one long row."""
    require_positive("learning_rate", learning_rate)
    if not jnp.issubdtype(getattr(key, "dtype", float), jax.dtypes.prng_key):
        raise ValueError(f"key must be one or several jax random keys, for instance jax.random.key(0); got {key!r}")
    one = Member(network, as_floats(learning_rate), key)
    shapes = [jnp.shape(x) for x in jax.tree.leaves(one)]
    try:
        shape = jnp.broadcast_shapes(*shapes)
    except ValueError:
        raise ValueError(f"learning_rate, key and richness must broadcast; got shapes {shapes}") from None
    return shape, jax.tree.map(lambda x: jnp.broadcast_to(x, shape).reshape(-1), one)


def one_row(
    network: AnyNetwork, start: Parameters | None, shape: tuple[int, ...], inputs: Array, targets: Array
) -> Parameters | None:
    """What the networks start from, where it is given: all of them in one long row."""
    if start is None:
        return None
    require_kind("start", start, dict)
    wanted = jax.tree.map(lambda w: (*shape, *w.shape), shapes(network, inputs, targets))
    given = jax.tree.map(jnp.shape, start)
    if given != wanted:
        raise ValueError(f"start must have the shapes {wanted}; got {given}")
    return jax.tree.map(lambda w: jnp.asarray(w).reshape(math.prod(shape), *w.shape[len(shape) :]), start)


def for_each(function: Callable[..., Any], size: int, *rows: Any) -> Any:
    """`vmap` over networks of this size; on a CPU a few after the others, since all at once would leave its cache."""
    if jax.default_backend() != "cpu":
        return jax.vmap(function)(*rows)
    count = len(jax.tree.leaves(rows)[0])
    few = _divisor(count, CACHE // size)
    if few == 1:
        return jax.lax.map(lambda one: function(*one), rows)
    split = jax.tree.map(lambda x: x.reshape(count // few, few, *x.shape[1:]), rows)
    found = jax.lax.map(lambda some: jax.vmap(function)(*some), split)
    return jax.tree.map(lambda x: x.reshape(count, *x.shape[2:]), found)


@partial(jax.jit, static_argnums=(2, 3))
def drawn(network: Network, keys: Array, inputs: tuple[int, ...], outputs: tuple[int, ...] = ()) -> Parameters:
    """The random weights of several networks, a key each."""
    return jax.vmap(lambda key: network.init(key, inputs, outputs))(keys)


def first(members: Member) -> AnyNetwork:
    """One network of a row of them."""
    return jax.tree.map(lambda x: x[0], members.network)


def portions(network: AnyNetwork, inputs: Array, targets: Array, count: int) -> list[range]:
    """Which of `count` networks go to `train` together, so that they fit in memory; all portions are of one size."""
    together = _divisor(count, LARGEST // size_of(network, inputs, targets))
    return [range(first, first + together) for first in range(0, count, together)]


def size_of(network: AnyNetwork, inputs: Array, targets: Array) -> int:
    """How many weights one network has, at least one."""
    return max(1, sum(weight.size for weight in jax.tree.leaves(shapes(network, inputs, targets))))


def shapes(network: AnyNetwork, inputs: Array, targets: Array) -> Parameters:
    """The shapes of its weights."""
    return jax.eval_shape(lambda key: network.init(key, inputs.shape[1:], targets.shape[1:]), jax.random.key(0))


def _divisor(count: int, most: int) -> int:
    """The largest divisor of `count` that is at most `most`; 1 at least."""
    return next(number for number in range(max(1, min(count, most)), 0, -1) if count % number == 0)
