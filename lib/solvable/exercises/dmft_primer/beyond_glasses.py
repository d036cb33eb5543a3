"""Exercises of "Beyond glasses"."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...primer import exact, theory
from ..core import Number, Slip, exercise


def _exponent(gain: Any, horizon: Any) -> float:
    """How fast states part, for each time that they have."""
    return float(theory.tanh_network(gain, [0.0]).lyapunov) * horizon


def _gain(horizon: Any) -> float:
    low, high = 1.1, 4.0
    for _ in range(9):
        middle = (low + high) / 2
        low, high = (middle, high) if _exponent(middle, horizon) < 1 else (low, middle)
    return middle


exercise(
    "dmft_primer.gain",
    2,
    Number(
        "The gain",
        above=1,
        below=10,
        outside="At g <= 1 all activity dies out; the theory of this page goes to g = 10, and the answer is far below.",
    ),
    book={"horizon": 10.0},
    draw={"horizon": (4, 24, 1)},
    right=_gain,
    score=_exponent,
    slips={
        "silent state": Slip(
            lambda horizon: 1 + 1 / horizon,
            "g - 1 is how fast the silent state is left. Chaos is measured along the path: much slower.",
        )
    },
    otherwise=(
        "With this gain two states part too slowly. Vary the gain until the exponent is 1 / horizon.",
        "With this gain two states part too fast. Vary the gain until the exponent is 1 / horizon.",
    ),
    praise="After a few such times the network has forgotten how it began, though no noise drives it.",
    tolerance=0.02,
)

TIMES = np.logspace(-1, 3, 2001)


def _best(aspect: Any, noise: Any) -> float:
    path = np.asarray(exact.regression_flow(TIMES, aspect=aspect, noise=noise).test)
    return float(TIMES[path.argmin()])


def _too_early_or_late(time: Any, aspect: Any, noise: Any) -> str:
    path = exact.regression_flow(TIMES, aspect=aspect, noise=noise)
    test, train = np.asarray(path.test), np.asarray(path.train)
    if time < TIMES[test.argmin()]:
        return "Still falling: train for longer."
    here = float(exact.regression_flow([time], aspect=aspect, noise=noise).test[0])
    if time >= 0.9 * TIMES[train.argmin()] and here > 1.02 * test.min():
        return "Here the train loss is lowest. The test loss turned long before."
    return "Past the lowest point: stop earlier."


exercise(
    "dmft_primer.stop",
    1,
    Number("The time", above=0, outside="The time should be positive."),
    book={"aspect": 0.8, "noise": 0.5},
    draw={"aspect": (0.5, 1.5, 2), "noise": (0.2, 0.9, 2)},
    right=_best,
    slips={
        "steps": Slip(
            lambda **drawn: 10 * _best(**drawn),
            "That many steps of 0.1? Time is the learning rate times the number of steps.",
        )
    },
    otherwise=_too_early_or_late,
    praise="Later the noise of the labels is fitted, along directions that the data hardly show.",
    tolerance=0.05,
)
