"""Exercises of "Four phases and three"."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...random_features.phases import classify
from ..core import Number, Numbers, Parameters, Slip, exercise

CORNER = 1 - 0.5**0.5


def _exponents(alpha: Any, beta: Any) -> list[float]:
    phase = classify(alpha, beta)
    return [phase.width, phase.loss]


def _point(random: np.random.Generator) -> Parameters:
    """In phase II or III, away from their line."""
    alpha = round(float(random.uniform(0.8, 1.4)), 2)
    share = float(random.choice([random.uniform(0.7, 0.85), random.uniform(1.2, 1.6)]))
    return {"alpha": alpha, "beta": round(share * alpha, 2)}


def _easy(alpha: Any, beta: Any) -> list[float]:
    """The exponents of phase II, wherever it is."""
    return [beta / (alpha + beta), (2 * alpha + 2 * beta - 1) / (2 * (alpha + beta))]


def _floor(alpha: Any, beta: Any) -> list[float]:
    """Where the tail of time meets the floor."""
    time = (2 * alpha + 2 * beta - 1) / (2 * alpha)
    share = time / (time + 2 * alpha)
    return [share, 2 * alpha * share]


exercise(
    "bottlenecks.phase",
    2,
    Numbers(
        "The powers of width and loss",
        ("width", "loss"),
        outside="Give two positive numbers; that the loss falls is understood.",
    ),
    book={"alpha": 0.9, "beta": 1.3},
    draw=_point,
    apart=True,
    right=_exponents,
    slips={
        "noise forgotten": Slip(
            lambda alpha, beta: _easy(alpha, beta) if beta > alpha else None,
            "This lets the unlearned and the distorted part meet, as in phase II. Here the noise is above the first.",
        ),
        "noise feared": Slip(
            lambda alpha, beta: [0.5, 1 - 1 / (4 * alpha)] if beta < alpha else None,
            "This is phase III. Here the target is so hard that what is unlearned stays above the noise.",
        ),
        "the floor": Slip(_floor, "This lets time meet the floor. The distorted part is above the floor long before."),
    },
    otherwise=(
        "Write the terms as powers of t and d. Which two are the largest, and where do they meet?",
        "The width is right. Put the split into one of the two terms that meet.",
    ),
    praise=lambda alpha, beta: f"This is phase {classify(alpha, beta).name}.",
)


def _factors(alpha: Any, hard: Any, simple: Any) -> list[float]:
    return [float(100 ** classify(alpha, beta).width) for beta in (hard, simple)]


exercise(
    "bottlenecks.hundredfold",
    2,
    Numbers("The two factors", ("hard", "simple"), outside="Give two positive factors, the hard target's first."),
    book={"alpha": 1.0, "hard": 0.7, "simple": 1.5},
    draw={"alpha": (0.95, 1.3, 2), "hard": (0.6, 0.8, 2), "simple": (1.5, 2.0, 1)},
    apart=True,
    right=_factors,
    slips={
        "exchanged": Slip(
            lambda **drawn: _factors(**drawn)[::-1], "They are in each other's place: the hard one is first."
        ),
        "steps": Slip(
            lambda **drawn: [100 / _factors(**drawn)[0], None],
            "This is the factor of the steps. The question is for the width.",
        ),
        "the tail meets the floor": Slip(
            lambda alpha, **_: [100 ** (1 / (2 * alpha + 1)), None],
            "This holds below beta = 1/2, where random directions distort nothing that counts.",
        ),
    },
    otherwise="Which phases are these? Each has an exponent of the width; raise 100 to it.",
    praise="The simpler target wants the wider model: its tail is learned fast, and the distortion is what is left.",
)

exercise(
    "bottlenecks.most-width",
    2,
    Number("The bound", above=0, below=1, outside="It lies between 0 and 1: width and steps share the budget."),
    book={"beta": 1.5},
    draw={"beta": (0.8, 2.4, 2)},
    right=lambda beta: (CORNER - beta) / (2 * CORNER * beta + CORNER - 2 * beta),
    slips={
        "Chinchilla": Slip(lambda **_: 0.5, "Three phases have this one. One has more."),
        "Kaplan": Slip(lambda **_: 0.73, "This was measured on language models. This model does not reach it."),
        "any target": Slip(lambda **_: 0.5**0.5, "This is for endlessly simple targets. Here beta has an end."),
        "at its left end": Slip(
            lambda beta: classify(0.25, beta).width, "This is the left end of IVb. The exponent grows to the right."
        ),
    },
    otherwise="In which phase does it grow towards a line? Go along that line, to ever simpler targets.",
    praise="With ever simpler targets it goes to 1/sqrt 2: at most seven tenths of a budget's growth go into width.",
    tolerance=0.002,
)


def _apart(beta: Any, compute: Any) -> float:
    return float(compute ** (classify(CORNER - 1e-6, beta).width - 0.5))


exercise(
    "bottlenecks.two-widths",
    3,
    Number("The factor", above=0, outside="Give a positive factor: the larger width divided by the smaller."),
    book={"beta": 1.0, "compute": 1e12},
    draw={"beta": (0.8, 1.6, 2), "compute": [1e10, 1e12, 1e14]},
    right=_apart,
    slips={
        "upside down": Slip(lambda **drawn: 1 / _apart(**drawn), "Upside down: the larger divided by the smaller."),
        "one width": Slip(
            lambda beta, compute: compute ** classify(CORNER - 1e-6, beta).width,
            "This is the larger width itself. Divide it by the other one.",
        ),
    },
    otherwise="Ask `phases.classify` just below the line and just above it; the loss is the same, the width is not.",
    praise="Two minima of one curve: a search that starts at one of them never finds the other.",
    tolerance=0.02,
)
