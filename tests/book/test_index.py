"""The claims of the front page."""

import itertools
import re
from pathlib import Path

import jax
import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable import Spectrum
from solvable.linear_model import experiment, theory

BOOK = Path(__file__).parents[2] / "book"
PARTS = ("parameterizations", "dmft_primer", "lazy_rich", "depth_limits", "bottlenecks")
TIMES = np.logspace(0, 5, 21)
SIZES = (16, 64, 256)
LAW = {"a": 1.5, "b": 1.25, "modes": 200}


@pytest.mark.parametrize(
    "sizes",
    [
        pytest.param(sizes, marks=() if max(sizes) <= 64 else pytest.mark.slow)
        for sizes in itertools.product(SIZES, SIZES)
    ],
)
def test_students_stand_on_the_lines_of_the_front_page(sizes):
    """All points: within 4 standard errors + 3 %. The theory's error is O(1/N, 1/P); N = P = 16 has the largest."""
    student = {"width": sizes[0], "samples": sizes[1]}
    spectrum = Spectrum.power_law(**LAW)
    limit = theory.gradient_flow(Spectrum.power_law(**LAW, binned=True), TIMES, **student).test
    runs = experiment.gradient_flow(spectrum, TIMES, **student, key=jax.random.key(0), repeats=32)
    off = np.abs(limit - runs.test) / runs.test
    assert np.all(off <= 4 * runs.error("test") / runs.test + 0.03), (np.max(off), student)


def test_the_binned_spectrum_is_the_same_task():
    for sizes in ({}, {"width": 64, "samples": 64}):
        both = [theory.gradient_flow(Spectrum.power_law(**LAW, binned=b), TIMES, **sizes).test for b in (True, False)]
        assert_allclose(*both, rtol=1e-9, atol=1e-12)


def test_as_many_features_as_examples_get_worse_and_worse_and_either_more_helps():
    spectrum = Spectrum.power_law(**LAW)
    for width in SIZES:
        equal = theory.gradient_flow(spectrum, TIMES, width=width, samples=width).test
        assert np.all(np.diff(equal[TIMES >= 1e3]) > 0) or width == 256  # there are 200 modes only
        for more in ({"width": 4 * width, "samples": width}, {"width": width, "samples": 4 * width}):
            assert theory.gradient_flow(spectrum, TIMES, **more).test[-1] < 0.5 * equal[-1]


def pages(part):
    """The pages of a part, each with its minutes and what it needs."""
    for path in sorted((BOOK / part).glob("*.md")):
        minutes, needs = re.search(r"^(\d+) minutes\. Needs (.*)$", path.read_text(), re.MULTILINE).groups()
        yield path, int(minutes), needs


def test_the_book_takes_fifteen_hours_and_a_part_two_to_six():
    hours = {part: sum(minutes for _, minutes, _ in pages(part)) / 60 for part in PARTS}
    assert round(sum(hours.values())) == 15
    assert {round(one) for one in hours.values()} <= {2, 3, 4, 5, 6}


def test_the_map_draws_what_pages_need_of_other_parts():
    drawn = {
        pair for pair in re.findall(r'data-from="(\w+)" data-to="(\w+)"', (BOOK / "map.svg").read_text())
        if set(pair) <= set(PARTS)
    }  # fmt: skip
    needed = {(other, part) for part in PARTS for _, _, text in pages(part)
              for other in re.findall(r"\{doc\}`\.\./(\w+)/", text)}  # fmt: skip
    assert drawn == needed
    dashed = re.search(r'data-from="lazy_rich" data-to="bottlenecks"[^>]*dasharray', (BOOK / "map.svg").read_text())
    asking = [path.stem for path, _, text in pages("bottlenecks") if "lazy_rich" in text]
    assert dashed
    assert asking == ["circle"]  # one page, as the map and the front page say
    assert "for one page only" in (BOOK / "map.svg").read_text()
    assert "but for one page" in (BOOK / "index.md").read_text()


def test_the_shortest_way_is_as_long_as_it_says():
    minutes = {path.stem: some for path, some, _ in pages("bottlenecks")}
    assert minutes["solvable_model"] + minutes["three_bottlenecks"] == 50
