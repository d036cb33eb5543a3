"""Exercises of "Three bottlenecks"."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core import Choice, Number, Numbers, Parameters, Slip, exercise


def _exponents(random: np.random.Generator) -> Parameters:
    b = round(float(random.uniform(1.1, 1.9)), 1)
    easy = float(random.choice([random.uniform(1.3, 1.8), random.uniform(2.2, 2.7)]))  # either side of a - 1 = 2 b
    return {"a": round(1 + easy * b, 1), "b": b}


exercise(
    "bottlenecks.exponents",
    3,
    Numbers(
        "The exponents of time, data and width",
        ("time", "data", "width"),
        outside="Give the exponents as positive numbers: the loss falls as resource to the minus exponent.",
    ),
    book={"a": 4.0, "b": 1.2},
    draw=_exponents,
    apart=True,
    right=lambda a, b: [(a - 1) / b, min(a - 1, 2 * b), min(a - 1, b)],
    slips={
        "single terms": Slip(
            lambda a, b: [a / b, None, None],
            "Time: the loss is a tail sum of k^-a, and a sum falls one power slower than its terms.",
        ),
        "in modes": Slip(
            lambda a, b: [a - 1, None, None], "Time: this is the exponent in k*. How does k* grow with t?"
        ),
        "bias": Slip(
            lambda a, b: [None, None, min(a - 1, 2 * b)],
            "Width: this is the bias, the loss of an infinite ensemble. One network also has a variance.",
        ),
    },
    otherwise=(
        "Time: find the mode that is just being learned at time t, and sum the task power behind it.",
        "Data: either the modes behind P dominate, or what is left on the first modes, (kappa / lambda) squared.",
        "Width: compare the modes behind N with the variance of a single network's features.",
    ),
    praise="Data and width are both ranks, yet they differ on easy tasks: only width has a variance of order kappa.",
)


RESOURCES = ("time", "data", "width")


def _reach(b: Any, width: Any, samples: Any, time: Any) -> tuple[float | int, ...]:
    """How many modes each resource lets the student learn."""
    return time ** (1 / b), samples, width


def _binding(random: np.random.Generator) -> Parameters:
    b, reach = round(float(random.uniform(1.1, 1.8)), 2), [100, 200, 400]  # modes that each allows: no near-ties
    random.shuffle(reach)
    width, samples, modes = (int(modes * random.uniform(0.85, 1.15)) for modes in reach)
    return {"b": b, "width": width, "samples": samples, "time": float(round(modes**b, -1))}


def _not_bound(found: np.ndarray, **drawn: Any) -> str:
    reach = _reach(**drawn)
    place = int(found[0]) - 1
    if place == np.argmin(reach):
        return f"{RESOURCES[place].capitalize()} it is. How many modes does it let the student learn? To 2 %, please."
    return (
        f"With {RESOURCES[place]} alone the student would reach further than it does. Compare how many modes each of "
        "the three lets it learn; for time that is not the time itself."
    )


exercise(
    "bottlenecks.which-binds",
    1,
    Choice(RESOURCES, "The number of modes"),
    book={"b": 1.25, "width": 300, "samples": 2000, "time": 4000.0},
    draw=_binding,
    right=lambda **drawn: [RESOURCES[np.argmin(_reach(**drawn))], min(_reach(**drawn))],
    otherwise=_not_bound,
    praise="More of the other two would buy nothing: that is what a bottleneck is.",
    tolerance=0.02,
)


exercise(
    "bottlenecks.bend",
    1,
    Number("The ratio of the two times"),
    book={"b": 1.5, "factor": 4},
    draw={"b": (1.1, 2.0, 2), "factor": (3, 8, 0)},
    right=lambda b, factor: factor**b,
    slips={
        "as the width": Slip(
            lambda b, factor: factor,
            "It would grow like the width if one mode were learned per unit of time. Late modes are slower.",
        ),
        "modes": Slip(
            lambda b, factor: factor ** (1 / b),
            "This is how many more modes that factor of time buys. The question is the other way round.",
        ),
    },
    otherwise="Set the number of modes learned in a time t equal to N, and solve for t.",
    praise="A wide network keeps the common curve longer, and pays for it with time: t ~ N^b.",
    tolerance=0.02,
)
