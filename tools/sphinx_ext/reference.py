"""The library's reference: docstrings that link to the pages that explain them, and pages to what they call.

`Book: "Title"` in a docstring becomes a link to that page, `name` in single backticks one to that function; a title or
a name that leads nowhere fails the build. At the foot of a page stands what its cells call, and each code name of the
notation table, and of *Use the library*, leads to its entry.
"""

import ast
import inspect
import re
from pathlib import Path

from docutils import nodes
from sphinx.util import logging
from sphinx.util.nodes import make_refnode

LOGGER = logging.getLogger(__name__)
BOOK = re.compile(r'Book:((?:\s+(?:and\s+)?"[^"]+",?)+)')
TITLE = re.compile(r"^# (.+)$", re.MULTILINE)
CELL = re.compile(
    r"^(`{3,})\{code-cell\}[^\n]*\n(?:---\n.*?^---\n|(?::[^\n]*\n)*)(.*?)^\1\s*$", re.MULTILINE | re.DOTALL
)
NAME = re.compile(r"[A-Za-z_][\w.]*(\(.*\))?")
LIBRARY = "solvable"
TABLES = ("book/notation", "book/library/use")  # pages whose code names lead to their entries
CALLED = ("class", "function", "method", "property", "data")
KINDS = (*CALLED, "module")
AT_HOME = ("exercises", "figures")  # of every page: no news at its foot


def titles(app):
    """Pages by their titles."""
    found = {}
    for docname in app.env.found_docs:
        title = TITLE.search(Path(app.env.doc2path(docname)).read_text(encoding="utf-8"))
        if title:
            found[title[1].strip()] = docname
    return found


def link_to_the_book(app, what, name, obj, options, lines):
    """Titles after `Book:` as links; names of the function's own arguments as code."""
    known = titles(app)

    def link(match):
        title = " ".join(match[1].split())
        if title not in known:
            LOGGER.warning('%s names "%s", and no page has this title', name, title, type="reference")
        return f":doc:`{title} </{known.get(title, title)}>`"

    text = BOOK.sub(lambda found: "Book:" + re.sub(r'"([^"]+)"', link, found[1]), "\n".join(lines))
    own = "|".join(arguments(obj)) or "$^"
    lines[:] = re.sub(rf"(?<![`\w:])`({own})`(?!`)", r"``\1``", text).split("\n")


def arguments(obj):
    """Names of a function's arguments, of a class's fields."""
    try:
        return list(inspect.signature(obj).parameters)
    except (TypeError, ValueError):
        return []


def leave_out(app, what, name, obj, skip, options):
    """What Python writes by itself is no documentation."""
    text = (getattr(obj, "__doc__", None) or "") if not isinstance(obj, str) else ""
    return True if text.startswith("Alias for field number") else None


def find_name(app, env, node, content):
    """A name as a caller of the library writes it, `networks.train`, or a method of a class of this module."""
    if node.get("refdomain") != "py":
        return None
    objects, target = env.get_domain("py").objects, node["reftarget"]
    if node["reftype"] == "class" and not target.startswith(LIBRARY):  # a type in a signature: jax.numpy.float32
        return content
    above = (node.get("py:module") or "").split(".")
    places = [".".join(above[:depth]) for depth in range(len(above), 0, -1)] + [LIBRARY]
    for full in (f"{place}.{target}" for place in places):
        if full in objects:
            return reference(app, node["refdoc"], full, content)
    return None


def reference(app, here, full, content):
    """A link from a page to an object of the library."""
    entry = app.env.get_domain("py").objects[full]
    return make_refnode(app.builder, here, entry.docname, entry.node_id, content, full)


def known_part(name, objects, kinds=CALLED):
    """The longest beginning of a dotted name that the reference has."""
    parts = name.split(".")
    starts = (".".join(parts[:count]) for count in range(len(parts), 1, -1))
    return next((start for start in starts if start in objects and objects[start].objtype in kinds), None)


def called(text, objects):
    """Full names of what the code cells of a page take from the library, in order."""
    cells = (re.sub(r"^[%!].*$", "", match[2], flags=re.MULTILINE) for match in CELL.finditer(text))
    tree, names, found = ast.parse("\n".join(cells)), {}, {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == LIBRARY:
            names |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            names |= {alias.asname or alias.name: alias.name for alias in node.names if alias.name == LIBRARY}
    chains = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute | ast.Name)]
    for node in sorted(chains, key=lambda node: (node.lineno, node.col_offset)):
        first, _, rest = ast.unparse(node).partition(".")
        full = known_part(".".join(filter(None, [names.get(first, ""), rest])), objects) if first in names else None
        if full and full.split(".")[1] not in AT_HOME:
            found[full] = None
    return list(found)


def add_links(app, doctree, docname):
    """At a page's foot what it calls; on pages that list names a link for each."""
    objects = app.env.get_domain("py").objects
    if docname in TABLES:
        for literal in list(doctree.findall(nodes.literal)):
            code = literal.astext()
            full = NAME.fullmatch(code) and known_part(f"{LIBRARY}.{code.split('(')[0]}", objects, KINDS)
            if full:
                literal.replace_self(reference(app, docname, full, literal.deepcopy()))
    names = called(Path(app.env.doc2path(docname)).read_text(encoding="utf-8"), objects)
    if names:
        foot = nodes.paragraph("", "", nodes.Text("In the library: "), classes=["calls"])
        for place, full in enumerate(names):
            label = full.removeprefix(f"{LIBRARY}.")
            foot += [nodes.Text(", ")] * bool(place) + [reference(app, docname, full, nodes.literal(label, label))]
        doctree[0] += foot


def setup(app):
    """Register with Sphinx; the attributes of a class are a section of its docstring, as its arguments are."""
    app.connect("autodoc-process-docstring", link_to_the_book, priority=400)
    app.connect("autodoc-skip-member", leave_out)
    app.connect("missing-reference", find_name)
    app.connect("doctree-resolved", add_links)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
