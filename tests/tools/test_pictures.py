"""Vector pictures in the page: the page's colours, ids of their own, one markup for all widths."""

import base64
import gzip
import re
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from urllib.parse import unquote

import matplotlib
import matplotlib.pyplot as plt
import pytest

from solvable import figures
from solvable.figures.comparison import _darker
from solvable.figures.pictures import pictures
from solvable.figures.style import COLOURS, STYLE

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
from sphinx_ext.pictures import SERIES, STILL, STRONG, colour, lighter, markup

matplotlib.use("Agg")


@pytest.fixture
def drawn():
    """A figure with all colours of the house, text, a clip, and a grey line."""
    with matplotlib.rc_context(STYLE):
        fig, ax = plt.subplots()
        for one in COLOURS:
            ax.plot([1, 2], color=one)
            ax.plot([2, 1], color=_darker(one))
        ax.set_xlabel("$t$")
        figures.note(ax, width=30)
        yield pictures(fig)
        plt.close(fig)


def test_the_colours_are_those_of_the_library():
    assert tuple(one.lower() for one in COLOURS[:-1]) == SERIES
    assert tuple(matplotlib.colors.to_hex(_darker(one)) for one in SERIES) == STRONG
    assert COLOURS[-1] == "#000000"  # the text's


def test_black_is_the_text_white_the_paper_and_grey_in_between():
    assert colour("000000") == "currentcolor"
    assert colour("FFFFFF") == "var(--picture-paper)"
    assert "currentcolor 60%" in colour("666666")
    assert colour("0072B2") == "var(--series-0)"
    assert colour("123456") == "#123456"


def test_no_colour_of_the_file_is_left(drawn):
    assert not re.search("#[0-9a-f]{6}", markup(drawn, "two lines", set()))


def test_a_desk_and_a_telephone_have_a_picture_each_and_the_note_is_text(drawn):
    html = markup(drawn, 'of "two" lines', set())
    assert re.findall(r'class="picture (at-\w+)"', html) == ["at-desk", "at-phone"]
    assert 'aria-label="of &quot;two&quot; lines"' in html
    assert '<p class="picture-note">N = 30</p>' in html
    page = ElementTree.fromstring(f"<div xmlns:xlink='http://www.w3.org/1999/xlink'>{html}</div>")
    assert len([one for one in page.iter() if one.tag.endswith("svg")]) == 2
    assert not [one for one in page.iter() if one.tag.endswith("style")]  # it would rule the whole page


def test_ids_are_unique_and_each_reference_has_one(drawn):
    letters, again = set(), drawn.replace("N = 30", "N = 31")
    html = markup(drawn, "lines", letters) + markup(again, "the same lines, in another figure", letters)
    assert letters
    ids = re.findall(r' id="([^"]+)"', html)
    assert len(ids) == len(set(ids)) > 0
    assert set(re.findall(r'(?:href="#|url\(#)([^")]+)', html)) == set(ids)


def test_paths_are_paths(drawn):
    """Each command has its numbers: what was left out to save room says nothing."""
    numbers = {"M": 2, "L": 2, "Q": 4, "C": 6}
    for path in re.findall(r' d="([^"]+)"', markup(drawn, "lines", set())):
        for command, rest in re.findall(r"([A-Za-z])([^A-Za-z]*)", path):
            count = len(rest.split())
            assert (count > 0 and count % numbers[command] == 0) if command in numbers else count == 0, path


def test_an_explorers_still_picture_is_the_same_in_fewer_letters(drawn):
    """What a server compresses to less, and still is a picture of its own."""
    packed = "data:image/svg+xml;base64," + base64.b64encode(drawn.encode()).decode()
    light = STILL.sub(lighter, f'src="{packed}"')[5:-1]
    kind, text = light.split(",", 1)
    assert kind == "data:image/svg+xml"
    assert len(gzip.compress(light.encode())) < 0.6 * len(gzip.compress(packed.encode()))
    names = [[one.tag for one in ElementTree.fromstring(svg).iter()] for svg in (drawn, unquote(text))]
    assert names[1].count("{http://www.w3.org/2000/svg}path") == names[0].count("{http://www.w3.org/2000/svg}path")


def test_any_other_vector_picture_is_one_picture():
    svg = (
        '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 300 9"><path fill="#0072b2"/></svg>'
    )
    html = markup(svg, "", set())
    assert 'aria-hidden="true"' in html
    assert "at-both" in html
    assert "--wide: 300px" in html
    assert "var(--series-0)" in html
