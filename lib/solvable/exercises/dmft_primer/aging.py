"""Exercises of "An exact solution, and aging"."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...spinglass import exact
from ..core import Number, Slip, exercise

LAGS = np.logspace(-3, 2, 400)  # in waiting times


def _left(lag: Any, temperature: Any, waiting: Any) -> float:
    """The correlation after this lag, as a share of half of the plateau."""
    lag = float(np.clip(lag, 1e-3, 1e4 * waiting))  # where the answer is sought
    found = exact.two_spin([waiting, waiting + lag], temperature=temperature).correlation[1, 0]
    return float(found) / ((1 - temperature) / 2)


def _lag(goal: Any, temperature: Any, waiting: Any) -> float:
    """When the correlation has fallen to a goal."""
    times: np.ndarray = np.append(waiting, waiting * (1 + LAGS))
    left = np.asarray(exact.two_spin(times, temperature=temperature).correlation[1:, 0])
    return waiting * float(np.interp(-goal, -left, LAGS))


def _half(temperature: Any, waiting: Any) -> float:
    return _lag((1 - temperature) / 2, temperature, waiting)


exercise(
    "dmft_primer.forgetting",
    2,
    Number("The time", above=0, outside="The time that has passed since t_w is positive."),
    book={"temperature": 0.5, "waiting": 100.0},
    draw={"temperature": (0.4, 0.7, 2), "waiting": (30, 100, 0)},  # so young that the page's formula is off
    right=_half,
    score=_left,
    slips={
        "age": Slip(
            lambda temperature, waiting: waiting + _half(temperature, waiting),
            "This is the age t. Subtract the waiting time: how long did the forgetting itself take?",
        ),
        "half of one": Slip(
            lambda temperature, waiting: _lag(0.5, temperature, waiting),
            "Here C = 1/2. Half of the plateau is less: the plateau is not 1.",
        ),
    },
    otherwise=(
        "Too late: less than half of the plateau is left. The ratio of times in the page's formula is the limit of old "
        "glasses; this one is younger.",
        "Too soon: more than half of the plateau is still remembered.",
    ),
    praise="Double the waiting time and this time doubles too: the glass remembers for as long as it has lived.",
)
