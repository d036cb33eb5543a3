"""Random students, each trained in closed form by gradient flow or full-batch descent, and their average."""

from __future__ import annotations

from functools import partial
from time import perf_counter
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from .._checks import as_floats, finite_answer, require, require_kind, require_nonnegative, require_times, shape_of
from .._memory import require_memory
from .._pytree import Numbers
from ..spectra import Spectrum
from . import students
from .checks import check_known_steps, check_momentum, check_rate
from .curves import FinalLoss, LossCurves


@finite_answer
def gradient_flow(
    spectrum: Spectrum,
    times: Numbers,
    *,
    width: ArrayLike = np.inf,
    samples: ArrayLike = np.inf,
    noise: ArrayLike = 0.0,
    key: Array,
    repeats: int = 32,
) -> LossCurves:
    r"""Test and train loss of `repeats` random students, each trained by exact gradient flow.

    .. math:: f = w\cdot\phi, \quad \phi = A\psi/\sqrt N, \qquad
              w(t) = \frac1P \Phi^\top \frac{1 - e^{-Gt}}{G}\, y, \quad G = \Phi\Phi^\top/P, \qquad
              L(t) = \sum_k \lambda_k \Big(\bar w_k - \frac{[A^\top w(t)]_k}{\sqrt N}\Big)^2

    Args:
      spectrum: the K modes.
      times: shape (T,), >= 0, in units of 1 / (learning rate x eigenvalue).
      width: number of features N, whole, or ``inf``: the student then has all K modes themselves.
      samples: training points P, whole, or ``inf``: the student then descends the population loss.
      noise: variance of the label noise, >= 0.
      key: a jax random key. Repeat i uses the i-th of ``jax.random.split(key, repeats)``, however they are chunked.
      repeats: number of independent draws of features, data and noise.

    Returns:
      ``LossCurves`` with mean, standard deviation over repeats (unbiased) and, from it, the standard error. ``test``
      is the population loss of each student, without sampling error and without the noise variance; ``train``
      includes the noise.

    Raises:
      ValueError: for an argument out of range, named with its value.
      RuntimeError: where jax is in float32: late times need the small eigenvalues of G.

    Costs O(repeats (min(N, P)^3 + K N P)); repeats run together in chunks of about a gigabyte.
    Book: "A model you can solve".
    """
    times = require_times(times)
    sizes: dict[str, Any] = {"width": width, "samples": samples}
    return _repeat(spectrum, times, Partial(students.flow, times), sizes, noise, key, repeats)


@finite_answer
def mode_errors(
    spectrum: Spectrum,
    times: Numbers,
    *,
    width: ArrayLike = np.inf,
    samples: ArrayLike = np.inf,
    noise: ArrayLike = 0.0,
    key: Array,
    repeats: int = 32,
) -> Float[Array, "R T K"]:
    r"""How much of each mode each of `repeats` random students still misses.

    .. math:: h_k(t) = 1 - \frac{[A^\top w(t)]_k}{\sqrt N\,\bar w_k}

    Args:
      spectrum: the K modes, each with some task power.
      times: shape (T,), >= 0, in units of 1 / (learning rate x eigenvalue).
      width, samples, noise, key, repeats: as in `gradient_flow`.

    Returns:
      An array (repeats, T, K). Its mean over students is `theory.mode_errors`; single entries may lie far below 0 and
      above 1.

    Raises:
      ValueError: for an argument out of range, named with its value.

    Book: "Mode by mode".
    """
    require_kind("spectrum", spectrum, Spectrum)
    times = require_times(times)
    require("task_power", spectrum.task_power, "positive, for a share of it to be missed", lambda x: x > 0)
    n, p = students.check(spectrum, noise, key, repeats, width=width, samples=samples)
    modes, progress = len(spectrum.eigenvalues), Partial(students.flow, times)

    def errors(keys: Array) -> tuple[Array, ...]:
        disorder = students.draw(keys, modes, width=n, samples=p)
        learned = _learned(spectrum, as_floats(noise), disorder, progress, len(keys))
        return (1 - learned.mT / students.teacher(spectrum),)

    each = 8 * modes * times.size
    require_memory(lambda repeats: each * repeats, repeats=repeats)
    return students.in_chunks(errors, key, repeats, students.student_bytes(modes, times.size, n, p))[0]


