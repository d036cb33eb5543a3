"""Whole numbers on a grid of settings, as a short text: differences along every axis, deflated.

Neighbouring settings look alike, so differences are small and compress well.
`book/_static/explore.js` reads it back.
"""

from __future__ import annotations

import base64
import zlib
from typing import Any

import numpy as np


def encode(arrays: list[np.ndarray]) -> tuple[list[dict[str, Any]], str]:
    """Pack integer arrays.

    Args:
      arrays: integer arrays of any shapes.

    Returns:
      One ``{"shape", "orders"}`` an array (how many times it was differenced along each axis), and the base64
      text of all of them.
    """
    orders = [_best_orders(array) for array in arrays]
    stream = b"".join(_bytes(difference(a, o)) for a, o in zip(arrays, orders, strict=True))
    layout = [{"shape": list(a.shape), "orders": o} for a, o in zip(arrays, orders, strict=True)]
    return layout, base64.b64encode(zlib.compress(stream, 9)).decode()


def decode(layout: list[dict[str, Any]], text: str) -> list[np.ndarray]:
    """Read back what `encode` packed; the same steps as in the page."""
    numbers = _numbers(zlib.decompress(base64.b64decode(text)))
    arrays, start = [], 0
    for item in layout:
        size = int(np.prod(item["shape"]))
        arrays.append(accumulate(numbers[start : start + size].reshape(item["shape"]), item["orders"]))
        start += size
    return arrays


def difference(array: np.ndarray, orders: list[int]) -> np.ndarray:
    """Difference along each axis, as many times as `orders` says; the first entry stays."""
    for axis, order in enumerate(orders):
        for _ in range(order):
            array = np.diff(array, axis=axis, prepend=0)
    return array


def accumulate(array: np.ndarray, orders: list[int]) -> np.ndarray:
    """Undo `difference`."""
    for axis, order in enumerate(orders):
        for _ in range(order):
            array = np.cumsum(array, axis=axis)
    return array


def _best_orders(array: np.ndarray) -> list[int]:
    """Difference once more along an axis for as long as that makes it smaller."""
    orders, size = [0] * array.ndim, _size(array)
    for axis in reversed(range(array.ndim)):
        while array.shape[axis] > 1 and orders[axis] < 3:
            array, shorter = (
                (further := difference(array, [int(i == axis) for i in range(array.ndim)])),
                _size(further),
            )
            if shorter >= size:
                array = np.cumsum(array, axis=axis)
                break
            orders[axis], size = orders[axis] + 1, shorter
    return orders


def _size(array: np.ndarray) -> int:
    return len(zlib.compress(_bytes(array), 6))


def _bytes(array: np.ndarray) -> bytes:
    """Signed numbers (0, -1, 1, -2 ... as 0, 1, 2, 3 ...) as bytes of 7 bits each: small ones take one."""
    left = np.where(array >= 0, 2 * array, -2 * array - 1).ravel().astype(np.uint64)
    columns = []
    while True:
        more = left >= 128
        columns.append(np.where(more, left % 128 + 128, left))
        if not more.any():
            break
        left = left >> np.uint64(7)
    table = np.stack(columns, axis=1).astype(np.uint8)
    used = np.ones(table.shape, dtype=bool)
    used[:, 1:] = np.logical_and.accumulate(table[:, :-1] >= 128, axis=1)
    return table[used].tobytes()


def _numbers(stream: bytes) -> np.ndarray:
    """Undo `_bytes`."""
    data: np.ndarray = np.frombuffer(stream, dtype=np.uint8).astype(np.int64)
    last = data < 128
    first = np.flatnonzero(np.concatenate([[True], last[:-1]]))
    place = np.arange(len(data)) - np.repeat(first, np.diff(np.append(first, len(data))))
    folded = np.add.reduceat((data & 127) << (7 * place), first)
    return np.where(folded % 2 == 0, folded // 2, -(folded + 1) // 2)
