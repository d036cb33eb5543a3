"""Checks at the Python boundary: an error names the argument, its value and what is allowed.

A check looks at concrete values only. Under `jit`, `vmap` or `grad` the value is a tracer and the check lets it pass.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from numbers import Real
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array


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


def require_times(times: Any, name: str = "times") -> Array:
    """Times as an array, or an error that names them."""
    require_shape(name, times, 1, f"a list of {name}, shape (T,)")
    require_nonnegative(name, times)
    return jnp.asarray(times, float)


def require_key(key: Any) -> None:
    """Raise ValueError unless `key` is a jax random key."""
    dtype = getattr(key, "dtype", None)
    if dtype is None or not jnp.issubdtype(dtype, jax.dtypes.prng_key) or np.shape(key) != ():
        raise ValueError(f"key must be a jax random key, for instance jax.random.key(0); got {key!r}")


def require_count(name: str, value: object, least: int = 1) -> int:
    """A whole number that shapes an array, at least `least`."""
    require_scalar(name, value)
    require(
        name,
        value,
        f"a whole number >= {least}",
        lambda x: (x >= least) & (x == np.floor(x)) & np.isfinite(x),
    )
    return int(value)  # type: ignore[call-overload]


def memory() -> int:
    """Bytes that arrays can fill: the accelerator's, or those of this machine or of the container it runs in."""
    stats = jax.devices()[0].memory_stats() if jax.default_backend() != "cpu" else None
    if stats and "bytes_limit" in stats:
        return int(stats["bytes_limit"])
    rooms = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else 1 << 36]
    for limit in ("memory.max", "memory/memory.limit_in_bytes"):
        with suppress(OSError, ValueError):
            rooms.append(int(Path("/sys/fs/cgroup", limit).read_text()))
    return min(rooms)


def require_memory(needed: Callable[..., float], **sizes: float) -> None:
    """Raise ValueError where arrays of needed(**sizes) bytes fit in no memory, before they are asked for.

    XLA ends the process there. `needed` grows with each size, from 1 on.
    """
    with np.errstate(over="ignore"):
        room, given = memory(), {name: np.float64(size) for name, size in sizes.items()}
        if not needed(**given) > room:
            return
        fitting = {
            name: _largest(lambda x, name=name: needed(**given | {name: x}) <= room, given[name]) for name in given
        }
        names, got = " and ".join(sizes), ", ".join(f"{name}={size}" for name, size in sizes.items())
        less = " or ".join(f"{name}={most}" for name, most in fitting.items() if most) or "less of each"
        raise ValueError(
            f"{names} must fit in memory; got {got}, for arrays of {needed(**given) / 2**30:.3g} GiB, and there are "
            f"{room / 2**30:.3g}: {less} would fit"
        )


def _largest(fits: Callable[[np.float64], bool], high: np.float64) -> int:
    """The largest whole number that fits, by bisection of its logarithm; 0 if none does."""
    low = np.float64(1.0)
    if not fits(low):
        return 0
    for _ in range(64):
        middle = np.sqrt(low) * np.sqrt(high)
        low, high = (middle, high) if fits(middle) else (low, middle)
    return int(low)


def require_gram(name: str, gram: Array) -> None:
    """Raise ValueError unless the matrix is square, symmetric and, to rounding, without negative eigenvalues."""
    require_shape(name, gram, 2, "a square matrix, shape (P, P)")
    require(name, gram, "finite", np.isfinite)
    matrix = concrete(gram)
    if matrix is None:
        return
    if matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"{name} must be a square matrix, shape (P, P); got shape {matrix.shape}")
    rounding = 1e3 * np.finfo(matrix.dtype if matrix.dtype.kind == "f" else float).eps * np.abs(matrix).max()
    if np.abs(matrix - matrix.T).max() > rounding:
        raise ValueError(f"{name} must be symmetric; entries differ by {np.abs(matrix - matrix.T).max():.3g}")
    least = np.linalg.eigvalsh(matrix).min()
    if least < -len(matrix) * rounding:
        raise ValueError(f"{name} must have no negative eigenvalue; got {least:.3g}")
