r"""The spherical spin glass: which energies, and what solvers return.

Spins s of length :math:`|s|^2 = N`, energies H with :math:`E\,H(s)H(s') = N f(q)` at overlap :math:`q = s\cdot s'/N`,

.. math:: f(q) = \sum_p a_p\, q^p
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from .._checks import (
    as_floats,
    concrete,
    require,
    require_count,
    require_float64,
    require_nonnegative,
    require_scalar,
)
from .._pytree import pytree
from ..results import Result


@pytree
@dataclass(frozen=True, init=False)
class SphericalGlass:
    r"""A mixed p-spin model on the sphere, with temperature and a planted direction.

    .. math:: E\,H(s)H(s') = N \sum_p a_p\, q^p, \qquad
              \dot s = -\nabla H(s) - \lambda(t)\, s + \sqrt{2T}\,\xi, \qquad
              H \to H - \frac{\kappa}{2N}\,(s\cdot v)^2

    Args:
      couplings: ``{p: a_p}``, each p whole and >= 1, each a_p >= 0, not all 0. The two-spin model of the talks is
        ``{2: 0.5}``.
      temperature: T >= 0; 0 is gradient descent.
      spike: kappa >= 0, how strongly the direction v is favoured.

    Raises:
      ValueError: for an argument out of range, named with its value.
      RuntimeError: where jax is in float32.

    Two conventions are in use, and no number survives a change between them. Here f(q) = q^3 / 2 is ``{3: 0.5}``:
    threshold energy -2 / sqrt(3), dynamical temperature sqrt(3/8). With E H^2 = N, which is f(q) = q^3, energies and
    temperatures are larger by sqrt(2): see `with_unit_variance`.
    Source: L. Cugliandolo, J. Kurchan (1993); B. Bordelon's talk (2025).
    Book: "From coupled spins to one spin in a bath".
    """

    couplings: dict[int, Array]
    temperature: Array
    spike: Array

    def __init__(self, couplings: dict[int, Any], temperature: ArrayLike = 0.0, spike: ArrayLike = 0.0) -> None:
        require_float64()
        if not isinstance(couplings, dict) or not couplings:
            raise ValueError(f"couplings must be a dictionary {{p: a_p}} with an entry; got {couplings!r}")
        for p, strength in couplings.items():
            require_count("couplings' p", p)
            require_scalar(f"couplings[{p}]", strength)
            require_nonnegative(f"couplings[{p}]", strength)
        known = [concrete(strength) for strength in couplings.values()]
        if all(strength is not None and strength == 0 for strength in known):
            raise ValueError(f"couplings must not all be 0; got {couplings!r}")
        for name, value in (("temperature", temperature), ("spike", spike)):
            require_scalar(name, value)
            require_nonnegative(name, value)
            object.__setattr__(self, name, as_floats(value))
        object.__setattr__(self, "couplings", {int(p): as_floats(a) for p, a in sorted(couplings.items())})

    @classmethod
    def with_unit_variance(cls, p: int, temperature: ArrayLike = 0.0, spike: ArrayLike = 0.0) -> SphericalGlass:
        """The pure p-spin model in the convention E H^2 = N, with energies and temperatures as written there.

        .. math:: f(q) = q^p

        Args:
          p: how many spins a coupling joins, whole and >= 1.
          temperature: T >= 0; 0 is gradient descent.
          spike: kappa >= 0, how strongly the direction v is favoured.

        Returns:
          The ``SphericalGlass`` with couplings ``{p: 1}``.

        Raises:
          ValueError: for an argument out of range, named with its value.
          RuntimeError: where jax is in float32.

        Source: the convention of papers with E H^2 = N. Book: "From coupled spins to one spin in a bath".
        """
        return cls({require_count("p", p): 1.0}, temperature, spike)

    def f(self, q: ArrayLike, derivative: int = 0) -> Array:
        r"""The covariance of the energy per spin, or one of its derivatives.

        .. math:: f(q) = \sum_p a_p\, q^p, \qquad f^{(j)}(q) = \sum_{p \ge j} a_p\, \frac{p!}{(p - j)!}\, q^{p - j}

        Args:
          q: overlaps, finite, of any shape.
          derivative: j, whole and >= 0: 0 for f, 1 for f', 2 for f''.

        Returns:
          An array of the shape of `q`.

        Raises:
          ValueError: for an overlap that is not finite, or a derivative that is no whole number >= 0.
        """
        require("q", q, "finite", np.isfinite)
        derivative = require_count("derivative", derivative, 0)
        q, total = as_floats(q), jnp.zeros(())
        for p, a in self.couplings.items():
            factor = np.prod(np.arange(p, p - derivative, -1.0))
            total = total + (a * factor * q ** (p - derivative) if p >= derivative else 0.0)
        return jnp.broadcast_to(total, q.shape)


@pytree
@dataclass(frozen=True)
class TwoTime(Result):
    """Correlation and response at two times.

    Attributes:
      times: shape (T,), the first is 0, a random start.
      correlation: shape (T, T), C[n, m] = s(t_n).s(t_m) / N, symmetric, 1 on the diagonal.
      response: shape (T, T), R[n, m] = ds(t_n) / d(field at t_m), 0 for m > n. On the diagonal it is 0 for steps of
        descent, and the right limit 1 in continuous time.
      energy: shape (T,), H / N.
      multiplier: shape (T,), lambda, which keeps the spins on the sphere.
      overlap: shape (T,), s.v / N with the planted direction.
      parameters: what made them: the glass, and step_size and overlap, or particles and key, where there are any.
    """

    times: Float[Array, "*batch T"]
    correlation: Float[Array, "*batch T T"]
    response: Float[Array, "*batch T T"]
    energy: Float[Array, "*batch T"]
    multiplier: Float[Array, "*batch T"]
    overlap: Float[Array, "*batch T"]
    parameters: dict[str, Any] = field(default_factory=dict)


@pytree
@dataclass(frozen=True)
class Runs(Result):
    """Averages over samples of finite size.

    Attributes:
      times: shape (T,), the first is 0, a random start.
      correlation: shape (T, T), mean over samples of s(t_n).s(t_m) / N.
      energy: shape (T,), mean of H / N.
      overlap: shape (T,), mean of s.v / N with the planted direction.
      correlation_std: shape (T, T), standard deviation over samples.
      energy_std, overlap_std: shape (T,), standard deviations over samples.
      parameters: what made them: glass, size, step_size, overlap, repeats, key and seconds.
    """

    times: Float[Array, " T"]
    correlation: Float[Array, "T T"]
    energy: Float[Array, " T"]
    overlap: Float[Array, " T"]
    correlation_std: Float[Array, "T T"] | None
    energy_std: Float[Array, " T"] | None
    overlap_std: Float[Array, " T"] | None
    parameters: dict[str, Any] = field(default_factory=dict)
