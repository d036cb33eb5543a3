"""Small repairs of the theme's pages, so that a reader's console stays empty and every control has a name."""

import html
import re

from docutils import nodes

from .address import SITE

LONGEST = 200
PICTURE = SITE + "_static/front.png"


def drop_thebe(app, config):
    """Silence sphinx-thebe, which Jupyter Book always loads: it names an outside host on every page."""
    for listeners in app.events.listeners.values():
        listeners[:] = [listener for listener in listeners if listener.handler.__module__ != "sphinx_thebe"]


def tidy_assets(app, pagename, templatename, context, doctree):
    """Leave out second copies of scripts (their constants clash), and thebe's style sheet."""
    scripts = {script.attributes.get("body") or script.filename: script for script in context["script_files"]}
    context["script_files"] = list(scripts.values())
    context["css_files"] = [sheet for sheet in context["css_files"] if "thebe" not in str(sheet.filename)]


def mend_roles(app, pagename, templatename, context, doctree):
    """A bibliography's entries are no list items, so what holds them is no list (docutils says it is)."""
    if "body" in context:
        context["body"] = context["body"].replace(
            '<div role="list" class="citation-list">', '<div class="citation-list">'
        )


def describe(app, pagename, templatename, context, doctree):
    """What a search engine and a message with a link show: the page's title, its first sentences, the front picture."""
    first = doctree and next((one for one in doctree.findall(nodes.paragraph) if one.parent.tagname == "section"), None)
    if not first:
        return
    words = " ".join(first.astext().split())
    words = words if len(words) <= LONGEST else words[:LONGEST].rsplit(" ", 1)[0] + " …"
    title = re.sub("<[^>]+>", "", context.get("title", ""))
    said = {"og:type": "article", "og:title": html.unescape(title), "og:description": words, "og:image": PICTURE}
    tags = [f'<meta property="{name}" content="{html.escape(text)}" />' for name, text in said.items()]
    tags.append(f'<meta name="description" content="{html.escape(words)}" />')
    context["metatags"] = context.get("metatags", "") + "\n".join(tags)


def setup(app):
    """Register with Sphinx."""
    app.connect("html-page-context", describe)
    app.connect("config-inited", drop_thebe)
    app.connect("html-page-context", tidy_assets, priority=900)
    app.connect("html-page-context", mend_roles)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
