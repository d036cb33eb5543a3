r"""abc parameterizations: which powers of the width multiply weights, initial spread, output and learning rate.

.. math::
   h^1 = \frac{N^{-a_0}}{\sqrt D}\, W^0 x, \qquad h^{l+1} = N^{-a_l}\, W^l \phi(h^l), \qquad
   f = \frac{N^{-a_L}}{\gamma}\, w \cdot \phi(h^L), \qquad W^l_{ij}(0) \sim N(0, N^{-2 b_l}), \qquad
   \gamma = \gamma_0 N^c

with learning rates :math:`\eta_0 \gamma^2 N^{r_l}` for SGD and :math:`\eta_0 N^{r_l}` for Adam. Three kinds of layer
differ: the input's (from a fixed number of inputs), the hidden ones, and the output's.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from math import inf
from typing import Any, NamedTuple

import numpy as np
from jax.typing import ArrayLike

from .._checks import (
    concrete,
    finite_answer,
    require_count,
    require_flag,
    require_kind,
    require_known,
    require_number,
    require_one_of,
    require_positive,
    shape_of,
)
from .._pytree import pytree

Three = tuple[float | int, ...]

KINDS = ("input", "hidden", "output")
OPTIMIZERS = ("sgd", "adam")


class Scale(NamedTuple):
    """What one layer needs.

    Attributes:
      multiplier: m, a number; the layer's matrix is ``multiplier * W``.
      std: standard deviation of the entries of W at the start, a number.
      learning_rate: learning rate of W over eta_0, a number.
    """

    multiplier: ArrayLike
    std: ArrayLike
    learning_rate: ArrayLike


@partial(pytree, forgotten=("name",))
@dataclass(frozen=True)
class ABC:
    r"""An abc parameterization, as powers of the width for (input, hidden, output) layers.

    .. math::
       h^1 = \frac{N^{-a_0}}{\sqrt D}\, W^0 x, \qquad h^{l+1} = N^{-a_l}\, W^l \phi(h^l), \qquad
       f = \frac{N^{-a_L}}{\gamma}\, w \cdot \phi(h^L), \qquad W^l_{ij}(0) \sim N(0, N^{-2 b_l}), \qquad
       \gamma = \gamma_0 N^c

    Args:
      a: three multipliers :math:`N^{-a}`.
      b: three initial standard deviations :math:`N^{-b}` (of the variance it would be 2b).
      c: the output is divided by :math:`\gamma = \gamma_0 N^c`.
      sgd: three learning rates :math:`\eta_0\gamma^2 N^r` of SGD.
      adam: three learning rates :math:`\eta_0 N^r` of Adam, whose steps do not depend on the gradient's size.
      name: for tables.

    Raises:
      ValueError: unless a, b, sgd and adam are three finite numbers and c is one.
      TypeError: for a name that is no word.

    Source: Yang and Hu (2021); in this form Bordelon and Pehlevan (2022). Book: "Three wishes of a wide network".
    """

    a: Three
    b: Three
    c: float | int
    sgd: Three = (0.0, 0.0, 0.0)
    adam: Three = (0.0, 0.0, 0.0)
    name: str = field(default="abc", compare=False)

    def __post_init__(self) -> None:
        for name in ("a", "b", "sgd", "adam"):
            object.__setattr__(self, name, _three(name, getattr(self, name)))
        require_known("c", self.c)
        require_number("c", self.c)
        object.__setattr__(self, "c", float(self.c))
        require_kind("name", self.name, str)

    def shift(self, *, input: float | int = 0.0, hidden: float | int = 0.0, output: float | int = 0.0) -> ABC:
        r"""The same training written differently: a + theta, b - theta, and learning rates to match.

        .. math:: m W = (m s)\,(W / s): \qquad a \to a + \theta, \quad b \to b - \theta, \quad
                  r_\mathrm{SGD} \to r + 2\theta, \quad r_\mathrm{Adam} \to r + \theta

        Args:
          input: theta of the input layer, a finite number.
          hidden: theta of the hidden layers.
          output: theta of the output layer.

        Returns:
          An `ABC` of the same name. Every f and h stays what it was, at initialisation and after every step, of SGD and
          of Adam.

        Raises:
          ValueError: for a shift that is no finite number.
        """
        for name, shift in (("input", input), ("hidden", hidden), ("output", output)):
            require_known(name, shift)
            require_number(name, shift)
        theta = np.array([input, hidden, output], float)
        return replace(
            self,
            a=tuple(self.a + theta),
            b=tuple(self.b - theta),
            sgd=tuple(self.sgd + 2 * theta),
            adam=tuple(self.adam + theta),
        )

    @finite_answer
    def scale(
        self,
        kind: str,
        *,
        width: int,
        fan_in: int,
        richness: ArrayLike = 1.0,
        optimizer: str = "sgd",
        multiplier_free: bool = False,
    ) -> Scale:
        r"""Multiplier, initial spread and learning rate of one layer, as numbers.

        .. math:: m_0 = \frac{N^{-a_0}}{\sqrt D}, \quad m_l = n^{-a_l}, \quad m_L = \frac{n^{-a_L}}{\gamma}, \qquad
                  \sigma = n^{-b}, \qquad r = \gamma^2 n^{r_\mathrm{SGD}} \text{ or } n^{r_\mathrm{Adam}}, \qquad
                  \gamma = \gamma_0 N^c

        with n = N for the input layer, of fan-in D, and n = fan-in for the others.

        Args:
          kind: ``"input"``, ``"hidden"`` or ``"output"``.
          width: N, the width of the network, whole and >= 1.
          fan_in: how many numbers each of the layer's outputs sums: D for the input layer, N for most others.
          richness: gamma_0 > 0.
          optimizer: ``"sgd"`` or ``"adam"``.
          multiplier_free: write the same layer with multiplier 1.

        Returns:
          `Scale`. The effective matrix is V = m W, so that ``multiplier_free`` has m' = 1, std m times, and a
          learning rate m^2 times (SGD) or m times (Adam) that of W.

        Raises:
          ValueError: for an unknown kind or optimizer, or a size that is no whole number >= 1; for an answer that
            overflows.
          TypeError: for a multiplier_free that is neither True nor False.
        """
        require_one_of("kind", kind, KINDS)
        require_one_of("optimizer", optimizer, OPTIMIZERS)
        require_flag("multiplier_free", multiplier_free)
        width, fan_in = require_count("width", width, most=inf), require_count("fan_in", fan_in, most=inf)
        require_positive("richness", richness)
        place = KINDS.index(kind)
        size = np.float64(width if kind == "input" else fan_in)
        known = concrete(richness)
        gamma = (richness if known is None else known.astype(float)[()]) * np.float64(width) ** self.c
        multiplier: Any = size ** -self.a[place]
        multiplier = multiplier / np.float64(fan_in) ** 0.5 if kind == "input" else multiplier
        multiplier = multiplier / gamma if kind == "output" else multiplier
        std = size ** -self.b[place]
        rate = gamma**2 * size ** self.sgd[place] if optimizer == "sgd" else size ** self.adam[place]
        if not multiplier_free:
            return Scale(multiplier, std, rate)
        return Scale(1.0, multiplier * std, rate * multiplier ** (2 if optimizer == "sgd" else 1))


def standard() -> ABC:
    r"""The usual default: spread 1 / sqrt(fan-in), no powers of the width as multipliers, one learning rate for all.

    .. math:: a = (0, 0, 0), \qquad b = (0, \tfrac12, \tfrac12), \qquad c = 0, \qquad
              r_\mathrm{SGD} = r_\mathrm{Adam} = (0, 0, 0)

    The input layer keeps the 1 / sqrt(D) of every `ABC` as its multiplier.

    Returns:
      An `ABC`. At a fixed learning rate it is unstable as the width grows.

    Source: Yang and Hu (2021). Book: "Standard, NTK and muP side by side".
    """
    return ABC(a=(0, 0, 0), b=(0, 0.5, 0.5), c=0, name="standard")


def ntk() -> ABC:
    r"""The neural tangent parameterization: outputs learn at every width, features ever less.

    .. math:: a = (0, \tfrac12, \tfrac12), \qquad b = (0, 0, 0), \qquad c = 0, \qquad r_\mathrm{SGD} = (0, 0, 0), \qquad
              r_\mathrm{Adam} = (-\tfrac12, -1, -\tfrac12)

    Returns:
      An `ABC`.

    Source: Jacot et al. (2018). Book: "Standard, NTK and muP side by side".
    """
    return ABC(a=(0, 0.5, 0.5), b=(0, 0, 0), c=0, adam=(-0.5, -1, -0.5), name="NTK")


def mup() -> ABC:
    r"""Maximal update, or mean field: features move as much at every width.

    .. math:: a = (0, \tfrac12, \tfrac12), \qquad b = (0, 0, 0), \qquad c = \tfrac12, \qquad
              r_\mathrm{SGD} = (0, 0, 0), \qquad r_\mathrm{Adam} = (0, -\tfrac12, 0)

    Returns:
      An `ABC`.

    Source: Yang and Hu (2021); Geiger et al. (2020). Book: "Standard, NTK and muP side by side".
    """
    return ABC(a=(0, 0.5, 0.5), b=(0, 0, 0), c=0.5, adam=(0, -0.5, 0), name="muP")


NAMED = {"standard": standard, "ntk": ntk, "mup": mup}


def named(name: str) -> ABC:
    """The exponents :math:`a, b, c, r` of `standard`, `ntk` or `mup`, by its name.

    Args:
      name: "standard", "ntk" or "mup".

    Returns:
      An `ABC`.

    Raises:
      ValueError: for another name.

    Source: Yang and Hu (2021); Jacot et al. (2018). Book: "Standard, NTK and muP side by side".
    """
    require_one_of("name", name, NAMED)
    return NAMED[name]()


def _three(name: str, value: object) -> Three:
    numbers = concrete(value) if shape_of(name, value) == (3,) else None
    if numbers is None or numbers.dtype.kind not in "iuf" or not np.isfinite(numbers).all():
        raise ValueError(f"{name} must be three finite numbers, for input, hidden and output layers; got {value!r}")
    return tuple(numbers.astype(float).tolist())
