"""Reading an answer: as numbers, as a word, as a function; else words for what it is instead."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import deepcopy
from typing import Any

import jax
import numpy as np

LARGEST = 1e30  # right answers are far smaller, and a square of this is still a float
TEXT = "text: numbers stand without quotes"
KINDS = {"b": "True or False", "c": "complex: take its real part", "U": TEXT, "S": TEXT}
KINDS |= dict.fromkeys("Mm", "a date or a time span")


class Wrong(Exception):
    """An answer is not right; the message says in words what to look at, never the answer."""


class Missing(Wrong):
    """There is no answer yet, right or wrong."""


class _Other(Exception):
    """Not the numbers that were asked for; the message says what there is instead."""


def as_number(answer: Any, what: str) -> float:
    """The answer as one finite number, in a list or an array too, or `Wrong`."""
    return float(as_array(answer, (), what))


def as_numbers(answer: Any, count: int, what: str) -> np.ndarray:
    """The answer as `count` finite numbers, or `Wrong`."""
    return as_array(answer, (count,), what)


def as_array(answer: Any, shape: tuple[int, ...], what: str) -> np.ndarray:
    """The answer as a new array of finite numbers, or `Wrong`."""
    if answer is None or answer is Ellipsis:
        raise Missing(f"{what} is not there yet: put yours in place of the dots.")
    form = f"{shape[0]} numbers" if shape else "one number"
    form = f"an array of numbers of shape {shape}" if len(shape) > 1 else form
    large = Wrong(f"{what} should be {form} of ordinary size, and {'one' if shape else 'this'} is too large.")
    try:
        with np.errstate(over="ignore"):  # of a long double, say; told below
            numbers = _floats(answer, shape)
    except _Other as other:
        raise Wrong(f"{what} should be {form}, and {other}.") from None
    except OverflowError:  # a Python integer has no largest value, a float has
        raise large from None
    except RecursionError:
        raise Wrong(f"{what} should be {form}, and this is lists within lists, without end.") from None
    except KeyboardInterrupt:  # by whoever waits for it
        raise
    except BaseException:  # SystemExit too
        raise Wrong(f"{what} should be {form}, and this is {_name(answer)}.") from None
    if not np.isfinite(numbers).all():
        raise Wrong(f"{what} should be {'finite numbers' if shape else 'a finite number'}.")
    if not (np.abs(numbers) <= LARGEST).all():
        raise large
    return numbers


def _floats(answer: Any, shape: tuple[int, ...], it: str = "this") -> np.ndarray:
    """A list is read entry by entry, and none that is too long: some have no end."""
    if isinstance(answer, str | bytes | bytearray):
        raise _Other(f"{it} is {TEXT}")
    if isinstance(answer, jax.core.Tracer):
        raise _Other(f"{it} is a variable inside `jit` or `grad`, which has no value yet")
    if hasattr(type(answer), "__array__") or isinstance(answer, bool | complex):  # NumPy, jax and their friends
        return _array_floats(answer, shape, it)
    if isinstance(answer, Sequence):
        count = len(answer)
        if count != (shape[0] if shape else 1):
            comma = ": look for a comma too many" if isinstance(answer, tuple) and not shape else ""
            raise _Other(f"{it} is {_name(answer)} with {count} entries{comma}")
        return np.array([_floats(answer[i], shape[1:], "one") for i in range(count)]).reshape(shape)
    if callable(answer):
        raise _Other(f"{it} is a function: call it")
    if shape:
        raise _Other(f"{it} is {_name(answer)}")
    return np.array(float(answer))


def _array_floats(answer: Any, shape: tuple[int, ...], it: str) -> np.ndarray:
    array = np.asarray(answer)
    if array.dtype.names:
        raise _Other(f"{it} has named columns")
    if array.dtype.kind in KINDS:
        raise _Other(f"{it} is {KINDS[array.dtype.kind]}")
    if array.shape != shape and (shape or array.size != 1):
        raise _Other(f"{it} has shape {array.shape}")
    if np.ma.is_masked(answer):
        raise _Other(f"{it} has masked entries")
    if array.dtype == object:
        return _floats(array.tolist(), shape, it)
    return array.astype(float).reshape(shape)


def _name(answer: Any) -> str:
    return type.__dict__["__name__"].__get__(type(answer))[:40]  # a class may say of itself what it likes


def as_word(answer: Any, words: Iterable[str]) -> str:
    """The answer as one of the words, or `Wrong`."""
    allowed = list(words)
    word = str.strip(answer).lower() if issubclass(type(answer), str) else None
    if word not in allowed:
        *rest, last = (f'"{one}"' for one in allowed)
        raise Wrong(f"Answer with one of the words {', '.join(rest)} and {last}.")
    return str(word)


def call(answer: Any, *args: Any) -> Any:
    """Call a student's function with copies, for it may write into them; what it raises becomes `Wrong`."""
    if not callable(answer):
        raise Wrong("The answer should be a function: pass its name, without calling it.")
    try:
        result = answer(*deepcopy(args))
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise Wrong(f"Your function stops with {told(error)}") from None
    if result is None or result is Ellipsis:
        raise Missing("Your function returns nothing yet: put your formula in place of the dots.")
    return result


def told(error: BaseException) -> str:
    """What kind of error it is, and what it says where that can be printed."""
    try:
        return f"{_name(error)}: {str(error)[:300]}".removesuffix(": ")
    except KeyboardInterrupt:
        raise
    except BaseException:
        return _name(error)
