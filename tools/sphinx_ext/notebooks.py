"""Write every executable page as a notebook that reads well without Sphinx, in the same build as the HTML.

A page's resolved document knows the number of each equation, figure and exercise, the text of each
citation and the value of each glued number. `Markdown` turns it into text, one short method a node type;
a node type without a method is a warning, so that -W stops the build. The notebooks go to `_notebooks/`
of the site; `make notebooks` copies them to `notebooks/` of the repository, where Colab opens them.

Cells tagged remove-cell are left out (put `glue` there: Colab has no myst_nb). Cells whose input is hidden
or removed on the page are folded into Colab's form view.
"""

import hashlib
import html
import json
import posixpath
import re
from pathlib import Path

import nbformat
from docutils import nodes
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from sphinx.locale import admonitionlabels
from sphinx.util import logging
from sphinx_design.dropdown import dropdown_main, dropdown_title
from sphinx_exercise.nodes import solution_node

from .address import BOOK, FILES, RELEASE, SITE, SOURCES, notebook_path

SETUP = f"""#@title Setup: installs the library if it is missing, and names the device
try:
    import solvable
except ImportError:
    %pip install -q "{RELEASE}"
    import solvable
import jax

print(f"solvable {{solvable.__version__}}, jax {{jax.__version__}}, on {{jax.devices()[0].device_kind}}")"""
FORM = {"cellView": "form", "jupyter": {"source_hidden": True}}
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
log = logging.getLogger(__name__)


def place(mark=""):
    """A line that stands for code cell number `mark`, or for the start of a new text cell."""
    return f"\0{mark}\0"


def indent(text, by="  "):
    """Every line but the first moved by `by`: the inside of a list item."""
    return re.sub(r"\n(?=.)", "\n" + by, text)


def quote(text):
    """A Markdown quotation."""
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))


def is_cell(node):
    """Whether a node is an executed cell of the page."""
    return node.get("nb_element") == "cell_code"


