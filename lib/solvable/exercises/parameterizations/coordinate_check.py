"""Checks of "The coordinate check"."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...parameterizations import ABC, exponents, satisfies
from ..core import Exercise, Parameters, Wrong, as_number, as_numbers, call, is_close, register

NAMES = ("input", "hidden", "output")


def _draw_adam(random: np.random.Generator | None) -> Parameters:
    return {"theta": 0.0 if random is None else float(random.choice([-0.25, -0.125, 0.125, 0.25]))}


def _check_adam(answer: Any, drawn: Parameters) -> str:
    rate, first = as_numbers(answer, 2, "The answer")
    limit = drawn["theta"] - 0.5
    if rate > limit + 1e-6:
        raise Wrong("With this power the weights between hidden layers move their features ever more with the width.")
    if not rate >= limit - 1e-6:
        raise Wrong("Nothing blows up, but a larger power would do no harm either.")
    if abs(first) < 1e-6:
        raise Wrong(
            "The power is right. But the first layer needs no smaller steps at larger width: what happens to it?"
        )
    if not abs(first - limit) <= 1e-6:
        raise Wrong(
            "The power is right. A weight of the first layer moves by the learning rate, and no sum over N helps."
        )
    return (
        "One learning rate for all layers cannot serve both: the first layer freezes. Layers need rates of their own."
    )


register(Exercise("parameterizations.adam", 2, _draw_adam, _check_adam))


def _draw_rates(random: np.random.Generator | None) -> Parameters:
    return {"multiplier": 0.25 if random is None else float(random.choice([-0.25, 0.125, 0.25, 0.375, 0.5]))}


def _check_rates(answer: Any, drawn: Parameters) -> str:
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
    m = drawn["multiplier"]
    abc = ABC(a=(0, m, 0), b=(0, 0.5 - m, 1), c=0, sgd=tuple(np.round(powers, 6)))
    for wish in satisfies(abc, depth=2)[1:]:
        for layer, power in zip(NAMES, _powers(abc), strict=True):
            if not abs(power) <= 1e-3:
                raise Wrong(f"By your rates the weights of the {layer} layer move what follows as N^{power:+.2g}.")
        if not wish.holds:
            raise Wrong(f"{wish.name.capitalize()}? No: {wish.words}.")
    return "Every layer moves what follows it by the same amount at every width."


def _powers(abc: ABC) -> tuple[float, ...]:
    """With which power of the width each layer's weights move what they feed."""
    found = exponents(abc, depth=2)
    return (*found.own, found.contributions[-1])


register(Exercise("parameterizations.rates", 2, _draw_rates, _check_rates))
