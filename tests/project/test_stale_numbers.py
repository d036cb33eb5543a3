"""The second build executes nothing twice, and no number outlives the library that it came from."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

CONFIG = """
title: A small book
only_build_toc_files: true
exclude_patterns: [_build]
execute: {execute_notebooks: cache}
sphinx:
  local_extensions: {sphinx_ext.fresh: tools, sphinx_ext.site: tools}
  config: {nb_execution_raise_on_error: true}
"""
PAGE = """---
jupytext: {text_representation: {extension: .md, format_name: myst}}
kernelspec: {display_name: Python 3, language: python, name: python3}
---
# Page PAGE

```{code-cell} ipython3
import sys
sys.path.insert(0, "lib")
import tiny
with open("executions.txt", "a") as log:
    log.write("PAGE ")
print("the value is", tiny.VALUE)
```
"""


class Book:
    """Two pages that print a constant of their library, built by plain ``jupyter-book build .``."""

    def __init__(self, root: Path):
        self.root = root
        (root / "lib").mkdir()
        (root / "lib" / "tiny.py").write_text("VALUE = 41\n")
        (root / "constraints.txt").write_text("anything==1\n")
        (root / "_config.yml").write_text(CONFIG)
        (root / "_toc.yml").write_text("format: jb-book\nroot: a\nchapters: [{file: b}]\n")
        for page in "ab":
            (root / f"{page}.md").write_text(PAGE.replace("PAGE", page))
        shutil.copytree(ROOT / "tools" / "sphinx_ext", root / "tools" / "sphinx_ext")

    def edit(self, file: str, old: str, new: str):
        """Replace text in a file of the book."""
        path = self.root / file
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))

    def build(self, succeeds: bool = True) -> str:
        """Build, and return the pages that were executed, in alphabetical order."""
        log = self.root / "executions.txt"
        log.write_text("")
        command = [Path(sys.executable).with_name("jupyter-book"), "build", ".", "-W", "--keep-going", "-q"]
        done = subprocess.run(command, cwd=self.root, capture_output=True, text=True)
        assert (done.returncode == 0) == succeeds, done.stderr[-2000:]
        return "".join(sorted(log.read_text().split()))

    def value(self, page: str) -> int:
        """The number that the built page shows."""
        return int(re.search(r"the value is (\d+)", (self.root / f"_build/html/{page}.html").read_text())[1])


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """A book that has been built once."""
    book = Book(tmp_path_factory.mktemp("book"))
    assert book.build() == "ab"
    assert [book.value("a"), book.value("b")] == [41, 41]
    return book


def test_an_untouched_book_executes_nothing(book):
    assert book.build() == ""


def test_an_edited_page_alone_is_executed(book):
    book.edit("b.md", "the value is", "now the value is")
    assert book.build() == "b"
    book.edit("b.md", "# Page", "# The page")
    assert book.build() == "", "prose is not executed"


def test_after_an_edit_of_the_library_no_page_shows_an_old_number(book):
    book.edit("lib/tiny.py", "41", "42")
    assert book.build() == "ab"
    assert [book.value("a"), book.value("b")] == [42, 42]


def test_new_pins_execute_every_page(book):
    book.edit("constraints.txt", "==1", "==2")
    assert book.build() == "ab"


def test_a_failing_cell_keeps_failing(book):
    book.edit("a.md", "tiny.VALUE", "tiny.MISSING")
    book.build(succeeds=False)
    book.build(succeeds=False)
    book.edit("a.md", "tiny.MISSING", "tiny.VALUE")
    book.build()
