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
      features: Phi^l, (t, mu) against (s, nu).
      gradients: G^l.
      feature_response: A^l = <d phi(h^l) / d r^l>; zero in the last layer.
      gradient_response: B^l = <d g^(l+1) / d u^(l+1)>; zero in the last layer.
    """

    features: Array
    gradients: Array
    feature_response: Array
    gradient_response: Array


@pytree
@dataclass(frozen=True)
class MeanField(Result):
    """A wide network in training, in the limit or at a finite width: outputs and kernels at every step.

    Attributes:
      outputs: shape (T+1, P), on the training points; row t after t steps, row 0 is zero.
      test: shape (T+1, M), on the points without a target.
      features: Phi^l at equal times, shape (L, T+1, Q, Q), Q = P + M.
      gradients: G^l at equal times, shape (L, T+1, Q, Q); None for finite networks.
      tangent_kernel: sum over l of G^(l+1) Phi^l, shape (T+1, Q, Q); for finite networks only where asked for.
      preactivations: samples of h^L at the end, shape (S, Q); None for a closed form.
      outputs_std, test_std, features_std, gradients_std: standard deviation between independent samples; None for a
        closed form, the last one for finite networks too.
      two_time: kernels and responses between two times, where they were computed.
      parameters: what made it.
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
        """sum_mu p_mu (f_mu - y_mu)^2 / 2 at every step, shape (T+1,)."""
        miss = self.outputs - self.parameters["targets"]
        return miss**2 @ self.parameters["weights"] / 2
