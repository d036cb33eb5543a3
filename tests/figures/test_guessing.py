"""Guesses in Python: what is known comes first, what is not waits, and bad input is named."""

import json
import re

import jaxtyping
import numpy as np
import pytest

from solvable.figures import Band, HeatMap, Line, Points
from solvable.linear_model import LossCurves

from .guessed import CURVES, LEVEL, LOSSES, TIMES, TRIALS, level, losses

Y = CURVES["wide"].y


@pytest.fixture
def as_users_have_it():
    """Without the checks of types that only tests have."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


def packed(html):
    return json.loads(re.search(r'<script type="application/json">(.*?)</script>', html, re.S)[1])


def test_the_page_has_the_known_curves_first_and_every_number(book):
    data = packed(losses()._repr_html_())
    assert [(one["label"], one["known"], one["color"]) for one in data["series"]] == [
        ("narrow", True, 0),
        ("wide", False, 1),
    ]
    assert [(one["label"], one["kind"], one["known"]) for one in data["experiment"]] == [
        ("wide", "means", False),
        ("narrow", "means", True),
    ]
    for one, given in [*((one, CURVES) for one in data["series"]), *((one, TRIALS) for one in data["experiment"])]:
        for part, numbers in one["fields"].items():
            np.testing.assert_allclose(numbers, getattr(given[one["label"]], part), rtol=1e-5)


def test_what_tells_the_answer_stands_in_the_hidden_picture_and_in_the_data_alone(book):
    html = losses(width=[64, 1024], extra="theory")._repr_html_()
    outside = re.sub(r'<script.*?</script>|<img class="explorer-still"[^>]*>', "", html, flags=re.DOTALL)
    assert html.count(LOSSES["answer"]) == 2
    assert LOSSES["answer"] not in outside
    assert "data:" not in outside
    assert "\\(N = 1024\\)</span> run?" in outside
    assert "N = 64–1,024, theory</small>" in outside
    assert 'id="guess-losses"' in outside
    assert '<button type="button" class="guess-show">Show the answer</button>' in outside


def test_gaps_of_other_curves_are_kept_and_single_numbers_of_jax_or_lists_are_taken(book):
    gappy = Line(TIMES, np.where(TIMES < 10, np.nan, Y))
    data = packed(losses(CURVES | {"gappy": gappy, "list": Line([1, 2], [1, np.inf])}, known=())._repr_html_())
    assert data["series"][2]["fields"]["y"].count(None) == np.sum(TIMES < 10)
    assert data["series"][3]["fields"]["y"] == [1, None]


def test_words_are_escaped(book):
    html = losses({"</script><b>": CURVES["wide"]}, known=(), experiment=None, caption="a < b", alt='"a"')._repr_html_()
    assert "</script><b>" not in html
    assert "a &lt; b" in html
    assert 'alt="&quot;a&quot; Another' in html
    assert packed(html)["series"][0]["label"] == "</script><b>"


def test_in_a_notebook_a_button_shows_the_answer_and_takes_it_away(monkeypatch):
    monkeypatch.delenv("SOLVABLE_BOOK", raising=False)
    picture, button, caption = losses(extra="theory").children
    before = picture.value
    assert 'alt="A line that falls and levels off."' in before
    assert LOSSES["answer"] not in before
    assert "Where does $N = 1024$ run? <small>theory</small>" in caption.value
    button.click()
    assert picture.value != before
    assert LOSSES["answer"] in picture.value
    assert button.description == "Hide the answer"
    button.click()
    assert picture.value == before


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"curves": {}}, "curves must hold at least one series"),
        ({"curves": {"wide": TIMES}, "known": ()}, "must be a Line, Band, Points, Means or HeatMap; got ndarray"),
        ({"curves": {"wide": Line(TIMES, Y[1:])}, "known": ()}, r"curves\['wide'\] has arrays whose shapes do not fit"),
        ({"curves": {"wide": Line(TIMES, np.where(TIMES > 10, np.nan, Y))}, "known": ()}, "'wide'. must be finite"),
        ({"curves": {"wide": Line(TIMES[::-1], Y)}, "known": ()}, "must be finite and increase in x"),
        ({"curves": {"wide": Line(TIMES, 100 * Y)}, "known": ()}, "two points or more inside xlim and ylim"),
        ({"curves": {"wide": Line(TIMES, -Y)}, "known": ()}, "two points or more inside xlim and ylim"),
        ({"curves": {"wide": Band(TIMES, Y, Y)}, "known": ()}, "must be a Line, Points or Means.*; got Band"),
        ({"curves": {"m": HeatMap([1, 2], [1, 2], np.eye(2))}, "known": (), "log": ""}, "got HeatMap"),
        ({"known": ["wide", "narrow"]}, "known must name each curve once, and leave one to be guessed"),
        ({"known": ["narrow", "narrow"]}, "known must name each curve once"),
        ({"known": ["deep"]}, r"known must name curves, some of \['narrow', 'wide'\]; got 'deep'"),
        ({"known": [["narrow"]]}, "known must name curves"),
        ({"experiment": {"deep": TRIALS["wide"]}}, r"experiment must return labels.*got \['deep'\]"),
        ({"marks": {"deep": "C1"}}, r"marks must not name \['deep'\]"),
        ({"marks": {"wide": "C9"}}, "must look like 'C1--'"),
        ({"name": "No spaces"}, "name must be small letters"),
        ({"answer": " "}, "answer must say something"),
        ({"alt": ""}, "alt must say something"),
        ({"xlim": (0, 1)}, "xlim must be two increasing positive numbers"),
        ({"loudness": 3}, "quantities must be one of"),
    ],
)
def test_bad_values_are_named(as_users_have_it, changes, words):
    with pytest.raises(ValueError, match=words):
        losses(**({"experiment": None} | changes))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"curves": [TIMES]}, "curves must be a Mapping"),
        ({"experiment": 3}, "experiment must be a Mapping"),
        ({"known": "narrow"}, "known must be a list or tuple"),
        ({"results": LossCurves}, "results must be a list or tuple"),
        ({"results": [3]}, "results must be theories and experiments"),
        ({"answer": 3}, "answer must be a string"),
        ({"marks": ["C1"]}, "marks must be a Mapping"),
    ],
)
def test_another_kind_of_thing_is_named(as_users_have_it, changes, words):
    with pytest.raises(TypeError, match=words):
        losses(**changes)


def test_points_alone_can_be_guessed(book):
    assert packed(level()._repr_html_())["experiment"] == []
    made = losses({"seen": Points(*LEVEL)}, known=(), experiment=None, log="", xlim=(0, 1), ylim=(0, 1))
    assert packed(made._repr_html_())["series"][0]["kind"] == "points"
