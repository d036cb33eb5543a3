"""Pages are executed here, several at a time and the longest first, before Sphinx reads them one by one from the cache.

Nothing that a page shows may depend on time, load or terminal. So its kernel shows no bars and draws in line, what it
writes to stderr (alarms of a slow compiler, warnings) is reported and not shown, and only a page that hangs runs
out of time. After a build, ``execution.txt`` beside the site says how long each page and each explorer took.
"""

import json
import os
import re
import time
from multiprocessing.pool import ThreadPool
from pathlib import Path

from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from jupyter_cache.executors.utils import single_nb_execution
from myst_nb.core.read import is_myst_markdown_notebook
from sphinx.util import logging
from traitlets.config import Config

PAGE, EXPLORER, BOOK = 30, 5, 480
"""Budgets in seconds, on two quiet cores: of a page by itself, of an explorer, of the whole book from nothing."""

KERNELS = {"SOLVABLE_BOOK": "1", "TF_CPP_MIN_LOG_LEVEL": "3", "PJRT_NPROC": "1", "OMP_NUM_THREADS": "1"}
"""What kernels inherit: explorers write data instead of widgets, and no bars; no alarms of a slow compiler; one thread.

There are as many kernels as cores, and threads that wait for cores double the time. Nor do digits depend on the cores.
"""

PRIVATE = Config(KernelManager={"transport_encryption": "auto"})
"""Other users of the machine cannot listen to a kernel; without it, each kernel says so in the build's output."""

log = logging.getLogger(__name__)


def announce(app, config):
    """Tell the kernels, those that myst-nb starts too, that the book is being built."""
    os.environ.update(KERNELS)
    os.environ.pop("MPLBACKEND", None)
    config.nb_output_stderr = "remove"


def cores():
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def remembered(site):
    """Seconds that each page took when it was executed last, as far as is known: beside the site, not in the cache."""
    try:
        return dict(json.loads(Path(site).with_name("seconds.json").read_text()))
    except (OSError, ValueError):
        return {}


def begin(app):
    """Remember when the build began, and what the cache held."""
    app.began, app.executed_before = time.time(), set(records(app))


def records(app):
    """What the cache holds: (hash, time of execution) -> record, the latest last."""
    found = get_cache(app.config.nb_execution_cache_path).list_cache_records()
    return {(record.hashkey, record.created): record for record in sorted(found, key=lambda record: record.created)}


def execute_together(app, env, docnames):
    """Execute the pages that the cache lacks; one that fails is left for myst-nb to report."""
    cache, seconds = get_cache(app.config.nb_execution_cache_path), remembered(app.outdir)
    seconds = {env.doc2path(name): seconds.get(name) for name in docnames}
    pages = [file for file in seconds if is_myst_markdown_notebook(Path(file).read_text(encoding="utf-8"))]
    for page in pages:
        cache.add_nb_to_project(page, read_data={"name": "myst_nb_md", "type": "plugin"})
    waiting = [record.uri for record in cache.list_unexecuted(pages)]
    notebooks = [cache.get_project_notebook(page) for page in longest_first(waiting, seconds)]
    with ThreadPool(cores()) as pool:  # of kernels; only this process writes to the cache
        for page, took in pool.imap_unordered(lambda page: execute(page, app.config.nb_execution_timeout), notebooks):
            if took is not None:
                bundle = CacheBundleIn(page.nb, page.uri, data={"execution_seconds": took})
                cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)


def longest_first(pages, seconds):
    """In this order no core is left with a long page at the end; what was never timed may be long."""
    return sorted(pages, key=lambda page: -(seconds.get(page) or float("inf")))


def execute(page, timeout):
    """Fill in the outputs of a notebook; with it come the seconds, or None where it failed."""
    patience = {"startup_timeout": timeout, "iopub_timeout": timeout, "raise_on_iopub_timeout": True}
    folder = str(Path(page.uri).parent)
    try:
        done = single_nb_execution(page.nb, folder, timeout, allow_errors=False, config=PRIVATE, **patience)
    except Exception as error:  # the kernel did not start, or died
        log.info("%s: %s", page.uri, error)
        return page, None
    return page, None if done.err else done.time


def outputs(app, record):
    """Every output of a page's cells, as they were executed."""
    notebook = get_cache(app.config.nb_execution_cache_path).get_cache_bundle(record.pk).nb
    return [output for cell in notebook.cells for output in cell.outputs]


def explorers(shown):
    """(name, seconds) of each explorer among a page's outputs, from its grey line."""
    html = "".join(output.get("data", {}).get("text/html", "") for output in shown)
    return re.findall(r'<figure class="explorer" id="explore-([\w-]+)".*?settings in ([\d.]+) s on', html, re.DOTALL)


def report(app, exception):
    """Write how many pages were executed and what took long, and remember it for the order of the next build."""
    found = records(app)
    latest = {app.project.path2doc(record.uri): record for record in found.values()}
    seconds = {page: record.data["execution_seconds"] for page, record in latest.items()}
    memory = Path(app.outdir).with_name("seconds.json")
    memory.write_text(json.dumps(remembered(app.outdir) | seconds, indent=1))
    pages = {page: seconds[page] for page in sorted(app.env.found_docs & seconds.keys())}
    shown = {page: outputs(app, latest[page]) for page in pages}
    live = {f"{name} in {page}": float(took) for page in pages for name, took in explorers(shown[page])}
    over = slow("page", pages, PAGE) + slow("explorer", live, EXPLORER)
    executed, took = len(found.keys() - app.executed_before), time.time() - app.began
    lines = [
        f"{executed} of {len(pages)} executable pages were executed, the others came from the cache",
        f"The build took {took:.0f} s; from nothing, on two quiet cores, it may take {BOOK}",
        *(over or [f"No page took more than {PAGE} s, no explorer more than {EXPLORER} s"]),
        f"Seconds of each page, with {cores()} at a time; by itself a page takes less:",
        *listed(pages),
        "Seconds of each explorer, within its page:",
        *listed(live),
        *(f"{page} wrote to stderr: {text}" for page in pages for text in complaints(shown[page])),
    ]
    Path(app.outdir).with_name("execution.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    log.info("\n".join(lines))


def slow(kind, seconds, budget):
    """A line for each that is over its budget."""
    return [f"Over the budget of {budget} s: {kind} {name}, {s:.0f} s" for name, s in ranked(seconds) if s > budget]


def listed(seconds):
    """A line for each."""
    return [f"{s:7.1f} s  {name}" for name, s in ranked(seconds)]


def ranked(seconds):
    """(name, seconds), the longest first."""
    return sorted(seconds.items(), key=lambda item: -item[1])


def complaints(shown):
    """What the cells of a page wrote to stderr."""
    return [output.text.strip() for output in shown if output.get("name") == "stderr"]


def setup(app):
    """Register with Sphinx."""
    app.connect("config-inited", announce)
    app.connect("builder-inited", begin)
    app.connect("env-before-read-docs", execute_together)
    app.connect("build-finished", report)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
