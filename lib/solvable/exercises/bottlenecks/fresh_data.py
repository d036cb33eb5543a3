"""Exercises of "Fresh data: one-pass SGD"."""

from __future__ import annotations

from typing import Any

from ...linear_model import theory
from ...spectra import Spectrum
from ..core import Number, Slip, exercise


def _left(a: Any, b: Any, modes: Any, width: Any, step: Any, batch_size: Any, learning_rate: Any, noise: Any) -> float:
    """The share of the loss that an endless batch leaves."""
    spectrum = Spectrum.power_law(a=a, b=b, modes=modes)
    sgd, full = (
        float(
            theory.sgd(spectrum, [step], batch_size=batch, noise=one, learning_rate=learning_rate, width=width).test[0]
        )
        for batch, one in ((batch_size, noise), (1e12, 0.0))
    )
    return full / sgd


exercise(
    "bottlenecks.batch-noise",
    2,
    Number(
        "The share",
        above=0,
        below=1,
        outside="A share of the loss should be between 0 and 1: what the noise adds, divided by the loss with it.",
    ),
    book={
        "a": 1.5,
        "b": 1.25,
        "modes": 1000,
        "width": 200,
        "step": 1000,
        "batch_size": 4,
        "learning_rate": 1.0,
        "noise": 0.2,
    },
    draw={"noise": (0.1, 0.4, 2), "learning_rate": (0.6, 1.2, 1), "batch_size": (3, 8, 0)},
    right=lambda **drawn: 1 - _left(**drawn),
    slips={
        "clean labels": Slip(
            lambda **drawn: 1 - _left(**drawn | {"noise": 0.0}),
            "This is a run without label noise. Batches pass the noise of their labels on, too.",
        ),
        "left": Slip(_left, "This is what would be left without the noise; the question is for the rest."),
    },
    otherwise="Compare the same step at the same learning rate and width: one run with batches, one without end.",
    praise=(
        "Some of it was fed by the student's own errors, some by the noise of the labels; both shrink with the rate."
    ),
    tolerance=0.02,
)

exercise(
    "bottlenecks.online-gap",
    1,
    Number("The gap"),
    book={"batch_size": 16, "learning_rate": 0.5, "width": 100, "noise": 0.15},
    draw={"noise": (0.05, 0.6, 3)},
    right=lambda noise, **_: noise,
    slips={
        "none": Slip(
            lambda **_: 0.0,
            "Nearly: no data are used twice. But the test loss of this book leaves something out.",
        )
    },
    otherwise="A fresh batch is a sample of the population. What does its error hold that the test loss does not?",
    praise="The batch tells the truth about the population: there is nothing to overfit.",
)
