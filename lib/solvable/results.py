"""Saving and loading results, with the parameters, the key and the version that made them."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from os import PathLike
from typing import Any, TypeVar

import jax.numpy as jnp
import numpy as np

from ._version import __version__

Result = TypeVar("Result")


def save(path: str | PathLike[str], result: Any) -> None:
    """Write a result dataclass and everything in it to one ``.npz`` file, without pickle.

    Args:
      path: file name; ``.npz`` is added where it is missing.
      result: a dataclass of this library whose fields are arrays, numbers, None, dictionaries of these, or further
        such dataclasses (the parameters hold the spectrum, for instance).
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
        value = {field.name: getattr(value, field.name) for field in fields(value)}
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
        return jnp.asarray(inner)

    return kind(**{key: value(key, inner) for key, inner in tree.items()})
