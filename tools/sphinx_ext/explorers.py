"""Tell the pages' kernels that the book is being built, and load the explorers' script where needed."""

from __future__ import annotations

import os
from typing import Any

from sphinx.application import Sphinx

MARK = '<figure class="explorer"'


def announce(app: Sphinx) -> None:
    """Kernels inherit the environment: `solvable.figures.explore` then writes data instead of widgets."""
    os.environ["SOLVABLE_BOOK"] = "1"


def add_script(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any) -> None:
    """Files added in this event belong to this page alone."""
    if MARK in context.get("body", ""):
        app.add_css_file("explore.css")
        app.add_js_file("explore.js", loading_method="defer")


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect both."""
    app.connect("builder-inited", announce)
    app.connect("html-page-context", add_script)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
