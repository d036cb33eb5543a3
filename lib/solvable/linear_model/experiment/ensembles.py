"""Ensembles of random students: every combination of draws of features and data sets."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from ..._checks import as_floats, known_arguments, require_count, require_times
from ..._memory import require_memory
from ..._pytree import Numbers
from ..._repeats import mean_and_std, over_repeats
from ...spectra import Spectrum
from ..checks import check_members
from ..results import EnsembleCurves
from . import students


@known_arguments
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

    .. math:: L = \sum_k \lambda_k \Big(\bar w_k - \frac{1}{E D} \sum_{e=1}^{E} \sum_{d=1}^{D}
              \frac{[A_e^\top w_{ed}]_k}{\sqrt N}\Big)^2

    with :math:`w_{ed}` the student of `gradient_flow` with features e on data set d.

    Args:
      spectrum: the K modes, one by one.
      times: shape (T,), >= 0, in units of 1 / (learning rate x eigenvalue).
      inits: E draws of features, whole and >= 1.
      datasets: D data sets of `samples` points each, whole and >= 1.
      width: number of features N of one student, whole, or ``inf``: it then has all K modes themselves.
      samples: training points P of one student, whole, or ``inf``: it then descends the population loss.
      noise: variance of the label noise, >= 0.
      paired: E students with features and data of their own, instead of all combinations; `datasets` must then equal
        `inits`.
      key: a jax random key. Repeat i uses the i-th of ``jax.random.split(key, repeats)``, however they are chunked.
      repeats: number of independent ensembles, >= 2.

    Returns:
      ``EnsembleCurves`` of shape (T,): the mean of ``test`` with its standard deviation. The parts are the unbiased
      estimates of a two-way analysis of variance, which needs at least two `inits` and two `datasets`; NaN where these
      are fewer. ``both_variance`` holds all of the variance where students are paired, and the other two are NaN.

    Raises:
      ValueError: for an argument out of range, named with its value, a binned spectrum, or ensembles that no memory
        holds.
      TypeError: for a `spectrum` that is no `Spectrum`, or `paired` that is neither True nor False.
      RuntimeError: where jax is in float32.

    Exact for each ensemble. Costs E D times `gradient_flow`.
    Source: the definition of the model, after Bordelon, Atanasov, Pehlevan (2024). Book: "Ensembling or width".
    """
    times = require_times(times)
    e, d = require_count("inits", inits), require_count("datasets", datasets)
    check_members(e, d, paired)
    sizes: dict[str, Any] = {"width": width, "samples": samples}
    n, p = students.check(spectrum, noise, key, repeats, **sizes)
    modes = len(spectrum.eigenvalues)
    one = students.student_bytes(modes, times.size, n, p)
    each = one * (e if paired else e * d)
    require_memory(lambda e, d: one * (e if paired else e * d), inits=e, datasets=d)
    progress = Partial(students.flow, times)

    def curves(keys: Array) -> tuple[Array, ...]:
        members = jax.vmap(lambda key: jax.random.split(key, max(e, d)))(keys).reshape(-1)
        disorder = students.draw(members, modes, width=n, samples=p)
        drawn = jax.tree.map(lambda x: x.reshape(len(keys), max(e, d), *x.shape[1:]), disorder)
        return _averaged(spectrum, as_floats(noise), drawn, progress, (len(keys), e, d), paired)

    (test, *parts), made = over_repeats(curves, key, repeats, each)
    parameters = {"spectrum": spectrum, **sizes, "noise": noise, "inits": e, "datasets": d, "paired": paired, **made}
    (mean, bias, init, data, both), (std, *_) = mean_and_std((test, *parts))
    if not np.isfinite(std).all() or np.isinf(parts).any():  # parts that are not known are NaN
        raise ValueError("times and noise must be of a size that leaves room for the answer, which overflows")
    return EnsembleCurves(times, mean, bias, init, data, both, test_std=std, parameters=parameters)


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
        return test, *_variances(spectrum.eigenvalues, spectrum.teacher, table, paired)

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
