"""The curves on a grid of settings, in pixels; and where interpolation between settings is good enough."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..._memory import require_memory
from ..series import Series
from .asked import BOX, Explorer, all_checked, check_curves

AXIS = {"x": "x", "y": "y", "low": "y", "high": "y", "z": "z"}
BATCH = 8
CLIP = 10  # boxes: what lies further outside the figure is moved there
PIXEL = 1.0  # the largest error that interpolation may make
TRIALS = 30
STENCILS = (4, 6, 8)

Fields = dict[tuple[str, str], np.ndarray]
"""(label, field name) -> one flat row of numbers a setting."""


class Evaluator:
    """``curves`` at many settings: by ``vmap`` where it allows that, else one after the other."""

    def __init__(self, explorer: Explorer):
        self.explorer = explorer
        self._kinds: dict[str, tuple[Any, list[tuple[int, ...]]]] = {}  # type and shapes, seen as they are traced
        self._batched: Any = jax.jit(jax.vmap(self._one))
        self.first, self.is_batched = self._begin()
        check_curves(explorer, self.first)

    def __call__(self, settings: np.ndarray) -> Fields:
        """Settings (G, knobs) -> fields, each (G, n)."""
        rows = self._in_batches(settings) if self.is_batched else [self._by_call(s) for s in settings]
        return {key: np.concatenate([row[key] for row in rows]) for key in rows[0]}

    def _one(self, setting: jax.Array) -> Any:
        curves = self.explorer.curves(**dict(zip(self.explorer.controls, setting, strict=True)))
        self._kinds = {str(label): (type(one), [np.shape(part) for part in one]) for label, one in curves.items()}
        return {
            (str(label), name): jnp.ravel(part)
            for label, series in curves.items()
            for name, part in zip(series._fields, series, strict=True)
        }

    def _begin(self) -> tuple[dict[str, Series], bool]:
        """The curves at the start, and whether they come by vmap: then nothing is compiled for them alone."""
        start = np.array([list(self.explorer.start.values())])
        try:
            row = self._in_batches(start)[0]
            series = {
                label: kind(
                    *(row[label, name][0].reshape(shape) for name, shape in zip(kind._fields, shapes, strict=True))
                )
                for label, (kind, shapes) in self._kinds.items()
            }
            return all_checked("curves", series), True
        except Exception:  # whatever it is that keeps it from being traced; if it fails by itself, that is said here
            return self.explorer.at(self.explorer.start), False

    def _in_batches(self, settings: np.ndarray) -> list[Fields]:
        padded = np.concatenate([settings, np.repeat(settings[-1:], -len(settings) % BATCH, axis=0)])
        rows = [self._batched(jnp.asarray(chunk)) for chunk in padded.reshape(-1, BATCH, padded.shape[1])]
        left = len(settings) - BATCH * (len(rows) - 1)
        sizes = [BATCH] * (len(rows) - 1) + [left]
        return [
            {key: np.asarray(part)[:size] for key, part in row.items()} for row, size in zip(rows, sizes, strict=True)
        ]

    def _by_call(self, setting: np.ndarray) -> Fields:
        return _row(_called("curves", self.explorer.at, _named(self.explorer, setting), self.first))


def measure(explorer: Explorer, curves: Mapping[str, Series]) -> list[dict[str, Series]]:
    """The experiment at all of `measured_settings`, for curves with these labels."""

    def run(setting: dict[str, float]) -> dict[str, Series]:
        return explorer.measure(setting, curves)

    settings = [_named(explorer, one) for one in measured_settings(explorer)]
    first = _called("experiment", run, settings[0])
    return [first, *(_called("experiment", run, one, first) for one in settings[1:])]


def fields_of(every: list[dict[str, Series]]) -> Fields:
    """As an `Evaluator` returns them."""
    rows = [_row(one) for one in every]
    return {key: np.concatenate([row[key] for row in rows]) for key in rows[0]}


def _named(explorer: Explorer, setting: np.ndarray) -> dict[str, float]:
    return dict(zip(explorer.controls, map(float, setting), strict=True))


def _called(
    name: str,
    function: Callable[[dict[str, float]], dict[str, Series]],
    setting: dict[str, float],
    first: Mapping[str, Series] | None = None,
) -> dict[str, Series]:
    """What the function makes of a setting: the labels and shapes of the first."""
    try:
        curves = function(setting)
    except Exception as error:
        raise ValueError(f"{name} fails at {setting}: {error}") from error
    if first is not None and _shapes(curves) != _shapes(first):
        raise ValueError(f"{name} must return the same labels and shapes at every setting; they differ at {setting}")
    return curves


def _shapes(curves: Mapping[str, Series]) -> dict[str, list[tuple[int, ...]]]:
    return {label: [np.shape(part) for part in series] for label, series in curves.items()}


def _row(curves: Mapping[str, Series]) -> Fields:
    return {
        (label, name): np.reshape(part, (1, -1))
        for label, series in curves.items()
        for name, part in zip(series._fields, series, strict=True)
    }


def pixels(explorer: Explorer, fields: Fields, zlim: tuple[float, float] | None) -> Fields:
    """Where numbers are drawn, in pixels from the lower left corner of the largest figure; gaps are NaN."""
    limits = {"x": explorer.xlim, "y": explorer.ylim, "z": zlim or (0.0, 1.0)}
    drawn = {}
    for key, values in fields.items():
        axis = AXIS[key[1]]
        low, high = limits[axis]
        with np.errstate(divide="ignore", invalid="ignore"):
            low, high, at = (np.log(v) if axis in explorer.log else np.asarray(v) for v in (low, high, values))
        unit = np.where(np.isfinite(values), (at - low) / (high - low), np.nan)  # 0 on a log axis: far below
        drawn[key] = BOX[axis] * np.clip(unit, -CLIP, CLIP + 1)
    return drawn


def colour_limits(explorer: Explorer, fields: Fields) -> tuple[float, float] | None:
    """The range of a heat map's numbers over all settings."""
    numbers = [values.ravel() for (_, name), values in fields.items() if name == "z"]
    if not numbers:
        return None
    z = np.concatenate(numbers)
    z = z[np.isfinite(z) & (z > 0 if "z" in explorer.log else True)]
    if z.size == 0:
        raise ValueError("curves must give a heat map some finite (with a logarithmic scale: positive) numbers")
    low, high = float(z.min()), float(z.max())
    return (low, high) if low < high else (low, low + max(abs(low), 1e-12))


