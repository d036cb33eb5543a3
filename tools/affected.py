"""Print what pytest is asked for by `make check`: the test files that a change can break, without those of the book.

python tools/affected.py [BASE]: of the files that differ from BASE (by default from where this branch left main; on
main itself from what the remote has), those not yet committed and new ones too. A test is printed if it differs itself
or if its imports lead to a module of the library that does. `from solvable import kernels` leads to `kernels` and to no
other package. Tests that walk all public names are always asked, for the packages alone that can change. What reads
the book or its pages is not printed: `make test` has it.
"""

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LIB = ROOT / "lib"
LIBRARY = sorted((LIB / "solvable").rglob("*.py"))
TESTS = ROOT / "tests"
ELSEWHERE = {"site", "tools", "book", "project"}  # what is about the book, its pages and this repository
WALKERS = [TESTS / name for name in ("test_hostile.py", "project/test_layout.py", "project/test_vocabulary.py")]
WITHOUT_BOOK = [path for path in sorted(TESTS.rglob("*.py")) if not ELSEWHERE & set(path.relative_to(TESTS).parts)]


def name_of(path: Path) -> str:
    """Dotted name of a module of the library."""
    return ".".join(path.relative_to(LIB).with_suffix("").parts).removesuffix(".__init__")


MODULES = {name_of(path): path for path in LIBRARY}
BESIDE = {(path.parent, path.stem): path for path in WITHOUT_BOOK}


def package_of(path: Path) -> list[str]:
    """Parts of the name of the package that a file lies in."""
    return list(path.relative_to(LIB).parent.parts) if LIB in path.parents else []


def imported(node: ast.AST, path: Path) -> list[str]:
    """Dotted names that an import statement may load; some are of what a module holds."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        package = package_of(path)
        start = package[: len(package) - node.level + 1] if node.level else []
        origin = ".".join([*start, *filter(None, [node.module])])
        return [f"{origin}.{alias.name}" for alias in node.names]
    return []


@cache
def neighbours(path: Path) -> frozenset[Path]:
    """Files of the library, and modules beside a test, that a file imports; `solvable` itself is a mere door."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        for name in imported(node, path):
            found |= {BESIDE.get((path.parent, name.partition(".")[0])), *loaded(name)}
    return frozenset(found - {None})


def loaded(name: str) -> list[Path]:
    """Files of the library that are loaded with a dotted name: the module and the packages that it lies in."""
    parts = name.split(".")
    above = [".".join(parts[:count]) for count in range(2, len(parts) + 1)]
    return [MODULES[one] for one in above if one in MODULES]


@cache
def reach(start: Path) -> set[Path]:
    """All files that an import of this one loads."""
    seen, ahead = set(), [start]
    while ahead:
        if (path := ahead.pop()) not in seen:
            seen.add(path)
            ahead += neighbours(path)
    return seen


def git(*command: str) -> list[str]:
    """Lines that a git command prints."""
    return subprocess.run(["git", *command], cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()


def base() -> str:
    """Where this branch left main; on main, what the remote has of it."""
    known = git("for-each-ref", "--format=%(refname:short)", "refs/heads/main", "refs/remotes/origin/main")
    on_main = git("branch", "--show-current") == ["main"]
    main = next((ref for ref in known if not (on_main and ref == "main")), "HEAD")
    return git("merge-base", "HEAD", main)[0]


def affected(changed: set[Path]) -> list[Path]:
    """Test files that reach a changed file; all of them where the settings of all tests changed."""
    tests = [path for path in WITHOUT_BOOK if path.name.startswith("test_") and path not in WALKERS]
    if changed & {TESTS / "conftest.py", ROOT / "pyproject.toml", ROOT / "constraints.txt"}:
        return [*tests, *WALKERS]
    walked = WALKERS if changed & set(LIBRARY) else [path for path in WALKERS if path in changed]
    return [*(path for path in tests if reach(path) & changed), *walked]


def packages(changed: set[Path]) -> list[str]:
    """Packages, and modules beside them, that reach a changed file of the library; none stands for all."""
    found = {
        path.relative_to(LIB / "solvable").parts[0].removesuffix(".py") for path in LIBRARY if reach(path) & changed
    }
    return sorted(found - {"__init__"})


if __name__ == "__main__":
    since = sys.argv[1] if len(sys.argv) > 1 else base()
    names = git("diff", "--name-only", since) + git("ls-files", "--others", "--exclude-standard")
    differ = {ROOT / name for name in names}
    if tests := affected(differ):
        print(*(path.relative_to(ROOT) for path in tests), "--packages=" + ",".join(packages(differ)), sep="\n")
