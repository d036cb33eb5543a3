"""An explorer on the built page: numbers, a still picture, native controls. `explore.js` draws."""

from __future__ import annotations

import html
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from ..series import Band, HeatMap, Line, Means, Points, Series
from ..words import number, spoken
from .asked import BOX, Explorer
from .drawing import data_uri, draw, svg
from .encoding import encode
from .grid import (
    TRIALS,
    Evaluator,
    Sampled,
    Table,
    decide,
    fields_of,
    measure,
    measured_settings,
    quantise,
    settings_of,
    tables_of,
)

LARGEST = 100_000
"""Characters of compressed data that one explorer may have."""

KINDS = {Line: "line", Band: "band", Points: "points", Means: "means", HeatMap: "heat"}


@dataclass(frozen=True)
class Page:
    """The figure as HTML, for a notebook's output.

    Attributes:
      explorer: what was asked for.
      first: its curves at the start.
      sampled: its curves on the grid.
      measured: the experiment at the settings where it was run, if there is one.
      data: what the page's script reads.
      note: the grey line.
    """

    explorer: Explorer
    first: Mapping[str, Series]
    sampled: Sampled
    measured: list[dict[str, Series]]
    data: dict[str, Any]
    note: str

    @classmethod
    def of(cls, explorer: Explorer) -> Page:
        """Compute the grid, run the experiment, decide about interpolation, pack."""
        started = time.perf_counter()
        evaluate = Evaluator(explorer)
        fields = evaluate(settings_of(explorer))
        computed = time.perf_counter()
        measured = measure(explorer, evaluate.first) if explorer.experiment else []
        run = time.perf_counter() - computed
        for per_pixel in (16, 8, 4):
            sampled = quantise(explorer, fields, per_pixel)
            packed = _packed(sampled, evaluate.first, measured)
            if len(packed["data"]) <= LARGEST:
                break
        else:
            raise ValueError(
                f"curves of explorer {explorer.name!r} make {len(packed['data']):,} characters of data, more "
                f"than {LARGEST:,}; give a knob fewer points, or the curves"
            )
        sampled = decide(sampled, evaluate)
        data = _about(sampled) | packed
        note = _note(sampled, time.perf_counter() - started - run)
        note += _experiment_note(explorer, measured, run) if measured else ""
        return cls(explorer, evaluate.first, sampled, measured, data, note)

    @property
    def _measured_at_start(self) -> dict[str, Series]:
        start = list(self.explorer.start.values())
        places = [i for i, one in enumerate(measured_settings(self.explorer)) if np.array_equal(one, start)]
        return self.measured[places[0]] if self.measured else {}

    def __repr__(self) -> str:
        return f"<explorer {self.explorer.name}: {self.explorer.alt}>"

    def _repr_html_(self) -> str:
        e, name = self.explorer, html.escape(self.explorer.name)
        still = data_uri("svg+xml", svg(draw(e, self.first, self.sampled.zlim, self._measured_at_start)))
        knobs = "\n".join(_knob(name, key, knob) for key, knob in self.data["knobs"].items())
        powers = {"x", "y"} <= set(e.log) and any(one["kind"] == "line" for one in self.data["series"])
        buttons = [
            '<button type="button" class="explorer-reset">Reset</button>',
            '<button type="button" class="explorer-nearest">Nearest experiment</button>' * bool(self.measured),
            '<button type="button" class="explorer-slopes" aria-pressed="false">Slopes</button>' * powers,
        ]
        data = json.dumps(self.data, separators=(",", ":"), ensure_ascii=False).replace("</", "<\\/")
        return f"""<figure class="explorer" id="explore-{name}">
<div class="explorer-stage"><img class="explorer-still" alt="{html.escape(e.alt)}" src="{still}"></div>
<div class="explorer-knobs" role="group" aria-label="Settings of this figure" hidden>
{knobs}
<div class="explorer-buttons">{"".join(buttons)}</div>
</div>
<p class="explorer-said" aria-live="polite"></p>
<figcaption class="mathjax_process">{mathematics(e.caption)}
<small class="explorer-note">{mathematics(self.note)}</small></figcaption>
<script type="application/json">{data}</script>
</figure>"""


def _knob(figure: str, key: str, knob: dict[str, Any]) -> str:
    place = f"explore-{figure}-{key}"
    ticks = "".join(f'<option value="{index}"></option>' for index in knob.get("measured", []))
    where, ticks = (
        (f' list="{place}-measured"', f'<datalist id="{place}-measured">{ticks}</datalist>') if ticks else ("", "")
    )
    name = html.escape(spoken(knob["label"]), quote=True)
    play = f'<button type="button" class="explorer-play" aria-label="play {name}" aria-pressed="false"></button>'
    return f"""<div class="explorer-knob">{play if knob["play"] else ""}
<label for="{place}" class="mathjax_process">{mathematics(knob["label"])}</label>
<output for="{place}">{knob["texts"][knob["start"]]}</output>
<input type="range" id="{place}" name="{key}" min="0" max="{len(knob["values"]) - 1}" step="1"
 value="{knob["start"]}" aria-valuetext="{knob["texts"][knob["start"]]}" autocomplete="off"{where}>{ticks}
</div>"""


