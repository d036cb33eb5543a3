"""Print the oldest versions that pyproject.toml allows, as pip requirements, for `make test-floor`."""

import tomllib
from pathlib import Path

project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
pins = dict(line.split("==") for line in Path("constraints.txt").read_text().splitlines() if "==" in line)

print("-e .")
for requirement in project["dependencies"] + project["optional-dependencies"]["data"]:
    print(requirement.replace(">=", "=="))
for tool in ("pytest", "pytest-timeout", "pytest-xdist", "beartype", "hypothesis", "mpmath"):
    print(f"{tool}=={pins[tool]}")
