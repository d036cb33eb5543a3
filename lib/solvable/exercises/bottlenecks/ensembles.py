"""Exercises of "Ensembling or width"."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...linear_model import theory
from ...spectra import Spectrum
from ..core import Choice, Number, Parameters, Slip, exercise, is_close

PARTS = {"features": "init_variance", "data": "data_variance", "both": "both_variance"}
CASES = {  # one where each variance is the largest
    "features": {"width": 30, "samples": 300, "noise": 0.0, "time": 1e4},
    "data": {"width": 500, "samples": 60, "noise": 0.1, "time": 1e3},
    "both": {"width": 64, "samples": 128, "noise": 0.0, "time": 1e5},
}


def _case(random: np.random.Generator) -> Parameters:
    case = CASES[str(random.choice(sorted(CASES)))]
    return case | {name: int(case[name] * random.uniform(0.85, 1.15)) for name in ("width", "samples")}


def _loss(a: Any, b: Any, modes: Any, time: Any, **sizes: Any) -> Any:
    return theory.ensemble(Spectrum.power_law(a=a, b=b, modes=modes), [time], **sizes)


def _variances(**drawn: Any) -> dict[str, float]:
    loss = _loss(**drawn)
    return {name: float(getattr(loss, field)[0]) for name, field in PARTS.items()}


def _largest(**drawn: Any) -> list[Any]:
    parts = _variances(**drawn)
    word = max(parts, key=lambda name: parts[name])
    return [word, parts[word]]


def _not_largest(found: np.ndarray, **drawn: Any) -> str:
    mine = list(PARTS)[int(found[0]) - 1]
    part = _variances(**drawn)[mine]
    if mine == _largest(**drawn)[0]:
        return (
            f'"{mine}" it is. How large is this part of the loss? `theory.ensemble` returns it as `{PARTS[mine]}`; '
            "mind the time and the noise, and give three digits."
        )
    return (
        f"Averaging over {'more features' if mine == 'features' else mine} would remove {part:.2g} of the loss, and "
        "there is a larger part. `theory.ensemble` returns all three; mind the time and the noise."
    )


exercise(
    "bottlenecks.which-variance",
    1,
    Choice(tuple(PARTS), "The size of the variance"),
    book={"a": 1.5, "b": 1.25, "modes": 1000, **CASES["both"]},
    draw=_case,
    right=_largest,
    slips={
        "whole loss": Slip(
            lambda **drawn: [_largest(**drawn)[0], float(_loss(**drawn).test[0])],
            "The word is right. The number is the whole loss: how much of it would this ensemble remove?",
        )
    },
    otherwise=_not_largest,
    praise="That is what to spend on: the ensemble that divides the largest variance gains the most.",
)


def _wide(width: Any, **drawn: Any) -> float:
    """The loss at twice the width."""
    return float(_loss(width=2 * width, **drawn).test[0])


def _shrunk(**drawn: Any) -> float | None:
    """By which factor the whole loss is larger; None where that is two."""
    factor = float(_loss(**drawn).test[0]) / _wide(**drawn)
    return None if is_close(factor, 2, 0.05) else factor


def _needed(**drawn: Any) -> float:
    one = _loss(**drawn)
    return float(one.init_variance[0] / (_wide(**drawn) - one.bias[0]))


exercise(
    "bottlenecks.ensemble-size",
    2,
    Number("The number of networks", above=0.999, outside="The number of networks should be at least 1."),
    book={"a": 1.5, "b": 1.25, "modes": 2000, "width": 100, "time": 1e4},
    draw={"a": (1.6, 2.2, 1), "b": (1.1, 1.4, 2), "width": (50, 149, 0)},
    right=_needed,
    slips={
        "two": Slip(
            lambda **drawn: 2.0,
            "Two have as many features as one of twice the width. Do they have its loss? The bias stays.",
        ),
        "whole loss": Slip(
            _shrunk,
            "Averaging divides the variance alone, and not the whole loss.",
        ),
    },
    otherwise=(
        "So many networks end above the loss of the wide one. Solve bias + variance / E = loss of 2 N.",
        "So many networks end below the loss of the wide one. Solve bias + variance / E = loss of 2 N.",
    ),
    praise="The bias of the narrow network is what it costs: past a point, no number of networks buys width.",
    tolerance=0.02,
)
