r"""Power counting: how every size in a network goes with its width, from the exponents of its parameterization alone.

A sum of n terms is n times as large as one of them when they have a common sign, and sqrt(n) times when they have not.
Random weights give the second; a gradient step gives the first, since its update of W^l is itself a product of the two
vectors that meet there:

.. math:: \Delta W^l \propto \frac{\partial f}{\partial h^{l+1}}\, \phi(h^l)^\top, \qquad
          \Delta W^l \phi(h^l) \propto |\phi(h^l)|^2 = \Theta(N)
"""

from __future__ import annotations

from typing import NamedTuple

from .._checks import require_count, require_kind, require_one_of
from .._memory import require_memory
from .abc import ABC, OPTIMIZERS

TOLERANCE = 1e-9


class Exponents(NamedTuple):
    """Powers of the width, for hidden layers 1 to L.

    Attributes:
      hidden: of h^l at initialisation, L numbers.
      hidden_change: of its change in one step, L numbers: the largest of what its own weights and those before did.
      output: of f at initialisation, a number.
      output_change: of its change in one step, a number.
      own: of the change of h^l by its own weights alone, L numbers.
      contributions: of what each layer's weights add to the change of f, L + 1 numbers, the output's last.
    """

    hidden: tuple[float, ...]
    hidden_change: tuple[float, ...]
    output: float
    output_change: float
    own: tuple[float, ...]
    contributions: tuple[float, ...]


class Wish(NamedTuple):
    """One of the three wishes of a wide network, and whether it is granted.

    Attributes:
      name: "stable passes", "the function learns" or "the features learn".
      holds: whether it is granted; None where that is not known.
      words: why, or why not, and by which layer.
    """

    name: str
    holds: bool | None
    words: str


def exponents(parameterization: ABC, *, depth: int = 3, optimizer: str = "sgd") -> Exponents:
    r"""Powers of the width of h, f and their first changes, by counting.

    .. math::
       h^1 &\sim N^{-a_0-b_0}, \quad h^{l+1} \sim N^{1/2-a_l-b_l}\, h^l, \quad
       f \sim N^{1/2-a_L-b_L-c}\, h^L\\
       \frac{\partial f}{\partial h^L} &\sim N^{-a_L-b_L-c}, \quad
       \frac{\partial f}{\partial h^l} \sim N^{1/2-a_l-b_l} \frac{\partial f}{\partial h^{l+1}}\\
       \Delta h^{l+1} &\sim N^{2c+r_l-2a_l+1}\, \frac{\partial f}{\partial h^{l+1}}\, (h^l)^2 \text{ (SGD)},\\
       &\quad N^{r_l-a_l+1}\, h^l \text{ (Adam)}\\
       \Delta f &\sim N\, \frac{\partial f}{\partial h^{l}}\, \Delta h^{l},\\
       &\quad N^{r_L-2a_L+1}\, (h^L)^2 \text{ or } N^{r_L-a_L-c+1}\, h^L \text{ by the output's weights}

    where :math:`\Delta h^{l+1}` is by the weights :math:`W^l` alone; for :math:`\Delta h^1` leave out
    :math:`N (h^l)^2` or :math:`N h^l`.

    Args:
      parameterization: an `ABC`.
      depth: L, hidden layers, whole and >= 1.
      optimizer: ``"sgd"`` or ``"adam"``.

    Returns:
      `Exponents`, for activations that grow with their argument; a bounded one cuts positive exponents of phi at 0.

    Raises:
      ValueError: for an unknown optimizer or a depth below 1.
      TypeError: for a parameterization that is no `ABC`.

    To first order in the learning rate. Source: Yang and Hu (2021). Book: "Three wishes of a wide network".
    """
    depth = require_count("depth", depth)
    require_memory(lambda depth: 300 * depth, depth=depth)
    require_kind("parameterization", parameterization, ABC)
    require_one_of("optimizer", optimizer, OPTIMIZERS)
    (a0, a, a_out), (b0, b, b_out), c = parameterization.a, parameterization.b, parameterization.c
    r0, r, r_out = parameterization.sgd if optimizer == "sgd" else parameterization.adam
    gain = 0.5 - a - b  # of one hidden layer, forward and backward
    hidden = [-a0 - b0 + layer * gain for layer in range(depth)]
    back = [-a_out - b_out - c + (depth - 1 - layer) * gain for layer in range(depth)]  # df / dh
    if optimizer == "sgd":
        own = [2 * c + r0 - 2 * a0 + back[0]]
        own += [2 * c + r - 2 * a + back[layer] + 1 + 2 * hidden[layer - 1] for layer in range(1, depth)]
        last = r_out - 2 * a_out + 1 + 2 * hidden[-1]
    else:
        own = [r0 - a0]
        own += [r - a + 1 + hidden[layer - 1] for layer in range(1, depth)]
        last = r_out - a_out - c + 1 + hidden[-1]
    change = own[:1]
    for direct in own[1:]:
        change.append(max(direct, change[-1] + gain))
    contributions = [moved + slope + 1 for moved, slope in zip(own, back, strict=True)] + [last]
    output = hidden[-1] + 0.5 - a_out - b_out - c
    return Exponents(tuple(hidden), tuple(change), output, max(contributions), tuple(own), tuple(contributions))


def satisfies(parameterization: ABC, *, depth: int = 3, optimizer: str = "sgd") -> tuple[Wish, Wish, Wish]:
    r"""The three wishes of a wide network, each with its verdict in words.

    .. math::
       \text{(1) stable:}\quad & a_0 + b_0 = 0,\quad a_l + b_l = \tfrac12 \\
       \text{(2) the function learns:}\quad & a_L = \tfrac12,\quad a_l + b_L = \tfrac12,\quad a_0 + b_L = 0 \\
       \text{(3) the features learn:}\quad & c + b_L = \tfrac12

    for SGD with one learning rate, up to rewriting by `ABC.shift` (at l = L, (1) fixes the size of gamma f); in general
    (1) no h depends on the width, (2) every layer's weights change f by an amount that does not, and (3) every layer's
    weights change h so.

    Args:
      parameterization: an `ABC`.
      depth: L, hidden layers, whole and >= 1.
      optimizer: ``"sgd"`` or ``"adam"``.

    Returns:
      Three `Wish`, in this order.

    Raises:
      ValueError: for an unknown optimizer or a depth below 1.
      TypeError: for a parameterization that is no `ABC`.

    To first order in the learning rate. Source: Bordelon and Pehlevan (2022). Book: "Three wishes of a wide network".
    """
    found = exponents(parameterization, depth=depth, optimizer=optimizer)
    depth = require_count("depth", depth)
    layers = [f"hidden layer {layer + 1}" for layer in range(depth)]
    return (
        _wish(
            "stable passes", found.hidden, layers, "all layers start at the same size at every width", "starts at N^{}"
        ),
        _wish(
            "the function learns",
            found.contributions,
            [f"the weights of {one}" for one in [*layers, "the output"]],
            "all layers move the output by the same amount at every width",
            "move the output by N^{}",
        ),
        _wish(
            "the features learn",
            found.own,
            [f"the weights of {one}" for one in layers],
            "all layers move their features by the same amount at every width",
            "move its features by N^{}",
        ),
    )


def _wish(name: str, powers: tuple[float, ...], who: list[str], good: str, bad: str) -> Wish:
    wrong = [(one, power) for one, power in zip(who, powers, strict=True) if abs(power) > TOLERANCE]
    words = "; ".join(f"{one} {bad.format(format(power, '+.2g'))}" for one, power in wrong)
    return Wish(name, not wrong, words or good)
