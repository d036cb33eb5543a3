"""What the mean-field theories return."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from jaxtyping import Array, Float

from .._pytree import pytree
from ..results import Result


@pytree
@dataclass(frozen=True)
class TwoTime:
    """Kernels and responses between two times, of L hidden layers and Q points; all shapes (L, T+1, Q, T+1, Q).

    Attributes:
      features: Phi^l, (t, mu) against (s, nu), shape (L, T+1, Q, T+1, Q).
      gradients: G^l, shape (L, T+1, Q, T+1, Q).
      feature_response: A^l = <d phi(h^l) / d r^l>, shape (L, T+1, Q, T+1, Q); zero in the last layer.
      gradient_response: B^l = <d g^(l+1) / d u^(l+1)>, shape (L, T+1, Q, T+1, Q); zero in the last layer.
    """

    features: Float[Array, "L T Q T Q"]
    gradients: Float[Array, "L T Q T Q"]
    feature_response: Float[Array, "L T Q T Q"]
    gradient_response: Float[Array, "L T Q T Q"]


@pytree
@dataclass(frozen=True)
class MeanField(Result):
    """A wide network in training, in the limit or at a finite width: outputs and kernels at every step.

    Attributes:
      outputs: f, shape (T+1, P), on the training points; row t after t steps, row 0 is zero.
      test: f, shape (T+1, M), on the points without a target.
      features: Phi^l at equal times, shape (L, T+1, Q, Q), Q = P + M.
      gradients: G^l at equal times, shape (L, T+1, Q, Q); None for finite networks.
      tangent_kernel: sum over l of G^(l+1) Phi^l, shape (T+1, Q, Q); for finite networks only where asked for.
      preactivations: samples of h^L at the end, shape (S, Q); None for a closed form.
      outputs_std: shape (T+1, P), standard deviation between independent samples; None for a closed form.
      test_std: shape (T+1, M), likewise.
      features_std: shape (L, T+1, Q, Q), likewise.
      gradients_std: shape (L, T+1, Q, Q), likewise; None for finite networks too.
      two_time: kernels and responses between two times, a `TwoTime`, where they were computed.
      parameters: what made it, by name.
    """

    outputs: Float[Array, "T P"]
    test: Float[Array, "T M"]
    features: Float[Array, "L T Q Q"]
    gradients: Float[Array, "L T Q Q"] | None
    tangent_kernel: Float[Array, "T Q Q"] | None
    preactivations: Float[Array, "S Q"] | None = None
    outputs_std: Float[Array, "T P"] | None = None
    test_std: Float[Array, "T M"] | None = None
    features_std: Float[Array, "L T Q Q"] | None = None
    gradients_std: Float[Array, "L T Q Q"] | None = None
    two_time: TwoTime | None = None
    parameters: dict[str, Any] = field(default_factory=dict)

    @property
    def loss(self) -> Array:
        r"""The loss at every step, :math:`\sum_\mu p_\mu (f_\mu - y_\mu)^2 / 2`, shape (T+1,)."""
        miss = self.outputs - self.parameters["targets"]
        return miss**2 @ self.parameters["weights"] / 2
