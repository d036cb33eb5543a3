r"""Schedules of momentum, and what they make of a scaling law.

.. math:: y \leftarrow (1 - \Delta_t)\, y + g_1 G, \qquad \theta \leftarrow \theta - g_2 G - g_3\, y

with G the mean gradient of a batch. `linear_model.exact.momentum` solves them, `linear_model.experiment.momentum` runs
them.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from itertools import combinations
from typing import Any, NamedTuple

import jax
import numpy as np
from jax.typing import ArrayLike

from .._checks import (
    as_floats,
    concrete,
    require_kind,
    require_known,
    require_nonnegative,
    require_positive,
    require_scalar,
)
from .._pytree import Numbers, numpy_for, pytree
from ..linear_model.checks import check_momentum, check_rate
from .phases import Term, classify

__all__ = ["SGD", "DanaConstant", "DanaDecaying", "Exponents", "HeavyBall", "exponents"]

Coefficients = tuple[Any, Any, Any, Any]


@pytree
@dataclass(frozen=True, kw_only=True)
class SGD:
    r"""No momentum.

    .. math:: \Delta = 1, \qquad g_1 = 0, \qquad g_2 = \eta, \qquad g_3 = 0

    Args:
      learning_rate: eta > 0, multiplies half the gradient of the batch's mean square error; in units of 1 / eigenvalue.

    Raises:
      ValueError: for a learning rate out of range.
    """

    learning_rate: Any

    def __post_init__(self) -> None:
        check_rate(self.learning_rate)
        _as_numbers(self)

    def coefficients(self, step: Numbers) -> Coefficients:
        """The four numbers of the update.

        Args:
          step: t >= 0, of any shape; it need not be whole.

        Returns:
          Delta, g_1, g_2 and g_3.

        Raises:
          ValueError: for a negative step.
        """
        _numbers("step", step)
        return 1.0, 0.0, self.learning_rate, 0.0


@pytree
@dataclass(frozen=True, kw_only=True)
class HeavyBall:
    r"""Momentum that is the same at every step.

    .. math:: \Delta = 1 - \text{momentum}, \qquad g_1 = 1, \qquad g_2 = 0, \qquad g_3 = \eta

    Args:
      learning_rate: eta > 0, of one gradient's first step; all its steps together are eta / (1 - momentum). In units of
        1 / eigenvalue.
      momentum: >= 0 and < 1, what the velocity keeps in a step.

    Raises:
      ValueError: for an argument out of range.
    """

    learning_rate: Any
    momentum: Any

    def __post_init__(self) -> None:
        check_rate(self.learning_rate)
        check_momentum(self.momentum, known=False)
        _as_numbers(self)

    def coefficients(self, step: Numbers) -> Coefficients:
        """The four numbers of the update.

        Args:
          step: t >= 0, of any shape; it need not be whole.

        Returns:
          Delta, g_1, g_2 and g_3.

        Raises:
          ValueError: for a negative step.
        """
        _numbers("step", step)
        return 1 - self.momentum, 1.0, 0.0, self.learning_rate


@pytree
@dataclass(frozen=True, kw_only=True)
class DanaConstant:
    r"""Dimension-adapted Nesterov acceleration: memory as long as the run, and a push that knows the width.

    .. math:: \Delta = \min\Big(1,\, \frac{\delta}{1 + t}\Big), \qquad g_1 = 1, \qquad g_2 = \eta, \qquad
              g_3 = \frac{\eta}{d}

    Args:
      learning_rate: eta > 0, of the gradient itself; in units of 1 / eigenvalue.
      dimension: d > 0, the student's width. A wider student diverges in the end.
      delta: > 0; a small one lets the loss oscillate. 4 + (alpha + beta) / alpha is enough.

    Raises:
      ValueError: for an argument out of range.
    """

    learning_rate: Any
    dimension: Any
    delta: Any

    def __post_init__(self) -> None:
        check_rate(self.learning_rate)
        _check_positive(dimension=self.dimension, delta=self.delta)
        _as_numbers(self)

    def coefficients(self, step: Numbers) -> Coefficients:
        """The four numbers of the update.

        Args:
          step: t >= 0, of any shape; it need not be whole.

        Returns:
          Delta, g_1, g_2 and g_3.

        Raises:
          ValueError: for a negative step.
        """
        at, rate = _numbers("step", step), self.learning_rate
        return _fading(self.delta, at), 1.0, rate, rate / self.dimension


@pytree
@dataclass(frozen=True, kw_only=True)
class DanaDecaying:
    r"""The same with a push that falls with the step: it knows the data's exponent in place of the width.

    .. math:: \Delta = \min\Big(1,\, \frac{\delta}{1 + t}\Big), \qquad g_1 = 1, \qquad g_2 = \eta, \qquad
              g_3 = \text{scale}\; \eta\, (1 + t)^{-\text{power}}

    Args:
      learning_rate: eta > 0, of the gradient itself; in units of 1 / eigenvalue.
      power: >= 0; 1 / 2 alpha follows the modes as they are learned, and a smaller one diverges in the end, unless the
        student is narrow: a power of 0 and a scale of 1 / d are `DanaConstant`.
      delta: > 0; a small one lets the loss oscillate. 4 + (alpha + beta) / alpha is enough.
      scale: >= 0; a large one diverges early, and 0 is `SGD`.

    Raises:
      ValueError: for an argument out of range.
    """

    learning_rate: Any
    power: Any
    delta: Any
    scale: Any = 1.0

    def __post_init__(self) -> None:
        check_rate(self.learning_rate)
        _check_positive(delta=self.delta)
        for name in ("power", "scale"):
            require_scalar(name, getattr(self, name))
            require_nonnegative(name, getattr(self, name))
        _as_numbers(self)

    def coefficients(self, step: Numbers) -> Coefficients:
        """The four numbers of the update.

        Args:
          step: t >= 0, of any shape; it need not be whole.

        Returns:
          Delta, g_1, g_2 and g_3.

        Raises:
          ValueError: for a negative step.
        """
        at, rate = _numbers("step", step), self.learning_rate
        return _fading(self.delta, at), 1.0, rate, self.scale * rate * (1 + at) ** -self.power


class Exponents(NamedTuple):
    r"""How fast a schedule learns, and its compute-optimal frontier.

    .. math:: L \sim t^{-\text{steps}}, \qquad L_\star \sim f^{-\text{loss}}, \qquad d_\star \sim f^{\text{width}},
              \qquad f = d\,t

    Attributes:
      steps: a number, positive, at a width that is no limit yet.
      loss: a number, positive: the loss falls.
      width: a number, the share of growth that goes to the width: the least one, where several are as good.
    """

    steps: float
    loss: float
    width: float


def exponents(alpha: float, beta: float, *, schedule: SGD | HeavyBall | DanaConstant | DanaDecaying) -> Exponents:
    r"""Predicted exponents: those of SGD, with its steps counted by how far momentum gets in them.

    .. math:: t \to \tau = t \quad\text{(SGD, heavy ball)}, \qquad
              \tau = \max(t,\, t^2/d) \quad\text{(constant)}, \qquad
              \tau = \max(t,\, t^{2 - \text{power}}) \quad\text{(decaying)}

    in every part of the loss, `phases.classify`.

    Args:
      alpha: > 0 and at most 8, of the data, a known number.
      beta: of the targets, a known number with alpha + beta > 1/2.
      schedule: of this module; only its kind, and the ``power`` of one that decays, matter.

    Returns:
      `Exponents`. Of a constant push they are those of a width equal to its ``dimension``, in the window
      :math:`d \ll t \ll d^{\alpha + 1/2}`, after which nothing is left to learn.

    Raises:
      ValueError: for an exponent out of range or traced by jax, or a power below 1 / 2 alpha, under which the loss
        grows in the end.
      TypeError: for another schedule.

    A heuristic: a direction q is learned in about :math:`(q\, g_3)^{-1/2}` steps, since y adds up t gradients. It is no
    theorem. D. Ferbach and others (2025) announce proofs, of a simplified equation, that heavy ball keeps SGD's
    exponents and that DANA's are larger. Measured here to 0.5 % are the exponents in steps, reached at 10^10 steps or
    later, and the frontier of the decaying push where only F_pp and F_0 compete; the other frontiers are not.
    Source: the effective time is this library's; schedules: D. Ferbach, K. Everett, G. Gidel, E. Paquette, C. Paquette
    (2025). Book: "What can change a scaling law?".
    """
    require_kind("schedule", schedule, (SGD, HeavyBall, DanaConstant, DanaDecaying))
    for leaf in jax.tree.leaves(schedule):
        require_known("schedule", leaf)
    phase, alpha = classify(alpha, beta), float(np.asarray(alpha))
    paces = [(1.0, 0.0)]  # tau as powers of t and d
    if isinstance(schedule, DanaConstant) and 2 * alpha > 1:
        paces.append((2.0, -1.0))
    if isinstance(schedule, DanaDecaying) and schedule.scale > 0:
        least = 1 / (2 * alpha)
        if not schedule.power >= least * (1 - 1e-9):
            raise ValueError(f"schedule must have a power >= 1 / (2 alpha) = {least:.6g}; got {schedule}")
        paces.append((2 - schedule.power, 0.0))
    fastest = max(of_time for of_time, _ in paces)
    learned = max(term.time for term in phase.terms if term.name in ("F_pp", "K_pp"))
    width, loss = _best_split(phase.terms, paces)
    return Exponents(-learned * fastest, loss, width)


def _best_split(terms: tuple[Term, ...], paces: list[tuple[float, float]]) -> tuple[float, float]:
    """The width's share x of growth at which the largest term is least, and minus its exponent.

    Each term is the least of straight lines in x, one for each pace; the best x lies where two of them cross.
    """
    of = [[(one.time * p, one.width + one.time * (q - p)) for p, q in paces] for one in terms]
    lines = [line for every in of for line in every]
    shares = [(c - a) / (b - d) for (a, b), (c, d) in combinations(lines, 2) if b != d]

    def largest(x: float) -> float:
        return max(min(a + b * x for a, b in every) for every in of)

    width = min((x for x in shares if 0 <= x <= 1), key=lambda x: (round(largest(x), 12), x))
    return width, -largest(width)


def _fading(delta: Any, step: Any) -> Any:
    return numpy_for((delta, step)).minimum(1.0, delta / (1 + step))


def _numbers(name: str, value: Numbers) -> Any:
    """Numbers >= 0 as floats, in NumPy where they are known."""
    require_nonnegative(name, value)
    known = concrete(value)
    if known is None:
        return as_floats(value)
    return known.astype(float) if known.ndim else float(known)


def _as_numbers(schedule: Any) -> None:
    """Fields as floats: what is known prints as a number."""
    for part in fields(schedule):
        object.__setattr__(schedule, part.name, _numbers(part.name, getattr(schedule, part.name)))


def _check_positive(**values: ArrayLike) -> None:
    for name, value in values.items():
        require_scalar(name, value)
        require_positive(name, value)
