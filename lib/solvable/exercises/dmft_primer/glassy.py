"""Checks of "Glassy: three spins at a time"."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core import Exercise, Parameters, Wrong, as_numbers, is_close, register


def _draw_marginal(random: np.random.Generator | None) -> Parameters:
    if random is None:
        return {"p": 4, "temperature": 0.4}
    return {"p": int(random.integers(4, 6)), "temperature": round(float(random.uniform(0.2, 0.45)), 2)}


def _plateaus(p: int, temperature: float) -> tuple[float, float]:
    """The barrier and the plateau: roots between 0 and 1 of p (p - 1)/2 q^(p-2) (1 - q)^2 = T^2."""
    scale = p * (p - 1) / 2
    roots = np.roots([scale, -2 * scale, scale, *[0.0] * (p - 3), -(temperature**2)])
    low, high = sorted(q.real for q in roots if abs(q.imag) < 1e-9 and 0 < q.real < 1)
    return low, high


def _check_marginal(answer: Any, drawn: Parameters) -> str:
    q, x = as_numbers(answer, 2, "Plateau and ratio")
    p = drawn["p"]
    low, high = _plateaus(**drawn)
    true = (p - 2) * (1 - high) / high
    if not 0 < q < 1:
        raise Wrong("The plateau is a correlation: between 0 and 1.")
    if is_close(q, low):
        raise Wrong("There are two roots between 0 and 1, and this one is the top of a barrier. Take the larger.")
    if is_close(q, 1 - drawn["temperature"], 0.005):
        raise Wrong("1 - T is the plateau with pairs only.")
    if is_close(q, _plateaus(3, drawn["temperature"])[1], 0.005):
        raise Wrong("This is the plateau of three-spin couplings. Here there are more spins to a coupling.")
    if not is_close(q, high, 0.005):
        raise Wrong("Put f = q^p / 2 into the first line of the page's pair, and find where both sides agree.")
    if is_close(x, 1 / true):
        raise Wrong("The plateau is right. The ratio is below 1: it is upside down.")
    if is_close(x, true / (p - 2)):
        raise Wrong("The plateau is right. The ratio knows how many spins there are to a coupling.")
    if not is_close(x, true, 0.02):
        raise Wrong("The plateau is right. For the ratio, put it into the second line of the page's pair.")
    return "Slow motion feels the temperature T / X. Try another T: the colder the bath, the hotter the slow motion."


register(Exercise("dmft_primer.marginal", 2, _draw_marginal, _check_marginal))
