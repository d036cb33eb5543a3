"""What theory and experiment of the linear model return, beside `LossCurves`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from jaxtyping import Array, Float

from .._pytree import pytree
from ..results import FinalLoss, LossCurves, Result

__all__ = ["EnsembleCurves", "FinalLoss", "LossCurves"]


@pytree
@dataclass(frozen=True)
class EnsembleCurves(Result):
    r"""Test loss of an averaged ensemble against time, and what it is made of.

    .. math:: L = \text{bias} + V_{\text{init}}/E + V_{\text{data}}/D + V_{\text{both}}/(E D)

    Attributes:
      times: shape (T,), in units of 1 / (learning rate x eigenvalue).
      test: shape (T,), population loss of the averaged prediction, without the label noise's variance.
      bias: shape (T,), loss of the average over all features and data sets.
      init_variance, data_variance, both_variance: shape (T,), what one draw of features, of data, and of their
        combination adds. All four are estimates in an experiment.
      test_std: shape (T,), standard deviation of `test` over repeats; None for a theory.
      residual: a scalar, relative size of the last Newton step on the theory's self-consistent equation, at worst; None
        for an experiment.
      parameters: what made the curves: spectrum, sizes, noise, inits, datasets, paired, and repeats and key of an
        experiment.
    """

    times: Float[Array, "*batch T"]
    test: Float[Array, "*batch T"]
    bias: Float[Array, "*batch T"]
    init_variance: Float[Array, "*batch T"]
    data_variance: Float[Array, "*batch T"]
    both_variance: Float[Array, "*batch T"]
    test_std: Float[Array, "*batch T"] | None = None
    residual: Float[Array, "*batch"] | None = None
    parameters: dict[str, Any] = field(default_factory=dict)
