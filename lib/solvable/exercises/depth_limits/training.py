"""Exercises of "Training a network without end"."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core import Number, Numbers, Slip, exercise, is_close

SMALL = "The field r enters with the strength b of one branch. Where is it in your answer?"


def _bare(learning_rate: Any, richness: Any, gram: Any, target: Any, branch: Any, **_: Any) -> float:
    return float(branch * learning_rate * richness * gram * target)


def _first_two(branch: Any, depth: Any, **p: Any) -> list[float]:
    b = branch / depth**0.5
    first = _bare(branch=b, **p)
    return [first, first * (1 + 2 * b**2)]


def _second(share: int, branch: Any, depth: Any, **p: Any) -> list[Any]:
    """The second one with another multiple of b^2."""
    return [None, _bare(branch=branch / depth**0.5, **p) * (1 + share * branch**2 / depth)]


def _other(found: np.ndarray, **drawn: Any) -> str:
    first, second = _first_two(**drawn)
    if is_close(found[0], first):
        return (
            "The first is right. What has the first branch learned, what echoes in it, and which gradient is in both?"
        )
    if is_close(found[1], second):
        return "The second is right. The first has only the weights of the inputs on its way."
    return "Start at the bottom: how does the gradient of the first layer at step 0 depend on r, and what does it move?"


exercise(
    "depth_limits.responses",
    2,
    Numbers("The answer", ("A^1", "A^2")),
    book={"depth": 4, "branch": 1.2, "learning_rate": 0.1, "richness": 1.5, "gram": 0.8, "target": 1.5},
    draw={
        "depth": [2, 3, 5, 6],
        "branch": (0.8, 1.6, 1),
        "learning_rate": (0.05, 0.2, 2),
        "richness": (1.2, 2.5, 1),
        "gram": (0.4, 0.9, 2),
        "target": (1.2, 2.0, 1),
    },
    apart=True,
    right=_first_two,
    slips={
        "no branch": Slip(lambda branch, depth, **p: [_bare(branch=1, **p), None], SMALL),
        "the whole depth": Slip(
            lambda branch, depth, **p: [_bare(branch=branch, **p), None],
            "So strong are all branches together. One of them is weaker by the root of the depth.",
        ),
        "learning alone": Slip(
            lambda **p: _second(1, **p),
            "One part of the first branch is missing: it learns, and it echoes, and here both are as large.",
        ),
        "as the first": Slip(
            lambda **p: _second(0, **p), "There is a branch between the two layers, and by then it has moved."
        ),
    },
    otherwise=_other,
    praise="From layer to layer b^2 is added twice. There are L layers, so the end is of order one, whatever L.",
)


def _limit(at_4: Any, at_8: Any, at_16: Any) -> float:
    return float((at_4 - 6 * at_8 + 8 * at_16) / 3)


def _outputs(random: np.random.Generator) -> dict[str, float]:
    limit, first, second = random.uniform(0.5, 0.9), random.uniform(0.4, 0.8), random.uniform(0.6, 1.2)
    return {f"at_{L}": round(float(limit - first / L + second / L**2), 4) for L in (4, 8, 16)}


exercise(
    "depth_limits.extrapolate",
    1,
    Number("The limit"),
    book={"at_4": 0.7027, "at_8": 0.7543, "at_16": 0.7863},
    draw=_outputs,
    right=_limit,
    tolerance=2e-4,
    slips={
        "the deepest": Slip(
            lambda at_4, at_8, at_16: at_16, "This is the deepest network. The limit is as far from it again as it is "
            "from the one of half its depth, or nearly."
        ),
        "two depths": Slip(
            lambda at_4, at_8, at_16: 2 * at_16 - at_8,
            "This removes the error that goes as 1/L. The third depth is there for the next one, 1/L^2.",
        ),
        "two shallow depths": Slip(
            lambda at_4, at_8, at_16: 2 * at_8 - at_4, "The deepest network knows most, and is not used here."
        ),
        "aitken": Slip(
            lambda at_4, at_8, at_16: at_16 - (at_16 - at_8) ** 2 / (at_16 - 2 * at_8 + at_4),
            "This takes the ratio of the differences for a constant. It is known what it tends to: 2.",
        ),
    },
    otherwise=("The limit is larger than that: take out both errors.", "It is smaller: take out both errors."),
    praise="Three shallow networks say more than one deep one.",
)  # fmt: skip


def _last(branch: Any, **p: Any) -> float:
    return float(_bare(branch=branch, **p) * (1 + branch**2) * np.exp(branch**2))


exercise(
    "depth_limits.echo",
    2,
    Number("The response", above=0, outside="All that answers here answers with the sign of y: it is positive."),
    book={"branch": 1.2, "learning_rate": 0.1, "richness": 1.5, "gram": 0.8, "target": 1.5},
    draw={
        "branch": (0.8, 1.6, 1),
        "learning_rate": (0.05, 0.2, 2),
        "richness": (1.2, 2.5, 1),
        "gram": (0.4, 0.9, 2),
        "target": (1.2, 2.0, 1),
    },
    apart=True,
    right=_last,
    slips={
        "learning or echo": Slip(
            lambda branch, **p: float(_bare(branch=branch, **p) * np.exp(branch**2)),
            "So it is with the echo alone, and also with what the branches learn alone. Both are there.",
        ),
        "twice": Slip(
            lambda branch, **p: float(_bare(branch=branch, **p) * np.exp(2 * branch**2)),
            "The two grow differently: the echo with a itself, what is learned with the kernel, which is exp(beta^2 "
            "tau).",
        ),
        "the first layer": Slip(_bare, "This is the first layer, where layer time begins."),
        "linear": Slip(
            lambda branch, **p: _bare(branch=branch, **p) * (1 + 2 * branch**2),
            "This is a single step of Euler's method from the first layer to the last.",
        ),
    },
    otherwise=("It grows more on its way up.", "It does not grow that much."),
    praise="Nothing in it knows L. Times b it is of order 1/L in each layer, and there are L layers: it does not fade.",
)  # fmt: skip
