r"""The tangent kernel of a finite network, at the weights that it has.

.. math:: K(x, x') = \sum_\theta r_\theta\, \frac{\partial f(x)}{\partial\theta}\,
          \frac{\partial f(x')}{\partial\theta}
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from .._checks import as_array, finite_answer, require, shape_of
from .._memory import require_memory

NUMBERS = 1 << 24  # slopes that are held at once, of either side


@runtime_checkable
class Trainable(Protocol):
    """A network that says how fast each of its layers learns."""

    def apply(self, weights: Any, x: Array) -> Array:
        """Outputs, one for each input."""

    def rates(self, inputs: tuple[int, ...], optimizer: str) -> Any:
        """Factors on the learning rate, in the form of the weights."""


@finite_answer
def empirical(
    network: Trainable | Callable[[Any, Array], Array], weights: Any, x1: Array, x2: Array | None = None
) -> Array:
    r"""The kernel with which a small step of gradient descent moves the outputs of this network.

    .. math:: f(t + 1) = f(t) + \eta\, K p\, (y - f(t)) + O(\eta^2), \qquad
              K(x, x') = \sum_\theta r_\theta\, \frac{\partial f(x)}{\partial\theta}\,
              \frac{\partial f(x')}{\partial\theta}

    Args:
      network: one of `networks`, whose layers count with their own rates r; or a function of weights and inputs, all of
        whose weights have the rate 1. Each output must depend on its own input only.
      weights: arrays of floats, in the form that the network takes.
      x1: inputs, one a row; of any shape, (P, ...), finite.
      x2: further inputs, (Q, ...); `x1` itself by default.

    Returns:
      K, shape (P, Q) where outputs are numbers, and (P, Q, O, O) where they have shape (O,).

    Raises:
      ValueError: for inputs that are not finite, or do not fit together, or whose kernel overflows, named.
      TypeError: for a network that is neither of the two, or weights that are not floats.

    Exact; its mean over random weights is `ntk` up to terms of order 1 / width, in the parameterization of that theory.
    Cost: P Q products of two gradients, whose memory is bounded. Source: Jacot et al. (2018). Book: "The kernel limit".
    """
    if not callable(network) and not isinstance(network, Trainable):
        raise TypeError(
            f"network must be one of solvable.networks, or a function of weights and inputs; got {network!r}"
        )
    if not all(jnp.issubdtype(getattr(w, "dtype", int), jnp.inexact) for w in jax.tree.leaves(weights)):
        raise TypeError(f"weights must be arrays of floats, in the form that the network takes; got {weights!r}")
    for name, x in (("x1", x1), ("x2", x1 if x2 is None else x2)):
        if not shape_of(name, x) or not np.size(x):
            raise ValueError(f"{name} must be inputs, one a row, shape (P, ...); got shape {np.shape(x)}")
        require(name, x, "finite", np.isfinite)
        if np.shape(x)[1:] != np.shape(x1)[1:]:
            raise ValueError(f"x2 must have rows of the shape {np.shape(x1)[1:]} of x1's; got {np.shape(x)[1:]}")
    sizes = {"len(x1)": len(x1), "len(x2)": len(x1 if x2 is None else x2)}
    require_memory(lambda p, q: 4 * p * q, **sizes)
    left, right = as_array(x1), as_array(x1 if x2 is None else x2)
    apply, rates = (network, None) if callable(network) else (network.apply, network.rates(left.shape[1:], "sgd"))
    most = max(1, NUMBERS // max(1, sum(w.size for w in jax.tree.leaves(weights))))

    def slopes(x: Array) -> Any:
        return jax.vmap(lambda one: jax.jacobian(lambda w: apply(w, one[None])[0])(weights))(x)

    def times_rates(slope: Any) -> Any:
        return slope if rates is None else jax.tree.map(lambda rate, part: rate * part, rates, slope)

    def rows(some: Array) -> Array:
        weighted = times_rates(slopes(some))
        return _blocks(lambda others: _products(weighted, slopes(others), weights), right, most, axis=1)

    return _blocks(rows, left, most, axis=0)


def _products(first: Any, second: Any, weights: Any) -> Array:
    """Of the slopes of two sets of inputs, over all weights: shape (P, Q), or (P, Q, O, O)."""

    def part(one: Array, other: Array, weight: Array) -> Array:
        left, right = (a.reshape(*a.shape[: a.ndim - weight.ndim], weight.size) for a in (one, other))
        return jnp.tensordot(left, right, axes=(-1, -1), precision=jax.lax.Precision.HIGHEST)

    whole: Array = sum(jax.tree.leaves(jax.tree.map(part, first, second, weights)), jnp.zeros(()))
    return jnp.moveaxis(whole, whole.ndim // 2, 1)


def _blocks(function: Callable[[Array], Array], x: Array, most: int, *, axis: int) -> Array:
    """A function of inputs, which stand on this axis of what it returns, applied to at most so many at once."""
    count = len(x)
    blocks = -(-count // most)
    size = -(-count // blocks)
    padded = jnp.pad(x, [(0, blocks * size - count)] + [(0, 0)] * (x.ndim - 1)).reshape(blocks, size, *x.shape[1:])
    found = jnp.moveaxis(jax.lax.map(function, padded), 0, axis)
    return found.reshape(*found.shape[:axis], blocks * size, *found.shape[axis + 2 :]).take(jnp.arange(count), axis)
