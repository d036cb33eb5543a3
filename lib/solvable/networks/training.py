r"""Training: many networks at once, every layer with the learning rate of its parameterization.

.. math:: W^l \leftarrow W^l - \eta_0\, r_l\, \nabla_{W^l} \frac1P \sum_\mu l(f_\mu, y_\mu)

with :math:`l = |f - y|^2 / 2`, or the cross-entropy, for SGD; for Adam the gradient is replaced by its step.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array

from .._checks import require, require_count, require_flag, require_function, require_one_of, shape_of
from .._progress import bar
from .._pytree import Numbers, numpy_for, pytree
from ..parameterizations.abc import OPTIMIZERS
from ..results import Result, require_steps
from .interface import AnyNetwork, Parameters, require_network
from .losses import require_loss
from .metrics import METRICS, Metric
from .rows import broadcast, first, one_row
from .stepping import Plan, Sample, advance, begin, require_room

CHUNKS = 20  # progress is shown this often


@pytree
@dataclass(frozen=True)
class Run(Result):
    """What was watched while networks were trained.

    Attributes:
      steps: shape (R,), the steps after which the metrics were recorded; the first is 0, unless they were listed.
      metrics: name -> array ``(*batch, R, ...)``.
      diverged_at: shape ``(*batch)``, the step at which a run left its loss's bounds, or -1. From there on its metrics
        and weights stay what they were at the last record before.
      end: the weights with which the networks end, by name, each ``(*batch, ...)``.
      checkpoints: the weights at every record, by name, each ``(*batch, R, ...)``, where asked for; else None.
      parameters: what made the run, by name.
    """

    steps: Array
    metrics: dict[str, Array]
    diverged_at: Array
    end: Parameters
    checkpoints: Parameters | None = None
    parameters: dict[str, Any] = field(default_factory=dict)

    @property
    def loss(self) -> Array:
        """The recorded loss, shape ``(*batch, R)``."""
        return self.metrics["loss"]

    @property
    def diverged(self) -> Array:
        """Which runs diverged, shape ``(*batch)``."""
        return self.diverged_at >= 0


def train(
    network: AnyNetwork,
    inputs: Array,
    targets: Array,
    steps: Numbers,
    *,
    learning_rate: ArrayLike,
    key: Array,
    loss: str = "square",
    optimizer: str = "sgd",
    batch_size: int | None = None,
    sample: Sample | None = None,
    start: Parameters | None = None,
    metrics: Sequence[str] | dict[str, Metric] = (),
    every: int = 1,
    checkpoints: bool = False,
    progress: bool = True,
) -> Run:
    r"""Train networks, and record what they do.

    .. math::
       W^l \leftarrow W^l - \eta_0\, r_l\, \nabla_{W^l} \frac1P \sum_\mu l(f_\mu, y_\mu), \qquad
       l = \tfrac12 \sum_c (f_c - y_c)^2 \quad\text{or}\quad l = -\sum_c y_c \ln \operatorname{softmax}(f)_c

    for SGD, with the rates r of the network's parameterization; for Adam the gradient is replaced by its step.

    Args:
      network: an `MLP`, `ResidualMLP` or `Transformer`, or your own as `Custom`.
      inputs: shape (P, D), or (P, T, D) for a transformer.
      targets: shape (P,), or (P, O) for several outputs.
      steps: how many, whole and >= 0: records up to it; or a list of step numbers, the records.
      learning_rate: eta_0 > 0, in units in which the parameterization's rates are given.
      key: a jax random key, or an array of keys, one for each seed. The weights are drawn from the first of
        ``jax.random.split(key)``, the batches from the second.
      loss: "square", or "cross_entropy" of the outputs' softmax with targets (P, O) that are probabilities: rows of
        numbers >= 0 that sum to 1. Both sum over outputs, so that the sum is what a learning rate counts.
      optimizer: ``"sgd"`` or ``"adam"``.
      batch_size: inputs drawn anew for every step, without replacement within it; all of them by default.
      sample: for one-pass training: a function of a key that draws fresh inputs and targets for every step. The metrics
        then look at `inputs` and `targets` as a test set.
      start: weights to begin with instead of random ones, for instance ``run.end`` to go on with a run (Adam's memory
        begins anew); each has the shape of all the networks together in front.
      metrics: names among ``solvable.networks.METRICS``, or a dictionary of functions of (network, weights, start,
        inputs, targets). The loss is always recorded. The names are "loss", "outputs" f (P, ...), "output_change", root
        mean square of f(t) - f(0), "feature_size" and "feature_change", those of h(t) and h(t) - h(0), (L,),
        "feature_kernels" (L, P, P), and "tangent_kernel", `kernels.empirical`.
      every: steps between records, whole and >= 1, where steps are not listed; the last step is always recorded.
      checkpoints: keep the weights at every record.
      progress: show a bar where it takes more than three seconds.

    Learning rates, keys and the network's richness may be arrays: they are broadcast, and all these networks train at
    once.

    Returns:
      `Run`, whose arrays begin with the broadcast shape.

    Raises:
      ValueError: for an argument out of range, named with its value; for shapes that do not fit together.
      TypeError: for a network, a sample or a metric that is none, or a flag that is neither True nor False.

    A run that diverges says at which step, and never returns a NaN. It has diverged where its loss is not finite, or
    above 1e6 times that of the start and of the zero function together. Source: the definition of the model, after Yang
    and Hu (2021). Book: "Three wishes of a wide network".
    """
    require_network(network)
    steps, every, which = _schedule(steps, every)
    for name, flag in (("checkpoints", checkpoints), ("progress", progress)):
        require_flag(name, flag)
    cross_entropy = require_loss(loss, targets)
    inputs, targets = check_data(network, inputs, targets)
    plan = _check_plan(optimizer, batch_size, sample, metrics, checkpoints, len(inputs))
    shape, members = broadcast(network, learning_rate, key)
    start = one_row(network, start, shape, inputs, targets)
    require_room(plan, first(members), inputs, targets, networks=math.prod(shape), steps=steps, every=every)
    started, records = perf_counter(), 1 - (-steps // every)
    which = np.arange(records) if which is None else which
    size = -(-records // CHUNKS)
    state, parts = begin(plan, members, start, inputs, targets), []
    with bar(steps, "steps", progress) as shown:
        for done in range(0, records, size):
            numbers = jnp.arange(done, done + size)
            moved = advance(plan, members, state, inputs, targets, jnp.asarray(cross_entropy), numbers, every, steps)
            state, seen = jax.block_until_ready(moved)
            parts.append(seen)
            shown.update(min((done + size - 1) * every, steps) - shown.n)

    def gather(*pieces: Array) -> Array:
        whole = numpy_for(pieces).concatenate(pieces, axis=1)[:, which]
        return jnp.asarray(whole.reshape(*shape, *whole.shape[1:]))

    seen, kept = jax.tree.map(gather, *parts)
    return Run(
        jnp.asarray(np.minimum(which * every, steps)),
        seen,
        state.diverged_at.reshape(shape),
        jax.tree.map(lambda w: w.reshape(*shape, *w.shape[1:]), state.kept),
        kept if checkpoints else None,
        {
            "network": _words(network),
            "steps": steps,
            "learning_rate": learning_rate,
            "loss": loss,
            "optimizer": optimizer,
            "batch_size": batch_size,
            "key": jax.random.key_data(key),
            "seconds": perf_counter() - started,
        },
    )


def _schedule(steps: Any, every: int) -> tuple[int, int, np.ndarray | None]:
    """How many steps, how many between records, and which of these records are kept; None for all."""
    every = require_count("every", every)
    if not shape_of("steps", steps):
        return require_count("steps", steps, 0), every, None
    if every != 1:
        raise ValueError(f"every must be 1 where steps are listed; got {every}")
    numbers = require_steps(steps).astype(int)
    last = require_count("steps", numbers.max(), 0)
    every = max(1, int(np.gcd.reduce(numbers)))
    return last, every, numbers // every


def _words(network: AnyNetwork) -> dict[str, Any]:
    """What a file keeps of a network."""
    kept = {
        name: getattr(network, name, None) for name in ("width", "depth", "parameterization", "richness", "activation")
    }
    if callable(kept["activation"]):
        kept["activation"] = getattr(kept["activation"], "__name__", "a function")
    return {"kind": type(network).__name__, **kept}


def check_data(network: AnyNetwork, inputs: Array, targets: Array) -> tuple[Array, Array]:
    """Inputs and targets in the network's precision, or an error that names what is wrong."""
    for name, value in (("inputs", inputs), ("targets", targets)):
        require(name, value, "finite", np.isfinite)
    dtype = getattr(network, "dtype", None)
    inputs, targets = jnp.asarray(inputs, dtype), jnp.asarray(targets, dtype)
    if inputs.ndim < 2 or not len(inputs):
        raise ValueError(f"inputs must have shape (P, D) or (P, T, D); got {inputs.shape}")
    if targets.shape[:1] != inputs.shape[:1]:
        raise ValueError(f"targets must have one row for each of the {len(inputs)} inputs; got shape {targets.shape}")
    for name, array in (("inputs", inputs), ("targets", targets)):
        require(name, array, f"of a size that {array.dtype} holds", np.isfinite)
    return inputs, targets


