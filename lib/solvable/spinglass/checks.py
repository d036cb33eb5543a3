"""Arguments of the glass's solvers in range, or an error that names the one that is not."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array

from .._checks import require, require_count, require_positive, require_scalar


def check_run(steps: int, step_size: ArrayLike, overlap: ArrayLike) -> tuple[int, Array, Array]:
    """The number of steps, their size, and the overlap of the start."""
    check_step(step_size)
    require_scalar("overlap", overlap)
    require("overlap", overlap, "between -1 and 1", lambda x: np.abs(x) <= 1)
    return require_count("steps", steps), jnp.asarray(step_size, float), jnp.asarray(overlap, float)


def check_step(step_size: ArrayLike) -> None:
    """A step size."""
    require_scalar("step_size", step_size)
    require_positive("step_size", step_size)
