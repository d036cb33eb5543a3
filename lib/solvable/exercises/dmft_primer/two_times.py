"""Exercises of "Two times: C and R"."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from ...spinglass import SphericalGlass, theory
from ..core import SINGLE, Function, Number, Slip, called, exercise

STEP = 0.1


@lru_cache
def _rows(a2: Any, a3: Any) -> tuple[np.ndarray, np.ndarray]:
    bath = theory.descent(SphericalGlass({2: a2, 3: a3}, 0.3), 20, STEP)
    return np.asarray(bath.correlation[-1]), np.asarray(bath.response[-1])


def _energy(answer: Any, a2: Any, a3: Any) -> np.ndarray:
    return called([(*_rows(a2, a3), STEP)], what="The energy that your function returns")(answer)


def _force(c: np.ndarray, a2: Any, a3: Any) -> np.ndarray:
    """f'."""
    return 2 * a2 * c + 3 * a3 * c**2


exercise(
    "dmft_primer.energy",
    2,
    Function(_energy),
    book={"a2": 0.3, "a3": 0.25},
    draw={"a2": (0.1, 0.6, 2), "a3": (0.2, 0.6, 2)},
    right=lambda **f: lambda c, r, h: -h * np.sum(_force(c, **f) * r),
    slips={
        "trapezoid": Slip(
            lambda **f: lambda c, r, h: -h * np.trapezoid(_force(c, **f) * r),
            "The trapezoid rule belongs to `flow`. `descent` is a plain sum of steps, exactly.",
        ),
        "sign": Slip(
            lambda **f: lambda c, r, h: h * np.sum(_force(c, **f) * r),
            "The size is right. Does the glass gain energy as it relaxes, or lose it?",
        ),
        "no step": Slip(
            lambda **f: lambda c, r, h: -np.sum(_force(c, **f) * r),
            "The integral over time is a sum of steps, and each step is h long.",
        ),
        "f": Slip(
            lambda a2, a3: lambda c, r, h: -h * np.sum((a2 * c**2 + a3 * c**3) * r),
            "This uses f. The couplings are met through the force they exert: once differentiated.",
        ),
        "f''": Slip(
            lambda a2, a3: lambda c, r, h: -h * np.sum((2 * a2 + 6 * a3 * c) * r),
            "This uses f'', which belongs to the memory. The energy has f'.",
        ),
    },
    otherwise="Write the integral of f'(C) R over earlier times as a sum over the entries of the two rows.",
    praise="No spin was needed: how the system answered the past, times how alike it still is to that past.",
    tolerance=SINGLE,
)


def _square(spike: Any, temperature: Any) -> float:
    return (1 - temperature / spike) * (1 - spike**-2)


def _too_far(found: Any, **drawn: Any) -> str:
    if 1.02 * _square(**drawn) < found < 1.15 * _square(**drawn):
        return "A little high, as `descent` is at T > 0, where its steady state depends on the step. Use `flow`."
    return "Run `theory.flow` with a spike from a start with some overlap, until the overlap stops changing."


exercise(
    "dmft_primer.spike",
    1,
    Number("The square of the overlap", above=-1e-9, below=1 + 1e-9, outside="A squared overlap is between 0 and 1."),
    book={"spike": 2.5, "temperature": 0.8},
    draw={"spike": (2.0, 3.0, 1), "temperature": (0.6, 0.9, 2)},
    apart=True,
    right=_square,
    slips={
        "not squared": Slip(
            lambda **drawn: _square(**drawn) ** 0.5, "This is the overlap itself; the question is for its square."
        ),
        "no noise": Slip(
            lambda spike, temperature: 1 - spike**-2,
            "This is what the spike reaches at zero temperature. Noise costs something.",
        ),
    },
    otherwise=_too_far,
    praise="It is (1 - T/kappa)(1 - 1/kappa^2): what noise leaves, times what the couplings leave.",
    tolerance=0.02,
)
