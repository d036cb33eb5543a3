"""What the symbols of a displayed equation mean: read from the notation table, written beside the equation.

One letter means one thing in one part, sometimes on one page, so a row of `book/notation.md` holds in the part whose
heading it stands under, or on the pages that its last column names. `symbols.js` shows what is written here.
"""

import html
import json
import re
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from unicodedata import normalize

import yaml
from docutils import nodes

from sphinx_ext.reference import KINDS, LIBRARY, known_part

TABLE = "book/notation"
EVERYWHERE = "Everywhere"
PARTS = {  # of the library's pages: whose letters their docstrings use
    "parameterizations": "Parameterizations",
    "networks": "Parameterizations",
    "spinglass": "DMFT primer",
    "primer": "DMFT primer",
    "kernels": "Lazy and rich",
    "meanfield": "Lazy and rich",
    "posterior": "Lazy and rich",
    "depth": "Depth limits",
    "linear_model": "Bottlenecks",
    "shared": "Bottlenecks",
    "random_features": "Bottlenecks: random features",
}

GREEK = {
    name: letter
    for names, letters in (
        ("alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu", "αβγδϵζηθικλμ"),
        ("nu xi rho sigma tau upsilon phi chi psi omega ell varphi", "νξρστυϕχψωℓφ"),
        ("Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi Omega", "ΓΔΘΛΞΠΣΦΨΩ"),
    )
    for name, letter in zip(names.split(), letters, strict=True)
}
TOKEN = re.compile(r"\\[A-Za-z]+|\\.|\d+(?:\.\d+)?|\s+|.")
WORDS = {rf"\{word}" for word in ("text", "textbf", "mathrm", "operatorname", "begin", "end", "label", "mathbb")}
ACCENTS = {r"\hat": "^", r"\bar": "=", r"\overline": "=", r"\tilde": "~"}
SPACES = [r"\,", r"\;", r"\!", r"\:", r"\ "]
INDEX = re.compile(r"[ijklmnpsteLdμνθ\d,+\-′]+")
STEP = re.compile(r"\(\w\)")
LAYER = re.compile(r"[lL\d+\-]*[lL][lL\d+\-⊤]*|[01]")


@dataclass(frozen=True)
class Symbol:
    """A letter as an equation writes it: with its accent, and what stands below and above it."""

    letter: str
    below: str = ""
    above: str = ""
    primed: bool = False

    def __str__(self):
        return self.letter + (f"_{self.below}" if self.below else "")

    def known_as(self):
        """What to look up, the most particular first: any index is like another, an exponent says nothing."""
        below = [self.below, "_"] if INDEX.fullmatch(self.below) else [self.below]
        above = [self.above, "l", ""] if LAYER.fullmatch(self.above) else [self.above, ""]
        if STEP.fullmatch(self.above):
            above = [self.above, "()", ""]
        primed = [True, False] if self.primed else [False]
        return [
            Symbol(self.letter, *rest)
            for rest in ((low, high, prime) for high, low, prime in product(above, below, primed))
        ]


def tokens(tex):
    """Commands, numbers and letters, without spaces."""
    found = TOKEN.findall(re.sub(r"(?<!\\)%.*", "", tex))
    return [token for token in found if token.strip() and token not in SPACES]


def group(found, start):
    """The tokens of the argument that begins here, and where it ends; a command takes its own along."""
    if start >= len(found):
        return [], start
    if found[start] != "{":
        end = start + 1
        if found[start] in WORDS or found[start].startswith((r"\math", r"\frac", r"\tfrac")):
            end = group(found, end)[1]
        return found[start:end], end
    depth = 0
    for end in range(start, len(found)):
        depth += (found[end] == "{") - (found[end] == "}")
        if not depth:
            return found[start + 1 : end], end + 1
    return found[start + 1 :], len(found)


