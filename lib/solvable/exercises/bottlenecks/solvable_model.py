"""Exercises of "A model you can solve"."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...linear_model import theory
from ...spectra import Spectrum
from ..core import SINGLE, Function, Number, Slip, called, exercise, is_close

LAMBDA, POWER = np.array([1.0, 0.4, 0.1]), np.array([0.5, 0.3, 0.4])

exercise(
    "bottlenecks.loss-by-hand",
    2,
    Function(
        called([(LAMBDA, POWER, 1.7), (LAMBDA, POWER, 0.0)], what="The loss, a sum over the modes,"),
    ),
    right=lambda: lambda lam, power, t: np.sum(power * np.exp(-2 * lam * t)),
    slips={
        "eigenvalue twice": Slip(
            lambda: lambda lam, power, t: np.sum(power * lam * np.exp(-2 * lam * t)),
            "The task power already holds the eigenvalue: c = lambda wbar^2. It should not enter twice.",
        ),
        "not squared": Slip(
            lambda: lambda lam, power, t: np.sum(power * np.exp(-lam * t)),
            "Each mode's error decays like this, but the loss is the error squared.",
        ),
        "factor 2": Slip(
            lambda: lambda lam, power, t: np.sum(power * np.exp(-4 * lam * t)),
            "Too fast: the gradient of the square brings a 2, and the flow's factor 1/2 takes it away.",
        ),
    },
    otherwise=lambda found: (
        "The start is right and the decay is not. Solve dv/dt = -lambda v for one mode; then square and sum."
        if is_close(found[1], POWER.sum())
        else "At t = 0 nothing has been learned, so the loss should be the whole task power. Yours is not."
    ),
    praise=(
        "Every mode decays on its own, at its own rate. Everything else on this page is what disorder does to this sum."
    ),
    tolerance=SINGLE,
)


def _dimension(kappa: Any, a: Any, b: Any, modes: Any, width: Any) -> float:
    """Directions learned at this resolution, for each feature."""
    return float(Spectrum.power_law(a=a, b=b, modes=modes).dimension(kappa)) / width


def _ridge(**drawn: Any) -> float:
    low, high = 1e-12, 1.0
    for _ in range(40):
        middle = (low * high) ** 0.5
        low, high = (middle, high) if _dimension(middle, **drawn) > 1 else (low, middle)
    return high


RIDGE = (
    "At this resolution the student would learn {way} directions than it has features, so the ridge must be {hint}. "
    "Check that your spectrum has the a, b and modes of `parameters`, and give three digits."
)

exercise(
    "bottlenecks.effective-ridge",
    2,
    Number(
        "The effective ridge",
        above=0,
        outside="The effective ridge of a student with fewer features than modes is positive.",
    ),
    book={"a": 1.5, "b": 1.25, "modes": 2000, "width": 50},
    draw={"b": (1.1, 1.6, 2), "width": (30, 119, 0)},
    right=_ridge,
    score=_dimension,
    otherwise=(RIDGE.format(way="fewer", hint="smaller"), RIDGE.format(way="more", hint="larger")),
    praise="Modes above this ridge are learned, modes below are not: N features resolve the spectrum down to here.",
    tolerance=0.002,
)

TIMES = np.logspace(-1, 6, 200)


def _test(times: Any, a: Any, b: Any, modes: Any, **sizes: Any) -> np.ndarray:
    return np.asarray(theory.gradient_flow(Spectrum.power_law(a=a, b=b, modes=modes), times, **sizes).test)


def _curve(**drawn: Any) -> np.ndarray:
    return _test(TIMES, **drawn)


exercise(
    "bottlenecks.early-stopping",
    2,
    Number("The stopping time", above=0, outside="The stopping time should be positive."),
    book={"a": 1.8, "b": 1.4, "modes": 400, "width": 100, "samples": 150, "noise": 0.3},
    draw={"noise": (0.2, 0.5, 2), "samples": (120, 249, 0)},
    right=lambda **drawn: TIMES[_curve(**drawn).argmin()],
    score=lambda found, **drawn: _test([found], **drawn)[0] / _curve(**drawn).min(),
    otherwise=lambda found, **drawn: (
        "At this time the student has already begun to fit the noise. Look at the test loss, not at train; and does "
        "your curve know of the noise? It is an argument of `gradient_flow`."
        if found > TIMES[_curve(**drawn).argmin()]
        else "At this time there is still signal to be learned: the test loss is still falling."
    ),
    praise="Stopping early is a ridge: time plays the part of 1 / ridge, and the best one depends on the noise.",
)
