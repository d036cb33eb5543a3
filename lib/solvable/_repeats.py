"""Independent draws of an experiment, and what their scatter says: one seam under all experiments."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from ._checks import require_count, require_key
from ._memory import require_memory
from ._progress import bar
from ._pytree import numpy_for

CHUNK_BYTES = 1 << 30  # of the draws that are on the device at once


def over_repeats(
    draw: Callable[[Array], Any], key: Array, repeats: int, each: int | None = None
) -> tuple[Any, dict[str, Any]]:
    """What `draw` returns for the keys of ``jax.random.split(key, repeats)``, one row a repeat; and how it was made.

    Args:
      draw: of one key, an array or several. With `each`, of several keys at once, which it returns in rows.
      each: bytes of one draw: as many together as fit, and results do not depend on how many.

    Returns:
      The rows; and a dictionary of repeats, key and seconds.
    """
    require_key(key)
    repeats, start = require_count("repeats", repeats, 2), perf_counter()
    require_memory(lambda repeats: 24 * repeats, repeats=repeats)  # keys, and two numbers at least
    keys = jax.random.split(key, repeats)
    # as few chunks as fit, all of one size, so that one program serves all
    chunk = 1 if each is None else -(-repeats // -(-repeats // max(1, CHUNK_BYTES // each)))
    keys, parts = keys if repeats % chunk == 0 else jnp.concatenate([keys, keys[: -repeats % chunk]]), []
    with bar(repeats, "repeats") as shown:
        for first in range(0, repeats, chunk):  # a Python loop: XLA's CPU threads can hang on batches inside lax.map
            part = draw(keys[first]) if each is None else draw(keys[first : first + chunk])
            parts.append(jax.block_until_ready(part))
            shown.update(min(chunk, repeats - first))
    join = numpy_for(parts).stack if each is None else numpy_for(parts).concatenate
    rows = jax.tree.map(lambda *several: jnp.asarray(join(several)[:repeats]), *parts)
    return rows, {"repeats": repeats, "key": jax.random.key_data(key), "seconds": perf_counter() - start}


def mean_and_std(rows: Any) -> tuple[Any, Any]:
    """Means over repeats, and standard deviations (unbiased)."""
    numpy = numpy_for(rows)
    rows = jax.tree.map(numpy.asarray, rows)  # NumPy's mean of an array of jax is jax's
    with np.errstate(all="ignore"):  # what is not finite is judged by whoever asked
        mean = jax.tree.map(lambda x: numpy.mean(x, axis=0), rows)
        std = jax.tree.map(lambda x: numpy.std(x, axis=0, ddof=1), rows)
    return jax.device_put((mean, std))
