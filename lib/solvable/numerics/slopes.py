"""Where jax would find a slope that is none: said aloud."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax


@partial(jax.custom_jvp, nondiff_argnums=(0,))
def without_slopes(sentence: str, arguments: Any) -> Any:
    """The arguments themselves; a TypeError with this sentence where jax differentiates along one of them.

    For searches, whose last step would silently say 0, and for eigenvectors, which turn at once where eigenvalues meet.
    """
    return arguments


@without_slopes.defjvp
def _say_so(sentence: str, at: Any, moves: Any) -> Any:
    raise TypeError(sentence)
