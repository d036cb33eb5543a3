"""Exercises of "How far are finite networks?"."""

from __future__ import annotations

from typing import Any

from ..core import Number, Slip, exercise


def _width(scatter: Any, by: Any) -> float:
    return (scatter / by) ** 2


exercise(
    "lazy_rich.wide_enough",
    1,
    Number("The width"),
    book={"mean": 0.4, "scatter": 0.9, "richness": 0.5, "share": 0.1},
    draw={"mean": (0.3, 0.6, 2), "scatter": (0.7, 1.2, 2), "richness": (0.2, 0.6, 2), "share": (0.05, 0.2, 2)},
    apart=True,
    right=lambda mean, scatter, richness, share: _width(scatter, share * richness * mean),
    slips={
        "root": Slip(
            lambda mean, scatter, richness, share: scatter / (share * richness * mean), "This is the root of the width."
        ),
        "no richness": Slip(
            lambda mean, scatter, richness, share: _width(scatter, share * mean),
            "The richness does not cancel: one part has its square.",
        ),
        "no share": Slip(
            lambda mean, scatter, richness, share: _width(scatter, richness * mean),
            "At this width scatter and mean are equal. What about the share?",
        ),
        "richness twice": Slip(
            lambda mean, scatter, richness, share: _width(scatter, share * richness**2 * mean),
            "The scatter has a factor of the richness too.",
        ),
    },
    otherwise="Set the scatter equal to the share times the mean movement, and solve for N.",
    praise="Half as rich, four times as wide: that is why learning was overlooked in lazy networks.",
    tolerance=0.02,  # a width is an integer
)
