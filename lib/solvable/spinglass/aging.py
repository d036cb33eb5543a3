"""The spherical glass at long times: rows on a logarithmic axis, as many for a decade as for the one before."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from .._checks import (
    as_floats,
    concrete,
    finite_answer,
    require,
    require_positive,
    require_scalar,
    require_shape,
)
from .._memory import require_memory
from .._pytree import Numbers, numpy_for, pytree
from ..results import Result
from . import axes
from .checks import check_glass
from .glass import SphericalGlass, TwoTime
from .march import Solution, at_pairs, at_rows, march, with_integrals
from .row import ORDER, Model

__all__ = ["Aging", "flow"]

LATEST = 1e12  # in units of the glass's own rate: beyond, rounding alone moves what is multiplied by t
LEAST = 1e-9  # a tolerance that float64 can keep
HIGHEST = 64  # spins to a coupling
PANELS = (8, 10, 12, 16, 20, 24, 32, 40, 48, 64)  # few sizes, so few compilations
FINER = 1.4  # of the rows of two resolutions
BLOCK = 2**16  # pairs of times that are read at once
FRACTIONS = np.concatenate([[0.0], 1 / (1 + np.exp(-np.linspace(-16, 16, 129))), [1.0]])


def _increases(x: np.ndarray) -> np.ndarray:
    return np.diff(x, prepend=-1.0) > 0


class Pairs(NamedTuple):
    """What two times have to do with each other: C, R and chi, arrays of one shape."""

    correlation: Array
    response: Array
    integrated: Array


@pytree
@dataclass(frozen=True)
class Aging(Result):
    """The dynamics over many decades of time, with its error.

    Errors are the difference from a second solution with fewer rows and nodes, which bounds the error of this one; each
    is the largest of its neighbourhood, lest two solutions that cross count as exact.

    Attributes:
      times: shape (n,), of every row that was solved, the first 0, the last beyond the time that was asked for.
      energy: shape (n,), H / N.
      multiplier: shape (n,), lambda, which keeps the spins on the sphere.
      overlap: shape (n,), s.v / N with the planted direction.
      shown: shape (m,), times that double, at which two-time functions are kept; the last is what was asked for.
      fractions: shape (k,), from 0 to 1, dense at both ends; 1/2 is in the middle.
      correlation: shape (m, k), C(t, fraction t) at ``shown``.
      integrated: shape (m, k), the susceptibility chi(t, fraction t): what a field switched on at fraction t, of unit
        size, has done by t.
      energy_error, correlation_error, integrated_error: of the shapes of energy, correlation and integrated.
      trusted: a number, the last time up to which all errors are within the tolerance; see `trusted_to`.
      table: shape (3, n, nodes), c, r and chi of every row, from which `at` reads.
      parameters: what made it: glass, tolerance, overlap of the start, and rate and step of the axis.
    """

    times: Float[Array, "*batch n"]
    energy: Float[Array, "*batch n"]
    multiplier: Float[Array, "*batch n"]
    overlap: Float[Array, "*batch n"]
    shown: Float[Array, "*batch m"]
    fractions: Float[Array, "*batch k"]
    correlation: Float[Array, "*batch m k"]
    integrated: Float[Array, "*batch m k"]
    energy_error: Float[Array, "*batch n"]
    correlation_error: Float[Array, "*batch m k"]
    integrated_error: Float[Array, "*batch m k"]
    trusted: Any
    table: Float[Array, "*batch kinds n nodes"]
    parameters: dict[str, Any] = field(default_factory=dict)

    def trusted_to(self, tolerance: ArrayLike) -> Any:
        """The last time up to which all errors are within another tolerance.

        Args:
          tolerance: > 0, of C, of the energy over the glass's rate, and of the susceptibility times it.

        Returns:
          A number, one of ``times`` or the last of ``shown``; 0 if the first row is off already.

        Raises:
          ValueError: for a tolerance that is no number > 0.
        """
        require_scalar("tolerance", tolerance)
        require_positive("tolerance", tolerance)
        rate = self.parameters["rate"]
        rows = self.energy_error / rate
        pairs = numpy_for(self).maximum(self.correlation_error, self.integrated_error * rate).max(-1)
        return _within(self.times, rows, self.shown, pairs, tolerance)

    def at(self, t: Numbers, t_prime: Numbers) -> Pairs:
        """Correlation, response and susceptibility at any pairs of times: a look-up in a table, no new solution.

        Args:
          t: times between 0 and the last of ``shown``, of any shape.
          t_prime: earlier or later times in the same range, of a shape that fits.

        Returns:
          Correlation, response and integrated response, three arrays of the common shape. C is symmetric; for
          `t_prime` > `t` the other two are 0. R(t, t) is its right limit 1.

        Raises:
          ValueError: for times out of range, named with their value.
        """
        until = concrete(self.shown[-1])
        for name, value in (("t", t), ("t_prime", t_prime)):
            upto = "finite" if until is None else f"at most {float(until)!r}, the end of this solution"
            require(name, value, f">= 0 and {upto}", lambda x: (x >= 0) & (until is None or x <= until * (1 + 1e-12)))
        one, other = (as_floats(x) for x in (t, t_prime))
        xp = numpy_for((self.table, one, other))
        one, other = xp.broadcast_arrays(xp.asarray(one), xp.asarray(other))
        late, early = xp.maximum(one, other).ravel(), xp.minimum(one, other).ravel()
        rate, step, table = self.parameters["rate"], self.parameters["step"], xp.asarray(self.table)
        cuts = range(0, max(1, late.size), BLOCK if xp is np else max(1, late.size))
        size = BLOCK if xp is np else max(1, late.size)
        found = [at_pairs(table, step, rate * late[i : i + size], rate * early[i : i + size]) for i in cuts]
        c, r, integral = (xp.concatenate(x).reshape(one.shape) for x in zip(*found, strict=True))
        after = one >= other
        return Pairs(*(jnp.asarray(x) for x in (c, xp.where(after, r, 0.0), xp.where(after, integral / rate, 0.0))))

    def two_time(self, times: Numbers) -> TwoTime:
        """Correlation and response on a grid of times, of the type that `theory.flow` returns.

        Args:
          times: shape (T,), increasing, from 0 on, at most the last of ``shown``.

        Returns:
          ``TwoTime`` at these times; the response's diagonal is its right limit 1.

        Raises:
          ValueError: for times out of range, or that do not increase.
        """
        require_shape("times", times, 1, "a list of times, shape (T,)")
        require("times", times, ">= 0, finite and increasing", lambda x: np.isfinite(x) & _increases(x))
        require_memory(lambda count: 96 * count**2, **{"len(times)": np.size(times)})
        at = as_floats(times)
        c, r, _ = self.at(at[:, None], at)
        xp = numpy_for((self.table, at))
        where, step = xp.asarray(at) * self.parameters["rate"], self.parameters["step"]
        rows = [at_rows(xp.asarray(x), step, where) for x in (self.energy, self.multiplier, self.overlap)]
        energy, multiplier, overlap = map(jnp.asarray, rows)
        kept = {"glass": self.parameters["glass"], "overlap": self.parameters["overlap"]}
        return TwoTime(at, c, r, energy, multiplier, overlap, kept)


@finite_answer
def flow(glass: SphericalGlass, time: ArrayLike, *, tolerance: float = 1e-4, overlap: ArrayLike = 0.0) -> Aging:
    r"""Gradient flow or Langevin dynamics up to long times, at a cost that grows with a power of their logarithm.

    .. math::
       \partial_t C(t,t') &= -\lambda\, C + \int_0^{t'}\! f'(C(t,u))\,R(t',u)\,du + \int_0^t\! \Sigma(t,u)\,C(u,t')\,du
                             + \kappa\, m\, m' \\
       \partial_t R(t,t') &= -\lambda\, R + \int_{t'}^t\! \Sigma(t,u)\,R(u,t')\,du, \qquad \Sigma = f''(C)\,R, \qquad
       \chi(t, t') = \int_{t'}^t R(t, u)\,du

    with the multiplier and the energy of `theory.flow`.

    Args:
      glass: the model; its couplings join at most 64 spins.
      time: to reach, > 0, at most 1e12 / sqrt(f''(1)). It is passed: the last row lies beyond it.
      tolerance: of C, of the energy over the glass's rate sqrt(f''(1)), and of the susceptibility times it; below 1, at
        least 1e-9.
      overlap: s.v / N of the random start, between -1 and 1.

    Returns:
      ``Aging``, with its errors. It is solved twice, with fewer rows and nodes and with more, and again with still more
      where the two are further apart than the tolerance.

    Raises:
      ValueError: for an argument out of range, named with its value.
      TypeError: for a `glass` that is no `SphericalGlass`.
      RuntimeError: where even the finest rows stop, or differ by more than the tolerance, with what was reached.

    Where jax traces it (``jax.vmap`` over temperatures up to 2 sqrt(f''(1)), ``jax.jvp``) nothing is refined and
    nothing raised: errors and ``trusted`` say what came out, and rows that could not be solved are NaN. Couplings and
    `time` must be known to ``vmap``.
    Exact for N -> infinity, within the errors that it states. Slow motion multiplies each error of the equations by t,
    so the nodes are those of order 8 and not a fine grid of low order. Errors and times: benchmarks/spinglass.py.
    Source: the equations of L. Cugliandolo, J. Kurchan (1993). Book: "Glassy: three spins at a time".
    """
    check_glass(glass)
    require_scalar("time", time)
    require_positive("time", time)
    require_scalar("tolerance", tolerance)
    require("tolerance", tolerance, f"at least {LEAST:g} and below 1", lambda x: (x >= LEAST) & (x < 1))
    require_scalar("overlap", overlap)
    require("overlap", overlap, "between -1 and 1", lambda x: np.abs(x) <= 1)
    if not max(glass.couplings) <= HIGHEST:
        raise ValueError(f"couplings' p must be at most {HIGHEST} at long times; got {max(glass.couplings)}")
    rate, until, start = _rate(glass), float(np.asarray(time)), as_floats(overlap)
    latest = LATEST / rate
    require("time", time, f"at most {latest:.4g}, {LATEST:g} in units of the glass's rate", lambda t: t <= latest)
    model, parameters = _model(glass, rate), {"glass": glass, "tolerance": tolerance, "overlap": overlap, "rate": rate}
    rung, step = _resolution(float(tolerance), rate * until)
    coarse, kept, stopped = None, 0.0, ""
    while rung + 1 < len(PANELS):
        if coarse is None:
            coarse = march(model, start, PANELS[rung], FINER * step, rate * until)
        if (last := concrete(coarse.end)) is not None and last < len(coarse.times) - 1:
            stopped = f"; with {PANELS[rung] * ORDER + 1} its rows stop at t = {coarse.times[last] / rate:.4g}"
            rung, step, coarse = rung + 1, step / FINER, None
            continue
        fine = march(model, start, PANELS[rung + 1], step, rate * until)
        found = _compared(coarse, fine, until, float(tolerance), parameters | {"step": step})
        if isinstance(found.trusted, jax.core.Tracer) or found.trusted >= until:
            return found
        coarse, rung, step, kept = fine, rung + 1, step / FINER, max(kept, found.trusted)
    raise RuntimeError(
        f"a tolerance of {float(tolerance):g} is kept up to t = {kept:.4g} only with up to {PANELS[-1] * ORDER + 1} "
        f"nodes{stopped}: ask for an earlier time than {until:g}, or for a larger tolerance"
    )


def _rate(glass: SphericalGlass) -> float:
    """How fast the glass moves at first, and at most: its unit of time is 1 over it."""
    bend = np.maximum(*(np.asarray(jax.lax.stop_gradient(glass.f(1.0, j))) for j in (1, 2)))
    others = (concrete(jax.lax.stop_gradient(one)) for one in (glass.temperature, glass.spike))
    return float(max(np.sqrt(bend), *(0.0 if one is None else float(one) / 2 for one in others)))


def _model(glass: SphericalGlass, rate: float) -> Model:
    """The glass in units of its rate, with as many coefficients as many glasses have, so that they compile once."""
    xp = numpy_for(glass)
    zero = xp.zeros_like(glass.temperature)
    powers = range(8 * -(-(max(glass.couplings) + 1) // 8) + 1)
    coefficients = xp.stack([xp.asarray(glass.couplings.get(p, zero)) / rate**2 for p in powers])
    return Model(*(jnp.asarray(one) for one in (coefficients, glass.temperature / rate, glass.spike / rate)))


def _resolution(tolerance: float, until: float) -> tuple[int, float]:
    """From measured errors: where the panels of the coarser solution stand in PANELS, and the step of the finer one."""
    panel = min(3.0, 1.45 * (tolerance / 1e-6 * 1e6 / max(until, 1e2)) ** (1 / 7))  # its length on the axis y
    rung = np.searchsorted(PANELS, 2 * float(axes.span(np.float64(until))) / panel)
    coarse = min(0.3, 0.15 * (tolerance / 1e-6) ** 0.25) * min(1.0, 1e6 / until) ** 0.125
    return min(int(rung), len(PANELS) - 2), coarse / FINER


def _compared(coarse: Solution, fine: Solution, until: float, tolerance: float, parameters: dict[str, Any]) -> Aging:
    """The finer of two solutions, and how far the coarser is from it."""
    rate, steps = parameters["rate"], (FINER * parameters["step"], parameters["step"])
    xp = numpy_for((coarse, fine))
    both = [Solution(*(xp.asarray(x) for x in one)) for one in (coarse, fine)]
    ends = (xp.where(one.end == len(one.times) - 1, np.inf, one.times[one.end]) for one in both)
    sound = xp.minimum(*ends)  # until where neither has stopped
    shown = until / 2.0 ** np.arange(max(0, int(np.log2(10 * rate * until))) + 1)[::-1]
    late, early = np.broadcast_arrays(rate * shown[:, None], rate * shown[:, None] * FRACTIONS)
    tables = [with_integrals(one.table, one.times) for one in both]
    c, chi = zip(*(at_pairs(table, h, late, early)[::2] for table, h in zip(tables, steps, strict=True)), strict=True)
    energy = at_rows(both[0].energy, steps[0], fine.times), both[1].energy

    def error(pair: Any, times: Any) -> Any:
        return xp.where(times <= sound, _around(xp.abs(pair[1] - pair[0])), np.inf)

    of_c, of_chi, of_energy = (error(x, at) for x, at in ((c, late), (chi, late), (energy, fine.times)))
    after = fine.times > sound
    rows = [xp.where(after, np.nan, x) for x in (rate * both[1].energy, rate * both[1].multiplier, both[1].overlap)]
    trusted = _within(fine.times / rate, of_energy, shown, xp.maximum(of_c, of_chi).max(-1), tolerance)
    arrays = (fine.times / rate, *rows, shown, FRACTIONS, c[1], chi[1] / rate)
    errors = (rate * of_energy, of_c, of_chi / rate)
    values: Any = *map(jnp.asarray, (*arrays, *errors)), trusted, jnp.asarray(tables[1]), parameters
    return Aging(*values)


def _around(x: Any) -> Any:
    """The largest of five neighbours on the last axis."""
    xp = numpy_for(x)
    wide = xp.concatenate([x[..., :1]] * 2 + [x] + [x[..., -1:]] * 2, axis=-1)
    return xp.stack([wide[..., k : k + x.shape[-1]] for k in range(5)]).max(0)


def _within(times: Any, rows: Any, shown: Any, pairs: Any, tolerance: ArrayLike) -> Any:
    """The last time before the first at which an error of a row, or of one that is shown, is beyond the tolerance."""
    xp = numpy_for((times, rows, shown, pairs))
    times, rows, shown, pairs = (xp.asarray(x) for x in (times, rows, shown, pairs))
    asked = times <= shown[-1]
    beyond = xp.where(asked & ~(rows <= tolerance), times, np.inf).min()
    beyond = xp.minimum(beyond, xp.where(pairs <= tolerance, np.inf, shown).min())
    every = xp.concatenate([xp.where(asked, times, 0.0), shown])
    last = xp.where(every < beyond, every, 0.0).max()
    return float(last) if xp is np else last
