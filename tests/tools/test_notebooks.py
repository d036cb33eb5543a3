"""The exported notebooks: every construct of a page, and the committed ones against the built book.

A small fixture book is built here with the real extensions. What concerns the book itself reads the site
that `make book` built, so that no page is executed twice.
"""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from html import unescape
from pathlib import Path

import nbformat
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
SITE = Path(os.environ.get("BOOK_HTML", ROOT / "_build" / "html"))
ADDRESS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["book"]
OWNER, REPOSITORY = ADDRESS["repository"].split("/")
ONLINE = f"https://{OWNER}.github.io/{REPOSITORY}/"
SOURCES = f"https://github.com/{OWNER}/{REPOSITORY}/blob/main/"
FILES = f"https://raw.githubusercontent.com/{OWNER}/{REPOSITORY}/main/"
COMMITTED = sorted(path.relative_to(ROOT / "notebooks") for path in (ROOT / "notebooks").rglob("*.ipynb"))


def read(path):
    """A notebook that the format's own check accepts."""
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    return notebook


def prose(notebook):
    """The text cells without their blocks of code."""
    text = "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    return re.sub(r"^(`{3,}).*?^\1$", "", text, flags=re.M | re.S)


def code(notebook):
    """The code, in order."""
    return "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")


# The fixture book


def build(folder, odd=False):
    """Build a copy of the fixture book, its last page with or without what no notebook can hold."""
    shutil.copytree(Path(__file__).parent / "fixture_book", folder)
    config = (folder / "_config.yml").read_text().replace("../../../tools", str(ROOT / "tools"))
    if odd:
        config = config.replace("local_extensions: {", "local_extensions: {odd: ., ")
        page = folder / "book" / "works.md"
        extra = "\n```{odd}\n```\n\n```{code-cell} ipython3\nimport myst_nb\n```\n"
        head = "---\njupytext: {text_representation: {format_name: myst}}\nkernelspec: {name: python3}\n---\n"
        page.write_text(head + page.read_text() + extra)
    (folder / "_config.yml").write_text(config)
    command = [Path(sys.executable).with_name("jupyter-book"), "build", ".", "-W", "-n", "--keep-going", "-q"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


@pytest.fixture(scope="module")
def fixture_site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fixture") / "book"
    done = build(folder)
    assert done.returncode == 0, done.stderr[-3000:]
    return folder / "_build" / "html"


@pytest.fixture(scope="module")
def page(fixture_site):
    return read(fixture_site / "_notebooks" / "part" / "page.ipynb")


WRITTEN = {
    "title": "# A page with *everything*: $\\gamma_0$\n",
    "text": "A paragraph with *emphasis*, **strength**, `code`, a price of 5<span>&#36;</span>, a_b_c, 2 \\*",
    "unicode": "Ünïcode — on two lines.",
    "inline mathematics": "Inline $a_1 < b^*$",
    "outside link": "[link](https://example.org/a_b)",
    "image": f"![a small dot]({FILES}book/part/dot.png)",
    "nested list": "- two continues\n\n  with a second paragraph\n\n  - nested $x$\n\n    1. deep",
    "numbered list": "3. three\n4. four",
    "definitions": "- **Term**: Its meaning, in $\\sigma$.\n- **Other term**: First meaning.\n\n  Second",
    "quotation": "> A quotation of two lines.",
    "table": "| symbol | meaning |\n| --- | --- |\n| $\\vert x\\vert$ | a \\| b |\n| `c` | [Lists](#sec-lists) |",
    "numbered equation": "\n$$f(x) = \\int_0^x g(y)\\,\\mathrm{d}y \\tag{1}$$\n",
    "several lines": "\n$$\\begin{aligned} a &= b \\\\ c &= d \\end{aligned} \\tag{2}$$\n",
    "amsmath": "\n$$\\begin{aligned} u &= v \\\\ w &= z \\end{aligned} \\tag{3}$$\n",
    "equation without number": "\n$$q = r$$\n",
    "equation references": f"See (1), (2) and, elsewhere, [(4)]({ONLINE}book/part/plain.html#equation-eq-there)",
    "section reference": f"[Lists](#sec-lists), [A place there]({ONLINE}book/part/plain.html#there)",
    "page reference": f"[its own words]({ONLINE}book/part/plain.html)",
    "figure references": "[Fig. 2](#fig-cell), [Fig. 1](#fig-dot), [Table 1](#tab-titled), [Exercise 1](#ex-",
    "link to a file": f"[a file]({SOURCES}book/fixture.bib)",
    "citation": f"[[Noether, 1918]({ONLINE}book/works.html#id2)] or Noether [[1918]({ONLINE}book/works.html#id2)]",
    "abbreviation": "<sub>low</sub> and <sup>high</sup>, DMFT (dynamical mean-field theory), a note<sup>1</sup>",
    "footnote": "<sup>1</sup> The note, with $n$.",
    "figure": f"![A dot of one pixel.]({FILES}book/part/dot.png)\n\n"
    '<a name="fig-dot"></a>**Fig. 1.** A still figure, with $\\pi$.',
    "figure of a cell": '<a name="fig-cell"></a>**Fig. 2.** A made figure, with $\\lambda$ and (1). '
    "(Picture: A line going up.)",
    "figure with sliders": "(Picture: A < B, with sliders)",
    "admonition": "> **After this section you can**\n>\n> - do this;\n> - do that.",
    "note": "> **Note**\n>\n> Noted.\n>\n> Twice.",
    "margin": "> **In the margin**\n>\n> Marginal.",
    "fold": "<details>\n<summary>Tip</summary>\n\nA folded tip.\n\n</details>",
    "theorem": '> <a name="thm-decay"></a>**Theorem 1 (Decay)**\n>\n> All things decay:\n>\n> $$x \\to 0$$',
    "proof": "> **Proof.** By waiting.",
    "exercise": '> <a name="ex-first"></a>**Exercise 1 (A first one)**\n>\n> What is $1 + 1$?',
    "solution": "<details>\n<summary>Solution to Exercise 1 (A first one)</summary>\n\nIt is `2`:\n\n$$1 + 1 = 2$$",
    "code in a solution": "<summary>Solution to Exercise 2 (Gated)</summary>\n\nSo:\n\n```python\ngated = 2\n```",
    "tabs": "**First tab**\n\nFirst body.\n\n**Second tab**\n\nSecond body.",
    "dropdown": "<summary>A fold</summary>\n\nFolded.",
    "card": "**A card**\n\nCard body.",
    "code that is not run": '```python\nnot_run = "`x`"\n```',
    "captioned code": "A captioned block\n\n```python\nblock\n```\n\n**A rubric**",
    "titled table": '<a name="tab-titled"></a>**Table 1.** A titled table\n\n|  |  |\n| --- | --- |\n| one | two |',
    "glued values": "The answer is 42.1, or 42.1234, or forty-two.",
    "raw HTML": "<p>Raw.</p>",
}


@pytest.mark.parametrize("construct", WRITTEN)
def test_a_construct_reads_well_without_sphinx(page, construct):
    text = "\n\n".join(cell.source for cell in page.cells if cell.cell_type == "markdown") + "\n"
    assert WRITTEN[construct] in text


def test_code_cells_keep_their_order_and_fold_as_on_the_page(page):
    """Left out: remove-cell, and what is neither shown nor printed. Folded: input that the page hides."""
    code = [cell for cell in page.cells if cell.cell_type == "code"]
    assert [(cell.source.splitlines()[-1], cell.metadata.get("cellView")) for cell in code[1:]] == [
        ("gated = 1", None),
        ("x", None),
        ("plt.plot([0, 1]);", "form"),
        ("plt.plot([1, 0]);", "form"),
        ("y = 2", "form"),
        ('print("hidden")', None),
        (code[-1].source.splitlines()[-1], None),
    ]
    assert code[-1].source.startswith("from IPython.display import HTML")
    assert code[3].source.startswith("#@title Code of figure 2\n")


def test_a_guess_is_not_told(page):
    assert not any("The answer to a guess" in cell.source for cell in page.cells if cell.cell_type == "markdown")


def test_an_exercise_with_a_cell_inside_goes_on_after_it(page):
    at = next(i for i, cell in enumerate(page.cells) if cell.source == "gated = 1")
    assert page.cells[at - 1].source.endswith("**Exercise 2 (Gated)**\n>\n> Run this.")
    assert page.cells[at + 1].source.startswith("> Then think.")


def test_buttons_only_where_there_is_code(fixture_site):
    shown = (fixture_site / "book" / "part" / "page.html").read_text(encoding="utf-8")
    name = "notebooks/part/page.ipynb"
    repository = ADDRESS["repository"]
    assert f'"https://colab.research.google.com/github/{repository}/blob/main/{name}"' in shown
    assert f'"https://mybinder.org/v2/gh/{repository}/main?labpath={name}"' in shown
    assert '<a href="../../_notebooks/part/page.ipynb" download="page.ipynb"' in shown
    assert "_sources/book/part/page" not in shown
    plain = (fixture_site / "book" / "part" / "plain.html").read_text(encoding="utf-8")
    assert not re.search(r"colab|mybinder|\.ipynb", plain)
    assert not (fixture_site / "_notebooks" / "part" / "plain.ipynb").exists()


def test_the_build_stops_at_what_a_notebook_cannot_hold_and_repeats_the_rest(fixture_site, tmp_path):
    """An unknown node and a cell that needs myst_nb are warnings; the other page comes out byte for byte."""
    done = build(tmp_path / "book", odd=True)
    assert done.returncode != 0
    assert "no Markdown for a odd" in done.stderr
    assert "Colab has no myst_nb" in done.stderr
    name = Path("_notebooks", "part", "page.ipynb")
    assert (tmp_path / "book" / "_build" / "html" / name).read_bytes() == (fixture_site / name).read_bytes()


# The book


@pytest.fixture(scope="module")
def site():
    assert (SITE / "_notebooks").is_dir(), "the book is not built: run `make book` first"
    return SITE


@pytest.fixture(params=COMMITTED, ids=str)
def committed(request):
    return request.param


@pytest.fixture
def notebook(committed):
    return read(ROOT / "notebooks" / committed)


def test_the_committed_notebooks_are_those_of_the_built_book(site):
    built = {path.relative_to(site / "_notebooks"): path for path in (site / "_notebooks").rglob("*.ipynb")}
    assert COMMITTED, "no notebook is committed: run `make notebooks` and commit notebooks/"
    assert sorted(built) == COMMITTED, "run `make notebooks` and commit notebooks/"
    stale = [name for name in COMMITTED if built[name].read_bytes() != (ROOT / "notebooks" / name).read_bytes()]
    assert not stale, "run `make notebooks` and commit notebooks/"


def test_a_notebook_starts_with_its_title_and_the_setup_cell_and_has_no_outputs(notebook):
    title, setup = notebook.cells[:2]
    assert re.match(r"# \w.*\n\n.*\[read this page online\]", title.source)
    release = f'    %pip install -q "git+https://github.com/{ADDRESS["repository"]}@{ADDRESS["release"]}"'
    assert release in setup.source.splitlines()
    assert "except ImportError:" in setup.source
    for cell in notebook.cells:
        assert cell.cell_type == "markdown" or (cell.outputs == [] and cell.execution_count is None)
        assert re.fullmatch("[0-9a-f]{10}", cell.id)


def test_no_directive_or_role_survives(notebook):
    marks = {
        "role": r"\{[a-z][\w:+-]*\}`",
        "directive": r"^[> ]*[`:~]{3,}\s*\{",
        "colon fence": r"^[> ]*:{3,}",
        "label": r"^[> ]*\([\w:-]+\)=\s*$",
        "option": r"^[> ]*:[a-z-]+:",
        "comment": r"^%",
        "reference left unresolved": r"\]\((?!https?://|#|mailto:)",
        "place of a cell": "\0",
    }
    found = {name: re.findall(mark, prose(notebook), flags=re.M) for name, mark in marks.items()}
    assert not {name: hits for name, hits in found.items() if hits}


