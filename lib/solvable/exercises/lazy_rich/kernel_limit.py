"""Checks of "The kernel limit"."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core import Exercise, Parameters, apart, as_number, chosen, register


def _draw_angle(random: np.random.Generator | None) -> Parameters:
    return {"angle": 60 if random is None else int(random.choice([30, 40, 50, 70, 75, 100, 120, 130]))}


def _check_angle(answer: Any, drawn: Parameters) -> str:
    def parts(theta: float) -> tuple[float, float, float]:
        slopes = (np.pi - theta) / (2 * np.pi)
        return np.sin(theta) / (2 * np.pi) + slopes * np.cos(theta), slopes, np.cos(theta)

    features, slopes, inputs = parts(np.radians(drawn["angle"]))
    true = features + slopes * inputs
    wrong, kept, turned = parts(float(drawn["angle"]))  # degrees, put into all three
    half = np.sin(drawn["angle"]) / (2 * np.pi) + 2 * slopes * turned  # into sine and cosine alone
    degrees = "The angle is in degrees; sin, cos and pi - theta want radians."
    said = {
        "At angle zero this is 1: the two layers have equal shares there, and nowhere else.": true,
        degrees: wrong + kept * turned,
        f"{degrees} Here only the last of them has them.": half,
        "That is what the readout learns. The weights of the hidden layer are trained as well.": features,
        "That is what the hidden layer learns. The readout is trained as well.": slopes * inputs,
        "How much the hidden layer matters is right; but it sees the inputs, and their product is not 1.": features
        + slopes,
        "The hidden layer learns only where both inputs switch a neuron on: that probability is missing.": features
        + inputs,
        "Twice too large: the ReLU here has no factor of its own, so half of the power is lost.": 2 * true,
    }
    otherwise = "Add what each of the two layers contributes: what it sees, times how much it matters."
    return chosen(as_number(answer, "The kernel"), said, otherwise)


register(Exercise("lazy_rich.angle", 1, _draw_angle, _check_angle))


def _draw_left(random: np.random.Generator | None) -> Parameters:
    if random is None:
        return {"samples": 20, "eigenvalues": [8.0, 2.0, 0.5], "power": [6.0, 3.0, 1.0], "rate": 0.5, "steps": 15}
    return apart(  # steps that are large enough: three digits tell them from a flow
        lambda: {
            "samples": int(random.choice([12, 16, 20])),
            "eigenvalues": [
                float(random.integers(6, 11)),
                float(random.integers(2, 5)),
                float(random.choice([0.6, 1.2])),
            ],
            "power": [round(float(size), 1) for size in random.uniform(1, 9, 3)],
            "rate": float(random.choice([0.8, 1.0])),
            "steps": int(random.integers(8, 16)),
        },
        lambda drawn: _losses(drawn).values(),
    )


def _losses(drawn: Parameters) -> dict[str, float]:
    """What is said of an answer -> that answer; the right one first."""
    count, steps, power = drawn["samples"], drawn["steps"], np.array(drawn["power"])
    rates = drawn["rate"] * np.array(drawn["eigenvalues"])

    def loss(stays: np.ndarray, times: int) -> float:
        return float(power @ np.abs(stays) ** times) / (2 * count)

    right = loss(1 - rates / count, 2 * steps)
    return {
        "Each mode shrinks at its own pace; what is left at late times lies in the slow ones.": right,
        "The errors shrink like this. The loss is made of their squares.": loss(1 - rates / count, steps),
        "The gradient of a mean over the inputs: each step is smaller than that.": loss(1 - rates, 2 * steps),
        "That is gradient flow. Steps of this size are not small: count them one by one.": loss(
            np.exp(-rates / count), 2 * steps
        ),
        "The sum over the inputs; the loss is their mean.": right * count,
        "Twice the loss: mind the half in front.": right * 2,
    }


def _check_left(answer: Any, drawn: Parameters) -> str:
    return chosen(
        as_number(answer, "The loss"),
        _losses(drawn),
        "What is left of y along each eigenvector after one step? After all of them? Then add the squares.",
        tolerance=5e-3,  # three digits
    )


register(Exercise("lazy_rich.left", 1, _draw_left, _check_left))
