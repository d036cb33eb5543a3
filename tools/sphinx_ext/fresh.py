"""No stale number: a page's cached outputs belong to one state of the library.

jupyter-cache knows a page by the text of its cells alone, so it would serve old outputs after an edit of the
library. Here the cache folder is named after everything else that a page's numbers depend on: the files of
``lib/``, the pins in ``constraints.txt`` and the Python version. As the folder is a Sphinx setting, a change
also makes Sphinx read every page again. What is to be executed is executed here, as many pages at a time as there
are cores, before Sphinx reads the pages one by one from the cache. After a build, ``execution.txt`` beside the site
says how many pages were executed and how long each took.
"""

import hashlib
import os
import platform
import shutil
from pathlib import Path

from jupyter_cache import get_cache
from jupyter_cache.executors import load_executor
from myst_nb.core.read import is_myst_markdown_notebook
from myst_nb.sphinx_ import NbMetadataCollector

SKIPPED = ("__pycache__", ".egg-info", ".mypy_cache")


def fingerprint(root: Path) -> str:
    """Hash of the library's files, the pins and the Python version: 16 hex digits."""
    files = [path for path in sorted((root / "lib").rglob("*")) if path.is_file()]
    files = [path for path in files if not any(part.endswith(SKIPPED) for part in path.parts)]
    digest = hashlib.sha256(platform.python_version().encode())
    for path in [*files, root / "constraints.txt"]:
        content = path.read_bytes() if path.exists() else b""
        digest.update(f"{path.relative_to(root)} {len(content)} ".encode() + content)
    return digest.hexdigest()[:16]


def key_the_cache(app, config):
    """Put the execution cache into a folder of its own for this state, and drop those of other states."""
    base = Path(config.nb_execution_cache_path or Path(app.outdir).parent / ".jupyter_cache").resolve()
    here = base / fingerprint(Path(app.srcdir))
    for old in base.glob("*"):
        if old.is_dir() and old != here:
            shutil.rmtree(old)
    config.nb_execution_cache_path = str(here)


def count_before(app):
    """Remember how many executions the cache held when the build began."""
    app.executions_before = len(get_cache(app.config.nb_execution_cache_path).list_cache_records())


def execute_together(app, env, docnames):
    """Execute the pages that the cache lacks, several at a time; one that fails is left for myst-nb to report."""
    cache = get_cache(app.config.nb_execution_cache_path)
    pages = [str(path) for path in map(env.doc2path, docnames) if is_myst_markdown_notebook(Path(path).read_text())]
    for page in pages:
        cache.add_nb_to_project(page, read_data={"name": "myst_nb_md", "type": "plugin"})
    executor = load_executor("local-parallel", cache)
    executor.run_and_cache(filter_uris=pages, timeout=app.config.nb_execution_timeout)


def report(app, exception):
    """Write how many pages were executed, and how long each took on the machine of the cache, slowest first."""
    executed = len(get_cache(app.config.nb_execution_cache_path).list_cache_records()) - app.executions_before
    seconds = {
        page: (NbMetadataCollector.get_exec_data(app.env, page) or {}).get("runtime") for page in app.env.all_docs
    }
    timed = sorted(((s, page) for page, s in seconds.items() if s is not None), reverse=True)
    lines = [
        f"{executed} of {len(timed)} executable pages were executed, the others came from the cache",
        f"Seconds, with {os.cpu_count()} pages at a time; by itself a page takes less:",
    ]
    lines += [f"{s:7.1f} s  {page}" for s, page in timed]
    (Path(app.outdir).parent / "execution.txt").write_text("\n".join(lines) + "\n")


def setup(app):
    """Register with Sphinx."""
    app.connect("config-inited", key_the_cache)
    app.connect("builder-inited", count_before)
    app.connect("env-before-read-docs", execute_together)
    app.connect("build-finished", report)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
