"""What a precision holds of a kernel, and where a kernel has no slope."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array

from .._checks import concrete, require
from ..gaussian import Function, diagonal, require_resolved, variances_of
from .rows import HOMOGENEOUS, Network, grown, settled, start


def known(*values: object) -> bool:
    """Whether jax traces none of these."""
    return all(concrete(one) is not None for one in values)


def require_range(x1: Array, x2: Array, network: Network, *, depth: int, activation: str | Function) -> None:
    """Raise ValueError where kernels are beyond what the precision holds, or a rule is too coarse for variances."""
    if not known(x1, x2, *network):
        return
    info = jnp.finfo(x1.dtype)
    tiny, most = float(info.tiny), float(info.max)
    for name, value in network._asdict().items():
        allowed = f"0, or from {4 * tiny:.3g} to {most / 4:.3g} in {x1.dtype}"
        require(name, value, allowed, lambda one: (one == 0) | ((one >= 4 * tiny) & (one <= most / 4)))
    ends = _homogeneous if activation in HOMOGENEOUS else _others
    one = ends("x1", x1, network, depth, activation)
    other = one if x2 is x1 else ends("x2", x2, network, depth, activation)
    small, large = (one + other) / 2
    # smaller entries become zero: it must be none of the digits of larger ones
    least = tiny / float(info.eps)
    alone = np.log10(tiny) <= min(one[0], other[0]) / 2 and max(one[1], other[1]) / 2 <= np.log10(most)
    if not (alone and np.log10(least) <= small and large <= np.log10(most)):
        inputs = "x1" if x2 is x1 else "x1 and x2"
        raise ValueError(
            f"{inputs} must have kernels that {x1.dtype} holds with its digits, from {least:.2g} to {most:.2g}; after "
            f"{depth} layers they would go from 1e{small:.0f} to 1e{large:.0f}"
        )


def _homogeneous(name: str, x: Array, network: Network, depth: int, activation: str | Function) -> np.ndarray:
    """Kernels of single inputs, the smallest and the largest that is not zero, in powers of ten.

    Larger variances stay the larger ones. Theta is at most depth + 1 times K, which loses w / 2 in a layer at most.
    """
    rows = np.asarray(x)
    size = np.abs(rows).max(axis=1, keepdims=True)
    squares = np.mean((rows / np.where(size > 0, size, 1)) ** 2, axis=1)
    with np.errstate(divide="ignore"):
        weight, bias = (np.log(np.float64(one)) for one in network)
        spread = np.logaddexp(weight + 2 * np.log(size[:, 0], dtype=float) + np.log(squares, dtype=float), bias)
    spread = spread[spread > -np.inf]
    if not spread.size:
        return np.zeros(2)
    ends = np.array([spread.min(), spread.max()])
    for _ in range(depth):
        ends = np.logaddexp(ends + weight - (np.log(2) if activation == "relu" else 0), bias)
    return np.array([ends[0], ends[1] + np.log(depth + 1)]) / np.log(10)


def _others(name: str, x: Array, network: Network, depth: int, activation: str | Function) -> np.ndarray:
    """The same, and variances on the way that averages can be computed of."""
    found = concrete(_ends(x, network, depth=depth, activation=activation))
    if found is None:  # an activation with a traced parameter
        return np.zeros(2)
    small, large, widest = map(float, found)
    most = variances_of(activation, x.dtype)[1]
    if not widest <= most:
        raise ValueError(
            f"{name} must have smaller rows: averages of {activation} are computed in {x.dtype} at variances up to "
            f"{most:.3g}, and these are {widest:.3g}"
        )
    require_resolved(name, activation, widest)
    return np.array([small, large]) if small <= large else np.zeros(2)


@partial(jax.jit, static_argnames=("depth", "activation"))
def _ends(x: Array, network: Network, *, depth: int, activation: str | Function) -> Array:
    weight, bias = (jnp.asarray(one, x.dtype) for one in network)
    rows, _ = settled(start(x, network, activation)[1])

    def layer(_: ArrayLike, state: tuple[Any, ...]) -> tuple[Any, ...]:
        rows, theta, widest = state
        slopes = diagonal(activation, rows.variance).slopes
        rows, _ = grown(rows, network, activation)
        return rows, rows.variance + weight * slopes * theta, jnp.maximum(widest, rows.variance)

    rows, theta, widest = jax.lax.fori_loop(0, depth, layer, (rows, rows.variance, rows.variance))
    # a row that is zero, or that a function takes to zero, says nothing
    zero = (rows.variance == 0) & (callable(activation) | ((x == 0).all(axis=1) & (bias == 0)))
    small = jnp.log10(jnp.where(zero, jnp.inf, rows.variance).min())
    large = jnp.log10(jnp.where(zero, 0, jnp.maximum(rows.variance, theta)).max())
    return jnp.stack([small, large, widest.max()])


@partial(jax.custom_jvp, nondiff_argnums=(0,))
def with_slopes(name: str, x: Array, bias_variance: ArrayLike) -> tuple[Array, ArrayLike]:
    """These; but whoever asks for slopes at a row of zeros without biases, where ReLU has none, gets a ValueError."""
    return x, bias_variance


@with_slopes.defjvp
def _with_slopes_jvp(name: str, at: tuple[Any, ...], moves: tuple[Any, ...]) -> tuple[Any, Any]:
    x, bias = map(concrete, at)
    if x is not None and bias is not None and bias == 0 and (zero := (x == 0).all(axis=1)).any():
        raise ValueError(
            f"{name} must have no row of zeros where kernels of ReLU layers without biases are differentiated: "
            f"they have no slope at row {int(zero.argmax())}"
        )
    return at, moves