def mathematics(text: str) -> str:
    r"""Escaped text with ``$...$`` as MathJax reads it on the page."""
    parts = re.split(r"\$([^$]+)\$", text)
    return "".join(
        f'<span class="math notranslate nohighlight">\\({html.escape(part)}\\)</span>' if i % 2 else html.escape(part)
        for i, part in enumerate(parts)
    )


def _packed(sampled: Sampled, curves: Mapping[str, Series], measured: list[dict[str, Series]]) -> dict[str, Any]:
    """The series, and the numbers they point to; equal arrays (a shared x, mostly) are stored once."""
    explorer = sampled.explorer
    arrays: list[np.ndarray] = []
    places: dict[tuple[Any, ...], int] = {}

    def store(numbers: np.ndarray | None) -> int | None:
        if numbers is None:
            return None
        key = (numbers.shape, numbers.tobytes())
        if key not in places:
            places[key] = len(arrays)
            arrays.append(numbers)
        return places[key]

    def described(tables: dict[tuple[str, str], Table], some: Mapping[str, Series]) -> list[dict[str, Any]]:
        series = []
        for label, one in some.items():
            parts = {name: tables[label, name] for name in one._fields}
            drawn = {"label": label, "kind": KINDS[type(one)], "color": looks[label].color, "dash": looks[label].dash}
            series.append(drawn | {"fields": {name: [store(t.numbers), store(t.gaps)] for name, t in parts.items()}})
        return series

    looks = {label: explorer.style(place, label) for place, label in enumerate(curves)}
    packed = {"series": described(sampled.tables, curves)}
    if measured:
        shape = [len(np.asarray(knob.measured)) for knob in explorer.controls.values()]
        tables = tables_of(explorer, fields_of(measured), shape, sampled.per_pixel, sampled.zlim)
        packed["experiment"] = described(tables, measured[0])
    layout, text = encode(arrays)
    return packed | {"arrays": layout, "data": text}


def frame_of(explorer: Explorer, zlim: tuple[float, float] | None = None) -> dict[str, Any]:
    """The name, the text for those who do not see it, and the axes."""
    axes = {"x": (explorer.x, explorer.xlim), "y": (explorer.y, explorer.ylim), "z": ("", zlim)}
    return {
        "name": explorer.name,
        "alt": explorer.alt,
        "axes": {
            axis: {"label": label.replace("$", ""), "lim": list(map(float, lim)), "log": axis in explorer.log}
            for axis, (label, lim) in axes.items()
            if lim is not None
        },
        "box": BOX,
    }


def _about(sampled: Sampled) -> dict[str, Any]:
    """Everything else that the page's script needs."""
    return frame_of(sampled.explorer, sampled.zlim) | {
        "per": sampled.per_pixel,
        "stencil": sampled.stencil,
        "knobs": _knobs(sampled),
    }


def _knobs(sampled: Sampled) -> dict[str, Any]:
    knobs = {}
    for (key, knob), smooth in zip(sampled.explorer.controls.items(), sampled.smooth, strict=True):
        values = knob.ladder if smooth else knob.grid
        knobs[key] = {
            "label": knob.label,
            "log": knob.log,
            "smooth": smooth,
            "grid": knob.grid.tolist(),
            "values": values.tolist(),
            "texts": [knob.text(value) for value in values],
            "start": int(np.abs(values - knob.start).argmin()),
            "play": knob.play,
        }
        if sampled.explorer.experiment:
            knobs[key]["measured"] = np.searchsorted(values, np.asarray(knob.measured)).tolist()
    return knobs


def _note(sampled: Sampled, seconds: float) -> str:
    """The grey line: what is computed, what is interpolated, and how exactly."""
    controls = sampled.explorer.controls
    sizes = " × ".join(str(len(knob.grid)) for knob in controls.values())
    device = jax.default_backend().upper()
    words = f"Computed at {sizes} settings in {number(seconds, 2)} s on {device}"
    words += ", float64" if jax.config.jax_enable_x64 else ", float32"
    smooth = [knob.label for knob, s in zip(controls.values(), sampled.smooth, strict=True) if s]
    steps = [knob.label for knob, s in zip(controls.values(), sampled.smooth, strict=True) if not s]
    if smooth:
        words += f"; interpolated in {_listed(smooth)}, off by at most {sampled.error:.1g} pixel "
        words += f"at {TRIALS} random settings"
    if steps:
        words += f"; {_listed(steps)} {'takes' if len(steps) == 1 else 'take'} computed values only"
    return words + "."


def _experiment_note(explorer: Explorer, measured: list[dict[str, Series]], seconds: float) -> str:
    """Where the experiment was run, how long it took, and how well it knows its means."""
    sizes = " × ".join(str(len(np.asarray(knob.measured))) for knob in explorer.controls.values())
    words = f" Experiment at {sizes} settings, the ticks of the knobs, in {number(seconds, 2)} s"
    means = [one for series in measured for one in series.values() if isinstance(one, Means)]
    if means:
        unit = np.concatenate(
            [(one.high - one.low) / 2 / (np.abs(one.y) if "y" in explorer.log else 1) for one in means]
        )
        error = float(np.nanmedian(unit))
        words += "; standard errors of " + (f"{100 * error:.2g} %" if "y" in explorer.log else number(error, 2))
        words += " in the middle"
    return words + "."


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]
