"""A page seen from elsewhere: what a link to it shows, and buttons for its notebook, in Colab, Binder or as a file.

The theme's own would open the page's Markdown source, which Colab cannot.
"""

import html
import posixpath
import re
from pathlib import Path

from docutils import nodes

from .address import BINDER, BOOK, COLAB, SITE, notebook_path

LONGEST = 200
PICTURE = SITE + "_static/front.png"


def link(text, tooltip, icon, url, **more):
    """One entry of a menu in the page's header, in the theme's form."""
    return {"type": "link", "text": text, "tooltip": tooltip, "icon": icon, "url": url, **more}


def add_buttons(app, pagename, templatename, context, doctree):
    """Replace the theme's launch menu, and the source in its download menu, on pages that have a notebook."""
    name = notebook_path(pagename)
    menus = [menu for menu in context.get("header_buttons", []) if menu.get("label") != "launch-buttons"]
    context["header_buttons"] = menus
    if not Path(app.outdir, "_notebooks", name).is_file():
        return
    launch = [
        link("Colab", "Open the notebook in Colab", "_static/images/logo_colab.png", COLAB + name),
        link("Binder", "Open the notebook on Binder", "_static/images/logo_binder.svg", BINDER + name),
    ]
    menu = {"type": "group", "label": "launch-buttons", "icon": "fas fa-rocket", "tooltip": "Run this page"}
    menus.insert(0, menu | {"buttons": launch})
    # The theme's link has no download attribute, but writes the address as it stands.
    file = f'{context["pathto"]("_notebooks/" + name, 1)}" download="{posixpath.basename(name)}'
    label = "download-notebook-button"
    for menu in menus:
        if menu.get("label") == "download-buttons":
            others = [b for b in menu["buttons"] if b["label"] not in ("download-source-button", label)]
            menu["buttons"] = [
                link(".ipynb", "Download the notebook", "fas fa-code", file, label=label),
                *others,
            ]


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
    app.add_config_value("book_address", BOOK, "html")  # a new address writes every page anew
    app.connect("html-page-context", add_buttons, priority=900)
    app.connect("html-page-context", describe)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
