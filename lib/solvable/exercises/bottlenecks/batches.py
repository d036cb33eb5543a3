"""Checks of "What a batch buys"."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...linear_model import theory
from ...spectra import Spectrum
from ..core import Exercise, Parameters, Wrong, as_number, is_close, register


def _draw_batch_rate(random: np.random.Generator | None) -> Parameters:
    b = 1.25 if random is None else round(float(random.uniform(1.1, 1.8)), 2)
    return {"a": 1.5, "b": b, "modes": 1000, "width": 256 if random is None else int(random.integers(100, 400))}


def _check_batch_rate(answer: Any, drawn: Parameters) -> str:
    factor = as_number(answer, "The factor")
    spectrum = Spectrum.power_law(a=drawn["a"], b=drawn["b"], modes=drawn["modes"])
    one = float(theory.sgd_stability_limit(spectrum, batch_size=1, width=drawn["width"]))
    full = float(theory.stability_limit(spectrum, width=drawn["width"]))
    if is_close(factor, one / full):
        raise Wrong("Upside down: the full batch allows the larger rate, so the factor is above 1.")
    if not is_close(factor, full / one, 0.02):
        raise Wrong("Divide two limits of the same width: `theory.stability_limit` and `theory.sgd_stability_limit`.")
    return "Compare it with tr(Lambda) over the largest eigenvalue, which are what the two limits feel."


register(Exercise("bottlenecks.batch-rate", 1, _draw_batch_rate, _check_batch_rate))
