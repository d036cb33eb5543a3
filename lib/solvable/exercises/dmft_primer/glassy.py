"""Exercises of "Glassy: three spins at a time"."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core import Numbers, Slip, exercise, is_close


def _roots(p: Any, temperature: Any) -> tuple[float, float]:
    """The barrier and the plateau: roots between 0 and 1 of p (p - 1)/2 q^(p-2) (1 - q)^2 = T^2."""
    scale = p * (p - 1) / 2
    roots = np.roots([scale, -2 * scale, scale, *[0.0] * (p - 3), -(temperature**2)])
    low, high = sorted(float(q.real) for q in roots if abs(q.imag) < 1e-9 and 0 < q.real < 1)
    return low, high


def _right(p: Any, temperature: Any) -> list[float]:
    q = _roots(p, temperature)[1]
    return [q, (p - 2) * (1 - q) / q]


def _other(found: np.ndarray, p: Any, temperature: Any) -> str:
    if not 0 < found[0] < 1:
        return "The plateau is a correlation: between 0 and 1."
    if not is_close(found[0], _right(p, temperature)[0], 0.005):
        return "Put f = q^p / 2 into the first line of the page's pair, and find where both sides agree."
    return "The plateau is right. For the ratio, put it into the second line of the page's pair."


exercise(
    "dmft_primer.marginal",
    2,
    Numbers("Plateau and ratio", ("plateau", "ratio")),
    book={"p": 4, "temperature": 0.4},
    draw={"p": (4, 5, 0), "temperature": (0.2, 0.45, 3)},
    apart=True,
    right=_right,
    slips={
        "barrier": Slip(
            lambda p, temperature: [_roots(p, temperature)[0], None],
            "There are two roots between 0 and 1, and this one is the top of a barrier. Take the larger.",
        ),
        "pairs": Slip(
            lambda p, temperature: [1 - temperature, None],
            "1 - T is the plateau with pairs only.",
        ),
        "three spins": Slip(
            lambda p, temperature: [_roots(3, temperature)[1], None],
            "This is the plateau of three-spin couplings. Here there are more spins to a coupling.",
        ),
        "upside down": Slip(
            lambda p, temperature: [_right(p, temperature)[0], 1 / _right(p, temperature)[1]],
            "The plateau is right. The ratio is below 1: it is upside down.",
        ),
        "number of spins": Slip(
            lambda p, temperature: [_right(p, temperature)[0], _right(p, temperature)[1] / (p - 2)],
            "The plateau is right. The ratio knows how many spins there are to a coupling.",
        ),
    },
    otherwise=_other,
    praise="Slow motion feels the temperature T / X. Try another T: the colder the bath, the hotter the slow motion.",
    tolerance=(0.005, 0.02),
)
