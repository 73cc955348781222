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
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager, suppress
from importlib.metadata import distributions
from pathlib import Path
from threading import Lock, Thread
from time import monotonic, sleep

from evisynth.results import DOWNLOADS, RESULTS_FOLDER

INPUTS = ("code", "data", "bench", "tests/reference", "CITATION.cff")
ASSETS = ("_static", "_extra", "_ext", "_templates")
IGNORED = ("__pycache__", ".ipynb_checkpoints")
PROGRESS = "BOOK_PROGRESS"  # number of the open file that progress is written to
ONE_CORE = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
MAKE_RESULTS = """
import sys
from evisynth.evidence.base import load_evidence
from evisynth.results import write_results
write_results(load_evidence(sys.argv[1]), sys.argv[2])
"""
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
    """Silence for kernels too: each warns of its own transport when it starts."""
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
    quiet.setLevel(logging.CRITICAL)
    executor = load_executor("local-serial", cache, quiet)
    if records := executor.get_records(filter_uris=notebooks, clear_tracebacks=True):
        with muted_stderr():
            data = Path(app.confdir) / "data"
            run_all(cache, records, app.config.nb_execution_timeout, data)


def run_all(cache, records, timeout, data):
    """Run notebooks, as many at once as there are cores, and keep those that raise nothing.

    The longest files go first: a long chapter that begins last would run alone. Each has a kernel,
    a process of its own, which computes on one core.
    """
    os.environ |= dict.fromkeys(ONE_CORE, "1")
    records = sorted(records, key=lambda record: -Path(record.uri).stat().st_size)
    said = Progress([Path(record.uri).stem for record in records])
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        pool.submit(make_results, Path(cache.path), data)
        running = {pool.submit(run_one, cache, record, timeout, said): record for record in records}
        for done in as_completed(running):
            found = done.result()
            if found is not None:
                cache.cache_notebook_bundle(found, check_validity=False, overwrite=True)


def make_results(cache, data):
    """The files of results beside the chapters', whole or not at all; see ``results``."""
    made, part = cache / RESULTS_FOLDER, cache / f"{RESULTS_FOLDER}.part"
    if made.exists():
        return
    shutil.rmtree(part, ignore_errors=True)
    command = [sys.executable, "-c", MAKE_RESULTS, str(data), str(part)]
    if subprocess.run(command, capture_output=True, check=False).returncode == 0:
        part.rename(made)


def run_one(cache, record, timeout, said):
    """One notebook as the cache keeps it; None of one that raised, or could not be run."""
    from jupyter_cache.executors.utils import create_cache_bundle, single_nb_execution

    name = Path(record.uri).stem
    said.began(name)
    try:
        notebook = cache.get_project_notebook(record.pk)
        folder = str(Path(record.uri).parent)
        found = single_nb_execution(notebook.nb, folder, timeout, allow_errors=False)
        if found.err:
            return None
        return create_cache_bundle(notebook, found.cwd, None, found.time, found.exc_string)
    except Exception:  # myst-nb runs it again, and names what is wrong
        return None
    finally:
        said.ended(name)


class Progress:
    """Which chapters run, how many are done and in how many seconds, for whoever builds.

    A line for each that ends; on a terminal also one that is rewritten each second. It goes to the
    file that the build names, since all that Sphinx says is kept for a fault.
    """

    def __init__(self, names):
        self.names, self.done, self.since = names, 0, {}
        self.out = int(os.environ.get(PROGRESS, -1))
        self.live, self.lock = self.out >= 0 and os.isatty(self.out), Lock()
        if self.live:
            Thread(target=self._tick, daemon=True).start()

    def began(self, name):
        with self.lock:
            self.since[name] = monotonic()

    def ended(self, name):
        with self.lock:
            self.done += 1
            seconds = monotonic() - self.since.pop(name)
            self._write(f"{self.done} of {len(self.names)}: {name}, {seconds:.0f} s", "\n")

    def _tick(self):
        while self.done < len(self.names):
            with self.lock:
                running = (f"{name} ({monotonic() - t:.0f} s)" for name, t in self.since.items())
                text = f"{self.done} of {len(self.names)} done; running {', '.join(running)}"
                self._write(text, "")
            sleep(1)

    def _write(self, text, end):
        if self.out < 0:
            return
        if self.live:
            columns = shutil.get_terminal_size().columns - 1
            text = f"\r\x1b[K{text[:columns]}"
        with suppress(OSError):  # whoever reads it may be gone
            os.write(self.out, f"{text}{end}".encode())


def setup(app):
    app.add_config_value("book_assets", "", "html")
    app.add_config_value("book_downloads", "", "")
    app.connect("config-inited", key_cache, priority=900)
    app.connect("builder-inited", warm, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
