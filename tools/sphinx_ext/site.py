"""Small repairs of the theme's pages, so that a reader's console stays empty and every control has a name."""


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


def setup(app):
    """Register with Sphinx."""
    app.connect("config-inited", drop_thebe)
    app.connect("html-page-context", tidy_assets, priority=900)
    app.connect("html-page-context", mend_roles)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
