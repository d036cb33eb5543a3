"""How well a kernel suits a task."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array

from .._checks import as_floats, require, require_shape, shape_of


def alignment(kernel: ArrayLike, targets: ArrayLike) -> Array:
    r"""The cosine between a kernel and the one that the task would like best, :math:`y y^\top`.

    .. math:: \frac{y^\top K y}{\lVert K \rVert_F\, \lVert y \rVert^2}

    Args:
      kernel: K, shape (..., P, P), finite, no matrix all zero.
      targets: y, shape (P,), finite, not all zero.

    Returns:
      Between 0 and 1 for a kernel without negative eigenvalues, shape (...). 1/sqrt(P) for the unit matrix.

    Raises:
      ValueError: for targets of another length, not finite, or all zero; for a kernel that is not finite, or all zero.

    Exact to rounding, at any scale of kernel and targets. Source: Cristianini et al. (2001). Book: "Lazy to rich, one
    dial".
    """
    require_shape("targets", targets, 1, "one number a point, shape (P,)")
    require("targets", targets, "finite and not all zero", lambda y: np.isfinite(y) & (y != 0).any())
    count = len(targets)  # type: ignore[arg-type]
    if shape_of("kernel", kernel)[-2:] != (count, count):
        raise ValueError(f"kernel must have shape (..., {count}, {count}); got {np.shape(kernel)}")
    allowed = "finite, and no matrix all zero"
    require("kernel", kernel, allowed, lambda k: np.isfinite(k) & (k != 0).any(axis=(-2, -1), keepdims=True))
    kernel, y = _near_one(kernel, (-2, -1)), _near_one(targets, -1)
    return jnp.einsum("...ij,i,j->...", kernel, y, y) / jnp.linalg.norm(kernel, axis=(-2, -1)) / (y @ y)


def _near_one(values: ArrayLike, axes: int | tuple[int, int]) -> Array:
    """Over the largest of them, since squares may leave the range of numbers; the cosine does not notice."""
    values = as_floats(values)  # bytes would wrap, halves be rough
    return values / jax.lax.stop_gradient(jnp.abs(values)).max(axis=axes, keepdims=True)
