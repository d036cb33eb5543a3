"""Checks at the Python boundary: an error names the argument, its value and what is allowed.

A check looks at concrete values only. Under `jit`, `vmap` or `grad` the value is a tracer and the check lets it pass.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import fields, is_dataclass, replace
from functools import wraps
from numbers import Real
from time import perf_counter
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

Solver = TypeVar("Solver", bound=Callable[..., Any])

MOST = 2**31 - 1  # of what is counted in an array


def concrete(value: object) -> np.ndarray | None:
    """The value as a NumPy array, or None where jax is tracing.

    Whole numbers beyond 2^64, lists that mix them with others, and bfloat16 become floats.
    """
    if isinstance(value, jax.core.Tracer):
        return None
    array = np.asarray(value)
    if array.dtype == object and all(isinstance(one, Real) for one in array.flat):
        with suppress(OverflowError):  # beyond 1.8e308
            return array.astype(float)
    return array.astype(float) if array.dtype.kind == "V" and jnp.issubdtype(array.dtype, jnp.number) else array


def as_floats(value: Any) -> Array:
    """Checked numbers, lists or arrays as floats: bytes cannot wrap, nor whole numbers beyond 2^64 overflow."""
    return jnp.asarray(value if isinstance(value, jax.Array) else concrete(value), float)


def as_array(value: Any) -> Array:
    """Checked numbers in their own precision."""
    return jnp.asarray(value if isinstance(value, jax.Array) else concrete(value))


def shown(value: object) -> str:
    """A value as an error shows it, cut where it is long."""
    try:
        text = repr(value)
    except ValueError:  # Python does not write whole numbers of more than 4,300 digits
        return "a whole number of more than 4,300 digits"
    return text if len(text) <= 300 else f"{text[:297]}..."


def shape_of(name: str, value: object) -> tuple[int, ...]:
    """The shape of numbers, lists and arrays; ValueError for a list whose rows differ in length."""
    try:
        return np.shape(value)
    except ValueError:
        raise ValueError(f"{name} must have rows of one length; got {shown(value)}") from None


def require_float64() -> None:
    """The theory works in float64; say in one line how to have it."""
    if not jax.config.jax_enable_x64:
        raise RuntimeError(
            "solvable works in float64, and jax is in float32. Write this line before the first computation:\n"
            '    jax.config.update("jax_enable_x64", True)'
        )


def require(name: str, value: object, allowed: str, ok: Callable[[np.ndarray], np.ndarray | bool]) -> None:
    """Raise ValueError unless every concrete entry of `value` is a number and `ok`."""
    shape_of(name, value)
    array = concrete(value)
    if array is None:
        return
    if not (np.issubdtype(array.dtype, np.floating) or np.issubdtype(array.dtype, np.integer)):
        raise ValueError(f"{name} must be {allowed}; got {shown(value)}")
    bad = np.isnan(array) | ~np.broadcast_to(ok(array), array.shape)
    if bad.any():
        first = array[bad].flat[0] if array.ndim else array[()]
        where = f" (first at index {tuple(int(i) for i in np.argwhere(bad)[0])})" if array.ndim else ""
        raise ValueError(f"{name} must be {allowed}; got {first}{where}")


def require_known(name: str, value: object) -> None:
    """Raise ValueError where jax is tracing, for what must have a value."""
    if isinstance(value, jax.core.Tracer):
        raise ValueError(f"{name} must be known; it is being traced by jax")


def require_positive(name: str, value: object) -> None:
    """Raise ValueError unless every concrete entry of `value` is > 0 and finite."""
    require(name, value, "> 0 and finite", lambda x: (x > 0) & np.isfinite(x))


def require_nonnegative(name: str, value: object) -> None:
    """Raise ValueError unless every concrete entry of `value` is >= 0 and finite."""
    require(name, value, ">= 0 and finite", lambda x: (x >= 0) & np.isfinite(x))


def require_shape(name: str, value: object, ndim: int, what: str) -> None:
    """Raise ValueError unless `value` has `ndim` axes and no empty one (shapes are known while tracing too)."""
    shape = shape_of(name, value)
    if len(shape) != ndim or 0 in shape:
        raise ValueError(f"{name} must be {what}; got shape {shape}")


def require_scalar(name: str, value: Any) -> None:
    """Raise ValueError unless `value` is one number (its shape is known while tracing too)."""
    if shape := shape_of(name, value):
        raise ValueError(f"{name} must be one number; use jax.vmap for several; got shape {shape}")


def require_number(name: str, value: Any) -> None:
    """Raise ValueError unless `value` is one finite number."""
    require_scalar(name, value)
    require(name, value, "a finite number", np.isfinite)


def require_times(times: Any, name: str = "times") -> Array:
    """Times as an array, or an error that names them."""
    require_shape(name, times, 1, f"a list of {name}, shape (T,)")
    require_nonnegative(name, times)
    return as_floats(times)


def require_array(name: str, value: Any, ndim: int, what: str) -> Array:
    """Finite numbers with `ndim` axes as floats, or an error that names them."""
    require_shape(name, value, ndim, what)
    require(name, value, "finite", np.isfinite)
    return as_floats(value)


def require_kind(name: str, value: object, kind: type | tuple[type, ...]) -> None:
    """Raise TypeError unless `value` is an instance of this class, or of one of these."""
    if not isinstance(value, kind):
        names = " or ".join(one.__name__ for one in (kind if isinstance(kind, tuple) else (kind,)))
        raise TypeError(f"{name} must be a {names}; got {shown(value)}")


def require_flag(name: str, value: object) -> None:
    """Raise TypeError unless `value` is True or False: a word that says "no" would count as True."""
    if not isinstance(value, bool | np.bool_):
        raise TypeError(f"{name} must be True or False; got {shown(value)}")


def require_function(name: str, value: object) -> None:
    """Raise TypeError unless `value` can be called."""
    if not callable(value):
        raise TypeError(f"{name} must be a function; got {shown(value)}")


def require_text(name: str, value: object, least: int = 0) -> None:
    """Raise TypeError unless `value` is a word, ValueError where it says nothing though it must."""
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a string; got {shown(value)}")
    if len(value.strip()) < least:
        raise ValueError(f"{name} must say something; got nothing")


def require_range(name: str, value: Any) -> tuple[float, float]:
    """Two numbers, (low, high), or an error that names them."""
    require_shape(name, value, 1, "two numbers, (low, high)")
    require(name, value, "two numbers, (low, high)", lambda x: x == x)
    if len(value) != 2:
        raise ValueError(f"{name} must be two numbers, (low, high); got {shown(value)}")
    low, high = (float(one) for one in value)
    return low, high


def require_dtype(name: str, value: Any) -> None:
    """Raise TypeError unless `value` is a type of floats."""
    try:
        floats = value is not None and jnp.issubdtype(jnp.dtype(value), jnp.floating)
    except (TypeError, ValueError):
        floats = False
    if not floats:
        raise TypeError(f"{name} must be a type of floats, for instance jax.numpy.float32; got {shown(value)}")


def require_one_of(name: str, value: object, allowed: Collection[str], more: str = "") -> None:
    """Raise ValueError unless `value` is one of these words; `more` says what else is taken."""
    if not isinstance(value, str) or value not in allowed:
        raise ValueError(f"{name} must be one of {tuple(allowed)}{more}; got {shown(value)}")


def known_arguments(function: Solver) -> Solver:
    """Of a function that needs the values of its arguments: ValueError, not jax's own words, where jax traces them."""
    signature = inspect.signature(function)

    @wraps(function)
    def checked(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except jax.errors.JAXTypeError as error:
            given = signature.bind(*args, **kwargs).arguments.items()
            traced = [name for name, one in given if any(isinstance(x, jax.core.Tracer) for x in jax.tree.leaves(one))]
            if not traced:
                raise
            raise ValueError(
                f"{' and '.join(traced)} must be known in {function.__name__}; jax is tracing, as in jax.jit"
            ) from error

    return checked  # type: ignore[return-value]


def finite_answer(function: Solver) -> Solver:
    """Of a function whose answer is finite for every argument of sensible size: ValueError where it is not.

    The error names the argument whose size lies farthest from 1. What a result says of its ``parameters`` may be
    infinite, and the seconds that it took are added to these; what jax is tracing is not known. `known_arguments` is
    part of it.
    """
    signature, solve = inspect.signature(function), known_arguments(function)

    @wraps(function)
    def checked(*args: Any, **kwargs: Any) -> Any:
        started = perf_counter()
        answer = solve(*args, **kwargs)
        if not _leaves_float64(answer):
            return _timed(answer, started)
        given = signature.bind(*args, **kwargs).arguments
        sizes = {name: _distance(value) for name, value in given.items() if name != "self"}
        name = max(sizes, key=lambda one: sizes[one][0])
        raise ValueError(
            f"{name} must be of a size that leaves room for the answer; got {sizes[name][1]:.3g}, and the answer "
            "overflows"
        )

    return checked  # type: ignore[return-value]


def _timed(answer: Any, started: float) -> Any:
    """A result with the seconds that it took, where it has parameters, no seconds yet, and no tracers."""
    kept = getattr(answer, "parameters", None)
    traced = any(isinstance(leaf, jax.core.Tracer) for leaf in jax.tree.leaves(answer))
    if traced or not is_dataclass(answer) or not isinstance(kept, dict) or "seconds" in kept:
        return answer
    return replace(answer, parameters=kept | {"seconds": perf_counter() - started})  # type: ignore[type-var]


def _leaves_float64(answer: Any) -> bool:
    """Whether a known number of an answer is not finite."""
    if is_dataclass(answer):
        answer = [getattr(answer, part.name) for part in fields(answer) if part.name != "parameters"]
    known = [concrete(leaf) for leaf in jax.tree.leaves(answer)]
    return not all(np.isfinite(one).all() for one in known if one is not None and one.dtype.kind in "fc")


def _distance(value: Any) -> tuple[float, float]:
    """Of the most extreme known number of an argument: the logarithm's size, and the number."""
    found = (0.0, 1.0)
    for leaf in jax.tree.leaves(value):
        is_key = jnp.issubdtype(getattr(leaf, "dtype", float), jax.dtypes.prng_key)
        known = None if is_key else concrete(leaf)
        if known is not None and known.dtype.kind in "iuf":
            sizes = np.abs(known.astype(float).ravel())
            some = sizes[(sizes > 0) & np.isfinite(sizes)]
            found = max([found, *((abs(float(np.log(one))), float(one)) for one in some)])
    return found


def require_key(key: Any) -> None:
    """Raise ValueError unless `key` is a jax random key."""
    dtype = getattr(key, "dtype", None)
    if dtype is None or not jnp.issubdtype(dtype, jax.dtypes.prng_key) or np.shape(key) != ():
        raise ValueError(f"key must be a jax random key, for instance jax.random.key(0); got {key!r}")


def require_count(name: str, value: Any, least: int = 1, most: float | int = MOST) -> int:
    """A whole number that shapes an array, at least `least`; known, not traced by jax."""
    require_scalar(name, value)
    if concrete(value) is None:
        raise ValueError(f"{name} must be a known whole number; it is being traced by jax")
    whole = f"a whole number >= {least}"
    require(name, value, whole, lambda x: (x >= least) & (x == np.floor(x)) & np.isfinite(x))
    require(name, value, f"{whole} and <= {most}", lambda x: x <= most)
    return int(value)


def require_counts(name: str, values: Any) -> list[int]:
    """Several whole numbers >= 1, in any order that can be walked through, or an error that names them."""
    try:
        several = list(values)
    except TypeError:
        several = []
    if not several:
        raise TypeError(f"{name} must be whole numbers, for instance [64, 128]; got {shown(values)}")
    return [require_count(name, one) for one in several]
