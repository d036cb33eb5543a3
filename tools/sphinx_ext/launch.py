"""Colab, Binder and download buttons that point at a page's notebook; none on a page without code.

The theme's own would open the page's Markdown source, which Colab cannot.
"""

import posixpath
from pathlib import Path

from .address import BINDER, BOOK, COLAB, notebook_path


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


def setup(app):
    app.add_config_value("book_address", BOOK, "html")  # a new address writes every page anew
    app.connect("html-page-context", add_buttons, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
