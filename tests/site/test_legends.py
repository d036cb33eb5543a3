"""On a telephone no legend of a still figure lies over a line or a marker; read from the figures' files."""

import hashlib
import re
import sys
from pathlib import Path

from built_site import HTML, toc_pages

sys.path.insert(0, str(Path(__file__).parents[1] / "figures"))
from covered import covered

FILES = {
    "p" + hashlib.sha256(svg.encode()).hexdigest()[:8]: svg
    for svg in (path.read_text(encoding="utf-8") for path in (HTML.parent / "jupyter_execute").glob("*.svg"))
}


def figures(page: str) -> list[str]:
    """The files of a page's still figures, as its HTML names them, in order."""
    text = (HTML / f"{page}.html").read_text(encoding="utf-8")
    return [name for name in dict.fromkeys(re.findall(r' id="(p[0-9a-f]{8})\d+-', text)) if name in FILES]


def test_no_legend_covers_a_line_or_a_marker():
    shown = {page: figures(page) for page in toc_pages()}
    assert sum(map(len, shown.values())) >= 60
    over = {(page, name): covered(FILES[name]) for page, names in shown.items() for name in names}
    assert {place: found for place, found in over.items() if found} == {}
