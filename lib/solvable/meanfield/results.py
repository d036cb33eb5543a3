"""What the mean-field theories return."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from jaxtyping import Array, Float

from .._pytree import pytree
from ..networks.losses import loss_of
from ..results import Result


@pytree
@dataclass(frozen=True)
class TwoTime:
    """Kernels and responses between two times, of L hidden layers and Q points; all shapes (L, T+1, Q, T+1, Q).

    Attributes:
      features: Phi^l, (t, mu) against (s, nu), shape (L, T+1, Q, T+1, Q).
      gradients: G^l, shape (L, T+1, Q, T+1, Q); of several outputs Q^l, the signal's kernel.
      feature_response: A^l = <d phi(h^l) / d r^l>, shape (L, T+1, Q, T+1, Q); zero in the last layer.
      gradient_response: B^l = <d g^(l+1) / d u^(l+1)>, shape (L, T+1, Q, T+1, Q); zero in the last layer. Of several
        outputs that of the signal q^(l+1).
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
      outputs: f, shape (T+1, P), on the training points; (T+1, P, C) of several outputs, whose targets are (P, C). Row
        t after t steps, row 0 is zero.
      test: f, shape (T+1, M), or (T+1, M, C), on the points without a target.
      features: Phi^l at equal times, shape (L, T+1, Q, Q), Q = P + M.
      gradients: G^l at equal times, shape (L, T+1, Q, Q); of several outputs G^l between all classes, shape
        (L, T+1, Q, Q, C, C), where asked for; None for finite networks.
      tangent_kernel: sum over l of G^(l+1) Phi^l, shape (T+1, Q, Q); of several outputs that between all classes, shape
        (T+1, Q, Q, C, C), where asked for; for finite networks only where asked for.
      preactivations: samples of h^L at the end, shape (S, Q); None for a closed form.
      outputs_std: shape (T+1, P), or (T+1, P, C), standard deviation between independent samples; None for a closed
        form.
      test_std: shape (T+1, M), or (T+1, M, C), likewise.
      features_std: shape (L, T+1, Q, Q), likewise.
      gradients_std: that of gradients, likewise; None for finite networks too.
      two_time: kernels and responses between two times, a `TwoTime`, where they were computed.
      signals: Q^l = <q q> at equal times, shape (L, T+1, Q, Q), of several outputs, whose layers feel the signal
        q^l = phi'(h^l) sum_c D_c z_c^l and nothing else of the classes; zero on test points. None for one output, where
        q = D g, and for finite networks.
      signals_std: shape (L, T+1, Q, Q), likewise.
      parameters: what made it, by name.
    """

    outputs: Float[Array, "T P"] | Float[Array, "T P C"]
    test: Float[Array, "T M"] | Float[Array, "T M C"]
    features: Float[Array, "L T Q Q"]
    gradients: Float[Array, "L T Q Q"] | Float[Array, "L T Q Q C C"] | None
    tangent_kernel: Float[Array, "T Q Q"] | Float[Array, "T Q Q C C"] | None
    preactivations: Float[Array, "S Q"] | None = None
    outputs_std: Float[Array, "T P"] | Float[Array, "T P C"] | None = None
    test_std: Float[Array, "T M"] | Float[Array, "T M C"] | None = None
    features_std: Float[Array, "L T Q Q"] | None = None
    gradients_std: Float[Array, "L T Q Q"] | Float[Array, "L T Q Q C C"] | None = None
    two_time: TwoTime | None = None
    signals: Float[Array, "L T Q Q"] | None = None
    signals_std: Float[Array, "L T Q Q"] | None = None
    parameters: dict[str, Any] = field(default_factory=dict)

    @property
    def loss(self) -> Array:
        r"""The loss at every step, shape (T+1,).

        .. math:: \sum_\mu p_\mu \sum_c (f_c - y_c)^2 / 2 \quad\text{or}\quad
                  -\sum_\mu p_\mu \sum_c y_c \ln \operatorname{softmax}(f)_c
        """
        made = self.parameters
        return loss_of(self.outputs, made["targets"], made.get("cross_entropy", False)) @ made["weights"]
