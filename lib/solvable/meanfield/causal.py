"""Matrices over time that grow row by row: n = (T+1) Q indices k = (t, mu), and rows to come are zero."""

from __future__ import annotations

from math import ceil, log2

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

FLOOR = 1e-9  # of the mean variance: pivots below are rounding, since kernels over time are nearly singular


def rows(matrix: Float[Array, "... n m"], t: Array, size: int) -> Float[Array, "... Q m"]:
    """The rows of time t."""
    return jax.lax.dynamic_slice_in_dim(matrix, t * size, size, axis=-2)


def columns(matrix: Float[Array, "... n"], t: Array, size: int) -> Float[Array, "... Q"]:
    """The columns of time t."""
    return jax.lax.dynamic_slice_in_dim(matrix, t * size, size, axis=-1)


def with_rows(matrix: Float[Array, "... n m"], new: Float[Array, "... Q m"], t: Array) -> Float[Array, "... n m"]:
    """The matrix with these as the rows of time t."""
    return jax.lax.dynamic_update_slice_in_dim(matrix, new, t * new.shape[-2], axis=matrix.ndim - 2)


def with_columns(matrix: Float[Array, "... n"], new: Float[Array, "... Q"], t: Array) -> Float[Array, "... n"]:
    """The matrix with these as the columns of time t."""
    return jax.lax.dynamic_update_slice_in_dim(matrix, new, t * new.shape[-1], axis=matrix.ndim - 1)


def with_averages(
    kernel: Float[Array, "n n"], now: Float[Array, "S Q"], so_far: Float[Array, "S n"], t: Array
) -> Float[Array, "n n"]:
    """The kernel <x(t) x(s)> of S neurons with the rows and columns of time t."""
    new = now.T @ so_far / len(now)
    return with_columns(with_rows(kernel, new, t), new.T, t)


def with_root(
    root: Float[Array, "n n"], covariance: Float[Array, "n n"], t: Array, size: int, own: bool = False
) -> Float[Array, "n n"]:
    """The covariance's Cholesky factor with the rows of time t; rows to come, and of what does not vary, are zero.

    Pivots are floored at a share of the mean variance so far; or of each one's own, where sizes fall with time.
    """
    new, earlier = rows(covariance, t, size), jnp.arange(len(root)) < t * size
    before = solved(root, jnp.where(earlier, new, 0).T).T
    now = columns(new, t, size)
    mean = jnp.trace(covariance) / ((t + 1) * size)
    floor = FLOOR * (jnp.diagonal(now) if own else jnp.broadcast_to(mean, (size,)))
    return with_rows(root, with_columns(before, cholesky(now - before @ before.T, floor), t), t)


def solved(root: Float[Array, "n n"], right: Float[Array, "n m"]) -> Float[Array, "n m"]:
    """The inverse of such a root times `right`, which is zero where the root is."""
    blank = jnp.diagonal(root) == 0
    return jax.scipy.linalg.solve_triangular(root + jnp.diag(blank.astype(root.dtype)), right, lower=True)


def cholesky(matrix: Array, floor: Array) -> Array:
    """Of a small matrix whose squared pivots may be rounding: none is smaller than its floor, and one may be zero."""

    def column(j: Array, root: Array) -> Array:
        rest = matrix[:, j] - root @ root[j]
        square = jnp.maximum(rest[j], floor[j])
        varies, below = square > 0, jnp.arange(len(matrix)) > j
        pivot = jnp.sqrt(jnp.where(varies, square, 1))
        return root.at[:, j].set(jnp.where(varies, jnp.where(below, rest / pivot, 0).at[j].set(pivot), 0))

    return jax.lax.fori_loop(0, len(matrix), column, jnp.zeros_like(matrix))


def inverse(c: Array, d: Array, times: int) -> Array:
    """R = 1 + X + X^2 + ... with X = C D, whose powers end with the last step: products of 1 + X^(2^k)."""
    x = c @ d
    r = jnp.eye(len(x)) + x
    for _ in range(ceil(log2(times)) - 1):
        x = x @ x
        r = r + r @ x
    return r
