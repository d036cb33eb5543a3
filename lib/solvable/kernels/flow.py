r"""Functions of a symmetric matrix that gradient flow needs, and their slopes.

.. math:: \varphi(S) = \int_0^t e^{-(S + r)s}\, ds, \qquad \psi(S) = S \varphi(S)

The slopes of eigenvectors have a gap of eigenvalues below them, those of these functions have not: where the matrix
moves by dS, they move by :math:`V (f[\lambda_i, \lambda_j] \circ V^\top dS\, V) V^\top` with divided differences
(Daleckii and Krein, 1965), which are written here such that nothing cancels.
"""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
from jaxtyping import Array

SERIES = 18  # terms, for arguments up to 1


def learned(matrix: Array, targets: Array, times: Array, ridge: Array) -> tuple[Array, Array]:
    """phi(S) y and psi(S) y at these times; S (P, P), y (P, O), each result (T, P, O)."""
    values, vectors = jnp.linalg.eigh(jax.lax.stop_gradient(matrix))
    values = jnp.maximum(values, 0)  # rounding goes below
    matrix, targets = _turned(matrix, values, vectors), vectors.T @ targets

    def at_time(time: Array) -> tuple[Array, Array]:
        return _diagonal(matrix, targets, time, ridge, values)

    dual, outputs = jax.lax.map(jax.checkpoint(at_time, prevent_cse=False), times)
    return vectors @ dual, vectors @ outputs


@jax.custom_jvp
def _turned(matrix: Array, values: Array, vectors: Array) -> Array:
    """V^T S V, whose slope alone needs the product."""
    return jnp.diag(values)


@_turned.defjvp
def _turned_jvp(at: tuple[Array, ...], moves: tuple[Array, ...]) -> tuple[Array, Array]:
    (_, _, vectors), (dmatrix, *_) = at, moves
    return _turned(*at), vectors.T @ dmatrix @ vectors


@jax.custom_jvp
def _diagonal(matrix: Array, targets: Array, time: Array, ridge: Array, values: Array) -> tuple[Array, Array]:
    """phi(S) y and psi(S) y at one time, where S is diagonal."""
    amounts = _phi(values, time, ridge)[:, None] * targets
    return amounts, values[:, None] * amounts


@_diagonal.defjvp
def _diagonal_jvp(at: tuple[Array, ...], moves: tuple[Array, ...]) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """It moves off the diagonal too. The loop over times stands outside: jax 0.7 transposes none in here."""
    (matrix, inside, time, ridge, values), (push, pull, dtime, dridge, _) = at, moves
    values = _once(values, matrix)
    phi, decay = _phi(values, time, ridge)[:, None], jnp.exp(-(values + ridge) * time)[:, None]
    psi = values[:, None] * phi
    along, along_psi = _differences(values, time, ridge)
    sunk = jnp.diag(along)[:, None] * dridge
    moved = phi * pull + (along * push) @ inside + (sunk + decay * dtime) * inside
    moved_psi = psi * pull + (along_psi * push) @ inside + values[:, None] * (sunk + decay * dtime) * inside
    return _diagonal(*at), (moved, moved_psi)


@jax.custom_jvp
def _once(values: Array, matrix: Array) -> Array:
    """The eigenvalues of this matrix, where a slope is taken."""
    return values


@_once.defjvp
def _once_jvp(at: tuple[Array, Array], moves: tuple[Array, Array]) -> tuple[Array, Array]:
    raise ValueError("kernel must not be differentiated twice in gradient_flow: second slopes are not written out")


def _phi(values: Array, time: Array, ridge: Array) -> Array:
    """(1 - exp(-rate t)) / rate."""
    rates = values + ridge
    small = rates * time < 1
    return jnp.where(small, time * mean_decay(rates * time), -jnp.expm1(-rates * time) / jnp.where(small, 1, rates))


def mean_decay(x: Array) -> Array:
    """(1 - exp(-x)) / x for x >= 0, and its slopes, also at 0."""
    near = x < 1e-5
    return jnp.where(near, 1 - x / 2 + x**2 / 6, -jnp.expm1(-x) / jnp.where(near, 1, x))


def _differences(values: Array, time: Array, ridge: Array) -> tuple[Array, Array]:
    """Divided differences of phi and psi between all eigenvalues, (P, P)."""
    rates = values + ridge
    low, high = jnp.minimum(rates[:, None], rates), jnp.maximum(rates[:, None], rates)
    x, y = low * time, high * time
    between = time * jnp.exp(-x) * mean_decay(y - x)  # minus the divided difference of exp(-rate t)
    far = y > 1
    beyond = (between - _phi(jnp.minimum(values[:, None], values), time, ridge)) / jnp.where(far, high, 1)
    along = jnp.where(far, beyond, time**2 * _series(*(jnp.where(far, 0, one) for one in (x, y))))
    return along, between - ridge * along


def _series(x: Array, y: Array) -> Array:
    """The divided difference of (1 - exp(-x)) / x, term by term: x^n becomes the sum of all x^i y^(n - 1 - i)."""
    total, powers, power = jnp.zeros_like(x), jnp.ones_like(x), jnp.ones_like(x)
    for n in range(1, SERIES):
        total += (-1) ** n / math.factorial(n + 1) * powers
        power = power * y
        powers = powers * x + power
    return total