def plain(found):
    """A script as characters."""
    known = {r"\star": "⋆", r"\infty": "∞", r"\top": "⊤", r"\prime": "′", "'": "′", r"\max": "max"}
    words = [GREEK.get(token[1:], known.get(token, token)) for token in found]
    return "".join(word for word in words if word not in "{}" and not word.startswith("\\"))


def symbols(tex):
    """Every letter and command of an equation that stands for a quantity, in order, scripts included."""
    return list(dict.fromkeys(scan(tokens(tex))))


def scan(found, accent=""):
    """Symbols of a list of tokens."""
    place = 0
    while place < len(found):
        token, place = found[place], place + 1
        if token in WORDS:
            place = group(found, place)[1]
        elif token in ACCENTS:
            inner, place = group(found, place)
            own = [one for one in inner if one.isalpha() or one[1:] in GREEK]
            yield from scan(inner + scripts(found, place)[0], ACCENTS[token] if len(own) == 1 else "")
            place = scripts(found, place)[1]
        elif token == r"\mathcal":
            inner, place = group(found, place)
            yield from around("\\mathcal " + plain(inner), found, place)
            place = scripts(found, place)[1]
        elif (token.isalpha() and token.isascii()) or token[1:] in GREEK:
            tail, end = scripts(found, place)
            if constant(token, found, place - 1):
                yield from scan(tail)
            elif gaussian(token, found, place - 1):
                yield from around(r"\mathcal N", found, place)
            else:
                yield from around(accent + GREEK.get(token[1:], token), found, place)
            place = end


def scripts(found, place):
    """The tokens of the scripts that begin here, and where they end."""
    start = place
    while place < len(found) and (found[place] in "_^'"):
        place = place + 1 if found[place] == "'" else group(found, place + 1)[1]
    return found[start:place], place


def around(letter, found, place):
    """A letter with its scripts as one symbol, then the symbols in the scripts."""
    below = above = ""
    primed, inside = False, []
    while place < len(found) and found[place] in "_^'":
        kind = found[place]
        if kind == "'":
            primed, place = True, place + 1
            continue
        script, place = group(found, place + 1)
        inside += script
        if kind == "_":
            below = plain(script) if r"\text" not in script and r"\mathrm" not in script else word(script)
        elif script[:1] == [r"\prime"]:
            primed = True
        else:
            above = plain(script) if r"\text" not in script else word(script)
    yield Symbol(letter, below, above, primed)
    if not (below.isascii() and below.islower() and not INDEX.fullmatch(below)):  # the w of t_w is a name
        yield from scan(inside)


def word(script):
    """The letters of a script that is a word."""
    return "".join(token for token in script if token.isalnum())


def constant(token, found, place):
    """Whether a letter is no quantity: the d of an integral, e to a power, the imaginary unit, an order O(…)."""
    after = found[place + 1] if place + 1 < len(found) else ""
    before = found[place - 1] if place else ""
    if token == "d":
        rest = "".join(found[place + 1 : place + 6])
        return after.isalpha() or after[1:] in GREEK or bool(re.match(r"(\^\d)?\}\{d", rest))
    if token == "e":
        return after == "^" and not found[place + 2].isdigit()
    if token == "i":
        return before == r"\pi" or before.replace(".", "").isdigit()
    return token in ("O", r"\Theta") and after == "("


def gaussian(token, found, place):
    """Whether an N is the normal distribution, which docstrings write upright."""
    rest = [one for one in found[place + 1 : place + 4] if not one.startswith(r"\left")]
    start = "".join(rest[:3])
    return token == "N" and start[:1] == "(" and ((place and found[place - 1] == r"\sim") or start[1:3] in ("0,", "h;"))


@dataclass(frozen=True)
class Row:
    """A row of the notation table."""

    symbol: str
    meaning: str
    code: str
    elsewhere: str
    pages: str
    part: str


def rows(text):
    """The rows of the notation table, each with the heading that it stands under."""
    part, found = "", []
    for line in text.splitlines():
        part = line[3:].strip() if line.startswith("## ") else part
        if line.startswith("| $"):
            found.append(Row(*(cell.strip() for cell in line.strip("|").split("|")), part))
    return found


