"""The linear model at finite size: draw features and data, train exactly, repeat. Units as in `theory`."""

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

from .._checks import require, require_count, require_scalar, require_shape
from .._pytree import Numbers
from ..spectra import Spectrum
from . import exact, students
from .curves import EnsembleCurves, LossCurves
from .descent import check_rate, check_steps
from .ensembles import check_members
from .regression import regression

__all__ = ["ensemble", "gradient_descent", "gradient_flow", "regression", "sgd"]


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
    require_shape("times", times, 1, "a list of times, shape (T,)")
    require("times", times, ">= 0 and finite", lambda x: (x >= 0) & np.isfinite(x))
    times = jnp.asarray(times, float)
    sizes: dict[str, Any] = {"width": width, "samples": samples}
    return _repeat(spectrum, times, Partial(students.flow, times), sizes, noise, key, repeats)


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

    Costs as `gradient_flow`. No page shows it yet.
    """
    numbers = jnp.asarray(check_steps(steps))
    check_rate(learning_rate)
    require_scalar("momentum", momentum)
    require("momentum", momentum, ">= 0 and < 1", lambda x: (x >= 0) & (x < 1))
    rates = {"learning_rate": learning_rate, "momentum": momentum}
    progress = Partial(students.descent, numbers, *(jnp.asarray(x, float) for x in rates.values()))
    runs = _repeat(spectrum, numbers, progress, {"width": width, "samples": samples}, noise, key, repeats, rates)
    if not np.all(np.isfinite(runs.test) & (np.asarray(runs.train) <= 1e3 * (spectrum.task_power.sum() + noise))):
        raise ValueError(f"learning_rate must be small enough for every student; got {learning_rate}, and some diverge")
    return runs


def ensemble(
    spectrum: Spectrum,
    times: Numbers,
    *,
    inits: int = 1,
    datasets: int = 1,
    width: ArrayLike = np.inf,
    samples: ArrayLike = np.inf,
    noise: ArrayLike = 0.0,
    paired: bool = False,
    key: Array,
    repeats: int = 32,
) -> EnsembleCurves:
    r"""Test loss of averaged students: every combination of E draws of features and D data sets, `repeats` times.

    Args:
      spectrum: the K modes.
      times: shape (T,), >= 0, in units of 1 / (learning rate x eigenvalue).
      inits, datasets: E and D.
      width, samples, noise: of one student, as in `gradient_flow`.
      paired: E students with features and data of their own, instead of all combinations.
      key, repeats: as in `gradient_flow`.

    Returns:
      ``EnsembleCurves``: the mean of ``test`` with its standard deviation. The parts are the unbiased estimates of a
      two-way analysis of variance, which needs at least two `inits` and two `datasets`; NaN where these are fewer.
      ``both_variance`` holds all of the variance where students are paired, and the other two are NaN.

    Raises:
      ValueError: for an argument out of range, named with its value.

    Costs E D times `gradient_flow`. Book: "Ensembling or width".
    """
    require_shape("times", times, 1, "a list of times, shape (T,)")
    require("times", times, ">= 0 and finite", lambda x: (x >= 0) & np.isfinite(x))
    e, d = require_count("inits", inits), require_count("datasets", datasets)
    check_members(e, d, paired)
    sizes: dict[str, Any] = {"width": width, "samples": samples}
    n, p = students.check(spectrum, noise, key, repeats, **sizes)
    modes, times = len(spectrum.eigenvalues), jnp.asarray(times, float)
    each = students.student_bytes(modes, times.size, n, p) * (e if paired else e * d)
    start = perf_counter()
    progress = Partial(students.flow, times)

    def curves(keys: Array) -> tuple[Array, ...]:
        members = jax.vmap(lambda key: jax.random.split(key, max(e, d)))(keys).reshape(-1)
        disorder = students.draw(members, modes, width=n, samples=p)
        drawn = jax.tree.map(lambda x: x.reshape(len(keys), max(e, d), *x.shape[1:]), disorder)
        return _averaged(spectrum, jnp.asarray(noise, float), drawn, progress, (len(keys), e, d), paired)

    test, *parts = students.in_chunks(curves, key, repeats, each)
    parameters = {"spectrum": spectrum, **sizes, "noise": noise, "inits": e, "datasets": d, "paired": paired}
    parameters |= {"repeats": repeats, "key": jax.random.key_data(key), "seconds": perf_counter() - start}
    bias, init, data, both = (part.mean(axis=0) for part in parts)
    std = test.std(axis=0, ddof=1)
    return EnsembleCurves(times, test.mean(axis=0), bias, init, data, both, test_std=std, parameters=parameters)


@partial(jax.jit, static_argnums=(4, 5))
def _averaged(
    spectrum: Spectrum,
    noise: Array,
    drawn: students.Draws,
    progress: students.Progress,
    shape: tuple[int, int, int],
    paired: bool,
) -> tuple[Array, ...]:
    """Loss of the average, and the estimates of bias and variances, for every repeat."""
    repeats, e, d = shape
    rows, columns = (np.arange(e), np.arange(e)) if paired else map(np.ravel, np.indices((e, d)))

    def losses(one: students.Draws) -> tuple[Array, ...]:
        features = None if one.features is None else one.features[rows]
        data, eps = (None if x is None else x[columns] for x in (one.data, one.noise))
        train = jax.vmap(lambda m: students.train(spectrum, noise, m, progress).modes, axis_size=len(rows))
        learned = train(students.Draws(features, data, eps))
        table = learned.reshape(e, 1 if paired else d, *learned.shape[1:])
        test = students.population_loss(spectrum, table.mean(axis=(0, 1)))
        return test, *_variances(spectrum.eigenvalues, students.teacher(spectrum), table, paired)

    return jax.vmap(losses, axis_size=repeats)(drawn)


def _variances(lam: Array, target: Array, table: Float[Array, "E D K T"], paired: bool) -> tuple[Array, ...]:
    """Unbiased bias and variances of a table of students, one row per init and one column per data set."""
    e, d = table.shape[:2]
    mean, rows, columns = table.mean(axis=(0, 1)), table.mean(axis=1), table.mean(axis=0)

    def mean_square(residue: Array, freedom: int) -> Array:
        total = jnp.sum(lam[:, None] * residue**2, axis=tuple(range(residue.ndim - 1)))
        return total / freedom if freedom > 0 else jnp.full_like(total, jnp.nan)

    of_mean = lam @ (target[:, None] - mean) ** 2
    if paired:
        both = mean_square(table - mean, e - 1)
        unknown = jnp.full_like(both, jnp.nan)
        return of_mean - both / e, unknown, unknown, both
    both = mean_square(table - rows[:, None] - columns[None] + mean, (e - 1) * (d - 1))
    init = (mean_square(rows - mean, e - 1) * d - both) / d
    data = (mean_square(columns - mean, d - 1) * e - both) / e
    return of_mean - init / e - data / d - both / (e * d), init, data, both


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

    .. math:: w(t+1) = w(t) + \frac{\eta}{B} \sum_{\mu=1}^{B} \big(y_\mu - f_\mu\big)\,\phi_\mu

    Args:
      spectrum: the K modes.
      steps: shape (T,), step numbers, whole and >= 0.
      learning_rate: eta > 0, in units of 1 / eigenvalue.
      batch_size: B fresh samples a step.
      width: number of features N, whole, or ``inf``.
      noise: variance of the label noise, >= 0.
      key, repeats: as in `gradient_flow`.
      average_batches: replace each student's stream by the exact average over all streams (`exact.sgd`), so that only
        the features are random. Much faster, and much less noise where the learning rate is large.

    Returns:
      ``LossCurves``: mean, standard deviation over repeats; ``train`` is test + noise.

    Raises:
      ValueError: for an argument out of range, or a learning rate at which a loss grows a thousandfold in these steps.

    A step costs O(N) at any batch size: given the size of a batch's errors, its gradient is a Gaussian vector with
    known mean, so it is drawn at once.
    Book: "Fresh data: one-pass SGD".
    """
    numbers = jnp.asarray(check_steps(steps))
    check_rate(learning_rate)
    batch = require_count("batch_size", batch_size)
    (size,) = students.check(spectrum, noise, key, repeats, width=width)
    modes = len(spectrum.eigenvalues)
    each = students.student_bytes(modes, numbers.size, size, None)
    start = perf_counter()
    settings = tuple(jnp.asarray(x, float) for x in (learning_rate, noise, batch))

    def curves(keys: Array) -> tuple[Array, ...]:
        draws = students.draw(keys, modes, width=size, samples=None)
        return (_streams(spectrum, numbers, draws.features, keys, *settings, average_batches),)

    (test,) = students.in_chunks(curves, key, repeats, each)
    if not np.all(np.asarray(test) <= 1e3 * (spectrum.task_power.sum() + noise)):
        raise ValueError(f"learning_rate must be small enough for every student; got {learning_rate}, and some diverge")
    parameters = {"spectrum": spectrum, "width": width, "noise": noise, "learning_rate": learning_rate}
    parameters |= {"batch_size": batch, "repeats": repeats, "key": jax.random.key_data(key)}
    mean, std = test.mean(axis=0), test.std(axis=0, ddof=1)
    parameters["seconds"] = perf_counter() - start
    return LossCurves(numbers, mean, mean + noise, test_std=std, train_std=std, parameters=parameters)


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
            size_key, along_key, side_key = jax.random.split(jax.random.fold_in(key, number), 3)
            push = jnp.sqrt(student.rates) * off
            loss = push @ push
            total = jnp.maximum(loss + irreducible, 1e-300)  # variance of each sample's error e
            size = jnp.sqrt(total * jax.random.chisquare(size_key, batch))  # |e|
            side = jax.random.normal(side_key, off.shape)
            side = side - push * (push @ side / jnp.where(loss > 0, loss, 1.0))  # inputs across the push
            noise_along = jnp.sqrt(irreducible / total) * jax.random.normal(along_key)  # and along it, given e
            along = push * (noise_along / jnp.sqrt(jnp.where(loss > 0, loss, 1.0)) - size / total)
            return off + eta / batch * size * jnp.sqrt(student.rates) * (along + side)

        return exact.read_off(step, lambda off: student.irreducible + student.rates @ off**2, -student.target, steps)

    streams = jax.vmap(lambda key: jax.random.fold_in(key, 1))(keys)
    return jax.vmap(stream, in_axes=(None if features is None else 0, 0))(features, streams)


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
        return _losses(spectrum, jnp.asarray(noise, float), disorder, progress, len(keys))

    test, train = students.in_chunks(curves, key, repeats, each)
    parameters = {"spectrum": spectrum, **sizes, "noise": noise, **(method or {}), "repeats": repeats}
    parameters |= {"key": jax.random.key_data(key), "seconds": perf_counter() - start}
    return LossCurves(
        times,
        test.mean(axis=0),
        train.mean(axis=0),
        test_std=test.std(axis=0, ddof=1),
        train_std=train.std(axis=0, ddof=1),
        parameters=parameters,
    )


@partial(jax.jit, static_argnums=4)
def _losses(
    spectrum: Spectrum, noise: Array, disorder: students.Draws, progress: students.Progress, repeats: int
) -> tuple[Array, ...]:
    def losses(one: students.Draws) -> tuple[Array, ...]:
        student = students.train(spectrum, noise, one, progress)
        return students.population_loss(spectrum, student.modes), student.train

    return jax.vmap(losses, axis_size=repeats)(disorder)
