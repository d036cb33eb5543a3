"""Checks of "How finite networks differ from the limit"."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core import Exercise, Parameters, apart, as_number, chosen, register


def _draw_seeds(random: np.random.Generator | None) -> Parameters:
    if random is None:
        return {"width": 256, "variance": 0.8, "bias": 0.3, "share": 0.1}
    return {
        "width": int(random.choice([128, 256, 512, 1024])),
        "variance": round(float(random.uniform(0.3, 1.5)), 2),
        "bias": round(float(random.uniform(0.2, 0.6)), 2),
        "share": float(random.choice([0.05, 0.1, 0.2])),
    }


def _check_seeds(answer: Any, drawn: Parameters) -> str:
    width, variance, bias, share = (drawn[name] for name in ("width", "variance", "bias", "share"))
    true = variance * width / (share * bias) ** 2
    said = {
        "It grows as the width: the wider the network, the more of them it takes to see that it is not infinite.": true,
        "The width is missing: variance and bias both fall as 1/N, but the error goes with a root.": true / width,
        "The bias falls as 1/N too, and it counts squared.": true / width**2,
        "This makes the standard error as large as the bias itself.": variance * width / bias**2,
        "The square of this: the variance of a mean is the variance over the number of seeds.": true**0.5,
    }
    otherwise = "Set sqrt(variance of a mean of R seeds) to the share of the bias, both at this width."
    return chosen(as_number(answer, "The number of seeds"), said, otherwise, tolerance=0.03)  # rounded up to an integer


register(Exercise("parameterizations.seeds", 1, _draw_seeds, _check_seeds))


def _draw_shift(random: np.random.Generator | None) -> Parameters:
    if random is None:
        return {"widths": [32, 64], "losses": [0.084, 0.072]}

    def draw() -> Parameters:
        small = int(random.choice([16, 32, 64]))
        limit, slope = float(random.uniform(0.02, 0.08)), float(random.uniform(0.3, 0.9))
        return {"widths": [small, 2 * small], "losses": [round(limit + slope / n, 5) for n in (small, 2 * small)]}

    return apart(draw, lambda drawn: _limits(drawn).values())


def _limits(drawn: Parameters) -> dict[str, float]:
    """What is said of an answer -> that answer; the right one first."""
    first, second = drawn["losses"]
    limit = 2 * second - first
    return {
        "Two widths give the limit, free of the first power of 1/N: Richardson's trick, as old as quadrature.": limit,
        "That is the wider of the two, as it is. Half of the way is still to go.": second,
        "The limit is not between the two: the loss still falls beyond.": (first + second) / 2,
        "That is a geometric series. Here each doubling halves the distance to the limit.": second**2 / first,
    }


def _check_shift(answer: Any, drawn: Parameters) -> str:
    return chosen(
        as_number(answer, "The loss in the limit"),
        _limits(drawn),
        "Write loss = limit + s/N at both widths, and solve for the limit.",
        tolerance=1e-3,
    )


register(Exercise("parameterizations.extrapolate", 1, _draw_shift, _check_shift))
