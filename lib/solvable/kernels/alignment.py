"""How well a kernel suits a task."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array

from .._checks import require, require_shape


def alignment(kernel: ArrayLike, targets: ArrayLike) -> Array:
    r"""The cosine between a kernel and the one that the task would like best, :math:`y y^\top`.

    .. math:: \frac{y^\top K y}{\lVert K \rVert_F\, \lVert y \rVert^2}

    Args:
      kernel: K, shape (..., P, P).
      targets: y, shape (P,), not all zero.

    Returns:
      Between 0 and 1 for a kernel without negative eigenvalues, shape (...). 1/sqrt(P) for the unit matrix.

    Raises:
      ValueError: for targets of another length, or all zero.

    Source: Cristianini et al. (2001). Book: "Lazy to rich, one dial".
    """
    require_shape("targets", targets, 1, "one number a point, shape (P,)")
    require("targets", targets, "finite and not all zero", lambda y: np.isfinite(y) & (y != 0).any())
    kernel, y = jnp.asarray(kernel), jnp.asarray(targets)
    if kernel.shape[-2:] != (len(y),) * 2:
        raise ValueError(f"kernel must have shape (..., {len(y)}, {len(y)}); got {kernel.shape}")
    y = y / jnp.linalg.norm(y)
    return jnp.einsum("...ij,i,j->...", kernel, y, y) / jnp.linalg.norm(kernel, axis=(-2, -1))
