r"""What all networks are: pure functions of their weights, in any abc parameterization.

The multipliers m, the spread of the weights at the start and the learning rate of each layer come from the
parameterization; weights of one kind are stacked, layer by layer.
"""

from __future__ import annotations

import math
from abc import ABCMeta, abstractmethod
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array

from .._checks import (
    require,
    require_count,
    require_dtype,
    require_key,
    require_one_of,
    require_positive,
    require_shape,
    shape_of,
    shown,
)
from .._memory import require_memory
from ..gaussian import Function, activation_function
from ..parameterizations.abc import ABC, NAMED, Scale, named
from .interface import Parameters

STATIC = ("width", "depth", "activation", "dtype")


class Layer(NamedTuple):
    """A matrix or a stack of them: its kind, shape, and how many numbers each of its outputs sums."""

    kind: str
    shape: tuple[int, ...]
    fan_in: int


@dataclass(frozen=True)
class Network(metaclass=ABCMeta):
    """What the networks here have in common; use `MLP`, `ResidualMLP` or `Transformer`.

    Args:
      width: N, whole and >= 1.
      depth: L, whole and >= 1.
      parameterization: a `parameterizations.ABC`, or the name of one: "standard", "ntk" or "mup".
      richness: gamma_0 > 0; small is lazy. It may be an array where `train` runs several networks at once.
      activation: phi: ``"linear"``, ``"relu"``, ``"erf"``, ``"gelu"``, ``"tanh"``, or a function.
      dtype: of the weights, float32 by default.

    Raises:
      ValueError: for an argument out of range, named with its value.
      TypeError: for a dtype that is no type of floats.

    Source: the parameterizations are those of Yang and Hu (2021). Book: "Three wishes of a wide network".
    """

    width: int
    depth: int = 2
    parameterization: ABC | str = "mup"
    richness: ArrayLike = 1.0
    activation: str | Function = "tanh"
    dtype: Any = jnp.float32
    axes: ClassVar[tuple[str, ...]] = ("D",)  # of one input

    def __post_init__(self) -> None:
        for name in ("width", "depth"):
            object.__setattr__(self, name, require_count(name, getattr(self, name)))
        if not isinstance(self.parameterization, ABC):
            require_one_of("parameterization", self.parameterization, NAMED, " or an ABC")
            object.__setattr__(self, "parameterization", named(self.parameterization))
        activation_function(self.activation)
        require_positive("richness", self.richness)
        require_dtype("dtype", self.dtype)

    @abstractmethod
    def layers(self, inputs: tuple[int, ...], outputs: tuple[int, ...] = ()) -> dict[str, Layer]:
        r"""Every layer's kind, shape and fan-in, by its name.

        The fan-in is how many numbers each of its outputs sums. A perceptron has :math:`W^0` (N, D), a stack
        :math:`W^1, \ldots, W^{L-1}` (L - 1, N, N) and :math:`w` (N, ...).

        Args:
          inputs: shape of one input, (D,), or (T, D) for a transformer.
          outputs: shape of one output; () for a number.

        Returns:
          A dictionary of triples (kind, shape, fan_in), the kind being "input", "hidden" or "output".

        Raises:
          ValueError: for a shape that is none, or of another number of axes.

        Source: the definition of the model, after Yang and Hu (2021). Book: "Three wishes of a wide network".
        """

    @abstractmethod
    def forward(self, weights: Parameters, x: Array) -> tuple[Array, Array]:
        r"""The outputs and the preactivations of all hidden layers.

        Of a perceptron :math:`h^1 = m_0 W^0 x`, :math:`h^{l+1} = m_l W^l \phi(h^l)` and :math:`f = m_L\,
        w\cdot\phi(h^L)`; each class says its own.

        Args:
          weights: arrays by the layers' names, as ``init`` of the network returns them.
          x: inputs, one a row, shape (P, D), or (P, T, D) for a transformer; finite.

        Returns:
          f, shape (P, ...), and the preactivations h, stacked first, shape (L, P, N) for `MLP`.

        Raises:
          ValueError: for inputs that are not finite or of another shape, for weights of other layers, or where the
            answer overflows.

        Source: the definition of the model, after Yang and Hu (2021). Book: "Three wishes of a wide network".
        """

    def scales(self, inputs: tuple[int, ...], optimizer: str = "sgd") -> dict[str, Scale]:
        r"""Multiplier, spread and learning rate of every layer, for inputs of this shape.

        A layer with the effective matrix :math:`m W` begins with entries :math:`W_{ij} \sim N(0, \sigma^2)` and learns
        at :math:`\eta_0 r`; this gives :math:`m, \sigma, r` of each.

        Args:
          inputs: shape of one input, (D,), or (T, D) for a transformer.
          optimizer: ``"sgd"`` or ``"adam"``.

        Returns:
          A `parameterizations.Scale` by each layer's name.

        Raises:
          ValueError: for an unknown optimizer, or a shape that is none.

        Source: Yang and Hu (2021). Book: "Standard, NTK and muP side by side".
        """
        abc = self.parameterization
        assert isinstance(abc, ABC)  # a name was looked up when the network was made
        return {
            name: abc.scale(
                layer.kind, width=self.width, fan_in=layer.fan_in, richness=self.richness, optimizer=optimizer
            )
            for name, layer in self.layers(inputs).items()
        }

    def init(self, key: Array, inputs: int | tuple[int, ...], outputs: tuple[int, ...] = ()) -> Parameters:
        r"""Random weights, :math:`W_{ij} \sim N(0, \sigma^2)` with the spread of each layer.

        Args:
          key: a jax random key.
          inputs: shape of one input; a number D means (D,).
          outputs: shape of one output; () for a number.

        Returns:
          Arrays by the layers' names.

        Raises:
          ValueError: for a key or a shape that is none, or a network that fits in no memory.

        Source: Yang and Hu (2021). Book: "Three wishes of a wide network".
        """
        require_key(key)
        inputs, outputs = self._checked(inputs), sizes("outputs", outputs)
        given = {f"inputs[{place}]": size for place, size in enumerate(inputs)}
        require_memory(partial(self._bytes, outputs), width=self.width, depth=self.depth, **given)
        layers, scales = self.layers(inputs, outputs), self.scales(inputs)
        ends: np.ndarray = np.cumsum([0, *(math.prod(layer.shape) for layer in layers.values())])
        numbers = jax.random.normal(key, (int(ends[-1]),), self.dtype)  # one draw: each would take a second to compile
        return {
            name: jnp.asarray(scales[name].std, self.dtype) * numbers[first:last].reshape(layer.shape)
            for (name, layer), first, last in zip(layers.items(), ends[:-1], ends[1:], strict=True)
        }

    def _checked(self, inputs: int | tuple[int, ...]) -> tuple[int, ...]:
        """The shape of one input, or an error that names it."""
        found = sizes("inputs", inputs)
        if len(found) != len(self.axes):
            shape = "(D,)" if len(self.axes) == 1 else f"({', '.join(self.axes)})"
            raise ValueError(f"inputs must have shape {shape}; got {found}")
        return found

    def _bytes(self, outputs: tuple[int, ...], width: Any, depth: Any, *inputs: Any) -> int:
        """Memory of the weights at another width, depth and inputs, while they are drawn."""
        other = copy(self)
        for name, size in (("width", width), ("depth", depth)):
            object.__setattr__(other, name, int(size))
        numbers = sum(math.prod(layer.shape) for layer in other.layers(tuple(map(int, inputs)), outputs).values())
        return 2 * jnp.dtype(self.dtype).itemsize * numbers

    def apply(self, weights: Parameters, x: Array) -> Array:
        """The outputs :math:`f(x)` for a batch of inputs.

        Args:
          weights: arrays by the layers' names, as ``init`` of the network returns them.
          x: inputs, one a row, shape (P, D), or (P, T, D) for a transformer; finite.

        Returns:
          f, shape (P, ...).

        Raises:
          ValueError: for inputs that are not finite or of another shape, for weights of other layers, or where the
            answer overflows.

        Source: the definition of the model, after Yang and Hu (2021). Book: "Three wishes of a wide network".
        """
        return self.forward(weights, x)[0]

    def rates(self, inputs: tuple[int, ...], optimizer: str) -> dict[str, ArrayLike]:
        r"""Each layer's learning rate :math:`r`, in units of :math:`\eta_0`.

        Args:
          inputs: shape of one input, (D,), or (T, D) for a transformer.
          optimizer: ``"sgd"`` or ``"adam"``.

        Returns:
          A factor on eta_0 by each layer's name.

        Raises:
          ValueError: for an unknown optimizer, or a shape that is none.

        Source: Yang and Hu (2021). Book: "Standard, NTK and muP side by side".
        """
        return {name: scale.learning_rate for name, scale in self.scales(inputs, optimizer).items()}

    def _act(self, weights: Parameters, x: Array) -> tuple[dict[str, Array], Function, Array]:
        """The weights with their multipliers, the activation, and the inputs as floats."""
        axes = ", ".join(("P", *self.axes))
        require_shape("x", x, 1 + len(self.axes), f"inputs, one a row, shape ({axes})")
        require("x", x, "finite", np.isfinite)
        if not (isinstance(x, jax.Array) and jnp.issubdtype(x.dtype, jnp.floating)):
            x = jnp.asarray(x, self.dtype)
        scales = self.scales(x.shape[1:])
        if not isinstance(weights, dict) or set(weights) != set(scales):
            raise ValueError(f"weights must be a dictionary with arrays for {tuple(scales)}; got {shown(weights)}")
        for name, layer in self.layers(x.shape[1:]).items():
            if layer.kind == "input" and np.shape(weights[name]) != layer.shape:
                fits = f"{name} of shape {layer.shape}, and weights have {np.shape(weights[name])}"
                raise ValueError(f"x must be inputs that the weights were drawn for; {x.shape} needs {fits}")
        scaled = {name: jnp.asarray(scales[name].multiplier, w.dtype) * w for name, w in weights.items()}
        return scaled, activation_function(self.activation), x