def test_every_figure_has_its_caption_and_its_picture_in_words(committed, notebook):
    page = (ROOT / "book" / committed.with_suffix(".md")).read_text(encoding="utf-8")
    heads = re.findall(r"^```\{code-cell\}[^\n]*\n---\n(.*?)\n---$", page, flags=re.M | re.S)
    drawn = [head["mystnb"] for head in map(yaml.safe_load, heads) if "mystnb" in head]
    text = prose(notebook).replace("\\", "")
    for figure in filter(lambda options: "figure" in options, drawn):
        assert f"(Picture: {' '.join(figure['image']['alt'].split())})" in text
        words = re.split(r"\$[^$]*\$|\{[^`]*`[^`]*`|[^\w\s,.;:()=-]", " ".join(figure["figure"]["caption"].split()))
        assert [part for part in words if part.strip() not in text] == []
    assert len(re.findall(r"\*\*Fig\. [\d.]+\.\*\* ", text)) >= sum("figure" in options for options in drawn)


def test_links_point_at_what_is_there(site, notebook):
    text = prose(notebook)
    targets = re.findall(r"\]\(([^()\s]+)\)", text)
    online = [target.removeprefix(ONLINE) for target in targets if target.startswith(ONLINE)]
    assert online
    for page, _, anchor in (target.partition("#") for target in online):
        shown = (site / page).read_text(encoding="utf-8")
        assert not anchor or f'id="{anchor}"' in unescape(shown), f"{page} has no place {anchor}"
    for target in targets:
        if target.startswith("#"):
            assert f'<a name="{target[1:]}"></a>' in text
        if target.startswith((FILES, SOURCES)):
            assert (ROOT / target.removeprefix(FILES).removeprefix(SOURCES)).is_file()


