"""Who stands on whom in the library, what its modules are called, and which pages and modules have which tests.

ARCHITECTURE.md shows the floors to people.
"""

import ast
import importlib
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import solvable

ROOT = Path(__file__).resolve().parents[2]
LIB = ROOT / "lib" / "solvable"
FLOORS = (
    {"_version", "_progress", "_pytree", "_checks", "_memory", "_tables"},
    {"_files", "_grams", "_repeats", "numerics"},
    {"results", "gaussian", "spectra", "data", "fits"},
    {"kernels", "linear_model", "parameterizations", "primer", "spinglass"},
    {"networks", "random_features"},
    {"meanfield", "posterior"},
    {"depth"},
    {"figures"},
    {"exercises"},
)
"""From the lowest. A package stands on lower floors only; what two packages share stands below both."""

MODULES = sorted(LIB.rglob("*.py"))
PAGES = re.findall(r"(?:root|file): book/(\S+)", (ROOT / "_toc.yml").read_text())

CROSSING = {  # files of tests that are named after no module, and why
    "figures/explorer_browser": "explorers as a browser draws them",
    "figures/guessing_browser": "guesses as a hand draws them",
    "figures/vendor": "what explorers and pages load from others",
    "linear_model/exponents": "slopes of every theory, far out",
    "linear_model/jax": "derivatives, maps and compilation of every theory",
    "meanfield/digits": "classes of real images in several theories, and in networks",
}


def dotted(path):
    """Parts of a module's name below `solvable`."""
    parts = path.relative_to(LIB).with_suffix("").parts
    return parts[:-1] if parts[-1] == "__init__" else parts


def imports(path, everywhere=False):
    """Modules of the library, as parts of their names, that a module imports when it is loaded."""
    package = list(dotted(path)) if path.name == "__init__.py" else list(dotted(path))[:-1]
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree) if everywhere else tree.body:
        if isinstance(node, ast.ImportFrom) and node.level:
            base = package[: len(package) - node.level + 1] + (node.module or "").split(".") * bool(node.module)
            for alias in node.names:
                full = (*base, alias.name)
                yield full if module(full) in MODULES else tuple(base)


def module(parts):
    """The file of a module, by its name."""
    path = LIB.joinpath(*parts)
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def floor(name):
    return next(number for number, names in enumerate(FLOORS) if name in names)


@pytest.mark.parametrize("path", [path for path in MODULES if dotted(path)], ids=lambda path: ".".join(dotted(path)))
def test_a_package_stands_on_lower_floors_only(path):
    own = dotted(path)[0]
    for other in imports(path, everywhere=True):
        assert other, "from . import in a package's own name"
        assert other[0] == own or floor(other[0]) < floor(own), f"{'.'.join(other)} does not stand below {own}"


def test_every_module_has_its_floor():
    assert {dotted(path)[0] for path in MODULES if dotted(path)} == set().union(*FLOORS)


def test_no_circle_of_imports():
    """Of modules as they are loaded, a package's own door left aside."""
    edges = {path: {module(other) for other in imports(path)} for path in MODULES if path.name != "__init__.py"}
    done, walking = set(), []

    def walk(path):
        assert path not in walking, f"a circle: {[str(one.relative_to(LIB)) for one in walking]}"
        if path not in done:
            walking.append(path)
            for other in edges.get(path, ()):
                walk(other)
            done.add(walking.pop())

    for path in edges:
        walk(path)


def test_no_module_is_hidden_by_what_its_package_exports():
    for info in pkgutil.walk_packages(solvable.__path__, "solvable."):
        found = importlib.import_module(info.name)
        package, _, name = info.name.rpartition(".")
        assert getattr(importlib.import_module(package), name) is found, info.name


def test_every_public_module_says_what_is_public():
    """Those that users import from: the packages, and modules that a package exports."""
    for name in solvable.__all__:
        one = getattr(solvable, name)
        if hasattr(one, "__path__") or hasattr(one, "__file__"):
            for found in (one, *(getattr(one, inner) for inner in getattr(one, "__all__", ()))):
                assert not hasattr(found, "__file__") or hasattr(found, "__all__"), found.__name__


def test_the_science_loads_neither_course_nor_figures():
    script = "import sys, solvable; print(*[one for one in sys.modules if one.startswith(('solvable.', 'matplotlib'))])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    assert "solvable.kernels.theory" in done.stdout
    assert not re.search(r"solvable\.(exercises|figures)|matplotlib", done.stdout)


def test_architecture_shows_these_floors():
    text = (ROOT / "ARCHITECTURE.md").read_text()
    table = [set(re.findall(r"`(\w+)(?:\.py|/)`", line)) for line in text.splitlines() if re.match(r"\| \d", line)]
    assert table == list(FLOORS)


def test_exercises_stand_in_the_module_of_their_page():
    pages = {
        page: re.findall(r'exercises\.check\(\s*"(.+?)"', (ROOT / f"book/{page}.md").read_text()) for page in PAGES
    }
    modules = {"/".join(dotted(path)[1:]): path.read_text() for path in (LIB / "exercises").glob("*/[!_]*.py")}
    found = {name: re.findall(r'^exercise\(\s*"(.+?)"', text, re.M) for name, text in modules.items()}
    assert {name: sorted(ids) for name, ids in found.items()} == {
        page: sorted(set(ids)) for page, ids in pages.items() if ids
    }


def test_tests_of_the_book_are_named_after_their_page():
    book = ROOT / "tests" / "book"
    for path in book.rglob("test_*.py"):
        folder, name = path.relative_to(book).parent, path.stem.removeprefix("test_")
        assert (folder / name).as_posix() in PAGES, path


def test_tests_of_a_package_are_named_after_a_module():
    named = {(parts[0], name) for parts in map(dotted, MODULES) for name in parts[1:]}
    packages = {name for name, _ in named}
    tests = {(path.parent.name, path.stem.removeprefix("test_")) for path in (ROOT / "tests").glob("*/test_*.py")}
    assert {"/".join(test) for test in tests - named if test[0] in packages} == set(CROSSING)
