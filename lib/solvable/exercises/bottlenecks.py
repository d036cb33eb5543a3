"""Checks of the part "Bottlenecks"."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..linear_model import theory
from ..spectra import Spectrum
from .core import Exercise, Parameters, Wrong, as_number, as_numbers, call, register


def _close(value: Any, target: Any, tolerance: float = 0.01) -> bool:
    return bool(np.all(np.abs(np.asarray(value) - target) <= tolerance * np.abs(target)))


def _check_loss_by_hand(answer: Any, _: Parameters) -> str:
    lam, power, t = np.array([1.0, 0.4, 0.1]), np.array([0.5, 0.3, 0.4]), 1.7
    loss = np.asarray(call(answer, lam, power, t))
    if not np.issubdtype(loss.dtype, np.number):
        raise Wrong(f"The loss should be a number; your function returns {loss.dtype}.")
    if loss.shape != ():
        raise Wrong(f"The loss is one number, a sum over the modes; yours has shape {loss.shape}.")
    if _close(loss, np.sum(power * lam * np.exp(-2 * lam * t))):
        raise Wrong("The task power already holds the eigenvalue: c = lambda wbar^2. It should not enter twice.")
    start = np.asarray(call(answer, lam, power, 0.0))
    if not _close(start, power.sum()):
        raise Wrong("At t = 0 nothing has been learned, so the loss should be the whole task power. Yours is not.")
    if _close(loss, np.sum(power * np.exp(-lam * t))):
        raise Wrong("Each mode's error decays like this, but the loss is the error squared.")
    if _close(loss, np.sum(power * np.exp(-4 * lam * t))):
        raise Wrong("Too fast: the gradient of the square brings a 2, and the flow's factor 1/2 takes it away.")
    if not _close(loss, np.sum(power * np.exp(-2 * lam * t)), 1e-6):
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
    if abs(learned / drawn["width"] - 1) > 0.002:
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
    if mine > 1.01 * curve.min():
        if time > grid[curve.argmin()]:
            raise Wrong(
                "At this time the student has already begun to fit the noise. Look at the test loss, not at train; and "
                "does your curve know of the noise? It is an argument of `gradient_flow`."
            )
        raise Wrong("At this time there is still signal to be learned: the test loss is still falling.")
    return "Stopping early is a ridge: time plays the part of 1 / ridge, and the best one depends on the noise."


register(Exercise("bottlenecks.early-stopping", 2, _draw_stopping, _check_stopping))


def _draw_exponents(random: np.random.Generator | None) -> Parameters:
    if random is None:
        return {"a": 4.0, "b": 1.2}
    b = round(float(random.uniform(1.1, 1.9)), 1)
    easy = float(random.choice([random.uniform(1.3, 1.8), random.uniform(2.2, 2.7)]))  # either side of a - 1 = 2 b
    return {"a": round(1 + easy * b, 1), "b": b}


def _check_exponents(answer: Any, drawn: Parameters) -> str:
    a, b = drawn["a"], drawn["b"]
    time, data, width = as_numbers(answer, 3, "The exponents of time, data and width")
    if min(time, data, width) < 0:
        raise Wrong("Give the exponents as positive numbers: the loss falls as resource to the minus exponent.")
    if _close(time, a / b) and not _close(time, a - 1):
        raise Wrong("Time: the loss is a tail sum of k^-a, and a sum falls one power slower than its terms.")
    if _close(time, a - 1) and not _close(time, a / b):
        raise Wrong("Time: this is the exponent in k*. How does k* grow with t?")
    if not _close(time, (a - 1) / b):
        raise Wrong("Time: find the mode that is just being learned at time t, and sum the task power behind it.")
    if not _close(data, min(a - 1, 2 * b)):
        raise Wrong(
            "Data: either the modes behind P dominate, or what is left on the first modes, (kappa / lambda) squared."
        )
    if _close(width, min(a - 1, 2 * b)):
        raise Wrong("Width: this is the bias, the loss of an infinite ensemble. One network also has a variance.")
    if not _close(width, min(a - 1, b)):
        raise Wrong("Width: compare the modes behind N with the variance of a single network's features.")
    return "Data and width are both ranks, yet they differ on easy tasks: only width has a variance of order kappa."


register(Exercise("bottlenecks.exponents", 3, _draw_exponents, _check_exponents))


def _draw_binding(random: np.random.Generator | None) -> Parameters:
    if random is None:
        return {"b": 1.25, "width": 300, "samples": 2000, "time": 4000.0}
    b, reach = round(float(random.uniform(1.1, 1.8)), 2), [100, 200, 400]  # modes that each allows: no near-ties
    random.shuffle(reach)
    width, samples, modes = (int(modes * random.uniform(0.85, 1.15)) for modes in reach)
    return {"b": b, "width": width, "samples": samples, "time": float(round(modes**b, -1))}


def _check_binding(answer: Any, drawn: Parameters) -> str:
    if not isinstance(answer, str) or answer.strip().lower() not in ("time", "data", "width"):
        raise Wrong('Answer with one of the words "time", "data" and "width".')
    reach = {"time": drawn["time"] ** (1 / drawn["b"]), "data": drawn["samples"], "width": drawn["width"]}
    mine = answer.strip().lower()
    if mine != min(reach, key=lambda name: reach[name]):
        raise Wrong(
            f"With {mine} alone the student would reach further than it does. Compare how many modes each of the "
            "three lets it learn; for time that is not the time itself."
        )
    return "More of the other two would buy nothing: that is what a bottleneck is."


register(Exercise("bottlenecks.which-binds", 1, _draw_binding, _check_binding))


def _draw_bend(random: np.random.Generator | None) -> Parameters:
    b = 1.5 if random is None else round(float(random.uniform(1.1, 2.0)), 1)
    return {"b": b, "factor": 4 if random is None else int(random.integers(3, 9))}


def _check_bend(answer: Any, drawn: Parameters) -> str:
    ratio = as_number(answer, "The ratio of the two times")
    factor, b = drawn["factor"], drawn["b"]
    if _close(ratio, factor):
        raise Wrong("It would grow like the width if one mode were learned per unit of time. Late modes are slower.")
    if _close(ratio, factor ** (1 / b)):
        raise Wrong("This is how many more modes that factor of time buys. The question is the other way round.")
    if not _close(ratio, factor**b, 0.02):
        raise Wrong("Set the number of modes learned in a time t equal to N, and solve for t.")
    return "A wide network keeps the common curve longer, and pays for it with time: t ~ N^b."


register(Exercise("bottlenecks.bend", 1, _draw_bend, _check_bend))
