"""Print pip requirements for `make test-floor` (oldest) and `make test-newest` (newest).

python tools/ends.py oldest|newest: the library with the oldest, or the newest, versions that pyproject.toml allows;
what tests it is pinned.
"""

import sys
import tomllib
from pathlib import Path

TOOLS = ("pytest", "pytest-timeout", "pytest-xdist", "beartype", "hypothesis", "mpmath")

project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
pins = Path("constraints.txt").read_text().splitlines()
allowed = project["dependencies"] + project["optional-dependencies"]["data"]
end = {"oldest": lambda line: line.replace(">=", "=="), "newest": str}[sys.argv[1]]

print("-e .", *map(end, allowed), *(pin for pin in pins if pin.split("==")[0] in TOOLS), sep="\n")
