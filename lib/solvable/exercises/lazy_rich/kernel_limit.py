"""Exercises of "The kernel limit"."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core import Number, Parameters, Slip, exercise


def _parts(theta: Any) -> tuple[float, float, float]:
    """The kernels of features, of slopes, and of inputs."""
    slopes = (np.pi - theta) / (2 * np.pi)
    return np.sin(theta) / (2 * np.pi) + slopes * np.cos(theta), slopes, np.cos(theta)


def _kernel(theta: Any) -> float:
    features, slopes, inputs = _parts(theta)
    return float(features + slopes * inputs)


def _half_in_degrees(angle: Any) -> float:
    """Degrees in sine and cosine alone."""
    return np.sin(angle) / (2 * np.pi) + 2 * _parts(np.radians(angle))[1] * np.cos(angle)


DEGREES = "The angle is in degrees; sin, cos and pi - theta want radians."

exercise(
    "lazy_rich.angle",
    1,
    Number("The kernel"),
    book={"angle": 60},
    draw={"angle": (20, 105, 1)},
    apart=True,
    right=lambda angle: _kernel(np.radians(angle)),
    slips={
        "degrees": Slip(lambda angle: _kernel(angle), DEGREES),
        "half in degrees": Slip(_half_in_degrees, f"{DEGREES} Here only the last of them has them."),
        "readout alone": Slip(
            lambda angle: _parts(np.radians(angle))[0],
            "That is what the readout learns. The weights of the hidden layer are trained as well.",
        ),
        "hidden layer alone": Slip(
            lambda angle: _parts(np.radians(angle))[1] * _parts(np.radians(angle))[2],
            "That is what the hidden layer learns. The readout is trained as well.",
        ),
        "no inputs": Slip(
            lambda angle: sum(_parts(np.radians(angle))[:2]),
            "How much the hidden layer matters is right; but it sees the inputs, and their product is not 1.",
        ),
        "no slopes": Slip(
            lambda angle: sum(_parts(np.radians(angle))[::2]),
            "The hidden layer learns only where both inputs switch a neuron on: that probability is missing.",
        ),
        "doubled": Slip(
            lambda angle: 2 * _kernel(np.radians(angle)),
            "Twice too large: the ReLU here has no factor of its own, so half of the power is lost.",
        ),
    },
    otherwise="Add what each of the two layers contributes: what it sees, times how much it matters.",
    praise="At angle zero this is 1: the two layers have equal shares there, and nowhere else.",
)


def _modes(random: np.random.Generator) -> Parameters:
    """With steps that are large enough: three digits tell them from a flow."""
    return {
        "samples": int(random.choice([12, 16, 20])),
        "eigenvalues": [
            float(random.integers(6, 11)),
            float(random.integers(2, 5)),
            float(random.choice([0.6, 1.2])),
        ],
        "power": [round(float(size), 1) for size in random.uniform(1, 9, 3)],
        "rate": float(random.choice([0.8, 1.0])),
        "steps": int(random.integers(8, 16)),
    }


def _loss(samples: Any, power: list[float], stays: np.ndarray, times: Any) -> float:
    return float(np.array(power) @ np.abs(stays) ** times) / (2 * samples)


def _left(samples: Any, eigenvalues: list[float], power: list[float], rate: Any, steps: Any) -> float:
    return _loss(samples, power, 1 - rate * np.array(eigenvalues) / samples, 2 * steps)


exercise(
    "lazy_rich.left",
    1,
    Number("The loss"),
    book={"samples": 20, "eigenvalues": [8.0, 2.0, 0.5], "power": [6.0, 3.0, 1.0], "rate": 0.5, "steps": 15},
    draw=_modes,
    apart=True,
    right=_left,
    slips={
        "not squared": Slip(
            lambda samples, eigenvalues, power, rate, steps: _loss(
                samples, power, 1 - rate * np.array(eigenvalues) / samples, steps
            ),
            "The errors shrink like this. The loss is made of their squares.",
        ),
        "no mean in the step": Slip(
            lambda samples, eigenvalues, power, rate, steps: _loss(
                samples, power, 1 - rate * np.array(eigenvalues), 2 * steps
            ),
            "The gradient of a mean over the inputs: each step is smaller than that.",
        ),
        "flow": Slip(
            lambda samples, eigenvalues, power, rate, steps: _loss(
                samples, power, np.exp(-rate * np.array(eigenvalues) / samples), 2 * steps
            ),
            "That is gradient flow. Steps of this size are not small: count them one by one.",
        ),
        "sum": Slip(lambda **p: _left(**p) * p["samples"], "The sum over the inputs; the loss is their mean."),
        "no half": Slip(lambda **p: 2 * _left(**p), "Twice the loss: mind the half in front."),
    },
    otherwise="What is left of y along each eigenvector after one step? After all of them? Then add the squares.",
    praise="Each mode shrinks at its own pace; what is left at late times lies in the slow ones.",
    tolerance=5e-3,  # three digits
)
