"""Checks of "How far are finite networks?"."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core import Exercise, Parameters, as_number, chosen, register


def _draw_wide_enough(random: np.random.Generator | None) -> Parameters:
    if random is None:
        return {"mean": 0.4, "scatter": 0.9, "richness": 0.5, "share": 0.1}
    return {
        "mean": round(float(random.uniform(0.3, 0.6)), 2),
        "scatter": round(float(random.uniform(0.7, 1.2)), 2),
        "richness": round(float(random.uniform(0.2, 0.6)), 2),
        "share": round(float(random.uniform(0.05, 0.2)), 2),
    }


def _check_wide_enough(answer: Any, drawn: Parameters) -> str:
    k, s, g, share = (drawn[name] for name in ("mean", "scatter", "richness", "share"))
    root = s / (share * g * k)
    said = {
        "Half as rich, four times as wide: that is why learning was overlooked in lazy networks.": root**2,
        "This is the root of the width.": root,
        "The richness does not cancel: one part has its square.": (s / (share * k)) ** 2,
        "At this width scatter and mean are equal. What about the share?": (s / (g * k)) ** 2,
        "The scatter has a factor of the richness too.": (s / (share * g**2 * k)) ** 2,
    }
    otherwise = "Set the scatter equal to the share times the mean movement, and solve for N."
    return chosen(as_number(answer, "The width"), said, otherwise, tolerance=0.02)  # a width is an integer


register(Exercise("lazy_rich.wide_enough", 1, _draw_wide_enough, _check_wide_enough))
