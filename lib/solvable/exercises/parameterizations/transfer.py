"""Checks of "Hyperparameters that transfer"."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core import Exercise, Parameters, Wrong, as_number, call, chosen, is_close, register

RATES = 2.0 ** np.arange(-6, 2)


def _draw_optimum(random: np.random.Generator | None) -> Parameters:
    if random is None:
        return {"best": 0.11, "bend": 0.3}
    place = float(random.integers(-4, -1)) + float(random.uniform(0.2, 0.8))  # between two rates that are tried
    return {"best": round(2**place, 3), "bend": round(float(random.uniform(0.2, 0.5)), 2)}


def _valley(best: float, bend: float, cliff: float = np.inf) -> np.ndarray:
    """Loss of 3 seeds against RATES, each a parabola in the logarithms; beyond a cliff, infinite.

    Their sizes, bends and optima differ; the mean of their logarithms is a parabola with its lowest point at `best`.
    """
    bends, shifts = bend * np.array([0.5, 1.0, 1.5]), np.array([-0.6, -0.15, 0.3])
    away = np.log(RATES / best)[:, None] - shifts
    loss = 0.01 * np.array([0.5, 1.0, 4.0]) * np.exp(bends * away**2)
    loss[cliff < RATES] = np.inf
    return loss


def _check_optimum(answer: Any, drawn: Parameters) -> str:
    def ask(losses: np.ndarray) -> float:
        return as_number(call(answer, RATES, losses), "The learning rate that your function returns")

    best, losses = drawn["best"], _valley(**drawn)
    tried = RATES[np.argmin(np.log(losses).mean(axis=1))]
    found = ask(losses)
    if not is_close(found, best, 1e-4):  # the parabola is exact; other means of the losses are 10 % off and more
        if is_close(found, tried, 1e-9):
            raise Wrong("That is one of the rates that were tried. The optimum lies between: where is the bottom?")
        if is_close(found, np.log(best), 0.02):
            raise Wrong("That is the logarithm of the optimum.")
        if is_close(found, ask(losses[:, :1]), 1e-6):
            raise Wrong("Your function looks at one seed only. Average the log loss over seeds first.")
        raise Wrong(
            "Through the best rate and its two neighbours: a parabola in ln(rate) for the mean of the log losses."
        )
    cliff = 1.5 * tried
    found = ask(_valley(**drawn, cliff=cliff))
    if not is_close(found, RATES[cliff > RATES][-1], 1e-6):
        raise Wrong("Now every rate above the best diverges, with infinite loss. Then the best of those tried must do.")
    return "Near its optimum a loss is a parabola in ln(eta): three points give it, more finely than the grid."


register(Exercise("parameterizations.optimum", 2, _draw_optimum, _check_optimum))


def _draw_drift(random: np.random.Generator | None) -> Parameters:
    if random is None:
        return {"width": 128, "wide": 2048, "rate": 0.04}
    width, factor = int(random.choice([64, 128, 256])), int(random.choice([4, 8, 16]))
    return {"width": width, "wide": factor * width, "rate": round(float(random.uniform(0.02, 0.09)), 3)}


def _check_drift(answer: Any, drawn: Parameters) -> str:
    given, factor = drawn["rate"], drawn["wide"] / drawn["width"]
    said = {
        "So counting tells where the valley goes. At small widths it is not there yet: measure.": given / factor,
        "In muP it would stay. Which power of N moves the output in a step of the standard network?": given,
        "That keeps the change of the hidden layers in size. The output's change grows faster.": given / factor**0.5,
        "Upside down: the wider standard network stands less.": given * factor,
    }
    otherwise = "Look up the change of f in the table of exponents, and undo its power of N."
    return chosen(as_number(answer, "The learning rate"), said, otherwise)


register(Exercise("parameterizations.drift", 1, _draw_drift, _check_drift))
