"""Explorers with a live kernel: sliders move the picture, and a failure is told in words."""

import re

import ipywidgets as widgets
import numpy as np
import pytest

from solvable import figures
from solvable.figures import Knob, Line, Means, Points

X = np.linspace(0, 1, 20)


def line(slope, shift):
    if shift > 0.9:
        raise ValueError("the line has left <the figure>")
    return {"line": Line(X, slope * X + shift)}


@pytest.fixture
def box(monkeypatch):
    monkeypatch.delenv("SOLVABLE_BOOK", raising=False)
    return figures.explore(
        line,
        {
            "slope": Knob(0.1, 10.0, start=1.0, label="slope s", log=True),
            "shift": Knob(0, 1, start=0.2, label="shift"),
        },
        name="live", x="x", y="y", log="", xlim=(0, 1), ylim=(0, 2),
        caption="A line $y = sx$.", alt="A line.",
    )  # fmt: skip


def parts(box):
    """Sliders by label, the reset button, picture, message, caption."""
    controls, picture, message, caption = box.children
    *sliders, reset = controls.children
    return {slider.description: slider for slider in sliders}, reset, picture, message, caption


def test_it_starts_with_a_picture_in_words_too(box):
    sliders, _, picture, message, caption = parts(box)
    assert [slider.label for slider in sliders.values()] == ["1", "0.20"]
    assert 'alt="A line. Now slope s = 1, shift = 0.20."' in picture.value
    assert message.value == ""
    assert "$y = sx$" in caption.value
    assert isinstance(caption, widgets.HTMLMath)


def test_a_slider_changes_the_one_picture_and_reset_brings_it_back(box):
    sliders, reset, picture, _, _ = parts(box)
    first = picture.value
    slider = sliders["slope s"]
    slider.index += 5
    assert slider.label == "1.25"
    image, alt = re.search('src="([^"]+)" alt="([^"]+)"', picture.value).groups()
    assert "slope s = 1.25" in alt
    assert image not in first
    reset.click()
    assert picture.value == first


def test_an_error_is_told_in_words_and_the_last_picture_stays(box):
    sliders, _, picture, message, _ = parts(box)
    first = picture.value
    sliders["shift"].value = 1.0
    assert "No picture for slope s = 1, shift = 1.00: the line has left &lt;the figure&gt;" in message.value
    assert picture.value == first
    sliders["shift"].value = 0.5
    assert message.value == ""
    assert picture.value != first


def test_the_kernel_gets_the_very_value_that_the_reader_sees(box):
    sliders, *_ = parts(box)
    for slider in sliders.values():
        for label, value in slider.options:
            assert float(label) == pytest.approx(value)


def test_a_button_runs_the_experiment_for_the_setting_of_the_moment(monkeypatch):
    monkeypatch.delenv("SOLVABLE_BOOK", raising=False)
    asked = []

    def run(slope):
        asked.append(slope)
        return {"line": Points(X, slope * X)}

    knobs = {"slope": Knob(0.1, 10.0, start=1.0, label="slope s", log=True)}
    look = {"name": "live", "x": "x", "y": "y", "log": "", "xlim": (0, 1), "ylim": (0, 2), "caption": "A.", "alt": "B."}
    box = figures.explore(lambda slope: {"line": Line(X, slope * X)}, knobs, experiment=run, **look)
    slider, button, _ = box.children[0].children
    assert asked == []
    alone = box.children[1].value
    button.click()
    assert asked == [1.0]
    assert box.children[1].value != alone
    slider.index += 3
    slider.index -= 3
    assert asked == [1.0]
    assert box.children[1].value == alone


def live_figure(curves, knob):
    look = {"name": "live", "x": "x", "y": "y", "log": "", "xlim": (0, 1), "ylim": (0, 2), "caption": "A.", "alt": "B."}
    return figures.explore(curves, {"slope": knob}, **look)


def test_after_a_picture_that_could_not_be_drawn_the_next_ones_are_right(monkeypatch):
    """A whisker that points the wrong way stops matplotlib half way, with the line already there."""
    monkeypatch.delenv("SOLVABLE_BOOK", raising=False)

    def curves(slope):
        y = slope * X
        return {"line": Line(X, y), "points": Means(X, y, y - 0.1 if slope < 2 else y + 0.1, y + 0.1)}

    box = live_figure(curves, Knob(values=(0.5, 1.0, 2.0), start=1.0, label="slope"))
    slider, picture, message = box.children[0].children[0], box.children[1], box.children[2]
    first = picture.value
    slider.index = 2
    assert "No picture for slope = 2" in message.value
    assert picture.value == first
    slider.index = 0
    assert message.value == ""
    assert picture.value != first
    slider.index = 1
    assert picture.value == first


def test_a_knob_that_is_time_has_a_player_that_turns_it(monkeypatch):
    monkeypatch.delenv("SOLVABLE_BOOK", raising=False)
    box = live_figure(
        lambda slope: {"line": Line(X, slope * X)},
        Knob(values=(0.5, 1.0, 2.0), start=1.0, label="slope", play=True),
    )
    slider, player, _ = box.children[0].children
    first = box.children[1].value
    assert (player.min, player.max, player.value) == (0, 2, 1)
    player.value = 2
    assert slider.value == 2.0
    assert box.children[1].value != first
