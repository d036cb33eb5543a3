r"""Finite networks as pure functions: perceptrons, plain and residual, and a transformer, in any abc parameterization.

.. math:: h^1 = m_0 W^0 x, \qquad h^{l+1} = m_l W^l \phi(h^l), \qquad f = m_L\, w \cdot \phi(h^L)

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
    finite_answer,
    require,
    require_count,
    require_dtype,
    require_function,
    require_key,
    require_nonnegative,
    require_one_of,
    require_positive,
    require_scalar,
    require_shape,
    shape_of,
    shown,
)
from .._memory import require_memory
from .._pytree import pytree
from ..gaussian import Function, activation_function
from ..parameterizations.abc import ABC, NAMED, Scale, named

Parameters = dict[str, Any]

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
        inputs, outputs = self._checked(inputs), _sizes("outputs", outputs)
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
        found = _sizes("inputs", inputs)
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
        n, (d,), outputs = self.width, self._checked(inputs), _sizes("outputs", outputs)
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
      branch_power: alpha, one finite number; 1/2 keeps h of order one at any depth.

    Raises:
      ValueError: for an argument out of range, named with its value.
      TypeError: for a dtype that is no type of floats.

    ``forward`` returns h of layers 1 to L + 1, shape (L + 1, P, N). Source: Bordelon (2025), the talk.
    """

    branch: ArrayLike = 1.0
    branch_power: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        require_nonnegative("branch", self.branch)
        _require_power("branch_power", self.branch_power)

    def layers(self, inputs: tuple[int, ...], outputs: tuple[int, ...] = ()) -> dict[str, Layer]:
        n, (d,), outputs = self.width, self._checked(inputs), _sizes("outputs", outputs)
        return {
            "input": Layer("input", (n, d), d),
            "hidden": Layer("hidden", (self.depth, n, n), n),
            "output": Layer("output", (n, *outputs), n),
        }

    @finite_answer
    def forward(self, weights: Parameters, x: Array) -> tuple[Array, Array]:
        scaled, phi, x = self._act(weights, x)
        share = jnp.asarray(self.branch / self.depth**self.branch_power, x.dtype)

        def block(h: Array, w: Array) -> tuple[Array, Array]:
            return h + share * (phi(h) @ w.T), h

        last, before = jax.lax.scan(block, x @ scaled["input"].T, scaled["hidden"])
        return phi(last) @ scaled["output"], jnp.concatenate([before, last[None]])


@partial(pytree, static=(*STATIC, "heads", "attention_power"))
@dataclass(frozen=True)
class Transformer(Network):
    r"""A small pre-norm transformer that reads T vectors and returns one output.

    .. math::
       h \leftarrow h + L^{-1/2}\, W_O \sum_{t'} \mathrm{softmax}_{t'}\!\Big(\frac{q_t\cdot k_{t'}}{d_k^{\alpha}}\Big)
       v_{t'}, \qquad h \leftarrow h + L^{-1/2}\, W_2\, \phi(W_1 \bar h), \qquad f = m_L\, w\cdot \langle\bar h\rangle_t

    with :math:`\bar h = h/\mathrm{rms}(h)` before every branch and the output, learned positions, L blocks, and the
    inner layer of the perceptrons four times as wide. Queries, keys and values are linear in :math:`\bar h`, head by
    head; every matrix stands with its multiplier. Inputs have shape (P, T, D).

    Args:
      width: N, whole and >= 1.
      depth: L, blocks, whole and >= 1.
      parameterization: a `parameterizations.ABC`, or the name of one: "standard", "ntk" or "mup"; it gives the
        multipliers m, the spread of the weights at the start, and each layer's learning rate.
      richness: gamma_0 > 0; small is lazy. It may be an array where `train` runs several networks at once.
      activation: phi: ``"linear"``, ``"relu"``, ``"erf"``, ``"gelu"``, ``"tanh"``, or a function.
      dtype: of the weights, float32 by default.
      heads: H >= 1, a divisor of the width; each has d_k = N / H.
      attention_power: alpha, one finite number; 1 in muP and 1/2 in the usual default.

    Raises:
      ValueError: for an argument out of range, named with its value; where the heads do not divide the width.
      TypeError: for a dtype that is no type of floats.

    ``forward`` returns h after the embedding and after every block, shape (L + 1, P, T, N). The mean square in the root
    has 1e-6 added to it. Source: the definition of the model, with the attention of Yang et al. (2022).
    """

    heads: int = 4
    attention_power: float = 1.0
    axes: ClassVar[tuple[str, ...]] = ("T", "D")

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "heads", require_count("heads", self.heads))
        _require_power("attention_power", self.attention_power)
        if self.width % self.heads:
            raise ValueError(f"heads must divide the width {self.width}; got {self.heads}")

    def layers(self, inputs: tuple[int, ...], outputs: tuple[int, ...] = ()) -> dict[str, Layer]:
        n, depth, (t, d), outputs = self.width, self.depth, self._checked(inputs), _sizes("outputs", outputs)
        square = Layer("hidden", (depth, n, n), n)
        return {
            "input": Layer("input", (n, d), d),
            "position": Layer("input", (t, n), 1),
            "query": square,
            "key": square,
            "value": square,
            "mix": square,
            "up": Layer("hidden", (depth, 4 * n, n), n),
            "down": Layer("hidden", (depth, n, 4 * n), 4 * n),
            "output": Layer("output", (n, *outputs), n),
        }

    @finite_answer
    def forward(self, weights: Parameters, x: Array) -> tuple[Array, Array]:
        scaled, phi, x = self._act(weights, x)
        share, size = self.depth**-0.5, self.width // self.heads
        stacked = {name: scaled[name] for name in ("query", "key", "value", "mix", "up", "down")}

        def split(z: Array) -> Array:
            return z.reshape(*z.shape[:-1], self.heads, size)

        def block(h: Array, w: dict[str, Array]) -> tuple[Array, Array]:
            z = _normal(h)
            q, k, v = (split(z @ w[name].T) for name in ("query", "key", "value"))
            attention = jax.nn.softmax(jnp.einsum("pthd,pshd->phts", q, k) / size**self.attention_power, axis=-1)
            heard = jnp.einsum("phts,pshd->pthd", attention, v).reshape(h.shape)
            middle = h + share * heard @ w["mix"].T
            return middle + share * phi(_normal(middle) @ w["up"].T) @ w["down"].T, h

        last, before = jax.lax.scan(block, x @ scaled["input"].T + scaled["position"], stacked)
        return _normal(last).mean(axis=-2) @ scaled["output"], jnp.concatenate([before, last[None]])


def _require_power(name: str, value: Any) -> None:
    """Raise ValueError unless this is a finite number."""
    require_scalar(name, value)
    require(name, value, "a finite number", np.isfinite)


def _sizes(name: str, shape: Any) -> tuple[int, ...]:
    """A shape as whole numbers, or an error that names it."""
    shape_of(name, shape)
    return tuple(require_count(name, size) for size in np.atleast_1d(np.asarray(shape, object)))


def _normal(h: Array) -> Array:
    """Each vector with a mean square of one."""
    return h * jax.lax.rsqrt(jnp.mean(h**2, axis=-1, keepdims=True) + 1e-6)


AnyNetwork = Network | Custom


def require_network(network: object) -> None:
    """Raise TypeError unless this is a network: one of this module, or of your own with the methods of `Custom`."""
    methods = ("init", "apply", "forward", "rates")
    if isinstance(network, type) or not all(callable(getattr(network, name, None)) for name in methods):
        raise TypeError(f"network must be an MLP, ResidualMLP, Transformer or Custom; got {shown(network)}")
