"""Residual networks whose way back does not go through the weights of the way forward."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array

from .._pytree import pytree
from ..networks import ResidualMLP
from ..networks.base import STATIC, Layer
from ..networks.interface import Parameters


@partial(pytree, static=(*STATIC, "branch_power"))
@dataclass(frozen=True)
class Untied(ResidualMLP):
    r"""A `ResidualMLP` whose gradients come back through an independent matrix in place of :math:`W^l(0)^T`.

    .. math:: z^l = (\tilde W^l + W^l(t) - W^l(0))^T g^{l+1}/\sqrt N

    What was learned is common to both ways; the weights "back" hold :math:`\tilde W^l - W^l(0)` and do not move.
    """

    def layers(self, inputs: tuple[int, ...], outputs: tuple[int, ...] = ()) -> dict[str, Layer]:
        """Of the way forward, and of the way back."""
        tied = super().layers(inputs, outputs)
        return tied | {"back": tied["hidden"]}

    def init(self, key: Array, inputs: int | tuple[int, ...], outputs: tuple[int, ...] = ()) -> Parameters:
        """On the way forward the weights that a `ResidualMLP` draws from this key."""
        given = {name: getattr(self, name) for name in ("depth", "richness", "activation", "dtype", "branch")}
        tied = ResidualMLP(
            self.width, parameterization=self.parameterization, branch_power=self.branch_power, **given
        )  # fmt: skip
        own, other = (tied.init(one, inputs, outputs) for one in (key, jax.random.fold_in(key, 1)))
        return own | {"back": other["hidden"] - own["hidden"]}

    def _through(self, weights: Parameters, x: Array, depth: ArrayLike) -> tuple[Array, Array]:
        scaled, phi, x = self._act(weights, x)
        share = jnp.asarray(self.branch / depth**self.branch_power, x.dtype)

        def block(h: Array, pair: tuple[Array, Array]) -> tuple[Array, Array]:
            return h + share * _product(phi(h), *pair), h

        last, before = jax.lax.scan(block, x @ scaled["input"].T, (scaled["hidden"], scaled["back"]))
        return phi(last) @ scaled["output"], jnp.concatenate([before, last[None]])


@jax.custom_vjp
def _product(value: Array, w: Array, back: Array) -> Array:
    """W phi, whose gradient comes back through W + back."""
    return value @ w.T


def _forward(value: Array, w: Array, back: Array) -> tuple[Array, tuple[Array, Array, Array]]:
    return _product(value, w, back), (value, w, back)


def _back(kept: tuple[Array, Array, Array], g: Array) -> tuple[Array, Array, Array]:
    value, w, back = kept
    return g @ (w + back), g.T @ value, jnp.zeros_like(back)


_product.defvjp(_forward, _back)