def _check_plan(
    optimizer: str,
    batch_size: int | None,
    sample: Sample | None,
    metrics: Sequence[str] | dict[str, Metric],
    checkpoints: bool,
    samples: int,
) -> Plan:
    require_one_of("optimizer", optimizer, OPTIMIZERS)
    if sample is not None:
        require_function("sample", sample)
    if batch_size is not None:
        batch_size = require_count("batch_size", batch_size)
        if not batch_size <= samples:
            raise ValueError(f"batch_size must be at most the {samples} inputs; got {batch_size}")
        if sample is not None:
            raise ValueError("batch_size must be None where sample draws the data; its function chooses the batch")
    if isinstance(metrics, str) or not isinstance(metrics, Collection):
        raise TypeError(f"metrics must be a list of names, or a dictionary of functions; got {metrics!r}")
    if not isinstance(metrics, dict):
        unknown = [name for name in metrics if not isinstance(name, str) or name not in METRICS]
        if unknown:
            raise ValueError(f"metrics must be among {tuple(METRICS)}; got {unknown[0]!r}")
        metrics = {name: METRICS[name] for name in metrics if name != "loss"}  # which is always recorded
    for name, metric in metrics.items():
        require_function(f"metrics[{name!r}]", metric)
    return Plan(optimizer, batch_size, sample, tuple(metrics.items()), checkpoints)
