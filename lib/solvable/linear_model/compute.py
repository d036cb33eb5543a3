r"""Compute-optimal scaling: how a budget C = N t is best split between width and time, without a limit on data.

Two ways of losing compete with what is left of the task at time t. A network of width N ends at a floor, and before
it gets there it is worse than the infinite one by a variance that falls as 1/N:

.. math:: L \approx t^{-(a-1)/b} + N^{-\min(a-1,\,b)} + N^{-1}\, t^{-(\min(a-1,\,b) - 1)/b}

On hard tasks, a - 1 < b, all three are of one order at t = N^b; on easy ones the first and the third meet before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from .._checks import (
    concrete,
    known_arguments,
    require,
    require_kind,
    require_known,
    require_positive,
    require_scalar,
    require_shape,
)
from .._pytree import Numbers, pytree
from ..results import Result
from ..spectra import Spectrum
from .checks import check_sizes
from .results import LossCurves
from .theory.flow import gradient_flow

__all__ = ["Exponents", "Frontier", "envelope", "exponents", "frontier"]

PER_OCTAVE = 4  # widths tried
LARGEST = 1e40  # budget, in the unit of the fastest mode: beyond, widths would be tried for ever
ROUNDING = 1e-11  # of the task: losses below are not minimised


@pytree
@dataclass(frozen=True)
class Frontier(Result):
    """The best that each budget can buy.

    Attributes:
      compute: shape (C,), budgets N t.
      loss: shape (C,), the smallest test loss, without the label noise's variance.
      width, time: shape (C,), how the budget is split to reach it.
      parameters: what made it: spectrum, samples and noise; empty from given curves.
    """

    compute: Float[Array, " C"]
    loss: Float[Array, " C"]
    width: Float[Array, " C"]
    time: Float[Array, " C"]
    parameters: dict[str, Any] = field(default_factory=dict)

    def local_exponents(self) -> Exponents:
        r"""Slopes along the frontier, which the exponents of a power law are.

        .. math:: \text{loss} = -\frac{d \ln L_\star}{d \ln C}, \qquad
                  \text{width} = \frac{d \ln N_\star}{d \ln C}, \qquad \text{time} = 1 - \text{width}

        Returns:
          `Exponents` whose fields have shape (C,), between neighbouring budgets and their other neighbours.

        Raises:
          ValueError: for fewer than two budgets, or two that are alike.

        Differences, of second order where budgets are equally spaced in their logarithm. Source: their definition.
        Book: "Where to spend compute".
        """
        spent = jnp.log(self.compute)
        if len(spent) < 2 or not np.all(np.abs(np.diff(np.sort(np.asarray(spent)))) > 0):
            raise ValueError(f"compute must have two different budgets or more; got {np.asarray(self.compute)}")
        order = jnp.argsort(spent)
        back = jnp.argsort(order)
        loss, width = (jnp.gradient(jnp.log(x[order]), spent[order])[back] for x in (self.loss, self.width))
        return Exponents(-loss, width, 1 - width)


class Exponents(NamedTuple):
    r"""Exponents of a compute-optimal frontier.

    .. math:: L_\star \sim C^{-\text{loss}}, \qquad N_\star \sim C^{\text{width}}, \qquad t_\star \sim C^{\text{time}}

    Attributes:
      loss: a number, positive: the loss falls.
      width: a number, the share of growth that goes to the width.
      time: a number, the share that goes to time; the two add up to 1.

    Along a frontier (`Frontier.local_exponents`) each is an array, one number a budget.
    """

    loss: Any
    width: Any
    time: Any


@known_arguments
def frontier(spectrum: Spectrum, compute: Numbers, *, samples: ArrayLike = np.inf, noise: ArrayLike = 0.0) -> Frontier:
    r"""The compute-optimal width and time, from the full theory.

    .. math:: L_\star(C) = \min_N\; L\big(t = C/N,\, N\big)

    Args:
      spectrum: the K modes; with ``binned=True`` any number of them.
      compute: shape (C,), budgets > 1 / (largest eigenvalue): width times time, in the unit of the times. Known
        values, not traced by jax.
      samples: training points P >= 1, or ``inf``, as for the frontier of the article.
      noise: variance of the label noise, >= 0.

    Returns:
      ``Frontier`` of shape (C,): the lowest point of a parabola through the best of four widths per factor of two.

    Raises:
      ValueError: for an argument out of range, budgets whose best width is not between 1 and C, or that leave less
        than 1e-11 of the task.
      TypeError: for a `spectrum` that is no `Spectrum`.
      RuntimeError: where jax is in float32.

    L is that of `linear_model.theory.gradient_flow`. The width is good to about 1 %, and the loss to 1e-4 of itself.
    Source: Bordelon, Atanasov, Pehlevan (2024). Book: "Where to spend compute".
    """
    check_sizes(spectrum, width=np.inf, samples=samples, noise=noise)
    require_shape("compute", compute, 1, "a list of budgets, shape (C,)")
    if concrete(compute) is None:
        raise ValueError("compute must be known numbers; they are being traced by jax")
    least = 1 / float(spectrum.eigenvalues.max())
    require("compute", compute, f"> {least:.3g}, 1 / (largest eigenvalue)", lambda x: (x > least) & np.isfinite(x))
    require("compute", compute, f"at most {LARGEST * least:.3g}", lambda x: x <= LARGEST * least)
    budgets: np.ndarray = np.asarray(compute, float)
    widths = 2.0 ** np.arange(-1, np.log2(budgets.max() / least) + 2 / PER_OCTAVE, 1 / PER_OCTAVE)
    widths = widths[widths >= 1]

    def losses(width: Array, times: Array) -> Array:
        return gradient_flow(spectrum, times, width=width, samples=samples, noise=noise).test

    found = np.asarray(jax.vmap(losses)(jnp.asarray(widths), jnp.asarray(budgets / widths[:, None])))
    lowest, least = found.min(axis=0), ROUNDING * float(spectrum.task_power.sum())
    if not (lowest > least).all():
        few = budgets[lowest <= least][0]
        raise ValueError(f"compute must leave a loss above {least:.1g}, where rounding begins; got {few:.6g}")
    table = np.log(np.maximum(found, least / 10))
    best = table.argmin(axis=0)
    inside = (best > 0) & (best < len(widths) - 1)
    if not inside.all():
        raise ValueError(f"compute must have its best width between 1 and C; got {budgets[~inside][0]:.6g}, too small")
    left, middle, right = (table[best + shift, np.arange(len(budgets))] for shift in (-1, 0, 1))
    bend = left - 2 * middle + right
    width = widths[best] * 2 ** ((left - right) / (2 * bend * PER_OCTAVE))
    loss = np.exp(middle - (left - right) ** 2 / (8 * bend))
    parameters = {"spectrum": spectrum, "samples": samples, "noise": noise}
    spent, best_loss, best_width = (jnp.asarray(x) for x in (budgets, loss, width))
    return Frontier(spent, best_loss, best_width, spent / best_width, parameters)


def envelope(curves: Sequence[LossCurves], compute: Numbers) -> Frontier:
    r"""The frontier of given loss curves, theirs from the theory or measured: the lowest of them at each budget.

    .. math:: L_\star(C) = \min_i\; L_i\big(t = C/N_i\big)

    Args:
      curves: a list of `LossCurves`, each with its own width N_i in ``parameters``.
      compute: shape (C,), budgets > 0: width times time, in the unit of the curves' times. Known values, not traced by
        jax.

    Returns:
      ``Frontier`` of shape (C,): each width is one of those given.

    Raises:
      ValueError: for an argument out of range, where no curve reaches a budget, or for a curve without a width.
      TypeError: for curves that are no list of `LossCurves`.

    Between a curve's times its loss is interpolated in the logarithms, and beyond them it is not used.
    Source: the definition of the frontier, after Bordelon, Atanasov, Pehlevan (2024). Book: "Where to spend compute".
    """
    require_shape("compute", compute, 1, "a list of budgets, shape (C,)")
    require_known("compute", compute)
    require_positive("compute", compute)
    if not isinstance(curves, Sequence) or not curves:
        raise TypeError(f"curves must be a list of LossCurves; got {curves!r}")
    for one in curves:
        require_kind("curves", one, LossCurves)
        if "width" not in one.parameters:
            raise ValueError(f"curves must say their width in parameters; got {tuple(one.parameters)}")
    budgets: np.ndarray = np.asarray(compute, float)
    widths = np.asarray([float(np.asarray(one.parameters["width"])) for one in curves])
    rows = []
    for width, one in zip(widths, curves, strict=True):
        at, loss = (np.log(np.asarray(x)[np.asarray(one.times) > 0]) for x in (one.times, one.test))
        order = np.argsort(at)
        rows.append(np.interp(np.log(budgets / width), at[order], loss[order], left=np.inf, right=np.inf))
    table = np.asarray(rows)
    best, found = table.argmin(axis=0), table.min(axis=0)
    if not np.isfinite(found).all():
        raise ValueError(f"compute must lie within the curves; got {budgets[~np.isfinite(found)][0]:.6g}")
    chosen = jnp.asarray(widths[best])
    return Frontier(jnp.asarray(budgets), jnp.exp(jnp.asarray(found)), chosen, jnp.asarray(budgets) / chosen)


def exponents(*, a: float, b: float) -> Exponents:
    r"""Exponents of the compute-optimal frontier of a power law, for many more modes than features.

    .. math::
       a - 1 \le b: \quad & L_\star \sim C^{-(a-1)/(b+1)}, \quad N_\star \sim C^{1/(b+1)} \\
       a - 1 \ge b: \quad & L_\star \sim C^{-(a-1)/a}, \quad N_\star \sim C^{(a-b)/a}

    Args:
      a: exponent of the task power, > 1.
      b: exponent of the eigenvalues, >= 1; at 1 there are logarithms too.

    Returns:
      ``Exponents`` of loss (positive), width and time, three numbers; the last two add up to 1.

    Raises:
      ValueError: for an exponent out of range, or traced by jax.

    The article gives the first pair for all :math:`a - 1 < 2b`; for easy tasks the early 1/N term is larger.
    Source: Bordelon, Atanasov, Pehlevan (2024) for hard tasks; the easy ones are derived on the page.
    Book: "Where to spend compute".
    """
    for name, exponent in (("a", a), ("b", b)):
        require_known(name, exponent)
        require_scalar(name, exponent)
    require("a", a, "> 1 and finite", lambda x: (x > 1) & np.isfinite(x))
    require("b", b, ">= 1 and finite", lambda x: (x >= 1) & np.isfinite(x))
    width = 1 / (b + 1) if a - 1 <= b else (a - b) / a
    return Exponents((1 - width) * (a - 1) / b, width, 1 - width)
