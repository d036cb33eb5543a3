"""Arguments of the glass's solvers in range, or an error that names the one that is not."""

from __future__ import annotations

import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array

from .._checks import as_floats, require, require_count, require_kind, require_positive, require_scalar
from .glass import SphericalGlass


def check_glass(glass: SphericalGlass) -> None:
    """A model, or an error."""
    require_kind("glass", glass, SphericalGlass)


def check_run(glass: SphericalGlass, steps: int, step_size: ArrayLike, overlap: ArrayLike) -> tuple[int, Array, Array]:
    """The model, the number of steps, their size, and the overlap of the start: all but the first as numbers."""
    check_glass(glass)
    check_step(step_size)
    require_scalar("overlap", overlap)
    require("overlap", overlap, "between -1 and 1", lambda x: np.abs(x) <= 1)
    return require_count("steps", steps), as_floats(step_size), as_floats(overlap)


def check_step(step_size: ArrayLike) -> None:
    """A step size."""
    require_scalar("step_size", step_size)
    require_positive("step_size", step_size)
