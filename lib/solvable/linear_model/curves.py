"""What theory and experiment of the linear model return."""

from __future__ import annotations

from dataclasses import dataclass, field
from os import PathLike
from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float

from .. import results
from .._pytree import pytree


@pytree
@dataclass(frozen=True)
class LossCurves:
    """Test and train loss against time, from the theory or from simulated students.

    Attributes:
      times: shape (T,), in units of 1 / (learning rate x eigenvalue).
      test: shape (T,), population loss without the label noise's variance.
      train: shape (T,), mean square error on the training set, label noise included.
      test_std, train_std: shape (T,), standard deviation over repeats; None for a theory.
      residual: relative size of the last Newton step on the theory's self-consistent equation, at worst; None for an
        experiment.
      parameters: what made the curves: spectrum, width, samples, noise, and repeats and key of an experiment.
    """

    times: Float[Array, "*batch T"]
    test: Float[Array, "*batch T"]
    train: Float[Array, "*batch T"]
    test_std: Float[Array, "*batch T"] | None = None
    train_std: Float[Array, "*batch T"] | None = None
    residual: Float[Array, "*batch"] | None = None
    parameters: dict[str, Any] = field(default_factory=dict)

    @property
    def is_experiment(self) -> bool:
        """Whether the curves are averages over simulated students."""
        return self.test_std is not None

    @property
    def test_error(self) -> Array:
        """Standard error of the mean test loss, shape (T,); zero for a theory."""
        return _standard_error(self, self.test_std)

    @property
    def train_error(self) -> Array:
        """Standard error of the mean train loss, shape (T,); zero for a theory."""
        return _standard_error(self, self.train_std)

    def save(self, path: str | PathLike[str]) -> None:
        """Write the curves, their parameters, key and the library's version to an ``.npz`` file."""
        results.save(path, self)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> LossCurves:
        """Read curves that `save` wrote."""
        return results.load(path, cls)


@pytree
@dataclass(frozen=True)
class EnsembleCurves:
    r"""Test loss of an averaged ensemble against time, and what it is made of.

    .. math:: L = \text{bias} + V_{\text{init}}/E + V_{\text{data}}/D + V_{\text{both}}/(E D)

    Attributes:
      times: shape (T,), in units of 1 / (learning rate x eigenvalue).
      test: shape (T,), population loss of the averaged prediction, without the label noise's variance.
      bias: shape (T,), loss of the average over all features and data sets.
      init_variance, data_variance, both_variance: shape (T,), what one draw of features, of data, and of their
        combination adds. All four are estimates in an experiment.
      test_std: shape (T,), standard deviation of `test` over repeats; None for a theory.
      residual: of the theory's self-consistent equation, at worst; None for an experiment.
      parameters: what made the curves: spectrum, sizes, noise, inits, datasets, and repeats and key of an experiment.
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

    @property
    def test_error(self) -> Array:
        """Standard error of the mean test loss, shape (T,); zero for a theory."""
        return _standard_error(self, self.test_std)


@pytree
@dataclass(frozen=True)
class FinalLoss:
    """Loss at the end of training, from the theory or averaged over training sets.

    Attributes:
      test: population loss without the label noise's variance, a scalar, or one number per size.
      train: mean square error on the training set, label noise included, of the same shape.
      test_std, train_std: standard deviation over repeats; None for a theory.
      parameters: what made the losses of an experiment: samples, repeats, key and seconds.
    """

    test: Float[Array, "*batch"]
    train: Float[Array, "*batch"]
    test_std: Float[Array, "*batch"] | None = None
    train_std: Float[Array, "*batch"] | None = None
    parameters: dict[str, Any] = field(default_factory=dict)

    @property
    def test_error(self) -> Array:
        """Standard error of the mean test loss; zero for a theory."""
        return _standard_error(self, self.test_std)


def _standard_error(result: Any, std: Array | None) -> Array:
    return jnp.zeros_like(result.test) if std is None else std / jnp.sqrt(result.parameters["repeats"])
