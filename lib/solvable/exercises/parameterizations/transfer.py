"""Exercises of "Hyperparameters that transfer"."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core import Function, Number, Parameters, Slip, called, exercise, is_close

RATES = 2.0 ** np.arange(-6, 2)


def _place(random: np.random.Generator) -> Parameters:
    place = float(random.integers(-4, -1)) + float(random.uniform(0.2, 0.8))  # between two rates that are tried
    return {"best": round(2**place, 3), "bend": round(float(random.uniform(0.2, 0.5)), 2)}


def _valley(best: Any, bend: Any) -> np.ndarray:
    """Loss of 3 seeds against RATES, each a parabola in the logarithms.

    Their sizes, bends and optima differ; the mean of their logarithms is a parabola with its lowest point at `best`.
    """
    bends, shifts = bend * np.array([0.5, 1.0, 1.5]), np.array([-0.6, -0.15, 0.3])
    away = np.log(RATES / best)[:, None] - shifts
    return 0.01 * np.array([0.5, 1.0, 4.0]) * np.exp(bends * away**2)


def _tried(rates: np.ndarray, losses: np.ndarray) -> Any:
    return rates[np.argmin(np.log(losses).mean(axis=1))]


def _bottom(rates: np.ndarray, losses: np.ndarray) -> Any:
    loss = np.log(losses).mean(axis=1)
    best = int(np.argmin(loss))
    near = slice(max(best - 1, 0), best + 2)
    if len(loss[near]) < 3 or not np.isfinite(loss[near]).all():
        return rates[best]
    bend, slope, _ = np.polyfit(np.log(rates[near] / rates[best]), loss[near], 2)
    return rates[best] * np.exp(-slope / (2 * bend))


def _found(answer: Any, best: Any, bend: Any) -> np.ndarray:
    """In the valley; and, once that is right, where every rate above the best diverges."""
    what, valley = "The learning rate that your function returns", _valley(best, bend)
    found = called([(RATES, valley)], what=what)(answer)
    if not is_close(found, best, 1e-4):
        return np.array([found[0], np.nan])
    cliff = np.where((_tried(RATES, valley) < RATES)[:, None], np.inf, valley)
    return np.append(found, called([(RATES, cliff)], what=what)(answer))


VALLEY = (0,)

exercise(
    "parameterizations.optimum",
    2,
    Function(_found),
    book={"best": 0.11, "bend": 0.3},
    draw=_place,
    right=lambda **_: _bottom,
    slips={
        "tried": Slip(
            lambda **_: _tried,
            "That is one of the rates that were tried. The optimum lies between: where is the bottom?",
            about=VALLEY,
        ),
        "logarithm": Slip(
            lambda **_: lambda rates, losses: np.log(_bottom(rates, losses)),
            "That is the logarithm of the optimum.",
            about=VALLEY,
        ),
        "one seed": Slip(
            lambda **_: lambda rates, losses: _bottom(rates, losses[:, :1]),
            "Your function looks at one seed only. Average the log loss over seeds first.",
            about=VALLEY,
        ),
    },
    otherwise=lambda found, best, bend: (
        "Now every rate above the best diverges, with infinite loss. Then the best of those tried must do."
        if is_close(found[0], best, 1e-4)
        else "Through the best rate and its two neighbours: a parabola in ln(rate) for the mean of the log losses."
    ),
    praise="Near its optimum a loss is a parabola in ln(eta): three points give it, more finely than the grid.",
    tolerance=1e-4,  # the parabola is exact; other means of the losses are 10 % off and more
)

exercise(
    "parameterizations.drift",
    1,
    Number("The learning rate"),
    book={"width": 128, "wide": 2048, "rate": 0.04},
    draw=lambda random: {
        "width": (width := int(random.choice([64, 128, 256]))),
        "wide": int(random.choice([4, 8, 16])) * width,
        "rate": round(float(random.uniform(0.02, 0.09)), 3),
    },
    right=lambda width, wide, rate: rate * width / wide,
    slips={
        "kept": Slip(
            lambda width, wide, rate: rate,
            "In muP it would stay. Which power of N moves the output in a step of the standard network?",
        ),
        "root": Slip(
            lambda width, wide, rate: rate * (width / wide) ** 0.5,
            "That keeps the change of the hidden layers in size. The output's change grows faster.",
        ),
        "upside down": Slip(
            lambda width, wide, rate: rate * wide / width,
            "Upside down: the wider standard network stands less.",
        ),
    },
    otherwise="Look up the change of f in the table of exponents, and undo its power of N.",
    praise="So counting tells where the valley goes. At small widths it is not there yet: measure.",
)
