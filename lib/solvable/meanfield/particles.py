"""Neurons at the start of training, as samples of the Gaussian variables that they are."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array

from .._checks import require_count, require_key
from .._memory import require_memory
from ..numerics.gaussians import require_particles, sobol, whiten


def neurons(
    key: Array, inputs: int, particles: int, repeats: int, steps: int, classes: int = 1, class_by_class: bool = False
) -> Array:
    """Checked samples of one hidden layer at the start, before `square_root`: h on the inputs, and z of each class."""
    require_key(key)
    columns = inputs + classes
    sizes = {"repeats": require_count("repeats", repeats, 2), "particles": require_particles(particles, columns)}
    kernels = inputs * (classes + 2 * inputs + class_by_class * 2 * inputs * classes**2)
    require_memory(lambda r, s, t: 8 * r * (4 * s * columns + t * kernels), **sizes, steps=steps)
    return sobol(key, sizes["repeats"], sizes["particles"], columns)


def twins(key: Array, particles: int, first: int, last: int) -> tuple[Array, Array]:
    """Whitened normal variables for u and r of each neuron, and of its twin with the opposite r."""
    both = whiten(jax.random.normal(key, (particles, first + last)))
    u, r = both[:, :first], both[:, first:]
    return jnp.concatenate([u, u]), jnp.concatenate([r, -r])


def strangers(key: Array, taken: Array, columns: int) -> Array:
    """Further whitened normal variables (S, columns), without any correlation with those that were taken, (S, n)."""
    draws = jax.random.normal(key, (len(taken), columns))
    return whiten(draws - taken @ (taken.T @ draws) / len(taken))
