"""Vector pictures stand in the page itself, so that their colours follow it, light or dark, and their sizes its width.

What `solvable.figures` drew for the book holds a picture for a desk and one for a telephone, or one a panel; any other
SVG file is one picture. Colours become the page's own: see `colour` and book/_static/pictures.css.
"""

from __future__ import annotations

import base64
import hashlib
import html
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

from docutils import nodes
from sphinx.application import Sphinx

SERIES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
"""The house's colours; the seventh is the text's. ``tests/tools/test_pictures.py`` compares them with the library's."""

INNER = re.compile(r'<svg xmlns:xlink=[^>]*? class="(desk|phone|panel)" y="\d+" width="(\d+)" height="(\d+)"[^>]*>')
IDS = re.compile(r'( id="|href="#|url\(#)([^")]+)')
LETTER = re.compile(r'<path id="((?:DejaVu|Cm|STIX)[\w-]*-[0-9a-f]+)"[^>]*/>')
STILL = re.compile(r'src="data:image/svg\+xml;base64,([^"]+)"')
HEX = re.compile(r"#([0-9a-fA-F]{6})\b")


def colour(hexadecimal: str) -> str:
    """A colour of the file as the page says it: of the text, of the paper, between the two, or of a series."""
    name = f"#{hexadecimal.lower()}"
    rgb = [int(hexadecimal[i : i + 2], 16) for i in (0, 2, 4)]
    if max(rgb) - min(rgb) <= 2:
        part = 100 - round(100 * rgb[0] / 255)
        between = f"color-mix(in srgb, currentcolor {part}%, var(--picture-paper))"
        return {0: "var(--picture-paper)", 100: "currentcolor"}.get(part, between)
    if name in SERIES:
        return f"var(--series-{SERIES.index(name)})"
    if name in STRONG:
        return f"var(--series-{STRONG.index(name)}-strong)"
    return name


STRONG = tuple("#" + "".join(f"{round(0.45 * int(one[i : i + 2], 16)):02x}" for i in (1, 3, 5)) for one in SERIES)
"""What `figures.compare` draws a theory in: the series' colour, darker on white."""


def inside(svg: str, start: int) -> str:
    """From the opening tag at `start` to the tag that closes it."""
    depth = 0
    for tag in re.finditer(r"<(/?)svg\b", svg[start:]):
        depth += -1 if tag[1] else 1
        if depth == 0:
            return svg[start : start + tag.end()] + ">"
    raise ValueError("an svg element that is not closed")


def own_ids(svg: str, prefix: str, letters: set[str]) -> str:
    """Its ids, which several files share, made its own, but for letters: a page has each once.

    Ids that nothing refers to are left out.
    """
    used = set(re.findall(r'(?:href="#|url\(#)([^")]+)', svg))
    svg = re.sub(r' id="([^"]+)"', lambda match: match[0] if match[1] in used else "", svg)

    def once(match: re.Match[str]) -> str:
        known = match[1] in letters
        letters.add(match[1])
        return "" if known else match[0]

    svg = LETTER.sub(once, svg)
    return IDS.sub(lambda match: match[0] if match[2] in letters else match[1] + prefix + match[2], svg)


def tidy(svg: str, plain: bool = False) -> str:
    """Without metadata, rules for the whole page, and more digits than are seen; in the page's colours, or its own."""
    svg = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>|<\?xml.*?\?>|<!DOCTYPE.*?>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"\s*\n\s*|<!--.*?-->", "\n", svg, flags=re.DOTALL)
    svg = re.sub(r"(?<![\d.])([1-9]\d+\.\d)\d+", r"\1", svg)  # places to a tenth of a pixel
    svg = re.sub(r' d="[^"QCz]*"', lambda match: match[0].replace("\nL ", "\n"), svg)  # a path goes on in lines
    return svg if plain else HEX.sub(lambda match: colour(match[1]), svg)


def picture(svg: str, kind: str, width: float, prefix: str, letters: set[str]) -> str:
    """One picture as HTML."""
    svg = re.sub(r' (?:class|y|width|height|display|x)="[^"]*"', "", svg[: svg.index(">")]) + svg[svg.index(">") :]
    svg = svg.replace("<svg", '<svg aria-hidden="true"', 1)
    return f'<div class="picture at-{kind}" style="--wide: {width:.0f}px">{own_ids(tidy(svg), prefix, letters)}</div>'


def markup(svg: str, alt: str, letters: set[str]) -> str:
    """All pictures of a file, and the grey line; `letters` are the page's so far, and grow."""
    stem = "p" + hashlib.sha256(svg.encode()).hexdigest()[:8]
    parts = [
        picture(inside(svg, match.start()), match[1], float(match[2]), f"{stem}{number}-", letters)
        for number, match in enumerate(INNER.finditer(svg))
    ]
    if not parts:
        start = svg.index("<svg")
        size = re.search(r'viewBox="\S+ \S+ (\S+) \S+"', svg)
        parts = [picture(inside(svg, start), "both", float(size[1]) if size else 640.0, stem + "-", letters)]
    note = re.search(r'data-note="([^"]*)"', svg)
    words = f'<p class="picture-note">{note[1]}</p>' if note and note[1] else ""
    spoken = f'role="img" aria-label="{html.escape(alt)}"' if alt else 'aria-hidden="true"'
    return f'<div class="pictures" {spoken}>\n{"".join(parts)}</div>{words}'


def lighter(match: re.Match[str]) -> str:
    """An explorer's still picture, in text that a server can compress."""
    svg = tidy(base64.b64decode(match[1]).decode(), plain=True)
    return f'src="data:image/svg+xml,{quote(svg, safe=" =:/;,()-.")}"'


def inline(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Put every SVG picture of a page into it."""
    if app.builder.format != "html":
        return
    letters: set[str] = set()
    for image in list(doctree.findall(nodes.image)):
        path = Path(app.srcdir, image["uri"])
        if path.suffix == ".svg" and path.is_file():
            text = markup(path.read_text(encoding="utf-8"), image.get("alt", ""), letters)
            image.replace_self(nodes.raw("", text, format="html"))
    for raw in list(doctree.findall(nodes.raw)):
        if STILL.search(raw.astext()):
            raw.replace_self(nodes.raw("", STILL.sub(lighter, raw.astext()), format="html"))


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("doctree-resolved", inline, priority=950)  # after the notebooks, which read images
    return {"parallel_read_safe": True, "parallel_write_safe": True}
