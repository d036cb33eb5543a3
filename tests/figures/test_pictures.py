"""Still figures as the built page needs them: at two widths, panel by panel, with the grey line as text."""

import re

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest

from solvable import figures
from solvable.figures.pictures import DESK, PHONE, pictures
from solvable.figures.style import STYLE

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
