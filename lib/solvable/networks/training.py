r"""Training: many networks at once, every layer with the learning rate of its parameterization.

.. math:: W^l \leftarrow W^l - \eta_0\, r_l\, \nabla_{W^l} \frac{1}{2P}\sum_\mu |f_\mu - y_\mu|^2

for SGD; for Adam the gradient is replaced by its step.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.typing import ArrayLike
from jaxtyping import Array
from tqdm.auto import tqdm

from .._checks import require, require_count, require_positive
from .._pytree import pytree
from ..parameterizations.abc import OPTIMIZERS
from ..results import Saved
from .metrics import METRICS, Metric, mean_square
from .models import AnyNetwork, Parameters

Sample = Callable[[Array], tuple[Array, Array]]

EXPLODED = 1e6  # times the loss of the zero function: beyond, a run has diverged
CHUNKS = 20  # progress is shown this often
LARGEST = 1 << 25  # weights that train at once, where a function trains many networks
CACHE = 1 << 16  # weights that a CPU trains at once
PATIENCE = 3.0  # seconds before a bar appears


@pytree
@dataclass(frozen=True)
class Run(Saved):
    """What was watched while networks were trained.

    Attributes:
      steps: shape (R,), the steps after which the metrics were recorded; the first is 0.
      metrics: name -> array (*batch, R, ...).
      diverged_at: shape (*batch), the step at which a run left its loss's bounds, or -1. From there on its metrics
        and weights stay what they were at the last record before.
      weights: the weights at the end, each (*batch, ...).
      checkpoints: the weights at every record, each (*batch, R, ...), where asked for.
      parameters: what made the run.
    """

    steps: Array
    metrics: dict[str, Array]
    diverged_at: Array
    weights: Parameters
    checkpoints: Parameters | None = None
    parameters: dict[str, Any] = field(default_factory=dict)

    @property
    def loss(self) -> Array:
        """The recorded loss, shape (*batch, R)."""
        return self.metrics["loss"]

    @property
    def diverged(self) -> Array:
        """Which runs diverged, shape (*batch)."""
        return self.diverged_at >= 0


def train(
    network: AnyNetwork,
    inputs: Array,
    targets: Array,
    steps: int,
    *,
    learning_rate: ArrayLike,
    key: Array,
    optimizer: str = "sgd",
    batch: int | None = None,
    sample: Sample | None = None,
    weights: Parameters | None = None,
    metrics: Sequence[str] | dict[str, Metric] = (),
    every: int = 1,
    checkpoints: bool = False,
    progress: bool = True,
) -> Run:
    r"""Train networks, and record what they do.

    Args:
      network: an `MLP`, `ResidualMLP` or `Transformer`, or your own as `Custom`.
      inputs: shape (P, D), or (P, T, D) for a transformer.
      targets: shape (P,), or (P, O) for several outputs.
      steps: how many, whole and >= 0.
      learning_rate: eta_0 > 0, in units in which the parameterization's rates are given.
      key: a jax random key, or an array of keys, one for each seed. The weights are drawn from the first of
        ``jax.random.split(key)``, the batches from the second.
      optimizer: ``"sgd"`` or ``"adam"``.
      batch: inputs drawn anew for every step, without replacement within it; all of them by default.
      sample: for one-pass training: a function of a key that draws fresh inputs and targets for every step. The metrics
        then look at `inputs` and `targets` as a test set.
      weights: begin with these instead of random ones, for instance ``run.weights`` to go on with a run (Adam's memory
        begins anew); each has the shape of all the networks together in front.
      metrics: names among ``solvable.networks.METRICS``, or a dictionary of functions of (network, weights,
        start, inputs, targets). The loss is always recorded.
      every: steps between records.
      checkpoints: keep the weights at every record.
      progress: show a bar where it takes more than three seconds.

    Learning rates, keys and the network's richness may be arrays: they are broadcast, and all these networks train at
    once.

    Returns:
      ``Run``, whose arrays begin with the broadcast shape.

    Raises:
      ValueError: for an argument out of range, named with its value.

    A run that diverges says at which step, and never returns a NaN. Book: "Three wishes of a wide network".
    """
    steps, every = require_count("steps", steps, 0), require_count("every", every)
    inputs, targets = _check_data(network, inputs, targets)
    plan = _check_plan(optimizer, batch, sample, metrics, checkpoints, len(inputs))
    shape, members = _broadcast(network, learning_rate, key)
    weights = _rows(network, weights, shape, inputs, targets)
    started, records = perf_counter(), 1 - (-steps // every)
    size = -(-records // CHUNKS)
    state, parts = _begin(plan, members, weights, inputs, targets), []
    with tqdm(total=steps, delay=PATIENCE, leave=False, disable=not progress, unit=" steps") as bar:
        for done in range(0, records, size):
            numbers = jnp.arange(done, done + size)
            state, seen = jax.block_until_ready(_advance(plan, members, state, inputs, targets, numbers, every, steps))
            parts.append(seen)
            bar.update(min((done + size - 1) * every, steps) - bar.n)

    def gather(*pieces: Array) -> Array:
        whole = jnp.concatenate(pieces, axis=1)[:, :records]
        return whole.reshape(*shape, *whole.shape[1:])

    seen, kept = jax.tree.map(gather, *parts)
    return Run(
        jnp.minimum(jnp.arange(records) * every, steps),
        seen,
        state.diverged_at.reshape(shape),
        jax.tree.map(lambda w: w.reshape(*shape, *w.shape[1:]), state.kept),
        kept if checkpoints else None,
        {
            "network": _words(network),
            "steps": steps,
            "learning_rate": learning_rate,
            "optimizer": optimizer,
            "batch": batch,
            "key": jax.random.key_data(key),
            "seconds": perf_counter() - started,
        },
    )


class Plan(NamedTuple):
    """What shapes a compiled program."""

    optimizer: str
    batch: int | None
    sample: Sample | None
    metrics: tuple[tuple[str, Metric], ...]
    checkpoints: bool

    @property
    def transform(self) -> optax.GradientTransformation:
        return optax.scale_by_adam() if self.optimizer == "adam" else optax.identity()


class Member(NamedTuple):
    """One of the networks that are trained at once."""

    network: AnyNetwork
    learning_rate: Array
    key: Array


class State(NamedTuple):
    """Weights, those at the start and at the last good record, the optimizer's memory, and how it stands."""

    weights: Parameters
    start: Parameters
    kept: Parameters
    memory: Any
    bound: Array  # the loss beyond which a run has diverged, from the first record on
    diverged_at: Array


