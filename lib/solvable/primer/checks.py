"""Arguments of the primer's models in range, or an error that names the one that is not."""

from __future__ import annotations

from jax.typing import ArrayLike
from jaxtyping import Array

from .._checks import (
    as_floats,
    require_float64,
    require_nonnegative,
    require_positive,
    require_scalar,
)


def check_gain(gain: ArrayLike) -> Array:
    """The strength of the couplings."""
    require_float64()
    require_scalar("gain", gain)
    require_nonnegative("gain", gain)
    return as_floats(gain)


def check_rate(learning_rate: ArrayLike) -> Array:
    """A learning rate."""
    require_scalar("learning_rate", learning_rate)
    require_positive("learning_rate", learning_rate)
    return as_floats(learning_rate)


def check_regression(aspect: ArrayLike, noise: ArrayLike) -> tuple[Array, Array]:
    """Aspect ratio and label noise."""
    require_float64()
    require_scalar("aspect", aspect)
    require_positive("aspect", aspect)
    require_scalar("noise", noise)
    require_nonnegative("noise", noise)
    return as_floats(aspect), as_floats(noise)
