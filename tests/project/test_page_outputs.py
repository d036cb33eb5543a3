"""Nothing that a page shows depends on time, load or terminal; the longest page goes first; budgets are reported."""

import json
import re
from pathlib import Path

import pytest
from jupyter_cache import get_cache

from sphinx_ext import execution

ROOT = Path(__file__).parents[2]

HURRY = """
```{code-cell} ipython3
import logging
import sys
import warnings

import tqdm.std

begin = tqdm.std.tqdm.__init__


def at_once(self, *args, **options):
    begin(self, *args, **(options | {"delay": 0, "mininterval": 0}))


tqdm.std.tqdm.__init__ = at_once
```

```{code-cell} ipython3
---
mystnb: {figure: {name: fig-loss, caption: A loss}}
---
import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt

from solvable.networks import MLP, train

warnings.warn(" ".join(["so", "late"]))
logging.getLogger("compiler").warning(" ".join(["so", "slow"]))
x = jnp.eye(4)
run = train(MLP(4), x, x[0], 40, learning_rate=0.1, key=jax.random.key(0))
plt.plot(run.steps, run.loss);
```
"""
EXPLORER = """
```{code-cell} ipython3
import numpy as np
from solvable import figures

x = np.linspace(1, 2, 5)
figures.explore(
    lambda slope: {"line": figures.Line(x, slope * x)},
    {"slope": figures.Knob(1, 2, start=1, label="slope", points=3)},
    name="lines", x="x", y="y", log="", xlim=(1, 2), ylim=(0, 4), caption="Lines", alt="Lines",
)
```
"""


@pytest.fixture(scope="module")
def book(new_book):
    """A built book; page b trains and draws with every delay at zero, both pages have been timed before."""
    page = new_book.root / "b.md"
    page.write_text(page.read_text() + HURRY + EXPLORER)
    memory = new_book.root / "_build" / "seconds.json"
    memory.parent.mkdir()
    memory.write_text('{"a": -1.0, "b": -2.0, "gone": 3.0}')  # no seconds that a build can measure
    new_book.build(MPLBACKEND="agg")
    return new_book


def test_a_slow_machine_adds_nothing_to_a_page(book):
    cache = get_cache(next((book.root / "_build" / ".jupyter_cache").iterdir()))
    (page,) = [record for record in cache.list_cache_records() if record.uri.endswith("b.md")]
    (figure,) = [cell for cell in cache.get_cache_bundle(page.pk).nb.cells if "mystnb" in cell.metadata]
    shown = [output for output in figure.outputs if output.get("name") != "stderr"]
    assert [output.output_type for output in shown] == ["display_data"]
    assert "image/png" in shown[0].data, "drawn in line, whatever the terminal's backend"
    html = (book.root / "_build" / "html" / "b.html").read_text()
    assert html.count('id="fig-loss"') == 1
    assert not re.search("widget-view|jupyter-widgets|so late|so slow|40/40", html)


def test_the_longest_page_goes_first(book, tmp_path):
    assert execution.longest_first(["a", "b", "new", "c"], {"a": 1.0, "b": 2.0, "new": None}) == ["new", "c", "b", "a"]
    times = json.loads((book.root / "_build" / "seconds.json").read_text())
    assert times["gone"] == 3.0, "a page that is away for a while is remembered"
    assert times["a"] > 0 < times["b"], "measured anew"
    for content in ("", "[1", '["a"]'):
        (tmp_path / "seconds.json").write_text(content)
        assert execution.remembered(tmp_path / "html") == {}


def test_the_build_reports_pages_explorers_and_what_is_over_budget(book):
    report = (book.root / "_build" / "execution.txt").read_text()
    assert report.startswith("2 of 2 executable pages were executed")
    assert re.search(r"^ +[\d.]+ s  a$", report, re.MULTILINE)
    assert re.search(r"^ +[\d.]+ s  lines in b$", report, re.MULTILINE)
    assert "b wrote to stderr: " in report
    assert "so late" in report
    assert execution.slow("page", {"a": 29.0, "b": 31.0}, 30) == ["Over the budget of 30 s: page b, 31 s"]


def test_there_is_one_place_for_bars():
    files = [*(ROOT / "lib").rglob("*.py"), *(ROOT / "book").rglob("*.md")]
    assert [file.name for file in files if "tqdm" in file.read_text(encoding="utf-8")] == ["_progress.py"]
