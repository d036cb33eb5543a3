"""Exercises of "Networks on a circle"."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import zeta

from ..core import Number, Numbers, Parameters, Slip, exercise


def _beta(q: Any, q_phi: Any) -> float:
    return (q - 0.5) / q_phi


def _law(q: Any, q_phi: Any) -> float:
    beta = _beta(q, q_phi)
    return 2 * beta / (1 + beta)


def _task(random: np.random.Generator) -> Parameters:
    low, high = (0.8, 1.3) if random.uniform() < 0.7 else (2.4, 2.8)
    return {"q": round(float(random.uniform(low, high)), 2), "q_phi": float(random.choice([1.5, 1.75]))}


exercise(
    "bottlenecks.circle-exponents",
    2,
    Numbers("The lazy and the rich exponent", ("lazy", "rich"), outside="Give both as positive numbers."),
    book={"q": 1.2, "q_phi": 1.5},
    draw=_task,
    apart=True,
    right=lambda q, q_phi: [_beta(q, q_phi), max(_beta(q, q_phi), _law(q, q_phi))],
    slips={
        "wrong order": Slip(
            lambda q, q_phi: [_law(q, q_phi), _beta(q, q_phi)] if _beta(q, q_phi) < 1 else None,
            "The two are in the wrong order: first lazy, then rich.",
        ),
        "mode by mode": Slip(
            lambda q, q_phi: [q / q_phi, None],
            "The loss at time t is the sum of the power of all modes still to learn, not of the next one.",
        ),
        "for ReLU": Slip(
            lambda q, q_phi: [q - 0.5, None],
            "This is the exponent for ReLU. Here the kernel's eigenvalues fall faster.",
        ),
        "half the power": Slip(
            lambda q, q_phi: [2 * _beta(q, q_phi), None],
            "The eigenvalues fall with the power 2 q_phi of k, not q_phi.",
        ),
        "law on an easy task": Slip(
            lambda q, q_phi: [None, _law(q, q_phi)] if _beta(q, q_phi) > 1 else None,
            "Rich: on this task the weights have a finite length, and the kernel stops growing.",
        ),
    },
    otherwise=(
        "Lazy: which modes are learned at time t, and how much power lies beyond them?",
        "Rich: put the lazy exponent into the law of the two-layer model; is the task hard?",
    ),
    praise=lambda q, q_phi: (
        "An easy task, although the kernel is slow: rich training is faster by a factor, and no more."
        if _beta(q, q_phi) > 1
        else "The smoother the activation, the harder the task, and the larger the factor 2 / (1 + beta) gained."
    ),
)


def _left(q: Any) -> float:
    return float(1 - 4**-q - 1 / zeta(2 * q))


exercise(
    "bottlenecks.unreachable",
    2,
    Number(
        "The error",
        above=-1e-9,
        outside="A mean square is not negative. How much power has mode 1 of a target with mean square 1?",
    ),
    book={"q": 0.9},
    draw={"q": (0.7, 1.1, 3)},
    apart=True,
    right=_left,
    slips={
        "mode 1 too": Slip(
            lambda q: 1 - 4**-q,
            "Mode 1 is odd, and the network has it: a linear function is a difference of two ReLUs.",
        ),
        "even modes": Slip(lambda q: 4**-q, "These are modes that the network does learn."),
        "learned": Slip(
            lambda q: 1 - _left(q), "These are the modes that the network learns; the error is what is left."
        ),
        "not divided": Slip(lambda q: _left(q) * zeta(2 * q), "Divide by the power of the whole target."),
        "not scaled": Slip(lambda q: _left(q) * zeta(2 * q) / 2, "Scale the target to mean square 1 first."),
    },
    otherwise="Split the target into even and odd modes. Which odd function is a sum of ReLUs?",
    praise=(
        "No training helps, lazy or rich: this network cannot write these functions, at any width. A bias does, or a "
        "second layer."
    ),
)
