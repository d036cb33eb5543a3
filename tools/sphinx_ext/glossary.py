"""What a search finds: the glossary's words lead to the pages that treat them, and what is shown of a page is readable.

Each term of `book/glossary.md` becomes an entry of the index for the first page that its definition names, so that the
glossary stays the one list of words. On the search's own page `snippets.js` writes formulas in plain characters.
"""

import re
from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.transforms import SphinxTransform

GLOSSARY = "book/glossary"
BLOCK = re.compile(r"^```\{glossary\}\n(.*?)^```", re.MULTILINE | re.DOTALL)
PAGE = re.compile(r"\{doc\}`(?:[^`<]*<)?([\w/]+)>?`")


def entries(text):
    """Terms and the pages that treat them, from the glossary's source."""
    found, terms = [], []
    for line in BLOCK.search(text)[1].splitlines():
        if line and not line.startswith(" "):
            terms.append(line.strip())
        elif line.strip():
            page = PAGE.search(line)
            found += [(term, f"book/{page[1]}" if page else None) for term in terms]
            terms = []
    return found


class Words(SphinxTransform):
    """Into each page, the index entries of the words that it treats."""

    default_priority = 800  # before the domains collect what a page has

    def apply(self):
        """Add one node to the page's first section."""
        text = (Path(self.app.srcdir) / f"{GLOSSARY}.md").read_text(encoding="utf-8")
        words = [term for term, page in entries(text) if page == self.env.docname]
        section = next(iter(self.document.findall(nodes.section)), None)
        if words and section is not None:
            place = section["ids"][0]
            section.insert(1, addnodes.index(entries=[("single", word, place, "main", None) for word in words]))


def add_script(app, pagename, templatename, context, doctree):
    """Let the search's own page write formulas as a reader would."""
    if pagename == "search":
        app.add_js_file("snippets.js")


def setup(app):
    """Register with Sphinx; a change of the glossary reads every page again, as `make book` does at each build."""
    app.add_transform(Words)
    app.connect("html-page-context", add_script)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
