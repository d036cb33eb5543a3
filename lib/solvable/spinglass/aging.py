"""The spherical glass at long times: a grid of fixed size, whose step doubles when it is full (see ``doubling``)."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from .._checks import known_arguments, require_count, require_positive, require_scalar
from .._memory import require_memory
from .._pytree import pytree
from ..results import Result
from . import doubling, theory
from .checks import check_glass
from .glass import SphericalGlass

__all__ = ["Aging", "flow"]

FIRST_STEP = 0.05
AGREE = {"energy": 3e-4, "correlation": 0.01}


@pytree
@dataclass(frozen=True)
class Aging(Result):
    """The dynamics over many decades of time.

    Attributes:
      times: shape (n,), of every row that was solved.
      energy: shape (n,), H / N.
      multiplier: shape (n,), lambda, which keeps the spins on the sphere.
      shown: shape (m,), times that double, at which two-time functions are kept.
      fractions: shape (points + 1,), from 0 to 1.
      correlation: shape (m, points + 1), C(t, fraction t) at ``shown``.
      integrated: shape (m, points + 1), the susceptibility chi(t, fraction t): what a field switched on at fraction t,
        of unit size, has done by t.
      trusted: a number, the last of ``shown`` up to which a run with half the points agrees, energy to 3e-4 and
        C(t, t/2) to 1 %; the first of them counts without a witness. Agreement is all that it says, not how far both
        are off: see `flow`.
      residual: a number, of the fixed points, at worst.
      parameters: what made it: glass and points.
    """

    times: Float[Array, " n"]
    energy: Float[Array, " n"]
    multiplier: Float[Array, " n"]
    shown: Float[Array, " m"]
    fractions: Float[Array, " points"]
    correlation: Float[Array, "m points"]
    integrated: Float[Array, "m points"]
    trusted: float
    residual: float
    parameters: dict[str, Any] = field(default_factory=dict)


@known_arguments
def flow(glass: SphericalGlass, time: ArrayLike, *, points: int = 1024) -> Aging:
    r"""Gradient flow or Langevin dynamics up to long times, at a cost that grows with their logarithm.

    .. math:: \chi(t, t') = \int_{t'}^t R(t, u)\,du, \qquad
              \partial_t \chi(t, t') = 1 - \lambda\, \chi + \int_{t'}^t f''(C(t,u))\,R(t,u)\,\chi(u,t')\,du

    with C, R, the multiplier and the energy of `theory.flow`.

    Args:
      glass: the model, without a spike.
      time: to reach, > 0. It is passed: the last grid ends beyond it.
      points: of the grid in each time, a multiple of 4, >= 64.

    Returns:
      ``Aging``. The whole is run again with half the points, and ``trusted`` says up to where the two agree.

    Raises:
      ValueError: for an argument out of range, or a glass with a spike.
      TypeError: for a `glass` that is no `SphericalGlass`.
      RuntimeError: where a row does not converge.

    Warns:
      UserWarning: where `time` is later than ``trusted``.

    Two grids that agree are no proof, for both drift. Beside a solver that converges, at f = q^3/2 and T = 0.5: the
    energy is 1e-3 too high at the first of ``shown``, from the step of `theory.flow`, and 2e-4 too low later;
    C(t, t/2) of 1,024 points is 0.5 % too high at t = 788 and 2.2 % at 12,600. There 2,048 points are 2.6 % too high,
    and agree with them to 0.4 %. Pairs at T = 0 are worse: 512 points are a third too low at 13,100.
    Costs O(points^3) for each factor of two in time. Errors of 512, 1,024, 2,048 points: benchmarks/spinglass.py.
    Source: the grid of B. Kim, A. Latz (2001). Book: "Glassy: three spins at a time".
    """
    check_glass(glass)
    require_scalar("time", time)
    require_positive("time", time)
    end = float(np.asarray(time))
    points = require_count("points", points, 64)
    require_memory(lambda points: theory.BYTES * (points + 1) ** 2, points=points)
    if points % 4:
        raise ValueError(f"points must be a multiple of 4; got {points}")
    if float(glass.spike) != 0:
        raise ValueError(f"spike must be 0 at long times; got {float(glass.spike)}")
    fine = _run(glass, end, points)
    coarse = _run(glass, float(fine.shown[-1]), points // 2)
    same = coarse.shown.searchsorted(fine.shown * (1 - 1e-9))
    off = {
        "energy": np.abs(fine.at_shown(fine.energy) - coarse.at_shown(coarse.energy)[same]),
        "correlation": np.abs(fine.half / coarse.half[same] - 1),
    }
    agree = np.all([off[name] <= most for name, most in AGREE.items()], axis=0)
    agree[0] = True
    trusted = float(fine.shown[np.logical_and.accumulate(agree)][-1])
    if trusted < end:
        warnings.warn(
            f"with {points} points two resolutions agree up to t = {trusted:.4g} only, not until {end:g}; "
            "what comes later drifts, and agreement before is no proof",
            stacklevel=2,
        )
    parameters = {"glass": glass, "points": points}
    return Aging(
        jnp.asarray(fine.times),
        jnp.asarray(fine.energy),
        jnp.asarray(fine.multiplier),
        jnp.asarray(fine.shown),
        jnp.linspace(0, 1, points + 1),
        jnp.asarray(fine.c),
        jnp.asarray(fine.k),
        trusted,
        max(fine.residual, coarse.residual),
        parameters,
    )


class Run(NamedTuple):
    """One resolution, in NumPy."""

    times: np.ndarray
    energy: np.ndarray
    multiplier: np.ndarray
    shown: np.ndarray
    c: np.ndarray
    k: np.ndarray
    residual: float

    def at_shown(self, values: np.ndarray) -> np.ndarray:
        """Values at the times whose rows are kept."""
        return values[np.searchsorted(self.times, self.shown * (1 - 1e-9))]

    @property
    def half(self) -> np.ndarray:
        """C(t, t/2)."""
        return self.c[:, self.c.shape[1] // 2]


def _run(glass: SphericalGlass, until: float, points: int) -> Run:
    h = min(FIRST_STEP, float(1 / (12 * jnp.sqrt(jnp.maximum(glass.f(1.0, 2), 1e-300)))))
    start = theory.flow(glass, points * h, h)
    grid = doubling.cells(glass, h, start.correlation, start.response)
    kept = [(np.asarray(start.times), np.asarray(start.energy), np.asarray(start.multiplier))]
    shown, worst, d = [(points * h, np.asarray(grid.c[-1]), np.asarray(grid.k[-1]))], 0.0, h
    while points * d < until:
        d *= 2
        grid, energy, multiplier, residual = doubling.fill(glass, jnp.asarray(d), doubling.coarser(grid))
        if not residual <= 1e-6:
            raise RuntimeError(f"points must be more: a row at t = {points * d:.4g} was left {residual:.2g} off")
        kept.append((d * np.arange(points // 2 + 1, points + 1), np.asarray(energy), np.asarray(multiplier)))
        shown.append((points * d, np.asarray(grid.c[-1]), np.asarray(grid.k[-1])))
        worst = max(worst, float(residual))
    times, energy, multiplier = (np.concatenate(x) for x in zip(*kept, strict=True))
    ends, c, k = (np.stack(x) for x in zip(*shown, strict=True))
    return Run(times, energy, multiplier, ends, c, k, worst)
