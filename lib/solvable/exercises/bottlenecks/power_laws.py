"""Exercises of "Power law in, power law out"."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import fits
from ..core import Numbers, Parameters, Slip, exercise, is_close

K = np.arange(1, 301)


def _spectrum(random: np.random.Generator, a: Any, b: Any) -> Parameters:
    scatter = np.exp(0.3 * random.normal(size=(2, K.size)))
    eigenvalues = np.sort(K**-b * scatter[0] ** 0.3)[::-1]
    return {"eigenvalues": eigenvalues.tolist(), "task_power": (K**-a * scatter[1]).tolist()}


def _slope(values: np.ndarray | list[float]) -> float:
    return float(fits.power_law(K, values, between=(10, 100)).exponent)


def _behind(task_power: list[float]) -> np.ndarray:
    return np.cumsum(task_power[::-1])[::-1]


def _predicted(eigenvalues: list[float], task_power: list[float]) -> list[float]:
    b, hard = _slope(eigenvalues), _slope(_behind(task_power))
    return [hard / b, min(hard, 2 * b), min(hard, b)]


def _by_number(eigenvalues: list[float], task_power: list[float]) -> list[float | None] | None:
    """The tail's exponent with every mode counted alike; None where that makes no difference."""
    plain = -float(np.polyfit(np.log(K[9:100]), np.log(_behind(task_power)[9:100]), 1)[0])
    return None if is_close(plain, _slope(_behind(task_power)), 0.03) else [None, plain, None]


def _other(found: np.ndarray, **drawn: list[float]) -> str:
    time, data, _ = _predicted(**drawn)
    if not is_close(found[1], data, 0.03):
        return "Data: fit the tail sum of the task power over modes 10 to 100, ends included."
    if not is_close(found[0], time, 0.03):
        return "Time: divide by the exponent of the eigenvalues, fitted over the same modes."
    return "Width: for one network the smaller of a - 1 and b."


exercise(
    "bottlenecks.fit-predict",
    3,
    Numbers(
        "The exponents of time, data and width",
        ("time", "data", "width"),
        outside="Give the exponents as positive numbers: the loss falls as resource to the minus exponent.",
    ),
    book=_spectrum(np.random.default_rng(0), a=1.5, b=1.3),
    draw=lambda random: _spectrum(random, a=random.uniform(1.3, 1.9), b=random.uniform(1.1, 1.7)),
    right=_predicted,
    slips={
        "single terms": Slip(
            lambda eigenvalues, task_power: [None, _slope(task_power), None],
            "Data: this is the exponent of single terms. The loss is what lies behind mode k: fit the sum.",
        ),
        "by number": Slip(
            _by_number,
            "Data: mode numbers crowd at the upper end and decide this fit. `fits.power_law` weighs them evenly.",
        ),
        "in modes": Slip(
            lambda eigenvalues, task_power: [_slope(_behind(task_power)), None, None],
            "Time: the tail falls like this in k. How many modes are learned by time t?",
        ),
    },
    otherwise=_other,
    praise=(
        "Two straight lines, three predictions. The spectrum ends at mode 300: expect them to hold well before that."
    ),
    tolerance=0.03,
)
