"""Refresh `book/_static/vendor`: other people's scripts and fonts, so that a page asks no other host.

Run ``python tools/vendor.py`` (needs npm; a reader's machine and CI do not). Every package is packed at its
pinned version, its sha512 is checked against the registry's metadata and the pin below, and the files listed
are copied with their licence. For a newer version change the pin: the program says which hash it found.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

VENDOR = Path(__file__).parents[1] / "book" / "_static" / "vendor"


@dataclass(frozen=True)
class Package:
    """A package, and what is taken from it.

    Attributes:
      name, version, integrity: the pin.
      folder: where its files go, under `VENDOR`.
      files: paths or folders in the package -> names in `folder`.
      use: what the book needs it for.
    """

    name: str
    version: str
    integrity: str
    folder: str
    files: dict[str, str]
    use: str


PACKAGES = (
    Package(
        "d3",
        "7.9.0",
        "sha512-e1U46jVP+w7Iut8Jt8ri1YsPOvFpg46k+K8TpCb0P+zjCkjkPnV7WzfDJzMHy1LnA+wj5pLT1wjO901gLXeEhA==",
        "plot",
        {
            "dist/d3.min.js": "d3.min.js",
            "LICENSE": "LICENSE-d3",
        },
        "scales and shapes, under Plot",
    ),
    Package(
        "@observablehq/plot",
        "0.6.17",
        "sha512-/qaXP/7mc4MUS0s4cPPFASDRjtsWp85/TbfsciqDgU1HwYixbSbbytNuInD8AcTYC3xaxACgVX06agdfQy9W+g==",
        "plot",
        {
            "dist/plot.umd.min.js": "plot.umd.min.js",
            "LICENSE": "LICENSE-plot",
        },
        "the charts of explorers",
    ),
    Package(
        "interval-tree-1d",
        "1.0.4",
        "sha512-wY8QJH+6wNI0uh4pDQzMvl+478Qh7Rl4qLmqiluxALlNvl+I+o5x38Pw3/z7mDPTPS1dQalZJXsmbvxx5gclhQ==",
        "plot",
        {
            "LICENSE": "LICENSE-interval-tree-1d",
        },
        "inside Plot's file",
    ),
    Package(
        "binary-search-bounds",
        "2.0.5",
        "sha512-H0ea4Fd3lS1+sTEB2TgcLoK21lLhwEJzlQv3IN47pJS976Gx4zoWe0ak3q+uYh60ppQxg9F16Ri4tS1sfD4+jA==",
        "plot",
        {
            "LICENSE": "LICENSE-binary-search-bounds",
        },
        "inside Plot's file",
    ),
    Package(
        "isoformat",
        "0.2.1",
        "sha512-tFLRAygk9NqrRPhJSnNGh7g7oaVWDwR0wKh/GM2LgmPa50Eg4UfyaCO4I8k6EqJHl1/uh2RAD6g06n5ygEnrjQ==",
        "plot",
        {
            "LICENSE": "LICENSE-isoformat",
        },
        "inside Plot's file",
    ),
    Package(
        "mathjax",
        "3.2.2",
        "sha512-Bt+SSVU8eBG27zChVewOicYs7Xsdt40qm4+UpHyX7k0/O9NliPc+x77k1/FEsPsjKPZGJvtRZM1vO+geW0OhGw==",
        "mathjax",
        {
            # what equations need, and no menu, which weighs two fifths of the whole
            "es5/startup.js": "startup.js",
            "es5/core.js": "core.js",
            "es5/input/tex.js": "input/tex.js",
            "es5/output/chtml.js": "output/chtml.js",
            "es5/output/chtml/fonts/tex.js": "output/chtml/fonts/tex.js",
            "es5/a11y/assistive-mml.js": "a11y/assistive-mml.js",
            "es5/output/chtml/fonts/woff-v2": "output/chtml/fonts/woff-v2",
            "es5/input/tex/extensions": "input/tex/extensions",
            "LICENSE": "LICENSE",
        },
        "equations",
    ),
)


def fetch(package: Package) -> tarfile.TarFile:
    """The package's archive, once its hash agrees with the registry's metadata and with the pin."""
    spec = f"{package.name}@{package.version}"
    with tempfile.TemporaryDirectory() as folder:
        answer = subprocess.run(
            ["npm", "pack", spec, "--json", "--ignore-scripts"], cwd=folder, check=True, capture_output=True
        )
        (about,) = json.loads(answer.stdout)
        content = Path(folder, about["filename"].replace("@", "").replace("/", "-")).read_bytes()
    view = subprocess.run(["npm", "view", spec, "dist.integrity"], check=True, capture_output=True, text=True)
    found = "sha512-" + base64.b64encode(hashlib.sha512(content).digest()).decode()
    for source, wanted in (("the registry's metadata", view.stdout.strip()), ("the pin", package.integrity)):
        if found != wanted:
            sys.exit(f"{spec}: the archive's hash is\n  {found}\nbut {source} says\n  {wanted or 'nothing'}")
    return tarfile.open(fileobj=io.BytesIO(content))


def copy(package: Package, archive: tarfile.TarFile) -> None:
    """Write the package's files."""
    members = {member.name.removeprefix("package/"): member for member in archive if member.isfile()}
    for source, target in package.files.items():
        inside = [name for name in members if name == source or name.startswith(source + "/")]
        if not inside:
            sys.exit(f"{package.name}@{package.version} has no {source}")
        for name in inside:
            path = VENDOR / package.folder / (target + name.removeprefix(source))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(archive.extractfile(members[name]).read())


def weight(folder: Path) -> int:
    """Bytes of all files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def readme() -> str:
    """What stands in the folder, for those who find it."""
    rows = [f"| {p.name} | {p.version} | {p.use} | `{p.folder}/` | `{p.integrity[:24]}…` |" for p in PACKAGES]
    folders = sorted({p.folder for p in PACKAGES})
    sizes = ", ".join(f"{folder}/ {weight(VENDOR / folder) / 1e6:.2f} MB" for folder in folders)
    return "\n".join([
        "# Other people's files",
        "",
        "Written by `tools/vendor.py`; do not edit. Each package's licence stands beside its files.",
        "The pages load these instead of asking another host, and only what they use: MathJax where there",
        "is an equation (and of its fonts the few that it needs), d3 and Plot where there is an explorer.",
        "",
        "| package | version | for | where | sha512 |",
        "| --- | --- | --- | --- | --- |",
        *rows,
        "",
        f"Together {weight(VENDOR) / 1e6:.1f} MB: {sizes}.",
        "",
    ])  # fmt: skip


def main() -> None:
    """Fetch everything first, so that a failure leaves the folder as it was."""
    archives = [(package, fetch(package)) for package in PACKAGES]
    shutil.rmtree(VENDOR, ignore_errors=True)
    for package, archive in archives:
        copy(package, archive)
    (VENDOR / "README.md").write_text(readme(), encoding="utf-8")
    print(f"{VENDOR}: {weight(VENDOR) / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
