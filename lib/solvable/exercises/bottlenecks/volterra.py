"""Exercises of "Noise that feeds on the loss"."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from ...random_features import Volterra, spectrum, theory
from ..core import Number, Parameters, Slip, exercise


@lru_cache
def _solved(alpha: Any, beta: Any, rate: Any, width: Any, step: Any) -> Volterra:
    modes = spectrum(alpha, beta, latent=np.inf)
    learning_rate = rate / (modes.counts @ modes.eigenvalues)
    return theory.volterra(modes, [step], learning_rate=learning_rate, width=width)


def _share(part: str, whole: str, **drawn: Any) -> float:
    found = _solved(**drawn)
    return float(getattr(found, part)[0] / getattr(found, whole)[0])


exercise(
    "bottlenecks.first-echo",
    2,
    Number(
        "The share", above=0, below=1, outside="A share is between 0 and 1: the first echo, divided by the whole loss."
    ),
    book={"alpha": 0.75, "beta": 1.2, "width": 1000, "rate": 0.6, "step": 300},
    draw={"alpha": (0.7, 0.9, 2), "beta": (1.0, 1.4, 2), "rate": (0.5, 0.7, 1), "step": [200, 300, 500]},
    right=lambda **drawn: _share("fed_back", "loss", **drawn),
    slips={
        "all echoes": Slip(
            lambda **drawn: 1 - _share("forcing", "loss", **drawn),
            "This is the share of all echoes. The question is for the first one, K * F.",
        ),
        "beside F": Slip(
            lambda **drawn: (
                _share("fed_back", "forcing", **drawn) if _share("fed_back", "forcing", **drawn) < 1 else None
            ),
            "This divides by F. The loss is more than F.",
        ),
    },
    otherwise="`theory.volterra` has `fed_back` and `loss`; the rate is divided by the sum of all eigenvalues.",
    praise=lambda **drawn: f"All echoes together are {1 - _share('forcing', 'loss', **drawn):.0%} of the loss.",
    tolerance=0.01,
)


def _ends(random: np.random.Generator) -> Parameters:
    averaged = 0.01 * random.uniform(1, 9)
    return {
        "averaged": float(f"{averaged:.3g}"),
        "sgd": float(f"{averaged / (1 - random.uniform(0.15, 0.6)):.3g}"),
    }


exercise(
    "bottlenecks.two-ends",
    2,
    Number("The sum", above=0, below=1, outside="It is between 0 and 1: with 1 or more, the noise would never end."),
    book={"averaged": 0.0312, "sgd": 0.0457},
    draw=_ends,
    apart=True,
    right=lambda averaged, sgd: 1 - averaged / sgd,
    slips={
        "one echo": Slip(
            lambda averaged, sgd: sgd / averaged - 1 if sgd < 2 * averaged else None,
            "This stops after the first echo. Each echo has one of its own.",
        ),
        "left": Slip(
            lambda averaged, sgd: averaged / sgd,
            "This is the share that is no noise. The rest is fed by the whole loss.",
        ),
    },
    otherwise="Put a loss that stands still into L = F + K * L: what does the sum over the past become?",
    praise="One number from two floors, and every echo of the run is known: a geometric series.",
)
