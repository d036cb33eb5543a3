r"""A small transformer that reads a few vectors.

.. math::
   h \leftarrow h + L^{-\alpha}\, W_O \sum_{t'} \mathrm{softmax}_{t'}\!\Big(\frac{q_t\cdot k_{t'}}{d_k^{\alpha_k}}\Big)
   v_{t'}, \qquad h \leftarrow h + L^{-\alpha}\, W_2\, \phi(W_1 \bar h)
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array

from .._checks import finite_answer, require_count, require_number
from .._pytree import pytree
from .base import STATIC, Layer, Network, over_depth, sizes, with_branches
from .interface import Parameters


@partial(pytree, static=(*STATIC, "heads", "attention_power", "branch_power"))
@dataclass(frozen=True)
class Transformer(Network):
    r"""A small pre-norm transformer that reads T vectors and returns one output.

    .. math::
       h &\leftarrow h + L^{-\alpha}\, W_O
          \sum_{t'} \mathrm{softmax}_{t'}\!\Big(\frac{q_t\cdot k_{t'}}{d_k^{\alpha_k}}\Big) v_{t'}\\
       h &\leftarrow h + L^{-\alpha}\, W_2\, \phi(W_1 \bar h), \qquad f = m_L\, w\cdot \langle\bar h\rangle_t

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
      attention_power: alpha_k, one finite number; 1 in muP and 1/2 in the usual default.
      branch_power: alpha, one finite number; 1/2 keeps h of order one at any depth. From there on blocks learn at rates
        of their own, times L^(2 alpha - 1) with SGD and L^(alpha - 1) with Adam: then what a step changes does not
        depend on the depth. Below 1/2 rates are plain.

    Raises:
      ValueError: for an argument out of range, named with its value; where the heads do not divide the width.
      TypeError: for a dtype that is no type of floats.

    ``forward`` returns h after the embedding and after every block, shape (L + 1, P, T, N). The mean square in the root
    has 1e-6 added to it. Source: the definition of the model, with the attention of Yang et al. (2022).
    """

    heads: int = 4
    attention_power: float = 1.0
    branch_power: float = 0.5
    branches: ClassVar[tuple[str, ...]] = ("query", "key", "value", "mix", "up", "down")
    axes: ClassVar[tuple[str, ...]] = ("T", "D")

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "heads", require_count("heads", self.heads))
        for name in ("attention_power", "branch_power"):
            require_number(name, getattr(self, name))
        if self.width % self.heads:
            raise ValueError(f"heads must divide the width {self.width}; got {self.heads}")

    def layers(self, inputs: tuple[int, ...], outputs: tuple[int, ...] = ()) -> dict[str, Layer]:
        n, depth, (t, d), outputs = self.width, self.depth, self._checked(inputs), sizes("outputs", outputs)
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

    def rates(self, inputs: tuple[int, ...], optimizer: str) -> dict[str, ArrayLike]:
        return with_branches(self, super().rates(inputs, optimizer), optimizer, float(self.depth))

    @finite_answer
    def forward(self, weights: Parameters, x: Array) -> tuple[Array, Array]:
        return self._through(weights, x, self.depth)

    @finite_answer
    def logits(self, weights: Parameters, x: Array) -> Array:
        r"""How strongly each head of each block hears one vector from another, before the softmax.

        .. math:: A_{tt'} = \frac{q_t\cdot k_{t'}}{d_k^{\alpha_k}}

        Args:
          weights: arrays by the layers' names, as ``init`` of the network returns them.
          x: inputs, one a row, shape (P, T, D); finite.

        Returns:
          A, shape (L, P, H, T, T); a softmax over the last axis makes the attention of it.

        Raises:
          ValueError: for inputs that are not finite or of another shape, for weights of other layers, or where the
            answer overflows.

        Source: Bordelon, Chaudhry, Pehlevan (2024). Book: "Transformers: heads, keys, depth".
        """
        states, scaled = self.forward(weights, x)[1], self._act(weights, x)[0]
        return jax.vmap(self._logits)(_normal(states[:-1]), scaled["query"], scaled["key"])

    def _through(self, weights: Parameters, x: Array, depth: ArrayLike) -> tuple[Array, Array]:
        """With branches of the strength that they have at this depth."""
        scaled, phi, x = self._act(weights, x)
        share = jnp.asarray(1.0 / depth**self.branch_power, x.dtype)
        stacked = {name: scaled[name] for name in self.branches}

        def block(h: Array, w: dict[str, Array]) -> tuple[Array, Array]:
            z = _normal(h)
            attention = jax.nn.softmax(self._logits(z, w["query"], w["key"]), axis=-1)
            heard = jnp.einsum("phts,pshd->pthd", attention, self._split(z @ w["value"].T)).reshape(h.shape)
            middle = h + share * heard @ w["mix"].T
            return middle + share * phi(_normal(middle) @ w["up"].T) @ w["down"].T, h

        last, before = over_depth(block, x @ scaled["input"].T + scaled["position"], stacked, depth)
        return _normal(last).mean(axis=-2) @ scaled["output"], jnp.concatenate([before, last[None]])

    def _split(self, z: Array) -> Array:
        """Head by head, (P, T, H, d_k)."""
        return z.reshape(*z.shape[:-1], self.heads, self.width // self.heads)

    def _logits(self, z: Array, query: Array, key: Array) -> Array:
        """What softmax makes attention of, (P, H, T, T)."""
        q, k = self._split(z @ query.T), self._split(z @ key.T)
        return jnp.einsum("pthd,pshd->phts", q, k) / (self.width // self.heads) ** self.attention_power


def _normal(h: Array) -> Array:
    """Each vector with a mean square of one."""
    return h * jax.lax.rsqrt(jnp.mean(h**2, axis=-1, keepdims=True) + 1e-6)