def test_launch_links_open_committed_notebooks(site):
    """Every page whose notebook was written links to it, and the linked path exists in the checkout."""
    colab = f"https://colab.research.google.com/github/{ADDRESS['repository']}/blob/main/"
    linked = set()
    for shown in site.rglob("*.html"):
        linked |= set(re.findall(f'"{re.escape(colab)}([^"]+)"', shown.read_text(encoding="utf-8")))
    assert linked == {f"notebooks/{name.as_posix()}" for name in COMMITTED}


# Run as in Colab


def run_as_in_colab(names):
    paths = [ROOT / "notebooks" / name for name in names]
    command = [sys.executable, ROOT / "tools" / "colab_check.py", *paths]
    done = subprocess.run(command, capture_output=True, text=True)
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    assert len(re.findall(r"(?m)^ *\d+\.\d  .*\.ipynb  solvable \S+, jax \S+, on ", done.stdout)) == len(paths)


def test_a_notebook_that_fails_is_reported_with_its_cell(tmp_path):
    cells = [nbformat.v4.new_code_cell(source) for source in ("print(1)", "1 / 0  # here")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "bad.ipynb")
    command = [sys.executable, ROOT / "tools" / "colab_check.py", "--inside", "bad.ipynb"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1
    assert "1 / 0  # here" in done.stdout
    assert "ZeroDivisionError" in done.stdout


def test_a_notebook_runs_outside_the_repository(monkeypatch):
    """The one with the least code; flags of this environment's XLA, which another version may not know, stay behind."""
    monkeypatch.setenv("XLA_FLAGS", "--a_flag_that_no_version_knows")
    run_as_in_colab([min(COMMITTED, key=lambda name: len(code(read(ROOT / "notebooks" / name))))])


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_every_notebook_runs_outside_the_repository():
    run_as_in_colab(COMMITTED)


def test_equation_references_have_their_equation():
    """A number in brackets that the text refers to by an equation's name is tagged in the same notebook, or a link."""
    page = (ROOT / "book/bottlenecks/three_bottlenecks.md").read_text()
    text = (ROOT / "notebooks/bottlenecks/three_bottlenecks.ipynb").read_text()
    tags = re.findall(r"tag\{(\d+)\}", text)
    assert len(tags) == page.count(":label: eq-")
    assert int(tags[0]) > 1  # numbered over the whole book, after the first page
    for number in re.findall(r"[a-z] \((\d+)\)[ ,.;]", text):
        assert number in tags
