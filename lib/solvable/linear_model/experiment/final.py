"""Random students at the minimum of their ridge-penalised loss."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial
from jax.typing import ArrayLike
from jaxtyping import Array

from ..._checks import (
    as_floats,
    finite_answer,
    require_nonnegative,
    shape_of,
)
from ...spectra import Spectrum
from ..results import FinalLoss
from . import students


@finite_answer
def final_loss(
    spectrum: Spectrum,
    *,
    width: ArrayLike = np.inf,
    samples: ArrayLike = np.inf,
    noise: ArrayLike = 0.0,
    ridge: ArrayLike = 0.0,
    key: Array,
    repeats: int = 32,
) -> FinalLoss:
    r"""Test and train loss of `repeats` random students at the minimum of their ridge-penalised loss.

    .. math:: w = \Phi^\top (\Phi\Phi^\top + P\,\delta)^{-1} y, \qquad \Phi = \Psi A^\top/\sqrt N

    Args:
      spectrum: the K modes.
      width, samples, noise, key, repeats: as in `gradient_flow`.
      ridge: delta >= 0, one number or shape (R,): every student is solved at each. 0 is the solution of least norm.

    Returns:
      ``FinalLoss`` of the shape of `ridge`: means and standard deviations over repeats; ``train`` does not include
      the penalty.

    Raises:
      ValueError: for an argument out of range, named with its value.

    Costs as `gradient_flow`. Book: "Test and train part ways".
    """
    if len(shape_of("ridge", ridge)) > 1:
        raise ValueError(f"ridge must be one number or a list of numbers; got shape {np.shape(ridge)}")
    require_nonnegative("ridge", ridge)
    strengths = jnp.atleast_1d(as_floats(ridge))
    sizes: dict[str, Any] = {"width": width, "samples": samples}
    runs = students.losses(spectrum, strengths, Partial(students.ridge, strengths), sizes, noise, key, repeats)
    shape, parameters = np.shape(ridge), runs.parameters | {"ridge": ridge}
    spread = {
        "test_std": jnp.asarray(runs.test_std).reshape(shape),
        "train_std": jnp.asarray(runs.train_std).reshape(shape),
    }
    return FinalLoss(runs.test.reshape(shape), runs.train.reshape(shape), **spread, parameters=parameters)
