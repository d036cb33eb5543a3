"""Legends say how far theory and mean lie apart: where that is more than chance allows, the page has words for it."""

import hashlib
import re

from built_site import HTML, Source, toc_pages

VERDICT = re.compile(r"<!-- ((?:[^<>]*: )?)within [^<>(]*\(([\d.]+) s\.e\.\) -->")
CHANCE = 3  # standard errors: the worst of a dozen times is as far off by chance about once in thirty legends
SAID = {
    ("book/bottlenecks/three_bottlenecks", "digits"): "What is left is systematic",
    ("book/bottlenecks/ensembles", "E = 4, D = 4"): "one per cent low, as hundreds of other tables show",
    ("book/library/use", ""): "the regressions lie above the line by more than chance",
    ("book/library/use", "my runs"): "a tenth above what the theory says",
}
"""What lies further apart, and the page's words on it: what is the matter, or that it is chance after all."""


def verdicts() -> list[tuple[str, str, float]]:
    """Page, label and standard errors of every legend; a figure's letters are drawn, so they are read from its file."""
    found = {}
    for file in sorted((HTML.parent / "jupyter_execute").glob("*.svg")):
        svg = file.read_text(encoding="utf-8")
        found["p" + hashlib.sha256(svg.encode()).hexdigest()[:8]] = dict(VERDICT.findall(svg))
    rows = []
    for page in toc_pages():
        html = (HTML / f"{page}.html").read_text(encoding="utf-8")
        for figure in dict.fromkeys(re.findall(r' id="(p[0-9a-f]{8})\d+-', html)):
            rows += [(page, label.removesuffix(": "), float(s)) for label, s in found.get(figure, {}).items()]
    return rows


def test_what_is_more_than_chance_allows_has_words_on_the_page():
    far = {(page, label) for page, label, errors in verdicts() if not errors <= CHANCE}
    assert far == set(SAID)
    assert {key: words for key, words in SAID.items() if words not in " ".join(Source(key[0]).text.split())} == {}


def test_legends_are_found():
    pages = {page for page in toc_pages() if "figures.compare(" in Source(page).text}
    assert {page for page, _, _ in verdicts()} == pages
    assert len(verdicts()) >= 2 * len(pages)
