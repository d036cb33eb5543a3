"""Exercises of "How finite width builds up"."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...linear_model import theory
from ...spectra import Spectrum
from ..core import Number, Parameters, Slip, exercise


def _left(a: Any, b: Any, modes: Any, width: Any, time: Any) -> float:
    """The share of the loss that infinite width leaves."""
    spectrum = Spectrum.power_law(a=a, b=b, modes=modes)
    finite, free = (float(theory.gradient_flow(spectrum, [time], width=n).test[0]) for n in (width, np.inf))
    return free / finite


def _sizes(random: np.random.Generator) -> Parameters:
    """Not where width costs half of the loss: what is left would be the same share."""
    while True:
        width, time = int(random.integers(50, 300)), float(round(10 ** random.uniform(1.5, 3), -1))
        if not 0.5 < time / width**1.25 < 1.3:
            return {"width": width, "time": time}


exercise(
    "bottlenecks.width-cost",
    2,
    Number(
        "The share",
        above=0,
        below=1,
        outside="The share should be between 0 and 1: what width costs, divided by the loss of the network.",
    ),
    book={"a": 1.5, "b": 1.25, "modes": 2000, "width": 128, "time": 100.0},
    draw=_sizes,
    right=lambda **drawn: 1 - _left(**drawn),
    slips={
        "left": Slip(_left, "This is what would be left. By which share does the loss fall?"),
        "of the other loss": Slip(
            lambda **drawn: 1 / _left(**drawn) - 1,
            "Divide by the loss that falls, which is that of the network of finite width.",
        ),
    },
    otherwise="Compare two losses at the same time, with this width and with width=np.inf, on infinite data.",
    praise="Try the same ten times later: the share grows until the network has used up its features.",
    tolerance=0.02,
)
