r"""The kernels of infinitely wide perceptrons.

.. math::
   K^0 = \frac{w}{D}\, x\cdot x' + b, \qquad K^{l} = w \langle\phi\phi\rangle_{K^{l-1}} + b, \qquad
   \Theta^0 = K^0, \qquad \Theta^{l} = K^{l} + w \langle\phi'\phi'\rangle_{K^{l-1}} \Theta^{l-1}

for l = 1, ..., L, entry by entry; K is the covariance of outputs at the start, Theta the kernel of gradient descent.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, PartitionSpec
from jax.typing import ArrayLike
from jaxtyping import Array

from .._checks import (
    as_array,
    as_floats,
    require,
    require_count,
    require_nonnegative,
    require_positive,
    require_scalar,
    require_shape,
)
from .._memory import require_memory
from ..gaussian import Function, activation_function, diagonal, pairs
from .reach import known, require_range, with_slopes
from .rows import Network, Rows, column, grown, settled, start

TILE = 512  # rows and columns that are computed at once: its arrays stay in a CPU's cache
WHOLE = 2**22  # bytes: so small a matrix is computed at once, since a mirrored half saves less than mirroring costs


class Kernels(NamedTuple):
    """Covariance of the outputs and tangent kernel of an infinitely wide perceptron.

    Attributes:
      nngp: K^L, covariance of the outputs at the start, shape (P, Q).
      ntk: Theta^L, the kernel of gradient descent, shape (P, Q).
    """

    nngp: Array
    ntk: Array


def both(
    x1: Array,
    x2: Array | None = None,
    *,
    depth: int,
    activation: str | Function = "relu",
    weight_variance: ArrayLike = 1.0,
    bias_variance: ArrayLike = 0.0,
) -> Kernels:
    r"""The covariance K^L of an infinitely wide perceptron's outputs, and its tangent kernel Theta^L.

    .. math::
       K^0 = \frac{w}{D}\, x\cdot x' + b, \qquad K^{l} = w \langle\phi\phi\rangle_{K^{l-1}} + b, \qquad
       \Theta^0 = K^0, \qquad \Theta^{l} = K^{l} + w \langle\phi'\phi'\rangle_{K^{l-1}} \Theta^{l-1}

    entry by entry for l = 1, ..., L, with averages over Gaussian pairs.

    Args:
      x1: inputs, one a row, shape (P, D), finite.
      x2: further inputs, shape (Q, D); `x1` itself by default, when half the work is saved and the diagonal is exact.
      depth: L, hidden layers, whole and >= 1.
      activation: phi: "linear", "relu", "erf", "gelu", "tanh", or a function; without factors such as ReLU's 2.
      weight_variance: w > 0, of all layers, the readout included.
      bias_variance: b >= 0; biases are trained.

    Returns:
      `Kernels`, both (P, Q) and after the readout, in the precision of `x1`. On several devices the rows are spread
      over them; on one, without `x2`, both are symmetric to rounding.

    Raises:
      ValueError: for an argument out of range, named with its value; for kernels beyond the numbers of this precision;
        where the rule that averages this activation is too coarse; for the slope at rows of zeros, where a ReLU network
        without biases has none.

    Exact for width -> infinity. Beyond 4 MB one tile of 512 x 512 pairs is computed at a time, so memory is that of the
    result. Where a point of `x1` stands in `x2` too, rounding leaves its angle half the digits. Source: Lee et al.
    (2018), Jacot et al. (2018). Book: "The kernel limit".
    """
    depth, same = require_count("depth", depth), x2 is None
    activation_function(activation)
    require_scalar("weight_variance", weight_variance)
    require_positive("weight_variance", weight_variance)
    require_scalar("bias_variance", bias_variance)
    require_nonnegative("bias_variance", bias_variance)
    bias_variance = as_floats(bias_variance)
    for name, x in [("x1", x1)] if same else [("x1", x1), ("x2", x2)]:
        require_shape(name, x, 2, "inputs, one a row, shape (P, D)")
        require(name, x, "finite", np.isfinite)
    if not same and np.shape(x2)[1] != np.shape(x1)[1]:
        raise ValueError(f"x2 must have the {np.shape(x1)[1]} columns of x1; got {np.shape(x2)[1]}")
    left = as_array(x1)
    left = left.astype(jnp.result_type(left, 1.0))  # whole numbers too, such as pixels
    right = left if same else as_array(x2).astype(left.dtype)
    sizes = {"len(x1)": len(left), "len(x2)": len(right)}
    require_memory(lambda p, q: 2 * left.dtype.itemsize * p * q, **sizes)
    if activation == "relu" and not known(left, right, bias_variance):
        left, bias_variance = with_slopes("x1", left, bias_variance)
        right, bias_variance = (left, bias_variance) if same else with_slopes("x2", right, bias_variance)
    network = Network(as_floats(weight_variance), bias_variance)
    if jax.device_count() > 1:
        found = _spread(left, right, network, depth=depth, activation=activation, same=same)
    elif same:
        found = _square(left, network, depth=depth, activation=activation)
    else:
        found = _rows(left, right, 0, network, depth=depth, activation=activation, same=False)
    # after the computation has begun, since it looks at rows alone and need not be waited for
    require_range(left, right, network, depth=depth, activation=activation)
    return found


def nngp(
    x1: Array,
    x2: Array | None = None,
    *,
    depth: int,
    activation: str | Function = "relu",
    weight_variance: ArrayLike = 1.0,
    bias_variance: ArrayLike = 0.0,
) -> Array:
    r"""The covariance of an infinitely wide perceptron's outputs at the start.

    .. math:: K^0 = \frac{w}{D}\, x\cdot x' + b, \qquad K^{l} = w \langle\phi\phi\rangle_{K^{l-1}} + b, \quad
              l = 1 \ldots L

    Args:
      x1: inputs, one a row, shape (P, D), finite.
      x2: further inputs, shape (Q, D); `x1` itself by default, when half the work is saved and the diagonal is exact.
      depth: L, hidden layers, whole and >= 1.
      activation: phi: "linear", "relu", "erf", "gelu", "tanh", or a function; without factors such as ReLU's 2.
      weight_variance: w > 0, of all layers, the readout included.
      bias_variance: b >= 0.

    Returns:
      K^L, shape (P, Q), in the precision of `x1`.

    Raises:
      ValueError: for an argument out of range, named with its value; for kernels beyond the numbers of this precision;
        where the rule that averages this activation is too coarse; for the slope at rows of zeros, where a ReLU network
        without biases has none.

    Exact for width -> infinity. It costs as much as `both`, which also returns the tangent kernel.
    Source: Neal (1996), Lee et al. (2018). Book: "The kernel limit".
    """
    return both(
        x1, x2, depth=depth, activation=activation, weight_variance=weight_variance, bias_variance=bias_variance
    ).nngp


def ntk(
    x1: Array,
    x2: Array | None = None,
    *,
    depth: int,
    activation: str | Function = "relu",
    weight_variance: ArrayLike = 1.0,
    bias_variance: ArrayLike = 0.0,
) -> Array:
    r"""The neural tangent kernel of an infinitely wide perceptron.

    .. math:: \Theta^0 = K^0, \qquad \Theta^{l} = K^{l} + w \langle\phi'\phi'\rangle_{K^{l-1}} \Theta^{l-1}, \quad
              l = 1 \ldots L

    with the covariances K of `nngp`.

    Args:
      x1: inputs, one a row, shape (P, D), finite.
      x2: further inputs, shape (Q, D); `x1` itself by default, when half the work is saved and the diagonal is exact.
      depth: L, hidden layers, whole and >= 1.
      activation: phi: "linear", "relu", "erf", "gelu", "tanh", or a function; without factors such as ReLU's 2.
      weight_variance: w > 0, of all layers, the readout included.
      bias_variance: b >= 0; biases are trained.

    Returns:
      Theta^L, shape (P, Q), in the precision of `x1`.

    Raises:
      ValueError: for an argument out of range, named with its value; for kernels beyond the numbers of this precision;
        where the rule that averages this activation is too coarse; for the slope at rows of zeros, where a ReLU network
        without biases has none.

    Exact for width -> infinity. It costs as much as `both`, which also returns the covariance.
    Source: Jacot et al. (2018). Book: "The kernel limit".
    """
    return both(
        x1, x2, depth=depth, activation=activation, weight_variance=weight_variance, bias_variance=bias_variance
    ).ntk


@partial(jax.jit, static_argnames=("depth", "activation"))
def _square(x: Array, network: Network, *, depth: int, activation: str | Function) -> Kernels:
    """Tiles on and above the diagonal; those below are mirrored."""
    count = len(x)
    tiles = 1 if count**2 * x.dtype.itemsize <= WHOLE else -(-count // TILE)
    size = -(-count // tiles)
    padded = jnp.pad(x, ((0, tiles * size - count), (0, 0)))

    def fill(whole: Kernels, corner: Array) -> tuple[Kernels, None]:
        row, column = corner
        rows, columns = (jax.lax.dynamic_slice_in_dim(padded, first, size) for first in corner)
        tile = _tile(rows, columns, column - row, network, depth=depth, activation=activation, same=True)

        def put(matrix: Array, part: Array) -> Array:
            matrix = jax.lax.dynamic_update_slice(matrix, part.T, (column, row))
            return jax.lax.dynamic_update_slice(matrix, part, (row, column))

        return jax.tree.map(put, whole, tile), None

    corners = size * np.stack(np.triu_indices(tiles), axis=1)
    empty = jnp.zeros((tiles * size, tiles * size), x.dtype)
    whole, _ = jax.lax.scan(fill, Kernels(empty, empty), corners)
    return jax.tree.map(lambda matrix: matrix[:count, :count], whole)


@partial(jax.jit, static_argnames=("depth", "activation", "same"))
def _rows(
    x1: Array, x2: Array, first: ArrayLike, network: Network, *, depth: int, activation: str | Function, same: bool
) -> Kernels:
    """A few rows after the others; where both are the same inputs, `first` is the row of x2 that x1 begins with."""
    count = len(x1)
    size = max(1, min(count, TILE**2 // len(x2)))
    blocks = -(-count // size)
    rows = jnp.pad(x1, ((0, blocks * size - count), (0, 0))).reshape(blocks, size, -1)

    def block(each: tuple[Array, Array]) -> Kernels:
        number, some = each
        return _tile(
            some, x2, -(jnp.asarray(first) + number * size), network, depth=depth, activation=activation, same=same
        )

    found = jax.lax.map(block, (jnp.arange(blocks), rows))
    return jax.tree.map(lambda parts: parts.reshape(blocks * size, -1)[:count], found)


def _spread(x1: Array, x2: Array, network: Network, *, depth: int, activation: str | Function, same: bool) -> Kernels:
    """Rows shared out to all devices."""
    count, devices = len(x1), jax.device_count()
    each = -(-count // devices)

    def part(rows: Array) -> Kernels:
        first = jax.lax.axis_index("rows") * each
        return _rows(rows, x2, first, network, depth=depth, activation=activation, same=same)

    mesh, split = Mesh(np.array(jax.devices()), ("rows",)), PartitionSpec("rows")
    spread = jax.shard_map(part, mesh=mesh, in_specs=split, out_specs=split, check_vma=False)
    padded = jnp.pad(x1, ((0, devices * each - count), (0, 0)))
    return jax.tree.map(lambda matrix: matrix[:count], spread(padded))


def _tile(
    x1: Array, x2: Array, shift: ArrayLike, network: Network, *, depth: int, activation: str | Function, same: bool
) -> Kernels:
    """All layers for a few rows and columns; entry (i, j) lies on the diagonal where i - j is the shift."""
    weight, bias = (jnp.asarray(one, x1.dtype) for one in network)
    diagonal_here = (jnp.arange(len(x1))[:, None] - jnp.arange(len(x2)) == shift) & same

    def joined(one: Rows, other: Rows, product: Array) -> Array:
        """Where two inputs are the same one, the covariance is its variance."""
        return jnp.where(diagonal_here, one.variance, product + (bias * one.unit()) * other.unit())

    def layer(number: ArrayLike, state: tuple[Rows, Rows, Array, Array]) -> tuple[Rows, Rows, Array, Array]:
        one, other, k, theta = state
        found = pairs(activation, *jnp.broadcast_arrays(one.variance, other.variance, k))
        slopes = jnp.where(diagonal_here, diagonal(activation, one.variance).slopes, found.slopes)
        (one, less), (other, less_too) = (
            grown(rows, network, activation, number == depth - 1) for rows in (one, other)
        )
        share = (weight * less) * less_too
        k = joined(one, other, share * found.product)
        return one, other, k, k + share * slopes * theta

    (x1, one), (x2, other) = start(x1, network, activation), start(x2, network, activation)
    product = jnp.matmul(x1, x2.T, precision=jax.lax.Precision.HIGHEST) / x1.shape[1]
    (one, less), (other, less_too) = settled(column(one)), settled(other)
    k = joined(one, other, ((weight * less) * less_too) * product)
    if same and len(x1) == len(x2):
        # symmetric, and so is all that follows, but for what a compiler rounds in two ways
        k = jax.lax.cond(shift == 0, lambda k: (k + k.T) / 2, lambda k: k, k)
    # a loop, since a compiler that sees all layers at once computes the first ones again for each of the others
    return Kernels(*jax.lax.fori_loop(0, depth, layer, (one, other, k, k))[2:])
