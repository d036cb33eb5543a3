"""Checks of "An exact solution, and aging"."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...spinglass import exact
from ..core import Exercise, Parameters, Wrong, as_number, is_close, register


def _draw_forgetting(random: np.random.Generator | None) -> Parameters:
    if random is None:
        return {"temperature": 0.5, "waiting": 100.0}
    temperature, waiting = float(random.uniform(0.4, 0.7)), float(random.integers(3, 11) * 10)
    return {"temperature": round(temperature, 1), "waiting": waiting}  # so young that the page's formula is off


def _correlation(drawn: Parameters, lag: float) -> float:
    times = [drawn["waiting"], drawn["waiting"] + lag]
    return float(exact.two_spin(times, temperature=drawn["temperature"]).correlation[1, 0])


def _lag(drawn: Parameters, goal: float) -> float:
    low, high = 1e-3, 1e4 * drawn["waiting"]
    for _ in range(30):
        middle = (low * high) ** 0.5
        low, high = (middle, high) if _correlation(drawn, middle) > goal else (low, middle)
    return high


def _check_forgetting(answer: Any, drawn: Parameters) -> str:
    lag = as_number(answer, "The time")
    if lag <= 0:
        raise Wrong("The time that has passed since t_w is positive.")
    half = (1 - drawn["temperature"]) / 2
    within = float(np.clip(lag, 1e-3, 1e4 * drawn["waiting"]))  # where the answer is sought
    found, true = _correlation(drawn, within), _lag(drawn, half)
    if is_close(lag - drawn["waiting"], true, 0.03):
        raise Wrong("This is the age t. Subtract the waiting time: how long did the forgetting itself take?")
    if is_close(found, 0.5, 0.02):
        raise Wrong("Here C = 1/2. Half of the plateau is less: the plateau is not 1.")
    if found > half * 1.01:
        raise Wrong("Too soon: more than half of the plateau is still remembered.")
    if not found >= half * 0.99:
        limit = "The ratio of times in the page's formula is the limit of old glasses; this one is younger."
        raise Wrong(f"Too late: less than half of the plateau is left. {limit}")
    return "Double the waiting time and this time doubles too: the glass remembers for as long as it has lived."


register(Exercise("dmft_primer.forgetting", 2, _draw_forgetting, _check_forgetting))
