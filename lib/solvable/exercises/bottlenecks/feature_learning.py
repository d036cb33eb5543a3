"""Exercises of "Feature learning changes the exponent"."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...linear_model import theory
from ...spectra import Spectrum
from ..core import Number, Numbers, Parameters, Slip, exercise


def _beta(a: Any, b: Any) -> float:
    return (a - 1) / b


def _law(a: Any, b: Any) -> float:
    beta = _beta(a, b)
    return 2 * beta / (1 + beta)


def _task(random: np.random.Generator) -> Parameters:
    b = round(float(random.uniform(1.2, 2.0)), 1)
    beta = float(random.choice([random.uniform(0.3, 0.8), random.uniform(1.3, 1.8)]))
    return {"a": round(1 + beta * b, 1), "b": b}


exercise(
    "bottlenecks.rich-exponents",
    2,
    Numbers("The lazy and the rich exponent", ("lazy", "rich"), outside="Give both as positive numbers."),
    book={"a": 1.6, "b": 1.5},
    draw=_task,
    right=lambda a, b: [_beta(a, b), max(_beta(a, b), _law(a, b))],
    slips={
        "wrong order": Slip(
            lambda a, b: [_law(a, b), _beta(a, b)] if _beta(a, b) < 1 else None,
            "The two are in the wrong order: first lazy, then rich.",
        ),
        "law on an easy task": Slip(
            lambda a, b: [None, _law(a, b)] if _beta(a, b) > 1 else None,
            "Rich: on this task the weights have a finite length, and the kernel stops growing.",
        ),
    },
    otherwise=(
        "Lazy: the exponent of time on fixed features, as in `three_bottlenecks`.",
        "Rich: is the task hard? Then the kernel grows with the length of what has been learned.",
    ),
    praise=lambda a, b: (
        "On this task both are the same: rich training is faster by a factor, and no more."
        if _beta(a, b) > 1
        else "Hard tasks gain most: a beta near 0 is doubled."
    ),
)


def _losses(times: Any, a: Any, b: Any, modes: Any, time: Any, richness: Any) -> tuple[float, np.ndarray]:
    """The lazy loss at `time`, and the rich ones at `times`."""
    spectrum = Spectrum.power_law(a=a, b=b, modes=modes)
    goal = float(theory.gradient_flow(spectrum, [time]).test[0])
    return goal, np.asarray(theory.feature_learning(spectrum, times, richness=richness).test)


def _sooner(time: Any, **task: Any) -> float:
    times = np.logspace(-2, np.log10(time), 400)
    goal, path = _losses(times, time=time, **task)
    return time / float(np.exp(np.interp(-np.log(goal), -np.log(path), np.log(times))))


def _reached(found: Any, time: Any, **task: Any) -> float:
    goal, path = _losses([time / found], time=time, **task)
    return float(path[0]) / goal


def _lower(time: Any, **task: Any) -> float:
    goal, path = _losses([time], time=time, **task)
    return goal / float(path[0])


exercise(
    "bottlenecks.sooner",
    2,
    Number("The factor", above=1, outside="The rich network is the faster one: divide the lazy time by the rich one."),
    book={"b": 1.5, "modes": 2000, "time": 1000.0, "a": 1.6, "richness": 5.0},
    draw={"a": (1.4, 1.9, 1), "richness": (4, 12, 1)},
    right=_sooner,
    score=_reached,
    slips={
        "losses": Slip(_lower, "This compares the losses at one time. Compare the times at one loss."),
    },
    otherwise=lambda found, **drawn: (
        f"After 1/{found:.3g} of the time the rich network "
        f"{'has not yet reached' if _reached(found, **drawn) > 1 else 'is already below'} that loss."
    ),
    praise="Ask for the same at ten times the time: on a hard task the factor grows.",
)
