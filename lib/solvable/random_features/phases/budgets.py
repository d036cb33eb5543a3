"""The compute-optimal frontier, from the full theory.

The best width is a corner between two power laws, so widths stand close, and the lowest is refined by golden section.
Neighbouring widths and steps have nearly the same kappa, so each is found from the one before.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array

from ..._checks import finite_answer, require, require_float64, require_known, require_scalar, require_shape
from ..._pytree import Numbers
from ...linear_model.checks import check_batch, check_rate, require_below
from ...linear_model.compute import Frontier
from ...linear_model.theory import final_loss, sgd_stability_limit
from ...linear_model.theory.response import Disorder, check_converged, follow, solve_from
from ...linear_model.theory.stochastic import FEW, Transforms
from ...numerics.roots import GOLDEN
from ...spectra import Spectrum, padded_octaves
from ..model import check_exponents, spectrum
from .table import classify

PER_DECADE = 24  # widths tried
MARGIN = 2.0  # decades of widths tried on either side of the law
SECTIONS = 16  # golden ones, which leave a ten thousandth of the width
LARGEST = 1e40  # budget


@finite_answer
def frontier(
    alpha: ArrayLike,
    beta: ArrayLike,
    compute: Numbers,
    *,
    ratio: ArrayLike = 10.0,
    learning_rate: ArrayLike = 0.3,
    batch_size: ArrayLike = 1,
) -> Frontier:
    r"""The compute-optimal width and steps of power-law random features under one-pass SGD, from the full theory.

    .. math:: L_\star(f) = \min_d\; L\big(t = f/d,\; d\big), \qquad
              v = \infty \;(2\alpha > 1) \;\text{ or } \text{ratio} \times d, \qquad
              \eta = \frac{\text{learning rate}}{\mathrm{tr}\,\Lambda}

    Args:
      alpha: > 0 and at most 8, of the data, a known number.
      beta: of the targets, a known number with alpha + beta > 1/2.
      compute: f, shape (C,), budgets from 1 to 1e40, width times steps, known to Python.
      ratio: v / d > 1, latent directions for every feature; of matter where 2 alpha <= 1.
      learning_rate: times 1 / tr(Lambda), > 0; of half the gradient of the batch's mean square error.
      batch_size: B >= 1 fresh samples a step.

    Returns:
      `linear_model.compute.Frontier` of shape (C,); ``time`` are steps.

    Raises:
      ValueError: for an argument out of range, known or traced by jax; a learning rate at or past the stability limit
        of a width that is tried; a budget whose best width is not between 1 and f / 8.
      RuntimeError: where jax is in float32, or if the self-consistent equation did not converge.

    L is that of `linear_model.theory.sgd`, at steps that need not be whole, with 24 widths a decade, 2 decades to
    either side of the law of `phases.classify` and more where the best is not among them. The width is good to 1e-4,
    and the loss better: at a corner it has a kink. Source: the frontier of E. Paquette, C. Paquette, L. Xiao,
    J. Pennington (2024), whose curves it takes from the theory. Book: "Four phases and three".
    """
    _check(alpha, beta, compute, ratio, learning_rate, batch_size)
    model = _Model(*(jnp.asarray(x, float) for x in (alpha, beta, ratio, learning_rate, batch_size)))
    budgets = np.log(np.asarray(compute, float))
    widths, best, kappas = _best_of_many(model, budgets, classify(alpha, beta).width)
    ends = jnp.asarray(widths[best - 1]), jnp.asarray(widths[best + 1])
    start = kappas[best, np.arange(len(best))]
    log_width, loss, residual = _refined(model, jnp.asarray(budgets), *ends, start, _octaves(model, widths))
    check_converged(residual)
    spent, width = jnp.exp(jnp.asarray(budgets)), jnp.exp(log_width)
    parameters = {"alpha": alpha, "beta": beta, "ratio": ratio, "learning_rate": learning_rate}
    return Frontier(spent, loss, width, spent / width, parameters | {"batch_size": batch_size})


def _check(
    alpha: ArrayLike,
    beta: ArrayLike,
    compute: Numbers,
    ratio: ArrayLike,
    learning_rate: ArrayLike,
    batch_size: ArrayLike,
) -> None:
    """All arguments known and in range, or an error that names the one that is not."""
    require_float64()
    for name, value in (("alpha", alpha), ("beta", beta), ("ratio", ratio), ("learning_rate", learning_rate)):
        require_known(name, value)
    check_exponents(alpha, beta)
    require_shape("compute", compute, 1, "a list of budgets, shape (C,)")
    require_known("compute", compute)
    require("compute", compute, f">= 1 and at most {LARGEST:g}", lambda x: (x >= 1) & (x <= LARGEST))
    require_scalar("ratio", ratio)
    require("ratio", ratio, "> 1 and finite", lambda x: (x > 1) & np.isfinite(x))
    check_rate(learning_rate)
    check_batch(batch_size)


def _best_of_many(model: _Model, budgets: np.ndarray, law: float) -> tuple[np.ndarray, np.ndarray, Array]:
    """Widths around the law (all as logarithms), which is lowest for each budget, and every kappa."""
    margin, most = MARGIN * np.log(10), budgets.max() - np.log(FEW)
    while True:
        low, high = max(0.0, law * budgets.min() - margin), min(law * budgets.max() + margin, most)
        if not low < high:
            largest = np.exp(budgets.max())
            raise ValueError(f"compute must be above {FEW}, for {FEW} steps of one feature; got {largest:.6g}")
        widths = np.linspace(low, high, max(3, 2 + round((high - low) * PER_DECADE / np.log(10))))
        octaves = _octaves(model, widths)
        require_below("learning_rate", model.learning_rate, _limit(model, jnp.asarray(widths[0]), octaves))
        table, kappas, residual = _table(model, jnp.asarray(budgets), jnp.asarray(widths), octaves)
        check_converged(residual)
        best = np.asarray(table).argmin(axis=0)
        outside = (best == 0) | (best == len(widths) - 1)
        if not outside.any():
            return widths, best, kappas
        if low == 0 and high == most:
            few = np.exp(budgets[outside][0])
            raise ValueError(f"compute must have its best width between 1 and a {FEW}th of it; got {few:.6g}")
        margin *= 2


def _octaves(model: _Model, widths: np.ndarray) -> int:
    """Factors of two that the latent directions of the largest width fill; 0 for endlessly many."""
    return 0 if model.alpha > 0.5 else int(np.ceil((widths[-1] + np.log(float(model.ratio))) / np.log(2))) + 1


class _Model(NamedTuple):
    """Numbers that a frontier holds fixed."""

    alpha: Array
    beta: Array
    ratio: Array
    learning_rate: Array
    batch_size: Array


def _spectrum(model: _Model, width: Array, octaves: int) -> Spectrum:
    """Of a width: with nodes for that many factors of two, or endless where there are none."""
    if not octaves:
        return spectrum(model.alpha, model.beta, latent=np.inf)
    k, count = padded_octaves(jnp.maximum(model.ratio * width, 1.0), octaves)
    return Spectrum(k ** (-2 * model.alpha), count * k ** (-2 * model.alpha - 2 * model.beta), count)


def _student(model: _Model, log_width: Array, octaves: int) -> Transforms:
    width = jnp.exp(log_width)
    modes = _spectrum(model, width, octaves)
    disorder = Disorder.of(width, jnp.asarray(jnp.inf), jnp.zeros(()))
    return Transforms(modes, disorder, model.learning_rate / (modes.counts @ modes.eigenvalues), model.batch_size)


def _loss(student: Transforms, step: Array, kappa: Array) -> Array:
    """At a step from `FEW` on; rounding may take it below the floor."""
    (test,) = student.late(step, kappa, lambda _, f, k: (f / (1 - k))[None])
    return jnp.maximum(test, final_loss(student.spectrum, width=1 / student.disorder.features).test)


@partial(jax.jit, static_argnums=2)
def _limit(model: _Model, log_width: Array, octaves: int) -> Array:
    """Of the learning rate, in units of 1 / tr(Lambda)."""
    width = jnp.exp(log_width)
    modes = _spectrum(model, width, octaves)
    return sgd_stability_limit(modes, batch_size=model.batch_size, width=width) * (modes.counts @ modes.eigenvalues)


@partial(jax.jit, static_argnums=3)
def _table(model: _Model, budgets: Array, widths: Array, octaves: int) -> tuple[Array, Array, Array]:
    """Losses and kappas at every width (first) and budget; infinite where a budget has not `FEW` steps."""

    def row(log_width: Array) -> tuple[Array, Array, Array]:
        student = _student(model, log_width, octaves)
        steps = jnp.exp(budgets - log_width)
        many = jnp.maximum(steps, FEW)
        kappas, residual = follow(student.spectrum, student.disorder, student.contour, many)
        losses = jax.lax.map(lambda at: _loss(student, *at), (many, kappas))
        return jnp.where(steps < FEW, jnp.inf, losses), kappas, residual

    losses, kappas, residuals = jax.lax.map(row, widths)
    return losses, kappas, residuals.max()


@partial(jax.jit, static_argnums=5)
def _refined(
    model: _Model, budgets: Array, low: Array, high: Array, kappa: Array, octaves: int
) -> tuple[Array, Array, Array]:
    """Width (its logarithm) and loss of each budget's minimum between two widths, from kappa nearby."""

    def minimum(at: tuple[Array, ...]) -> tuple[Array, Array, Array]:
        budget, low, high, kappa = at

        def look(log_width: Array, kappa: Array) -> tuple[Array, Array, Array]:
            student, step = _student(model, log_width, octaves), jnp.exp(budget - log_width)
            kappa, size = solve_from(student.spectrum, student.disorder, student.contour(step), kappa)
            return _loss(student, step, kappa), kappa, size

        def section(_: Array, state: tuple[Array, ...]) -> tuple[Array, ...]:
            """The interval, the best point inside it and what was found there; a new point stands on its other side."""
            low, high, inside, best, kappa, worst = state
            new = low + high - inside
            loss, found, size = look(new, kappa)
            left, right = jnp.minimum(inside, new), jnp.maximum(inside, new)
            lower = loss < best
            keep_left = jnp.where(lower, new, inside) == left
            kept = (jnp.where(keep_left, low, left), jnp.where(keep_left, right, high))
            point = jnp.where(lower, new, inside), jnp.where(lower, loss, best), jnp.where(lower, found, kappa)
            return *kept, *point, jnp.maximum(worst, size)

        start = high - GOLDEN * (high - low)
        loss, kappa, size = look(start, kappa)
        state = jax.lax.fori_loop(0, SECTIONS, section, (low, high, start, loss, kappa, size))
        return state[2], state[3], state[5]

    log_width, loss, residuals = jax.lax.map(minimum, (budgets, low, high, kappa))
    return log_width, loss, residuals.max()
