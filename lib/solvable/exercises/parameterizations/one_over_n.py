"""Checks of "How finite networks differ from the limit"."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core import Exercise, Parameters, Wrong, as_number, is_close, register


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
    seeds, width, variance = as_number(answer, "The number of seeds"), drawn["width"], drawn["variance"]
    bias, share = drawn["bias"], drawn["share"]
    true = variance * width / (share * bias) ** 2
    if is_close(seeds, variance / (share * bias) ** 2, 0.03):
        raise Wrong("The width is missing: variance and bias both fall as 1/N, but the error goes with a root.")
    if is_close(seeds, variance / width / (share * bias) ** 2, 0.03):
        raise Wrong("The bias falls as 1/N too, and it counts squared.")
    if is_close(seeds, variance * width / bias**2, 0.03):
        raise Wrong("This makes the standard error as large as the bias itself.")
    if is_close(seeds, true**0.5, 0.03):
        raise Wrong("The square of this: the variance of a mean is the variance over the number of seeds.")
    if not is_close(seeds, true, 0.03):
        raise Wrong("Set sqrt(variance of a mean of R seeds) to the share of the bias, both at this width.")
    return "It grows as the width: the wider the network, the more of them it takes to see that it is not infinite."


register(Exercise("parameterizations.seeds", 1, _draw_seeds, _check_seeds))


def _draw_shift(random: np.random.Generator | None) -> Parameters:
    if random is None:
        return {"widths": [32, 64], "losses": [0.084, 0.072]}
    small = int(random.choice([16, 32, 64]))
    limit, slope = float(random.uniform(0.02, 0.08)), float(random.uniform(0.3, 0.9))
    return {"widths": [small, 2 * small], "losses": [round(limit + slope / n, 5) for n in (small, 2 * small)]}


def _check_shift(answer: Any, drawn: Parameters) -> str:
    found = as_number(answer, "The loss in the limit")
    first, second = drawn["losses"]
    if is_close(found, second, 1e-3):
        raise Wrong("That is the wider of the two, as it is. Half of the way is still to go.")
    if is_close(found, (first + second) / 2, 1e-3):
        raise Wrong("The limit is not between the two: the loss still falls beyond.")
    if is_close(found, second**2 / first, 1e-3):
        raise Wrong("That is a geometric series. Here each doubling halves the distance to the limit.")
    if not is_close(found, 2 * second - first, 1e-3):
        raise Wrong("Write loss = limit + s/N at both widths, and solve for the limit.")
    return "Two widths give the limit, free of the first power of 1/N: Richardson's trick, as old as quadrature."


register(Exercise("parameterizations.extrapolate", 1, _draw_shift, _check_shift))
