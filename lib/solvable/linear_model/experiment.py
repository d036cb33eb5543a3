"""The linear model at finite size: draw features and data, follow gradient flow exactly, repeat.

The flow is linear, so it needs no time steps: one eigendecomposition of the student's kernel on its training set gives
every time at once. Equations and units as in `theory`.
"""

from __future__ import annotations

from functools import partial
from time import perf_counter
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from .._checks import require, require_count, require_float64, require_key, require_scalar, require_shape
from .._pytree import Numbers
from ..spectra import Spectrum
from .curves import FinalLoss, LossCurves

ROWS = 128
CHUNK_BYTES = 1 << 30  # memory of the repeats that are on the device at once
STUDENT_BYTES = 1 << 34  # and of a single one, at most


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
    require_float64()
    require_shape("times", times, 1, "a list of times, shape (T,)")
    require("times", times, ">= 0 and finite", lambda x: (x >= 0) & np.isfinite(x))
    require_scalar("noise", noise)
    require_key(key)
    require("noise", noise, ">= 0 and finite", lambda x: (x >= 0) & np.isfinite(x))
    sizes = {}
    for name, size in (("width", width), ("samples", samples)):
        require_scalar(name, size)
        require(name, size, "a whole number >= 1, or inf", lambda x: (x >= 1) & (x == np.floor(x)))
        sizes[name] = None if np.isinf(size) else int(np.asarray(size))
    repeats = require_count("repeats", repeats, 2)
    times = jnp.asarray(times, float)
    n, p, k = sizes["width"] or spectrum.modes, sizes["samples"] or 1, spectrum.modes
    one = 8 * (2 * n * k + 2 * p * k + 3 * n * p + 4 * k * times.size)  # bytes
    if one > STUDENT_BYTES:
        raise ValueError(
            f"width={np.asarray(width):g} and samples={np.asarray(samples):g} must be smaller with {k} modes: "
            f"one student would need {one / 2**30:.3g} GiB, and at most {STUDENT_BYTES >> 30} are allowed"
        )
    chunk = -(-repeats // -(-repeats // max(1, CHUNK_BYTES // one)))  # as few chunks as fit, all of one size

    start = perf_counter()
    keys = jax.random.split(key, repeats)
    keys = jnp.concatenate([keys, keys[: -repeats % chunk]])  # full chunks, so that one program serves all
    losses = []
    for first in range(0, repeats, chunk):  # a Python loop: XLA's CPU threads can hang on batches inside lax.map
        disorder = draw(keys[first : first + chunk], spectrum.modes, **sizes)
        losses.append(jax.block_until_ready(_students(spectrum, times, jnp.asarray(noise, float), disorder, chunk)))
    test, train = (jnp.concatenate(parts)[:repeats] for parts in zip(*losses, strict=True))
    parameters = {
        "spectrum": spectrum,
        "width": width,
        "samples": samples,
        "noise": noise,
        "repeats": repeats,
    }
    parameters |= {"key": jax.random.key_data(key), "seconds": perf_counter() - start}
    return LossCurves(
        times,
        test.mean(axis=0),
        train.mean(axis=0),
        test_std=test.std(axis=0, ddof=1),
        train_std=train.std(axis=0, ddof=1),
        parameters=parameters,
    )


class Draws(NamedTuple):
    """Everything random about a student, in unit Gaussians; None where there is nothing to draw."""

    features: Array | None  # A: (N, K)
    data: Array | None  # Psi Lambda^-1/2: (P, K)
    noise: Array | None  # eps / sigma: (P,)


def draw(keys: Array, modes: int, *, width: int | None, samples: int | None) -> Draws:
    """The disorder of one student a key, stacked; None stands for an infinite width or number of samples."""
    of_features, of_data, of_noise = jax.vmap(lambda key: jax.random.split(key, 3), out_axes=1)(keys)
    return Draws(
        None if width is None else _normal(of_features, width, modes),
        None if samples is None else _normal(of_data, samples, modes),
        None if samples is None else _normal(of_noise, samples, 1)[..., 0],
    )


def _normal(keys: Array, rows: int, columns: int) -> Array:
    """Unit Gaussians, (keys, rows, columns), drawn in blocks of rows: nearby sizes share one compiled program."""
    return _normal_blocks(keys, -(-rows // ROWS), columns)[:, :rows]


@partial(jax.jit, static_argnums=(1, 2))
def _normal_blocks(keys: Array, blocks: int, columns: int) -> Array:
    return jax.vmap(lambda key: jax.random.normal(key, (blocks * ROWS, columns)))(keys)


@partial(jax.jit, static_argnums=4)
def _students(spectrum: Spectrum, times: Array, noise: Array, disorder: Draws, repeats: int) -> tuple[Array, Array]:
    return jax.vmap(lambda one: one_student(spectrum, times, noise, one), axis_size=repeats)(disorder)


def one_student(
    spectrum: Spectrum, times: Array, noise: Array, disorder: Draws
) -> tuple[Float[Array, " T"], Float[Array, " T"]]:
    """Test and train loss of one student."""
    lam = spectrum.eigenvalues
    teacher = jnp.sqrt(spectrum.task_power / lam)
    a = None if disorder.features is None else disorder.features / jnp.sqrt(len(disorder.features))

    if disorder.data is None or disorder.noise is None:  # the population: K "samples", one along each mode
        seen, labels = jnp.sqrt(lam)[:, None] * (jnp.eye(lam.size) if a is None else a.T), jnp.sqrt(spectrum.task_power)
    else:
        samples = len(disorder.data)
        inputs = disorder.data * jnp.sqrt(lam / samples)
        labels = inputs @ teacher + jnp.sqrt(noise / samples) * disorder.noise
        seen = inputs if a is None else inputs @ a.T

    weights = flow(seen, labels, times)  # (N, T)
    missed = teacher[:, None] - (weights if a is None else a.T @ weights)
    test = lam @ missed**2
    if disorder.data is None:
        return test, test + noise
    return test, jnp.sum((labels[:, None] - seen @ weights) ** 2, axis=0)


def regression(
    features: Numbers,
    targets: Numbers,
    samples: Numbers,
    *,
    key: Array,
    repeats: int = 100,
) -> FinalLoss:
    r"""Ridgeless regression on random subsamples of a real, finite population.

    .. math:: f(x) = \phi(x)\cdot \Phi_P^{+} y_P, \qquad L = \frac1M \sum_x |y(x) - f(x)|^2

    Args:
      features: shape (M, S), all of the population.
      targets: shape (M, C).
      samples: training sizes P, each at most M.
      key: a jax random key.
      repeats: how many subsamples, drawn without replacement, for each size.

    Returns:
      ``FinalLoss`` whose fields have shape (len(samples),): mean and standard deviation over subsamples. ``test`` is
      the error over the whole population, training points included, and the part of the targets outside the
      features' span included: compare with ``theory.final_loss(spectrum, samples=P, noise=residual).test + residual``.

    Raises:
      ValueError: for sizes out of range or shapes that do not match.

    Source: A. Canatar, B. Bordelon, C. Pehlevan (2021). Book: "Three bottlenecks", the digits.
    """
    require_float64()
    require_shape("features", features, 2, "a table (M inputs, S features)")
    require_shape("targets", targets, 2, "a table (M inputs, C outputs)")
    features, targets = jnp.asarray(features, float), jnp.asarray(targets, float)
    population = len(features)
    if len(targets) != population:
        raise ValueError(f"targets must have one row per row of features; got {len(targets)} and {population}")
    require("features", features, "finite", np.isfinite)
    require("targets", targets, "finite", np.isfinite)
    require_shape("samples", samples, 1, "a list of training sizes")
    sizes = f"whole numbers from 1 to {population}"
    require("samples", samples, sizes, lambda p: (p >= 1) & (p <= population) & (p == np.floor(p)))
    require_key(key)
    repeats = require_count("repeats", repeats, 2)
    start = perf_counter()
    losses = []
    for size in np.ravel(np.asarray(samples)):
        keys = jax.random.split(jax.random.fold_in(key, size), repeats)
        chosen = np.asarray(_shuffles(keys, population))[:, : int(size)]
        losses.append(np.stack([_regression(features, targets, one) for one in chosen]))
    every = jnp.asarray(losses)  # (sizes, repeats, 2)
    mean, std = every.mean(axis=1), every.std(axis=1, ddof=1)
    parameters = {"samples": jnp.asarray(samples), "repeats": repeats, "key": jax.random.key_data(key)}
    parameters["seconds"] = perf_counter() - start
    return FinalLoss(mean[:, 0], mean[:, 1], test_std=std[:, 0], train_std=std[:, 1], parameters=parameters)


@partial(jax.jit, static_argnums=1)
def _shuffles(keys: Array, population: int) -> Array:
    return jax.vmap(lambda key: jax.random.permutation(key, population))(keys)


@jax.jit
def _regression(features: Array, targets: Array, chosen: np.ndarray | Array) -> Array:
    """Test and train loss of one subsample, shape (2,)."""
    inputs = features[chosen]
    rates, vectors = jnp.linalg.eigh(inputs @ inputs.T)
    weights = inputs.T @ (vectors @ (_inverse(rates)[:, None] * (vectors.T @ targets[chosen])))
    errors = jnp.sum((targets - features @ weights) ** 2, axis=1)
    return jnp.stack([jnp.mean(errors), jnp.mean(errors[chosen])])


def _inverse(rates: Array) -> Array:
    """1 / rates of a Gram matrix, and 0 where they are rounding."""
    kept = rates > rates[-1] * rates.size * jnp.finfo(rates.dtype).eps
    return jnp.where(kept, 1 / jnp.where(kept, rates, 1.0), 0.0)


def flow(features: Float[Array, "P N"], labels: Float[Array, " P"], times: Float[Array, " T"]) -> Float[Array, "N T"]:
    """Weights of dw/dt = features^T (labels - features w) from w = 0, at each time."""
    p, n = features.shape
    gram = features @ features.T if p <= n else features.T @ features
    rates, vectors = jnp.linalg.eigh(gram)
    rates = jnp.maximum(rates, 0.0)[:, None]
    progress = jnp.where(rates * times > 1e-12, -jnp.expm1(-rates * times) / jnp.where(rates > 0, rates, 1.0), times)
    if p <= n:
        return features.T @ (vectors @ (progress * (vectors.T @ labels)[:, None]))
    return vectors @ (progress * (vectors.T @ (features.T @ labels))[:, None])
