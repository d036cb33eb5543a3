"""Checks of "Test and train part ways"."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...linear_model import theory
from ...spectra import Spectrum
from ..core import Exercise, Parameters, Wrong, as_number, is_close, register


def _draw_best_ridge(random: np.random.Generator | None) -> Parameters:
    if random is None:
        return {"b": 1.5, "modes": 1000, "samples": 200, "noise": 0.1}
    b, noise = round(float(random.uniform(1.2, 1.8)), 1), round(float(random.uniform(0.05, 0.4)), 2)
    return {"b": b, "modes": 1000, "samples": int(random.integers(80, 400)), "noise": noise}


def _check_best_ridge(answer: Any, drawn: Parameters) -> str:
    ridge = as_number(answer, "The ridge")
    if ridge <= 0:
        raise Wrong("With noise in the labels the best ridge is positive.")
    best = drawn["noise"] / drawn["samples"]  # all weights are 1
    if is_close(ridge, best * drawn["samples"]):
        raise Wrong("The ridge of this book is added to the mean square error, not to the sum over the data.")
    if not is_close(ridge, best, 0.02):
        way = "smaller" if ridge > best else "larger"
        raise Wrong(f"The test loss has its minimum at a {way} ridge. `final_loss` takes an array of them.")
    return (
        "Noise over data, over a prior of 1: the same ridge for every mode, because no mode is more likely to matter."
    )


register(Exercise("bottlenecks.best-ridge", 2, _draw_best_ridge, _check_best_ridge))


def _draw_free_reuse(random: np.random.Generator | None) -> Parameters:
    fixed: Parameters = {"a": 1.5, "b": 1.25, "modes": 1000, "width": 512}
    return fixed | {"samples": 200 if random is None else int(random.integers(80, 500))}


def _check_free_reuse(answer: Any, drawn: Parameters) -> str:
    time = as_number(answer, "The time")
    if time <= 0:
        raise Wrong("The time should be positive.")
    spectrum = Spectrum.power_law(a=drawn["a"], b=drawn["b"], modes=drawn["modes"])

    def ratio(at: float, width: float | int = np.inf) -> float:
        reused = theory.gradient_flow(spectrum, [at], width=drawn["width"], samples=drawn["samples"])
        return float(reused.test[0] / theory.gradient_flow(spectrum, [at], width=width).test[0])

    risen = ratio(time, width=drawn["width"])
    if is_close(ratio(time), 1.1, 0.003) and not is_close(risen, 1.1, 0.003):
        raise Wrong("You compare with a student of infinite width. Give both the same width, so that only data differ.")
    if not is_close(risen, 1.1, 0.005):
        way = "more" if risen > 1.1 else "less"
        raise Wrong(f"At this time the loss is {100 * abs(risen - 1):.0f} % above: {way} than 10. Plot the ratio.")
    return "Until then an epoch of old data is worth an epoch of new ones."


register(Exercise("bottlenecks.free-reuse", 2, _draw_free_reuse, _check_free_reuse))
