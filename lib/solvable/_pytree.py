"""Dataclasses as pytrees."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any, TypeVar

import jax
from jax.typing import ArrayLike

Class = TypeVar("Class", bound=type)

Numbers = ArrayLike | Sequence[Any]
"""What a user may pass where an array is meant: lists and tuples too."""


def pytree(cls: Class) -> Class:
    """Register a dataclass as a pytree whose leaves are all its fields.

    Rebuilding a pytree does not call ``__init__``, whose checks are for users: jax rebuilds around tracers, None and
    placeholders too (`jax.tree_util.register_dataclass` would call it).
    """
    names = [field.name for field in fields(cls)]

    def flatten_with_keys(node: Any) -> tuple[list[tuple[Any, Any]], None]:
        return [(jax.tree_util.GetAttrKey(name), getattr(node, name)) for name in names], None

    def unflatten(_: None, leaves: Iterable[Any]) -> Any:
        node: Any = object.__new__(cls)
        for name, leaf in zip(names, leaves, strict=True):
            object.__setattr__(node, name, leaf)
        return node

    jax.tree_util.register_pytree_with_keys(cls, flatten_with_keys, unflatten)
    return cls
