"""What memory holds, told before arrays are asked for: XLA ends the process where they do not fit."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import jax
import numpy as np

CONTAINER = Path("/sys/fs/cgroup")  # where Linux says what a container may use


def memory() -> int:
    """Bytes that arrays can fill: the accelerator's, or those of this machine or of the container it runs in."""
    stats = jax.devices()[0].memory_stats() if jax.default_backend() != "cpu" else None
    if stats and "bytes_limit" in stats:
        return int(stats["bytes_limit"])
    rooms = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else 1 << 36]
    for limit in ("memory.max", "memory/memory.limit_in_bytes"):
        with suppress(OSError, ValueError):  # no such file, or "max"
            rooms.append(int((CONTAINER / limit).read_text()))
    return min(rooms)


def require_memory(needed: Callable[..., float], **sizes: float | int) -> None:
    """Raise ValueError where arrays of needed(*sizes) bytes fit in no memory, before they are asked for.

    `needed` grows with each size, from 1 on.
    """
    with np.errstate(over="ignore"):
        room, given = memory(), [np.float64(size) for size in sizes.values()]
        need, fitting = needed(*given), []
        if not need > room:
            return
        for place, name in enumerate(sizes):

            def fits(size: float, place: int = place) -> bool:
                return bool(needed(*given[:place], size, *given[place + 1 :]) <= room)

            fitting += [f"{name}={_largest(fits, given[place])}"] if fits(np.float64(1)) else []
    names, got = " and ".join(sizes), ", ".join(f"{name}={size}" for name, size in sizes.items())
    raise ValueError(
        f"{names} must fit in memory; got {got}, for arrays of {need / 2**30:.3g} GiB, and there are "
        f"{room / 2**30:.3g}: {' or '.join(fitting) or 'less of each'} would fit"
    )


def _largest(fits: Callable[[float], bool], high: float) -> int:
    """The largest whole number that fits, where 1 does, by bisection of its logarithm."""
    low: float = np.float64(1)
    for _ in range(64):
        middle = np.sqrt(low) * np.sqrt(high)
        low, high = (middle, high) if fits(middle) else (low, middle)
    return round(low) if fits(np.float64(round(low))) else int(low)
