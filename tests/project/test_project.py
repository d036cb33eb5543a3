"""The files around the book agree with one another, and keep their promises."""

import ast
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
TRACKED = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True).stdout.split("\0")[:-1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def run(*command: str):
    """Run a Python module in the repository; fail with what it says if it is not content."""
    done = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        pytest.fail(done.stdout + done.stderr, pytrace=False)


def read(file: str) -> str:
    """Text of a file of the repository."""
    return (ROOT / file).read_text()


def names(requirements: list[str]) -> set[str]:
    """Distribution names, normalised, without versions and extras."""
    return {re.split(r"[\s<>=!\[;]", line)[0].lower().replace("_", "-") for line in requirements}


def extra(name: str) -> set[str]:
    """Distributions of an optional dependency, those it includes too."""
    found = set()
    for line in PROJECT["project"]["optional-dependencies"][name]:
        included = re.fullmatch(r"solvable\[(.+)\]", line)
        found |= extra(included[1]) if included else names([line])
    return found


def test_style():
    run("ruff", "check", "--output-format", "concise", ".")


def test_format():
    run("ruff", "format", "--check", "--output-format", "concise", ".")


def test_pages_are_written_in_the_oldest_python_that_we_allow():
    """Of their notebooks: a newer Python's syntax ends a build with an older one, and ours is the newest."""
    oldest = PROJECT["project"]["requires-python"].removeprefix(">=").replace(".", "")
    run("ruff", "check", "--isolated", "--target-version", f"py{oldest}", "--select", "E9", "notebooks")


CELL = re.compile(r"^(`{3,})\{code-cell\}[^\n]*\n(?:---\n.*?^---\n)?(?::[^\n]*\n)*(.*?)^\1 *$", re.M | re.S)
STRING = re.compile(r"""\s*(\w+=)?[rf]*(".*"|'.*')[,)]*""")


SOLUTION = re.compile(r"^(`{3,})python\n(.*?)^\1 *$", re.M | re.S)


def too_wide(text):
    """Lines of code cells and solutions over 78 columns, but for a string that stands alone on its line."""
    blocks = [*CELL.finditer(text), *SOLUTION.finditer(text)]
    lines = [line for block in blocks for line in block[2].splitlines()]
    return [line for line in lines if len(line) > 78 and not STRING.fullmatch(line)]


def test_code_on_pages_is_78_columns_wide():
    assert len(too_wide("```{code-cell} ipython3\n:tags: [hide]\n\n" + "x = 1 + " * 10 + "1\n```\n")) == 1
    wide = {page.name: too_wide(page.read_text()) for page in (ROOT / "book").rglob("*.md")}
    assert {page: lines for page, lines in wide.items() if lines} == {}


def test_nothing_stray_lies_at_the_top():
    """A test once saved a result into the folder where it ran, and the file was committed."""
    tops = {name.split("/")[0] for name in TRACKED}
    known = """ARCHITECTURE.md CHANGELOG.md CITATION.cff CONTRIBUTING.md LICENSE LICENSE-text Makefile README.md
        _config.yml _toc.yml assignments benchmarks book constraints.txt environment.yml lib notebooks
        pyproject.toml tests tools"""
    assert {name for name in tops if not name.startswith(".")} <= set(known.split())


def test_types():
    run("mypy")


FILES = [
    *(
        "README.md",
        "LICENSE",
        "LICENSE-text",
        "CITATION.cff",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "Makefile",
        "ARCHITECTURE.md",
    ),
    *("pyproject.toml", "constraints.txt", "environment.yml", "_config.yml", "_toc.yml", ".ci/run"),
]


@pytest.mark.parametrize("file", FILES)
def test_a_reader_finds(file):
    assert file in TRACKED
    assert len(read(file)) > 40


def test_one_version_everywhere():
    version = PROJECT["project"]["version"]
    assert ast.literal_eval(re.search(r"__version__ = (.*)", read("lib/solvable/_version.py"))[1]) == version
    assert yaml.safe_load(read("CITATION.cff"))["version"] == version
    assert re.search(r"^## \[(\d[^\]]*)\]", read("CHANGELOG.md"), re.MULTILINE)[1] == version
    assert PROJECT["tool"]["book"]["release"] == f"v{version}"


def test_the_package_sets_floors_only_so_that_it_never_moves_what_colab_has():
    dependencies = PROJECT["project"]["dependencies"] + PROJECT["project"]["optional-dependencies"]["data"]
    assert all(re.fullmatch(r"[a-z-]+>=[\d.]+", line) for line in dependencies), dependencies
    assert "jax>=0.7" in dependencies
    assert PROJECT["project"]["requires-python"] == ">=3.11"


def test_every_pin_is_exact_and_every_direct_dependency_is_pinned():
    lines = read("constraints.txt").splitlines()
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+(; .+)?", line) for line in lines)
    assert lines == sorted(lines, key=lambda line: line.lower().split("==")[0])
    assert names(PROJECT["project"]["dependencies"]) | extra("test") <= names(lines)


def test_conda_users_get_the_same_packages():
    environment = yaml.safe_load(read("environment.yml"))["dependencies"]
    pip = next(entry["pip"] for entry in environment if isinstance(entry, dict))
    assert pip == ["-c constraints.txt", "-e .[book]"]
    assert any(entry.startswith("python=3.1") for entry in environment if isinstance(entry, str))


FORBIDDEN = re.compile(
    r"\bpypi\.org|pythonhosted|registry\.npmjs|deb\.debian|(?<![\w.])/(root|work|home|opt/wheels|opt/pypi)/"
)


def test_no_tracked_file_names_a_registry_or_a_machine():
    text = [file for file in TRACKED if "_static/vendor/" not in file and (ROOT / file).is_file()]
    readable = {file: (ROOT / file).read_bytes().decode(errors="ignore") for file in text}
    found = [(file, match[0]) for file, content in readable.items() for match in FORBIDDEN.finditer(content)]
    assert [one for one in found if one[0] != "tests/project/test_project.py"] == []


IMPORT = """
import json, socket
def refuse(*_, **__):
    raise OSError("a connection was asked for")
socket.socket.connect = refuse
import jax
before = dict(jax.config.values)
import solvable
changed = {key for key, value in jax.config.values.items() if before.get(key) != value}
print(json.dumps(sorted(changed)))
"""


def test_import_changes_no_setting_and_asks_for_nothing():
    done = subprocess.run([sys.executable, "-c", IMPORT], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == []


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_actions_are_pinned_by_hash(workflow):
    used = re.findall(r"uses: *(\S+)(.*)", workflow.read_text())
    assert used
    for action, comment in used:
        assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", action), action
        assert re.fullmatch(r" +# v\d+\.\d+\.\d+", comment), f"{action}: say which version it is"


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_may_only_what_they_must(workflow):
    plan = yaml.safe_load(workflow.read_text())
    assert plan["permissions"] == {"contents": "read"}
    for name, job in plan["jobs"].items():
        expected = {"pages": "write", "id-token": "write"} if name == "deploy" else None
        assert job.get("permissions") == expected, name
        assert job["timeout-minutes"] <= 90, name
    checkouts = [step for job in plan["jobs"].values() for step in job["steps"] if "checkout" in step.get("uses", "")]
    assert checkouts
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


def test_there_are_workflows():
    assert {path.name for path in WORKFLOWS} == {"test.yml", "publish.yml", "weekly.yml"}
