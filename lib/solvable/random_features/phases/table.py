"""The table of phases: which parts of the loss survive, and the exponents of the best split."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jax.typing import ArrayLike

from ..._checks import require_known
from ..model import check_exponents

__all__ = ["Phase", "Term", "classify"]

CORNER = 1 - 0.5**0.5
"""alpha where K_pp begins to decide the best split, for targets that are smooth."""

NEAR = 1e-12


class Term(NamedTuple):
    """A part of the loss, as powers of the steps and of the width.

    Attributes:
      name: "F_0", the floor; "F_pp", what is not learned yet; "F_ac", what random features distort on the way; "K_pp",
        the noise of the batches, fed back.
      time: exponent of t.
      width: exponent of d.
    """

    name: str
    time: float
    width: float


class Phase(NamedTuple):
    r"""Where a pair of exponents stands, and its compute-optimal frontier.

    .. math:: d_\star \sim f^{\text{width}}, \qquad t_\star \sim f^{\text{time}}, \qquad
              L_\star \sim f^{-\text{loss}}, \qquad f = d\,t

    Attributes:
      name: "Ia", "Ib", "Ic", "II", "III", "IVa" or "IVb".
      terms: the parts of the loss that survive, a `Term` each.
      time, width: numbers, the shares of growth that go to steps and to width; they add up to 1.
      loss: a number, positive: the loss falls.
      boundary: whether the pair stands on a line between two phases; it is then given to the neighbour with the larger
        alpha, and among those to the one with the larger beta.
    """

    name: str
    terms: tuple[Term, ...]
    time: float
    width: float
    loss: float
    boundary: bool


def classify(alpha: ArrayLike, beta: ArrayLike) -> Phase:
    r"""The phase of a pair of exponents, and how its loss falls with compute under one-pass SGD.

    .. math::
       \text{Ia: } & d_\star \sim f^{1/(2\alpha+1)}, \quad L_\star \sim f^{-(2\alpha+2\beta-1)/(2\alpha+1)} \\
       \text{II: } & d_\star \sim f^{\beta/(\alpha+\beta)}, \quad
          L_\star \sim f^{-(2\alpha+2\beta-1)/2(\alpha+\beta)} \\
       \text{III: } & d_\star \sim f^{1/2}, \quad L_\star \sim f^{-(4\alpha-1)/4\alpha} \\
       \text{Ib: } & d_\star \sim f^{1/2}, \quad L_\star \sim f^{-(\alpha+\beta-1/2)} \\
       \text{Ic: } & d_\star \sim f^{(1-2\alpha-2\beta)/2D}, \quad L_\star \sim f^{\alpha(2\alpha+2\beta-1)/D}, \quad
          D = \alpha(2\beta-3) - 2\beta + 1 \\
       \text{IVa: } & d_\star \sim f^{1/2}, \quad L_\star \sim f^{-\alpha} \\
       \text{IVb: } & d_\star \sim f^{(\alpha-\beta)/D}, \quad
          L_\star \sim f^{(1-2\alpha)(2\alpha+2\beta-1)/2D}, \quad D = 2\alpha\beta + \alpha - 2\beta

    Args:
      alpha: > 0 and at most 8, of the data, a known number.
      beta: of the targets, a known number with alpha + beta > 1/2.

    Returns:
      `Phase`.

    Raises:
      ValueError: for an exponent out of range, or traced by jax.

    The lines are 2 alpha = 1, 2 beta = 1, alpha = beta (above 2 alpha = 1), alpha = 1/4 and alpha = 1 - 1/sqrt 2 (where
    2 alpha < 1 < 2 beta). The exponents are those of the largest term at the best width; proofs stop at alpha > 1/4.
    Source: E. Paquette, C. Paquette, L. Xiao, J. Pennington (2024). Book: "Four phases and three".
    """
    for name, value in (("alpha", alpha), ("beta", beta)):
        require_known(name, value)
    check_exponents(alpha, beta)
    at = float(np.asarray(alpha)), float(np.asarray(beta))
    name, boundary = _name(*at)
    width, loss = _exponents(name, *at)
    surviving = {"II": ("F_pp", "F_ac", "F_0"), "III": ("F_pp", "F_ac", "F_0", "K_pp")}
    surviving |= dict.fromkeys(("IVa", "IVb"), ("F_pp", "F_0", "K_pp"))
    every = {one.name: one for one in _terms(*at)}
    terms = tuple(every[one] for one in surviving.get(name, ("F_pp", "F_0")))
    return Phase(name, terms, 1 - width, width, loss, boundary)


def _name(alpha: float, beta: float) -> tuple[str, bool]:
    """Of the phase, and whether it is on a line."""

    def on(distance: float) -> bool:
        return abs(distance) < NEAR

    smooth = beta > 0.5 - NEAR
    if alpha > 0.5 - NEAR:
        at = on(alpha - 0.5) or on(beta - 0.5) or (smooth and on(alpha - beta))
        return ("Ia" if not smooth else "II" if beta < alpha + NEAR else "III"), at
    if not smooth:
        return "Ib", False
    at = on(beta - 0.5) or on(alpha - 0.25) or on(alpha - CORNER)
    return ("IVa" if alpha > CORNER - NEAR else "IVb" if alpha > 0.25 - NEAR else "Ic"), at


def _exponents(name: str, alpha: float, beta: float) -> tuple[float, float]:
    """Of width and loss."""
    power = 2 * alpha + 2 * beta - 1
    if name == "Ic":
        below = alpha * (2 * beta - 3) - 2 * beta + 1
        return -power / (2 * below), -alpha * power / below
    if name == "IVb":
        below = 2 * alpha * beta + alpha - 2 * beta
        return (alpha - beta) / below, -(1 - 2 * alpha) * power / (2 * below)
    return {
        "Ia": (1 / (2 * alpha + 1), power / (2 * alpha + 1)),
        "II": (beta / (alpha + beta), power / (2 * (alpha + beta))),
        "III": (0.5, 1 - 1 / (4 * alpha)),
        "Ib": (0.5, power / 2),
        "IVa": (0.5, alpha),
    }[name]


def _terms(alpha: float, beta: float) -> tuple[Term, ...]:
    """All four, in steps and width; the learning rate is a power of the width."""
    rate = min(0.0, 2 * alpha - 1)
    learned, noise = (2 * alpha + 2 * beta - 1) / (2 * alpha), 2 - 1 / (2 * alpha)
    return (
        Term("F_0", 0.0, -2 * alpha + max(0.0, 1 - 2 * beta)),
        Term("F_pp", -learned, -rate * learned),
        Term("F_ac", 1 - noise, -1.0),
        Term("K_pp", -noise, rate * (1 - noise)),
    )
