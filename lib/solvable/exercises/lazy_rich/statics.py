"""Exercises of "Statics: what equilibrium has learned"."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core import Number, Slip, exercise

NODES = np.linspace(-9, 9, 801)
ERF = np.array([math.erf(x) for x in NODES])
TILT = math.sqrt(math.pi) / 2
SLOPE = "The slope of erf at 0 is not 1: what multiplies h^2 in the exponent, near h = 0?"


def _kernel(tilt: Any) -> float:
    """<erf^2> under the tilted Gaussian."""
    law = np.exp((tilt * ERF) ** 2 / 2 - NODES**2 / 2)
    return float((law * ERF**2).sum() / law.sum())


def _split(target: Any, inverse_temperature: Any) -> float:
    return TILT * (_kernel(TILT) + 1 / inverse_temperature) / target


exercise(
    "lazy_rich.split",
    2,
    Number("The richness"),
    book={"target": 1.5, "inverse_temperature": 10.0},
    draw={"target": (0.5, 2.0, 2), "inverse_temperature": (2.0, 8.0, 1)},
    apart=True,
    right=_split,
    slips={
        "prior": Slip(
            lambda target, inverse_temperature: TILT * (_kernel(0.0) + 1 / inverse_temperature) / target,
            "That is the kernel of the prior. At the split the kernel has grown: take it under the tilted law.",
        ),
        "slope": Slip(lambda target, inverse_temperature: (_kernel(1.0) + 1 / inverse_temperature) / target, SLOPE),
        "slope, no target": Slip(
            lambda target, inverse_temperature: _kernel(1.0) + 1 / inverse_temperature,
            f"{SLOPE} And where is the target?",
        ),
        "no noise": Slip(
            lambda target, inverse_temperature: TILT * _kernel(TILT) / target,
            "The noise is missing: kappa is y over the kernel and the temperature.",
        ),
        "times the target": Slip(
            lambda target, inverse_temperature: _split(target, inverse_temperature) * target**2,
            "A larger target tilts more, at the same richness.",
        ),
    },
    otherwise="Expand the exponent to second order in h. Where its sign turns, gamma_0 kappa is known, and so is p.",
    praise="A little data and a little richness only widen the bell. Beyond this one, neurons take sides.",
)


def _rescaled(depth: Any, alpha: Any, r0: Any) -> float:
    """u, by bisection: 1 - u falls, and the other side grows."""
    low, high = 1e-6, 1 + alpha * r0
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if 1 - middle > alpha * (1 - r0 / middle**depth) else (low, middle)
    return low


exercise(
    "lazy_rich.rescaled",
    1,
    Number("The answer"),
    book={"depth": 2, "alpha": 0.5, "r0": 4.0},
    draw={"depth": [2, 3], "alpha": (0.3, 0.9, 2), "r0": (2.5, 6.0, 1)},
    apart=True,
    right=_rescaled,
    slips={
        "kernel": Slip(
            lambda depth, alpha, r0: _rescaled(depth, alpha, r0) ** depth,
            "That is what multiplies the kernel, U. What is the u of one layer?",
        ),
        "one layer": Slip(
            lambda depth, alpha, r0: _rescaled(1, alpha, r0),
            "That is one hidden layer. With more, each has to stretch less: mind the power.",
        ),
        "one step": Slip(
            lambda depth, alpha, r0: 1 - alpha * (1 - r0),
            "That is one step of an iteration from u = 1. The u on the right is the same u.",
        ),
        "few data": Slip(
            lambda depth, alpha, r0: 1.0, "So it would be with few data. Here there are about as many as neurons."
        ),
    },
    otherwise="Draw both sides of the equation against u. Where do they cross?",
    praise="Targets stronger than the prior expects stretch the weights, whatever direction they lie in.",
)
