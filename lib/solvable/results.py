"""Saving and loading results, with the parameters, the key and the version behind them; and losses of many packages."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field, fields, is_dataclass, replace
from functools import wraps
from os import PathLike
from typing import Any, TypeVar, get_args, get_type_hints

import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from . import _files
from ._checks import (
    as_floats,
    concrete,
    require,
    require_count,
    require_known,
    require_nonnegative,
    require_one_of,
    require_scalar,
    require_shape,
    shape_of,
    shown,
)
from ._memory import require_memory
from ._pytree import pytree

__all__ = ["FinalLoss", "LossCurves", "Result", "load", "save", "saved_version"]

Found = TypeVar("Found")
Answer = TypeVar("Answer")


def save(path: str | PathLike[str], result: Any) -> None:
    """Write a result dataclass and everything in it to one ``.npz`` file, without pickle.

    An interrupted save leaves the file that was there as it was.

    Args:
      path: file name; ``.npz`` is added where it is missing.
      result: a dataclass of this library whose fields are arrays, numbers, words, None, keys, lists and dictionaries of
        these, or further such dataclasses (the parameters hold the spectrum, for instance). Of a function its name is
        kept.

    Raises:
      ValueError: for anything else in it, named with its field; for a path that is a folder.
      TypeError: for a result that is no such dataclass, or a path that is no name.
      FileNotFoundError: where the folder is missing.
    """
    if isinstance(result, type) or not is_dataclass(result) or not _files.ours(type(result)):
        raise TypeError(f"result must be a result dataclass of this library; got {shown(result)}")
    _files.write(path, result)


def load(path: str | PathLike[str], kind: type[Found]) -> Found:
    """Read back what `save` wrote.

    Args:
      path: the file; ``.npz`` is added where it is missing.
      kind: the class of the result, for instance ``LossCurves``.

    Returns:
      The result, of the class `kind`; of a function that was saved, its name.

    Raises:
      ValueError: if the file holds a result of another class, or none, or is damaged.
      TypeError: for a kind that is no class of results, or a path that is no name.
      FileNotFoundError: where there is no such file.
    """
    if not isinstance(kind, type) or not is_dataclass(kind) or not _files.ours(kind):
        raise TypeError(f"kind must be a class of results of this library; got {shown(kind)}")
    found: Found = _files.rebuild(kind, path)
    return found


def saved_version(path: str | PathLike[str]) -> str:
    """The version of this library that wrote the file.

    Args:
      path: the file; ``.npz`` is added where it is missing.

    Returns:
      A string such as ``"1.0.0"``.

    Raises:
      ValueError: if the file holds no result, or is damaged.
      TypeError: for a path that is no name.
      FileNotFoundError: where there is no such file.
    """
    return str(_files.read(path)[1]["version"])


class Result:
    """What a solver returns: data with its own uncertainty, and with the ``parameters`` that made it.

    A field ``x`` that is a mean over independent draws stands beside ``x_std``, their standard deviation, which is None
    for what is exact.
    """

    def error(self, name: str) -> Array:
        """Standard error of the mean of a field.

        Args:
          name: of a field beside which a ``_std`` stands.

        Returns:
          An array of the field's shape, its standard deviation over the root of the repeats; 0 where it is exact.

        Raises:
          ValueError: for a field that has none, or that is not known.
        """
        values = {part.name: getattr(self, part.name) for part in fields(self)}  # type: ignore[arg-type]
        require_one_of("name", name, [part for part in values if f"{part}_std" in values])
        mean, std = values[name], values[f"{name}_std"]
        if mean is None:
            raise ValueError(f"name must be of something that is known; {name} is None here")
        return jnp.zeros_like(jnp.asarray(mean)) if std is None else std / jnp.sqrt(vars(self)["parameters"]["repeats"])

    @property
    def repeats(self) -> int | None:
        """Over how many independent draws means were taken; None for a theory without any."""
        found: int | None = vars(self)["parameters"].get("repeats")
        return found

    @property
    def seconds(self) -> float | None:
        """How long it took, compilation included; None where jax traced it."""
        found: float | None = vars(self)["parameters"].get("seconds")
        return found

    @property
    def converged(self) -> Any:
        """Whether what is left of the equations is as little as allowed; None where nothing had to be solved.

        A solver raises RuntimeError where it did not arrive. Where jax traces it, as under ``jax.vmap``, it cannot:
        then look here, at one answer for each member of the batch.
        """
        residual, allowed = getattr(self, "residual", None), vars(self)["parameters"].get("allowed")
        return None if residual is None or allowed is None else residual <= allowed

    @classmethod
    def axes(cls) -> dict[str, tuple[str, ...]]:
        """The axes of each field of arrays, by name, as xarray wants them; those of a batch are left out.

        Returns:
          A dictionary from fields to tuples of names, for instance ``{"times": ("T",)}``.
        """
        return {name: tuple(one for one in axes if "*" not in one) for name, axes in _annotated(cls).items()}

    def save(self, path: str | PathLike[str]) -> None:
        """Write it, with its parameters, key and the library's version, to an ``.npz`` file.

        Args:
          path: file name; ``.npz`` is added where it is missing.

        Raises:
          ValueError: for anything in it that no file can hold, named with its field; for a path that is a folder.
          TypeError: for a path that is no name.
          FileNotFoundError: where the folder is missing.
        """
        save(path, self)

    @classmethod
    def load(cls: type[Found], path: str | PathLike[str]) -> Found:
        """Read back what `save` wrote.

        Args:
          path: the file; ``.npz`` is added where it is missing.

        Returns:
          The result, of this class.

        Raises:
          ValueError: if the file holds a result of another class, or none, or is damaged.
          TypeError: for a path that is no name.
          FileNotFoundError: where there is no such file.
        """
        return load(path, cls)


def at_richness(expansion: Result, richness: ArrayLike) -> dict[str, Any]:
    """All fields of an expansion, orders 0 and 2 along the first axis, summed at one richness."""
    require_scalar("richness", richness)
    require_nonnegative("richness", richness)
    gamma = as_floats(richness)
    orders = {name: getattr(expansion, name) for name in _annotated(type(expansion))}
    summed: dict[str, Any] = {name: None if one is None else one[0] + gamma**2 * one[1] for name, one in orders.items()}
    return summed | {"parameters": vars(expansion)["parameters"] | {"richness": gamma}}


def _annotated(kind: type) -> dict[str, list[str]]:
    """The axes of each field of arrays, as they are annotated."""
    hints = {name: next(iter(get_args(hint) or (hint,))) for name, hint in get_type_hints(kind).items()}
    return {name: hint.dim_str.split() for name, hint in hints.items() if hasattr(hint, "dim_str")}


def require_steps(steps: Any, known: bool = True) -> Any:
    """Step numbers: those of a list, which jax may trace if they need not be known; or all up to a whole number."""
    if not shape_of("steps", steps):
        last = require_count("steps", steps, 0)
        require_memory(lambda steps: 32 * steps, steps=last)
        return np.arange(last + 1.0)
    require_shape("steps", steps, 1, "a whole number, or a list of step numbers, shape (T,)")
    if known:
        require_known("steps", steps)
    require("steps", steps, "whole numbers >= 0", lambda x: (x >= 0) & (x == np.floor(x)) & np.isfinite(x))
    return np.asarray(concrete(steps), float) if known else as_floats(steps)


def at_steps(solve: Callable[..., Answer]) -> Callable[..., Answer]:
    """Of a solver that returns a row for every step: ``steps`` may be a list, and the result has these rows alone."""
    signature = inspect.signature(solve)

    @wraps(solve)
    def solved(*args: Any, **kwargs: Any) -> Any:
        given = signature.bind(*args, **kwargs)
        if not shape_of("steps", given.arguments["steps"]):
            return solve(*args, **kwargs)
        rows = require_steps(given.arguments["steps"]).astype(int)
        given.arguments["steps"] = max(1, int(rows.max()))
        return _only(solve(*given.args, **given.kwargs), rows)

    return solved


def _only(result: Any, rows: np.ndarray) -> Any:
    """A result at these times alone."""
    found: dict[str, Any] = {}
    for name, axes in _annotated(type(result)).items():
        value = getattr(result, name)
        for place, axis in enumerate(axes):
            if axis == "T" and value is not None:
                value = jnp.take(value, rows, axis=place - len(axes) if axes[0].startswith("*") else place)
        found[name] = value
    inner = {part.name: getattr(result, part.name) for part in fields(result)}
    found |= {name: _only(one, rows) for name, one in inner.items() if is_dataclass(one)}
    return replace(result, **found)


@pytree
@dataclass(frozen=True)
class LossCurves(Result):
    """Test and train loss against time, from a theory or from simulated students.

    Attributes:
      times: shape (T,), in units of 1 / (learning rate x eigenvalue).
      test: shape (T,), population loss without the label noise's variance.
      train: shape (T,), mean square error on the training set, label noise included.
      test_std, train_std: shape (T,), standard deviation over repeats; None for a theory.
      residual: relative size of the last Newton step on the theory's self-consistent equation, at worst, a number; None
        for an experiment.
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


@pytree
@dataclass(frozen=True)
class FinalLoss(Result):
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
