"""Exercises of "Write your own"."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core import SINGLE, Function, Slip, called, exercise

_random = np.random.default_rng(0)
C, R = _random.uniform(0.1, 1, (5, 5)), np.tril(_random.uniform(0.1, 1, (5, 5)), -1)
NO_ECHO = "Without R there is no echo: the memory says how the others have answered."

exercise(
    "dmft_primer.memory",
    1,
    Function(called([(C, R)], (5, 5))),
    book={"a2": 0.3, "a4": 0.25},
    draw={"a2": (0.2, 0.8, 2), "a4": (0.2, 0.8, 2)},
    right=lambda a2, a4: lambda c, r: (2 * a2 + 12 * a4 * c**2) * r,
    slips={
        "f'": Slip(
            lambda a2, a4: lambda c, r: (2 * a2 * c + 4 * a4 * c**3) * r,
            "This is f'(C) R, the force's own correlation times R. An echo goes through one more coupling.",
        ),
        "C for R": Slip(lambda a2, a4: lambda c, r: (2 * a2 + 12 * a4 * c**2) * c, NO_ECHO),
        "no R": Slip(lambda a2, a4: lambda c, r: 2 * a2 + 12 * a4 * c**2, NO_ECHO),
        "pairs": Slip(
            lambda a2, a4: lambda c, r: r,
            "That is the memory of f = q^2/2. For other couplings the number of partners matters.",
        ),
    },
    otherwise="Compare with the page: which derivative of f stands in the memory, and at which q?",
    praise="With pairs alone f'' is a constant, and R itself is all the memory there is.",
    tolerance=SINGLE,
)

S, XI = _random.normal(size=(50, 4)), _random.normal(size=(50, 3))
ONCE = "How large is the movement that goes with xi = 1? Divide by that, once."
STEP = "Nearly: in this book R is ds_n / d(h j_m), so the step is already in it."


def _kick(temperature: Any, step_size: Any) -> float:
    return (2 * temperature * step_size) ** 0.5


exercise(
    "dmft_primer.novikov",
    2,
    Function(called([(S, XI)], (4, 3))),
    book={"temperature": 0.3, "step_size": 0.1},
    draw={"temperature": (0.1, 0.9, 2), "step_size": [0.05, 0.1, 0.2]},
    apart=True,
    right=lambda **p: lambda s, xi: s.T @ xi / len(s) / _kick(**p),
    slips={
        "not divided": Slip(
            lambda **p: lambda s, xi: s.T @ xi / len(s),
            "This is <s xi>. A kick of xi moves the spin by sqrt(2 T h) xi, and R is per unit of movement.",
        ),
        "divided twice": Slip(lambda **p: lambda s, xi: s.T @ xi / len(s) / _kick(**p) ** 2, ONCE),
        "multiplied": Slip(lambda **p: lambda s, xi: s.T @ xi / len(s) * _kick(**p), ONCE),
        "times the step": Slip(lambda **p: lambda s, xi: s.T @ xi / len(s) / _kick(**p) * p["step_size"], STEP),
        "by the step": Slip(lambda **p: lambda s, xi: s.T @ xi / len(s) / _kick(**p) / p["step_size"], STEP),
        "sum": Slip(lambda **p: lambda s, xi: s.T @ xi / _kick(**p), "Average over the paths; this is their sum."),
    },
    otherwise="Average s_n xi_m over the paths, then divide by what multiplies xi in the update.",
    praise="No derivative was taken. The price is noise, and at T = 0 there is nothing to divide by.",
    tolerance=SINGLE,
)
