"""Full-batch gradient descent of random students, with momentum."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial
from jax.typing import ArrayLike
from jaxtyping import Array

from ..._checks import (
    as_floats,
    finite_answer,
)
from ..._pytree import Numbers
from ...results import LossCurves, require_steps
from ...spectra import Spectrum
from ..checks import check_momentum, check_rate
from . import students


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

    .. math:: w(t+1) = w(t) - \tfrac{\eta}{2} \nabla \hat L + \beta\,(w(t) - w(t-1)), \qquad w(0) = w(-1) = 0

    in closed form along each eigenvector of the student's kernel, so that late steps cost what early ones do.

    Args:
      spectrum: the K modes, one by one.
      steps: step numbers, whole and >= 0, shape (T,), known to Python; or one whole number: all up to it.
      learning_rate: eta > 0, multiplies half the gradient of the mean square error; in units of 1 / eigenvalue.
      momentum: beta of heavy ball, >= 0 and < 1, a known number; 0 is plain gradient descent.
      width: number of features N, whole, or ``inf``: the student then has all K modes themselves.
      samples: training points P, whole, or ``inf``: the student then descends the population loss.
      noise: variance of the label noise, >= 0.
      key: a jax random key. Repeat i uses the i-th of ``jax.random.split(key, repeats)``, however they are chunked.
      repeats: number of independent draws of features, data and noise, >= 2.

    Returns:
      ``LossCurves`` of shape (T,): mean and standard deviation over repeats; its ``times`` are the step numbers.
      ``test`` excludes the noise variance and ``train`` includes it.

    Raises:
      ValueError: for an argument out of range, a binned spectrum, a student that needs over 16 GiB, or a learning rate
        at which losses grow a thousandfold in these steps.
      TypeError: for a `spectrum` that is no `Spectrum`.
      RuntimeError: where jax is in float32.

    Exact for each student. Costs as `gradient_flow`.
    Source: the definition of the model, after Bordelon, Atanasov, Pehlevan (2024). Book: "What a batch buys".
    """
    numbers = jnp.asarray(require_steps(steps))
    check_rate(learning_rate)
    check_momentum(momentum)
    rates = {"learning_rate": learning_rate, "momentum": momentum}
    progress = Partial(students.descent, numbers, *(as_floats(x) for x in rates.values()))
    runs = students.losses(
        spectrum, numbers, progress, {"width": width, "samples": samples}, noise, key, repeats, rates
    )
    most = 1e3 * (spectrum.task_power.sum() + as_floats(noise))
    if not np.all(np.isfinite(runs.test) & (np.asarray(runs.train) <= most)):
        raise ValueError(f"learning_rate must be small enough for every student; got {learning_rate}, and some diverge")
    return runs
