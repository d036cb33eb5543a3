"""Exercises of "The coordinate check"."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..answers import Wrong, as_number, call
from ..core import Function, Numbers, Slip, exercise, is_close


def _not_largest(found: np.ndarray, theta: Any) -> str:
    limit = theta - 0.5
    if found[0] > limit + 1e-6:
        return "With this power the weights between hidden layers move their features ever more with the width."
    if not found[0] >= limit - 1e-6:
        return "Nothing blows up, but a larger power would do no harm either."
    return "The power is right. A weight of the first layer moves by the learning rate, and no sum over N helps."


exercise(
    "parameterizations.adam",
    2,
    Numbers("The answer", ("r", "power of the first layer's change")),
    book={"theta": 0.0},
    draw={"theta": (-0.3, 0.3, 3)},
    apart=True,
    right=lambda theta: [theta - 0.5, theta - 0.5],
    slips={
        "no change": Slip(
            lambda theta: [theta - 0.5, 0.0],
            "The power is right. But the first layer needs no smaller steps at larger width: what happens to it?",
        )
    },
    otherwise=_not_largest,
    praise=(
        "One learning rate for all layers cannot serve both: the first layer freezes. Layers need rates of their own."
    ),
    tolerance=0.0,
    absolute=1e-6,
)

NAMES = ("input", "hidden", "output")


def _powers(answer: Any, **_: Any) -> np.ndarray:
    """With which power of the width each factor goes."""

    def at(width: int) -> np.ndarray:
        found = call(answer, width)
        if not isinstance(found, dict) or set(found) != set(NAMES):
            raise Wrong(f"Your function should return a dictionary with the keys {', '.join(map(repr, NAMES))}.")
        return np.array([as_number(found[name], f"The factor of {name!r}") for name in NAMES])

    small, large = at(64), at(1024)
    if not ((small > 0).all() and (large > 0).all()):
        raise Wrong("Learning rates should be positive.")
    powers = np.log(large / small) / np.log(16)
    if not is_close(at(256), small * 4**powers, 1e-3):
        raise Wrong("Each factor should be one power of the width, at every width.")
    return powers


def _first_wrong(found: np.ndarray, multiplier: Any) -> str:
    moved = found - np.array([1, 2 * multiplier, -1])  # the power with which each layer moves what it feeds
    layer, power = next((name, one) for name, one in zip(NAMES, moved, strict=True) if not abs(one) <= 1e-3)
    return f"By your rates the weights of the {layer} layer move what follows as N^{power:+.2g}."


exercise(
    "parameterizations.rates",
    2,
    Function(_powers),
    book={"multiplier": 0.25},
    draw={"multiplier": (0.05, 0.5, 3)},
    right=lambda multiplier: (
        lambda width: {
            "input": width,
            "hidden": width ** (2 * multiplier),
            "output": 1 / width,
        }
    ),
    otherwise=_first_wrong,
    praise="Every layer moves what follows it by the same amount at every width.",
    tolerance=0.0,
    absolute=1e-3,
)
