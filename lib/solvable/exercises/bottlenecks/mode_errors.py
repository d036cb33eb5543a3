"""Exercises of "Mode by mode"."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core import Number, Parameters, Slip, exercise


def _sizes(random: np.random.Generator) -> Parameters:
    small, large = int(random.integers(40, 120)), int(random.integers(250, 600))
    sizes = {"width": small, "samples": large} if random.random() < 0.5 else {"width": large, "samples": small}
    return {"b": round(float(random.uniform(1.1, 1.6)), 2), **sizes, "mode": int(random.integers(5, 30))}


def _missed(a: Any, b: Any, modes: Any, width: Any, samples: Any, mode: Any) -> float:
    """kappa / (kappa + lambda_k), with as many directions left as the smaller of the sizes; by bisection."""
    eigenvalues = np.arange(1.0, modes + 1) ** -b
    low, high = 1e-12, 1.0
    for _ in range(60):
        middle = (low * high) ** 0.5
        more = np.sum(eigenvalues / (eigenvalues + middle)) > min(width, samples)
        low, high = (middle, high) if more else (low, middle)
    return float(high / (high + eigenvalues[mode - 1]))


exercise(
    "bottlenecks.mode-floor",
    2,
    Number("The share", above=0, below=1, outside="A share should be between 0 and 1."),
    book={"a": 1.5, "modes": 1000, "b": 1.25, "width": 100, "samples": 300, "mode": 10},
    draw=_sizes,
    apart=True,
    right=_missed,
    slips={
        "learned": Slip(lambda **drawn: 1 - _missed(**drawn), "This is the part that it learns."),
        "squared": Slip(
            lambda **drawn: _missed(**drawn) ** 2,
            "This is the square, as it enters the loss. The question is for the missed share itself.",
        ),
        "next mode": Slip(
            lambda mode, **drawn: _missed(mode=mode + 1, **drawn),
            "This is one mode too far: an array counts from 0, and modes count from 1.",
        ),
        "larger size": Slip(
            lambda **drawn: _missed(
                **drawn | dict.fromkeys(("width", "samples"), max(drawn["width"], drawn["samples"]))
            ),
            "This is what the larger of the two sizes would allow. Which one stops the student?",
        ),
    },
    otherwise="Train for a very long time, 1e14 say, with both sizes; then take this mode's entry.",
    praise="Only the smaller of width and samples is in this number: the other one sets the pace.",
    tolerance=0.005,
)
