"""The coordinate check: do activations and outputs, and their changes, keep their size as the width grows?"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from time import perf_counter
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array

from .._checks import (
    concrete,
    known_arguments,
    require_count,
    require_counts,
    require_function,
    require_key,
    require_one_of,
    require_positive,
    require_scalar,
)
from .._memory import require_memory
from ..parameterizations.abc import OPTIMIZERS
from .interface import AnyNetwork, Parameters
from .metrics import METRICS, Metric
from .rows import portions
from .training import check_data, train
from .verdicts import WATCHED, CoordinateCheck


@known_arguments
def coordinate_check(
    network: Callable[[int], AnyNetwork],
    widths: Iterable[int],
    inputs: Array,
    targets: Array,
    *,
    learning_rate: ArrayLike,
    key: Array,
    steps: int = 5,
    optimizer: str = "sgd",
    repeats: int = 8,
) -> CoordinateCheck:
    r"""Train a network at several widths for a few steps, and fit how its sizes go with the width.

    .. math:: \text{rms}\,h^l(0),\quad \text{rms}\,[h^l(t) - h^l(0)],\quad
              \text{rms}\,f(0),\quad \text{rms}\,[f(t) - f(0)] \;\propto\; N^{x}

    with one straight line through the logarithms for each; the mean of the squares goes over inputs, neurons and seeds.

    Args:
      network: a function of the width, for instance ``lambda width: MLP(width, depth=3)``. Your own network serves if
        it has ``init``, ``apply``, ``forward`` and ``rates``: see `Custom`.
      widths: at least two different ones, whole and >= 1; a factor of 16 between the ends is good.
      inputs: a small batch, shape (P, D), or (P, T, D) for a transformer.
      targets: shape (P,), or (P, O) for several outputs.
      learning_rate: eta_0 > 0, small: the exponents are those of the first order in it. Where steps are below the
        weights' rounding the verdict says that nothing was measured.
      key: a jax random key.
      steps: how many, whole and >= 1. One where the changes grow with the width: later steps would diverge.
      optimizer: ``"sgd"`` or ``"adam"``.
      repeats: seeds at every width, >= 2. The output at the start needs 100 or more.

    Returns:
      `CoordinateCheck`; print it for the verdict.

    Raises:
      ValueError: for an argument out of range, or where training diverged, with the width and the step; for sizes that
        overflow.
      TypeError: for a network that is no function of the width, or widths that are no list.

    The errors are those of the seeds alone; what finite widths add to the leading power is not in them.
    Source: Yang and Hu (2021); Yang et al. (2022). Book: "The coordinate check".
    """
    require_function("network", network)
    require_key(key)
    require_scalar("learning_rate", learning_rate)
    require_positive("learning_rate", learning_rate)
    require_one_of("optimizer", optimizer, OPTIMIZERS)
    started = perf_counter()
    repeats, steps = require_count("repeats", repeats, 2), require_count("steps", steps)
    sizes = sorted(set(require_counts("widths", widths)))
    if len(sizes) < 2:
        raise ValueError(f"widths must be at least two different ones; got {sizes}")
    require_memory(lambda repeats: 8 * len(sizes) * repeats, repeats=repeats)
    watched = {name: METRICS[name] for name in ("outputs", "feature_size", "feature_change", "output_change")}
    watched["weight_change"] = _weight_change(optimizer)
    found: dict[str, list[np.ndarray]] = {name: [] for name in (*WATCHED, "weight_change")}
    for width, of_width in zip(sizes, jax.random.split(key, len(sizes)), strict=True):
        runs, every_key = [], jax.random.split(of_width, repeats)
        of_one = check_data(network(width), inputs, targets)
        for rows in portions(network(width), *of_one, repeats):
            run = train(
                network(width),
                inputs,
                targets,
                steps,
                learning_rate=learning_rate,
                key=every_key[np.asarray(rows)],
                optimizer=optimizer,
                metrics=watched,
                every=steps,
            )
            if bool(run.diverged.any()):
                at = f"at step {int(run.diverged_at[run.diverged][0])}, width {width}"
                raise ValueError(f"learning_rate must be smaller; {learning_rate} diverged {at}")
            runs.append(run.metrics)
        seen = jax.tree.map(lambda *several: np.concatenate(several), *runs)
        found["feature_size"].append(seen["feature_size"][:, 0])
        found["output_size"].append(np.sqrt(np.mean(seen["outputs"][:, 0].reshape(repeats, -1) ** 2, axis=1)))
        for name in ("feature_change", "output_change", "weight_change"):
            found[name].append(seen[name][:, -1])
    parameters = {"learning_rate": learning_rate, "steps": steps, "repeats": repeats, "key": jax.random.key_data(key)}
    parameters["seconds"] = perf_counter() - started
    stacked = {name: jnp.asarray(np.stack(parts)) for name, parts in found.items()}
    if not all(np.isfinite(stacked[name]).all() for name in WATCHED):
        raise ValueError("inputs and targets must be of a size that the network's precision holds; an answer overflows")
    return CoordinateCheck(jnp.asarray(sizes, float), **stacked, parameters=parameters)


@cache  # a new function each time would be compiled each time
def _weight_change(optimizer: str) -> Metric:
    """Root mean square change of the array that moved least, of those that learn, in units of its rounding."""

    def change(rate: Any, now: Array, before: Array) -> Array:
        if not now.size or (concrete(rate) is not None and not np.any(np.asarray(rate))):
            return jnp.asarray(jnp.inf, now.dtype)
        rounding = jnp.finfo(now.dtype).eps * jnp.linalg.norm(before)
        return jnp.linalg.norm(now - before) / jnp.maximum(rounding, jnp.finfo(now.dtype).tiny)

    def least(network: AnyNetwork, weights: Parameters, start: Parameters, x: Array, y: Array) -> Array:
        rates = network.rates(x.shape[1:], optimizer)
        return jnp.stack(jax.tree.leaves(jax.tree.map(change, rates, weights, start))).min()

    return least
