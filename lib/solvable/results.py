"""Saving and loading results, with the parameters, the key and the version that made them; and loss curves."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields, is_dataclass
from os import PathLike
from typing import Any, TypeVar, get_args, get_type_hints

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ._pytree import pytree
from ._version import __version__

Result = TypeVar("Result")


def save(path: str | PathLike[str], result: Any) -> None:
    """Write a result dataclass and everything in it to one ``.npz`` file, without pickle.

    Args:
      path: file name; ``.npz`` is added where it is missing.
      result: a dataclass of this library whose fields are arrays, numbers, words, None, dictionaries of these, or
        further such dataclasses (the parameters hold the spectrum, for instance).
    """
    flat: dict[str, Any] = {}
    _flatten("result", result, flat)
    about = {"type": type(result).__name__, "version": __version__}
    np.savez_compressed(path, about=json.dumps(about), **flat)


def load(path: str | PathLike[str], kind: type[Result]) -> Result:
    """Read back what `save` wrote.

    Args:
      path: the file.
      kind: the class of the result, for instance ``LossCurves``.

    Raises:
      ValueError: if the file holds a result of another class.
    """
    with np.load(path, allow_pickle=False) as file:
        about = json.loads(str(file["about"]))
        if about["type"] != kind.__name__:
            raise ValueError(f"path must hold a {kind.__name__}; {path} holds a {about['type']}")
        tree: dict[str, Any] = {}
        for name in file.files:
            *folders, leaf = name.split("/")
            here = tree
            for folder in folders:
                here = here.setdefault(folder, {})
            here[leaf] = file[name]
    return _rebuild(kind, tree["result"])


def saved_version(path: str | PathLike[str]) -> str:
    """The version of this library that wrote the file."""
    with np.load(path, allow_pickle=False) as file:
        return str(json.loads(str(file["about"]))["version"])


def _flatten(name: str, value: Any, into: dict[str, Any]) -> None:
    if value is None:
        return
    if is_dataclass(value):
        value = {part.name: getattr(value, part.name) for part in fields(value)}
    if isinstance(value, dict):
        for key, inner in value.items():
            _flatten(f"{name}/{key}", inner, into)
    else:
        into[name] = np.asarray(value)


def _rebuild(kind: Any, tree: dict[str, Any]) -> Any:
    from .spectra import Spectrum

    def value(name: str, inner: Any) -> Any:
        if name == "spectrum":
            return _rebuild(Spectrum, inner)
        if isinstance(inner, dict):
            return {key: value(key, item) for key, item in inner.items()}
        return str(inner) if inner.dtype.kind == "U" else jnp.asarray(inner)

    def part(key: str, inner: Any) -> Any:
        hint = hints[key]
        nested = [one for one in (hint, *get_args(hint)) if is_dataclass(one)]
        return _rebuild(nested[0], inner) if nested else value(key, inner)

    hints = get_type_hints(kind)
    return kind(**{key: part(key, inner) for key, inner in tree.items()})


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
