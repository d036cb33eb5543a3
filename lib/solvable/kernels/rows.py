"""Variances of single inputs through the layers, at any size.

A network of linear or ReLU layers is homogeneous: inputs twice as large give kernels four times as large. So powers of
two are taken out of every row, which rounds nothing, and come back at the end: no square leaves the range of numbers.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array

from ..gaussian import Function, diagonal

HOMOGENEOUS = ("linear", "relu")


class Network(NamedTuple):
    """What all layers share."""

    weight_variance: ArrayLike
    bias_variance: ArrayLike


class Rows(NamedTuple):
    """Variances over 4^power; no power where the activation is not homogeneous."""

    variance: Array
    power: Array | None

    def unit(self) -> Array | float:
        """2^-power. It multiplies biases: where these are not zero, powers are not so small."""
        if self.power is None:
            return 1.0
        dtype = self.variance.dtype
        return _two(jnp.minimum(-self.power, jnp.finfo(dtype).maxexp // 2 - 1), dtype)


def start(x: Array, network: Network, activation: str | Function) -> tuple[Array, Rows]:
    """Inputs with a power of two taken out of each row, and the variances of these."""
    if activation not in HOMOGENEOUS:
        return x, _spread(x, network, None)
    bias, info = jax.lax.stop_gradient(jnp.asarray(network.bias_variance, x.dtype)), jnp.finfo(x.dtype)
    largest = jnp.abs(jax.lax.stop_gradient(x)).max(axis=1)
    power = jnp.maximum(_exponent(largest), jnp.where(bias > 0, _exponent(jnp.sqrt(bias)), info.minexp))
    power = jnp.clip(power, info.minexp + 2, info.maxexp - 2)
    x = x * _two(-power, x.dtype)[:, None]
    return x, _spread(x, network, power)


def _spread(x: Array, network: Network, power: Array | None) -> Rows:
    weight, bias = (jnp.asarray(one, x.dtype) for one in network)
    rows = Rows(jnp.mean(x**2, axis=1), power)
    return rows._replace(variance=weight * rows.variance + bias * rows.unit() ** 2)


def settled(rows: Rows, last: ArrayLike = False) -> tuple[Rows, Array | float]:
    """Variances near 1, or as they are, and the power of two by which standard deviations were multiplied for it."""
    if rows.power is None:
        return rows, 1.0
    half = jnp.where(last, -rows.power, _exponent(jax.lax.stop_gradient(rows.variance)) // 2)
    factor = _two(-half, rows.variance.dtype)
    return Rows(rows.variance * factor * factor, rows.power + half), factor


def grown(
    rows: Rows, network: Network, activation: str | Function, last: ArrayLike = False
) -> tuple[Rows, Array | float]:
    """After one more layer; after the last one nothing is taken out any more."""
    weight, bias = (jnp.asarray(one, rows.variance.dtype) for one in network)
    product = diagonal(activation, rows.variance).product
    return settled(rows._replace(variance=weight * product + bias * rows.unit() ** 2), last)


def column(rows: Rows) -> Rows:
    """The same, one below the other."""
    return Rows(rows.variance[:, None], None if rows.power is None else rows.power[:, None])


def _exponent(x: Array) -> Array:
    return jnp.frexp(x)[1]


def _two(power: Array, dtype: jnp.dtype) -> Array:
    """2 to a whole power, exactly; from a table, since a compiler's power is not exact everywhere."""
    info = jnp.finfo(dtype)
    table = jnp.asarray(np.ldexp(1.0, np.arange(info.minexp, info.maxexp)), dtype)
    return table[jnp.clip(power, info.minexp, info.maxexp - 1) - info.minexp]
