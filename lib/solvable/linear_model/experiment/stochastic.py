"""Random students on streams of fresh data: one-pass SGD."""

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
from ..checks import check_rate, check_walked
from . import students


@finite_answer
def sgd(
    spectrum: Spectrum,
    steps: Numbers,
    *,
    learning_rate: ArrayLike,
    batch_size: int,
    width: ArrayLike = np.inf,
    noise: ArrayLike = 0.0,
    key: Array,
    repeats: int = 32,
    average_batches: bool = False,
) -> LossCurves:
    r"""Test loss of `repeats` random students on their own streams of fresh data.

    .. math:: w(t+1) = w(t) + \frac{\eta}{B} \sum_{\mu=1}^{B} \big(y_\mu - f_\mu\big)\,\phi_\mu, \qquad w(0) = 0

    Args:
      spectrum: the K modes, one by one.
      steps: step numbers, whole and >= 0, shape (T,), known to Python; or one whole number: all up to it.
      learning_rate: eta > 0, multiplies half the gradient of the batch's mean square error; in units of 1 / eigenvalue.
      batch_size: B fresh samples a step, whole and >= 1.
      width: number of features N, whole, or ``inf``: the student then has all K modes themselves.
      noise: variance of the label noise, >= 0.
      key: a jax random key. Repeat i uses the i-th of ``jax.random.split(key, repeats)``, however they are chunked.
      repeats: number of independent draws of features and streams, >= 2.
      average_batches: replace each student's stream by the exact average over all streams (`exact.sgd`), so that only
        the features are random. Much faster, and much less noise where the learning rate is large.

    Returns:
      ``LossCurves`` of shape (T,): mean and standard deviation over repeats; its ``times`` are the step numbers.
      ``test`` excludes the noise variance, and ``train`` is test + noise.

    Raises:
      ValueError: for an argument out of range, a binned spectrum, a student that needs over 16 GiB, or a learning rate
        at which a loss grows a thousandfold in these steps.
      TypeError: for a `spectrum` that is no `Spectrum`, or `average_batches` that is neither True nor False.
      RuntimeError: where jax is in float32.

    A step costs O(N) at any batch size, and nothing is approximated: given the size of a batch's errors, its gradient
    is a Gaussian vector with known mean, so it is drawn at once.
    Source: the definition of the model, after E. Paquette, C. Paquette, L. Xiao, J. Pennington (2024).
    Book: "Fresh data: one-pass SGD".
    """
    require_flag("average_batches", average_batches)
    numbers = jnp.asarray(require_steps(steps))
    check_walked(steps)
    check_rate(learning_rate)
    batch = require_count("batch_size", batch_size, most=np.inf)
    (size,) = students.check(spectrum, noise, key, repeats, width=width)
    modes = len(spectrum.eigenvalues)
    each = students.student_bytes(modes, numbers.size, size, None)
    settings = tuple(as_floats(x) for x in (learning_rate, noise, batch))

    def curves(keys: Array) -> tuple[Array, ...]:
        draws = students.draw(keys, modes, width=size, samples=None)
        return (_streams(spectrum, numbers, draws.features, keys, *settings, average_batches),)

    (test,), made = over_repeats(curves, key, repeats, each)
    if not np.all(np.asarray(test) <= 1e3 * (spectrum.task_power.sum() + settings[1])):
        raise ValueError(f"learning_rate must be small enough for every student; got {learning_rate}, and some diverge")
    parameters = {"spectrum": spectrum, "width": width, "noise": noise}
    parameters |= {"learning_rate": learning_rate, "batch_size": batch}
    return students.gather(numbers, test, test + settings[1], parameters | made)


@partial(jax.jit, static_argnums=7)
def _streams(
    spectrum: Spectrum,
    steps: Array,
    features: Array | None,
    keys: Array,
    eta: Array,
    noise: Array,
    batch: Array,
    average: bool,
) -> Array:
    def stream(a: Array | None, key: Array) -> Array:
        student = exact.basis(spectrum, a)
        if average:
            return exact.moments(student, steps, eta, batch, noise)
        irreducible = student.irreducible + noise

        def step(number: Array, off: Array) -> Array:  # off = weights - target
            return off - eta * gradient(student, off, batch, irreducible, jax.random.fold_in(key, number))

        return read_off(step, lambda off: student.irreducible + student.rates @ off**2, -student.target, steps)

    streams = jax.vmap(lambda key: jax.random.fold_in(key, 1))(keys)
    return jax.vmap(stream, in_axes=(None if features is None else 0, 0))(features, streams)


def gradient(student: exact.Basis, off: Array, batch: Array, irreducible: Array, key: Array) -> Array:
    """A batch's mean gradient of half its mean square error, where the weights are `off` the best ones."""
    size_key, along_key, side_key = jax.random.split(key, 3)
    push = jnp.sqrt(student.rates) * off
    loss = push @ push
    total = jnp.maximum(loss + irreducible, 1e-300)  # variance of each sample's error e
    size = jnp.sqrt(total * jax.random.chisquare(size_key, batch))  # |e|
    side = jax.random.normal(side_key, off.shape)
    side = side - push * (push @ side / jnp.where(loss > 0, loss, 1.0))  # inputs across the push
    noise_along = jnp.sqrt(irreducible / total) * jax.random.normal(along_key)  # and along it, given e
    along = push * (noise_along / jnp.sqrt(jnp.where(loss > 0, loss, 1.0)) - size / total)
    return -size / batch * jnp.sqrt(student.rates) * (along + side)
