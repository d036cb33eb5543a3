"""Checks of "Beyond glasses"."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...primer import exact, theory
from ..core import Exercise, Parameters, Wrong, as_number, is_close, register


def _draw_gain(random: np.random.Generator | None) -> Parameters:
    return {"horizon": 10.0 if random is None else float(random.integers(4, 25))}


def _check_gain(answer: Any, drawn: Parameters) -> str:
    gain = as_number(answer, "The gain")
    if gain <= 1:
        raise Wrong("At g <= 1 all activity dies out, and nearby states come together.")
    if gain > 10:
        raise Wrong("The theory of this page goes to g = 10, and the answer is far below.")
    if is_close(gain, 1 + 1 / drawn["horizon"], 1e-3):
        raise Wrong("g - 1 is how fast the silent state is left. Chaos is measured along the path: much slower.")
    rate = float(theory.tanh_network(gain, [0.0]).lyapunov)
    if not is_close(rate, 1 / drawn["horizon"], 0.02):
        way = "too fast" if rate > 1 / drawn["horizon"] else "too slowly"
        raise Wrong(f"With this gain two states part {way}. Vary the gain until the exponent is 1 / horizon.")
    return "After a few such times the network has forgotten how it began, though no noise drives it."


register(Exercise("dmft_primer.gain", 2, _draw_gain, _check_gain))


def _draw_stop(random: np.random.Generator | None) -> Parameters:
    if random is None:
        return {"aspect": 0.8, "noise": 0.5}
    return {"aspect": round(float(random.uniform(0.5, 1.5)), 2), "noise": round(float(random.uniform(0.2, 0.9)), 2)}


def _check_stop(answer: Any, drawn: Parameters) -> str:
    time = as_number(answer, "The time")
    if time <= 0:
        raise Wrong("The time should be positive.")
    times = np.logspace(-1, 3, 2001)
    path = np.asarray(exact.regression_flow(times, **drawn).test)
    here = float(exact.regression_flow([time], **drawn).test[0])
    best = times[path.argmin()]
    train = np.asarray(exact.regression_flow(times, **drawn).train)
    if time >= 0.9 * times[train.argmin()] and here > 1.02 * path.min():
        raise Wrong("Here the train loss is lowest. The test loss turned long before.")
    if is_close(time * 0.1, best, 0.05):
        raise Wrong("That many steps of 0.1? Time is the learning rate times the number of steps.")
    if not is_close(time, best, 0.05):
        raise Wrong("Still falling: train for longer." if time < best else "Past the lowest point: stop earlier.")
    return "Later the noise of the labels is fitted, along directions that the data hardly show."


register(Exercise("dmft_primer.stop", 1, _draw_stop, _check_stop))