@dataclass(frozen=True)
class Table:
    """One field on the grid: whole numbers, (knobs..., n); a knob that does not matter has one entry."""

    numbers: np.ndarray
    gaps: np.ndarray | None

    @classmethod
    def of(cls, drawn: np.ndarray, shape: Sequence[int], per_pixel: int) -> Table:
        """Quantise pixels (G, n) on a grid of the given shape."""
        grid = drawn.reshape(*shape, -1)
        for axis in range(len(shape)):
            first = np.take(grid, [0], axis=axis)
            if np.array_equal(np.broadcast_to(first, grid.shape), grid, equal_nan=True):
                grid = first
        gaps = np.isnan(grid)
        last = np.maximum.accumulate(np.where(gaps, 0, np.arange(grid.shape[-1])), axis=-1)
        filled = np.nan_to_num(np.take_along_axis(grid, last, axis=-1))
        numbers = np.round(filled * per_pixel).astype(np.int64)
        return cls(numbers, gaps.astype(np.int64) if gaps.any() else None)

    def at(self, weights: Sequence[np.ndarray], per_pixel: int) -> np.ndarray:
        """Interpolated pixels, shape (n,); a gap anywhere among the settings used is a gap."""
        value, gap = self.numbers / per_pixel, self.gaps
        for weight in weights:
            weight = weight if value.shape[0] > 1 else np.ones(1)
            value = np.tensordot(weight, value, 1)
            if gap is not None:
                gap = np.tensordot(weight != 0 if gap.shape[0] > 1 else [1], gap, 1)
        return value if gap is None else np.where(gap > 0, np.nan, value)


