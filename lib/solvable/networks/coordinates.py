r"""The coordinate check: do activations and outputs, and their changes, keep their size as the width grows?

.. math:: \text{rms}\,h^l(0),\quad \text{rms}\,[h^l(t) - h^l(0)],\quad \text{rms}\,f(0),\quad \text{rms}\,[f(t) - f(0)]
          \;\propto\; N^{x}

One straight line through the logarithms for each, with the standard error that the seeds give it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache
from time import perf_counter
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float

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
from .._pytree import pytree
from .._tables import Table
from ..parameterizations.abc import OPTIMIZERS
from ..parameterizations.counting import Wish
from ..results import Result
from .interface import AnyNetwork, Parameters
from .metrics import METRICS, Metric
from .rows import portions
from .slopes import Slope, line_weights
from .training import check_data, train

WATCHED = ("feature_size", "feature_change", "output_size", "output_change")
MARKS = {True: "✓", False: "✗", None: "?"}
TOO_SMALL = "too small to measure at this learning rate and precision"


class LayerSizes(NamedTuple):
    """What the check found of one hidden layer, or of the output.

    Attributes:
      name: "hidden layer 1", ..., or "output".
      start: its size at the start, shape (W, S) for W widths and S seeds.
      change: its change, shape (W, S).
      start_exponent: a pair (value, error), the power of N.
      change_exponent: likewise.
      holds: whether both sizes keep; None where that is not known.
    """

    name: str
    start: np.ndarray
    change: np.ndarray
    start_exponent: Slope
    change_exponent: Slope
    holds: bool | None


@pytree
@dataclass(frozen=True)
class CoordinateCheck(Result):
    """Sizes against width; print it for the verdict.

    Attributes:
      widths: shape (W,), ascending.
      feature_size: root mean square of h(0), shape (W, S, L) for S seeds and L hidden layers.
      feature_change: root mean square of h(t) - h(0), shape (W, S, L).
      output_size: root mean square of f(0), shape (W, S).
      output_change: root mean square of f(t) - f(0), shape (W, S).
      weight_change: shape (W, S), the change of the weights that moved least, in units of their rounding: steps below
        one are lost. None where it is not known.
      parameters: what made it, by name.
    """

    widths: Float[Array, " W"]
    feature_size: Float[Array, "W S L"]
    feature_change: Float[Array, "W S L"]
    output_size: Float[Array, "W S"]
    output_change: Float[Array, "W S"]
    weight_change: Float[Array, "W S"] | None = None
    parameters: dict[str, Any] = field(default_factory=dict)

    def exponents(self, name: str) -> tuple[Slope, ...]:
        """Exponents of one of the four sizes, by a straight line through the logarithms.

        Args:
          name: "feature_size", "feature_change", "output_size" or "output_change".

        Returns:
          A tuple of pairs (value, error), the power of N and its standard error over seeds: L of the features', one of
          the output's; NaN for what is but rounding.

        Raises:
          ValueError: for another name.
        """
        require_one_of("name", name, WATCHED)
        squares = self._squares(name)
        known = (squares.mean(axis=1) > self._rounding(name)).all(axis=0)
        return tuple(
            _slope(self.widths, column) if seen else Slope(np.nan, np.nan)
            for column, seen in zip(squares.transpose(2, 0, 1), known, strict=True)
        )

    def _squares(self, name: str) -> np.ndarray:
        """Of one of the four sizes, (W, S, L) or (W, S, 1)."""
        sizes = np.asarray(getattr(self, name), float)
        return sizes.reshape(*sizes.shape[:2], -1) ** 2

    def _rounding(self, name: str) -> np.ndarray | float:
        """Mean squares up to here say nothing."""
        if name.endswith("size"):
            return 0.0
        if self.weight_change is not None and not (np.asarray(self.weight_change).mean(axis=1) > 1).all():
            return np.inf
        precision = float(jnp.finfo(getattr(self, name).dtype).eps)
        return precision**2 * self._squares(name.replace("change", "size")).mean(axis=1)

    @property
    def verdict(self) -> tuple[Wish, Wish, Wish]:
        """The three wishes of a wide network, each a `parameterizations.Wish` that says which layer breaks it.

        An exponent counts as 0 when it is within 0.1 and two standard errors; an output at the start may also vanish.
        ``holds`` is None where nothing can be said: sizes are rounding, or two errors are as large as 1/2.
        """
        layers = [f"hidden layer {layer + 1}" for layer in range(np.shape(self.feature_size)[2])]
        start, (first,) = self.exponents("feature_size"), self.exponents("output_size")
        return (
            _judge("stable passes", [*layers, "the output"], [*start, _may_vanish(first)], "starts"),
            _judge("the function learns", ["the output"], self.exponents("output_change"), "changes"),
            _judge("the features learn", layers, self.exponents("feature_change"), "changes"),
        )

    @property
    def passed(self) -> bool:
        """Whether all three hold."""
        return all(wish.holds for wish in self.verdict)

    @property
    def layers(self) -> tuple[LayerSizes, ...]:
        """Sizes, exponents and verdict of every hidden layer and of the output, a tuple of L + 1."""
        found = []
        for where, name in (("feature", "hidden layer"), ("output", "output")):
            start, change = (np.sqrt(self._squares(f"{where}_{what}")) for what in ("size", "change"))
            pairs = zip(self.exponents(f"{where}_size"), self.exponents(f"{where}_change"), strict=True)
            for place, (first, then) in enumerate(pairs):
                full = f"{name} {place + 1}" if where == "feature" else name
                judged = [_holds(first if where == "feature" else _may_vanish(first)), _holds(then)]
                holds = False if False in judged else None if None in judged else True
                found.append(LayerSizes(full, start[..., place], change[..., place], first, then, holds))
        return tuple(found)

    @property
    def table(self) -> Table:
        """A row for every layer: its exponents, with their errors, and whether it keeps its size."""
        rows = tuple(
            (one.name, _power(one.start_exponent), _power(one.change_exponent), MARKS[one.holds]) for one in self.layers
        )
        ends = f"widths {self.widths.min():.0f} to {self.widths.max():.0f}"
        caption = f"Coordinate check, {ends}: {'passed' if self.passed else 'not passed'}"
        return Table(caption, ("", "at the start", "change", "keeps its size"), rows)

    def __repr__(self) -> str:
        return f"{self.table!r}\n{self}"

    def _repr_html_(self) -> str:
        return self.table._repr_html_()

    def __str__(self) -> str:
        """The verdict, a line for each wish."""
        said = {True: "yes", False: "NO ", None: "?  "}
        return "\n".join(f"{said[wish.holds]} {wish.name}: {wish.words}" for wish in self.verdict)


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
    found: dict[str, list[Array]] = {name: [] for name in (*WATCHED, "weight_change")}
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
        seen = jax.tree.map(lambda *x: jnp.concatenate(x), *runs)
        found["feature_size"].append(seen["feature_size"][:, 0])
        found["output_size"].append(jnp.sqrt(jnp.mean(seen["outputs"][:, 0].reshape(repeats, -1) ** 2, axis=1)))
        for name in ("feature_change", "output_change", "weight_change"):
            found[name].append(seen[name][:, -1])
    parameters = {"learning_rate": learning_rate, "steps": steps, "repeats": repeats, "key": jax.random.key_data(key)}
    parameters["seconds"] = perf_counter() - started
    stacked = {name: jnp.stack(parts) for name, parts in found.items()}
    if not all(bool(jnp.isfinite(stacked[name]).all()) for name in WATCHED):
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


def _slope(widths: Array, squares: np.ndarray) -> Slope:
    """Of the logarithm of the root mean square over seeds, (W, S), and what the spread of the seeds leaves open."""
    mean = squares.mean(axis=1)
    spread = squares.std(axis=1, ddof=1) / mean / np.sqrt(squares.shape[1])
    weights = line_weights(np.asarray(widths)) / 2
    return Slope(float(weights @ np.log(mean)), float(np.sqrt(weights**2 @ spread**2)))


def _may_vanish(first: Slope) -> Slope:
    """Of the output at the start, whose negative powers count as zero."""
    return first._replace(value=max(first.value, 0.0)) if first.value > -np.inf else Slope(0.0, 0.0)


def _holds(slope: Slope) -> bool | None:
    """Whether a size keeps; None where nothing can be said."""
    return slope.is_zero if slope.is_known and slope.value == slope.value else None


def _power(slope: Slope) -> str:
    return "not measured" if np.isnan(slope.value) else f"N^{rounded(slope.value)} ± {slope.error:.2f}"


def rounded(power: float) -> str:
    """To two decimals, and no -0.00."""
    return f"{round(power, 2) + 0.0:.2f}"


def _judge(name: str, who: list[str], slopes: Iterable[Slope], verb: str) -> Wish:
    every = list(zip(who, slopes, strict=True))
    small = ", ".join(one for one, slope in every if np.isnan(slope.value))
    wrong = [(one, slope) for one, slope in every if slope.is_known and not slope.is_zero]
    vague = [(one, slope) for one, slope in every if slope.value == slope.value and not slope.is_known]
    words = [f"{one} {verb} as N^({slope.value:+.2f} +- {slope.error:.2f})" for one, slope in wrong]
    words += [f"{one}: a power known to +- {slope.error:.2f} only; take more seeds" for one, slope in vague]
    words += [f"{small}: {TOO_SMALL}"] * bool(small)
    holds = False if wrong else None if words else True
    return Wish(name, holds, "; ".join(words) or "the same size at every width")
