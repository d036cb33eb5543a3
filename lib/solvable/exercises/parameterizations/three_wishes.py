"""Checks of "Three wishes of a wide network"."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...parameterizations import ABC, satisfies
from ..core import Exercise, Parameters, Wrong, as_numbers, register


def _draw_count(random: np.random.Generator | None) -> Parameters:
    if random is None:
        return {"a": 0.25, "b": 0.25, "c": 0.5}
    a, c = float(random.choice([0.125, 0.25, 0.375])), float(random.choice([0.125, 0.25, 0.375, 0.5]))
    return {"a": a, "b": 0.5 - a, "c": c}


def _check_count(answer: Any, drawn: Parameters) -> str:
    first, second, start, moved = as_numbers(answer, 4, "The answer")
    a, c = drawn["a"], drawn["c"]
    if not abs(start + c) <= 1e-6:
        if abs(start - c) < 1e-6:
            raise Wrong("f(0): dividing by gamma makes it smaller, so the exponent is negative.")
        raise Wrong("f(0) is a sum of N random terms, so the root of N counts; then multiplier, spread and gamma.")
    if not abs(first - (c - 0.5)) <= 1e-6:
        if abs(first - (-c - 0.5)) < 1e-6:
            raise Wrong("Change of h^1: the gradient is small as 1/gamma, but the learning rate holds gamma squared.")
        raise Wrong(
            "Change of h^1: learning rate times df/dh^1. Which exponents lie on the way back? D does not count."
        )
    if not abs(second - (c + 0.5 - 2 * a)) <= 1e-6:
        if abs(second - (c - 2 * a)) < 1e-6:
            raise Wrong("Change of h^2: the N terms of the sum have one sign, so they add up to N, not to its root.")
        if abs(second - (c + 0.5 - a)) < 1e-6:
            raise Wrong("Change of h^2: the multiplier counts twice, in the gradient and when the weights are used.")
        raise Wrong("Change of h^2 by its own weights: learning rate, both multipliers, df/dh^2, and an aligned sum.")
    if not abs(moved - (1 - 2 * a)) <= 1e-6:
        if abs(moved) < 1e-6:
            raise Wrong("Change of f: that is what the weights of the input do. Others do more here.")
        raise Wrong(
            "Change of f, by the output's weights: learning rate, multiplier and gamma, twice, and an aligned sum."
        )
    return "With a below 1/2 the hidden and the output weights move f ever more: only a = 1/2 grants the second wish."


register(Exercise("parameterizations.count", 2, _draw_count, _check_count))


def _draw_wishes(random: np.random.Generator | None) -> Parameters:
    return {"a": 0.2 if random is None else round(float(random.choice([-0.2, -0.1, 0.1, 0.2, 0.3, 0.4])), 1)}


def _check_wishes(answer: Any, drawn: Parameters) -> str:
    b, c, rate = np.round(as_numbers(answer, 3, "The answer"), 6)  # single precision
    a = drawn["a"]
    for wish in satisfies(ABC(a=(0, a, a), b=(0, b, b), c=c, sgd=(0, rate, rate))):
        if not wish.holds:
            raise Wrong(f"Not all three hold. {wish.name.capitalize()}? No: {wish.words}.")
    return "This is muP in another dress: multipliers moved into the weights, and learning rates moved with them."


register(Exercise("parameterizations.wishes", 2, _draw_wishes, _check_wishes))