class Markdown:
    """The Markdown of one resolved page (`text`, with places for its cells) and its code cells (`cells`)."""

    def __init__(self, app, doctree, docname):
        self.app, self.docname = app, docname
        self.in_table = self.in_fold = False
        self.cells = [(SETUP, FORM)]
        self.anchored = {self.anchor(node) for node in doctree.findall(nodes.reference)}
        executed = Path(app.env.mystnb_config.output_folder, docname + ".ipynb")
        self.sources = ["".join(cell["source"]) for cell in json.loads(executed.read_bytes())["cells"]]
        self.text = self.blocks(doctree)

    def __call__(self, node):
        kind = "theorem" if isinstance(node, nodes.Element) and "realtype" in node else type(node).__name__
        if not hasattr(self, kind):
            log.warning("no Markdown for a %s: add it to tools/sphinx_ext/notebooks.py", kind, location=node)
        return getattr(self, kind, self.blocks)(node)

    def inline(self, node):
        return "".join(map(self, node.children))

    def blocks(self, node):
        parts = map(self, node.children if isinstance(node, nodes.Node) else node)
        return "\n\n".join(part.strip("\n") for part in parts if part.strip())

    def nothing(self, node):
        return ""

    document = section = definition = legend = compound = line_block = glossary = blocks
    PassthroughTextElement = generated = sd_badge = inline
    comment = target = index = substitution_definition = sd_tab_input = toctree = meta = label = nothing

    # Text

    def Text(self, node):
        text = re.sub(r"[\\`*]|\](?=[(\[])|<(?=[\w/!?])|~(?=~)|(?<!\w)_|_(?!\w)", r"\\\g<0>", node)
        text = text.replace("$", "<span>&#36;</span>")  # no renderer may take it for mathematics
        return re.sub(r"\s*\n\s*", " ", text.replace("|", r"\|") if self.in_table else text)

    def paragraph(self, node):
        return re.sub(r"\A(\d+(?=[.)]\s)|(?=[-+#>]))", r"\1\\", self.inline(node).strip())

    line = caption = compact_paragraph = paragraph

    def emphasis(self, node):
        return f"*{self.inline(node)}*"

    def strong(self, node):
        return f"**{self.inline(node).strip()}**"

    rubric = sd_tab_label = strong

    def literal(self, node):
        text = node.astext().replace("|", r"\|") if self.in_table else node.astext()
        return f"`` {text} ``" if "`" in text else f"`{text}`"

    def subscript(self, node):
        return f"<sub>{self.inline(node)}</sub>"

    def superscript(self, node):
        return f"<sup>{self.inline(node)}</sup>"

    footnote_reference = superscript

    def abbreviation(self, node):
        return f"{self.inline(node)} ({node['explanation']})"

    def math(self, node):
        text = " ".join(node.astext().split())
        if self.in_table:  # a bar would end the column
            text = text.replace(r"\|", r"\Vert ").replace("|", r"\vert ")
        return f"${text.strip()}$"

    def math_block(self, node):
        """On one line: Jupyter would read the > of a quotation in front of the next line as mathematics."""
        text = " ".join(re.sub(r"(?<!\\)%.*", "", node.astext()).split())
        text = re.sub(r"^\\begin\{equation\*?\}(.*)\\end\{equation\*?\}$", r"\1", text).strip()
        text = re.sub(r"(\\(?:begin|end)\{)(align|gather)\*?\}", r"\1\2ed}", text)
        if r"\\" in re.sub(r"\\begin\{(\w+)\}.*\\end\{\1\}", "", text):
            text = rf"\begin{{aligned}} {text} \end{{aligned}}"
        number = self.number(node, "displaymath") or node.get("number")  # over the whole book, as references have it
        return f"$${text} \\tag{{{number}}}$$" if node.get("label") else f"$${text}$$"

    # Links

    def anchor(self, node):
        """The anchor on this page that a reference points at; an equation has a number and no anchor."""
        uri = node.get("refuri", "")
        id = node.get("refid") or (uri[1:] if uri.startswith("#") else "")
        return "" if id.startswith("equation-") else id

    def anchors(self, node):
        return "".join(f'<a name="{id}"></a>' for id in node["ids"] if id in self.anchored)

    def reference(self, node):
        text, uri = self.inline(node), node.get("refuri", "")
        if id := self.anchor(node):
            uri = "#" + id
        elif node.get("refid"):
            return text
        elif node.get("internal"):
            uri = SITE + posixpath.normpath(posixpath.join(posixpath.dirname(self.docname), uri))
        return f"{' ' * text.startswith(' ')}[{text.strip()}]({uri})"

    number_reference = reference

    def download_reference(self, node):
        return f"[{self.inline(node)}]({SOURCES}{self.app.env.relfn2path(node['reftarget'], self.docname)[0]})"

    def image(self, node):
        if "jupyter_execute" in node["uri"]:  # drawn by a cell: there is no file to show
            return f"(Picture: {node['alt']})" if node.get("alt") else ""
        return f"![{node.get('alt', '')}]({node['uri'] if '://' in node['uri'] else FILES + node['uri']})"

    # Blocks

    def title(self, node):
        """A heading starts a cell. Under the first one stand the link to the page and the setup cell."""
        depth, parent = 0, node.parent
        while parent is not None:
            depth, parent = depth + isinstance(parent, nodes.section), parent.parent
        heading = f"{'#' * depth} {self.inline(node).strip()}"
        if depth == 1:
            book, page = self.app.config.html_title, f"{SITE}{self.docname}.html"
            return f"{heading}\n\n*{book}*: [read this page online]({page}).\n\n{place(0)}"
        return "\n\n".join(filter(None, [place(), self.anchors(node.parent), heading]))

    def block_quote(self, node):
        return quote(self.blocks(node))

    def attribution(self, node):
        return f"— {self.inline(node)}"

    def bullet_list(self, node):
        return "\n".join("- " + indent(self.blocks(item)) for item in node)

    def enumerated_list(self, node):
        items = enumerate(node, node.get("start", 1))
        return "\n".join(f"{i}. " + indent(self.blocks(item), "   ") for i, item in items)

    def definition_list(self, node):
        return "\n".join(map(self, node))

    def definition_list_item(self, node):
        terms = ", ".join(self.inline(term) for term in node if isinstance(term, nodes.term))
        return f"- **{terms}**: " + indent(self.blocks(node[len(list(node.findall(nodes.term))) :]))

    def literal_block(self, node):
        source, language = node.astext().rstrip("\n"), node.get("language", "none")
        fence = "`" * max(3, *(len(ticks) + 1 for ticks in re.findall("`+", source + "`")))
        return f"{fence}{'' if language in ('none', 'default') else language}\n{source}\n{fence}"

    def transition(self, node):
        return "---"

    def footnote(self, node):
        return f"<sup>{node[0].astext()}</sup> {self.blocks(node)}"

    def citation(self, node):
        return f"- {self.blocks(node)}"

    def raw(self, node):
        wanted = node["format"] == "html" and not re.search("<script|<svg|<style", node.astext())
        return node.astext() if wanted else ""

    def table(self, node):
        self.in_table = True
        rows = [[self.blocks(entry) for entry in row] for row in node.findall(nodes.row)]
        self.in_table = False
        if not any(node.findall(nodes.thead)):
            rows.insert(0, [""] * len(rows[0]))
        rows.insert(1, ["---"] * len(rows[0]))
        lines = ("| " + " | ".join(re.sub(r"\n+", "<br>", cell) for cell in row) + " |" for row in rows)
        return "\n\n".join([*self.captions(node, "table", nodes.title), "\n".join(lines)])

    # Figures and cells

    def number(self, node, kind):
        numbers = self.app.env.toc_fignumbers.get(self.docname, {}).get(kind, {})
        return next((".".join(map(str, numbers[id])) for id in node["ids"] if id in numbers), "")

    def captions(self, node, kind="figure", caption=nodes.caption):
        label = self.app.config.numfig_format[kind].replace("%s", self.number(node, kind)).strip()
        found = (child for child in node if isinstance(child, caption))
        return [f"{self.anchors(node)}**{label}.** {self.inline(text).strip()}" for text in found]

    def figure(self, node):
        body = self.blocks([child for child in node if not isinstance(child, nodes.caption)])
        return "\n\n".join([body, *self.captions(node)])

    def container(self, node):
        if is_cell(node):
            return self.cell(node)
        return self.strong(node) if node.get("design_component") == "card-title" else self.blocks(node)

    def cell(self, node):
        """The cell's place, and under it what its figures show. In a solution, a block of code to unfold."""
        source, metadata = self.sources[node["cell_index"]], node["cell_metadata"]
        if "myst_nb" in source:
            log.warning("Colab has no myst_nb: tag this cell remove-cell", location=node)
        if self.in_fold:
            return f"```python\n{source}\n```"
        told = [metadata.get("mystnb", {}).get("image", {}).get("alt")]
        alts = [image.get("alt") for image in node.findall(nodes.image)]
        for output in node.findall(nodes.raw):
            if 'class="explorer guess"' in output.astext():
                continue  # it would tell the answer
            alts += map(html.unescape, re.findall(r'<img[^>]*? alt="([^"]*)"', output.astext()))
        captions = [text for figure in node.findall(nodes.figure) for text in self.captions(figure)]
        shown = any(part.get("nb_element") == "cell_code_source" for part in node.findall(nodes.container))
        form = not shown or node.get("hide_mode") in ("all", "input", "input+output")
        if form and not source.startswith("%%"):
            number = "".join(self.number(figure, "figure") for figure in node.findall(nodes.figure))
            source = f"#@title Code of figure {number}".removesuffix(" of figure ") + f"\n{source}"
        self.cells.append((source, FORM if form else {}))
        pictures = [f"(Picture: {self.Text(alt)})" for alt in dict.fromkeys(filter(None, alts or told))]
        return f"{place(len(self.cells) - 1)}\n\n{' '.join(captions + pictures)}"

    # Boxes

    def box(self, node, title=""):
        """A titled quotation, or a fold where the page has one too."""
        heading = next((child for child in node if isinstance(child, nodes.title | dropdown_title)), None)
        body = [child for child in node if child is not heading]
        if "dropdown" in node["classes"] or isinstance(node, dropdown_main | solution_node):
            self.in_fold, outside = True, self.in_fold
            text = self.blocks(body)
            self.in_fold = outside
            words = heading.findall(nodes.Text) if heading else ()
            words = (f"${t}$" if isinstance(t.parent, nodes.math) else t for t in words if t.parent.tagname != "raw")
            summary = html.escape(title + "".join(words))
            return f"{self.anchors(node)}<details>\n<summary>{summary}</summary>\n\n{text}\n\n</details>"
        title += self.inline(heading) if heading else ""
        return quote(f"{self.anchors(node)}**{title.strip()}**\n\n{self.blocks(body)}")

    admonition = sidebar = topic = exercise_node = solution_node = dropdown_main = box

    def named_box(self, node):
        return self.box(node, admonitionlabels[node.tagname])

    note = warning = tip = hint = important = caution = danger = error = attention = seealso = named_box

    def proof_node(self, node):
        return quote("**Proof.** " + self.blocks(node[0]).removeprefix("Proof. "))

    def exercise_enumerable_node(self, node):
        return self.box(node, f"Exercise {self.number(node, 'exercise')}")

    def theorem(self, node):
        return self.box(node, f"{node['realtype'].title()} {self.number(node, node['countertype'])}".strip())


