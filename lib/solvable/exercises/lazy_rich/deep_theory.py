"""Exercises of "Deep mean-field theory"."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core import Number, Numbers, Slip, exercise, is_close

exercise(
    "lazy_rich.depth",
    1,
    Number("The slope"),
    book={"depth": 3, "gram": 0.8, "target": 1.5},
    draw={"depth": [2, 4, 5, 6], "gram": (0.4, 0.9, 2), "target": (1.2, 2.0, 1)},
    apart=True,
    right=lambda depth, gram, target: (depth + 1) * gram * target,
    slips={
        "hidden alone": Slip(
            lambda depth, gram, target: depth * gram * target,
            "One matrix of weights is missing. How many are there with this many hidden layers?",
        ),
        "one matrix": Slip(
            lambda depth, gram, target: gram * target,
            "This is what one matrix of weights contributes. All of them learn.",
        ),
        "kernel": Slip(lambda depth, gram, target: (depth + 1) * gram, "This is the kernel. What does it multiply?"),
        "power of q": Slip(
            lambda depth, gram, target: (depth + 1) * gram ** (depth + 1) * target,
            "Each term of the sum has one factor of the kernel of the inputs: linear layers pass it on as it is.",
        ),
    },
    otherwise="Write the tangent kernel as a sum over layers. What are the kernels of a linear network at the start?",
    praise="So a deep lazy network is a shallow one with a larger learning rate.",
)


def _echoes(learning_rate: Any, richness: Any, gram: Any, target: Any) -> list[float]:
    bare = learning_rate * richness * target
    return [gram * bare, bare]


def _other(found: np.ndarray, **drawn: Any) -> str:
    up, down = _echoes(**drawn)
    if is_close(found[0], up):
        return "The first is right. The second: above the last hidden layer, what is the kernel of the gradients?"
    if is_close(found[1], down):
        return "The second is right. The first: below the first hidden layer, what is the kernel of the features?"
    return "Write C and D at (1, 0). Which of A and B vanish at the ends of the network, and what is the first error?"


RATE = "A neuron's learning goes with the rate times the richness."

exercise(
    "lazy_rich.echo",
    2,
    Numbers("The answer", ("A", "B")),
    book={"learning_rate": 0.1, "richness": 2.0, "gram": 0.7, "target": 1.5},
    draw={
        "learning_rate": (0.05, 0.2, 2),
        "richness": (1.2, 2.5, 1),
        "gram": (0.4, 0.8, 2),
        "target": (1.2, 2.0, 1),
    },
    apart=True,
    right=_echoes,
    slips={
        "exchanged": Slip(lambda **p: _echoes(**p)[::-1], "Exchanged: which of the two goes through the inputs?"),
        "rate alone in A": Slip(lambda richness, **p: [_echoes(richness=1, **p)[0], None], RATE),
        "rate alone in B": Slip(lambda richness, **p: [None, _echoes(richness=1, **p)[1]], RATE),
    },
    otherwise=_other,
    praise="Two echoes, one step old. From here on they feed the kernels, and the kernels feed them.",
)
