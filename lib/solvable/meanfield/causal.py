"""Matrices over time that grow row by row: n = (T+1) Q indices k = (t, mu), and rows to come are zero."""

from __future__ import annotations

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


def with_root(root: Float[Array, "n n"], covariance: Float[Array, "n n"], t: Array, size: int) -> Float[Array, "n n"]:
    """The covariance's Cholesky factor with the rows of time t; it has ones on the diagonal to come."""
    new, earlier = rows(covariance, t, size), jnp.arange(len(root)) < t * size
    before = jax.scipy.linalg.solve_triangular(root, jnp.where(earlier, new, 0).T, lower=True).T
    left = columns(new, t, size) - before @ before.T
    floor = FLOOR * jnp.trace(covariance) / ((t + 1) * size)
    return with_rows(root, with_columns(before, _cholesky(left, floor), t), t)


def _cholesky(matrix: Array, floor: Array) -> Array:
    """Of a small matrix whose pivots may be rounding: none is smaller than the floor."""

    def column(j: Array, root: Array) -> Array:
        rest = matrix[:, j] - root @ root[j]
        pivot = jnp.sqrt(jnp.maximum(rest[j], floor))
        below = jnp.arange(len(matrix)) > j
        return root.at[:, j].set(jnp.where(below, rest / pivot, 0).at[j].set(pivot))

    return jax.lax.fori_loop(0, len(matrix), column, jnp.zeros_like(matrix))
