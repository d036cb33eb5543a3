"""Exercises of "Where to spend compute"."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from ...linear_model import compute
from ...spectra import Spectrum
from ..core import Number, Numbers, Parameters, Slip, exercise, is_close


def _task(random: np.random.Generator) -> Parameters:
    b = round(float(random.uniform(1.2, 1.8)), 1)
    share = float(random.choice([random.uniform(0.4, 0.8), random.uniform(1.3, 1.9)]))  # either side of a - 1 = b
    return {"a": round(1 + share * b, 1), "b": b}


def _other_powers(found: np.ndarray, a: Any, b: Any) -> str:
    if not is_close(found[1] + found[2], 1.0):
        return "Width times time is the compute, so their two powers add up to 1."
    if not is_close(found[1], compute.exponents(a=a, b=b).width):
        return "Write down the three terms, and see which two of them meet first as the width falls."
    return "Width and time are right. At the best split the loss goes as that of time alone."


def _floor(a: Any, b: Any) -> float:
    """The power of the loss where time meets the floor of the width."""
    floor = min(a - 1, 2 * b)
    return floor * (a - 1) / (b * floor + a - 1)


FLOOR = "This lets time and the floor of the width meet. On an easy task another term is larger."

exercise(
    "bottlenecks.frontier",
    3,
    Numbers(
        "The powers of loss, width and time",
        ("loss", "width", "time"),
        outside="Give three positive numbers; that the loss falls is understood.",
    ),
    book={"a": 4.0, "b": 1.5},
    draw=_task,
    apart=True,
    right=lambda a, b: [getattr(compute.exponents(a=a, b=b), name) for name in ("loss", "width", "time")],
    slips={
        "exchanged": Slip(
            lambda a, b: [None, compute.exponents(a=a, b=b).time, compute.exponents(a=a, b=b).width],
            "Width and time are in each other's place: the list is loss, width, time.",
        ),
        "floor of the width": Slip(lambda a, b: [None, 1 / (b + 1), b / (b + 1)] if a - 1 > b else None, FLOOR),
        "loss at the floor": Slip(lambda a, b: [_floor(a, b), None, None] if a - 1 > b else None, FLOOR),
    },
    otherwise=_other_powers,
    praise="Which two terms meet decides everything; the third one can then be forgotten.",
)


@lru_cache
def _grown(**drawn: Any) -> float:
    spectrum = Spectrum.power_law(a=drawn["a"], b=drawn["b"], modes=drawn["modes"], binned=True)
    best = compute.frontier(spectrum, [drawn["compute"], 100 * drawn["compute"]]).width
    return float(best[1] / best[0])


def _plain(a: Any, b: Any, **_: Any) -> float:
    """What the exponent says."""
    return float(100 ** compute.exponents(a=a, b=b).width)


exercise(
    "bottlenecks.grow-width",
    2,
    Number(
        "The factor",
        above=0,
        outside="The factor should be positive: the larger budget divided by the smaller one, for the width.",
    ),
    book={"modes": 1e6, "compute": 1e3, "a": 1.5, "b": 1.25},
    draw={"a": (1.4, 2.0, 2), "b": (1.2, 1.7, 2)},
    right=_grown,
    slips={
        "time": Slip(
            lambda **drawn: 100 / _grown(**drawn),
            "This is the factor of the time. The rest of the budget goes into width.",
        ),
        "upside down": Slip(lambda **drawn: 1 / _grown(**drawn), "Upside down: the width grows with the budget."),
        "exponent alone": Slip(
            lambda **drawn: None if is_close(_plain(**drawn), _grown(**drawn), 0.015) else _plain(**drawn),
            "This is what the exponent says, for very large budgets. At this one the width grows differently.",
        ),
    },
    otherwise="Ask `compute.frontier` for both budgets, with `binned=True` for the spectrum, and divide.",
    praise=lambda **drawn: f"The exponent alone says {_plain(**drawn):.3g}: close, and at this budget not yet exact.",
)
