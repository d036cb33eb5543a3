"""Neurons at the start of training, as samples of the Gaussian variables that they are."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array

from .._checks import require_count, require_key
from .._memory import require_memory
from ..numerics.gaussians import require_particles, sobol, whiten


def neurons(key: Array, inputs: int, particles: int, repeats: int, steps: int) -> Array:
    """Checked samples of one hidden layer at the start, before `square_root`: h on the inputs, and z in the end."""
    require_key(key)
    columns = inputs + 1
    sizes = {"repeats": require_count("repeats", repeats, 2), "particles": require_particles(particles, columns)}
    kernels = inputs * (1 + 2 * inputs)
    require_memory(lambda r, s, t: 8 * r * (4 * s * columns + t * kernels), **sizes, steps=steps)
    return sobol(key, sizes["repeats"], sizes["particles"], columns)


def twins(key: Array, particles: int, first: int, last: int) -> tuple[Array, Array]:
    """Whitened normal variables for u and r of each neuron, and of its twin with the opposite r."""
    both = whiten(jax.random.normal(key, (particles, first + last)))
    u, r = both[:, :first], both[:, first:]
    return jnp.concatenate([u, u]), jnp.concatenate([r, -r])
