"""Results in files: arrays by name in an ``.npz``, and beside them what they are parts of, as JSON; never a pickle."""

from __future__ import annotations

import json
import os
import re
import sys
from dataclasses import fields, is_dataclass
from os import PathLike
from pathlib import Path
from typing import Any
from uuid import uuid4

import jax
import jax.numpy as jnp
import numpy as np

from ._checks import shown
from ._version import __version__

FORMAT = 3


def as_file(path: str | PathLike[str]) -> Path:
    """The file that a path means: ``.npz`` is added where it is missing."""
    name = os.fspath(path) if isinstance(path, str | PathLike) else None
    if not isinstance(name, str):
        raise TypeError(f"path must be the name of a file; got {shown(path)}")
    if not name or "\0" in name:
        raise ValueError(f"path must be the name of a file; got {name!r}")
    return Path(name if name.endswith(".npz") else f"{name}.npz").resolve()


def write(path: str | PathLike[str], result: Any) -> None:
    """The whole file or none of it: what stood there before stays until the new one is complete."""
    file, arrays = as_file(path), {}  # type: Path, dict[str, np.ndarray]
    about = {"type": class_name(type(result)), "version": __version__, "format": FORMAT}
    about["result"] = {field.name: encode(getattr(result, field.name), field.name, arrays) for field in fields(result)}
    if not file.parent.is_dir():
        raise FileNotFoundError(f"path must lie in a folder that exists; {file.parent} does not")
    if file.is_dir():
        raise ValueError(f"path must be a file; {file} is a folder")
    part = file.with_name(f".{uuid4().hex}.npz")
    try:
        with part.open("xb") as stream:
            np.savez_compressed(stream, **arrays, about=np.asarray(json.dumps(about)))  # type: ignore[arg-type]
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)


def read(path: str | PathLike[str]) -> tuple[Path, dict[str, Any], dict[str, np.ndarray]]:
    """The file, what it says about itself, and its arrays."""
    file = as_file(path)
    if not file.is_file():
        raise FileNotFoundError(f"path must be a saved result; there is no file {file}")
    with file.open("rb") as stream:
        try:
            with np.load(stream, allow_pickle=False) as found:
                arrays = {name: found[name] for name in found.files}
            about = json.loads(str(arrays.pop("about")))
            known = isinstance(about["type"], str) and isinstance(about["version"], str)
        except Exception as error:  # of many classes: a foreign or broken file can fail anywhere
            raise ValueError(f"path must be a saved result; {file} is another file, or damaged ({error})") from error
    if not known or about.get("format") != FORMAT:
        raise ValueError(f"path must be a file of format {FORMAT}; {file} is not: it is by {about['version']}")
    return file, about, arrays


def rebuild(kind: type, path: str | PathLike[str]) -> Any:
    """The result of this class that a file holds."""
    file, about, arrays = read(path)
    if about["type"] != class_name(kind):
        raise ValueError(f"path must hold a {kind.__name__}; {file} holds a {about['type'].split('.')[-1]}")
    try:
        return kind(**{name: decode(node, arrays) for name, node in about["result"].items()})
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(
            f"path must hold a {kind.__name__} as solvable {__version__} knows it; "
            f"{file} was written by {about['version']} and does not fit ({error})"
        ) from error


def class_name(kind: type) -> str:
    """Package and name of a class: in which module of its package it stands may change."""
    return f"{kind.__module__.split('.')[1]}.{kind.__qualname__}"


def classes() -> dict[str, type]:
    """What a file may name: the small classes of this library that are loaded. Nothing is imported for it."""
    modules = [module for name, module in sys.modules.items() if name.startswith("solvable.")]
    own = {kind for module in modules for kind in vars(module).values() if isinstance(kind, type) and ours(kind)}
    return {class_name(kind): kind for kind in own}


