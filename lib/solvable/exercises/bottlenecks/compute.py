"""Checks of "Where to spend compute"."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...linear_model import compute
from ...spectra import Spectrum
from ..core import Exercise, Parameters, Wrong, as_number, as_numbers, is_close, register


def _draw_frontier(random: np.random.Generator | None) -> Parameters:
    if random is None:
        return {"a": 4.0, "b": 1.5}
    b = round(float(random.uniform(1.2, 1.8)), 1)
    share = float(random.choice([random.uniform(0.4, 0.8), random.uniform(1.3, 1.9)]))  # either side of a - 1 = b
    return {"a": round(1 + share * b, 1), "b": b}


def _check_frontier(answer: Any, drawn: Parameters) -> str:
    loss, width, time = as_numbers(answer, 3, "The powers of loss, width and time")
    if min(loss, width, time) < 0:
        raise Wrong("Give three positive numbers; that the loss falls is understood.")
    if not is_close(width + time, 1.0):
        raise Wrong("Width times time is the compute, so their two powers add up to 1.")
    a, b = drawn["a"], drawn["b"]
    right = compute.exponents(a=a, b=b)
    article = min(a - 1, 2 * b)
    if is_close(width, right.time) and not is_close(width, right.width):
        raise Wrong("Width and time are in each other's place: the list is loss, width, time.")
    if not is_close(width, right.width):
        if a - 1 > b and (is_close(loss, article * (a - 1) / (b * article + a - 1)) or is_close(width, 1 / (b + 1))):
            raise Wrong("This lets time and the floor of the width meet. On an easy task another term is larger.")
        raise Wrong("Write down the three terms, and see which two of them meet first as the width falls.")
    if not is_close(loss, right.loss):
        raise Wrong("Width and time are right. At the best split the loss goes as that of time alone.")
    return "Which two terms meet decides everything; the third one can then be forgotten."


register(Exercise("bottlenecks.frontier", 3, _draw_frontier, _check_frontier))


def _draw_grow_width(random: np.random.Generator | None) -> Parameters:
    fixed: Parameters = {"modes": 1e6, "compute": 1e3}
    if random is None:
        return fixed | {"a": 1.5, "b": 1.25}
    a, b = round(float(random.uniform(1.4, 2.0)), 1), round(float(random.uniform(1.2, 1.7)), 1)
    return fixed | {"a": a, "b": b}


def _check_grow_width(answer: Any, drawn: Parameters) -> str:
    factor = as_number(answer, "The factor")
    if factor <= 0:
        raise Wrong("The factor should be positive: the larger budget divided by the smaller one, for the width.")
    spectrum = Spectrum.power_law(a=drawn["a"], b=drawn["b"], modes=drawn["modes"], binned=True)
    best = compute.frontier(spectrum, [drawn["compute"], 100 * drawn["compute"]])
    grown = float(best.width[1] / best.width[0])
    if is_close(factor, 100 / grown, 0.02):
        raise Wrong("This is the factor of the time. The rest of the budget goes into width.")
    if is_close(factor, 1 / grown, 0.02):
        raise Wrong("Upside down: the width grows with the budget.")
    plain = 100 ** compute.exponents(a=drawn["a"], b=drawn["b"]).width
    if is_close(factor, plain, 0.003) and not is_close(grown, plain, 0.01):
        raise Wrong("This is what the exponent says, for very large budgets. At this one the width grows differently.")
    if not is_close(factor, grown, 0.01):
        raise Wrong("Ask `compute.frontier` for both budgets, with `binned=True` for the spectrum, and divide.")
    return f"The exponent alone says {plain:.3g}: close, and at this budget not yet exact."


register(Exercise("bottlenecks.grow-width", 2, _draw_grow_width, _check_grow_width))
