"""Checks of "A model you can solve"."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...linear_model import theory
from ...spectra import Spectrum
from ..core import SINGLE, Exercise, Parameters, Wrong, as_number, call, is_close, register


def _check_loss_by_hand(answer: Any, _: Parameters) -> str:
    lam, power, t = np.array([1.0, 0.4, 0.1]), np.array([0.5, 0.3, 0.4]), 1.7
    loss = as_number(call(answer, lam, power, t), "The loss, a sum over the modes,")
    if is_close(loss, np.sum(power * lam * np.exp(-2 * lam * t))):
        raise Wrong("The task power already holds the eigenvalue: c = lambda wbar^2. It should not enter twice.")
    start = as_number(call(answer, lam, power, 0.0), "The loss at the start")
    if not is_close(start, power.sum()):
        raise Wrong("At t = 0 nothing has been learned, so the loss should be the whole task power. Yours is not.")
    if is_close(loss, np.sum(power * np.exp(-lam * t))):
        raise Wrong("Each mode's error decays like this, but the loss is the error squared.")
    if is_close(loss, np.sum(power * np.exp(-4 * lam * t))):
        raise Wrong("Too fast: the gradient of the square brings a 2, and the flow's factor 1/2 takes it away.")
    if not is_close(loss, np.sum(power * np.exp(-2 * lam * t)), SINGLE):
        raise Wrong(
            "The start is right and the decay is not. Solve dv/dt = -lambda v for one mode; then square and sum."
        )
    return (
        "Every mode decays on its own, at its own rate. Everything else on this page is what disorder does to this sum."
    )


register(Exercise("bottlenecks.loss-by-hand", 2, lambda _: {}, _check_loss_by_hand))


def _draw_effective_ridge(random: np.random.Generator | None) -> Parameters:
    if random is None:
        return {"a": 1.5, "b": 1.25, "modes": 2000, "width": 50}
    return {
        "a": 1.5,
        "b": round(float(random.uniform(1.1, 1.6)), 2),
        "modes": 2000,
        "width": int(random.integers(30, 120)),
    }


def _check_effective_ridge(answer: Any, drawn: Parameters) -> str:
    kappa = as_number(answer, "The effective ridge")
    if kappa <= 0:
        raise Wrong("The effective ridge of a student with fewer features than modes is positive.")
    spectrum = Spectrum.power_law(a=drawn["a"], b=drawn["b"], modes=drawn["modes"])
    learned = float(spectrum.dimension(kappa))
    if not is_close(learned, drawn["width"], 0.002):
        way = "more" if learned > drawn["width"] else "fewer"
        hint = "larger" if learned > drawn["width"] else "smaller"
        raise Wrong(
            f"At this resolution the student would learn {way} directions than it has features, so the ridge must be "
            f"{hint}. Check that your spectrum has the a, b and modes of `parameters`, and give three digits."
        )
    return "Modes above this ridge are learned, modes below are not: N features resolve the spectrum down to here."


register(Exercise("bottlenecks.effective-ridge", 2, _draw_effective_ridge, _check_effective_ridge))


def _draw_stopping(random: np.random.Generator | None) -> Parameters:
    noise = 0.3 if random is None else round(float(random.uniform(0.2, 0.5)), 2)
    samples = 150 if random is None else int(random.integers(120, 250))
    return {"a": 1.8, "b": 1.4, "modes": 400, "width": 100, "samples": samples, "noise": noise}


def _check_stopping(answer: Any, drawn: Parameters) -> str:
    time = as_number(answer, "The stopping time")
    if time <= 0:
        raise Wrong("The stopping time should be positive.")
    spectrum = Spectrum.power_law(a=drawn["a"], b=drawn["b"], modes=drawn["modes"])
    kwargs = {name: drawn[name] for name in ("width", "samples", "noise")}
    grid = np.logspace(-1, 6, 200)
    curve = np.asarray(theory.gradient_flow(spectrum, grid, **kwargs).test)
    mine = float(theory.gradient_flow(spectrum, np.array([time]), **kwargs).test[0])
    if not mine <= 1.01 * curve.min():
        if time > grid[curve.argmin()]:
            raise Wrong(
                "At this time the student has already begun to fit the noise. Look at the test loss, not at train; and "
                "does your curve know of the noise? It is an argument of `gradient_flow`."
            )
        raise Wrong("At this time there is still signal to be learned: the test loss is still falling.")
    return "Stopping early is a ridge: time plays the part of 1 / ridge, and the best one depends on the noise."


register(Exercise("bottlenecks.early-stopping", 2, _draw_stopping, _check_stopping))
