r"""How networks of finite width differ from the limit: they scatter, and their mean is off.

.. math:: \mathrm{Var}_\text{seed}\,[q_N] \propto \frac1N, \qquad E\,q_{2N} - E\,q_N \propto \frac1N

The second drowns in the scatter of single networks. So compare a network of width 2N with its own two halves, each
trained as a network of width N: what scatters in proportion to the neurons' average cancels, and the difference stays.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from .._checks import (
    known_arguments,
    require_count,
    require_function,
    require_key,
    require_one_of,
    require_scalar,
)
from .._memory import require_memory
from .._pytree import pytree
from ..numerics.statistics import jackknife
from ..results import Result
from .base import Network
from .interface import Parameters
from .rows import drawn, portions, size_of
from .slopes import Slope, line_weights
from .training import check_data, train


@pytree
@dataclass(frozen=True)
class Deviations(Result):
    """Metrics after training, against the width; R networks at the largest, 2 R at half of it, and so on.

    Attributes:
      widths: shape (W,), ascending, each twice the one before.
      means: name -> (W, R, ...), the mean over the pieces of each of the R widest networks.
      squares: name -> (W, R, ...), the mean square distance of these pieces from the mean over all n networks of that
        width, times n / (n - 1), so that their mean over R estimates the variance without bias.
      parameters: what made it, by name.
    """

    widths: Float[Array, " W"]
    means: dict[str, Array]
    squares: dict[str, Array]
    parameters: dict[str, Any] = field(default_factory=dict)

    def mean(self, name: str) -> Array:
        """The mean over all networks of a width.

        Args:
          name: of a metric.

        Returns:
          An array, shape (W, ...).

        Raises:
          ValueError: for a metric that was not watched.
        """
        return self._of(self.means, name).mean(axis=1)

    def variance(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """The variance over networks of a width, averaged over the metric's entries; N times it is the book's v.

        Args:
          name: of a metric.

        Returns:
          The variance, an estimate without bias (squares over the number of networks less one), and its standard error,
          by leaving out one of the R widest networks after the other; shapes (W,).

        Raises:
          ValueError: for a metric that was not watched.
        """
        return jackknife(_average, self._rows(self.squares, name), axis=1)

    def difference(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """How far the mean moves from each width N to its double; 2 N times it is the size of the book's s.

        It is the root mean square over the metric's entries.

        Args:
          name: of a metric.

        Returns:
          The difference and its standard error, by leaving out one of the R widest networks after the other; shapes (W
          - 1,).

        Raises:
          ValueError: for a metric that was not watched.
        """
        return jackknife(_differences, self._rows(self.means, name), axis=1)

    def variance_exponent(self, name: str) -> Slope:
        """The power of N with which the variance goes.

        Args:
          name: of a metric.

        Returns:
          A pair (value, error), the slope of a straight line through the logarithms and its standard error.

        Raises:
          ValueError: for a metric that was not watched, or whose variance is but rounding.
        """
        return self._slope(_average, self.squares, name, self._rounding(name) ** 2)

    def difference_exponent(self, name: str) -> Slope:
        """The power of N with which the difference from a width to its double goes; three widths at least.

        Args:
          name: of a metric.

        Returns:
          A pair (value, error), the slope of a straight line through the logarithms and its standard error.

        Raises:
          ValueError: for a metric that was not watched, for fewer widths, or where the difference is but rounding.
        """
        if len(self.widths) < 3:
            raise ValueError(f"widths must be three or more for this exponent; got {self.widths.tolist()}")
        return self._slope(_differences, self.means, name, self._rounding(name)[:-1])

    def _rounding(self, name: str) -> np.ndarray:
        """Of the metric at every width."""
        precision = jnp.finfo(self.parameters.get("dtype", float)).eps
        return float(precision) * np.sqrt((self._rows(self.means, name) ** 2).mean(axis=(1, 2)))

    def _slope(
        self,
        statistic: Callable[[np.ndarray], np.ndarray],
        table: dict[str, Array],
        name: str,
        rounding: np.ndarray,
    ) -> Slope:
        if not (statistic(self._rows(table, name)) > rounding).all():
            raise ValueError(f"{name} must differ by more than rounding, or it has no exponent")

        def slope(rows: np.ndarray) -> float:
            sizes = statistic(rows)
            return float(line_weights(np.asarray(self.widths)[: len(sizes)]) @ np.log(sizes))

        return Slope(*map(float, jackknife(slope, self._rows(table, name), axis=1)))

    def _of(self, table: dict[str, Array], name: str) -> Array:
        require_one_of("name", name, table)
        return table[name]

    def _rows(self, table: dict[str, Array], name: str) -> np.ndarray:
        """With all entries in one row, shape (W, R, E)."""
        rows = np.asarray(self._of(table, name), float)
        return rows.reshape(*rows.shape[:2], -1)


@known_arguments
def deviations(
    network: Callable[[int], Network],
    width: int,
    inputs: Array,
    targets: Array,
    steps: int,
    *,
    learning_rate: ArrayLike,
    key: Array,
    halvings: int = 3,
    repeats: int = 32,
    metrics: Sequence[str] = ("outputs", "tangent_kernel"),
    optimizer: str = "sgd",
) -> Deviations:
    r"""Train networks, their halves, quarters and so on; see how they scatter, and how their mean goes with the width.

    .. math:: \mathrm{Var}_\text{seed}\,[q_N] \propto \frac1N, \qquad E\,q_{2N} - E\,q_N \propto \frac1N

    of every metric q; E is the mean over networks.

    Args:
      network: a function of the width that returns an `MLP`, `ResidualMLP` or `Transformer`.
      width: of the widest, a multiple of ``2**halvings``.
      inputs: shape (P, D), or (P, T, D) for a transformer.
      targets: shape (P,), or (P, O) for several outputs.
      steps: how many, whole and >= 0; all is measured after the last one.
      learning_rate: eta_0 > 0, in units in which the parameterization's rates are given.
      key: a jax random key.
      halvings: how often the width is halved, whole and >= 1.
      repeats: R, networks of the largest width, >= 2; at a width N there are ``repeats * width / N``.
      metrics: names among ``solvable.networks.METRICS``, as in `train`; the loss is always among them.
      optimizer: ``"sgd"`` or ``"adam"``.

    Returns:
      `Deviations`, at the widths ``width / 2**halvings``, ..., ``width``.

    Raises:
      ValueError: for an argument out of range, or where training diverged, with the width and the step.
      TypeError: for a network that is no function, or metrics that are no list.

    Means are those of independent networks, since parts of a random matrix are independent. Halves cancel all that is
    linear in the neurons' average with one hidden layer, and a part of it with more.
    Source: the 1/N law, Bordelon and Pehlevan (2023). Book: "How finite networks differ from the limit".
    """
    require_function("network", network)
    require_key(key)
    require_scalar("learning_rate", learning_rate)
    started, steps = perf_counter(), require_count("steps", steps, 0)
    halvings, repeats = require_count("halvings", halvings), require_count("repeats", repeats, 2)
    width = require_count("width", width)
    if width >> halvings << halvings != width:
        raise ValueError(f"width must be a multiple of 2^halvings, with {halvings} halvings; got {width}")
    wide = network(width)
    if not isinstance(wide, Network):
        raise ValueError(f"network must return an MLP, ResidualMLP or Transformer; got {type(wide).__name__}")
    inputs, targets = check_data(wide, inputs, targets)
    size = size_of(wide, inputs, targets)
    require_memory(lambda repeats: 8 * size * repeats, repeats=repeats)
    shapes = tuple(np.shape(inputs)[1:]), tuple(np.shape(targets)[1:])
    start = jax.tree.map(np.asarray, drawn(wide, jax.random.split(key, repeats), *shapes))
    levels = []
    for halving in range(halvings + 1):
        if halving:
            narrow = network(width >> halving)
            start, wide = _halves(wide, narrow, start, *shapes), narrow
        levels.append(_watch(wide, start, inputs, targets, steps, learning_rate, key, metrics, optimizer, repeats))
    levels.reverse()
    return Deviations(
        jnp.asarray([width >> halving for halving in range(halvings, -1, -1)], float),
        {name: jnp.asarray(np.stack([one[name].mean(axis=1) for one in levels])) for name in levels[0]},
        {name: jnp.asarray(np.stack([_squares(one[name]) for one in levels])) for name in levels[0]},
        {
            "steps": steps,
            "learning_rate": learning_rate,
            "optimizer": optimizer,
            "dtype": str(jnp.dtype(wide.dtype)),
            "repeats": repeats,
            "key": jax.random.key_data(key),
            "seconds": perf_counter() - started,
        },
    )


def _watch(
    network: Network,
    start: Parameters,
    inputs: Array,
    targets: Array,
    steps: int,
    learning_rate: ArrayLike,
    key: Array,
    metrics: Sequence[str],
    optimizer: str,
    repeats: int,
) -> dict[str, np.ndarray]:
    """The metrics after training from this start, each (R, pieces, ...)."""
    count = len(next(iter(start.values())))
    found: dict[str, list[np.ndarray]] = {}
    for rows in portions(network, inputs, targets, count):
        run = train(
            network,
            inputs,
            targets,
            steps,
            learning_rate=learning_rate,
            key=jax.random.split(key, len(rows)),
            start={name: w[np.asarray(rows)] for name, w in start.items()},
            optimizer=optimizer,
            metrics=metrics,
            every=max(1, steps),
        )
        if bool(run.diverged.any()):
            at = f"at step {int(run.diverged_at[run.diverged][0])}, width {network.width}"
            raise ValueError(f"learning_rate must be smaller; {learning_rate} diverged {at}")
        for name, values in run.metrics.items():
            found.setdefault(name, []).append(np.asarray(values)[:, -1].astype(float))
    return {name: (v := np.concatenate(parts)).reshape(repeats, -1, *v.shape[1:]) for name, parts in found.items()}


def _halves(wide: Network, narrow: Network, weights: Parameters, *shapes: tuple[int, ...]) -> Parameters:
    """Both diagonal blocks of every array, with the spread that the narrow network has; (M, ...) to (2 M, ...)."""
    before, after, scales, found = wide.layers(*shapes), narrow.layers(*shapes), wide.scales(shapes[0]), {}
    for name, w in weights.items():
        ratio = narrow.scales(shapes[0])[name].std / scales[name].std
        parts = []
        for side in (0, 1):
            sizes = zip(before[name].shape, after[name].shape, strict=True)
            cut = tuple(slice(side * n, side * n + n) if m != n else slice(None) for m, n in sizes)
            parts.append(w[(slice(None), *cut)])
        found[name] = np.asarray(ratio, w.dtype) * np.stack(parts, axis=1).reshape(2 * len(w), *after[name].shape)
    return found


def _average(squares: np.ndarray) -> np.ndarray:
    return squares.mean(axis=(1, 2))


def _squares(values: np.ndarray) -> np.ndarray:
    """Of (R, pieces, ...), for each R; the mean that they are from is their own, which takes one number of n away."""
    count = values.shape[0] * values.shape[1]
    return ((values - values.mean(axis=(0, 1))) ** 2).mean(axis=1) * count / (count - 1)


def _differences(means: np.ndarray) -> np.ndarray:
    """Root mean square over entries of the steps from width to width; means has shape (W, R, E)."""
    return np.sqrt((np.diff(means.mean(axis=1), axis=0) ** 2).mean(axis=-1))
