"""Checks of "The kernel limit"."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core import Exercise, Parameters, Wrong, as_number, is_close, register


def _draw_angle(random: np.random.Generator | None) -> Parameters:
    return {"angle": 60 if random is None else int(random.choice([30, 40, 50, 70, 75, 100, 120, 130]))}


def _check_angle(answer: Any, drawn: Parameters) -> str:
    found, theta = as_number(answer, "The kernel"), np.radians(drawn["angle"])
    slopes = (np.pi - theta) / (2 * np.pi)
    features, inputs = np.sin(theta) / (2 * np.pi) + slopes * np.cos(theta), np.cos(theta)
    true = features + slopes * inputs
    degrees = drawn["angle"]
    if is_close(found, np.sin(degrees) / (2 * np.pi) + (np.pi - degrees) / np.pi * np.cos(degrees)):
        raise Wrong("The angle is in degrees; sin, cos and pi - theta want radians.")
    if is_close(found, features):
        raise Wrong("That is what the readout learns. The weights of the hidden layer are trained as well.")
    if is_close(found, slopes * inputs):
        raise Wrong("That is what the hidden layer learns. The readout is trained as well.")
    if is_close(found, features + slopes):
        raise Wrong("How much the hidden layer matters is right; but it sees the inputs, and their product is not 1.")
    if is_close(found, features + inputs):
        raise Wrong("The hidden layer learns only where both inputs switch a neuron on: that probability is missing.")
    if is_close(found, 2 * true):
        raise Wrong("Twice too large: the ReLU here has no factor of its own, so half of the power is lost.")
    if not is_close(found, true):
        raise Wrong("Add what each of the two layers contributes: what it sees, times how much it matters.")
    return "At angle zero this is 1: the two layers have equal shares there, and nowhere else."


register(Exercise("lazy_rich.angle", 1, _draw_angle, _check_angle))


def _draw_left(random: np.random.Generator | None) -> Parameters:
    if random is None:
        return {"samples": 20, "eigenvalues": [8.0, 2.0, 0.5], "power": [6.0, 3.0, 1.0], "rate": 0.5, "steps": 15}
    return {
        "samples": int(random.choice([16, 25, 40])),
        "eigenvalues": [float(random.integers(6, 11)), float(random.integers(2, 5)), float(random.choice([0.3, 0.6]))],
        "power": [round(float(size), 1) for size in random.uniform(1, 9, 3)],
        "rate": float(random.choice([0.5, 1.0])),
        "steps": int(random.integers(8, 16)),
    }


def _check_left(answer: Any, drawn: Parameters) -> str:
    found, count, steps = as_number(answer, "The loss"), drawn["samples"], drawn["steps"]
    power, rates = np.array(drawn["power"]), drawn["rate"] * np.array(drawn["eigenvalues"])

    def loss(moved: np.ndarray, times: int) -> float:
        return float(power @ np.abs(1 - moved) ** times) / (2 * count)

    slips = {
        "The errors shrink like this. The loss is made of their squares.": loss(rates / count, steps),
        "The gradient of a mean over the inputs: each step is smaller than that.": loss(rates, 2 * steps),
        "That is gradient flow. Steps of this size are not small: count them one by one.": float(
            power @ np.exp(-2 * rates * steps / count)
        )
        / (2 * count),
        "The sum over the inputs; the loss is their mean.": loss(rates / count, 2 * steps) * count,
        "Twice the loss: mind the half in front.": loss(rates / count, 2 * steps) * 2,
    }
    if not is_close(found, loss(rates / count, 2 * steps), 1e-4):
        for words, slip in slips.items():
            if is_close(found, slip, 1e-4):
                raise Wrong(words)
        raise Wrong("What is left of y along each eigenvector after one step? After all of them? Then add the squares.")
    return (
        "Almost all of it is in the slowest mode by now, although the task had the least there at the start."
        if (loss_share(power, rates / count, steps) > 0.9)
        else "Each mode shrinks at its own pace; what is left at late times lies in the slow ones."
    )


def loss_share(power: np.ndarray, moved: np.ndarray, steps: int) -> float:
    """How much of the loss is in the last mode."""
    left = power * (1 - moved) ** (2 * steps)
    return float(left[-1] / left.sum())


register(Exercise("lazy_rich.left", 1, _draw_left, _check_left))
