"""Exercises of "A neuron's walk through the layers"."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core import Number, Numbers, Slip, exercise, is_close


def _heavy(strength: Any) -> float:
    return 3 * float(np.exp(strength))


exercise(
    "depth_limits.kurtosis",
    1,
    Number("The ratio", above=1, outside="The mean of a square is never below the square of the mean."),
    book={"branch": 1.5, "width": 12},
    draw={"branch": (1.1, 2.0, 2), "width": (6, 24, 0)},
    apart=True,
    right=lambda branch, width: _heavy(4 * branch**2 / width),
    slips={
        "Gaussian": Slip(lambda branch, width: 3.0, "So it is in a wide network. Here the clock is random."),
        "no Gaussian": Slip(
            lambda branch, width: _heavy(4 * branch**2 / width) / 3,
            "This is what the random size does. The neuron is a Gaussian number times its root.",
        ),
        "of the root": Slip(
            lambda branch, width: _heavy(branch**2 / width),
            "The fourth moment of h is the second of q: the noise of q itself counts, not that of its root.",
        ),
        "half": Slip(
            lambda branch, width: _heavy(2 * branch**2 / width),
            "The average of exp(c B) is exp(c^2 / 2). What is that for twice as large a c, and for the square?",
        ),
        "no mean": Slip(
            lambda branch, width: _heavy(8 * branch**2 / width),
            "The mean of q has the noise in it, too. Divide by its square.",
        ),
        "first order": Slip(
            lambda branch, width: 3 * (1 + 4 * branch**2 / width),
            "This is its first order in 1/N. N is not that large.",
        ),
        "beta": Slip(lambda branch, width: _heavy(4 * branch / width), "Variances go with the square of beta."),
    },
    otherwise=("It is heavier than that.", "It is not that heavy."),
    praise="Depth is not in it. A narrow network has heavy tails at any depth, a wide one at none.",
)


def _kernel(branch: Any, gram: Any) -> list[float]:
    each = float(np.exp(branch**2) * gram)
    return [branch**2 * each, (2 + branch**2) * each]


def _other(found: np.ndarray, **drawn: Any) -> str:
    branches, whole = _kernel(**drawn)
    if is_close(found[0], branches):
        return "The branches are right. Add what the readout learns, and what the first layer does."
    if is_close(found[1], whole):
        return "The whole is right. The branches are the integral, without the ends."
    return "Write Phi and G in layer time: one grows, the other falls. What is their product?"


exercise(
    "depth_limits.kernel",
    2,
    Numbers("The answer", ("branches", "whole")),
    book={"branch": 1.3, "gram": 0.4},
    draw={"branch": (0.8, 1.7, 2), "gram": (0.2, 0.8, 2)},
    apart=True,
    right=_kernel,
    slips={
        "no growth": Slip(
            lambda branch, gram: [branch**2 * gram, (2 + branch**2) * gram],
            "So it would be if features and gradients stayed as they were: both grow, in opposite directions.",
        ),
        "no gradient": Slip(
            lambda branch, gram: [float(np.expm1(branch**2) * gram), None],
            "This is the integral of the features alone. Each layer's gradient stands beside them.",
        ),
        "gradient the other way": Slip(
            lambda branch, gram: [float(np.sinh(branch**2) * np.exp(branch**2) * gram), None],
            "Gradients grow downwards: at layer time 0 they are largest.",
        ),
        "one end": Slip(
            lambda branch, gram: [None, (1 + branch**2) * float(np.exp(branch**2) * gram)],
            "There are two ends: the readout, and the first layer.",
        ),
        "ends alone": Slip(
            lambda branch, gram: [None, 2 * float(np.exp(branch**2) * gram)],
            "So it would be if branches did not learn. Add what they do.",
        ),
        "first layer without gradient": Slip(
            lambda branch, gram: [None, float((1 + branch**2) * np.exp(branch**2) * gram) + gram],
            "What reaches the first layer has grown on its way down: G(0) is not 1.",
        ),
    },
    otherwise=_other,
    praise="All layers learn as much as each other, and together as much as beta squared ends.",
)


exercise(
    "depth_limits.clock",
    2,
    Number("The depth", above=0, outside="A number of layers is positive."),
    book={"branch": 1.4, "share": 0.1},
    draw={"branch": (1.1, 2.0, 2), "share": (0.05, 0.2, 2)},
    apart=True,
    right=lambda branch, share: float(branch**2 / np.tanh(branch**2 / 2) / share**2),
    slips={
        "equal steps": Slip(
            lambda branch, share: 2 / share**2,
            "So it would be if all steps were equal. Later ones are larger, and fewer of them count.",
        ),
        "no root of two": Slip(
            lambda branch, share: float(branch**2 / np.tanh(branch**2 / 2) / share**2 / 2),
            "A Gaussian's square scatters by the root of 2 of its mean; here it is 1.",
        ),
        "share": Slip(
            lambda branch, share: float(branch**2 / np.tanh(branch**2 / 2) / share),
            "Scatter falls as the root of the number of steps.",
        ),
        "of the end": Slip(
            lambda branch, share: float(branch**2 * -np.expm1(-2 * branch**2) / share**2),
            "This is the scatter as a share of H(1). The clock starts at 0: H grew by one less.",
        ),
    },
    otherwise=("It takes more layers than that.", "Fewer layers will do."),
    praise="With few layers a neuron cannot tell the time; with many, each one can, and all agree.",
)
