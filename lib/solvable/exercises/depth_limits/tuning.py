"""Exercises of "Two limits of depth, and tuning once for all depths"."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core import Number, Numbers, Slip, exercise, is_close


def _other_rates(found: np.ndarray, alpha: Any) -> str:
    if abs(found[0] - (2 * alpha - 1)) < 0.01:
        return "The first is right. Adam's step does not depend on the gradient's size: how often does 1/L^alpha count?"
    if abs(found[1] - (alpha - 1)) < 0.01:
        return "The second is right. A gradient has the strength of its branch in it: how often does 1/L^alpha count?"
    return "L layers move the stream together, each by its strength, its step and its rate. How large is a step?"


exercise(
    "depth_limits.branch_rates",
    1,
    Numbers("The answer", ("x", "y")),
    book={"alpha": 0.8},
    draw={"alpha": (0.55, 1.4, 2)},
    apart=True,
    right=lambda alpha: [2 * alpha - 1, alpha - 1],
    slips={
        "x upside down": Slip(
            lambda alpha: [1 - 2 * alpha, None],
            "With plain rates the stream moves by L^(1 - 2 alpha). The rates have to make up for it.",
        ),
        "y upside down": Slip(
            lambda alpha: [None, 1 - alpha],
            "With plain rates Adam moves the stream by L^(1 - alpha). The rates have to make up for it.",
        ),
        "one layer alone, x": Slip(
            lambda alpha: [2 * alpha, None], "So each layer would move by order one. There are L of them, all one way."
        ),
        "one layer alone, y": Slip(
            lambda alpha: [None, alpha], "So each of Adam's layers would move by order one. There are L, all one way."
        ),
        "layers as noise, x": Slip(
            lambda alpha: [2 * alpha - 0.5, None],
            "What layers learn adds up like numbers of one sign, to L and not to its root.",
        ),
        "layers as noise, y": Slip(
            lambda alpha: [None, alpha - 0.5],
            "What Adam's layers learn adds up like numbers of one sign, to L and not to its root.",
        ),
        "SGD like Adam": Slip(
            lambda alpha: [alpha - 1, None], "So it is for Adam. A gradient has the strength of its branch in it, too."
        ),
        "Adam like SGD": Slip(
            lambda alpha: [None, 2 * alpha - 1], "So it is with gradients. Adam divides their size out."
        ),
    },
    otherwise=_other_rates,
    praise="With these rates the power decides only how much of the noise is left.",
    absolute=0.005,
    tolerance=0.0,
)


def _steps(learning_rate: Any, branch: Any) -> list[float]:
    grown = float(learning_rate * np.exp(branch**2))
    return [(2 + branch**2) * grown, 2 * grown]


def _other_step(found: np.ndarray, **drawn: Any) -> str:
    true, without = _steps(**drawn)
    if is_close(found[0], true):
        return "The first is right. Without the echo a gradient's mean product with the readout stands in place of G."
    if is_close(found[1], without):
        return "The second is right. What does the gradient's own kernel, G, add?"
    return "Put b^2 = beta^2 / L into both kernels of the page, and let L grow."


exercise(
    "depth_limits.first_step",
    1,
    Numbers("The answer", ("with the echo", "without"), "One step from zero goes towards the target, which is 1."),
    book={"branch": 1.2, "learning_rate": 0.01},
    draw={"branch": (0.8, 1.5, 2), "learning_rate": (0.004, 0.02, 3)},
    apart=True,
    right=_steps,
    slips={
        "no rate": Slip(
            lambda learning_rate, branch: _steps(1.0, branch), "These are the kernels. A step has a learning rate."
        ),
        "smooth flow": Slip(
            lambda learning_rate, branch: [learning_rate * (2 + branch**2), None],
            "So it is for alpha = 1, where branches have no noise to grow by. Here it is 1/2.",
        ),
        "one layer": Slip(
            lambda learning_rate, branch: [learning_rate * (2 + 3 * branch**2), None],
            "This is the step of a single branch. Let their number grow.",
        ),
        "half of the noise": Slip(
            lambda learning_rate, branch: [learning_rate * (2 + branch**2) * float(np.exp(branch**2 / 2)), None],
            "Half of the square would be left by a ReLU. This network is linear.",
        ),
        "no echo in the first": Slip(
            lambda learning_rate, branch: [_steps(learning_rate, branch)[1], None],
            "This is the step without the echo. Its own kernel of gradients makes the true one larger.",
        ),
        "last layer alone": Slip(
            lambda learning_rate, branch: [None, _steps(learning_rate, branch)[1] / 2],
            "So much the last layer gives. What goes up from the layers below is still learned without an echo.",
        ),
        "echo in the second": Slip(
            lambda learning_rate, branch: [None, _steps(learning_rate, branch)[0]],
            "With the kernel of gradients in it this is the true step.",
        ),
    },
    otherwise=_other_step,
    praise="The ratio is 1 + beta^2 / 2. Strong branches owe most of their learning to what gradients remember.",
)


def _forgotten(branch: Any, share: Any) -> int:
    """The first depth, of ten times as many as first order asks for."""
    layers = np.arange(1.0, 10 + 5 * branch**2 / share)
    square = (branch / layers) ** 2
    grown = np.exp(layers * np.log1p(square))
    true, without = grown * (2 + branch**2 / (1 + square)), 1 + grown + layers * (grown - 1)
    return 1 + int(np.argmax(1 - without / true < share))


exercise(
    "depth_limits.forgotten",
    2,
    Number("The depth", above=0, outside="A depth is a positive whole number."),
    book={"branch": 1.5, "share": 0.02},
    draw={"branch": (1.2, 2.0, 2), "share": (0.01, 0.03, 3)},
    apart=True,
    right=_forgotten,
    slips={
        "first order": Slip(
            lambda branch, share: int(np.ceil(branch**2 / (2 * share))),
            "The share is beta^2 / 2L to first order only. That is close: take the whole formula from there.",
        ),
        "twice": Slip(
            lambda branch, share: int(np.ceil(branch**2 / share)),
            "A factor of 2 is missing. Expand both kernels in 1/L.",
        ),
        "no square": Slip(
            lambda branch, share: int(np.ceil(branch / (2 * share))), "The echo comes with the square of the strength."
        ),
        "one layer less": Slip(
            lambda branch, share: _forgotten(branch, share) - 1, "One layer less, and it is still more than that share."
        ),
        "one layer more": Slip(
            lambda branch, share: _forgotten(branch, share) + 1, "It is less than that share a layer earlier already."
        ),
    },
    otherwise=("There more than that is still lost.", "It is less than that share long before."),
    praise="Without the noise of branches, an echo is a correction of finite depth. At 1/2 no depth would do.",
    tolerance=1e-9,
)
