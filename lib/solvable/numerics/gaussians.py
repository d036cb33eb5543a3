"""Gaussian variables: points that fill their space evenly, points that are white to rounding, and square roots."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import ndtri
from jaxtyping import Array

from .._checks import require_count
from .slopes import without_slopes

COLUMNS = 1.5  # particles for each of their coordinates, at least: fewer cannot be whitened


def sobol(key: Array, repeats: int, particles: int, columns: int) -> Array:
    """Scrambled Sobol points as normal variables, whitened: (repeats, particles, columns)."""
    from scipy.stats import qmc  # here, since it takes longer to import than all the rest

    seeds = np.asarray(jax.random.bits(key, (repeats,)))
    points = [qmc.Sobol(columns, rng=int(seed)).random(particles) for seed in seeds]
    return jax.vmap(whiten)(ndtri(jnp.asarray(np.stack(points))))


@jax.jit
def whiten(draws: Array) -> Array:
    """The same points, moved a little so that their mean is 0 and their covariance 1, to rounding."""
    draws = draws - draws.mean(axis=0)
    root = jnp.linalg.cholesky(draws.T @ draws / len(draws))
    return jax.scipy.linalg.solve_triangular(root, draws.T, lower=True).T


@jax.custom_jvp
def square_root(gram: Array) -> Array:
    """A symmetric matrix whose square it is; negative eigenvalues, which only rounding leaves, count as 0."""
    values, vectors = jnp.linalg.eigh(gram)
    return (vectors * jnp.sqrt(jnp.maximum(values, 0))) @ vectors.T


@square_root.defjvp
def _square_root_jvp(at: tuple[Array], moves: tuple[Array]) -> tuple[Array, Array]:
    """R dR + dR R = dK, in the eigenvectors: also where eigenvalues meet. A null space stays one."""
    (gram,), (move,) = at, moves
    values, vectors = jnp.linalg.eigh(without_slopes("a square root of gram must not be differentiated twice", gram))
    roots = jnp.sqrt(jnp.maximum(values, 0))
    sums = roots[:, None] + roots
    inside = vectors.T @ ((move + move.T) / 2) @ vectors
    return square_root(gram), vectors @ jnp.where(sums > 0, inside / jnp.where(sums > 0, sums, 1), 0) @ vectors.T


def require_particles(particles: int, columns: int) -> int:
    """A number of particles that can be whitened."""
    return require_count("particles", particles, int(np.ceil(COLUMNS * columns)) + 1)
