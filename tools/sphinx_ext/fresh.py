"""No stale number, and no build that stays stuck.

jupyter-cache knows a page by the text of its cells alone, so it would serve old outputs after an edit of the
library. Here the cache folder is named after everything else that a page's numbers depend on: the code of
``lib/``, the pins in ``constraints.txt`` and the Python version. As the folder is a Sphinx setting, a change
also makes Sphinx read every page again.

A build that was cut, failed or warned leaves a mark: the next one reads every page again, and executes those that
warnings named. Builds of one folder wait for one another.
"""

import ast
import hashlib
import logging
import platform
import shutil
from pathlib import Path

from jupyter_cache import get_cache
from jupyter_cache.cache.db import NbCacheRecord
from sphinx.util.logging import is_suppressed_warning

SKIPPED = ("__pycache__", ".egg-info", ".mypy_cache")


def meaning(path: Path) -> bytes:
    """What a file does: Python without comments, docstrings and the numbers of lines, other files as they are."""
    content = path.read_bytes()
    if path.suffix != ".py":
        return content
    try:
        tree = ast.parse(content)
    except (SyntaxError, ValueError):  # the import of this file will say more
        return content
    for node in ast.walk(tree):
        if isinstance(body := getattr(node, "body", None), list):
            node.body = [statement for statement in body if not is_text(statement)]
    return ast.dump(tree).encode()


def is_text(statement: ast.stmt) -> bool:
    """Whether it is a string that stands alone: a docstring, or the words under a constant."""
    alone = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    return alone and isinstance(statement.value.value, str)


def fingerprint(root: Path) -> str:
    """Hash of what the library's files do, the pins and the Python version: 16 hex digits."""
    files = [path for path in sorted((root / "lib").rglob("*")) if path.is_file()]
    files = [path for path in files if not any(part.endswith(SKIPPED) for part in path.parts)]
    digest = hashlib.sha256(platform.python_version().encode())
    for path in [*files, root / "constraints.txt"]:
        content = meaning(path) if path.exists() else b""
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
    mend(here)


def mend(folder):
    """Drop what a cut build left half written; all of it where it cannot be read, as after another jupyter-cache."""
    try:
        cache = get_cache(folder)
        records = cache.list_cache_records()
        cache.list_project_records()
    except Exception:  # a database has many ways to say that it is none
        shutil.rmtree(folder)
        return
    whole = set()
    for record in records:
        try:
            cache.get_cache_bundle(record.pk)
            whole.add(record.hashkey)
        except Exception:  # no file, or half of one
            NbCacheRecord.remove_records([record.pk], cache.db)
    for notebook in Path(folder, "executed").glob("*"):
        if notebook.name not in whole:
            shutil.rmtree(notebook)


def wait_for_turn(folder):
    """Wait until no other build is at work in this folder. The turn ends with the file that comes back."""
    try:
        import fcntl
    except ImportError:  # on Windows there is none
        return None
    file = open(folder / ".turn", "w")  # noqa: SIM115
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print("Another build is at work in this folder: waiting for its end", flush=True)
        fcntl.flock(file, fcntl.LOCK_EX)
    return file


class Watch(logging.Handler):
    """A build from its first step to its last: its turn, its mark, and the pages that it warned about."""

    def __init__(self, app):
        super().__init__(logging.WARNING)
        self.app, self.folder = app, Path(app.outdir).parent
        self.mark, self.page, self.blamed, self.warned = self.folder / ".unfinished", None, set(), False

    def begin(self, app, config):
        """After a build that did not end well, forget what Sphinx read, so that it reads every page again."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.turn = wait_for_turn(self.folder)
        if self.mark.exists():
            Path(app.doctreedir, "environment.pickle").unlink(missing_ok=True)
        self.mark.touch()
        key_the_cache(app, config)

    def listen(self, app):
        """Hear every warning from here on."""
        logging.getLogger("sphinx").addHandler(self)

    def look_at(self, app, *page):
        """Remember the page at hand: it is to blame for an error, and for a warning that names none."""
        self.page = next(name for name in page if isinstance(name, str))

    def emit(self, record):
        """Note the page that a warning names."""
        kind = getattr(record, "type", None), getattr(record, "subtype", None)
        if is_suppressed_warning(*kind, self.app.config.suppress_warnings):
            return
        file = str(getattr(record, "location", None)).split(":")[0]
        named = self.app.project.path2doc(file)
        self.blamed.add(named if named in self.app.project.docnames else self.page)
        self.warned = True

    def end(self, app, exception):
        """Drop the outputs of the pages to blame; where there is no complaint, take the mark away."""
        cache = get_cache(app.config.nb_execution_cache_path)
        for page in filter(None, self.blamed | {self.page} if exception else self.blamed):
            records = NbCacheRecord.records_from_uri(app.project.doc2path(page, True), cache.db)
            NbCacheRecord.remove_records([record.pk for record in records], cache.db)
        if not (exception or self.warned):
            self.mark.unlink(missing_ok=True)


def setup(app):
    """Register with Sphinx."""
    app.setup_extension("sphinx_ext.execution")
    watch = Watch(app)
    app.connect("config-inited", watch.begin)
    app.connect("builder-inited", watch.listen)
    app.connect("source-read", watch.look_at)
    app.connect("doctree-resolved", watch.look_at)
    app.connect("build-finished", watch.end)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
