"""A network of your own: three functions, and nothing else is asked of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from jaxtyping import Array

from .._checks import require_function
from .._pytree import pytree
from ..gaussian import Function, activation_function
from .interface import Parameters


@partial(pytree, static=("start", "forward", "learning_rates", "activation"))
@dataclass(frozen=True)
class Custom:
    """Your own network, for `train`, `coordinate_check` and `transfer`.

    Args:
      start: a function of (key, shape of one input, shape of one output) that returns the weights, a dictionary that
        may hold further ones.
      forward: a function of (weights, inputs) that returns outputs (P, ...) and hidden states, stacked first.
      learning_rates: a function of (``"sgd"`` or ``"adam"``) that returns a factor on eta_0 for each of the weights, in
        a dictionary of the same form.
      activation: what stands between a hidden state and its feature, for kernels: a name as in `MLP`, or a function.

    Raises:
      ValueError: for an activation that is none.
      TypeError: for a start, forward or learning_rates that is no function.

    Book: "The coordinate check".
    """

    start: Callable[[Array, tuple[int, ...], tuple[int, ...]], Parameters]
    forward: Callable[[Parameters, Array], tuple[Array, Array]]
    learning_rates: Callable[[str], dict[str, Any]]
    activation: str | Function = "linear"

    def __post_init__(self) -> None:
        for name in ("start", "forward", "learning_rates"):
            require_function(name, getattr(self, name))
        activation_function(self.activation)

    def init(self, key: Array, inputs: tuple[int, ...], outputs: tuple[int, ...] = ()) -> Parameters:
        """Random weights, by the network's ``start``.

        Args:
          key: a jax random key.
          inputs: shape of one input.
          outputs: shape of one output; () for a number.

        Returns:
          A dictionary of arrays, which may hold further ones.

        Raises:
          Exception: what ``start`` raises; nothing is checked here.
        """
        return self.start(key, inputs, outputs)

    def apply(self, weights: Parameters, x: Array) -> Array:
        """The outputs, by the network's ``forward``.

        Args:
          weights: as ``init`` returns them.
          x: inputs, one a row, shape (P, ...).

        Returns:
          f, shape (P, ...).

        Raises:
          Exception: what ``forward`` raises; nothing is checked here.
        """
        return self.forward(weights, x)[0]

    def rates(self, inputs: tuple[int, ...], optimizer: str) -> dict[str, Any]:
        """The factors on eta_0, by the network's ``learning_rates``.

        Args:
          inputs: shape of one input; not used.
          optimizer: ``"sgd"`` or ``"adam"``.

        Returns:
          A dictionary of factors, in the form of the weights.

        Raises:
          Exception: what ``learning_rates`` raises; nothing is checked here.
        """
        return self.learning_rates(optimizer)
