"""Exercises of "What a batch buys"."""

from __future__ import annotations

from typing import Any

from ...linear_model import theory
from ...spectra import Spectrum
from ..core import Number, Slip, exercise


def _factor(a: Any, b: Any, modes: Any, width: Any) -> float:
    spectrum = Spectrum.power_law(a=a, b=b, modes=modes)
    one = theory.sgd_stability_limit(spectrum, batch_size=1, width=width)
    return float(theory.stability_limit(spectrum, width=width) / one)


exercise(
    "bottlenecks.batch-rate",
    1,
    Number("The factor"),
    book={"a": 1.5, "b": 1.25, "modes": 1000, "width": 256},
    draw={"b": (1.1, 1.8, 2), "width": (100, 399, 0)},
    right=_factor,
    slips={
        "upside down": Slip(
            lambda **drawn: 1 / _factor(**drawn),
            "Upside down: the full batch allows the larger rate, so the factor is above 1.",
        )
    },
    otherwise="Divide two limits of the same width: `theory.stability_limit` and `theory.sgd_stability_limit`.",
    praise="Compare it with tr(Lambda) over the largest eigenvalue, which are what the two limits feel.",
    tolerance=0.02,
)
