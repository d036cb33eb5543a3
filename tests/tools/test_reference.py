"""The reference's links: from docstrings to pages, from pages to functions; what leads nowhere is said."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from solvable import linear_model

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
from sphinx_ext import reference

FLOW = "solvable.linear_model.theory.gradient_flow"
OBJECTS = {
    name: SimpleNamespace(objtype=kind)
    for name, kind in {
        "solvable.linear_model": "module",
        "solvable.linear_model.theory": "module",
        FLOW: "function",
        "solvable.Spectrum": "class",
        "solvable.Spectrum.power_law": "method",
    }.items()
}


@pytest.fixture
def app(tmp_path):
    """A book of one page."""
    page = tmp_path / "page.md"
    page.write_text("---\nkernelspec: {}\n---\n# A page of its own\n")
    return SimpleNamespace(env=SimpleNamespace(found_docs={"part/page"}, doc2path=lambda name: page))


@pytest.fixture
def said(monkeypatch):
    """Warnings, each of which fails the build."""
    found = []
    monkeypatch.setattr(reference.LOGGER, "warning", lambda text, *given, **_: found.append(text % given))
    return found


def linked(app, *lines):
    """A docstring after the links have been set."""
    text = list(lines)
    reference.link_to_the_book(app, "function", "f", linear_model.theory.gradient_flow, {}, text)
    return "\n".join(text)


def test_a_title_becomes_a_link(app, said):
    assert linked(app, 'Book: "A page of its', '  own".') == "Book: :doc:`A page of its own </part/page>`."
    assert said == []


def test_a_title_that_no_page_has_fails_the_build(app, said):
    linked(app, 'Book: "Depth without end".')
    assert said == ['f names "Depth without end", and no page has this title']


def test_own_arguments_are_code_and_other_names_stay_links(app):
    assert (
        linked(app, "With `width` as in `mode_errors`, ``noise``.") == "With ``width`` as in `mode_errors`, ``noise``."
    )


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        ("from solvable import Spectrum, linear_model\nx = linear_model.theory.gradient_flow(s).test", [FLOW]),
        ("from solvable.linear_model import theory as t\nt.gradient_flow(Spectrum)", [FLOW]),
        ("from solvable import Spectrum\nSpectrum.power_law(a=1)", ["solvable.Spectrum.power_law"]),
        ("import numpy as np\nnp.theory.gradient_flow()", []),
        ("from solvable import linear_model", []),
    ],
)
def test_what_the_cells_call(cell, names):
    text = f"Words.\n\n```{{code-cell}} ipython3\n---\ntags: [hide-input]\n---\n%matplotlib inline\n{cell}\n```\n"
    assert [name for name in reference.called(text, OBJECTS) if name != "solvable.Spectrum"] == names
