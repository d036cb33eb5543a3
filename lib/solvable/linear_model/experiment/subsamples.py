"""Regression on real data: random subsamples of a finite population."""

from __future__ import annotations

from functools import partial
from time import perf_counter

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from ..._checks import (
    finite_answer,
    require,
    require_array,
    require_count,
    require_float64,
    require_key,
    require_shape,
)
from ..._memory import require_memory
from ..._pytree import Numbers
from ..results import FinalLoss


@finite_answer
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
      samples: training sizes P, a list of whole numbers from 1 to M.
      key: a jax random key.
      repeats: how many subsamples, drawn without replacement, for each size, >= 2.

    Returns:
      ``FinalLoss`` whose fields have shape (len(samples),): mean and standard deviation over subsamples. ``test`` is
      the error over the whole population, training points included, and the part of the targets outside the
      features' span included: compare with ``theory.final_loss(spectrum, samples=P, noise=residual).test + residual``.

    Raises:
      ValueError: for sizes out of range or shapes that do not match.
      RuntimeError: where jax is in float32.

    Exact for each subsample, up to directions at rounding level, which are left out.
    Source: A. Canatar, B. Bordelon, C. Pehlevan (2021). Book: "Three bottlenecks" and "Power law in, power law
    out", the digits.
    """
    require_float64()
    features = require_array("features", features, 2, "a table (M inputs, S features)")
    targets = require_array("targets", targets, 2, "a table (M inputs, C outputs)")
    population = len(features)
    if len(targets) != population:
        raise ValueError(f"targets must have one row per row of features; got {len(targets)} and {population}")
    require_shape("samples", samples, 1, "a list of training sizes")
    sizes = f"whole numbers from 1 to {population}"
    require("samples", samples, sizes, lambda p: (p >= 1) & (p <= population) & (p == np.floor(p)))
    require_key(key)
    repeats = require_count("repeats", repeats, 2)
    require_memory(lambda repeats: 12 * population * repeats, repeats=repeats)
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
