"""Checks of "Glassy: three spins at a time"."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core import Exercise, Parameters, Wrong, as_numbers, is_close, register


def _draw_marginal(random: np.random.Generator | None) -> Parameters:
    return {"temperature": 0.4 if random is None else round(float(random.uniform(0.2, 0.55)), 2)}


def _roots(temperature: float) -> tuple[float, float]:
    """q below 1/3 and above, of 3 q (1 - q)^2 = T^2."""
    roots = np.sort(np.roots([3.0, -6.0, 3.0, -(temperature**2)]).real)
    return float(roots[0]), float(roots[1])


def _check_marginal(answer: Any, drawn: Parameters) -> str:
    q, x = as_numbers(answer, 2, "Plateau and ratio")
    low, high = _roots(drawn["temperature"])
    if not 0 < q < 1:
        raise Wrong("The plateau is a correlation: between 0 and 1.")
    if is_close(q, low):
        raise Wrong("There are two roots between 0 and 1, and this one is the top of a barrier. Take the larger.")
    if is_close(q, 1 - drawn["temperature"]):
        raise Wrong("1 - T is the plateau with pairs only. With three spins solve 3 q (1 - q)^2 = T^2.")
    if not is_close(q, high):
        raise Wrong("The plateau q solves f''(q) (1 - q)^2 = T^2 with f = q^3 / 2.")
    if is_close(x, drawn["temperature"] / ((1 - q) / q)) or is_close(x, q / (1 - q)):
        raise Wrong("The plateau is right. The ratio is (p - 2)(1 - q)/q, which is below 1.")
    if not is_close(x, (1 - q) / q):
        raise Wrong("The plateau is right. For the ratio X put q and p = 3 into (p - 2)(1 - q)/q.")
    return "Slow motion feels the temperature T / X. Try another T: the colder the bath, the hotter the slow motion."


register(Exercise("dmft_primer.marginal", 2, _draw_marginal, _check_marginal))