def scopes(table):
    """The table as one dictionary a part, or a page: from a symbol's key to its row."""
    found = {}
    for row in table:
        places = re.findall(r"`([\w/]+)`", row.pages) or [row.part]
        for place, tex in product(places, re.findall(r"\$([^$]+)\$", row.symbol)):
            first = symbols(tex)[0]
            here = found.setdefault(place, {})
            here.setdefault(first, row)
            below = "_" if INDEX.fullmatch(first.below) and not first.below.isdigit() else first.below
            above = "l" if LAYER.fullmatch(first.above) else "()" if STEP.fullmatch(first.above) else first.above
            here.setdefault(Symbol(first.letter, below, above, first.primed), row)
    return found


def lookup(symbol, known, page, part):
    """A symbol's name and the row that says what it means here: the page's own rows first, then its part's.

    What holds under a heading holds under the same with more behind a colon.
    """
    for place in (page.removeprefix("book/"), part, part.partition(":")[0], EVERYWHERE):
        for key in symbol.known_as():
            if key in known.get(place, {}):
                return str(symbol) + (f"^{symbol.above}" if key.above else ""), known[place][key]
    return str(symbol), None


def part_of(page, toc):
    """The part whose letters a page uses."""
    folder, _, name = page.removeprefix("book/").partition("/")
    return PARTS.get(name, EVERYWHERE) if folder == "library" else toc.get(page, EVERYWHERE)


def contents(toc):
    """The part of each page, from the table of contents."""
    return {chapter["file"]: part["caption"] for part in toc["parts"] for chapter in part["chapters"]}


def to_html(cell):
    """A cell of the table: mathematics, code, stress."""
    text = html.escape(cell, quote=False)
    text = re.sub(r"\$([^$]+)\$", r'<span class="math notranslate nohighlight">\\(\1\\)</span>', text)
    text = re.sub(r"`([^`]+)`", r"<code>\1</code>", text)
    return re.sub(r"\*\*?([^*]+)\*\*?", r"<em>\1</em>", text)


def code_link(app, page, code):
    """The first code name of a row and the address of its entry."""
    name = re.search(r"`([^`]+)`", code)
    if not name:
        return []
    objects = app.env.get_domain("py").objects
    full = known_part(f"{LIBRARY}.{name[1].split('(')[0]}", objects, KINDS)
    if not full:
        return [name[1]]
    entry = objects[full]
    return [name[1], f"{app.builder.get_relative_uri(page, entry.docname)}#{entry.node_id}"]


def explain(app, doctree, docname):
    """Beside each displayed equation which of its symbols the table knows; the rows stand once, at the page's end."""
    if app.builder.format != "html":
        return
    source = Path(app.srcdir)
    known = scopes(rows((source / f"{TABLE}.md").read_text(encoding="utf-8")))
    part, shown = part_of(docname, contents(yaml.safe_load((source / "_toc.yml").read_text()))), {}
    for equation in list(doctree.findall(nodes.math_block)):
        uses = {}
        for symbol in symbols(equation.astext()):
            name, row = lookup(symbol, known, docname, part)
            if row:
                uses.setdefault(normalize("NFKC", name), shown.setdefault(row, len(shown)))
        add_after(equation, data(uses, 'class="symbols"'))
    if shown:
        listed = [[to_html(row.symbol), to_html(row.meaning), *code_link(app, docname, row.code)] for row in shown]
        doctree[0] += data(listed, 'id="symbols"')


def data(value, attributes):
    """Data for the page's script, which no reader sees and no search reads."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("</", r"<\/")
    return nodes.raw("", f'<script type="application/json" {attributes}>{text}</script>', format="html")


def add_after(node, new):
    """Put a node behind another."""
    node.parent.insert(node.parent.index(node) + 1, new)


def setup(app):
    """Register with Sphinx."""
    app.connect("doctree-resolved", explain)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
