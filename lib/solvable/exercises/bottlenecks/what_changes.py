"""Exercises of "What can change a scaling law?"."""

from __future__ import annotations

from typing import Any

from ..core import Numbers, Slip, exercise


def _meeting(alpha: Any, beta: Any, pace: float) -> list[float]:
    """Where the tail of time meets the floor, if t steps get as far as t^pace."""
    width = 1 / (1 + 2 * alpha / pace)
    return [width, (2 * alpha + 2 * beta - 1) * width]


def _exponents(alpha: Any, beta: Any) -> list[float]:
    return _meeting(alpha, beta, 2 - 1 / (2 * alpha))


exercise(
    "bottlenecks.dana-frontier",
    2,
    Numbers(
        "The powers of width and loss",
        ("width", "loss"),
        outside="Give two positive numbers; that the loss falls is understood.",
    ),
    book={"alpha": 1.2, "beta": 0.3},
    draw={"alpha": (0.8, 1.6, 2), "beta": (0.1, 0.4, 2)},
    apart=True,
    right=_exponents,
    slips={
        "plain SGD": Slip(
            lambda alpha, beta: _meeting(alpha, beta, 1.0),
            "This is the frontier of SGD. How far do t steps get when their gradients are added up?",
        ),
        "constant push": Slip(
            lambda alpha, beta: [1 / (alpha + 1.5), (2 * alpha + 2 * beta - 1) / (alpha + 1.5)],
            "This is the push that stays at 1/d. Here it falls with the step, as t^(-1/2 alpha).",
        ),
        "full square": Slip(
            lambda alpha, beta: _meeting(alpha, beta, 2.0),
            "This takes the whole t^2. The push itself falls on the way.",
        ),
        "budget in effective steps": Slip(
            lambda alpha, beta: [None, (2 - 1 / (2 * alpha)) * (2 * alpha + 2 * beta - 1) / (2 * alpha + 1)],
            "The budget pays for steps t, not for what they are worth. Let t and d meet first, then compute d t.",
        ),
        "exchanged": Slip(
            lambda alpha, beta: _exponents(alpha, beta)[::-1],
            "The two are in each other's place: the list is width, loss.",
        ),
    },
    otherwise=(
        "Let F_pp, at the effective time, meet the floor, and solve for t as a power of d; then f = d t.",
        "The width is right. At the best split the loss is that of the floor, d^-(2 alpha + 2 beta - 1).",
    ),
    praise="Steps are worth more now, so the budget goes into width faster than under SGD.",
)

exercise(
    "bottlenecks.dana-window",
    2,
    Numbers("The two steps", ("first", "last"), outside="Give two positive steps, the earlier one first."),
    book={"alpha": 1.3, "width": 2000},
    draw={"alpha": (0.8, 1.4, 1), "width": (500, 5000, 0)},
    right=lambda alpha, width: [float(width), float(width) ** (alpha + 0.5)],
    slips={
        "as late as SGD": Slip(
            lambda alpha, width: [None, float(width) ** (2 * alpha)],
            "SGD reaches the last mode then. With momentum t^2/d has to be that large, not t.",
        ),
        "square of the width": Slip(
            lambda alpha, width: [float(width) ** 2, None],
            "Compare t^2/d with t: where do they cross?",
        ),
        "exchanged": Slip(
            lambda alpha, width: [float(width) ** (alpha + 0.5), float(width)],
            "The two are in each other's place: the earlier step comes first.",
        ),
    },
    otherwise=(
        "It begins to pay where the effective time t^2/d overtakes t.",
        "The first is right. It has nothing left to do when mode d is learned: put t^2/d = d^(2 alpha).",
    ),
    praise=lambda alpha, width: f"SGD needs {width ** (2 * alpha):.1e} steps to get as far.",
)
