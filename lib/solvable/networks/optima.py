r"""Learning-rate transfer: does the best learning rate of a small network serve a large one?

.. math:: \eta_\star(N) = \arg\min_\eta\; E_\text{seed}\,\ln L(\eta, N)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._checks import (
    concrete,
    known_arguments,
    require_count,
    require_counts,
    require_function,
    require_key,
    require_known,
    require_one_of,
    require_positive,
    require_shape,
    require_text,
)
from .._memory import require_memory
from .._pytree import Numbers, pytree
from .._tables import Table
from ..numerics.statistics import jackknife
from ..results import Result
from .cuts import Cut, deepest, draws
from .interface import AnyNetwork
from .stepping import Sample
from .training import train


@pytree
@dataclass(frozen=True)
class Transfer(Result):
    """Losses after training, against size and learning rate.

    Attributes:
      sizes: widths, depths or what else was swept, shape (W,).
      learning_rates: eta_0, shape (E,), ascending.
      loss: shape (W, E, S) for S seeds; infinite where a run diverged.
      parameters: what made it, by name.
    """

    sizes: Float[Array, " W"]
    learning_rates: Float[Array, " E"]
    loss: Float[Array, "W E S"]
    parameters: dict[str, Any] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """What the sizes are: "width", "depth", ..."""
        return str(self.parameters.get("label", "width"))

    @property
    def mean(self) -> Array:
        """Geometric mean over seeds, shape (W, E); infinite where any diverged."""
        return jnp.exp(jnp.log(self.loss).mean(axis=2))

    @property
    def optimum(self) -> Array:
        """The best learning rate at every size, shape (W,): the lowest point of a parabola in the logarithms."""
        return jnp.asarray(_optima(self.learning_rates, np.asarray(self.loss)))

    def error(self, name: str = "optimum") -> Array:
        """Standard error of the logarithm of the optimum, by leaving out one seed after the other.

        Args:
          name: "optimum", the only one.

        Returns:
          An array, shape (W,).

        Raises:
          ValueError: for another name.
        """
        require_one_of("name", name, ["optimum"])

        def logarithm(loss: np.ndarray) -> np.ndarray:
            return np.log(_optima(self.learning_rates, loss))

        return jnp.asarray(jackknife(logarithm, np.asarray(self.loss), axis=2)[1])

    @property
    def drift(self) -> float:
        """By which factor the optimum moves over these sizes, at most; NaN where one of them was not seen."""
        return np.nan if self.at_the_edge.any() else float(self.optimum.max() / self.optimum.min())

    @property
    def table(self) -> Table:
        """A row for every size: its best learning rate, its error, the lowest loss, and whether the grid holds it."""
        columns = (self.sizes, self.optimum, self.error(), self.mean.min(axis=1), self.at_the_edge)
        rows = tuple(
            (f"{size:.0f}", f"{best:.2g}", f"± {error:.0%}", f"{loss:.2g}", "no" if edge else "yes")
            for size, best, error, loss, edge in zip(*map(np.asarray, columns), strict=True)
        )
        moves = "not all were seen" if np.isnan(self.drift) else f"they move by a factor of {self.drift:.2g}"
        return Table(
            f"Best learning rates: {moves}", (self.label, "best rate", "error", "loss there", "inside the grid"), rows
        )

    def __repr__(self) -> str:
        return repr(self.table)

    def _repr_html_(self) -> str:
        return self.table._repr_html_()

    @property
    def at_the_edge(self) -> Array:
        """Sizes at which no optimum was seen, shape (W,).

        Their best learning rate is the smallest or the largest tried, or as good as its neighbour to rounding.
        """
        rounding = 10 * float(jnp.finfo(self.loss.dtype).eps)
        walls = np.asarray([_walls(row) for row in np.log(np.asarray(self.loss, float)).mean(axis=2)])
        return jnp.asarray(~(walls > rounding))


@known_arguments
def transfer(
    network: Callable[[int], AnyNetwork],
    sizes: Iterable[int],
    learning_rates: Numbers,
    inputs: Array,
    targets: Array,
    steps: int,
    *,
    key: Array,
    optimizer: str = "sgd",
    batch_size: int | None = None,
    sample: Sample | None = None,
    repeats: int = 3,
    label: str = "width",
) -> Transfer:
    r"""Train at every size with every learning rate, and find the best.

    .. math:: \eta_\star(N) = \arg\min_\eta\; E_\text{seed}\,\ln L(\eta, N)

    where L is the loss, half of the mean square error over all inputs, after the last step, and the minimum that of a
    parabola through the best rate and its neighbours, in the logarithms.

    Args:
      network: a function of one size that returns a network, for instance ``lambda depth: ResidualMLP(64,
        depth=depth)``.
      sizes: widths N, depths L, numbers of heads, or what else the function takes: at least two different whole numbers
        >= 1.
      learning_rates: eta_0, shape (E,), at least three different ones, > 0; a factor of two apart is good. All of one
        size train at once.
      inputs: shape (P, D), or (P, T, D) for a transformer; the loss is that on all of them at the end.
      targets: shape (P,), or (P, O) for several outputs.
      steps: how many, whole and >= 0.
      key: a jax random key. Seeds are the same for all learning rates of a size.
      optimizer: ``"sgd"`` or ``"adam"``.
      batch_size: inputs drawn anew for every step, without replacement within it; all of them by default.
      sample: for one-pass training: a function of a key that draws fresh inputs and targets for every step. The loss is
        still that on `inputs` and `targets`.
      repeats: seeds, >= 2.
      label: what the sizes are, for tables and errors.

    Returns:
      `Transfer`; its ``optimum`` is :math:`\eta_\star`, shape (W,).

    Raises:
      ValueError: for an argument out of range, or where every learning rate diverges at some size.
      TypeError: for a network or a sample that is no function, sizes that are no list, or a label that is no word.

    Residual networks that differ in their depth alone are trained by one program, the deepest one's, with zeros for the
    branches beyond: that is exact, and compiles once. The error is that of the seeds, and of a parabola between rates
    that are far apart. Losses at rounding count as that. Source: Yang et al. (2022).
    Book: "Hyperparameters that transfer".
    """
    require_function("network", network)
    started, steps = perf_counter(), require_count("steps", steps, 0)
    require_key(key)
    require_shape("learning_rates", learning_rates, 1, "a list of learning rates, shape (E,)")
    require_known("learning_rates", learning_rates)
    require_positive("learning_rates", learning_rates)
    rates = np.unique(np.asarray(concrete(learning_rates), float))
    if len(rates) < 3:
        raise ValueError(f"learning_rates must be at least three different ones; got {rates.tolist()}")
    require_text("label", label, 1)
    sizes, repeats = require_counts("sizes", sizes), require_count("repeats", repeats, 2)
    if len(set(sizes)) < 2:
        raise ValueError(f"sizes must be at least two different ones; got {sizes}")
    require_memory(lambda repeats: 8 * len(sizes) * len(rates) * repeats, repeats=repeats)
    made: list[Any] = [network(size) for size in sizes]
    losses, most = [], deepest(made)
    for size, one, of_size in zip(sizes, made, jax.random.split(key, len(sizes)), strict=True):
        keys, start = jax.random.split(of_size, repeats), None
        if most is not None:
            shapes = np.shape(inputs)[1:], np.shape(targets)[1:]
            one, start = Cut(most, 1.0 * one.depth), draws(one, most, keys, len(rates), *shapes)
        run = train(
            one,
            inputs,
            targets,
            steps,
            learning_rate=rates[:, None],
            key=keys,
            start=start,
            optimizer=optimizer,
            batch_size=batch_size,
            sample=sample,
            every=max(1, steps),
        )
        if bool(run.diverged.any(axis=1).all()):
            raise ValueError(f"learning_rates must hold one that does not diverge; all did at {label} {size}")
        rounding = jnp.finfo(run.loss.dtype).eps ** 2 * run.loss[..., 0]  # a loss below it is none
        losses.append(jnp.where(run.diverged, jnp.inf, jnp.maximum(run.loss[..., -1], rounding)))
    parameters = {"steps": steps, "repeats": repeats, "label": label, "key": jax.random.key_data(key)}
    parameters["seconds"] = perf_counter() - started
    return Transfer(jnp.asarray(sizes, float), jnp.asarray(rates), jnp.stack(losses), parameters)


def _walls(row: np.ndarray) -> float:
    """By how much the lower neighbour of the lowest point is above it; 0 where one is missing."""
    best = int(row.argmin())
    return 0.0 if best in (0, len(row) - 1) else float(min(row[best - 1], row[best + 1]) - row[best])


def _optima(rates: Array, loss: np.ndarray) -> np.ndarray:
    """Of each row of (W, E, S): the parabola through the best and its neighbours; at an edge or a cliff, the best."""
    eta, found = np.log(np.asarray(rates)), []
    for row in np.log(loss).mean(axis=2):
        best = int(row.argmin())
        near = slice(best - 1, best + 2)
        if best in (0, len(eta) - 1) or not np.isfinite(row[near]).all():
            found.append(eta[best])
            continue
        bend, slope, _ = np.polyfit(eta[near] - eta[best], row[near], 2)
        found.append(eta[best] - slope / (2 * bend) if bend > 0 else eta[best])
    return np.exp(found)