@finite_answer
def gradient_descent(
    spectrum: Spectrum,
    steps: Numbers,
    *,
    learning_rate: ArrayLike,
    momentum: ArrayLike = 0.0,
    width: ArrayLike = np.inf,
    samples: ArrayLike = np.inf,
    noise: ArrayLike = 0.0,
    key: Array,
    repeats: int = 32,
) -> LossCurves:
    r"""Test and train loss of `repeats` random students, each trained by full-batch descent with heavy-ball momentum.

    .. math:: w(t+1) = w(t) - \tfrac{\eta}{2} \nabla \hat L + \beta\,(w(t) - w(t-1))

    in closed form along each eigenvector of the student's kernel, so that late steps cost what early ones do.

    Args:
      spectrum: the K modes.
      steps: shape (T,), step numbers, whole and >= 0.
      learning_rate: eta > 0, in units of 1 / eigenvalue.
      momentum: beta, >= 0 and < 1; 0 is plain gradient descent.
      width, samples, noise, key, repeats: as in `gradient_flow`.

    Returns:
      ``LossCurves`` as from `gradient_flow`; its ``times`` are the step numbers.

    Raises:
      ValueError: for an argument out of range, or a learning rate at which losses grow a thousandfold in these steps.
      RuntimeError: where jax is in float32.

    Costs as `gradient_flow`. Book: "What a batch buys".
    """
    numbers = jnp.asarray(check_known_steps(steps))
    check_rate(learning_rate)
    check_momentum(momentum)
    rates = {"learning_rate": learning_rate, "momentum": momentum}
    progress = Partial(students.descent, numbers, *(as_floats(x) for x in rates.values()))
    runs = _repeat(spectrum, numbers, progress, {"width": width, "samples": samples}, noise, key, repeats, rates)
    most = 1e3 * (spectrum.task_power.sum() + as_floats(noise))
    if not np.all(np.isfinite(runs.test) & (np.asarray(runs.train) <= most)):
        raise ValueError(f"learning_rate must be small enough for every student; got {learning_rate}, and some diverge")
    return runs


@finite_answer
def final_loss(
    spectrum: Spectrum,
    *,
    width: ArrayLike = np.inf,
    samples: ArrayLike = np.inf,
    noise: ArrayLike = 0.0,
    ridge: ArrayLike = 0.0,
    key: Array,
    repeats: int = 32,
) -> FinalLoss:
    r"""Test and train loss of `repeats` random students at the minimum of their ridge-penalised loss.

    .. math:: w = \Phi^\top (\Phi\Phi^\top + P\,\delta)^{-1} y, \qquad \Phi = \Psi A^\top/\sqrt N

    Args:
      spectrum: the K modes.
      width, samples, noise, key, repeats: as in `gradient_flow`.
      ridge: delta >= 0, one number or shape (R,): every student is solved at each. 0 is the solution of least norm.

    Returns:
      ``FinalLoss`` of the shape of `ridge`: means and standard deviations over repeats; ``train`` does not include
      the penalty.

    Raises:
      ValueError: for an argument out of range, named with its value.

    Costs as `gradient_flow`. Book: "Test and train part ways".
    """
    if len(shape_of("ridge", ridge)) > 1:
        raise ValueError(f"ridge must be one number or a list of numbers; got shape {np.shape(ridge)}")
    require_nonnegative("ridge", ridge)
    strengths = jnp.atleast_1d(as_floats(ridge))
    sizes: dict[str, Any] = {"width": width, "samples": samples}
    runs = _repeat(spectrum, strengths, Partial(students.ridge, strengths), sizes, noise, key, repeats)
    shape, parameters = np.shape(ridge), runs.parameters | {"ridge": ridge}
    spread = {
        "test_std": jnp.asarray(runs.test_std).reshape(shape),
        "train_std": jnp.asarray(runs.train_std).reshape(shape),
    }
    return FinalLoss(runs.test.reshape(shape), runs.train.reshape(shape), **spread, parameters=parameters)


def _repeat(
    spectrum: Spectrum,
    times: Array,
    progress: Partial,
    sizes: dict[str, Any],
    noise: ArrayLike,
    key: Array,
    repeats: int,
    method: dict[str, Any] | None = None,
) -> LossCurves:
    """Train `repeats` students and gather their losses."""
    width, samples = students.check(spectrum, noise, key, repeats, **sizes)
    modes = len(spectrum.eigenvalues)
    each = students.student_bytes(modes, times.size, width, samples)
    start = perf_counter()

    def curves(keys: Array) -> tuple[Array, ...]:
        disorder = students.draw(keys, modes, width=width, samples=samples)
        return _losses(spectrum, as_floats(noise), disorder, progress, len(keys))

    test, train = students.in_chunks(curves, key, repeats, each)
    parameters = {"spectrum": spectrum, **sizes, "noise": noise, **(method or {})}
    return students.gather(times, test, train, parameters, key, start)


@partial(jax.jit, static_argnums=4)
def _losses(
    spectrum: Spectrum, noise: Array, disorder: students.Draws, progress: students.Progress, repeats: int
) -> tuple[Array, ...]:
    def losses(one: students.Draws) -> tuple[Array, ...]:
        student = students.train(spectrum, noise, one, progress)
        return students.population_loss(spectrum, student.modes), student.train

    return jax.vmap(losses, axis_size=repeats)(disorder)


@partial(jax.jit, static_argnums=4)
def _learned(
    spectrum: Spectrum, noise: Array, disorder: students.Draws, progress: students.Progress, repeats: int
) -> Float[Array, "R K T"]:
    train = partial(students.train, spectrum, noise, progress=progress)
    return jax.vmap(lambda one: train(one).modes, axis_size=repeats)(disorder)
