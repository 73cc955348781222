"""A notebook cache that cannot serve stale numbers, filled by as many kernels as there are cores.

Jupyter-cache looks at a notebook's code cells alone. Here the cache's folder is named after a hash
of ``code/``, ``data/``, the Python version and every installed package, so that a change in any of
them runs every chapter again. In the same way a change of styles or fonts, which Sphinx would leave
for the next page that changes, writes every page again.

Figures write the files that readers download while their chapter runs. These are kept within the
cache's folder, so that no notebook is taken from a cache without the files that it links to.
"""

import hashlib
import logging
import os
import platform
import shutil
import sys
from contextlib import contextmanager
from importlib.metadata import distributions
from pathlib import Path

from evisynth.results import DOWNLOADS

INPUTS = ("code", "data", "bench", "tests/reference", "CITATION.cff")
ASSETS = ("_static", "_extra", "_ext", "_templates")
IGNORED = ("__pycache__", ".ipynb_checkpoints")
BUILDERS = ("html", "dirhtml", "singlehtml", "latex")


def files_of(root, folders):
    for folder in folders:
        start = root / folder
        for path in sorted(start.rglob("*")) if start.is_dir() else [start]:
            passed_over = any(part in IGNORED or part.endswith(".egg-info") for part in path.parts)
            if path.is_file() and not passed_over:
                yield path


def fingerprint(root, folders, *notes):
    digest = hashlib.sha256("\n".join(notes).encode())
    for path in files_of(root, folders):
        digest.update(path.relative_to(root).as_posix().encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:12]


def installed():
    packages = {f"{found.name}=={found.version}" for found in distributions()}
    return [platform.python_version(), *sorted(packages)]


def key_cache(app, config):
    root = Path(app.confdir)
    cache = root / "_build" / ".jupyter_cache" / fingerprint(root, INPUTS, *installed())
    config.nb_execution_cache_path = str(cache)
    config.book_downloads = str(downloads_beside(cache))
    config.book_assets = fingerprint(root, ASSETS)
    os.environ[DOWNLOADS] = config.book_downloads  # kernels inherit it


def downloads_beside(cache):
    """The folder of the figures' files; a cache that lacks it is emptied."""
    downloads = cache / "downloads"
    if not downloads.is_dir():
        shutil.rmtree(cache, ignore_errors=True)
        downloads.mkdir(parents=True)
    return downloads


def is_text_notebook(path):
    return path.suffix == ".md" and "format_name: myst" in path.read_text("utf-8")[:500]


def add_to_project(cache, path):
    """Tell the cache of a notebook; returns whether the page is one."""
    if path.suffix == ".ipynb":
        cache.add_nb_to_project(str(path))
    elif is_text_notebook(path):
        cache.add_nb_to_project(str(path), read_data={"type": "plugin", "name": "myst_nb_md"})
    else:
        return False
    return True


def drop_unfinished(cache):
    """A notebook is recorded before it is written: who was killed in between left half of it."""
    for record in cache.list_cache_records():
        try:
            cache.get_cache_bundle(record.pk)
        except Exception:  # missing, or cut off, by whatever stage of reading it
            shutil.rmtree(Path(cache.path) / "executed" / record.hashkey, ignore_errors=True)
            type(record).remove_record(record.pk, cache.db)


@contextmanager
def muted_stderr():
    """Silence for processes too: each kernel warns of its own transport when it starts."""
    sys.stderr.flush()
    kept = os.dup(2)
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def warm(app):
    """Run the notebooks that the cache lacks, in parallel.

    One that fails here is run again by myst-nb, whose error names notebook and cell.
    """
    if app.config.nb_execution_mode != "cache" or app.builder.name not in BUILDERS:
        return
    from jupyter_cache import get_cache
    from jupyter_cache.executors import load_executor

    cache = get_cache(app.config.nb_execution_cache_path)
    drop_unfinished(cache)
    names = app.project.discover(app.config.exclude_patterns, app.config.include_patterns)
    pages = [Path(app.env.doc2path(name)) for name in sorted(names)]
    notebooks = [str(path) for path in pages if add_to_project(cache, path)]
    quiet = logging.getLogger("bookcache")
    quiet.setLevel(logging.ERROR)
    executor = load_executor("local-parallel", cache, quiet)
    if executor.get_records(filter_uris=notebooks):
        with muted_stderr():
            executor.run_and_cache(filter_uris=notebooks, timeout=app.config.nb_execution_timeout)


def setup(app):
    app.add_config_value("book_assets", "", "html")
    app.add_config_value("book_downloads", "", "")
    app.connect("config-inited", key_cache, priority=900)
    app.connect("builder-inited", warm, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
