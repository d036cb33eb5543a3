"""The exercises as they stand in the book: statement, cell, and folded solution."""

import ast
import re
from functools import cache
from pathlib import Path

BOOK = Path(__file__).parents[2] / "book"
BLOCK = re.compile(
    r"^```\{exercise\}(?P<statement>.*?)^```$.*?^```\{code-cell\} ipython3\n(?P<cell>.*?)^```$.*?"
    r"^````\{solution\}(?P<solution>.*?)^````$",
    re.DOTALL | re.MULTILINE,
)
NUMBER = r"-?\d+(?:,\d{3})*(?:\.\d+)?"


@cache
def exercises():
    """Id -> (page, statement, cell, code of the solution)."""
    found = {}
    for page in sorted(BOOK.glob("*/*.md")):
        for block in BLOCK.finditer(page.read_text()):
            id = re.search(r'exercises\.check\(\s*"(.+?)"', block["cell"])[1]
            assert id not in found
            code = "".join(re.findall(r"^```python\n(.*?)^```$", block["solution"], re.DOTALL | re.MULTILINE))
            found[id] = page, block["statement"], block["cell"], code
    return found


def numbers(statement):
    """Those that stand in a statement, powers of ten included."""
    text = re.sub(r"10\^\{?(\d+)\}?", lambda power: str(10 ** int(power[1])), statement)
    return {float(one.replace(",", "")) for one in re.findall(NUMBER, text)}


@cache
def before(page):
    """What the page's own cells import, and what they give the names `times` and `h`, which two solutions use."""
    nodes = []
    for cell in re.findall(
        r"^```\{code-cell\} ipython3\n(?:---.*?^---\n|:tags.*?\n)?(.*?)^```$",
        page.read_text(),
        re.DOTALL | re.MULTILINE,
    ):
        tree = ast.parse(cell).body
        nodes += [node for node in tree if isinstance(node, ast.Import | ast.ImportFrom)]
        nodes += [node for node in tree if re.match(r"(times|h) = (jnp|np)\.", ast.unparse(node))][:1]
    return ast.unparse(ast.Module(nodes, []))


def done(id, seed, *, solved=True):
    """The verdict on a cell, as it stands or with the folded solution in place of its dots."""
    page, _, cell, solution = exercises()[id]
    space = {"seed": seed}
    exec(before(page), space)
    *lines, last = ast.parse(cell).body
    for code in (ast.unparse(ast.Module(lines, [])), solution if solved else ""):
        exec(code, space)
    return eval(ast.unparse(last), space)
