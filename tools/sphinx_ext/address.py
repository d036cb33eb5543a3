"""Public addresses, all from the one constant: `[tool.book]` in pyproject.toml."""

import tomllib
from pathlib import Path

BOOK = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["book"]
OWNER, REPOSITORY = BOOK["repository"].split("/")
SITE = f"https://{OWNER}.github.io/{REPOSITORY}/"
FILES = f"https://raw.githubusercontent.com/{OWNER}/{REPOSITORY}/main/"
SOURCES = f"https://github.com/{OWNER}/{REPOSITORY}/blob/main/"
RELEASE = f"git+https://github.com/{OWNER}/{REPOSITORY}@{BOOK['release']}"
COLAB = f"https://colab.research.google.com/github/{OWNER}/{REPOSITORY}/blob/main/notebooks/"
BINDER = f"https://mybinder.org/v2/gh/{OWNER}/{REPOSITORY}/main?labpath=notebooks/"


def notebook_path(docname):
    """Where a page's notebook lies below notebooks/: book/part/page -> part/page.ipynb."""
    return docname.removeprefix("book/") + ".ipynb"
