"""Write tests/PLATFORMS.md: what was tested with what, and what could not be run here.

python tools/platforms.py [FOLDER ...]: rows come from the records that pytest leaves in _build/tested (and in other
FOLDERs, such as those of a second clone); a newer record takes the place of an older row of the same command, Python
and jax. For what was not run, pip is asked whether the pinned jaxlib has a wheel.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TABLE = ROOT / "tests" / "PLATFORMS.md"
COLUMNS = ("command", "Python", "jax", "numpy", "scipy", "matplotlib", "passed", "failed", "skipped", "system", "date")
KEY = slice(0, 3)
NOT_RUN = (  # system, Python, what pip calls the system, what is known
    ("Linux", "3.14", "manylinux_2_27_x86_64", "no interpreter at hand"),
    ("Colab", "3.13", "manylinux_2_27_x86_64", "weekly.yml runs every notebook in its image"),
    ("conda and Binder", "3.13", "manylinux_2_27_x86_64", "environment.yml names the pinned packages"),
    ("Linux on ARM", "3.13", "manylinux_2_27_aarch64", ""),
    ("macOS on Apple silicon", "3.13", "macosx_14_0_arm64", ""),
    ("macOS on Intel", "3.13", "macosx_14_0_x86_64", "its last jaxlib is 0.4.38, older than our floor"),
    ("Windows", "3.13", "win_amd64", "without make: the README's three lines"),
)
HEAD = """# What was tested with what

Written by `make platforms` from test runs; a row is the last run of that command with that Python and that jax.
Python 3.11 has jax 0.10 as its last; later ones have the newest.
"""


def rows(text: str) -> list[tuple[str, ...]]:
    """The runs that a table of earlier holds."""
    cells = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in text.splitlines()]
    return [row for row in cells if len(row) == len(COLUMNS) and row[0].startswith("`make")]


def records(folder: Path) -> list[tuple[str, ...]]:
    """The runs that pytest recorded in a folder."""
    found = [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]
    return [tuple(str(record[column]) for column in COLUMNS) for record in found]


def has_wheel(python: str, platform: str) -> bool:
    """Whether pip finds a wheel of the pinned jaxlib."""
    pins = (ROOT / "constraints.txt").read_text().splitlines()
    newest = [pin.split(";")[0] for pin in pins if pin.startswith("jaxlib==")][-1]
    where = ["--only-binary=:all:", "--python-version", python, "--platform", platform]
    with tempfile.TemporaryDirectory() as folder:
        how = ["--dry-run", "--no-deps", "--ignore-requires-python", "--target", folder]
        ask = [sys.executable, "-m", "pip", "install", *how, *where, newest]
        return subprocess.run(ask, capture_output=True).returncode == 0


def line(*cells: object) -> str:
    """A row in Markdown."""
    return f"| {' | '.join(map(str, cells))} |"


def table(runs: list[tuple[str, ...]]) -> str:
    """The whole file."""
    latest = {row[KEY]: row for row in sorted(runs, key=lambda row: row[-1])}
    tested = [line(*COLUMNS), line(*["---"] * len(COLUMNS)), *(line(*latest[key]) for key in sorted(latest))]
    others = [line("not run here", "Python", "wheel of the pinned jaxlib", "what is known"), line(*["---"] * 4)]
    for system, python, platform, known in NOT_RUN:
        others.append(line(system, python, "yes" if has_wheel(python, platform) else "no", known))
    return "\n".join([HEAD, *tested, "", *others, ""])


if __name__ == "__main__":
    folders = [ROOT / "_build" / "tested", *map(Path, sys.argv[1:])]
    before = rows(TABLE.read_text()) if TABLE.exists() else []
    TABLE.write_text(table([*before, *(record for folder in folders for record in records(folder))]))
