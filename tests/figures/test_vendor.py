"""What the pages load from others stands in the repository, with licences, as `tools/vendor.py` says."""

import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
VENDOR = ROOT / "book" / "_static" / "vendor"


@pytest.fixture(scope="module")
def program():
    return runpy.run_path(str(ROOT / "tools" / "vendor.py"))


def test_every_pinned_package_has_its_files_and_licence(program):
    for package in program["PACKAGES"]:
        targets = [VENDOR / package.folder / target for target in package.files.values()]
        assert all(target.exists() for target in targets), package.name
        (licence,) = [target for target in targets if target.name.startswith("LICENSE")]
        assert re.search("MIT|ISC|Apache|Permission", licence.read_text()), package.name
        assert len(package.integrity) == len("sha512-") + 88


def test_nothing_else_stands_there_and_the_readme_is_current(program):
    known = {"README.md"} | {
        f"{package.folder}/{target}" for package in program["PACKAGES"] for target in package.files.values()
    }
    files = [path.relative_to(VENDOR).as_posix() for path in VENDOR.rglob("*") if path.is_file()]
    assert [file for file in files if not any(file == k or file.startswith(k + "/") for k in known)] == []
    assert (VENDOR / "README.md").read_text().split("Together")[0] == program["readme"]().split("Together")[0]


def test_the_charts_weigh_little(program):
    assert program["weight"](VENDOR / "plot") < 1.2e6
