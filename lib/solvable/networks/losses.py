r"""What training descends: the square loss, or the cross-entropy of classes.

.. math:: l = \tfrac12 \sum_c (f_c - y_c)^2, \qquad l = -\sum_c y_c \ln \operatorname{softmax}(f)_c

One compiled program serves both: which of them it is may be traced by jax.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array

from .._checks import concrete, require, require_one_of, shape_of

LOSSES = ("square", "cross_entropy")
ROUNDING = 1e-6  # by which probabilities may miss a sum of 1


def require_loss(loss: str, targets: object) -> bool:
    """Whether it is the cross-entropy; or an error that names the loss, or the targets that are no probabilities."""
    require_one_of("loss", loss, LOSSES)
    if loss == "square":
        return False
    shape = shape_of("targets", targets)
    if len(shape) != 2 or not shape[1] >= 2:
        raise ValueError(f"targets must have shape (P, C): cross_entropy needs at least two classes; got {shape}")
    require("targets", targets, ">= 0 for cross_entropy", lambda y: y >= 0)
    known = concrete(targets)
    if known is not None:
        sums = known.astype(float).sum(axis=1)
        wrong = ~(np.abs(sums - 1) <= ROUNDING)
        if wrong.any():
            row = int(wrong.argmax())
            raise ValueError(f"targets must sum to 1 in each row for cross_entropy; row {row} has {sums[row]:.8g}")
    return True


def loss_of(outputs: Array, targets: Array, cross_entropy: ArrayLike) -> Array:
    """The loss of every point, shape (..., P); targets have shape (P,), or (P, C), over whose classes it sums."""
    square = ((outputs - targets) ** 2).sum(axis=tuple(range(1 - targets.ndim, 0))) / 2
    if targets.ndim != 2:
        return square
    return jnp.where(cross_entropy, -(targets * jax.nn.log_softmax(outputs)).sum(axis=-1), square)


def error_of(outputs: Array, targets: Array, cross_entropy: ArrayLike) -> Array:
    """Minus the slope of the loss: y - f, or y - softmax(f)."""
    if targets.ndim == 2:
        outputs = jnp.where(cross_entropy, jax.nn.softmax(outputs), outputs)
    return targets - outputs
