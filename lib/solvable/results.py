"""Saving and loading results, with the parameters, the key and the version that made them; and loss curves."""

from __future__ import annotations

from dataclasses import dataclass, field, is_dataclass
from os import PathLike
from typing import Any, TypeVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from . import _files
from ._checks import shown
from ._pytree import pytree

__all__ = ["LossCurves", "Saved", "load", "save", "saved_version"]

Result = TypeVar("Result")


def save(path: str | PathLike[str], result: Any) -> None:
    """Write a result dataclass and everything in it to one ``.npz`` file, without pickle.

    An interrupted save leaves the file that was there as it was.

    Args:
      path: file name; ``.npz`` is added where it is missing.
      result: a dataclass of this library whose fields are arrays, numbers, words, None, keys, lists and dictionaries of
        these, or further such dataclasses (the parameters hold the spectrum, for instance). Of a function its name is
        kept.

    Raises:
      ValueError: for anything else in it, named with its field.
      FileNotFoundError: where the folder is missing.
    """
    if isinstance(result, type) or not is_dataclass(result):
        raise TypeError(f"result must be a result dataclass; got {shown(result)}")
    _files.write(path, result)


def load(path: str | PathLike[str], kind: type[Result]) -> Result:
    """Read back what `save` wrote.

    Args:
      path: the file; ``.npz`` is added where it is missing.
      kind: the class of the result, for instance ``LossCurves``.

    Raises:
      ValueError: if the file holds a result of another class, or none, or is damaged.
      FileNotFoundError: where there is no such file.
    """
    if not isinstance(kind, type) or not is_dataclass(kind):
        raise TypeError(f"kind must be a class of results; got {shown(kind)}")
    found: Result = _files.rebuild(kind, path)
    return found


def saved_version(path: str | PathLike[str]) -> str:
    """The version of this library that wrote the file."""
    return str(_files.read(path)[1]["version"])


class Saved:
    """A result that can be written to a file and read back."""

    def save(self, path: str | PathLike[str]) -> None:
        """Write it, with its parameters, key and the library's version, to an ``.npz`` file."""
        save(path, self)

    @classmethod
    def load(cls: type[Result], path: str | PathLike[str]) -> Result:
        """Read back what `save` wrote."""
        return load(path, cls)


def standard_error(result: Any, std: Array | None) -> Array:
    """Of a mean over repeats; zero for a theory."""
    return jnp.zeros_like(result.test) if std is None else std / jnp.sqrt(result.parameters["repeats"])


@pytree
@dataclass(frozen=True)
class LossCurves(Saved):
    """Test and train loss against time, from a theory or from simulated students.

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
        return standard_error(self, self.test_std)

    @property
    def train_error(self) -> Array:
        """Standard error of the mean train loss, shape (T,); zero for a theory."""
        return standard_error(self, self.train_std)
