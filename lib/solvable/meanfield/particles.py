"""Neurons at the start of training, as samples of the Gaussian variables that they are."""

from __future__ import annotations

from jaxtyping import Array

from .._checks import require_count, require_key
from .._memory import require_memory
from ..numerics.gaussians import require_particles, sobol


def neurons(key: Array, inputs: int, particles: int, repeats: int, steps: int) -> Array:
    """Checked samples of one hidden layer at the start, before `square_root`: h on the inputs, and z in the end."""
    require_key(key)
    columns = inputs + 1
    sizes = {"repeats": require_count("repeats", repeats, 2), "particles": require_particles(particles, columns)}
    kernels = inputs * (1 + 2 * inputs)
    require_memory(lambda r, s, t: 8 * r * (4 * s * columns + t * kernels), **sizes, steps=steps)
    return sobol(key, sizes["repeats"], sizes["particles"], columns)
