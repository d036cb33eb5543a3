"""The one grey line under a figure: what was computed, how often, in which precision, for how long and on what."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np
from matplotlib.axes import Axes
from matplotlib.text import Annotation

from .._checks import require, require_one_of, require_text, shown
from .pictures import NOTE
from .style import GREY
from .words import number

UNBROKEN = "\xa0"  # a space where no line ends

QUANTITIES = {
    "width": "N = {}",
    "size": "N = {}",
    "dimensions": "D = {}",
    "samples": "P = {}",
    "batch_size": "batches of {}",
    "noise": "noise = {}",
    "temperature": "T = {}",
    "richness": "γ₀ = {}",
    "inverse_temperature": "β = {}",
    "modes": "K = {}",
    "depth": "L = {}",
    "steps": "{} steps",
    "step_size": "step size {}",
    "particles": "{} particles",
    "repeats": "{} repeats",
}
"""What the grey line names, in its order."""

GATHERED = ("width", "size", "dimensions", "samples", "noise", "richness", "inverse_temperature", "modes", "repeats")
"""What it looks for in results; the others are in it where they are given."""


def note(ax: Axes, *results: Any, extra: str = "", **quantities: Any) -> Annotation:
    """Write the one grey line under a figure: N, P, D, noise, richness, K, repeats, precision, seconds, device.

    Args:
      ax: the axes, whose x label is already set.
      results: theories and experiments in the figure; what their ``parameters`` hold is gathered, as a
        range where they differ.
      extra: further words, at the end. Numbers do not belong here: they grow stale where they are typed.
      quantities: what no result holds, by its name in this library, a number or several: width, size, dimensions,
        samples, batch_size, noise, temperature, richness, inverse_temperature, modes, depth, steps, step_size,
        particles, repeats. Infinite is allowed.

    Returns:
      The text, should it have to be moved.

    Raises:
      TypeError: for a result without parameters, or an extra that is no string.
      ValueError: for a quantity whose name is not known, or that is NaN or no number.
    """
    text = "\n".join(textwrap.wrap(noted(results, extra, quantities), 64)).replace(UNBROKEN, " ")
    return ax.annotate(
        text, (0.5, 0), xycoords=ax.xaxis.label, xytext=(0, -5), textcoords="offset points",
        ha="center", va="top", fontsize=8, color=GREY, annotation_clip=False, gid=NOTE,
    )  # fmt: skip


def noted(results: Sequence[Any], extra: str, quantities: dict[str, Any]) -> str:
    """The grey line's words, as `note` is given them; each part is unbroken."""
    require_text("extra", extra)
    if any(not hasattr(one, "parameters") for one in results):
        raise TypeError(f"results must be theories and experiments, with parameters; got {shown(results)}")
    for name, value in quantities.items():
        require_one_of("quantities", name, QUANTITIES)
        require(name, value, "a number, or several", lambda x: True)
    parts = [
        *(text for name in QUANTITIES for text in _named(name, results, quantities)),
        *sorted({str(_numbers(r).dtype) for r in results}),
        *_cost(results),
    ]
    return ", ".join([part.replace(" ", UNBROKEN) for part in parts] + [extra] * bool(extra))


def _named(name: str, results: Any, quantities: dict[str, Any]) -> list[str]:
    """``["N = 32–256"]``, or nothing where neither a result nor the caller has it."""
    holders = [r.parameters["spectrum"] for r in _with(results, "spectrum")] if name == "modes" else results
    values = [getattr(r, "parameters", {}).get(name, getattr(r, name, None)) for r in holders if name in GATHERED]
    values = [v for v in values if v is not None and np.ndim(v) == 0]
    numbers = sorted({float(v) for v in [*values, *np.ravel(quantities.get(name, []))]})
    if not numbers:
        return []
    finite = [v for v in numbers if np.isfinite(v)]
    ends = "–".join(number(v) for v in (finite[:1] + finite[-1:])[: len(finite)])
    return [QUANTITIES[name].format(" and ".join([ends] * bool(finite) + ["∞"] * (len(numbers) > len(finite))))]


def _with(results: Any, name: str) -> list[Any]:
    return [r for r in results if name in getattr(r, "parameters", {})]


def _numbers(result: Any) -> Any:
    """An array of the result, to see what it is made of and where it lies."""
    return next(x for x in jax.tree.leaves(result) if hasattr(x, "dtype") and np.issubdtype(x.dtype, np.floating))


def _cost(results: Any) -> list[str]:
    """Seconds, added up, and the kind of device that holds the numbers."""
    arrays = [x for x in map(_numbers, results) if isinstance(x, jax.Array)]
    device = next(iter(arrays[0].devices())).platform.upper() if arrays else ""
    seconds = sum(float(r.parameters["seconds"]) for r in _with(results, "seconds"))
    time = f"{seconds:.2g} s" if 0 < seconds < 10 else f"{seconds:.0f} s" if seconds else ""
    return [" on ".join(part for part in (time, device) if part)] if time or device else []
