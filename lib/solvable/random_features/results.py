"""What the theory of power-law random features returns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from jaxtyping import Array, Float

from .._pytree import pytree
from ..results import Result

__all__ = ["Measures", "Volterra"]


@pytree
@dataclass(frozen=True)
class Volterra(Result):
    r"""A loss of one-pass SGD, and what it is made of.

    .. math:: L = F + K * L, \qquad (K * L)(t) = \sum_{s<t} K_{t-1-s}\, L(s)

    Attributes:
      steps: shape (T,), step numbers t.
      forcing: F, shape (T,), the loss that the averaged gradient leaves.
      kernel: K, shape (T,), what a unit of noise adds to the loss t steps later, its factor eta^2 / B included.
      fed_back: K * F, shape (T,), the noise that F alone would feed.
      loss: L, shape (T,).
      kesten: (L - F) / (K * F), shape (T,), at least 1, and 1 where nothing was fed back yet.
      kernel_norm: a scalar, the sum of K over all steps, below 1; None for given features.
      floor: F_0, a scalar, what no number of steps takes off F.
      unlearned: F_pp, shape (T,), what of the first d modes is not learned yet; None for given features.
      distorted: F_ac, shape (T,), what random features distort on the way; None for given features.
      wide_kernel: K_pp, shape (T,), the kernel of an endless width; None for given features.
      residual: relative size of the last Newton step, at worst; None for given features.
      parameters: what made it: spectrum, learning_rate, batch_size, width.
    """

    steps: Float[Array, "*batch T"]
    forcing: Float[Array, "*batch T"]
    kernel: Float[Array, "*batch T"]
    fed_back: Float[Array, "*batch T"]
    loss: Float[Array, "*batch T"]
    kesten: Float[Array, "*batch T"]
    floor: Float[Array, "*batch"]
    kernel_norm: Float[Array, "*batch"] | None = None
    unlearned: Float[Array, "*batch T"] | None = None
    distorted: Float[Array, "*batch T"] | None = None
    wide_kernel: Float[Array, "*batch T"] | None = None
    residual: Float[Array, "*batch"] | None = None
    parameters: dict[str, Any] = field(default_factory=dict)


@pytree
@dataclass(frozen=True)
class Measures(Result):
    r"""Where the eigenvalues of a student's kernel lie, as forcing and noise weigh them.

    .. math:: F(t) = \int \rho(q)^t\, \mu_F(dq), \qquad K_t = \frac{\eta^2}{B} \int \rho(q)^t\, \mu_K(dq), \qquad
              \rho = 1 - 2\eta q + \eta^2 (1 + 1/B)\, q^2

    Attributes:
      eigenvalues: q, shape (Q,).
      forcing: density of mu_F, shape (Q,).
      kernel: density of mu_K, shape (Q,): q^2 times the number of eigenvalues.
      atom: mu_F at 0, a scalar: the floor of the loss.
      residual: relative size of the last Newton step, at worst.
      parameters: what made them: spectrum and width.
    """

    eigenvalues: Float[Array, "*batch Q"]
    forcing: Float[Array, "*batch Q"]
    kernel: Float[Array, "*batch Q"]
    atom: Float[Array, "*batch"]
    residual: Float[Array, "*batch"] | None = None
    parameters: dict[str, Any] = field(default_factory=dict)