def notebook(page):
    """The page as a notebook without outputs, its cell ids made from their text."""
    cells, ids = [], set()

    def add(make, source, **more):
        id = hashlib.sha256(f"{source}{len(ids) * (source in ids)}".encode()).hexdigest()[:10]
        ids.add(source)
        cells.append(make(source, id=id, **more))

    for i, part in enumerate(re.split(r"^[> ]*\0(\d*)\0$", page.text, flags=re.M)):
        if i % 2 and part:
            source, metadata = page.cells[int(part)]
            add(new_code_cell, source, metadata=metadata)
        elif text := re.sub(r"\A([> ]*\n)+|(\n[> ]*)+\Z", "", part).strip():
            add(new_markdown_cell, text)
    return new_notebook(cells=cells, metadata={"kernelspec": KERNEL, "language_info": {"name": "python"}})


def write_notebook(app, doctree, docname):
    """Write the page's notebook into the site, or remove it where the page has no code any more."""
    if app.builder.name != "html":
        return
    path = Path(app.outdir, "_notebooks", notebook_path(docname))
    if any(map(is_cell, doctree.findall(nodes.container))):
        path.parent.mkdir(parents=True, exist_ok=True)
        text = nbformat.writes(notebook(Markdown(app, doctree, docname)))
        path.write_text(text + "\n", encoding="utf-8")
    else:
        path.unlink(missing_ok=True)


def remove_orphans(app, exception):
    """Remove the notebooks of pages that are gone."""
    folder = Path(app.outdir, "_notebooks")
    for path in set(folder.rglob("*.ipynb")) - {folder / notebook_path(name) for name in app.env.found_docs}:
        path.unlink()


def setup(app):
    # a change of this file or of the address writes every page anew
    key = hashlib.sha256(Path(__file__).read_bytes() + repr(BOOK).encode()).hexdigest()
    app.add_config_value("notebooks_key", key, "html")
    app.connect("doctree-resolved", write_notebook, priority=900)
    app.connect("build-finished", remove_orphans)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
