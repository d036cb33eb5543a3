"""Gram matrices and the targets that go with them, checked; see `_checks`."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from ._checks import concrete, require, require_array, require_float64, require_shape, shape_of


def require_gram(name: str, gram: Array) -> None:
    """Raise ValueError unless the matrix is square, symmetric and, to rounding, without negative eigenvalues."""
    require_shape(name, gram, 2, "a square matrix, shape (P, P)")
    require(name, gram, "finite", np.isfinite)
    matrix = concrete(gram)
    if matrix is None:
        return
    matrix = matrix.astype(float) if matrix.dtype.kind != "f" else matrix  # bytes would wrap
    if matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"{name} must be a square matrix, shape (P, P); got shape {matrix.shape}")
    rounding = 1e3 * np.finfo(matrix.dtype if matrix.dtype.kind == "f" else float).eps * np.abs(matrix).max()
    if not np.abs(matrix - matrix.T).max() <= rounding:
        raise ValueError(f"{name} must be symmetric; entries differ by {np.abs(matrix - matrix.T).max():.3g}")
    least = np.linalg.eigvalsh(matrix).min()
    if not least >= -len(matrix) * rounding:
        raise ValueError(f"{name} must have no negative eigenvalue; got {least:.3g}")


def require_task(gram: Array, targets: Array, name: str = "gram", several: bool = True) -> None:
    """Raise ValueError unless these are a Gram matrix of Q points and targets of the first P of them.

    Targets are numbers, (P,), or where `several` outputs are known have a column for each, (P, C).
    """
    require_float64()
    require_gram(name, gram)
    shape = shape_of("targets", targets)
    shapes = "(P,) or (P, C)" if several else "(P,), since only one output is known here"
    if len(shape) not in ((1, 2) if several else (1,)) or 0 in shape or not shape[0] <= len(gram):
        raise ValueError(
            f"targets must have shape {shapes}, at most one row for each of the {len(gram)} points; got {shape}"
        )
    require("targets", targets, "finite", np.isfinite)


def gram_of(inputs: Array) -> tuple[Array, Array]:
    """Inputs as floats, and their Gram matrix x x^T / D; or an error that names them."""
    x = require_array("inputs", inputs, 2, "one point a row, shape (P, D)")
    gram = x @ x.T / x.shape[1]
    known = concrete(gram)
    if known is not None and not np.isfinite(known).all():
        raise ValueError(f"inputs must be of a size whose squares float64 holds; got {float(jnp.abs(x).max()):.3g}")
    return x, gram
