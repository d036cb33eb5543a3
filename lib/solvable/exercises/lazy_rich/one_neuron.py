"""Checks of "From neurons to one neuron"."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core import (
    SINGLE,
    Exercise,
    Parameters,
    Wrong,
    apart,
    as_number,
    as_numbers,
    call,
    chosen,
    is_close,
    register,
)


def _draw_step(random: np.random.Generator | None) -> Parameters:
    if random is None:
        return {"overlap": 0.4, "learning_rate": 0.2, "richness": 1.5}
    return {
        "overlap": round(float(random.uniform(0.2, 0.7)), 2),
        "learning_rate": round(float(random.uniform(0.1, 0.4)), 2),
        "richness": float(random.choice([0.5, 0.6, 0.7, 1.4, 1.6, 1.8, 2.0])),  # not near 1
    }


def _check_step(answer: Any, drawn: Parameters) -> str:
    gram = np.array([[1, drawn["overlap"]], [drawn["overlap"], 1]])
    rate = drawn["learning_rate"] * drawn["richness"]
    for h, z, delta in (([0.3, -1.2], 0.8, [0.7, -0.4]), ([2.0, -0.3], -1.1, [0.2, 0.9])):
        h, delta = np.array(h), np.array(delta)
        slope, value = 1 - np.tanh(h) ** 2, np.tanh(h)
        found_h, found_z = _pair(answer, h, z, delta)
        change, moved, turned = found_h - h, rate * gram @ (delta * slope * z), rate * delta @ value
        slips = {
            "h moves on both inputs for an error on one: the inputs' overlap is missing.": rate * delta * slope * z,
            "A saturated neuron cannot move: the slope of tanh is missing.": rate * gram @ (delta * z),
            "The slope belongs to the input with the error, under the sum, not to the one that is moved.": rate
            * slope
            * (gram @ (delta * z)),
            "Uphill: a positive error y - f should pull f up.": -moved,
            "The rate of a neuron is eta times the richness.": moved / drawn["richness"],
        }
        if not is_close(change, moved, SINGLE):
            for words, slip in slips.items():
                if is_close(change, slip, SINGLE):
                    raise Wrong(words)
            raise Wrong("h is not right. Go through the first line of the equation, factor by factor.")
        if not is_close(found_z - z, turned, SINGLE):
            if is_close(found_z - z, rate * delta @ np.tanh(h + moved), SINGLE):
                raise Wrong("z was moved with the new h. Both move at once, from the old values.")
            raise Wrong("h is right, z is not: it sums error times activation, and no slope.")
    return "That line, averaged over neurons, is a whole network. Everything else is bookkeeping."


def _pair(answer: Any, h: np.ndarray, z: float, delta: np.ndarray) -> tuple[np.ndarray, float]:
    found = call(answer, h, z, delta)
    if not (isinstance(found, tuple | list) and len(found) == 2):
        raise Wrong("Your function should return two things: h after the step, and z after it.")
    after = as_numbers(found[0], 2, "The h that your function returns")
    return after, as_number(found[1], "The z that your function returns")


register(Exercise("lazy_rich.step", 2, _draw_step, _check_step))


def _draw_balance(random: np.random.Generator | None) -> Parameters:
    if random is None:
        return {"gram": 2.0, "start": 0.4, "readout_start": 0.5, "end": 1.6}
    ranges = {"gram": (1.5, 3.0), "start": (0.2, 0.6), "readout_start": (0.3, 0.8), "end": (1.2, 2.2)}
    return apart(
        lambda: {name: round(float(random.uniform(*ends)), 1) for name, ends in ranges.items()},
        lambda drawn: _balances(drawn).values(),
    )


def _balances(drawn: Parameters) -> dict[str, float]:
    """What is said of an answer -> that answer; the right one first."""
    q, first, last, z = (drawn[name] for name in ("gram", "start", "end", "readout_start"))
    gain = last**2 - first**2
    return {
        "Every neuron has a hyperbola of its own, and the error only says how fast it moves along it.": (
            z**2 + gain / q
        )
        ** 0.5,
        "h moves q times as fast as it would for q = 1. Where does q enter what is kept?": (z**2 + gain) ** 0.5,
        "q stands on the wrong side: h is the fast one of the two.": (z**2 + gain * q) ** 0.5,
        "This is its square.": z**2 + gain / q,
        "The velocities are not proportional: each is proportional to the other variable.": z + (last - first) / q,
        "If z stayed, the neuron could only be lazy. Both move.": z,
    }


def _check_balance(answer: Any, drawn: Parameters) -> str:
    return chosen(
        as_number(answer, "The readout weight"),
        _balances(drawn),
        "Multiply one equation by h and the other by z, and compare the right-hand sides.",
    )


register(Exercise("lazy_rich.balance", 1, _draw_balance, _check_balance))
