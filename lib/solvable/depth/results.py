"""What the theory of depth returns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from jaxtyping import Array, Float

from .._pytree import pytree
from ..results import Result


@pytree
@dataclass(frozen=True)
class LayerTime(Result):
    """A wide residual network at its start, from the first layer, layer time 0, to the last, layer time 1.

    Attributes:
      layer_times: tau, shape (S,): (l - 1) / L of layers 1 to L + 1, or points of the limit.
      covariance: H = <h h> of the preactivations, shape (S, Q, Q).
      features: Phi = <phi phi>, shape (S, Q, Q).
      gradients: G = <g g> of what is propagated back, shape (S, Q, Q).
      tangent_kernel: K, shape (Q, Q).
      parameters: what made it, by name.
    """

    layer_times: Float[Array, " S"]
    covariance: Float[Array, "S Q Q"]
    features: Float[Array, "S Q Q"]
    gradients: Float[Array, "S Q Q"]
    tangent_kernel: Float[Array, "Q Q"]
    parameters: dict[str, Any] = field(default_factory=dict)
