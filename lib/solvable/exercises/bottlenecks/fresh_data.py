"""Checks of "Fresh data: one-pass SGD"."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...linear_model import theory
from ...spectra import Spectrum
from ..core import Exercise, Parameters, Wrong, as_number, is_close, register


def _draw_batch_noise(random: np.random.Generator | None) -> Parameters:
    fixed: Parameters = {"a": 1.5, "b": 1.25, "modes": 1000, "width": 200, "step": 1000}
    if random is None:
        return fixed | {"batch_size": 4, "learning_rate": 1.0, "noise": 0.2}
    noise, rate = round(float(random.uniform(0.1, 0.4)), 2), round(float(random.uniform(0.6, 1.2)), 1)
    return fixed | {"batch_size": int(random.integers(3, 9)), "learning_rate": rate, "noise": noise}


def _check_batch_noise(answer: Any, drawn: Parameters) -> str:
    share = as_number(answer, "The share")
    if not 0 <= share <= 1:
        raise Wrong("A share of the loss should be between 0 and 1: what the noise adds, divided by the loss with it.")
    spectrum = Spectrum.power_law(a=drawn["a"], b=drawn["b"], modes=drawn["modes"])
    method = {"learning_rate": drawn["learning_rate"], "width": drawn["width"]}

    def loss(batch: int | float, noise: float) -> float:
        return float(theory.sgd(spectrum, [drawn["step"]], batch_size=batch, noise=noise, **method).test[0])

    noisy, full = loss(drawn["batch_size"], drawn["noise"]), loss(1e12, 0.0)
    if is_close(share, 1 - full / loss(drawn["batch_size"], 0.0)):
        raise Wrong("This is a run without label noise. Batches pass the noise of their labels on, too.")
    if is_close(share, full / noisy):
        raise Wrong("This is what would be left without the noise; the question is for the rest.")
    if not is_close(share, 1 - full / noisy, 0.02):
        raise Wrong("Compare the same step at the same learning rate and width: one run with batches, one without end.")
    return "Some of it was fed by the student's own errors, some by the noise of the labels; both shrink with the rate."


register(Exercise("bottlenecks.batch-noise", 2, _draw_batch_noise, _check_batch_noise))


def _draw_online_gap(random: np.random.Generator | None) -> Parameters:
    noise = 0.15 if random is None else round(float(random.uniform(0.05, 0.6)), 2)
    return {"batch_size": 16, "learning_rate": 0.5, "width": 100, "noise": noise}


def _check_online_gap(answer: Any, drawn: Parameters) -> str:
    gap = as_number(answer, "The gap")
    if gap == 0:
        raise Wrong("Nearly: no data are used twice. But the test loss of this book leaves something out.")
    if not is_close(gap, drawn["noise"]):
        raise Wrong(
            "A fresh batch is a sample of the population. What does its error hold that the test loss does not?"
        )
    return "The batch tells the truth about the population: there is nothing to overfit."


register(Exercise("bottlenecks.online-gap", 1, _draw_online_gap, _check_online_gap))