def _for_each(function: Callable[..., Any], size: int, *rows: Any) -> Any:
    """`vmap` over networks of this size; on a CPU a few after the others, since all at once would leave its cache."""
    if jax.default_backend() != "cpu":
        return jax.vmap(function)(*rows)
    count = len(jax.tree.leaves(rows)[0])
    few = _divisor(count, CACHE // size)
    split = jax.tree.map(lambda x: x.reshape(count // few, few, *x.shape[1:]), rows)
    found = jax.lax.map(lambda some: jax.vmap(function)(*some), split)
    return jax.tree.map(lambda x: x.reshape(count, *x.shape[2:]), found)


@partial(jax.jit, static_argnums=0)
def _begin(plan: Plan, members: Member, weights: Parameters | None, inputs: Array, targets: Array) -> State:
    size = _size(_first(members), inputs, targets)
    return _for_each(lambda member, w: _begin_one(plan, member, w, inputs, targets), size, members, weights)


def _begin_one(plan: Plan, member: Member, weights: Parameters | None, inputs: Array, targets: Array) -> State:
    network = member.network
    if weights is None:
        weights = network.init(jax.random.split(member.key)[0], inputs.shape[1:], targets.shape[1:])
    return State(weights, weights, weights, plan.transform.init(weights), jnp.zeros(()), jnp.asarray(-1, int))


@partial(jax.jit, static_argnums=0)
def _advance(
    plan: Plan,
    members: Member,
    states: State,
    inputs: Array,
    targets: Array,
    numbers: Array,
    every: ArrayLike,
    steps: ArrayLike,
) -> tuple[State, Any]:
    def one(member: Member, state: State) -> tuple[State, Any]:
        return _advance_one(plan, member, state, inputs, targets, numbers, every, steps)

    return _for_each(one, _size(_first(members), inputs, targets), members, states)


def _advance_one(
    plan: Plan,
    member: Member,
    state: State,
    inputs: Array,
    targets: Array,
    numbers: Array,
    every: ArrayLike,
    steps: ArrayLike,
) -> tuple[State, Any]:
    network, of_batches = member.network, jax.random.split(member.key)[1]
    rates = network.rates(inputs.shape[1:], plan.optimizer)
    zero = jnp.sum(targets**2) / (2 * len(targets))

    def step(number: Array, state: State) -> State:
        data = _draw(plan, jax.random.fold_in(of_batches, number), inputs, targets)
        loss, slopes = jax.value_and_grad(lambda w: mean_square(network, w, *data))(state.weights)
        state = _judge(state, loss, number)
        moves, memory = plan.transform.update(slopes, state.memory)

        def moved(w: Array, rate: ArrayLike, move: Array) -> Array:
            return w - jnp.asarray(member.learning_rate * rate, w.dtype) * move

        return state._replace(weights=jax.tree.map(moved, state.weights, rates, moves), memory=memory)

    def record(state: State, number: Array) -> tuple[State, Any]:
        last = jnp.minimum(number * every, steps)
        state = jax.lax.fori_loop(jnp.maximum(number - 1, 0) * every, last, step, state)
        loss = mean_square(network, state.weights, inputs, targets)
        state = state._replace(bound=jnp.where(number == 0, EXPLODED * (zero + loss), state.bound))
        state = _judge(state, loss, last)
        good = state.diverged_at < 0
        kept = jax.tree.map(lambda new, old: jnp.where(good, new, old), state.weights, state.kept)
        state = state._replace(kept=kept)
        return state, _record(plan, member, state, inputs, targets)

    return jax.lax.scan(record, state, numbers)


def _judge(state: State, loss: Array, number: Array) -> State:
    first = (state.diverged_at < 0) & ~(loss <= state.bound)  # a NaN is not below the bound
    return state._replace(diverged_at=jnp.where(first, number, state.diverged_at))


def _draw(plan: Plan, key: Array, inputs: Array, targets: Array) -> tuple[Array, Array]:
    if plan.sample is not None:
        x, y = (jnp.asarray(one, test.dtype) for one, test in zip(plan.sample(key), (inputs, targets), strict=True))
        if x.shape[1:] != inputs.shape[1:] or y.shape != (*x.shape[:1], *targets.shape[1:]):
            raise ValueError(
                f"sample must return as many inputs and targets, shaped as given; got {x.shape}, {y.shape}"
            )
        return x, y
    if plan.batch is None:
        return inputs, targets
    rows = jax.random.choice(key, len(inputs), (plan.batch,), replace=False)
    return inputs[rows], targets[rows]


def _record(plan: Plan, member: Member, state: State, inputs: Array, targets: Array) -> tuple[dict, Parameters | None]:
    given = member.network, state.kept, state.start, inputs, targets
    return {name: metric(*given) for name, metric in plan.metrics}, state.kept if plan.checkpoints else None


def _words(network: AnyNetwork) -> dict[str, Any]:
    """What a file keeps of a network."""
    kept = {
        name: getattr(network, name, None) for name in ("width", "depth", "parameterization", "richness", "activation")
    }
    return {"kind": type(network).__name__, **kept}


def _broadcast(network: AnyNetwork, learning_rate: ArrayLike, key: Array) -> tuple[tuple[int, ...], Member]:
    """The shape of all the networks together, and each of them in one long row."""
    require_positive("learning_rate", learning_rate)
    if not jnp.issubdtype(getattr(key, "dtype", float), jax.dtypes.prng_key):
        raise ValueError(f"key must be one or several jax random keys, for instance jax.random.key(0); got {key!r}")
    one = Member(network, jnp.asarray(learning_rate, float), key)
    shapes = [jnp.shape(x) for x in jax.tree.leaves(one)]
    try:
        shape = jnp.broadcast_shapes(*shapes)
    except ValueError:
        raise ValueError(f"learning_rate, key and richness must broadcast; got shapes {shapes}") from None
    return shape, jax.tree.map(lambda x: jnp.broadcast_to(x, shape).reshape(-1), one)


def _shapes(network: AnyNetwork, inputs: Array, targets: Array) -> Parameters:
    return jax.eval_shape(lambda key: network.init(key, inputs.shape[1:], targets.shape[1:]), jax.random.key(0))


def _first(members: Member) -> AnyNetwork:
    return jax.tree.map(lambda x: x[0], members.network)


def _size(network: AnyNetwork, inputs: Array, targets: Array) -> int:
    """How many weights one network has, at least one."""
    return max(1, sum(weight.size for weight in jax.tree.leaves(_shapes(network, inputs, targets))))


def _divisor(count: int, most: int) -> int:
    """The largest divisor of `count` that is at most `most`; 1 at least."""
    return next(number for number in range(max(1, min(count, most)), 0, -1) if count % number == 0)


def portions(network: AnyNetwork, inputs: Array, targets: Array, count: int) -> list[range]:
    """Which of `count` networks go to `train` together, so that they fit in memory; all portions are of one size."""
    together = _divisor(count, LARGEST // _size(network, inputs, targets))
    return [range(first, first + together) for first in range(0, count, together)]


def _rows(
    network: AnyNetwork, weights: Parameters | None, shape: tuple[int, ...], inputs: Array, targets: Array
) -> Parameters | None:
    """Given weights, all the networks in one long row."""
    if weights is None:
        return None
    wanted = jax.tree.map(lambda w: (*shape, *w.shape), _shapes(network, inputs, targets))
    given = jax.tree.map(jnp.shape, weights)
    if given != wanted:
        raise ValueError(f"weights must have the shapes {wanted}; got {given}")
    return jax.tree.map(lambda w: jnp.asarray(w).reshape(math.prod(shape), *w.shape[len(shape) :]), weights)


def _check_data(network: AnyNetwork, inputs: Array, targets: Array) -> tuple[Array, Array]:
    for name, value in (("inputs", inputs), ("targets", targets)):
        require(name, value, "finite", np.isfinite)
    dtype = getattr(network, "dtype", None)
    inputs, targets = jnp.asarray(inputs, dtype), jnp.asarray(targets, dtype)
    if inputs.ndim < 2 or not len(inputs):
        raise ValueError(f"inputs must have shape (P, D) or (P, T, D); got {inputs.shape}")
    if targets.shape[:1] != inputs.shape[:1]:
        raise ValueError(f"targets must have one row for each of the {len(inputs)} inputs; got shape {targets.shape}")
    return inputs, targets


def _check_plan(
    optimizer: str,
    batch: int | None,
    sample: Sample | None,
    metrics: Sequence[str] | dict[str, Metric],
    checkpoints: bool,
    samples: int,
) -> Plan:
    if optimizer not in OPTIMIZERS:
        raise ValueError(f"optimizer must be one of {OPTIMIZERS}; got {optimizer!r}")
    if batch is not None and not 1 <= require_count("batch", batch) <= samples:
        raise ValueError(f"batch must be at most the {samples} inputs; got {batch}")
    if batch is not None and sample is not None:
        raise ValueError("batch must be None where sample draws the data; its function chooses the batch")
    if not isinstance(metrics, dict):
        unknown = [name for name in metrics if name not in METRICS]
        if unknown:
            raise ValueError(f"metrics must be among {tuple(METRICS)}; got {unknown[0]!r}")
        metrics = {name: METRICS[name] for name in metrics}
    return Plan(optimizer, batch, sample, tuple(({"loss": METRICS["loss"]} | metrics).items()), checkpoints)
