"""Load the explorers' script on the pages that have one."""

from __future__ import annotations

from typing import Any

from sphinx.application import Sphinx

MARK = '<figure class="explorer'


def add_script(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any) -> None:
    """Files added in this event belong to this page alone."""
    if MARK in context.get("body", ""):
        app.add_css_file("explore.css")
        app.add_js_file("explore.js", loading_method="defer")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("html-page-context", add_script)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
