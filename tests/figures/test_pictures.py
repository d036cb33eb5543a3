"""Still figures as the built page needs them: at two widths, panel by panel, with the grey line as text."""

import re
import sys
from itertools import pairwise
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from covered import covered

from solvable import figures
from solvable.figures.pictures import DESK, PHONE, SQUAREST, covers, pictures
from solvable.figures.style import STYLE, label_ticks

matplotlib.use("Agg")

INNER = re.compile(r'class="(desk|phone|panel)" y="(\d+)" width="(\d+)" height="(\d+)"')


@pytest.fixture(autouse=True)
def style():
    with matplotlib.rc_context(STYLE):
        yield
    plt.close("all")


def kinds(svg):
    return [match[1] for match in INNER.finditer(svg)]


def widths(svg):
    return [int(match[3]) for match in INNER.finditer(svg)]


def test_one_panel_is_drawn_for_a_desk_and_for_a_telephone():
    fig, ax = plt.subplots()
    ax.plot([1, 2])
    svg = pictures(fig)
    assert kinds(svg) == ["desk", "phone"]
    assert widths(svg) == [round(96 * DESK), round(96 * PHONE)]
    assert fig.get_size_inches() == pytest.approx(STYLE["figure.figsize"])


def test_panels_side_by_side_are_drawn_one_by_one_and_no_larger_than_a_telephone():
    fig, axes = plt.subplots(2, 2, figsize=(8, 6))
    for i, ax in enumerate(axes.flat):
        ax.plot([1, 2])
        ax.text(1, 1, "x" * (i + 1), gid=f"mark{i}")
    svg = pictures(fig)
    assert kinds(svg) == ["panel"] * 4
    assert widths(svg) == [round(96 * PHONE)] * 4
    parts = svg.split('class="panel"')[1:]
    for i, part in enumerate(parts):  # each shows its own mark and no other
        assert [f'id="mark{j}"' in part for j in range(4)] == [j == i for j in range(4)]


def test_panels_above_each_other_are_drawn_at_both_widths():
    fig, axes = plt.subplots(3, sharex=True)
    for ax in axes:
        ax.plot([1, 2])
    assert kinds(pictures(fig)) == ["desk", "phone"] * 3


def test_a_panel_that_shared_its_labels_has_them_alone_and_the_figure_is_whole_again():
    fig, (left, right) = plt.subplots(1, 2, sharey=True)
    left.plot([1, 2])
    right.plot([2, 1])
    left.set_ylabel("loss")
    places = [ax.get_subplotspec() for ax in (left, right)]
    pictures(fig)
    assert right.get_ylabel() == "loss"
    assert right.yaxis.get_tick_params()["labelleft"]
    assert all(ax.get_visible() and ax.get_in_layout() for ax in (left, right))
    assert [ax.get_subplotspec() for ax in (left, right)] == places


def test_panels_that_share_nothing_keep_no_label_of_another():
    fig, (left, right) = plt.subplots(1, 2)
    left.set_ylabel("loss")
    pictures(fig)
    assert right.get_ylabel() == ""


def test_a_colour_bar_goes_with_its_panel():
    fig, (left, right) = plt.subplots(1, 2)
    left.plot([1, 2])
    mesh = right.pcolormesh(np.eye(3))
    bar = fig.colorbar(mesh, ax=right, label="power")
    bar.ax.set_gid("bar")
    one, other = pictures(fig).split('class="panel"')[1:]
    assert 'id="bar"' not in one
    assert 'id="bar"' in other


def test_the_grey_line_is_text_and_not_drawn():
    fig, ax = plt.subplots()
    ax.set_xlabel("x")
    figures.note(ax, width=[3, 300], extra='on "one" <core>')
    svg = pictures(fig)
    assert 'data-note="N = 3–300, on &quot;one&quot; &lt;core&gt;"' in svg
    assert 'id="note"' not in svg


def test_letters_are_at_least_eleven_pixels_high_on_both():
    """The smallest letters of the style, in points, at 96 pixels an inch."""
    smallest = min(
        STYLE[name]
        for name in STYLE
        if name.endswith(("size", "labelsize")) and name != "lines.markersize" and not name.startswith("figure")
    )
    assert smallest * 96 / 72 >= 11


def test_a_thumbnail_keeps_its_size():
    fig, ax = plt.subplots(figsize=(2, 1))
    ax.plot([1, 2])
    svg = pictures(fig)
    assert (kinds(svg), widths(svg)) == (["panel"], [192])


def test_the_same_figure_is_the_same_file():
    def made():
        fig, ax = plt.subplots()
        ax.plot([1, 2], label="a")
        ax.legend()
        return pictures(fig)

    assert made() == made()


def crossed(title=""):
    """A figure that has no room for its legend."""
    fig, ax = plt.subplots()
    for n in range(5):
        ax.plot(np.linspace(0, 1, 50), np.sin(9 * np.linspace(0, 1, 50) + n), label=f"a curve with the number {n}")
    ax.set_title(title)
    ax.legend()
    return fig


