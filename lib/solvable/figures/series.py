"""What an explorer draws, and the knobs that move it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import NamedTuple

import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from .._checks import (
    require,
    require_count,
    require_flag,
    require_known,
    require_number,
    require_positive,
    require_scalar,
    require_shape,
    require_text,
)
from .._memory import require_memory
from .words import Number, fixed, number

Numbers = Array | np.ndarray


class Line(NamedTuple):
    """A line through points. NaN and infinity are gaps.

    Attributes:
      x, y: shape (n,).
    """

    x: Float[Numbers, " n"]
    y: Float[Numbers, " n"]


class Band(NamedTuple):
    """The region between two lines.

    Attributes:
      x, low, high: shape (n,).
    """

    x: Float[Numbers, " n"]
    low: Float[Numbers, " n"]
    high: Float[Numbers, " n"]


class Points(NamedTuple):
    """Single points.

    Attributes:
      x, y: shape (n,).
    """

    x: Float[Numbers, " n"]
    y: Float[Numbers, " n"]


class Means(NamedTuple):
    """Means over repeats, as points, each with a whisker of one standard error on either side.

    Attributes:
      x, y, low, high: shape (n,); the whisker reaches from low to high.
    """

    x: Float[Numbers, " n"]
    y: Float[Numbers, " n"]
    low: Float[Numbers, " n"]
    high: Float[Numbers, " n"]


class HeatMap(NamedTuple):
    """A field of colours on a grid that is even on the drawn axes.

    Attributes:
      x: centres of the columns, shape (n,).
      y: centres of the rows, shape (m,).
      z: shape (m, n); drawn on a logarithmic colour scale where the figure's ``log`` contains "z".
    """

    x: Float[Numbers, " n"]
    y: Float[Numbers, " m"]
    z: Float[Numbers, "m n"]


Series = Line | Band | Points | Means | HeatMap


@dataclass(frozen=True)
class Knob:
    """A number that the reader may turn.

    Args:
      low, high: its range; not needed with `values`.
      start: where it stands at first, inside the range.
      label: what the reader sees, for instance ``"width N"``.
      points: how many settings are computed when the book is built, >= 2. Between them the page interpolates if
        that was measured to be exact to a pixel; otherwise the knob steps through the computed settings.
      log: spaced in the logarithm. If `low`, `high` and `start` are whole numbers (``16``, not ``16.0``), so
        are the settings.
      values: an increasing list of the only values it may take, instead of a range.
      measured: where the experiment of `explore` is run when the book is built: increasing, and the start among them.
        Both ends and the start by default.
      play: whether a button lets it run, for a knob that is time.

    Raises:
      ValueError: for a range, start or number of points that make no sense, named.
      TypeError: for a label that is no string, or a log or play that is neither True nor False.
    """

    low: Number = math.nan
    high: Number = math.nan
    _: KW_ONLY
    start: Number
    label: str
    points: int = 11
    log: bool = False
    values: Sequence[Number] | np.ndarray | None = None
    measured: Sequence[Number] | np.ndarray | None = None
    play: bool = False

    def __post_init__(self) -> None:
        require_flag("log", self.log)
        require_flag("play", self.play)
        require_text("label", self.label, 1)
        for name in ("low", "high", "start"):
            require_known(name, getattr(self, name))
        require_number("start", self.start)
        if self.values is not None:
            require_shape("values", self.values, 1, "at least two increasing numbers")
            require("values", self.values, "finite", np.isfinite)
            values: np.ndarray = np.asarray(self.values, dtype=float)
            if values.ndim != 1 or values.size < 2 or not (np.diff(values) > 0).all():
                raise ValueError(f"values must be at least two increasing numbers; got {self.values!r}")
            if self.start not in values:
                raise ValueError(f"start must be one of values {list(self.values)}; got {self.start}")
            object.__setattr__(self, "low", self.values[0])
            object.__setattr__(self, "high", self.values[-1])
        for name, end in (("low", self.low), ("high", self.high)):
            require_number(name, end)
        if not self.low < self.high:
            raise ValueError(f"low and high must be finite numbers, low < high; got {self.low} and {self.high}")
        if self.log and self.low <= 0:
            raise ValueError(f"low must be positive for a knob spaced in the logarithm; got {self.low}")
        if not self.low <= self.start <= self.high:
            raise ValueError(f"start must lie between {self.low} and {self.high}; got {self.start}")
        object.__setattr__(self, "points", require_count("points", self.points, 2))
        require_memory(lambda points: 64 * points, points=self.points)
        self._check_measured()

    def _check_measured(self) -> None:
        if self.measured is None:
            object.__setattr__(self, "measured", np.unique([self.low, self.start, self.high]))
        require_shape("measured", self.measured, 1, "increasing numbers")
        require("measured", self.measured, "finite", np.isfinite)
        at: np.ndarray = np.asarray(self.measured, dtype=float)
        if at.ndim != 1 or not (np.diff(at) > 0).all() or self.start not in at:
            raise ValueError(f"measured must be increasing numbers, {self.start} among them; got {self.measured!r}")
        if not (self.low <= at[0] and at[-1] <= self.high):
            raise ValueError(f"measured must lie between {self.low} and {self.high}; got {self.measured!r}")
        if self.values is not None and not np.isin(at, self.values).all():
            raise ValueError(f"measured must be some of values {list(self.values)}; got {self.measured!r}")
        object.__setattr__(self, "measured", tuple(at.tolist()))

    @property
    def whole(self) -> bool:
        """Whether a logarithmic knob takes whole numbers only."""
        return self.log and all(isinstance(v, int) for v in (self.low, self.high, self.start))

    def coordinate(self, value: ArrayLike) -> np.ndarray:
        """Where a value lies along the knob: itself, or its logarithm.

        Args:
          value: a finite number or an array of them, > 0 for a knob spaced in the logarithm.

        Returns:
          An array of the same shape.

        Raises:
          ValueError: for a value that is not finite, not positive where it must be, or traced by jax.
        """
        self._require(value)
        return np.asarray(np.log(value) if self.log else value, dtype=float)

    @property
    def grid(self) -> np.ndarray:
        """The settings that are computed: round numbers, both ends and all that are measured among them."""
        if self.values is not None:
            return np.asarray(self.values, dtype=float)
        low, start, high = (float(self.coordinate(v)) for v in (self.low, self.start, self.high))
        below = round((self.points - 1) * (start - low) / (high - low))  # intervals; the start is a point
        below = min(max(below, int(start > low)), self.points - 1 - int(start < high))
        steps = np.linspace(low, start, below + 1), np.linspace(start, high, self.points - below)
        grid = np.concatenate([steps[0][:-1], steps[1]])
        if self.log:
            digits = 2 if self.high / self.low > 1.1 ** (self.points - 1) else 3
            grid = np.array([float(f"{v:.{digits - 1}e}") for v in np.exp(grid)])
            grid = np.round(grid) if self.whole else grid
        else:
            grid = np.round(grid, self._decimals(self.points - 1) + 1)
        grid[0], grid[-1], grid[below] = self.low, self.high, self.start
        return np.union1d(grid, np.asarray(self.measured))

    @property
    def ladder(self) -> np.ndarray:
        """The finer, round values that a continuous slider stops at."""
        if self.values is not None:
            return self.grid
        if self.log:
            decades = math.log10(self.high / self.low)
            fine = 0.05 if decades <= 2 else 0.1
            rungs = np.concatenate([np.arange(1, 2, fine), np.arange(2, 5, 2 * fine), np.arange(5, 10, 4 * fine)])
            powers = 10.0 ** np.arange(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
            steps = np.array([float(f"{v:.2e}") for v in np.outer(powers, rungs).ravel()])
            steps = np.round(steps) if self.whole else steps
        else:
            step = self._step(150)
            steps = np.round(np.arange(math.ceil(self.low / step), math.floor(self.high / step) + 1) * step, 12)
        inside = steps[(steps > self.low) & (steps < self.high)]
        return np.union1d(inside, [self.low, self.high, *np.asarray(self.measured)])

    def text(self, value: Number) -> str:
        """A setting in words, with as many digits as the knob needs.

        Args:
          value: a finite number, > 0 for a knob spaced in the logarithm.

        Returns:
          A string such as ``"1,000"``.

        Raises:
          ValueError: for a value that is not one finite number, not positive where it must be, or traced by jax.
        """
        require_scalar("value", value)
        self._require(value)
        value = float(value)
        if self.log or self.values is not None:
            return number(value)
        decimals = self._decimals(150)
        enough = next((d for d in range(decimals, decimals + 6) if abs(round(value, d) - value) < 1e-12), decimals + 6)
        return fixed(value, enough)

    def _require(self, value: ArrayLike) -> None:
        require_known("value", value)
        if self.log:
            require_positive("value", value)
        else:
            require("value", value, "finite", np.isfinite)

    def _step(self, count: int) -> float:
        """The smallest of 1, 2 or 5 times a power of ten that makes at most `count` steps of the range."""
        least = (self.high - self.low) / count
        power = 10.0 ** math.floor(math.log10(least))
        return next(m * power for m in (1, 2, 5, 10) if m * power >= least * (1 - 1e-9))

    def _decimals(self, count: int) -> int:
        return max(0, -math.floor(math.log10(self._step(count)) + 1e-9))
