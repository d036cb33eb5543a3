"""Exercises of "Spectra in the wild"."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from ... import fits
from ..core import Number, Parameters, Slip, exercise

K = np.arange(1, 201)
FIRST, SECOND = (5, 60), (20, 150)


@cache
def _tables(vocabulary: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(10, vocabulary, width))


@cache
def _slope(zipf: float, vocabulary: int, width: int) -> float:
    """Over modes 5 to 60, the mean of ten random tables."""
    counts, slopes = np.arange(1.0, vocabulary + 1) ** -zipf, []
    for table in _tables(vocabulary, width):
        weighed = (table - counts @ table / counts.sum()) * np.sqrt(counts)[:, None]
        found = np.linalg.eigvalsh(weighed.T @ weighed)[::-1]
        slopes.append(fits.power_law(np.arange(1, width + 1), found, between=FIRST).exponent)
    return float(np.mean(slopes))


exercise(
    "bottlenecks.random-embedding",
    2,
    Number(
        "The exponent",
        above=0,
        outside="Give the exponent as a positive number: eigenvalues fall as the mode number to the minus exponent.",
    ),
    book={"zipf": 1.1, "vocabulary": 2000, "width": 128},
    draw={"zipf": (0.75, 1.3, 2)},
    right=_slope,
    slips={
        "Zipf's own": Slip(
            lambda zipf, **_: zipf,
            "This is the exponent of the words. It would be that of the spectrum if every word had a direction alone: "
            "there are more words than directions.",
        ),
        "once each": Slip(
            lambda vocabulary, width, **_: _slope(0.0, vocabulary, width),
            "This counts every word once. Pass the frequencies as `weights`.",
        ),
    },
    otherwise=(
        "It is steeper. Are rows weighed by how often they come, and is the range 5 to 60?",
        "It is flatter. Look at what the many rare words add to every mode.",
    ),
    praise="The rare words lift all modes alike, and the small ones most: the spectrum is flatter than the counts.",
    tolerance=0.05,
)


def _fits(eigenvalues: list[float]) -> tuple[fits.PowerLaw, fits.PowerLaw]:
    first, second = (fits.power_law(K, eigenvalues, between=one) for one in (FIRST, SECOND))
    return first, second


def _part(eigenvalues: list[float]) -> float:
    first, second = _fits(eigenvalues)
    middles = [np.log(low * high) / 2 for low, high in (FIRST, SECOND)]
    evenly = first.drift * (middles[1] - middles[0]) / (np.log(FIRST[1] / FIRST[0]) / 2)
    return float(evenly / (second.exponent - first.exponent))


def _whole(eigenvalues: list[float]) -> float:
    first, second = _fits(eigenvalues)
    return first.drift / (second.exponent - first.exponent)


def _bent(random: np.random.Generator, start: Any, bend: Any, end: Any) -> Parameters:
    """A spectrum whose exponent grows with ln k, and which ends."""
    law = K ** -(start + bend * np.log(K) / 2) * np.exp(-K / end) * np.exp(0.01 * random.normal(size=K.size))
    return {"eigenvalues": np.sort(law)[::-1].tolist()}


exercise(
    "bottlenecks.drift",
    2,
    Number("The part"),
    book=_bent(np.random.default_rng(0), start=0.7, bend=0.12, end=150.0),
    draw=lambda random: _bent(
        random, start=random.uniform(0.6, 0.9), bend=random.uniform(0.08, 0.2), end=random.uniform(120, 250)
    ),
    right=_part,
    slips={
        "the whole drift": Slip(
            _whole,
            "The drift is the change from one half of its range to the other. The middles of the two ranges lie "
            "another distance apart, in ln k.",
        ),
        "upside down": Slip(
            lambda eigenvalues: 1 / _part(eigenvalues),
            "Upside down: what the drift explains, divided by the true difference.",
        ),
        "the whole range": Slip(
            lambda eigenvalues: _part(eigenvalues) / 2,
            "Half of it: from the middle of one half of a range to that of the other is half its length.",
        ),
    },
    otherwise="Fit both ranges. How far apart are their middles in ln k, beside the two halves of the first one?",
    praise="The rest is bending that speeds up: a drift is the first term of a series, and knows of no end.",
    tolerance=0.03,
)