def heights(svg):
    return [int(match[4]) for match in INNER.finditer(svg)]


@pytest.mark.parametrize("title", ["", "A title"])
def test_on_a_telephone_no_legend_covers_a_line(title, monkeypatch):
    svg = pictures(crossed(title))
    assert covered(svg) == []
    assert heights(svg)[1] > 96 * PHONE * SQUAREST + 20  # rows above
    monkeypatch.setattr("solvable.figures.pictures.covers", lambda ax: False)
    assert covered(pictures(crossed(title))) == ["phone, legend_1"]


def test_markers_count_and_a_line_between_them_that_is_not_drawn_does_not():
    for look, spots, found in (("o", [0, 1], False), ("-", [0, 1], True), ("o", [0, 0.5, 1], True)):
        fig, ax = plt.subplots()
        ax.plot(spots, spots, look, label="a curve")
        ax.legend(loc="center")
        fig.draw_without_rendering()
        assert covers(ax) == found


def test_a_legend_that_has_room_stays_and_the_figure_is_whole_again():
    fig, ax = plt.subplots()
    ax.plot([0, 1], [0, 1], label="a line")
    ax.legend(loc="upper left")
    assert heights(pictures(fig))[1] == round(96 * PHONE * SQUAREST)
    fig = crossed()
    first, again = pictures(fig), pictures(fig)
    assert first == again
    assert fig.axes[0].get_legend().get_visible()
    assert fig.artists == []


def test_short_entries_share_a_row():
    fig, ax = plt.subplots()
    for n in range(4):
        ax.plot(np.sin(np.arange(30) + n), label=str(n))
    ax.legend()
    high = heights(pictures(fig))[1] - 96 * PHONE * SQUAREST
    assert 10 < high < 25


def test_places_without_a_panel_are_left_out():
    fig, axes = plt.subplots(2, 2)
    for ax in axes.flat[:3]:
        ax.plot([1, 2])
    axes[1, 1].set_axis_off()
    assert kinds(pictures(fig)) == ["panel"] * 3


RANGES = [(0.2, 9), (0.15, 0.9), (0.55, 0.95), (30, 3000), (1e-6, 1), (11, 19), (0.9, 1.1), (20, 600), (1.01e-5, 9e-5)]


@pytest.mark.parametrize(("low", "high"), RANGES)
def test_a_logarithmic_axis_has_two_labels_at_least_and_none_over_another(low, high):
    fig, ax = plt.subplots(figsize=(PHONE, PHONE * SQUAREST))
    ax.plot([low, high], [low, high])
    ax.set(xscale="log", yscale="log", xlim=(low, high), ylim=(low, high))
    label_ticks(fig)
    fig.draw_without_rendering()
    for axis in (ax.xaxis, ax.yaxis):
        seen = [tick.label1 for tick in axis.get_major_ticks() if low * 0.999 <= tick.get_loc() <= high * 1.001]
        assert len(seen) >= 2
        assert all(label.get_text() for label in seen)
        boxes = [label.get_window_extent() for label in seen]
        assert not any(a.overlaps(b) for a, b in pairwise(boxes))
        assert not any(tick.label1.get_text() for tick in axis.get_minor_ticks())


def test_ticks_are_powers_or_numbers_and_not_both():
    for limits, words in (((1, 1e4), "$\\mathdefault{10^{1}}$"), ((0.2, 0.9), "0.5")):
        _, ax = plt.subplots()
        ax.set(xscale="log", xlim=limits)
        label_ticks(ax.figure)
        ax.figure.draw_without_rendering()
        assert words in [label.get_text() for label in ax.get_xticklabels()]


def test_a_long_label_becomes_two_lines_on_a_telephone_alone():
    fig, ax = plt.subplots()
    ax.plot([1, 2])
    ax.set_xlabel("a label that is somewhat longer than it should be")
    words = re.findall(r"<!-- (.*?) -->", pictures(fig).split('class="phone"')[1])
    assert "a label that is somewhat" in words
    assert "longer than it should be" in words
    assert ax.get_xlabel() == "a label that is somewhat longer than it should be"


def test_a_legend_keeps_its_title_and_a_colour_bar_has_round_numbers():
    fig = crossed()
    fig.axes[0].legend(title="slopes")
    norm = matplotlib.colors.LogNorm(0.04, 0.9)
    fig.colorbar(fig.axes[0].scatter([0, 1], [0, 1], c=[0.1, 0.5], norm=norm), ax=fig.axes[0])
    words = re.findall(r"<!-- (.*?) -->", pictures(fig).split('class="phone"')[1])
    assert words.index("slopes") < words.index("a curve with the number 0")
    assert {"0.05", "0.2", "0.5"} < set(words)
    assert not any("times" in word for word in words)
