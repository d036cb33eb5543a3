"""Checks of "How finite width builds up"."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...linear_model import theory
from ...spectra import Spectrum
from ..core import Exercise, Parameters, Wrong, as_number, is_close, register


def _draw_width_cost(random: np.random.Generator | None) -> Parameters:
    fixed: Parameters = {"a": 1.5, "b": 1.25, "modes": 2000}
    if random is None:
        return fixed | {"width": 128, "time": 100.0}
    return fixed | {"width": int(random.integers(50, 300)), "time": float(round(10 ** random.uniform(1.5, 3), -1))}


def _check_width_cost(answer: Any, drawn: Parameters) -> str:
    share = as_number(answer, "The share")
    if not 0 <= share <= 1:
        raise Wrong("The share should be between 0 and 1: what width costs, divided by the loss of the network.")
    spectrum = Spectrum.power_law(a=drawn["a"], b=drawn["b"], modes=drawn["modes"])
    finite, free = (
        float(theory.gradient_flow(spectrum, [drawn["time"]], width=n).test[0]) for n in (drawn["width"], np.inf)
    )
    if is_close(share, free / finite):
        raise Wrong("This is what would be left. By which share does the loss fall?")
    if is_close(share, finite / free - 1):
        raise Wrong("Divide by the loss that falls, which is that of the network of finite width.")
    if not is_close(share, 1 - free / finite, 0.02):
        raise Wrong("Compare two losses at the same time, with this width and with width=np.inf, on infinite data.")
    return "Try the same ten times later: the share grows until the network has used up its features."


register(Exercise("bottlenecks.width-cost", 2, _draw_width_cost, _check_width_cost))
