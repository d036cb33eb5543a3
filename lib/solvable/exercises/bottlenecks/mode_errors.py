"""Checks of "Mode by mode"."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...linear_model import theory
from ...spectra import Spectrum
from ..core import Exercise, Parameters, Wrong, as_number, is_close, register


def _draw_mode_floor(random: np.random.Generator | None) -> Parameters:
    fixed: Parameters = {"a": 1.5, "modes": 1000}
    if random is None:
        return fixed | {"b": 1.25, "width": 100, "samples": 300, "mode": 10}
    small, large = int(random.integers(40, 120)), int(random.integers(250, 600))
    sizes = {"width": small, "samples": large} if random.random() < 0.5 else {"width": large, "samples": small}
    return fixed | {"b": round(float(random.uniform(1.1, 1.6)), 2), **sizes, "mode": int(random.integers(5, 30))}


def _check_mode_floor(answer: Any, drawn: Parameters) -> str:
    share = as_number(answer, "The share")
    if not 0 <= share <= 1:
        raise Wrong("A share should be between 0 and 1.")
    spectrum = Spectrum.power_law(a=drawn["a"], b=drawn["b"], modes=drawn["modes"])
    rank = min(drawn["width"], drawn["samples"])
    column = np.asarray(theory.mode_errors(spectrum, [1e14], width=rank)[0])
    floor = column[drawn["mode"] - 1]
    if is_close(share, 1 - floor):
        raise Wrong("This is the part that it learns.")
    if is_close(share, floor**2):
        raise Wrong("This is the square, as it enters the loss. The question is for the missed share itself.")
    if is_close(share, column[drawn["mode"]], 0.005):
        raise Wrong("This is one mode too far: an array counts from 0, and modes count from 1.")
    larger = max(drawn["width"], drawn["samples"])
    if is_close(share, float(theory.mode_errors(spectrum, [1e14], width=larger)[0, drawn["mode"] - 1])):
        raise Wrong("This is what the larger of the two sizes would allow. Which one stops the student?")
    if not is_close(share, floor, 0.005):
        raise Wrong("Train for a very long time, 1e14 say, with both sizes; then take this mode's entry.")
    return "Only the smaller of width and samples is in this number: the other one sets the pace."


register(Exercise("bottlenecks.mode-floor", 2, _draw_mode_floor, _check_mode_floor))
