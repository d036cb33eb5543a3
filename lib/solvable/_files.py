"""Results in files: arrays by name in an ``.npz``, and beside them what they are parts of, as JSON; never a pickle."""

from __future__ import annotations

import json
import os
import re
from dataclasses import fields, is_dataclass
from importlib import import_module
from os import PathLike
from pathlib import Path
from typing import Any, get_args, get_type_hints
from uuid import uuid4

import jax
import jax.numpy as jnp
import numpy as np

from ._checks import shown
from ._version import __version__

FORMAT = 2


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
    if not known or about.get("format", 1) not in (1, FORMAT):
        raise ValueError(f"path must be a file of format 1 or {FORMAT}; {file} is not: it is by {about['version']}")
    return file, about, arrays


def rebuild(kind: type, path: str | PathLike[str]) -> Any:
    """The result of this class that a file holds."""
    file, about, arrays = read(path)
    older = "format" not in about
    if about["type"] != (kind.__name__ if older else class_name(kind)):
        raise ValueError(f"path must hold a {kind.__name__}; {file} holds a {about['type'].split(':')[-1]}")
    try:
        if older:
            return _older(kind, _folders(arrays)["result"])
        return kind(**{name: decode(node, arrays) for name, node in about["result"].items()})
    except (KeyError, TypeError, AttributeError, ImportError, ValueError) as error:
        raise ValueError(
            f"path must hold a {kind.__name__} as solvable {__version__} knows it; "
            f"{file} was written by {about['version']} and does not fit ({error})"
        ) from error


def class_name(kind: type) -> str:
    """Module and name of a class."""
    return f"{kind.__module__}:{kind.__qualname__}"


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
    if _ours(type(value)):
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
    module, name = node["class"].split(":")
    kind: Any = getattr(import_module(module), name) if module.startswith("solvable.") else None
    if not _ours(kind):
        raise ValueError(f"{node['class']} is no result")
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


def _ours(kind: Any) -> bool:
    """Whether it is a small class of this library: a dataclass or a named tuple."""
    return getattr(kind, "__module__", "").startswith("solvable.") and (is_dataclass(kind) or hasattr(kind, "_fields"))


def _parts(kind: Any) -> tuple[str, ...]:
    return tuple(part.name for part in fields(kind)) if is_dataclass(kind) else kind._fields


def _folders(arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for name, array in arrays.items():
        *folders, leaf = name.split("/")
        here = tree
        for folder in folders:
            here = here.setdefault(folder, {})
        here[leaf] = array
    return tree


def _older(kind: Any, tree: dict[str, Any]) -> Any:
    """Format 1 knew classes by the fields that they stood in, and forgot None."""
    from .spectra import Spectrum

    def value(name: str, inner: Any) -> Any:
        if isinstance(inner, dict):
            return _older(Spectrum, inner) if name == "spectrum" else {k: value(k, one) for k, one in inner.items()}
        return str(inner) if inner.dtype.kind == "U" else jnp.asarray(inner)

    def part(name: str, inner: Any) -> Any:
        nested = [one for one in (hints[name], *get_args(hints[name])) if is_dataclass(one)]
        return _older(nested[0], inner) if nested else value(name, inner)

    hints = get_type_hints(kind)
    return kind(**{name: part(name, inner) for name, inner in tree.items()})
