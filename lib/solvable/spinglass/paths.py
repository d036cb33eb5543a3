"""Paths of one spin: what they are drawn from, and one step of them. Equation: see `single_site`."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array

from .glass import SphericalGlass


def draw(steps: int, paths: int, overlap: Array, key: Array) -> tuple[Array, ...]:
    """Start, planted signs, and the numbers behind the coloured and the white noise."""
    of_start, of_signs, of_field, of_noise = jax.random.split(key, 4)
    signs = jax.random.rademacher(of_signs, (paths,), float)
    start = overlap * signs + jnp.sqrt(1 - overlap**2) * jax.random.normal(of_start, (paths,))
    start = start / jnp.sqrt(jnp.mean(start**2))
    shape = (paths, steps)
    return start, signs, jax.random.normal(of_field, shape), jax.random.normal(of_noise, shape)


def push(glass: SphericalGlass, h: Array, s: Array, n: Array, g: Array, field: Array, planted: Array) -> Array:
    """Spins n + 1 before they are put back on the sphere, without thermal noise; s has 0 after column n."""
    return s[:, n] + h * field + h**2 * (s @ g) + h * glass.spike * planted


def coloured(z: Array, covariance: Array) -> Array:
    """Gaussian paths of this covariance from independent numbers z, one row a path; rounding below 0 is cut off."""
    values, vectors = jnp.linalg.eigh(covariance)
    return z @ (vectors * jnp.sqrt(jnp.maximum(values, 0.0)) @ vectors.T)
