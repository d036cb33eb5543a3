"""What training compiles: the steps of many networks between two records, and the judgement of each."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax.typing import ArrayLike
from jaxtyping import Array

from .._memory import require_memory
from .interface import Parameters
from .losses import loss_of
from .metrics import Metric, objective
from .rows import Member, first, for_each, shapes, size_of

Sample = Callable[[Array], tuple[Array, Array]]

EXPLODED = 1e6  # times the loss of the zero function: beyond, a run has diverged


class Plan(NamedTuple):
    """What shapes a compiled program."""

    optimizer: str
    batch_size: int | None
    sample: Sample | None
    metrics: tuple[tuple[str, Metric], ...]  # beside the loss
    checkpoints: bool

    @property
    def transform(self) -> optax.GradientTransformation:
        return optax.scale_by_adam() if self.optimizer == "adam" else optax.identity()


class State(NamedTuple):
    """Weights, those at the start and at the last good record, the optimizer's memory, and how it stands."""

    weights: Parameters
    start: Parameters
    kept: Parameters
    memory: Any
    bound: Array  # the loss beyond which a run has diverged, from the first record on
    diverged_at: Array


def require_room(
    plan: Plan, network: Any, inputs: Array, targets: Array, *, networks: int, steps: int, every: int
) -> None:
    """Raise ValueError where so many networks, or their records, fit in no memory."""
    weights = shapes(network, inputs, targets)
    seen = {name: jax.eval_shape(metric, network, weights, weights, inputs, targets) for name, metric in plan.metrics}
    held, each = (sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(x)) for x in (weights, seen))
    each += held * plan.checkpoints + targets.dtype.itemsize  # the loss

    def needed(networks: float, steps: float) -> float:
        return networks * (5 * held + each * (1 + steps / every))

    require_memory(needed, networks=networks, steps=steps)


@partial(jax.jit, static_argnums=0)
def begin(plan: Plan, members: Member, start: Parameters | None, inputs: Array, targets: Array) -> State:
    """Every network with its given weights, or with random ones."""

    def one(member: Member, start: Parameters | None) -> State:
        if start is None:
            start = member.network.init(jax.random.split(member.key)[0], inputs.shape[1:], targets.shape[1:])
        memory = plan.transform.init(start)
        return State(start, start, start, memory, jnp.zeros(()), jnp.asarray(-1, int))

    return for_each(one, size_of(first(members), inputs, targets), members, start)


@partial(jax.jit, static_argnums=0)
def advance(
    plan: Plan,
    members: Member,
    states: State,
    inputs: Array,
    targets: Array,
    cross_entropy: Array,
    numbers: Array,
    every: ArrayLike,
    steps: ArrayLike,
) -> tuple[State, Any]:
    """Every network to the records of these numbers, `every` steps apart, and what was recorded."""
    zero = loss_of(jnp.zeros_like(targets), targets, cross_entropy).sum() / len(targets)

    def step(member: Member, number: Array, state: State) -> State:
        data = _draw(plan, jax.random.fold_in(jax.random.split(member.key)[1], number), inputs, targets)
        loss, slopes = jax.value_and_grad(lambda w: objective(member.network, w, *data, cross_entropy))(state.weights)
        state = _judge(state, loss, number)
        moves, memory = plan.transform.update(slopes, state.memory)

        def moved(w: Array, rate: ArrayLike, move: Array) -> Array:
            return w - jnp.asarray(member.learning_rate * rate, w.dtype) * move

        rates = member.network.rates(inputs.shape[1:], plan.optimizer)
        return state._replace(weights=jax.tree.map(moved, state.weights, rates, moves), memory=memory)

    def record(member: Member, state: State, number: Array) -> tuple[State, Any]:
        last = jnp.minimum(number * every, steps)
        state = jax.lax.fori_loop(jnp.maximum(number - 1, 0) * every, last, partial(step, member), state)
        loss = objective(member.network, state.weights, inputs, targets, cross_entropy)
        state = state._replace(bound=jnp.where(number == 0, EXPLODED * (zero + loss), state.bound))
        state = _judge(state, loss, last)
        good = state.diverged_at < 0
        state = state._replace(kept=jax.tree.map(partial(jnp.where, good), state.weights, state.kept))
        given = member.network, state.kept, state.start, inputs, targets
        seen = {"loss": objective(member.network, state.kept, inputs, targets, cross_entropy)}
        seen |= {name: metric(*given) for name, metric in plan.metrics}
        return state, (seen, state.kept if plan.checkpoints else None)

    def one(member: Member, state: State) -> tuple[State, Any]:
        return jax.lax.scan(partial(record, member), state, numbers)

    return for_each(one, size_of(first(members), inputs, targets), members, states)


def _judge(state: State, loss: Array, number: Array) -> State:
    good = jnp.isfinite(loss) & (loss <= state.bound)  # where the loss begins infinite, so is the bound
    first = (state.diverged_at < 0) & ~good
    return state._replace(diverged_at=jnp.where(first, number, state.diverged_at))


def _draw(plan: Plan, key: Array, inputs: Array, targets: Array) -> tuple[Array, Array]:
    if plan.sample is not None:
        x, y = (jnp.asarray(one, test.dtype) for one, test in zip(plan.sample(key), (inputs, targets), strict=True))
        if x.shape[1:] != inputs.shape[1:] or y.shape != (*x.shape[:1], *targets.shape[1:]):
            raise ValueError(
                f"sample must return as many inputs and targets, shaped as given; got {x.shape}, {y.shape}"
            )
        return x, y
    if plan.batch_size is None:
        return inputs, targets
    rows = jax.random.choice(key, len(inputs), (plan.batch_size,), replace=False)
    return inputs[rows], targets[rows]
