"""Arguments of the primer's models in range, or an error that names the one that is not."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array

from .._checks import require, require_float64, require_scalar, require_shape
from .._pytree import Numbers


def check_gain(gain: ArrayLike, below: float = np.inf) -> Array:
    """The strength of the couplings."""
    require_float64()
    require_scalar("gain", gain)
    allowed = ">= 0 and finite" if np.isinf(below) else f">= 0 and < {below:g}"
    require("gain", gain, allowed, lambda x: (x >= 0) & (x < below) & np.isfinite(x))
    return jnp.asarray(gain, float)


def check_times(times: Numbers, name: str = "times") -> Array:
    """A list of times."""
    require_float64()
    require_shape(name, times, 1, f"a list of {name}, shape (T,)")
    require(name, times, ">= 0 and finite", lambda x: (x >= 0) & np.isfinite(x))
    return jnp.asarray(times, float)


def check_lags(lags: Numbers) -> Array:
    """A list of lags."""
    return check_times(lags, "lags")


def check_rate(learning_rate: ArrayLike) -> Array:
    """A learning rate."""
    require_scalar("learning_rate", learning_rate)
    require("learning_rate", learning_rate, "> 0 and finite", lambda x: (x > 0) & np.isfinite(x))
    return jnp.asarray(learning_rate, float)


def check_regression(aspect: ArrayLike, noise: ArrayLike) -> tuple[Array, Array]:
    """Aspect ratio and label noise."""
    require_scalar("aspect", aspect)
    require("aspect", aspect, "> 0 and finite", lambda x: (x > 0) & np.isfinite(x))
    require_scalar("noise", noise)
    require("noise", noise, ">= 0 and finite", lambda x: (x >= 0) & np.isfinite(x))
    return jnp.asarray(aspect, float), jnp.asarray(noise, float)
