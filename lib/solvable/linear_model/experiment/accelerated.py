"""Random students on streams of fresh data: one-pass SGD with a schedule of momentum."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array

from ..._checks import as_floats, finite_answer, require_count, require_flag
from ..._pytree import Numbers
from ..._repeats import over_repeats
from ...numerics.stepping import read_off
from ...results import LossCurves, require_steps
from ...spectra import Spectrum
from .. import exact
from ..checks import Schedule, check_schedule, check_walked
from ..exact.accelerated import GROWN, moments, require_stable
from . import students
from .stochastic import gradient


@finite_answer
def momentum(
    spectrum: Spectrum,
    steps: Numbers,
    *,
    schedule: Schedule,
    batch_size: int,
    width: ArrayLike = np.inf,
    noise: ArrayLike = 0.0,
    key: Array,
    repeats: int = 32,
    average_batches: bool = False,
) -> LossCurves:
    r"""Test loss of `repeats` random students on their own streams of fresh data, trained with momentum.

    .. math:: y \leftarrow (1 - \Delta_t)\, y + g_1 G, \qquad \theta \leftarrow \theta - g_2 G - g_3\, y, \qquad
              G = -\frac1B \sum_{\mu=1}^{B} \big(y_\mu - f_\mu\big)\,\phi_\mu

    from :math:`\theta = y = 0`.

    Args:
      spectrum: the K modes, one by one.
      steps: step numbers, whole and >= 0, shape (T,), known to Python; or one whole number: all up to it.
      schedule: Delta, g_1, g_2 and g_3 at every step: one of `random_features.momentum`, or a frozen dataclass, known
        to jax as a pytree, that has a ``learning_rate`` and ``coefficients(step)``, which returns the four.
      batch_size: B fresh samples a step, whole and >= 1.
      width: number of features N, whole, or ``inf``: the student then has all K modes themselves.
      noise: variance of the label noise, >= 0.
      key: a jax random key. Repeat i uses the i-th of ``jax.random.split(key, repeats)``, however they are chunked.
      repeats: number of independent draws of features and streams, >= 2.
      average_batches: replace each student's stream by the exact average over all streams (`exact.momentum`), so that
        only the features are random.

    Returns:
      ``LossCurves`` of shape (T,): mean and standard deviation over repeats; its ``times`` are the step numbers.
      ``test`` excludes the noise variance, and ``train`` is test + noise.

    Raises:
      ValueError: for an argument out of range, a binned spectrum, a student that needs over 16 GiB, or a schedule under
        which a loss grows a thousandfold in these steps; then it names the step.
      TypeError: for a `spectrum` or a `schedule` that is none, or `average_batches` that is neither True nor False.
      RuntimeError: where jax is in float32.

    A step costs O(N) at any batch size, and nothing is approximated, as in `sgd`.
    Source: D. Ferbach, K. Everett, G. Gidel, E. Paquette, C. Paquette (2025). Book: "What can change a scaling law?".
    """
    require_flag("average_batches", average_batches)
    numbers = jnp.asarray(require_steps(steps))
    check_walked(steps)
    check_schedule(schedule, numbers)
    batch = require_count("batch_size", batch_size, most=np.inf)
    (size,) = students.check(spectrum, noise, key, repeats, width=width)
    modes = len(spectrum.eigenvalues)
    each = students.student_bytes(modes, numbers.size, size, None)
    settings = tuple(as_floats(x) for x in (batch, noise))

    def curves(keys: Array) -> tuple[Array, ...]:
        draws = students.draw(keys, modes, width=size, samples=None)
        return _streams(spectrum, numbers, draws.features, keys, schedule, *settings, average_batches)

    (test, lost), made = over_repeats(curves, key, repeats, each)
    require_stable(schedule, lost)
    parameters = {"spectrum": spectrum, "width": width, "noise": noise, "schedule": schedule, "batch_size": batch}
    return students.gather(numbers, test, test + settings[1], parameters | made)


@partial(jax.jit, static_argnums=7)
def _streams(
    spectrum: Spectrum,
    steps: Array,
    features: Array | None,
    keys: Array,
    schedule: Schedule,
    batch: Array,
    noise: Array,
    average: bool,
) -> tuple[Array, Array]:
    """Losses, and the step by which each had grown without end."""
    most = GROWN * (spectrum.task_power.sum() + noise)

    def stream(a: Array | None, key: Array) -> tuple[Array, Array]:
        student = exact.basis(spectrum, a)
        if average:
            test, _, lost = moments(student, steps, schedule, batch, noise)
            return test, lost

        def step(number: Array, state: tuple[Array, Array]) -> tuple[Array, Array]:
            off, velocity = state  # off = weights - target
            fades, g1, g2, g3 = schedule.coefficients(number)
            pull = gradient(student, off, batch, student.irreducible + noise, jax.random.fold_in(key, number))
            velocity = (1 - fades) * velocity + g1 * pull
            return off - g2 * pull - g3 * velocity, velocity

        test = read_off(
            step,
            lambda state: student.irreducible + student.rates @ state[0] ** 2,
            (-student.target, jnp.zeros_like(student.target)),
            steps,
        )
        return test, jnp.where(test <= most, jnp.inf, steps)

    streams = jax.vmap(lambda key: jax.random.fold_in(key, 1))(keys)
    return jax.vmap(stream, in_axes=(None if features is None else 0, 0))(features, streams)
