"""The built site as the tests see it: its pages, what their sources declare, and a server on loopback."""

import ast
import os
import re
import threading
from dataclasses import dataclass
from functools import cached_property, partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
HTML = Path(os.environ.get("SITE", ROOT / "_build" / "html")).resolve()

CELL = re.compile(r"^(`{3,})\{code-cell\}[^\n]*\n(.*?)^\1\s*$", re.MULTILINE | re.DOTALL)
HEADER = re.compile(r"\A(---\n.*?\n---\n|(:[^\n]*\n)+)", re.DOTALL)
FENCED_FIGURE = re.compile(r"^[`:]{3,}\{figure\}", re.MULTILINE)


def toc_pages() -> list[str]:
    """Document names of the table of contents, the root first."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text())

    def files(node) -> list[str]:
        if isinstance(node, list):
            return [name for child in node for name in files(child)]
        if isinstance(node, dict):
            return [name for key, child in node.items() if key in CHILDREN for name in files(child)]
        return [node]

    CHILDREN = ("root", "file", "parts", "chapters", "sections")
    return files(toc)


@dataclass(frozen=True)
class Source:
    """What a page's Markdown declares."""

    page: str

    @cached_property
    def text(self) -> str:
        """The Markdown."""
        return (ROOT / f"{self.page}.md").read_text()

    @cached_property
    def cells(self) -> list[str]:
        """The code cells, with their metadata."""
        return [match[2] for match in CELL.finditer(self.text)]

    @cached_property
    def code(self) -> ast.Module:
        """All code cells as one program, without magics."""
        plain = (HEADER.sub("", cell) for cell in self.cells)
        return ast.parse("\n".join(re.sub(r"^[%!].*$", "", cell, flags=re.MULTILINE) for cell in plain))

    def named(self, function: str) -> list[str]:
        """Names of the figures that the code makes by calling this function."""
        calls = [node for node in ast.walk(self.code) if isinstance(node, ast.Call)]
        made = [call for call in calls if ast.unparse(call.func).split(".")[-1] == function]
        return [keyword.value.value for call in made for keyword in call.keywords if keyword.arg == "name"]

    @property
    def explorers(self) -> list[str]:
        """Names of the explorers."""
        return self.named("explore")

    @property
    def guesses(self) -> list[str]:
        """Names of the figures that the reader draws first."""
        return self.named("guess")

    @property
    def figures(self) -> int:
        """Number of captioned figures, explorers and guesses not counted."""
        from_cells = sum(bool(re.search(r"^\s+figure:", cell, re.MULTILINE)) for cell in self.cells)
        return from_cells + len(FENCED_FIGURE.findall(self.text))


class Quiet(SimpleHTTPRequestHandler):
    """Serves files without a line for each."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        """Say nothing."""


def serve(folder: Path) -> ThreadingHTTPServer:
    """A server of this folder, on a free port of this machine alone."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