def with_branches(network: Any, rates: dict[str, Any], optimizer: str, depth: ArrayLike) -> dict[str, Any]:
    """Rates with which what a step changes does not depend on the depth; hidden layers, in branches, have their own.

    L branches, each times L^-alpha, move by L^(1 - 2 alpha) times their rate with SGD, whose gradient has the factor
    again, and by L^(1 - alpha) times it with Adam. Below alpha = 1/2 there is no limit to keep.
    """
    power = network.branch_power
    if power < 0.5:
        return rates
    own = depth ** (2 * power - 1 if optimizer == "sgd" else power - 1)
    return {name: own * rate if name in network.branches else rate for name, rate in rates.items()}


def over_depth(
    block: Callable[[Array, Any], tuple[Array, Array]], h: Array, weights: Any, depth: ArrayLike
) -> tuple[Array, Array]:
    """A block after the other; those beyond a depth that jax traces pass h on, and cost next to nothing."""
    if isinstance(depth, int):
        return jax.lax.scan(block, h, weights)

    def layer(h: Array, one: tuple[Array, Any]) -> tuple[Array, Array]:
        number, w = one
        return jax.lax.cond(number < depth, block, lambda h, w: (h, h), h, w)

    return jax.lax.scan(layer, h, (jnp.arange(len(jax.tree.leaves(weights)[0])), weights))


def sizes(name: str, shape: Any) -> tuple[int, ...]:
    """A shape as whole numbers, or an error that names it."""
    shape_of(name, shape)
    return tuple(require_count(name, size) for size in np.atleast_1d(np.asarray(shape, object)))
