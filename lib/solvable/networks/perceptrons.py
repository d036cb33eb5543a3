r"""Perceptrons, plain and residual.

.. math:: h^1 = m_0 W^0 x, \qquad h^{l+1} = m_l W^l \phi(h^l), \qquad f = m_L\, w \cdot \phi(h^L)

and, where each layer adds to the one before, :math:`h^{l+1} = h^l + \beta L^{-\alpha}\, m_l W^l \phi(h^l)`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array

from .._checks import finite_answer, require_nonnegative, require_number
from .._pytree import pytree
from .base import STATIC, Layer, Network, over_depth, sizes, with_branches
from .interface import Parameters


@partial(pytree, static=STATIC)
@dataclass(frozen=True)
class MLP(Network):
    r"""A perceptron with L hidden layers of N neurons.

    .. math:: h^1 = m_0 W^0 x, \qquad h^{l+1} = m_l W^l \phi(h^l), \qquad f = m_L\, w \cdot \phi(h^L)

    Args:
      width: N, whole and >= 1.
      depth: L, hidden layers, whole and >= 1.
      parameterization: a `parameterizations.ABC`, or the name of one: "standard", "ntk" or "mup"; it gives the
        multipliers m, the spread of the weights at the start, and each layer's learning rate.
      richness: gamma_0 > 0; small is lazy. It may be an array where `train` runs several networks at once.
      activation: phi: ``"linear"``, ``"relu"``, ``"erf"``, ``"gelu"``, ``"tanh"``, or a function.
      dtype: of the weights, float32 by default.

    Raises:
      ValueError: for an argument out of range, named with its value.
      TypeError: for a dtype that is no type of floats.

    ``forward`` returns h of layers 1 to L, shape (L, P, N). Source: Yang and Hu (2021).
    Book: "Three wishes of a wide network".
    """

    def layers(self, inputs: tuple[int, ...], outputs: tuple[int, ...] = ()) -> dict[str, Layer]:
        n, (d,), outputs = self.width, self._checked(inputs), sizes("outputs", outputs)
        return {
            "input": Layer("input", (n, d), d),
            "hidden": Layer("hidden", (self.depth - 1, n, n), n),
            "output": Layer("output", (n, *outputs), n),
        }

    @finite_answer
    def forward(self, weights: Parameters, x: Array) -> tuple[Array, Array]:
        scaled, phi, x = self._act(weights, x)
        hidden = [x @ scaled["input"].T]
        for w in scaled["hidden"]:
            hidden.append(phi(hidden[-1]) @ w.T)
        return phi(hidden[-1]) @ scaled["output"], jnp.stack(hidden)


@partial(pytree, static=(*STATIC, "branch_power"))
@dataclass(frozen=True)
class ResidualMLP(Network):
    r"""A residual perceptron with L branches of N neurons.

    .. math:: h^1 = m_0 W^0 x, \qquad h^{l+1} = h^l + \frac{\beta}{L^\alpha}\, m_l W^l \phi(h^l), \quad l = 1, \dots, L,
              \qquad f = m_L\, w \cdot \phi(h^{L+1})

    Args:
      width: N, whole and >= 1.
      depth: L, branches, whole and >= 1.
      parameterization: a `parameterizations.ABC`, or the name of one: "standard", "ntk" or "mup"; it gives the
        multipliers m, the spread of the weights at the start, and each layer's learning rate.
      richness: gamma_0 > 0; small is lazy. It may be an array where `train` runs several networks at once.
      activation: phi: ``"linear"``, ``"relu"``, ``"erf"``, ``"gelu"``, ``"tanh"``, or a function.
      dtype: of the weights, float32 by default.
      branch: beta >= 0. It may be an array where `train` runs several networks at once.
      branch_power: alpha, one finite number; 1/2 keeps h of order one at any depth. From there on branches learn at
        rates of their own, times L^(2 alpha - 1) with SGD and L^(alpha - 1) with Adam: then what a step changes does
        not depend on the depth. Below 1/2 rates are plain.

    Raises:
      ValueError: for an argument out of range, named with its value.
      TypeError: for a dtype that is no type of floats.

    ``forward`` returns h of layers 1 to L + 1, shape (L + 1, P, N). Source: Bordelon (2025), the talk.
    Book: "Depth without end".
    """

    branch: ArrayLike = 1.0
    branch_power: float = 0.5
    branches: ClassVar[tuple[str, ...]] = ("hidden",)

    def __post_init__(self) -> None:
        super().__post_init__()
        require_nonnegative("branch", self.branch)
        require_number("branch_power", self.branch_power)

    def layers(self, inputs: tuple[int, ...], outputs: tuple[int, ...] = ()) -> dict[str, Layer]:
        n, (d,), outputs = self.width, self._checked(inputs), sizes("outputs", outputs)
        return {
            "input": Layer("input", (n, d), d),
            "hidden": Layer("hidden", (self.depth, n, n), n),
            "output": Layer("output", (n, *outputs), n),
        }

    def rates(self, inputs: tuple[int, ...], optimizer: str) -> dict[str, ArrayLike]:
        return with_branches(self, super().rates(inputs, optimizer), optimizer, float(self.depth))

    @finite_answer
    def forward(self, weights: Parameters, x: Array) -> tuple[Array, Array]:
        return self._through(weights, x, self.depth)

    def _through(self, weights: Parameters, x: Array, depth: ArrayLike) -> tuple[Array, Array]:
        """With branches of the strength that they have at this depth."""
        scaled, phi, x = self._act(weights, x)
        share = jnp.asarray(self.branch / depth**self.branch_power, x.dtype)

        def block(h: Array, w: Array) -> tuple[Array, Array]:
            return h + share * (phi(h) @ w.T), h

        last, before = over_depth(block, x @ scaled["input"].T, scaled["hidden"], depth)
        return phi(last) @ scaled["output"], jnp.concatenate([before, last[None]])