def encode(value: Any, name: str, arrays: dict[str, np.ndarray]) -> Any:
    """A value as JSON; its arrays are put into `arrays` and named there."""
    if value is None or isinstance(value, bool | str | float):
        return value
    if isinstance(value, int):  # beyond 2^64 too
        return value if value.bit_length() <= 64 else {"int": hex(value)}
    if isinstance(value, complex):
        return {"complex": [value.real, value.imag]}
    if isinstance(value, jax.Array | np.ndarray | np.generic):
        return _encode_array(value, name, arrays)
    if isinstance(value, dict):
        pairs = [[encode(key, name, arrays), encode(one, f"{name}/{key}", arrays)] for key, one in value.items()]
        return {"dict": pairs}
    if type(value) in (list, tuple):
        parts = [encode(one, f"{name}/{number}", arrays) for number, one in enumerate(value)]
        return parts if isinstance(value, list) else {"tuple": parts}
    if ours(type(value)):
        return {
            "class": class_name(type(value)),
            "fields": {part: encode(getattr(value, part), f"{name}/{part}", arrays) for part in _parts(type(value))},
        }
    if callable(value) or isinstance(value, np.dtype):
        return getattr(value, "__name__", None) or str(value)
    raise ValueError(
        f"{name} must be arrays, numbers, words, None, functions, lists or dictionaries of these, or further results, "
        f"to be saved; got {shown(value)}"
    )


def decode(node: Any, arrays: dict[str, np.ndarray]) -> Any:
    """What `encode` was given; of a function, its name."""
    if isinstance(node, list):
        return [decode(one, arrays) for one in node]
    if not isinstance(node, dict):
        return node
    if "array" in node:
        return _decode_array(node, arrays[node["array"]])
    if "key" in node:
        return jax.random.wrap_key_data(jnp.asarray(arrays[node["key"]]), impl=node["impl"])
    if "objects" in node:
        return np.array(decode(node["objects"], arrays), object)
    if "int" in node:
        return int(node["int"], 16)
    if "complex" in node:
        return complex(*node["complex"])
    if "tuple" in node:
        return tuple(decode(one, arrays) for one in node["tuple"])
    if "dict" in node:
        return {decode(key, arrays): decode(one, arrays) for key, one in node["dict"]}
    kind: Any = classes().get(node["class"])
    if kind is None:
        raise ValueError(f"{node['class']} is no class of this library")
    return kind(**{part: decode(one, arrays) for part, one in node["fields"].items()})


def _encode_array(value: Any, name: str, arrays: dict[str, np.ndarray]) -> Any:
    name = re.sub(r"[^\w/]", "_", name)
    while name in arrays or name == "about":
        name += "_"
    if isinstance(value, jax.core.Tracer):
        raise ValueError(f"{name} must be known numbers to be saved; they are being traced by jax")
    if isinstance(value, jax.Array) and jnp.issubdtype(value.dtype, jax.dtypes.prng_key):
        arrays[name] = np.asarray(jax.random.key_data(value))
        return {"key": name, "impl": str(jax.random.key_impl(value))}
    array = np.asarray(value)
    if array.dtype == object:
        return {"objects": encode(array.tolist(), name, arrays)}
    foreign = array.dtype.kind == "V" and jnp.issubdtype(array.dtype, jnp.number)  # bfloat16: NumPy writes only bytes
    arrays[name] = array.view(f"u{array.dtype.itemsize}") if foreign else array
    return {"array": name, "dtype": str(array.dtype) if foreign else None, "jax": isinstance(value, jax.Array)}


def _decode_array(node: dict[str, Any], array: np.ndarray) -> Any:
    array = array.view(jnp.dtype(node["dtype"])) if node["dtype"] else array
    return jnp.asarray(array) if node["jax"] else array[()]


def ours(kind: Any) -> bool:
    """Whether it is a small class of this library: a dataclass or a named tuple."""
    return getattr(kind, "__module__", "").startswith("solvable.") and (is_dataclass(kind) or hasattr(kind, "_fields"))


def _parts(kind: Any) -> tuple[str, ...]:
    return tuple(part.name for part in fields(kind)) if is_dataclass(kind) else kind._fields
