r"""What a coordinate check found: how sizes go with the width, layer by layer, and the verdict on the three wishes.

.. math:: \text{size} \propto N^{x}

with one straight line through the logarithms of each, and the standard error that the seeds give it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._checks import require_one_of
from .._pytree import pytree
from .._tables import Table
from ..parameterizations.counting import Wish
from ..results import Result
from .slopes import Slope, line_weights

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
