"""Checks of "Networks on a circle"."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import zeta

from ..core import Exercise, Parameters, Wrong, apart, as_number, as_numbers, chosen, is_close, register


def _exponents(drawn: Parameters) -> tuple[float, ...]:
    """Beta and the rich law; then mode by mode, for ReLU, and with q_phi for 2 q_phi."""
    q, q_phi = drawn["q"], drawn["q_phi"]
    beta = (q - 0.5) / q_phi
    return beta, 2 * beta / (1 + beta), q / q_phi, q - 0.5, (2 * q - 1) / q_phi


def _draw_exponents(random: np.random.Generator | None) -> Parameters:
    if random is None:
        return {"q": 1.2, "q_phi": 1.5}

    def draw() -> Parameters:
        low, high = (0.8, 1.3) if random.uniform() < 0.7 else (2.4, 2.8)
        return {"q": round(float(random.uniform(low, high)), 2), "q_phi": float(random.choice([1.5, 1.75]))}

    return apart(draw, _exponents, each=True)


def _check_exponents(answer: Any, drawn: Parameters) -> str:
    lazy, rich = as_numbers(answer, 2, "The lazy and the rich exponent")
    beta, law, mode_by_mode, relu, doubled = _exponents(drawn)
    gained = max(beta, law)
    if is_close(lazy, beta) and is_close(rich, gained):
        if beta > 1:
            return "An easy task, although the kernel is slow: rich training is faster by a factor, and no more."
        return "The smoother the activation, the harder the task, and the larger the factor 2 / (1 + beta) gained."
    if min(lazy, rich) < 0:
        raise Wrong("Give both as positive numbers.")
    if beta < 1 and is_close(lazy, gained) and is_close(rich, beta):
        raise Wrong("The two are in the wrong order: first lazy, then rich.")
    if is_close(lazy, mode_by_mode):
        raise Wrong("The loss at time t is the sum of the power of all modes still to learn, not of the next one.")
    if is_close(lazy, relu):
        raise Wrong("This is the exponent for ReLU. Here the kernel's eigenvalues fall faster.")
    if is_close(lazy, doubled):
        raise Wrong("The eigenvalues fall with the power 2 q_phi of k, not q_phi.")
    if not is_close(lazy, beta):
        raise Wrong("Lazy: which modes are learned at time t, and how much power lies beyond them?")
    if beta > 1 and is_close(rich, law):
        raise Wrong("Rich: on this task the weights have a finite length, and the kernel stops growing.")
    raise Wrong("Rich: put the lazy exponent into the law of the two-layer model; is the task hard?")


register(Exercise("bottlenecks.circle-exponents", 2, _draw_exponents, _check_exponents))


def _unreachable(drawn: Parameters) -> tuple[float, ...]:
    """What is left; then with mode 1, the even modes, all that is learned, and two ways not to scale the target."""
    q, whole = drawn["q"], zeta(2 * drawn["q"])
    even, left = 4**-q, 1 - 4**-q - 1 / whole
    return left, 1 - even, even, 1 - left, left * whole, left * whole / 2


def _draw_unreachable(random: np.random.Generator | None) -> Parameters:
    if random is None:
        return {"q": 0.9}
    return apart(lambda: {"q": round(float(random.uniform(0.7, 1.1)), 2)}, _unreachable, each=True)


def _check_unreachable(answer: Any, drawn: Parameters) -> str:
    error = as_number(answer, "The error")
    if error < 0:
        raise Wrong("A mean square is not negative. How much power has mode 1 of a target with mean square 1?")
    words = (
        "No training helps, lazy or rich: this network cannot write these functions, at any width. A bias does, or a "
        "second layer.",
        "Mode 1 is odd, and the network has it: a linear function is a difference of two ReLUs.",
        "These are modes that the network does learn.",
        "These are the modes that the network learns; the error is what is left.",
        "Divide by the power of the whole target.",
        "Scale the target to mean square 1 first.",
    )
    said = dict(zip(words, _unreachable(drawn), strict=True))
    return chosen(error, said, "Split the target into even and odd modes. Which odd function is a sum of ReLUs?")


register(Exercise("bottlenecks.unreachable", 2, _draw_unreachable, _check_unreachable))
