"""What a figure that moves is asked for: the function, its knobs and its frame, checked."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..._checks import require_function, require_kind, require_range, require_text
from ..series import Band, HeatMap, Knob, Line, Means, Points, Series
from ..style import COLOURS
from ..words import Number

BOX = {"x": 640, "y": 400, "z": 256}
"""Size of the largest drawing in CSS pixels, and the number of colours: errors are measured at it."""

Curves = Callable[..., Mapping[str, Series]]


@dataclass(frozen=True)
class Style:
    """How one series is drawn: an index into ``COLOURS``, and ``"-"``, ``"--"`` or ``":"``."""

    color: int
    dash: str = "-"


@dataclass(frozen=True)
class Explorer:
    """What `explore` was given, checked."""

    curves: Curves
    controls: dict[str, Knob]
    name: str
    x: str
    y: str
    log: str
    xlim: tuple[Number, Number]
    ylim: tuple[Number, Number]
    caption: str
    alt: str
    marks: dict[str, str] = field(default_factory=dict)
    experiment: Curves | None = None

    @property
    def start(self) -> dict[str, float]:
        """The knobs' first setting."""
        return {name: float(knob.start) for name, knob in self.controls.items()}

    def at(self, setting: Mapping[str, float]) -> dict[str, Series]:
        """The curves at one setting, as NumPy arrays, checked."""
        return all_checked("curves", self.curves(**setting))

    def measure(self, setting: Mapping[str, float], curves: Mapping[str, Series]) -> dict[str, Series]:
        """The experiment at one setting likewise, under labels of the curves; nothing where there is none."""
        if self.experiment is None:
            return {}
        measured = all_checked("experiment", self.experiment(**setting))
        if unknown := sorted(set(measured) - set(curves)):
            raise ValueError(
                f"experiment must return labels that curves returns too, {sorted(curves)}; got {unknown} at {setting}"
            )
        return measured

    def style(self, number: int, label: str) -> Style:
        """The look of the series at place `number`, from ``marks`` or the order."""
        match = re.fullmatch(r"(?:C([0-6])|(k))?(--|-|:)?", self.marks.get(label, ""))
        if match is None:
            given = self.marks[label]
            raise ValueError(f"marks[{label!r}] must look like 'C1--' (C0-C6 or k; -, -- or :); got {given!r}")
        color, black, dash = match.groups()
        index = len(COLOURS) - 1 if black else int(color) if color else number % len(COLOURS)
        return Style(index, dash or "-")


def check(explorer: Explorer) -> None:
    """Name the argument that is wrong."""
    require_function("curves", explorer.curves)
    if explorer.experiment is not None:
        require_function("experiment", explorer.experiment)
    require_kind("controls", explorer.controls, Mapping)
    for one in explorer.controls.values():
        require_kind("controls", one, Knob)
    check_frame(explorer)
    if not explorer.controls:
        raise ValueError("controls must hold at least one knob")
    _check_arguments("curves", explorer.curves, explorer.controls)
    if explorer.experiment is not None:
        _check_arguments("experiment", explorer.experiment, explorer.controls)


def check_frame(explorer: Explorer) -> None:
    """Likewise, of the words and the axes alone."""
    for argument in ("name", "caption", "alt", "x", "y", "log"):
        require_text(argument, getattr(explorer, argument), int(argument != "log"))
    require_kind("marks", explorer.marks, Mapping)
    if not re.fullmatch("[a-z][a-z0-9-]*", explorer.name):
        raise ValueError(f"name must be small letters, digits and hyphens; got {explorer.name!r}")
    if not set(explorer.log) <= set("xyz"):
        raise ValueError(f"log must be made of 'x', 'y' and 'z'; got {explorer.log!r}")
    for axis in "xy":
        low, high = limits = require_range(axis + "lim", getattr(explorer, axis + "lim"))
        if not (np.isfinite(limits).all() and low < high and (low > 0 or axis not in explorer.log)):
            positive = " positive" if axis in explorer.log else ""
            raise ValueError(f"{axis}lim must be two increasing{positive} numbers; got {limits}")


def check_curves(explorer: Explorer, curves: Mapping[str, Series]) -> None:
    """Likewise, of what depends on what the function returns at the start."""
    if unknown := sorted(set(explorer.marks) - set(curves)):
        raise ValueError(f"marks must not name {unknown}, which curves does not return: it returns {sorted(curves)}")
    for place, (label, series) in enumerate(curves.items()):
        explorer.style(place, label)
        if isinstance(series, HeatMap):
            _check_even(explorer, label, series)


def _check_arguments(name: str, function: Curves, controls: Mapping[str, Knob]) -> None:
    parameters = inspect.signature(function).parameters.values()
    anything = any(p.kind is p.VAR_KEYWORD for p in parameters)
    known = {p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}
    needed = {p.name for p in parameters if p.name in known and p.default is p.empty}
    for knob in controls:
        if knob not in known and not anything:
            raise ValueError(
                f"controls must have no knob {knob!r}, which {name} does not take: it takes {sorted(known)}"
            )
    if missing := sorted(needed - set(controls)):
        raise ValueError(f"controls must have a knob for every argument of {name}; missing: {missing}")


def all_checked(name: str, curves: Any) -> dict[str, Series]:
    """What a function returned, as NumPy arrays of fitting shapes."""
    if not isinstance(curves, Mapping) or not curves:
        raise ValueError(f"{name} must return a dict from labels to series; got {type(curves).__name__}")
    return {str(label): _checked(name, label, series) for label, series in curves.items()}


def _checked(name: str, label: str, series: Any) -> Series:
    """The series as NumPy arrays of fitting shapes."""
    if not isinstance(series, Line | Band | Points | Means | HeatMap):
        raise ValueError(
            f"{name}[{label!r}] must be a Line, Band, Points, Means or HeatMap; got {type(series).__name__}"
        )
    series = type(series)(*(np.asarray(part, dtype=float) for part in series))
    shapes = [part.shape for part in series]
    n = shapes[0][0] if shapes[0] else 0
    wanted: list[tuple[int, ...]] = [(n,)] * len(shapes)
    if isinstance(series, HeatMap):
        m = shapes[1][0] if shapes[1] else 0
        wanted = [(n,), (m,), (m, n)]
    if shapes != wanted or n == 0:
        names = ", ".join(f"{field} {shape}" for field, shape in zip(series._fields, shapes, strict=True))
        raise ValueError(f"{name}[{label!r}] has arrays whose shapes do not fit together: {names}")
    return series


def _check_even(explorer: Explorer, label: str, field: HeatMap) -> None:
    for axis in "xy":
        centres = np.log(getattr(field, axis)) if axis in explorer.log else getattr(field, axis)
        steps = np.diff(centres)
        if len(steps) == 0 or not np.allclose(steps, steps.mean(), rtol=0.02) or steps[0] <= 0:
            scale = "in the logarithm" if axis in explorer.log else "in value"
            raise ValueError(f"curves[{label!r}].{axis} must increase in even steps {scale}, as the axis is drawn")
