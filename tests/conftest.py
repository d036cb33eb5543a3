"""For every test: float64, checked array shapes, repeatable random examples, and a browser where asked."""

import json
import os
import platform
import re
import shutil
from datetime import date
from importlib.metadata import version
from pathlib import Path

import hypothesis
import jax
import pytest
from jaxtyping import install_import_hook

jax.config.update("jax_enable_x64", True)
install_import_hook("solvable", "beartype.beartype")

hypothesis.settings.register_profile("book", derandomize=True, deadline=None)
hypothesis.settings.load_profile("book")

MAPS = Path("/proc/self/maps")  # of memory, where Linux counts them: 65,530 is the most that a process may have
MANY_MAPS = 20_000

TESTED = Path(__file__).parents[1] / "_build" / "tested"  # read by tools/platforms.py
LONG = 10  # seconds: a test that takes longer alone on a quiet machine is `slow`, with a smaller fast twin
BUDGET = "Budget on two quiet cores: `make test` 11 minutes, 24 when all parts stand; 2 for a part's fast tests."

NO_BROWSER = "no browser found: install chromium (Debian: apt-get install chromium)"


def find_browser() -> str | None:
    """Path of the first Chromium on this machine, or None."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next(filter(None, map(shutil.which, names)), None)


def pytest_addoption(parser):
    parser.addoption("--packages", default="", help="of the tests of one public name, those of these packages alone")


def pytest_collection_modifyitems(config, items):
    """The longest first, so that no worker is left with it at the end.

    With --packages, tests of a public name that lies in another package are left out. Browser tests do not run
    without a browser; with REQUIRE_BROWSER set, as in CI, they fail instead.
    """
    items.sort(key=lambda item: "outside_the_repository" not in item.name)
    if chosen := set(config.getoption("packages").split(",")) - {""}:
        items[:] = [item for item in items if package_of(item) in chosen | {None}]
    if find_browser() is None and not os.environ.get("REQUIRE_BROWSER"):
        for item in items:
            if item.get_closest_marker("browser"):
                item.add_marker(pytest.mark.skip(reason=NO_BROWSER))  # said aloud below; CI requires a browser


def package_of(item):
    """The package, or module, of the public name that a test is about; None of others."""
    path = item.callspec.params.get("path") if hasattr(item, "callspec") else None
    return path.partition(".")[0] if isinstance(path, str) and re.match(r"[a-z_]+\.", path) else None


def pytest_terminal_summary(terminalreporter):
    """Say aloud which tests did not run and which took long, and keep what ran with what."""
    say_what_did_not_run(terminalreporter)
    if command := os.environ.get("TESTED_BY"):
        say_what_took_long(terminalreporter)
        record(command, terminalreporter.stats)


def say_what_did_not_run(terminalreporter):
    """A skipped test has shown nothing."""
    skipped = terminalreporter.stats.get("skipped", [])
    reasons = [report.longrepr[2].removeprefix("Skipped: ") for report in skipped]
    for reason in sorted(set(reasons)):
        terminalreporter.section("NOT RUN", red=True, bold=True)
        terminalreporter.write_line(f"{reasons.count(reason)} tests did not run: {reason}")


def say_what_took_long(terminalreporter):
    """Fast tests that should be `slow`, beside the budget; only said, since a machine may be busy."""
    reports = [report for found in terminalreporter.stats.values() for report in found if hasattr(report, "when")]
    fast = [report for report in reports if report.when == "call" and "slow" not in report.keywords]
    long = sorted(((report.duration, report.nodeid) for report in fast if report.duration > LONG), reverse=True)
    for seconds, name in long:
        terminalreporter.write_line(f"{seconds:5.1f} s, over {LONG}: {name}")
    terminalreporter.write_line(BUDGET)


def record(command, stats):
    """Leave in _build/tested what passed with which versions."""
    python = platform.python_version()
    versions = {name: version(name) for name in ("jax", "numpy", "scipy", "matplotlib")}
    counts = {name: len(stats.get(name, [])) for name in ("passed", "failed", "skipped")}
    counts["failed"] += len(stats.get("error", []))
    system = f"{platform.system()} {platform.machine()}"
    row = {"command": f"`{command}`", "Python": python, **versions, **counts}
    row |= {"system": system, "date": str(date.today())}
    TESTED.mkdir(parents=True, exist_ok=True)
    name = f"{command.split()[-1]}-{python}-{versions['jax']}.json"
    (TESTED / name).write_text(json.dumps(row))


@pytest.fixture(scope="module", autouse=True)
def _few_programs():
    """Forget compiled programs when they are many: each maps memory, and a compiler that may not crashes."""
    yield
    if MAPS.exists() and MAPS.read_bytes().count(b"\n") > MANY_MAPS:
        jax.clear_caches()


@pytest.fixture(scope="session")
def browser():
    """One headless Chromium for the whole session."""
    from playwright.sync_api import sync_playwright

    path = find_browser()
    assert path, NO_BROWSER
    quiet = ("background-networking", "component-update", "sync")
    arguments = ["--no-sandbox", "--disable-gpu", "--no-first-run", *(f"--disable-{name}" for name in quiet)]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=arguments)
        yield chromium
        chromium.close()
