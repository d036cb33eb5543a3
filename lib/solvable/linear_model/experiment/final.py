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
      spectrum: the K modes, one by one.
      width: number of features N, whole, or ``inf``: the student then has all K modes themselves.
      samples: training points P, whole, or ``inf``: the student then has the population loss to minimise.
      noise: variance of the label noise, >= 0.
      ridge: delta >= 0, one number or shape (R,), in the unit of the eigenvalues: every student is solved at each. 0 is
        the solution of least norm.
      key: a jax random key. Repeat i uses the i-th of ``jax.random.split(key, repeats)``, however they are chunked.
      repeats: number of independent draws of features, data and noise, >= 2.

    Returns:
      ``FinalLoss`` of the shape of `ridge`: means and standard deviations over repeats; ``test`` excludes the noise
      variance, ``train`` includes it and does not include the penalty.

    Raises:
      ValueError: for an argument out of range, named with its value, a binned spectrum, or a student that needs over
        16 GiB.
      TypeError: for a `spectrum` that is no `Spectrum`.
      RuntimeError: where jax is in float32.

    Exact for each student. Costs as `gradient_flow`.
    Source: the definition of the model, after J. Simon et al. (2023). Book: "Test and train part ways".
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
