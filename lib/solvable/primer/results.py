"""What the theories and experiments of the primer return; for regression it is `LossCurves`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from jaxtyping import Array, Float

from .._pytree import pytree
from ..results import Result


@pytree
@dataclass(frozen=True)
class Correlation(Result):
    """Correlation of a network with itself at two times.

    Attributes:
      times: shape (T,), in units of the neurons' time constant.
      values: shape (T, T), C[n, m] = x(t_n).x(t_m) / N.
      values_std: shape (T, T), standard deviation over networks; None for what is exact.
      parameters: what made it: gain, and size, repeats, key and seconds of an experiment.
    """

    times: Float[Array, "*batch T"]
    values: Float[Array, "*batch T T"]
    values_std: Float[Array, "*batch T T"] | None = None
    parameters: dict[str, Any] = field(default_factory=dict)


@pytree
@dataclass(frozen=True)
class Chaos(Result):
    """The steady state of a random network of tanh neurons.

    Attributes:
      lags: shape (L,), in units of the neurons' time constant.
      correlation: shape (L,), Delta(lag) = x(t).x(t + lag) / N.
      variance: a scalar, Delta(0).
      activity: a scalar, mean of tanh(x)^2.
      lyapunov: a scalar, the largest Lyapunov exponent; positive where two nearby states part.
      zero_mode: a scalar, the theory's check of itself, an eigenvalue that should be 0; None for an experiment.
      correlation_std: shape (L,), standard deviation over networks; None for a theory.
      lyapunov_std: a scalar, standard deviation over networks; None for a theory.
      parameters: what made it: gain, and time, burn_in, size, repeats, key and seconds of an experiment.
    """

    lags: Float[Array, "*batch L"]
    correlation: Float[Array, "*batch L"]
    variance: Float[Array, "*batch"]
    activity: Float[Array, "*batch"]
    lyapunov: Float[Array, "*batch"]
    zero_mode: Float[Array, "*batch"] | None = None
    correlation_std: Float[Array, "*batch L"] | None = None
    lyapunov_std: Float[Array, "*batch"] | None = None
    parameters: dict[str, Any] = field(default_factory=dict)
