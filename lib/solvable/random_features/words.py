r"""The smallest language model: it guesses the next word from one word, through a narrow middle.

.. math:: p(b \mid a) = \operatorname{softmax}_b(e_a \cdot r_b)

Each word has two vectors of width d, one in the embedding and one in the readout. Before training both tables are
random, as the features of this package are.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from .._checks import (
    as_floats,
    finite_answer,
    require,
    require_count,
    require_key,
    require_known,
    require_positive,
    require_scalar,
    require_shape,
)
from .._memory import require_memory
from .._pytree import Numbers, pytree
from ..results import Result, at_steps

__all__ = ["BigramModel", "bigram_model"]

Tables = tuple[Array, Array]
ADAM = optax.scale_by_adam()


@pytree
@dataclass(frozen=True)
class BigramModel(Result):
    """A trained model of word pairs.

    Attributes:
      embedding: the vector of each word as the one before, shape (V, d).
      readout: the vector of each word as the one to come, shape (V, d).
      loss: cross-entropy in nats after each step, the first before any, shape (T,).
      entropy: of the next word given the one before, a scalar: no model of pairs has a lower loss.
      parameters: what made it: width, steps, learning rate and key.
    """

    embedding: Float[Array, "V d"]
    readout: Float[Array, "V d"]
    loss: Float[Array, " T"]
    entropy: Float[Array, ""]
    parameters: dict[str, Any] = field(default_factory=dict)


@at_steps
@finite_answer
def bigram_model(
    bigrams: Numbers, steps: Numbers, *, width: int = 128, learning_rate: ArrayLike = 0.03, key: Array
) -> BigramModel:
    r"""Train an embedding and a readout to guess the next word from one word.

    .. math:: L = -\sum_{a,b} p_{ab} \ln \frac{e^{e_a \cdot r_b}}{\sum_c e^{e_a \cdot r_c}}, \qquad
              e, r \sim N(0, 1/d) \text{ at the start}

    Args:
      bigrams: how often word b comes after word a, shape (V, V), >= 0 and not all zero.
      steps: of Adam, each with all the pairs, whole and >= 0: losses up to it; or a list of step numbers. 0 gives the
        untrained tables from which the same key begins.
      width: d, numbers a word has in each table, whole and >= 1.
      learning_rate: > 0.
      key: a jax random key.

    Returns:
      `BigramModel`, in float32: embedding, readout, losses, and the entropy that is their floor.

    Raises:
      ValueError: for an argument out of range, named with its value, or where training overflows.

    Source: the model is after the figures of E. Paquette's talk (2025), embedding and readout of a language model.
    Book: "Spectra in the wild".
    """
    require_shape("bigrams", bigrams, 2, "a table (V words, V words)")
    require_known("bigrams", bigrams)
    if len(set(np.shape(bigrams))) > 1:
        raise ValueError(f"bigrams must have a row and a column for each word; got shape {np.shape(bigrams)}")
    require("bigrams", bigrams, "finite, >= 0 and not all zero", lambda x: (x >= 0) & np.isfinite(x) & (x > 0).any())
    steps, width = require_count("steps", steps, 0), require_count("width", width)
    require_scalar("learning_rate", learning_rate)
    require_positive("learning_rate", learning_rate)
    require_key(key)
    pairs: np.ndarray = np.asarray(bigrams, float)
    words = len(pairs)
    require_memory(lambda width, steps: 4 * (8 * words * width + 6 * words**2 + steps), width=width, steps=steps)
    pairs = pairs / pairs.max()  # no sum of counts overflows
    pairs = pairs / pairs.sum()
    share, rate = jnp.asarray(pairs, jnp.float32), as_floats(learning_rate).astype(jnp.float32)
    tables: Any = tuple(
        jax.random.normal(one, (words, width), jnp.float32) / width**0.5 for one in jax.random.split(key)
    )
    memory, losses = ADAM.init(tables), []
    for _ in range(steps):
        tables, memory, loss = _step(tables, memory, share, rate)
        losses.append(loss)
    losses.append(_step(tables, memory, share, rate)[2])
    known = {"width": width, "steps": steps, "learning_rate": learning_rate, "key": key}
    return BigramModel(tables[0], tables[1], jnp.stack(losses), jnp.asarray(_entropy(pairs)), known)


def _loss(tables: Tables, pairs: Array) -> Array:
    logits = tables[0] @ tables[1].T
    return pairs.sum(axis=1) @ jax.nn.logsumexp(logits, axis=1) - (pairs * logits).sum()


@jax.jit
def _step(tables: Tables, memory: Any, pairs: Array, learning_rate: Array) -> tuple[Tables, Any, Array]:
    """Tables and Adam's memory after one step, and the loss before it."""
    loss, slopes = jax.value_and_grad(_loss)(tables, pairs)
    moves, memory = ADAM.update(slopes, memory)
    return jax.tree.map(lambda w, move: w - learning_rate * move, tables, moves), memory, loss


def _entropy(pairs: np.ndarray) -> float:
    """Of the next word, given the one before."""
    before = np.broadcast_to(pairs.sum(axis=1, keepdims=True), pairs.shape)
    some = pairs > 0
    return -float(pairs[some] @ np.log(pairs[some] / before[some]))
