"""Checks of "Networks on a circle"."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import zeta

from ..core import Exercise, Parameters, Wrong, as_number, as_numbers, chosen, is_close, register


def _draw_exponents(random: np.random.Generator | None) -> Parameters:
    if random is None:
        return {"q": 1.2, "q_phi": 1.5}
    return {"q": round(float(random.uniform(0.8, 1.3)), 2), "q_phi": float(random.choice([1.5, 2.0, 2.5]))}


def _check_exponents(answer: Any, drawn: Parameters) -> str:
    lazy, rich = as_numbers(answer, 2, "The lazy and the rich exponent")
    q, q_phi = drawn["q"], drawn["q_phi"]
    beta = (2 * q - 1) / (2 * q_phi)
    gained = 2 * beta / (1 + beta)
    if is_close(lazy, beta) and is_close(rich, gained):
        return "The smoother the activation, the slower the kernel, the harder the task, and the more there is to gain."
    if min(lazy, rich) < 0:
        raise Wrong("Give both as positive numbers.")
    if is_close(lazy, gained) and is_close(rich, beta):
        raise Wrong("The two are in the wrong order: first lazy, then rich.")
    if is_close(lazy, 2 * q / (2 * q_phi)):
        raise Wrong("The loss at time t is the sum of the power of all modes still to learn, not of the next one.")
    if is_close(lazy, (2 * q - 1) / 2) and q_phi != 1:
        raise Wrong("This is the exponent for ReLU. Here the kernel's eigenvalues fall faster.")
    if is_close(lazy, (2 * q - 1) / q_phi):
        raise Wrong("The eigenvalues fall with the power 2 q_phi of k, not q_phi.")
    if not is_close(lazy, beta):
        raise Wrong("Lazy: which modes are learned at time t, and how much power lies beyond them?")
    raise Wrong("Rich: put the lazy exponent into the law of the two-layer model; is the task hard?")


register(Exercise("bottlenecks.circle-exponents", 2, _draw_exponents, _check_exponents))


def _draw_unreachable(random: np.random.Generator | None) -> Parameters:
    return {"q": 0.9 if random is None else round(float(random.uniform(0.7, 1.1)), 2)}


def _check_unreachable(answer: Any, drawn: Parameters) -> str:
    share = as_number(answer, "The loss")
    q, whole = drawn["q"], zeta(2 * drawn["q"])
    odd = 1 - 4**-q
    said = {
        "No training helps, lazy or rich: this network cannot write these functions, at any width. A bias does, or a "
        "second layer.": odd - 1 / whole,
        "Mode 1 is odd, and the network has it: a linear function is a difference of two ReLUs.": odd,
        "These are the modes that the network does learn, or some of them.": 4**-q,
        "These are the modes that the network learns; the loss is what is left.": 4**-q + 1 / whole,
        "Divide by the power of the whole target.": (odd - 1 / whole) * whole,
    }
    return chosen(share, said, "Split the target into even and odd modes. Which odd function is a sum of ReLUs?")


register(Exercise("bottlenecks.unreachable", 2, _draw_unreachable, _check_unreachable))
