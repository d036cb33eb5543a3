"""Environments: a Python that runs, flags that XLA knows, a library that moves nothing, and tests by what changed."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement

sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))
import affected
import compile_flags
import platforms

ROOT = Path(__file__).parents[2]
PINS = [Requirement(line) for line in (ROOT / "constraints.txt").read_text().splitlines()]


def script(path: Path, text: str):
    """An executable file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def create(folder: Path, path: list[Path], **environment: str) -> subprocess.CompletedProcess:
    """Create an environment with these folders in front of the usual programs."""
    places = [*map(str, path), "/usr/bin", "/bin"]
    environment = {"PATH": ":".join(places), "PYENV_ROOT": str(folder / "nothing"), "HOME": str(folder)} | environment
    command = ["sh", ROOT / "tools" / "create_venv.sh", folder / "made", "-r", os.devnull]
    return subprocess.run(command, env=environment, capture_output=True, text=True)


def test_a_name_that_answers_not_found_is_passed_over(tmp_path):
    """As pyenv's shims do; the same name further down the path runs."""
    for name in ("python3.13", "python3.12", "python3.11", "python3", "python"):
        script(tmp_path / "shims" / name, 'echo "pyenv: command not found" >&2; exit 127')
    script(tmp_path / "real" / "python3.12", f'exec "{sys.executable}" "$@"')
    done = create(tmp_path, [tmp_path / "shims", tmp_path / "real"], PYTHON="python3.12")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "made" / "bin" / "python").exists()


def test_without_a_python_that_runs_it_says_what_to_install(tmp_path):
    done = create(tmp_path, [], PYTHON="python9.9")
    assert done.returncode == 1
    assert "No Python 3.11 or newer with venv was found under the name python9.9" in done.stderr


def test_flags_are_those_that_the_installed_xla_knows():
    assert not compile_flags.known("--xla_no_such_flag=true")
    assert compile_flags.known("--xla_backend_optimization_level=1")


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13", "3.14"])
def test_every_python_has_one_pin_for_each_package(python):
    chosen = [pin.name for pin in PINS if pin.marker is None or pin.marker.evaluate({"python_version": python})]
    assert sorted(chosen) == sorted({pin.name for pin in PINS})


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The library as Colab installs it, built from a copy."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    shutil.copytree(ROOT / "lib", source / "lib", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    for name in ("pyproject.toml", "README.md", "LICENSE", "LICENSE-text"):
        shutil.copy(ROOT / name, source)
    build = ["pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "--no-index", "-w", folder, source]
    subprocess.run([sys.executable, "-m", *map(str, build)], check=True)
    return next(folder.glob("*.whl"))


def test_the_library_moves_nothing_of_a_platform_that_has_jax_and_numpy(wheel, tmp_path):
    """pip, asked to bring everything up to date that the library needs, would install the library alone."""
    report = tmp_path / "report.json"
    ask = ["pip", "install", "--dry-run", "--no-index", "--force-reinstall", "--no-deps", "--report", report, wheel]
    subprocess.run([sys.executable, "-m", *map(str, ask)], check=True, capture_output=True)
    needs = json.loads(report.read_text())["install"][0]["metadata"]["requires_dist"]
    needed = [Requirement(line) for line in needs if "extra ==" not in line]
    assert {one.name for one in needed} >= {"jax", "numpy"}
    assert all({clause.operator for clause in one.specifier} == {">="} for one in needed), "floors alone move nothing"
    ask = ["pip", "install", "--dry-run", "--no-index", "--quiet", "--report", report, wheel]
    done = subprocess.run([sys.executable, "-m", *map(str, ask)], capture_output=True, text=True)
    assert done.returncode == 0, f"something is missing that would be downloaded: {done.stderr}"
    assert {one["metadata"]["name"] for one in json.loads(report.read_text())["install"]} <= {"solvable"}


def changed(*files: str) -> set[str]:
    """Tests that a change of these files can break."""
    paths = affected.affected({ROOT / file for file in files})
    return {str(path.relative_to(ROOT / "tests")) for path in paths}


def test_a_change_in_one_package_asks_its_tests_and_those_of_what_stands_on_it():
    kernels = changed("lib/solvable/kernels/theory.py")
    assert {"kernels/test_theory.py", "meanfield/test_two_layers.py", "exercises/test_lazy_rich.py"} <= kernels
    assert not any(name.startswith(("spinglass/", "primer/", "book/", "site/")) for name in kernels)


@pytest.mark.parametrize("module", ["fits.py", "spinglass/aging.py", "posterior/modes.py"])
def test_what_walks_all_public_names_is_asked_for_what_can_change(module):
    """The hostile table among them, whatever it imports by itself."""
    assert {"test_hostile.py", "project/test_vocabulary.py", "project/test_layout.py"} <= changed(
        f"lib/solvable/{module}"
    )
    assert changed("tests/test_fits.py").isdisjoint({"test_hostile.py"})
    stand = affected.packages({ROOT / "lib" / "solvable" / module})
    assert module.partition("/")[0].removesuffix(".py") in stand
    assert "parameterizations" not in stand


def test_walkers_are_asked_for_these_packages_alone():
    ask = [sys.executable, "-m", "pytest", "-v", "--collect-only", "-p", "no:cacheprovider", "--packages=fits"]
    done = subprocess.run([*ask, "tests/project/test_vocabulary.py"], cwd=ROOT, capture_output=True, text=True)
    paths = re.findall(r"\[([a-z_]+)\.", done.stdout)
    assert set(paths) == {"fits"}, done.stdout + done.stderr


def test_a_changed_test_or_module_beside_it_is_asked():
    assert changed("tests/test_fits.py") == {"test_fits.py"}
    assert "exercises/test_core.py" in changed("tests/exercises/answering.py")
    assert changed("book/intro.md") == set()
    assert len(changed("tests/conftest.py")) > 40


def test_a_module_of_a_package_asks_a_test_of_that_package():
    for module in affected.LIBRARY:
        folder = ROOT / "tests" / module.relative_to(affected.LIB / "solvable").parts[0]
        if list(folder.glob("test_*.py")):
            assert any(path.parent == folder for path in affected.affected({module})), module


def test_commits_are_checked_by_the_same_commands():
    run = [Path(sys.executable).with_name("pre-commit"), "validate-config"]
    done = subprocess.run(run, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    targets = (ROOT / "Makefile").read_text()
    hooks = (ROOT / ".pre-commit-config.yaml").read_text()
    assert "repo: local" in hooks
    for command in ("style", "check"):
        assert f"entry: make {command}\n" in hooks
        assert f"\n{command}: " in targets


def test_the_table_of_platforms_keeps_the_newest_run(monkeypatch):
    monkeypatch.setattr(platforms, "has_wheel", lambda *_: True)
    old = ("`make test`", "3.13.0", "0.12", "2.5", "1.18", "3.11", "10", "0", "0", "Linux", "2026-01-01")
    new = (*old[:6], "11", *old[7:-1], "2026-01-02")
    other = ("`make test`", "3.11.7", *old[2:])
    text = platforms.table([new, other, old])
    assert platforms.rows(text) == sorted([new, other])
    assert platforms.rows(platforms.table(platforms.rows(text))) == platforms.rows(text)
    assert "macOS on Intel" in text
