"""What training asks of a network, whoever wrote it."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

from jaxtyping import Array

from .._checks import shown
from ..gaussian import Function

Parameters = dict[str, Any]
"""The weights of a network, by name."""


@runtime_checkable
class AnyNetwork(Protocol):
    """What `train` takes: a network of this package, or one of your own, such as `Custom`."""

    @property
    def activation(self) -> str | Function:
        """What stands between a hidden state and its feature."""

    def init(self, key: Array, inputs: tuple[int, ...], outputs: tuple[int, ...] = ..., /) -> Parameters:
        """Random weights, for inputs and outputs of these shapes."""

    def apply(self, weights: Parameters, x: Array, /) -> Array:
        """Outputs, one for each input."""

    def forward(self, weights: Parameters, x: Array, /) -> tuple[Array, Array]:
        """Outputs, and hidden states stacked first."""

    def rates(self, inputs: tuple[int, ...], optimizer: str, /) -> dict[str, Any]:
        """Factors on the learning rate, in the form of the weights."""


def require_network(network: object) -> None:
    """Raise TypeError unless this is a network: one of this package, or of your own with the same methods."""
    methods = ("init", "apply", "forward", "rates")
    if isinstance(network, type) or not all(callable(getattr(network, name, None)) for name in methods):
        raise TypeError(f"network must be an MLP, ResidualMLP, Transformer or Custom; got {shown(network)}")
