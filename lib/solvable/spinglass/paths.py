"""Paths of one spin: what they are drawn from, and one step of them. Equation: see `single_site`."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array

from ..numerics.gaussians import square_root
from .glass import SphericalGlass


def draw(steps: int, particles: int, overlap: Array, key: Array) -> tuple[Array, ...]:
    """Start, planted signs, and the numbers behind the coloured and the white noise."""
    of_start, of_signs, of_field, of_noise = jax.random.split(key, 4)
    signs = jax.random.rademacher(of_signs, (particles,), float)
    start = overlap * signs + jnp.sqrt(1 - overlap**2) * jax.random.normal(of_start, (particles,))
    start = start / jnp.sqrt(jnp.mean(start**2))
    shape = (particles, steps)
    return start, signs, jax.random.normal(of_field, shape), jax.random.normal(of_noise, shape)


def push(glass: SphericalGlass, h: Array, s: Array, n: Array, g: Array, field: Array, planted: Array) -> Array:
    """Spins n + 1 before they are put back on the sphere, without thermal noise; s has 0 after column n."""
    return s[:, n] + h * field + h**2 * (s @ g) + h * glass.spike * planted


def coloured(z: Array, covariance: Array) -> Array:
    """Gaussian paths of this covariance from independent numbers z, one row a path; rounding below 0 is cut off."""
    return z @ square_root(covariance)
