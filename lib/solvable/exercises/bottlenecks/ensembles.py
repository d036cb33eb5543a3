"""Checks of "Ensembling or width"."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...linear_model import theory
from ...spectra import Spectrum
from ..core import Exercise, Parameters, Wrong, as_number, as_word, is_close, register


def _draw_variance(random: np.random.Generator | None) -> Parameters:
    cases = {  # one where each variance is the largest
        "features": {"width": 30, "samples": 300, "noise": 0.0, "time": 1e4},
        "data": {"width": 500, "samples": 60, "noise": 0.1, "time": 1e3},
        "both": {"width": 64, "samples": 128, "noise": 0.0, "time": 1e5},
    }
    spectrum: Parameters = {"a": 1.5, "b": 1.25, "modes": 1000}
    if random is None:
        return spectrum | cases["both"]
    case = cases[str(random.choice(sorted(cases)))]
    sizes = {name: int(case[name] * random.uniform(0.85, 1.15)) for name in ("width", "samples")}
    return spectrum | case | sizes


def _check_variance(answer: Any, drawn: Parameters) -> str:
    names = {"features": "init_variance", "data": "data_variance", "both": "both_variance"}
    mine = as_word(answer, names)
    spectrum = Spectrum.power_law(a=drawn["a"], b=drawn["b"], modes=drawn["modes"])
    sizes = {name: drawn[name] for name in ("width", "samples", "noise")}
    loss = theory.ensemble(spectrum, [drawn["time"]], **sizes)
    parts = {name: float(getattr(loss, field)[0]) for name, field in names.items()}
    if not parts[mine] >= max(parts.values()):
        raise Wrong(
            f"Averaging over {'more features' if mine == 'features' else mine} would remove {parts[mine]:.2g} of the "
            "loss, and there is a larger part. `theory.ensemble` returns all three; mind the time and the noise."
        )
    return "That is what to spend on: the ensemble that divides the largest variance gains the most."


register(Exercise("bottlenecks.which-variance", 1, _draw_variance, _check_variance))


def _draw_ensemble_size(random: np.random.Generator | None) -> Parameters:
    if random is None:
        return {"a": 1.5, "b": 1.25, "modes": 2000, "width": 100, "time": 1e4}
    a, b = round(float(random.uniform(1.6, 2.2)), 1), round(float(random.uniform(1.1, 1.4)), 2)
    return {"a": a, "b": b, "modes": 2000, "width": int(random.integers(50, 150)), "time": 1e4}


def _check_ensemble_size(answer: Any, drawn: Parameters) -> str:
    count = as_number(answer, "The number of networks")
    if count < 1:
        raise Wrong("The number of networks should be at least 1.")
    spectrum = Spectrum.power_law(a=drawn["a"], b=drawn["b"], modes=drawn["modes"])
    one = theory.ensemble(spectrum, [drawn["time"]], width=drawn["width"])
    goal = float(theory.ensemble(spectrum, [drawn["time"]], width=2 * drawn["width"]).test[0])
    needed = float(one.init_variance[0]) / (goal - float(one.bias[0]))
    if is_close(count, 2):
        raise Wrong("Two have as many features as one of twice the width. Do they have its loss? The bias stays.")
    if is_close(count, float(one.test[0]) / goal):
        raise Wrong("Averaging divides the variance alone, and not the whole loss.")
    if not is_close(count, needed, 0.02):
        way = "above" if count < needed else "below"
        raise Wrong(f"So many networks end {way} the loss of the wide one. Solve bias + variance / E = loss of 2 N.")
    return "The bias of the narrow network is what it costs: past a point, no number of networks buys width."


register(Exercise("bottlenecks.ensemble-size", 2, _draw_ensemble_size, _check_ensemble_size))
