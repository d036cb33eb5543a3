"""Gradient flow of random students: their losses, and what each misses of each mode."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import numpy as np
from jax.tree_util import Partial
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from ..._checks import (
    as_floats,
    finite_answer,
    require,
    require_kind,
    require_times,
)
from ..._memory import require_memory
from ..._pytree import Numbers
from ..._repeats import over_repeats
from ...spectra import Spectrum
from ..results import LossCurves
from . import students


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
      spectrum: the K modes, one by one.
      times: shape (T,), >= 0, in units of 1 / (learning rate x eigenvalue).
      width: number of features N, whole, or ``inf``: the student then has all K modes themselves.
      samples: training points P, whole, or ``inf``: the student then descends the population loss.
      noise: variance of the label noise, >= 0.
      key: a jax random key. Repeat i uses the i-th of ``jax.random.split(key, repeats)``, however they are chunked.
      repeats: number of independent draws of features, data and noise, >= 2.

    Returns:
      ``LossCurves`` of shape (T,) with mean, standard deviation over repeats (unbiased) and, from it, the standard
      error. ``test`` is the population loss of each student, without sampling error and without the noise variance;
      ``train`` includes the noise.

    Raises:
      ValueError: for an argument out of range, named with its value, a binned spectrum, or a student that needs over
        16 GiB.
      TypeError: for a `spectrum` that is no `Spectrum`.
      RuntimeError: where jax is in float32: late times need the small eigenvalues of G.

    Exact for each student; the error of the mean falls as 1 / sqrt(repeats). Costs O(repeats (min(N, P)^3 + K N P));
    repeats run together in chunks of about a gigabyte.
    Source: the definition of the model, after Bordelon, Atanasov, Pehlevan (2024). Book: "A model you can solve".
    """
    times = require_times(times)
    sizes: dict[str, Any] = {"width": width, "samples": samples}
    return students.losses(spectrum, times, Partial(students.flow, times), sizes, noise, key, repeats)


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
      spectrum: the K modes, one by one, each with some task power.
      times: shape (T,), >= 0, in units of 1 / (learning rate x eigenvalue).
      width: number of features N, whole, or ``inf``: the student then has all K modes themselves.
      samples: training points P, whole, or ``inf``: the student then descends the population loss.
      noise: variance of the label noise, >= 0.
      key: a jax random key. Repeat i uses the i-th of ``jax.random.split(key, repeats)``, however they are chunked.
      repeats: number R of independent draws of features, data and noise, >= 2.

    Returns:
      An array (R, T, K). Its mean over students is `theory.mode_errors`; single entries may lie far below 0 and
      above 1.

    Raises:
      ValueError: for an argument out of range, named with its value, a binned spectrum, or a student that needs over
        16 GiB.
      TypeError: for a `spectrum` that is no `Spectrum`.
      RuntimeError: where jax is in float32.

    Exact for each student, trained as in `gradient_flow`.
    Source: the definition of the model, after Bordelon, Atanasov, Pehlevan (2024). Book: "Mode by mode".
    """
    require_kind("spectrum", spectrum, Spectrum)
    times = require_times(times)
    require("task_power", spectrum.task_power, "positive, for a share of it to be missed", lambda x: x > 0)
    n, p = students.check(spectrum, noise, key, repeats, width=width, samples=samples)
    modes, progress = len(spectrum.eigenvalues), Partial(students.flow, times)

    def errors(keys: Array) -> tuple[Array, ...]:
        disorder = students.draw(keys, modes, width=n, samples=p)
        learned = _learned(spectrum, as_floats(noise), disorder, progress, len(keys))
        return (1 - learned.mT / spectrum.teacher,)

    each = 8 * modes * times.size
    require_memory(lambda repeats: each * repeats, repeats=repeats)
    (missed,), _ = over_repeats(errors, key, repeats, students.student_bytes(modes, times.size, n, p))
    return missed


@partial(jax.jit, static_argnums=4)
def _learned(
    spectrum: Spectrum, noise: Array, disorder: students.Draws, progress: students.Progress, repeats: int
) -> Float[Array, "R K T"]:
    train = partial(students.train, spectrum, noise, progress=progress)
    return jax.vmap(lambda one: train(one).modes, axis_size=repeats)(disorder)
