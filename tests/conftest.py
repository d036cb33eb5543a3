"""For every test: float64, checked array shapes, repeatable random examples, and a browser where asked."""

import os
import shutil
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

NO_BROWSER = "no browser found: install chromium (Debian: apt-get install chromium)"


def find_browser() -> str | None:
    """Path of the first Chromium on this machine, or None."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next(filter(None, map(shutil.which, names)), None)


def pytest_collection_modifyitems(items):
    """The longest first, so that no worker is left with it at the end.

    Browser tests do not run without a browser; with REQUIRE_BROWSER set, as in CI, they fail instead.
    """
    items.sort(key=lambda item: "outside_the_repository" not in item.name)
    if find_browser() is None and not os.environ.get("REQUIRE_BROWSER"):
        for item in items:
            if item.get_closest_marker("browser"):
                item.add_marker(pytest.mark.skip(reason=NO_BROWSER))  # said aloud below; CI requires a browser


def pytest_terminal_summary(terminalreporter):
    """Say aloud which tests did not run, and why: a skipped test has shown nothing."""
    skipped = terminalreporter.stats.get("skipped", [])
    reasons = [report.longrepr[2].removeprefix("Skipped: ") for report in skipped]
    for reason in sorted(set(reasons)):
        terminalreporter.section("NOT RUN", red=True, bold=True)
        terminalreporter.write_line(f"{reasons.count(reason)} tests did not run: {reason}")


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
