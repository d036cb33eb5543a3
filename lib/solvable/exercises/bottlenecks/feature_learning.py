"""Checks of "Feature learning changes the exponent"."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...linear_model import theory
from ...spectra import Spectrum
from ..core import Exercise, Parameters, Wrong, as_number, as_numbers, is_close, register


def _draw_rich_exponents(random: np.random.Generator | None) -> Parameters:
    if random is None:
        return {"a": 1.6, "b": 1.5}
    b = round(float(random.uniform(1.2, 2.0)), 1)
    beta = float(random.choice([random.uniform(0.3, 0.8), random.uniform(1.3, 1.8)]))
    return {"a": round(1 + beta * b, 1), "b": b}


def _check_rich_exponents(answer: Any, drawn: Parameters) -> str:
    lazy, rich = as_numbers(answer, 2, "The lazy and the rich exponent")
    if min(lazy, rich) < 0:
        raise Wrong("Give both as positive numbers.")
    beta = (drawn["a"] - 1) / drawn["b"]
    gained = max(beta, 2 * beta / (1 + beta))
    if not is_close(lazy, beta):
        if is_close(lazy, gained) and is_close(rich, beta):
            raise Wrong("The two are in the wrong order: first lazy, then rich.")
        raise Wrong("Lazy: the exponent of time on fixed features, as in `three_bottlenecks`.")
    if not is_close(rich, gained):
        if beta > 1 and is_close(rich, 2 * beta / (1 + beta)):
            raise Wrong("Rich: on this task the weights have a finite length, and the kernel stops growing.")
        raise Wrong("Rich: is the task hard? Then the kernel grows with the length of what has been learned.")
    if beta > 1:
        return "On this task both are the same: rich training is faster by a factor, and no more."
    return "Hard tasks gain most: a beta near 0 is doubled."


register(Exercise("bottlenecks.rich-exponents", 2, _draw_rich_exponents, _check_rich_exponents))


def _draw_sooner(random: np.random.Generator | None) -> Parameters:
    fixed: Parameters = {"b": 1.5, "modes": 2000, "time": 1000.0}
    if random is None:
        return fixed | {"a": 1.6, "richness": 5.0}
    a, richness = round(float(random.uniform(1.4, 2.0)), 1), round(float(random.uniform(2, 12)), 1)
    return fixed | {"a": a, "richness": richness}


def _check_sooner(answer: Any, drawn: Parameters) -> str:
    factor = as_number(answer, "The factor")
    if factor <= 1:
        raise Wrong("The rich network is the faster one: divide the lazy time by the rich one.")
    spectrum = Spectrum.power_law(a=drawn["a"], b=drawn["b"], modes=drawn["modes"])
    goal = float(theory.gradient_flow(spectrum, [drawn["time"]]).test[0])
    both = theory.feature_learning(spectrum, [drawn["time"] / factor, drawn["time"]], richness=drawn["richness"]).test
    reached, late = (float(x) for x in both)
    if is_close(factor, goal / late):
        raise Wrong("This compares the losses at one time. Compare the times at one loss.")
    if not is_close(reached, goal, 0.01):
        way = "has not yet reached" if reached > goal else "is already below"
        raise Wrong(f"After 1/{factor:.3g} of the time the rich network {way} that loss.")
    return "Ask for the same at ten times the time: on a hard task the factor grows."


register(Exercise("bottlenecks.sooner", 2, _draw_sooner, _check_sooner))
