"""How well a kernel suits a task, and what it does to classes."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array

from .._checks import as_floats, concrete, require, require_known, require_shape, shape_of
from .._pytree import Numbers

SAME = 1e-12  # of the mean square of features: class means closer to that of all are there


def alignment(kernel: ArrayLike, targets: ArrayLike) -> Array:
    r"""The cosine between a kernel and the one that the task would like best, :math:`y y^\top`.

    .. math:: \frac{\operatorname{tr} y^\top K y}{\lVert K \rVert_F\, \lVert y y^\top \rVert_F}

    Args:
      kernel: K, shape (..., P, P), finite, no matrix all zero.
      targets: y, shape (P,), or (P, C) for several outputs, finite, not all zero.

    Returns:
      Between 0 and 1 for a kernel without negative eigenvalues, shape (...). 1/sqrt(P) for the unit matrix and (P,).

    Raises:
      ValueError: for targets of another length, not finite, or all zero; for a kernel that is not finite, or all zero.

    Exact to rounding, at any scale of kernel and targets. Source: Cristianini et al. (2001). Book: "Lazy to rich, one
    dial".
    """
    shape = shape_of("targets", targets)
    if len(shape) not in (1, 2) or 0 in shape:
        raise ValueError(f"targets must be one row a point, shape (P,) or (P, C); got shape {shape}")
    require("targets", targets, "finite and not all zero", lambda y: np.isfinite(y) & (y != 0).any())
    _require_size(kernel, shape[0])
    allowed = "finite, and no matrix all zero"
    require("kernel", kernel, allowed, lambda k: np.isfinite(k) & (k != 0).any(axis=(-2, -1), keepdims=True))
    kernel, y = _near_one(kernel, (-2, -1)), _near_one(targets, tuple(range(len(shape))))
    y = y.reshape(shape[0], -1)
    told = jnp.einsum("...ij,ic,jc->...", kernel, y, y)
    return told / jnp.linalg.norm(kernel, axis=(-2, -1)) / jnp.linalg.norm(y.T @ y)


class Classes(NamedTuple):
    """Where the features of classes lie, from their kernel alone.

    Attributes:
      within: mean square distance of a point's features from the mean of its class, shape (...).
      between: mean square distance of its class's mean from the mean of all points, shape (...); both add up to the
        variance of the features.
      cosines: of the angles between class means, seen from the mean of all points, shape (..., C, C); -1 / (C - 1) in a
        simplex.
    """

    within: Array
    between: Array
    cosines: Array


def classes(kernel: ArrayLike, labels: Numbers) -> Classes:
    r"""How far the features of a class scatter, and where class means lie, from the kernel of the features alone.

    .. math::
       \text{within} &= \frac1P \sum_\mu |\phi_\mu - m_{c(\mu)}|^2, \qquad
       \text{between} = \frac1P \sum_\mu |m_{c(\mu)} - m|^2, \qquad K_{\mu\nu} = \phi_\mu\cdot\phi_\nu\\
       \cos_{cc'} &= \frac{(m_c - m)\cdot(m_{c'} - m)}{|m_c - m|\,|m_{c'} - m|}

    with the mean m_c of each class, and m of all points.

    Args:
      kernel: K, shape (..., P, P), finite.
      labels: the class of each point, shape (P,), whole numbers from 0 to C - 1, C >= 2, each with a point; known.

    Returns:
      `Classes`.

    Raises:
      ValueError: for labels that are not whole, or a class without a point; for a kernel of another size, not finite,
        or in which the mean of a class is that of all points, which has no direction.

    Exact to rounding. Source: Papyan, Han and Donoho (2020), who look at the end of training. Book: "Several outputs:
    classes".
    """
    require_shape("labels", labels, 1, "one class a point, shape (P,)")
    require_known("labels", labels)
    require("labels", labels, "whole numbers >= 0", lambda x: (x >= 0) & (x == np.floor(x)) & np.isfinite(x))
    which = np.asarray(concrete(labels), float)
    present, members = np.unique(which, return_counts=True)
    empty = np.flatnonzero(present != np.arange(len(present)))
    if not len(present) >= 2 or len(empty):
        missing = int(empty[0]) if len(empty) else 1
        raise ValueError(f"labels must be of at least two classes, each with a point; class {missing} has none")
    _require_size(kernel, len(which))
    require("kernel", kernel, "finite", np.isfinite)
    k, means = as_floats(kernel), (which[:, None] == present) / members  # (P, C), of features to class means
    apart = means - 1 / len(which)
    dots, own = apart.T @ k @ apart, jnp.diagonal(means.T @ k @ means, axis1=-2, axis2=-1)
    square, all_of_it = jnp.diagonal(dots, axis1=-2, axis2=-1), jnp.trace(k, axis1=-2, axis2=-1) / len(which)
    told, size = concrete(square), concrete(all_of_it)
    if told is not None and size is not None and not (told > SAME * np.abs(size)[..., None]).all():
        raise ValueError("kernel must tell the mean of each class from that of all points; here one is the other")
    length, share = jnp.sqrt(square), members / len(which)
    return Classes(all_of_it - own @ share, square @ share, dots / length[..., None] / length[..., None, :])


def _require_size(kernel: ArrayLike, count: int) -> None:
    """Raise ValueError unless it is a matrix, or several, of so many points."""
    if shape_of("kernel", kernel)[-2:] != (count, count):
        raise ValueError(f"kernel must have shape (..., {count}, {count}); got {np.shape(kernel)}")


def _near_one(values: ArrayLike, axes: tuple[int, ...]) -> Array:
    """Over the largest of them, since squares may leave the range of numbers; the cosine does not notice."""
    values = as_floats(values)  # bytes would wrap, halves be rough
    return values / jax.lax.stop_gradient(jnp.abs(values)).max(axis=axes, keepdims=True)
