"""Checks of "Two times: C and R"."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...spinglass import SphericalGlass, theory
from ..core import SINGLE, Exercise, Parameters, Wrong, as_number, call, is_close, register


def _draw_energy(random: np.random.Generator | None) -> Parameters:
    if random is None:
        return {"a2": 0.3, "a3": 0.25}
    return {"a2": round(float(random.uniform(0.1, 0.6)), 2), "a3": round(float(random.uniform(0.2, 0.6)), 2)}


def _check_energy(answer: Any, drawn: Parameters) -> str:
    a2, a3, h = drawn["a2"], drawn["a3"], 0.1
    bath = theory.descent(SphericalGlass({2: a2, 3: a3}, 0.3), 20, h)
    c, r = np.asarray(bath.correlation[-1]), np.asarray(bath.response[-1])
    found = as_number(call(answer, c, r, h), "The energy that your function returns")
    f, f1 = a2 * c**2 + a3 * c**3, 2 * a2 * c + 3 * a3 * c**2
    true = -h * np.sum(f1 * r)
    if is_close(found, true, SINGLE):
        return "No spin was needed: how the system answered the past, times how alike it still is to that past."
    if is_close(found, -h * np.trapezoid(f1 * r), SINGLE):
        raise Wrong("The trapezoid rule belongs to `flow`. `descent` is a plain sum of steps, exactly.")
    if is_close(found, -true):
        raise Wrong("The size is right. Does the glass gain energy as it relaxes, or lose it?")
    if is_close(found, true / h):
        raise Wrong("The integral over time is a sum of steps, and each step is h long.")
    if is_close(found, -h * np.sum(f * r)):
        raise Wrong("This uses f. The couplings are met through the force they exert: once differentiated.")
    if is_close(found, -h * np.sum((2 * a2 + 6 * a3 * c) * r)):
        raise Wrong("This uses f'', which belongs to the memory. The energy has f'.")
    raise Wrong("Write the integral of f'(C) R over earlier times as a sum over the entries of the two rows.")


register(Exercise("dmft_primer.energy", 2, _draw_energy, _check_energy))


def _draw_spike(random: np.random.Generator | None) -> Parameters:
    if random is None:
        return {"spike": 2.5, "temperature": 0.8}
    spike, temperature = float(random.uniform(2.0, 3.0)), float(random.uniform(0.6, 0.9))  # T > 1 / kappa: no two slips
    return {"spike": round(spike, 1), "temperature": round(temperature, 2)}  # give one number


def _check_spike(answer: Any, drawn: Parameters) -> str:
    square = as_number(answer, "The square of the overlap")
    kappa, cold = drawn["spike"], 1 - drawn["spike"] ** -2
    true = (1 - drawn["temperature"] / kappa) * cold
    if not 0 <= square <= 1:
        raise Wrong("A squared overlap is between 0 and 1.")
    if is_close(square, true**0.5, 0.02):
        raise Wrong("This is the overlap itself; the question is for its square.")
    if is_close(square, cold, 0.005):
        raise Wrong("This is what the spike reaches at zero temperature. Noise costs something.")
    if 1.02 * true < square < 1.15 * true:
        raise Wrong("A little high, as `descent` is at T > 0, where its steady state depends on the step. Use `flow`.")
    if not is_close(square, true, 0.02):
        raise Wrong("Run `theory.flow` with a spike from a start with some overlap, until the overlap stops changing.")
    return "It is (1 - T/kappa)(1 - 1/kappa^2): what noise leaves, times what the couplings leave."


register(Exercise("dmft_primer.spike", 1, _draw_spike, _check_spike))
