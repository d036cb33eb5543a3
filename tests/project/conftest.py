"""Small books, built as a reader builds this one."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tools"))  # tests look into sphinx_ext

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

    def start(self, **environment: str) -> subprocess.Popen:
        """A build that has begun."""
        (self.root / "executions.txt").write_text("")
        command = [Path(sys.executable).with_name("jupyter-book"), "build", ".", "-W", "--keep-going", "-q"]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(command, cwd=self.root, env=os.environ | environment, text=True, **pipes)

    def build(self, succeeds: bool = True, **environment: str) -> str:
        """Build, and return the pages that were executed, in alphabetical order."""
        process = self.start(**environment)
        _, errors = process.communicate()
        assert (process.returncode == 0) == succeeds, errors[-2000:]
        return "".join(sorted(self.executed()))

    def executed(self) -> list[str]:
        """The pages whose execution has begun, in order."""
        return (self.root / "executions.txt").read_text().split()

    def value(self, page: str) -> int:
        """The number that the built page shows."""
        return int(re.search(r"the value is (\d+)", (self.root / f"_build/html/{page}.html").read_text())[1])


@pytest.fixture(scope="module")
def new_book(tmp_path_factory) -> Book:
    """A small book, not yet built."""
    return Book(tmp_path_factory.mktemp("book"))
