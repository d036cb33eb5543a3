"""Knobs: their settings, how these are written, and knobs that are none."""

import numpy as np
import pytest

from solvable.figures import Knob

from .curves import KNOBS


@pytest.mark.parametrize("knob", KNOBS.values())
def test_settings_are_round_within_the_range_and_hold_the_start(knob):
    for settings in (knob.grid, knob.ladder):
        assert (settings[0], settings[-1]) == (knob.low, knob.high)
        assert knob.start in settings
        assert (np.diff(settings) > 0).all()
    if knob.whole:
        assert (knob.ladder == np.round(knob.ladder)).all()
    texts = [knob.text(value) for value in knob.ladder]
    assert len(set(texts)) == len(texts)
    assert [float(text.replace(",", "")) for text in texts] == pytest.approx(knob.ladder)
    assert max(map(len, texts)) <= 5


def test_what_is_measured_can_be_reached():
    knob = Knob(16, 1024, start=128, label="N", log=True, points=4, measured=[37, 128, 500])
    assert set(knob.measured) <= set(knob.grid) & set(knob.ladder)
    assert Knob(0, 2, start=0, label="a").measured == (0, 2)


def test_small_numbers_are_written_as_powers_of_ten():
    knob = Knob(1e-6, 1.0, start=1e-3, label="ridge", log=True)
    assert [knob.text(v) for v in (1e-6, 3e-5, 1e-3, 0.25)] == ["10⁻⁶", "3×10⁻⁵", "0.001", "0.25"]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Knob(1, 2, start=3, label="a"), "start must lie between 1 and 2; got 3"),
        (lambda: Knob(2, 1, start=1, label="a"), "low < high; got 2 and 1"),
        (lambda: Knob(start=1, label="a"), "low must be a finite number; got nan"),
        (lambda: Knob(0, 1, start=1, label="a", log=True), "low must be positive"),
        (lambda: Knob(0, 1, start=1, label="a", points=1), "points must be a whole number >= 2; got 1"),
        (lambda: Knob(values=[1, 2], start=3, label="a"), "start must be one of values"),
        (lambda: Knob(values=[2, 1], start=1, label="a"), "values must be at least two increasing"),
        (lambda: Knob(0, 2, start=1, label="a", measured=[0, 2]), "measured must be increasing numbers, 1 among them"),
        (lambda: Knob(0, 2, start=1, label="a", measured=[1, 0]), "measured must be increasing numbers, 1 among them"),
        (lambda: Knob(0, 2, start=1, label="a", measured=[1, 3]), "measured must lie between 0 and 2; got"),
        (lambda: Knob(values=[1, 3], start=1, label="a", measured=[1, 2]), "measured must be some of values"),
        (lambda: Knob(0, 2, start=1, label="a", measured=[1, np.nan]), "measured must be finite; got nan"),
        (lambda: Knob(0, 1, start=1, label=" "), "label must say"),
    ],
)
def test_bad_input_names_the_argument(book, make, words):
    with pytest.raises(ValueError, match=words):
        make()
