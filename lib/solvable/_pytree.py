"""Dataclasses as pytrees."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

Class = TypeVar("Class", bound=type)

Numbers = ArrayLike | Sequence[Any]
"""What a user may pass where an array is meant: lists and tuples too."""


def numpy_for(tree: Any) -> Any:
    """NumPy for known arrays, since jax compiles every operation for every shape; jax.numpy for traced ones."""
    return jnp if any(isinstance(leaf, jax.core.Tracer) for leaf in jax.tree.leaves(tree)) else np


def pytree(cls: Class, static: tuple[str, ...] = (), forgotten: tuple[str, ...] = ()) -> Class:
    """Register a dataclass as a pytree whose leaves are all its fields, but for the static ones.

    A field that is forgotten has its default in whatever jax rebuilds: a name for people, that compiles nothing anew.

    Rebuilding a pytree does not call ``__init__``, whose checks are for users: jax rebuilds around tracers, None and
    placeholders too (`jax.tree_util.register_dataclass` would call it).
    """
    names = [field.name for field in fields(cls) if field.name not in (*static, *forgotten)]

    def flatten_with_keys(node: Any) -> tuple[list[tuple[Any, Any]], tuple[Any, ...]]:
        leaves = [(jax.tree_util.GetAttrKey(name), getattr(node, name)) for name in names]
        return leaves, tuple(getattr(node, name) for name in static)

    def unflatten(fixed: tuple[Any, ...], leaves: Iterable[Any]) -> Any:
        node: Any = object.__new__(cls)
        for name, value in zip((*names, *static), (*leaves, *fixed), strict=True):
            object.__setattr__(node, name, value)
        return node

    jax.tree_util.register_pytree_with_keys(cls, flatten_with_keys, unflatten)
    return cls