def weights(nodes: np.ndarray, at: float, stencil: int) -> np.ndarray:
    """Lagrange's weights of all nodes: a polynomial through the `stencil` nodes around `at`."""
    stencil = min(stencil, len(nodes))
    first = int(np.clip(np.searchsorted(nodes, at) - stencil // 2, 0, len(nodes) - stencil))
    used = nodes[first : first + stencil]
    result = np.zeros(len(nodes))
    for i, node in enumerate(used):
        others: np.ndarray = np.delete(used, i)
        result[first + i] = np.prod((at - others) / (node - others))
    return result


@dataclass(frozen=True)
class Sampled:
    """The curves on the grid, and how the page may read between its points."""

    explorer: Explorer
    tables: dict[tuple[str, str], Table]
    per_pixel: int
    zlim: tuple[float, float] | None
    smooth: tuple[bool, ...]
    stencil: int
    error: float

    def at(self, setting: np.ndarray) -> Fields:
        """What the page draws at a setting, in pixels."""
        rows = [
            weights(knob.coordinate(knob.grid), float(knob.coordinate(value)), self.stencil if smooth else 1)
            for knob, value, smooth in zip(self.explorer.controls.values(), setting, self.smooth, strict=True)
        ]
        return {key: table.at(rows, self.per_pixel) for key, table in self.tables.items()}


def settings_of(explorer: Explorer) -> np.ndarray:
    """All settings of the grid, (G, knobs), the last knob fastest."""
    points = {f"points of {name}": len(knob.grid) for name, knob in explorer.controls.items()}
    require_memory(lambda *points: 32 * len(points) * math.prod(points), **points)
    return np.array(list(itertools.product(*(knob.grid for knob in explorer.controls.values()))))


def measured_settings(explorer: Explorer) -> np.ndarray:
    """All settings at which the experiment is run, likewise."""
    return np.array(list(itertools.product(*(np.asarray(knob.measured) for knob in explorer.controls.values()))))


def tables_of(
    explorer: Explorer, fields: Fields, shape: Sequence[int], per_pixel: int, zlim: tuple[float, float] | None
) -> dict[tuple[str, str], Table]:
    """All fields at the settings of a grid of this shape, in whole parts of a pixel."""
    return {key: Table.of(px, shape, per_pixel) for key, px in pixels(explorer, fields, zlim).items()}


def quantise(explorer: Explorer, fields: Fields, per_pixel: int) -> Sampled:
    """The curves at `settings_of` in whole parts of a pixel; every knob steps."""
    zlim = colour_limits(explorer, fields)
    shape = [len(knob.grid) for knob in explorer.controls.values()]
    tables = tables_of(explorer, fields, shape, per_pixel, zlim)
    return Sampled(explorer, tables, per_pixel, zlim, (False,) * len(shape), STENCILS[0], 0.5 / per_pixel)


def decide(steps: Sampled, evaluate: Evaluator) -> Sampled:
    """Let those knobs interpolate for which it is measured to be exact to a pixel.

    All are tried together at random settings off the grid, with a few orders of interpolation. If that fails,
    each knob is tried by itself, and those that pass are tried together, without the worst until they pass.
    """
    random = np.random.default_rng(0)

    def measured(smooth: Sequence[bool], stencils: Sequence[int]) -> Sampled:
        settings = _random_settings(steps.explorer, smooth, random)
        exact = pixels(steps.explorer, evaluate(settings), steps.zlim)
        tried = [replace(steps, smooth=tuple(smooth), stencil=stencil) for stencil in stencils]
        tried = [replace(one, error=_worst(one, settings, exact)) for one in tried]
        return min(tried, key=lambda one: one.error)

    free = [knob.values is None for knob in steps.explorer.controls.values()]
    if not any(free):
        return steps
    best = measured(free, STENCILS)
    if best.error <= PIXEL:
        return best
    only = [[i == j for j in range(len(free))] for i in range(len(free))]
    alone = [measured(only[i], [best.stencil]).error if free[i] else np.inf for i in range(len(free))]
    free = [error <= PIXEL for error in alone]
    while any(free):
        some = measured(free, [best.stencil])
        if some.error <= PIXEL:
            return some
        free[int(np.argmax(np.where(free, alone, -1.0)))] = False
    return steps


def _worst(candidate: Sampled, settings: np.ndarray, exact: Fields) -> float:
    """The largest error of a candidate over some settings."""
    return max(
        _distance(exact[key][i], drawn, AXIS[key[1]])
        for i, setting in enumerate(settings)
        for key, drawn in candidate.at(setting).items()
    )


def _random_settings(explorer: Explorer, smooth: Sequence[bool], random: np.random.Generator) -> np.ndarray:
    """Settings anywhere along the smooth knobs, and on the grid of the others."""
    columns = []
    for knob, free in zip(explorer.controls.values(), smooth, strict=True):
        low, high = (float(knob.coordinate(end)) for end in (knob.low, knob.high))
        between = random.uniform(low, high, TRIALS)
        between = np.exp(between) if knob.log else between
        columns.append(between if free else random.choice(knob.grid, TRIALS))
    return np.stack(columns, axis=1)


def _distance(exact: np.ndarray, drawn: np.ndarray, axis: str) -> float:
    """The largest distance in pixels, in and half a figure around the axes; infinite if one has a gap."""
    if not np.array_equal(np.isnan(exact), np.isnan(drawn)):
        return np.inf
    exact, drawn = (np.clip(np.nan_to_num(px), -0.5 * BOX[axis], 1.5 * BOX[axis]) for px in (exact, drawn))
    return float(np.max(np.abs(exact - drawn), initial=0.0))
