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
    if not isinstance(answer, str) or answer.strip().lower() not in names:
        raise Wrong('Answer with one of the words "features", "data" and "both".')
    spectrum = Spectrum.power_law(a=drawn["a"], b=drawn["b"], modes=drawn["modes"])
    sizes = {name: drawn[name] for name in ("width", "samples", "noise")}
    loss = theory.ensemble(spectrum, [drawn["time"]], **sizes)
    parts = {name: float(getattr(loss, field)[0]) for name, field in names.items()}
    mine = answer.strip().lower()
    if parts[mine] < max(parts.values()):
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
    if _close(count, 2):
        raise Wrong("Two have as many features as one of twice the width. Do they have its loss? The bias stays.")
    if _close(count, float(one.test[0]) / goal):
        raise Wrong("Averaging divides the variance alone, and not the whole loss.")
    if not _close(count, needed, 0.02):
        way = "above" if count < needed else "below"
        raise Wrong(f"So many networks end {way} the loss of the wide one. Solve bias + variance / E = loss of 2 N.")
    return "The bias of the narrow network is what it costs: past a point, no number of networks buys width."


register(Exercise("bottlenecks.ensemble-size", 2, _draw_ensemble_size, _check_ensemble_size))


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
    if _close(share, 1 - full / loss(drawn["batch_size"], 0.0)):
        raise Wrong("This is a run without label noise. Batches pass the noise of their labels on, too.")
    if _close(share, full / noisy):
        raise Wrong("This is what would be left without the noise; the question is for the rest.")
    if not _close(share, 1 - full / noisy, 0.02):
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
    if not _close(gap, drawn["noise"]):
        raise Wrong(
            "A fresh batch is a sample of the population. What does its error hold that the test loss does not?"
        )
    return "The batch tells the truth about the population: there is nothing to overfit."


register(Exercise("bottlenecks.online-gap", 1, _draw_online_gap, _check_online_gap))


def _draw_batch_rate(random: np.random.Generator | None) -> Parameters:
    b = 1.25 if random is None else round(float(random.uniform(1.1, 1.8)), 2)
    return {"a": 1.5, "b": b, "modes": 1000, "width": 256 if random is None else int(random.integers(100, 400))}


def _check_batch_rate(answer: Any, drawn: Parameters) -> str:
    factor = as_number(answer, "The factor")
    spectrum = Spectrum.power_law(a=drawn["a"], b=drawn["b"], modes=drawn["modes"])
    one = float(theory.sgd_stability_limit(spectrum, batch_size=1, width=drawn["width"]))
    full = float(theory.stability_limit(spectrum, width=drawn["width"]))
    if _close(factor, one / full):
        raise Wrong("Upside down: the full batch allows the larger rate, so the factor is above 1.")
    if not _close(factor, full / one, 0.02):
        raise Wrong("Divide two limits of the same width: `theory.stability_limit` and `theory.sgd_stability_limit`.")
    return "Compare it with tr(Lambda) over the largest eigenvalue, which are what the two limits feel."


register(Exercise("bottlenecks.batch-rate", 1, _draw_batch_rate, _check_batch_rate))
