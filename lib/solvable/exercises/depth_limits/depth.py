"""Exercises of "Depth without end"."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core import Number, Slip, exercise

exercise(
    "depth_limits.coefficient",
    1,
    Number("The number", below=0, outside="A network of few layers ends below the limit: the number is negative."),
    book={"branch": 1.5},
    draw={"branch": (1.1, 2.5, 2)},
    apart=True,
    right=lambda branch: -(branch**4) / 8,
    slips={
        "linear": Slip(
            lambda branch: -(branch**4) / 2, "So it is for linear networks. ReLU passes half of the square on."
        ),
        "no half of the step": Slip(
            lambda branch: -(branch**4) / 4, "A factor of 2 is missing: the second order of a step has its own half."
        ),
        "square": Slip(lambda branch: -(branch**2) / 8, "Beta stands in F, and in the logarithm too."),
        "of the whole": Slip(
            lambda branch: float(-(branch**4) / 8 * np.exp(branch**2 / 2)),
            "This is the difference for a start at 1. The number asked for is its share of H(1).",
        ),
    },
    otherwise=("It is nearer to zero than that.", "It is further from zero than that."),
    praise="One number says it for every depth: divide it by L.",
)


LARGEST = float(np.finfo(np.float32).max)


def _layers(each: Any) -> int:
    """How many factors carry 1 past the largest number."""
    return int(np.ceil(np.log(LARGEST) / np.log(each)))


exercise(
    "depth_limits.overflow",
    1,
    Number("The depth", above=0, outside="A depth is a positive whole number."),
    book={"branch": 1.2},
    draw={"branch": (0.5, 2.0, 2)},
    apart=True,
    right=lambda branch: _layers((1 + branch**2 / 2) ** 0.5),
    slips={
        "mean square": Slip(
            lambda branch: _layers(1 + branch**2 / 2),
            "There the mean square is too large. Its root, which is what a network stores, has longer to go.",
        ),
        "linear": Slip(
            lambda branch: _layers((1 + branch**2) ** 0.5), "ReLU passes only half of the square on to the next layer."
        ),
        "sizes": Slip(
            lambda branch: _layers(1 + branch / 2), "Sizes do not add: independent branches add square to square."
        ),
        "no stream": Slip(
            lambda branch: None if branch**2 <= 2 else _layers((branch**2 / 2) ** 0.5),
            "What a branch adds comes on top of what is there already: the factor is 1 plus that.",
        ),
        "one layer less": Slip(
            lambda branch: _layers((1 + branch**2 / 2) ** 0.5) - 1, "One layer earlier it just fits in."
        ),
        "one layer more": Slip(
            lambda branch: _layers((1 + branch**2 / 2) ** 0.5) + 1, "It is too large a layer earlier already."
        ),
    },
    otherwise=("There it still fits in.", "It is too large long before that."),
    praise="Double precision only moves the wall, eight times as far. Divide by the root of the depth, and it is gone.",
    tolerance=1e-9,
)


def _end(branch: Any, variance: Any) -> float:
    return float(np.log1p(np.expm1(2 * variance) * np.exp(branch**2)) / 2)


exercise(
    "depth_limits.waves",
    2,
    Number("The variance", above=0, outside="A variance is positive, and it only grows on the way."),
    book={"branch": 1.2, "variance": 0.5},
    draw={"branch": (0.9, 1.8, 2), "variance": (0.3, 0.9, 2)},
    apart=True,
    right=_end,
    slips={
        "one step": Slip(
            lambda branch, variance: float(variance + branch**2 * (1 - np.exp(-2 * variance)) / 2),
            "This is a single step of Euler's method: the velocity grows on the way.",
        ),
        "linear": Slip(
            lambda branch, variance: float(variance * np.exp(branch**2)),
            "So it is where sin h is h. The sine of a large h is small.",
        ),
        "fastest": Slip(
            lambda branch, variance: variance + branch**2 / 2,
            "So it is where waves are dense, at large variance: the square of a sine is then 1/2. It is less before.",
        ),
        "no half": Slip(
            lambda branch, variance: float(np.log1p(np.expm1(2 * variance) * np.exp(2 * branch**2)) / 2),
            "The square of a sine is half of 1 - cos 2h.",
        ),
        "mean of cos h": Slip(
            lambda branch, variance: float(2 * np.log1p(np.expm1(variance / 2) * np.exp(branch**2 / 4))),
            "The mean of cos h is exp(-H/2); that of cos 2h is needed.",
        ),
        "v itself": Slip(
            lambda branch, variance: float(np.expm1(2 * variance) * np.exp(branch**2)),
            "This is exp(2H) - 1 at the end. Solve for H.",
        ),
    },
    otherwise=("It grows further than that.", "It does not grow that far."),
    praise="It starts like a linear network. In the end no branch adds more than a constant.",
)
