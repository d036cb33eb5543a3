"""Checks of "Power law in, power law out"."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import fits
from ..core import Exercise, Parameters, Wrong, as_numbers, is_close, register


def _draw_fit_predict(random: np.random.Generator | None) -> Parameters:
    chosen = np.random.default_rng(0) if random is None else random
    a, b = (1.5, 1.3) if random is None else (chosen.uniform(1.3, 1.9), chosen.uniform(1.1, 1.7))
    k = np.arange(1, 301)
    scatter = np.exp(0.3 * chosen.normal(size=(2, k.size)))
    eigenvalues = np.sort(k**-b * scatter[0] ** 0.3)[::-1]
    return {"eigenvalues": eigenvalues.tolist(), "task_power": (k**-a * scatter[1]).tolist()}


def _check_fit_predict(answer: Any, drawn: Parameters) -> str:
    time, data, width = as_numbers(answer, 3, "The exponents of time, data and width")
    if min(time, data, width) < 0:
        raise Wrong("Give the exponents as positive numbers: the loss falls as resource to the minus exponent.")
    power = np.asarray(drawn["task_power"])
    k = np.arange(1, power.size + 1)
    b = fits.power_law(k, drawn["eigenvalues"], between=(10, 100)).exponent
    hard = fits.power_law(k, np.cumsum(power[::-1])[::-1], between=(10, 100)).exponent
    if is_close(data, fits.power_law(k, power, between=(10, 100)).exponent, 0.03):
        raise Wrong("Data: this is the exponent of single terms. The loss is what lies behind mode k: fit the sum.")
    plain = -np.polyfit(np.log(k[9:100]), np.log(np.cumsum(power[::-1])[::-1][9:100]), 1)[0]
    if is_close(data, plain, 0.002) and not is_close(data, hard, 0.03):
        raise Wrong(
            "Data: mode numbers crowd at the upper end and decide this fit. `fits.power_law` weighs them evenly."
        )
    if not is_close(data, min(hard, 2 * b), 0.03):
        raise Wrong("Data: fit the tail sum of the task power over modes 10 to 100, ends included.")
    if is_close(time, hard, 0.03):
        raise Wrong("Time: the tail falls like this in k. How many modes are learned by time t?")
    if not is_close(time, hard / b, 0.03):
        raise Wrong("Time: divide by the exponent of the eigenvalues, fitted over the same modes.")
    if not is_close(width, min(hard, b), 0.03):
        raise Wrong("Width: for one network the smaller of a - 1 and b.")
    return "Two straight lines, three predictions. The spectrum ends at mode 300: expect them to hold well before that."


register(Exercise("bottlenecks.fit-predict", 3, _draw_fit_predict, _check_fit_predict))
