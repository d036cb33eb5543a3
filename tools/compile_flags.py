"""Print the XLA flags with which `make book` and `make test` compile, those alone that the installed XLA knows.

Most of the time of a page or a fast test is compilation, so compile less well, to the same numbers but for rounding.
An unknown flag ends a process before it has begun, so each is tried in one of its own.
"""

import os
import subprocess
import sys

FLAGS = (
    "--xla_backend_optimization_level=1",
    "--xla_cpu_use_fusion_emitters=false",
    "--xla_cpu_parallel_codegen_split_count=1",
)


def known(flag: str) -> bool:
    """Whether a process with this flag lives to see its devices."""
    alone = [sys.executable, "-c", "import jax; jax.devices()"]
    return subprocess.run(alone, env=os.environ | {"XLA_FLAGS": flag}, stderr=subprocess.DEVNULL).returncode == 0


if __name__ == "__main__":
    print(*filter(known, FLAGS))
