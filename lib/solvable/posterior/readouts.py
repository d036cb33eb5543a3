r"""Deep linear networks with several outputs: a matrix A in place of one number u.

.. math::
   A = 1 + \gamma_0^2\, U^{1/2} \kappa^\top K \kappa\, U^{1/2}
       - \frac1N\, U^{1/2} \operatorname{Tr}_P\,[K (K \otimes U + 1/\beta)^{-1}]\, U^{1/2}, \qquad
   U = A^L, \quad \kappa = (K \otimes U + 1/\beta)^{-1} y

solved in the eigenvectors of K and of A, where the Kronecker product is one of numbers.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array

from ..numerics.slopes import without_slopes
from .modes import Modes, scan
from .results import Task

SHARE = 0.2  # of the new A, in each step of the iteration
SETTLED = 1e-13  # of its equation, in units of the largest entry
STEPS = 20_000


class Readout(NamedTuple):
    """A by its eigenvalues a and eigenvectors, with the modes' targets and kappa in these, (P, C)."""

    values: Array  # (C,)
    vectors: Array  # (C, C)
    scale: Array  # a^L
    noisy: Array  # lambda_p a_c^L + 1 / beta
    targets: Array
    kappa: Array

    @classmethod
    def of(cls, matrix: Array, modes: Modes, depth: int) -> Readout:
        values, vectors = jnp.linalg.eigh(matrix)
        scale = values**depth
        noisy = modes.values[:, None] * scale + 1 / modes.inverse_temperature
        targets = modes.targets @ vectors
        return cls(values, vectors, scale, noisy, targets, targets / noisy)

    def turned_back(self, inner: Array) -> Array:
        """A matrix of classes, from A's eigenvectors."""
        return self.vectors @ inner @ self.vectors.T


@partial(jax.jit, static_argnames="depth")
def saddle_matrix(task: Task, width: Array, *, depth: int) -> tuple[Array, ...]:
    """Outputs (Q, C), kernels (L, Q, Q), A, and what is left of its equation."""
    modes, richness = Modes.of(task), task.richness
    classes = task.targets.shape[1]
    share = jnp.minimum(SHARE, 1 / (1 + depth))

    def right(matrix: Array) -> Array:
        at = Readout.of(matrix, modes, depth)
        root = jnp.sqrt(at.scale)
        learned = richness**2 * root[:, None] * (at.kappa.T @ (modes.values[:, None] * at.kappa)) * root
        lost = (modes.values[:, None] * at.scale / at.noisy).sum(axis=0) / width
        new = at.turned_back(jnp.eye(classes) + learned - jnp.diag(lost))
        return (new + new.T) / 2

    def left(matrix: Array) -> Array:
        return jnp.abs(right(matrix) - matrix).max()

    def unsettled(state: tuple[Array, Array, Array]) -> Array:
        matrix, residual, step = state
        return (residual > SETTLED * jnp.maximum(1, jnp.abs(matrix).max())) & (step < STEPS)

    def nearer(state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        matrix, _, step = state
        ahead = right(matrix) - matrix
        return matrix + share * ahead, jnp.abs(ahead).max(), step + 1

    def solved(log_u: Array) -> Array:
        start = jnp.exp(log_u) * jnp.eye(classes), jnp.array(jnp.inf), jnp.array(0)
        found: Array = jax.lax.while_loop(unsettled, nearer, start)[0]
        return found

    def weight(matrix: Array) -> Array:
        """ln p / N, up to a constant."""
        at = Readout.of(matrix, modes, depth)
        prior = depth * (jnp.log(at.values) - at.values).sum()
        return (prior - richness**2 * (at.targets * at.kappa).sum() - jnp.log(at.noisy).sum() / width) / 2

    grid = scan(modes, richness, width)
    low, high = solved(grid[0]), solved(grid[-1])
    matrix = jnp.where(weight(high) > weight(low), high, low)
    matrix = without_slopes("deep linear posteriors have no slopes: they are found by a search", matrix)
    at = Readout.of(matrix, modes, depth)
    f = modes.cross @ at.kappa * at.scale
    gains = jnp.cumsum(at.values ** -jnp.arange(float(depth), 0.0, -1.0)[:, None], axis=0)
    features = task.gram + richness**2 * jnp.einsum("qc,lc,rc->lqr", f, gains, f)
    return f @ at.vectors.T, features, matrix, left(matrix)
