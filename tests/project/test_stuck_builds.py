"""However a build ends, the next one is right: no page is stuck with what a bad build left behind."""

import os
import shutil
import signal
import time
from pathlib import Path
from threading import Thread

import nbformat
import pytest
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn

from sphinx_ext import fresh

MISCHIEF = """
import os
def end(app, page, *rest):
    if page == os.environ.get("CUT_AT"):
        os._exit(9)
def setup(app):
    app.connect("html-page-context", end)
"""
TWICE = """
```{code-cell} ipython3
---
mystnb: {figure: {name: fig-once, caption: A figure}}
---
import os
from IPython.display import HTML, display
if "BUSY" in os.environ:
    display(HTML("a bar"))
while "HANG" in os.environ:
    pass
HTML("the figure")
```
"""


@pytest.fixture(scope="module")
def book(new_book):
    """Page b has a figure; BUSY adds an output to it, HANG never draws it, and CUT_AT ends a build while it writes."""
    (new_book.root / "mischief.py").write_text(MISCHIEF)
    new_book.edit("_config.yml", "sphinx_ext.site: tools", "mischief: .")
    page = new_book.root / "b.md"
    page.write_text(page.read_text() + TWICE)
    return new_book


def change(book) -> int:
    """Edit the library, so that every page is to be executed; the number that they are to show."""
    old = (book.root / "lib" / "tiny.py").read_text()
    new = int(old.split("=")[1]) + 1
    book.edit("lib/tiny.py", old, f"VALUE = {new}\n")
    return new


def test_a_page_with_a_warning_is_executed_again(book):
    assert book.build(succeeds=False, BUSY="1") == "ab", "two outputs have one name"
    assert book.build() == "b"


def test_no_old_number_outlives_a_build_that_was_cut_while_writing(book):
    new = change(book)
    assert book.build(succeeds=False, CUT_AT="a") == "ab"
    assert book.build() == ""
    assert [book.value("a"), book.value("b")] == [new, new]


@pytest.mark.slow
def test_a_build_that_was_killed_while_executing_goes_on_where_it_was(book):
    new = change(book)
    killed = book.start(HANG="1")
    records = book.root / "_build" / ".jupyter_cache"
    while not list(records.glob("*/executed/*/base.ipynb")) or sorted(book.executed()) != ["a", "b"]:
        assert killed.poll() is None
        time.sleep(0.1)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    assert book.build() == "b"
    assert [book.value("a"), book.value("b")] == [new, new]


def test_a_turn_begins_where_another_ends(tmp_path, capsys):
    first, order = fresh.wait_for_turn(tmp_path), []
    second = Thread(target=lambda: order.append(fresh.wait_for_turn(tmp_path)))
    second.start()
    second.join(0.2)
    assert order == []
    first.close()
    second.join()
    assert len(order) == 1
    assert "waiting for its end" in capsys.readouterr().out
    order[0].close()


@pytest.mark.slow
def test_builds_of_one_folder_wait_for_one_another(book):
    change(book)
    both = [book.start(), book.start()]
    said = [process.communicate()[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert sum("waiting for its end" in text for text in said) == 1
    assert sorted(book.executed()) == ["a", "b"], "the second finds what the first executed"


def keep(folder: Path, sources: list[str]) -> dict[str, Path]:
    """A cache of these one-line pages: source -> file of its outputs."""
    cache, files = get_cache(folder), {}
    for source in sources:
        page = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
        record = cache.cache_notebook_bundle(CacheBundleIn(page, f"/{source}.md"), check_validity=False)
        files[source] = folder / "executed" / record.hashkey / "base.ipynb"
    return files


def kept(folder: Path) -> list[str]:
    """The sources of the pages that a cache can serve."""
    cache = get_cache(folder)
    bundles = [cache.get_cache_bundle(record.pk) for record in cache.list_cache_records()]
    return sorted(bundle.nb.cells[0].source for bundle in bundles)


@pytest.mark.parametrize(
    "damage", [Path.unlink, lambda file: os.truncate(file, 40), lambda file: file.write_bytes(b"")]
)
def test_half_a_page_is_dropped_and_can_be_written_again(tmp_path, damage):
    files = keep(tmp_path, ["one", "two"])
    damage(files["one"])
    fresh.mend(tmp_path)
    assert kept(tmp_path) == ["two"]
    keep(tmp_path, ["one"])
    assert kept(tmp_path) == ["one", "two"]


def test_a_page_without_a_record_can_be_written_again(tmp_path):
    file = keep(tmp_path / "first", ["one"])["one"]
    shutil.copytree(file.parent, tmp_path / "second" / "executed" / file.parent.name)
    (tmp_path / "second" / "executed" / file.parent.name / "base.ipynb").unlink()
    fresh.mend(tmp_path / "second")
    keep(tmp_path / "second", ["one"])
    assert kept(tmp_path / "second") == ["one"]


def other_version(database: Path) -> None:
    """Take a column out of a table."""
    import sqlite3

    connection = sqlite3.connect(database)
    connection.execute("alter table nbcache drop column description")
    connection.commit()
    connection.close()


@pytest.mark.parametrize(
    "damage", [other_version, lambda file: file.write_bytes(b""), lambda file: file.write_bytes(b"no database" * 999)]
)
def test_a_cache_that_cannot_be_read_begins_anew(tmp_path, damage):
    keep(tmp_path, ["one"])
    damage(tmp_path / "global.db")
    fresh.mend(tmp_path)
    assert kept(tmp_path) == []
    keep(tmp_path, ["two"])
    assert kept(tmp_path) == ["two"]
