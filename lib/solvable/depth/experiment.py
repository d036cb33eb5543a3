"""Finite residual networks at their start: neurons that walk through the layers."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from .._checks import finite_answer, require_count, require_float64
from .._grams import gram_of
from .._memory import require_memory
from .._repeats import over_repeats
from ..gaussian import Function, activation_function
from .branches import branches

__all__ = ["walk"]


@finite_answer
def walk(
    inputs: Float[Array, "Q D"],
    *,
    width: int,
    depth: int,
    activation: str | Function,
    branch: ArrayLike = 1.0,
    branch_power: ArrayLike = 0.5,
    key: Array,
    repeats: int = 16,
) -> Float[Array, "R S Q N"]:
    r"""Preactivations of random residual networks in all layers: each neuron's path in layer time.

    .. math:: h^1 = \frac{W^0 x}{\sqrt D}, \qquad
              h^{l+1} = h^l + \frac{\beta}{L^\alpha}\, \frac{W^l \phi(h^l)}{\sqrt N}, \qquad W^l_{ij} \sim N(0, 1)

    Each matrix is used once, so given the layer below, :math:`W^l \phi(h^l)/\sqrt N` is Gaussian: neurons are
    independent, and their covariance over inputs is :math:`\phi(h^l)\cdot\phi(h^l)/N`. That is what is drawn, N Q
    numbers a layer in place of N^2.

    Args:
      inputs: x, shape (Q, D).
      width: N, neurons, whole and >= 1.
      depth: L, branches, whole and >= 1.
      activation: phi: "linear", "relu", "erf", "gelu", "tanh", or a function.
      branch: beta >= 0.
      branch_power: alpha, one finite number; 1/2 keeps h of order one at any depth, 0 does not scale.
      key: a jax random key.
      repeats: R, networks, >= 2.

    Returns:
      h of layers 1 to L + 1, shape (R, L + 1, Q, N).

    Raises:
      ValueError: for an argument out of range, or where h overflows.
      RuntimeError: where jax is in float32.

    Exact draws of the law of networks of this width. Source: the definition of the model.
    Book: "A neuron's walk through the layers".
    """
    require_float64()
    x, _ = gram_of(inputs)
    activation_function(activation)
    sizes = {"width": require_count("width", width), "depth": require_count("depth", depth)}
    share = jnp.sqrt(branches(branch, branch_power, depth).noise)
    repeats = require_count("repeats", repeats, 2)
    require_memory(lambda n, depth, repeats: 16 * repeats * (depth + 1) * len(x) * n, **sizes, repeats=repeats)
    draw = partial(_walks, x, share, activation=activation, **sizes)
    return over_repeats(draw, key, repeats, each=32 * sizes["width"] * (sizes["depth"] + 1) * len(x))[0]


@partial(jax.jit, static_argnames=("width", "depth", "activation"))
def _walks(x: Array, share: Array, keys: Array, *, width: int, depth: int, activation: str | Function) -> Array:
    phi = activation_function(activation)

    def summed(key: Array, below: Array) -> Array:
        """W below / sqrt(n) for below (Q, n): a triangle with the covariance of W's sums stands in for it."""
        triangle = jnp.linalg.qr(below.T, mode="r")
        normals = jax.random.normal(key, (width, len(triangle)))
        return (normals @ triangle).T / jnp.sqrt(below.shape[1])

    def one(key: Array) -> Array:
        keys = jax.random.split(key, depth + 1)

        def layer(h: Array, key: Array) -> tuple[Array, Array]:
            return h + share * summed(key, phi(h)), h

        last, before = jax.lax.scan(layer, summed(keys[0], x), keys[1:])
        return jnp.concatenate([before, last[None]])

    return jax.vmap(one)(keys)
