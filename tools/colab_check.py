"""Run notebooks the way Colab would: outside the repository, with what Colab has and a wheel of the library.

    python tools/colab_check.py notebooks/bottlenecks/*.ipynb [--jax 0.7.2] [--python python3.12]

The environment is kept under _build/colab-<hash of what is in it>. The wheel is built anew each time. While
the notebooks run no network is reachable, so a setup cell that misses the library fails.
"""

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PLATFORM = ["jax", "numpy", "scipy", "matplotlib", "scikit-learn", "optax", "tqdm", "ipykernel", "ipywidgets==7.7.1"]
RUNNER = ["nbclient", "nbformat"]
UNPINNED = {"ipywidgets", "widgetsnbextension", "jupyterlab_widgets"}  # Colab's are older than the book's
PRINT_VERSIONS = "from importlib.metadata import version as v; print(v('jax'), v('jaxlib'), v('numpy'))"


def call(*command, **environment):
    """Run a command; on failure show what it said and stop."""
    done = subprocess.run(list(map(str, command)), env=os.environ | environment, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return done.stdout.strip()


def build_wheel(folder):
    """A wheel of the library, built from a copy so that nothing left over from an older build gets in."""
    source = Path(folder, "source")
    shutil.copytree(ROOT / "lib", source / "lib", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    for name in filter(Path.is_file, (ROOT / "pyproject.toml", ROOT / "README.md", *ROOT.glob("LICENSE*"))):
        shutil.copy(name, source)
    call(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", folder, source)
    return next(Path(folder).glob("*.whl"))


def environment(python, jax):
    """The interpreter of an environment with Colab's packages, made on first use."""
    loose = UNPINNED | ({"jax", "jaxlib"} if jax else set())
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [pin for pin in pins if pin.split("==")[0] not in loose] + [f"jax=={jax}"] * bool(jax)
    wanted = PLATFORM + RUNNER
    key = hashlib.sha256(repr((wanted, pins, python)).encode()).hexdigest()[:10]
    folder = ROOT / "_build" / f"colab-{key}"
    if not (folder / "ready").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (folder / "constraints.txt").write_text("\n".join(pins) + "\n", encoding="utf-8")
        create = ROOT / "tools" / "create_venv.sh"
        call("sh", create, folder, *wanted, "-c", folder / "constraints.txt", PYTHON=python)
        (folder / "ready").touch()
    return folder / "bin" / "python"


def install_wheel(inner, wheel):
    """Install the library and whatever it still needs; the platform's jax and numpy must not move."""
    before = call(inner, "-c", PRINT_VERSIONS)
    call(inner, "-m", "pip", "uninstall", "-q", "-y", "solvable")
    call(inner, "-m", "pip", "install", "-q", wheel)
    after = call(inner, "-c", PRINT_VERSIONS)
    if before != after:
        sys.exit(f"installing the library moved jax, jaxlib, numpy from {before} to {after}")


def execute(paths):
    """Run the notebooks in this interpreter's environment and print a table; return 1 where one failed."""
    import nbclient
    import nbformat

    stopped = (nbclient.exceptions.CellExecutionError, nbclient.exceptions.CellTimeoutError)
    failed = 0
    print("seconds  notebook")
    for path in paths:
        notebook, start = nbformat.read(path, as_version=4), time.monotonic()
        client = nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3")
        try:
            client.execute()
            setup = next(cell for cell in notebook.cells if cell.cell_type == "code")
            told = "".join(output.get("text", "") for output in setup.outputs).strip()
        except (*stopped, nbclient.exceptions.DeadKernelError) as error:
            failed, told = 1, f"FAILED\n{error}"
        print(f"{time.monotonic() - start:7.1f}  {path}  {told}", flush=True)
    return failed


def check(notebooks, python, jax):
    """Build, install, copy the notebooks to a folder outside the repository, and run them there."""
    inner = environment(python, jax)
    with tempfile.TemporaryDirectory() as folder:
        install_wheel(inner, build_wheel(folder))
        place = Path(folder, "content")
        names = [f"{path.resolve().parent.name}/{path.name}" for path in notebooks]
        for name, path in zip(names, notebooks, strict=True):
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, place / name)
        ours = re.compile("PYTHON|JUPYTER|JPY|VIRTUAL_ENV|MPL|SOLVABLE|XLA")  # of this environment, not of a reader's
        clean = {name: value for name, value in os.environ.items() if not ours.match(name)}
        proxies = ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")
        nowhere = dict.fromkeys(proxies, "http://127.0.0.1:9")
        clean |= nowhere | {"PIP_NO_INDEX": "1", "PYTHONNOUSERSITE": "1", "JUPYTER_DATA_DIR": folder}
        return subprocess.run([inner, __file__, "--inside", *names], cwd=place, env=clean).returncode


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebooks", nargs="+", type=Path)
    parser.add_argument("--jax", help="a version of jax instead of the pinned one")
    parser.add_argument("--python", default="", help="the interpreter to start from; Colab's 3.13 where it is found")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        return execute(options.notebooks)
    return check(options.notebooks, options.python, options.jax)


if __name__ == "__main__":
    sys.exit(main())
