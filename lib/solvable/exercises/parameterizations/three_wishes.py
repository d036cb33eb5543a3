"""Exercises of "Three wishes of a wide network"."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...parameterizations import ABC, satisfies
from ..core import Numbers, Parameters, Slip, exercise


def _exponents(random: np.random.Generator) -> Parameters:
    a, c = (round(float(random.uniform(0.1, high)), 2) for high in (0.4, 0.5))
    return {"a": a, "b": round(0.5 - a, 2), "c": c}


exercise(
    "parameterizations.count",
    2,
    Numbers("The answer", ("change of h1", "change of h2", "f(0)", "change of f")),
    book={"a": 0.25, "b": 0.25, "c": 0.5},
    draw=_exponents,
    right=lambda a, b, c: [c - 0.5, c + 0.5 - 2 * a, -c, 1 - 2 * a],
    slips={
        "sign of gamma": Slip(
            lambda a, b, c: [None, None, c, None],
            "f(0): dividing by gamma makes it smaller, so the exponent is negative.",
        ),
        "rate without gamma": Slip(
            lambda a, b, c: [-c - 0.5, None, None, None],
            "Change of h^1: the gradient is small as 1/gamma, but the learning rate holds gamma squared.",
        ),
        "random sum": Slip(
            lambda a, b, c: [None, c - 2 * a, None, None],
            "Change of h^2: the N terms of the sum have one sign, so they add up to N, not to its root.",
        ),
        "multiplier once": Slip(
            lambda a, b, c: [None, c + 0.5 - a, None, None],
            "Change of h^2: the multiplier counts twice, in the gradient and when the weights are used.",
        ),
        "input alone": Slip(
            lambda a, b, c: [None, None, None, 0.0],
            "Change of f: that is what the weights of the input do. Others do more here.",
        ),
    },
    otherwise=(
        "Change of h^1: learning rate times df/dh^1. Which exponents lie on the way back? D does not count.",
        "Change of h^2 by its own weights: learning rate, both multipliers, df/dh^2, and an aligned sum.",
        "f(0) is a sum of N random terms, so the root of N counts; then multiplier, spread and gamma.",
        "Change of f, by the output's weights: learning rate, multiplier and gamma, twice, and an aligned sum.",
    ),
    praise="With a below 1/2 the hidden and the output weights move f ever more: only a = 1/2 grants the second wish.",
    tolerance=0.0,
    absolute=1e-6,
)


def _not_granted(found: np.ndarray, a: Any) -> str:
    b, c, rate = np.round(found, 6)
    wishes = satisfies(ABC(a=(0, a, a), b=(0, b, b), c=c, sgd=(0, rate, rate)))
    words = (f"Not all three hold. {one.name.capitalize()}? No: {one.words}." for one in wishes if not one.holds)
    return next(words, "Nearly: exponents are exact, so give all their digits.")


exercise(
    "parameterizations.wishes",
    2,
    Numbers("The answer", ("b", "c", "r")),
    book={"a": 0.2},
    draw={"a": (-0.25, 0.45, 3)},
    right=lambda a: [0.5 - a, 0.5, 2 * a - 1],
    otherwise=_not_granted,
    praise="This is muP in another dress: multipliers moved into the weights, and learning rates moved with them.",
    tolerance=0.0,
    absolute=1e-6,
)
