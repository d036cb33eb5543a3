"""Exercises of "Two exponents, one student"."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core import Number, Numbers, Parameters, Slip, exercise

exercise(
    "bottlenecks.dictionary",
    2,
    Numbers(
        "alpha, beta, the learning rate of the sum, and the exponent in time",
        ("alpha", "beta", "learning rate", "exponent"),
        outside="Give four finite numbers.",
    ),
    book={"a": 2.6, "b": 1.5, "learning_rate": 0.4, "batch_size": 8},
    draw={"a": (2.1, 3.4, 1), "b": (1.1, 1.9, 2), "learning_rate": (0.2, 0.9, 1), "batch_size": [2, 4, 8, 16]},
    apart=True,
    right=lambda a, b, learning_rate, batch_size: [b / 2, (a - b) / 2, learning_rate / batch_size, (a - 1) / b],
    slips={
        "alpha is b": Slip(
            lambda b, **_: [b, None, None, None],
            "Eigenvalues are variances: the features themselves fall as j to the minus alpha.",
        ),
        "beta is a": Slip(
            lambda a, **_: [None, a / 2, None, None],
            "The task's power holds the size of the data too: a = 2 alpha + 2 beta.",
        ),
        "the other way": Slip(
            lambda learning_rate, batch_size, **_: [None, None, learning_rate * batch_size, None],
            "A sum over the batch is larger than the mean, so its learning rate must be smaller.",
        ),
        "their alpha": Slip(
            lambda b, **_: [None, None, None, b],
            "This is what that paper calls alpha. Its beta is how fast the loss falls in time.",
        ),
    },
    otherwise=(
        "Compare the two powers of j of the eigenvalues.",
        "Divide the task's power by the eigenvalue: what is left is the square of a weight.",
        "The step must be the same: rate times mean here, rate times sum there.",
        "Late, the modes that are left are those with 2 eta t lambda_k < 1. Sum their power.",
    ),
    praise="Half of the disagreements between papers are this table.",
)


def _task(random: np.random.Generator) -> Parameters:
    """On either side of 2 beta = 1."""
    beta = float(random.choice([random.uniform(0.1, 0.4), random.uniform(0.65, 1.5)]))
    return {"alpha": round(float(random.uniform(0.7, 1.4)), 2), "beta": round(beta, 2)}


def _atom(alpha: Any, beta: Any) -> float:
    return float(2 * alpha - max(0.0, 1 - 2 * beta))


exercise(
    "bottlenecks.atom",
    2,
    Number("The power", above=0, outside="Give p as a positive number: the atom falls as d to the minus p."),
    book={"alpha": 0.8, "beta": 1.0},
    draw=_task,
    apart=True,
    right=_atom,
    slips={
        "the tail": Slip(
            lambda alpha, beta: 2 * alpha + 2 * beta - 1 if beta > 0.5 else None,
            "This is the tail of the modes beyond d. There is more: the large modes are not learned without a rest.",
        ),
        "whatever the target": Slip(
            lambda alpha, beta: 2 * alpha if beta < 0.5 else None,
            "This is how the resolution falls. On so hard a target the sum over the modes beside it grows with d.",
        ),
        "the exponent of the data": Slip(
            lambda alpha, **_: alpha, "Eigenvalues fall as j to the minus 2 alpha: they are squares."
        ),
    },
    otherwise="Two sums: the modes beyond d, missed whole, and those below, missed to a share. Which is larger?",
    praise=lambda alpha, beta: (
        "A simpler target does not lower this floor faster: random directions spoil the large modes too."
        if beta > 0.5
        else "Both sums are of this order: the modes beyond d, and what is missed of those before."
    ),
)
