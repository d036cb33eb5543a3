"""Checks of "Statics: what equilibrium has learned"."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core import Exercise, Parameters, apart, as_number, chosen, register

NODES = np.linspace(-9, 9, 801)
ERF = np.array([math.erf(x) for x in NODES])


def _draw_split(random: np.random.Generator | None) -> Parameters:
    if random is None:
        return {"target": 1.5, "inverse_temperature": 10.0}
    return apart(
        lambda: {
            "target": round(float(random.uniform(0.5, 2.0)), 2),
            "inverse_temperature": round(float(random.uniform(2.0, 8.0)), 1),
        },
        lambda drawn: _splits(drawn).values(),
    )


def _kernel(tilt: float) -> float:
    """<erf^2> under the tilted Gaussian."""
    law = np.exp((tilt * ERF) ** 2 / 2 - NODES**2 / 2)
    return float((law * ERF**2).sum() / law.sum())


def _splits(drawn: Parameters) -> dict[str, float]:
    """What is said of an answer -> that answer; the right one first."""
    target, noise, tilt = drawn["target"], 1 / drawn["inverse_temperature"], math.sqrt(math.pi) / 2
    prior, steep, kernel = _kernel(0.0), _kernel(1.0), _kernel(tilt)
    right, no_growth = tilt * (kernel + noise) / target, tilt * (prior + noise) / target
    slope = "The slope of erf at 0 is not 1: what multiplies h^2 in the exponent, near h = 0?"
    return {
        "A little data and a little richness only widen the bell. Beyond this one, neurons take sides.": right,
        "That is the kernel of the prior. At the split the kernel has grown: take it under the tilted law.": no_growth,
        slope: (steep + noise) / target,
        f"{slope} And where is the target?": steep + noise,
        "The noise is missing: kappa is y over the kernel and the temperature.": tilt * kernel / target,
        "A larger target tilts more, at the same richness.": right * target**2,
    }


def _check_split(answer: Any, drawn: Parameters) -> str:
    return chosen(
        as_number(answer, "The richness"),
        _splits(drawn),
        "Expand the exponent to second order in h. Where its sign turns, gamma_0 kappa is known, and so is p.",
    )


register(Exercise("lazy_rich.split", 2, _draw_split, _check_split))


def _draw_rescaled(random: np.random.Generator | None) -> Parameters:
    if random is None:
        return {"depth": 2, "alpha": 0.5, "r0": 4.0}
    return {
        "depth": int(random.choice([2, 3])),
        "alpha": round(float(random.uniform(0.3, 0.9)), 2),
        "r0": round(float(random.uniform(2.5, 6.0)), 1),
    }


def _rescaled(alpha: float, r0: float, depth: int) -> float:
    """u, by bisection: 1 - u falls, and the other side grows."""
    low, high = 1e-6, 1 + alpha * r0
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if 1 - middle > alpha * (1 - r0 / middle**depth) else (low, middle)
    return low


def _check_rescaled(answer: Any, drawn: Parameters) -> str:
    alpha, r0, depth = drawn["alpha"], drawn["r0"], drawn["depth"]
    true = _rescaled(alpha, r0, depth)
    said = {
        "Targets stronger than the prior expects stretch the weights, whatever direction they lie in.": true,
        "That is what multiplies the kernel, U. What is the u of one layer?": true**depth,
        "That is one hidden layer. With more, each has to stretch less: mind the power.": _rescaled(alpha, r0, 1),
        "That is one step of an iteration from u = 1. The u on the right is the same u.": 1 - alpha * (1 - r0),
        "So it would be with few data. Here there are about as many as neurons.": 1.0,
    }
    return chosen(
        as_number(answer, "The answer"), said, "Draw both sides of the equation against u. Where do they cross?"
    )


register(Exercise("lazy_rich.rescaled", 1, _draw_rescaled, _check_rescaled))
