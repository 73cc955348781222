"""Build the book: one build at a time, what is wrong listed first, and each fault in one message.

``python -m evisynth.book`` checks the pages, then has Jupyter Book build the site in ``_build``.
"""

from __future__ import annotations

import argparse
import errno
import hashlib
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager, suppress
from importlib.metadata import distributions
from pathlib import Path
from threading import Thread

from evisynth.command import run
from evisynth.errors import EvisynthError
from evisynth.output import write_text
from evisynth.pages.faults import Fault

BUILD, LOG, LOCK = "_build", "_build/build.log", "_build/.building"
UNFINISHED, BUILT = "_build/.unfinished", "_build/.built"
# Never read by a build; the tools' own folders come and go beside it.
NO_INPUT = frozenset(
    {BUILD, ".venv", ".git", ".pytest_cache", ".ruff_cache", ".hypothesis", "__pycache__",
     ".ipynb_checkpoints", ".coverage"}
)  # fmt: skip
PROGRESS = "BOOK_PROGRESS"  # see _ext/bookcache.py
_LINGERING = 10  # seconds that kernels take to see that their parent is gone
COMMAND = "from jupyter_book.cli.main import main; main()"
OPTIONS = ("-W", "-n", "--keep-going", "-q")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_MESSAGE = re.compile(
    r"(?:(?P<path>/.+?|[^\s:|\[]+?)(?::(?P<line>\d+))?: )?(?:WARNING|ERROR|CRITICAL|SEVERE): "
    r"(?P<what>.+?)(?: \[(?P<kind>[a-z]\w*(?:\.\w+)?)\])?"
)
_FAILED, _TRACEBACK = "Executing notebook failed", "Notebook exception traceback saved"
_CELL_LINES = 10_000  # by which myst-nb moves the lines of each further cell
_ERROR = re.compile(r"\s*(?:[\w.]*(?:Error|Exception)|Extension error[^:]*): .")
_SOURCE = re.compile(r"following cell:\n-+\n(.*?)\n-{6,}\n", re.S)
# Said once, whatever pages it hit.
_REFUSED = re.compile("|".join(map(os.strerror, (errno.ENOSPC, errno.EROFS, errno.EDQUOT))))
_ROOM = "make room or allow writing, and build again"
_REMEDIES = {
    "mystnb.glue": "glue it in a cell of this page, or correct its name",
    "myst.xref_missing": "correct the link, or add what it leads to",
}


@contextmanager
def only_build(folder):
    """Hold the folder for one build; another waits, and says so. A killed build lets go.

    Yields
    ------
    file
        Kept open by whatever builds, so that the lock lasts as long as that.
    """
    import fcntl

    path = Path(folder) / LOCK
    with _opened(path) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            other = file.read().strip() or "?"
            print(f"Another build of this book is running (process {other}): waiting for its end.",
                  flush=True)  # fmt: skip
            fcntl.flock(file, fcntl.LOCK_EX)
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield file


def _opened(path):
    try:
        path.parent.mkdir(exist_ok=True)
        return path.open("a+", encoding="utf-8")
    except OSError as error:
        raise EvisynthError(
            f"{path.parent} cannot be written: {error.strerror}. A build needs a folder {BUILD} in "
            "the checkout to write to: allow it, or build a copy of the checkout elsewhere."
        ) from None


def build(folder) -> list[Fault]:
    """Check the pages of a book and build it.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    list of Fault
        Empty where the site was built without a warning. What Jupyter Book said in full is in
        ``_build/build.log``.
    """
    folder = Path(folder).resolve()
    with only_build(folder) as lock:
        inputs = inputs_of(folder)
        if is_built(folder, inputs):
            print("Nothing has changed since the last build.", flush=True)
            return []
        if found := _faults(folder):
            return found
        with _whole(folder):
            status, said = _jupyter_book(folder, lock)
        write_text(folder / LOG, said)
        if not status:
            write_text(folder / BUILT, f"{inputs}\n{site_of(folder)}\n")
            return []
        # Else pages that were read would not be read again, and their faults not said again.
        shutil.rmtree(folder / BUILD / ".doctrees", ignore_errors=True)
    return said_faults(said, folder)


def _faults(folder):
    from evisynth.pages.checks import faults

    return faults(folder)


def inputs_of(folder) -> str:
    """Fingerprint of all that a build can depend on: every file of the book, and the packages."""
    digest = hashlib.sha256(platform.python_version().encode())
    for package in sorted(f"{found.name}=={found.version}" for found in distributions()):
        digest.update(package.encode())
    for path in _files_below(folder):
        digest.update(f"{path.relative_to(folder).as_posix()}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _files_below(folder):
    """Every file but what is built, installed or kept by tools."""
    for path in sorted(folder.iterdir()):
        if path.name in NO_INPUT or path.name.endswith(".egg-info"):
            continue
        if path.is_dir():
            yield from _files_below(path)
        elif path.is_file():
            yield path


def site_of(folder) -> str:
    """Fingerprint of the built site by names, sizes and times, so that one that is cut is seen."""
    site = folder / BUILD / "html"
    stats = ((path, path.stat()) for path in sorted(site.rglob("*")) if path.is_file())
    told = (f"{path.relative_to(site)} {stat.st_size} {stat.st_mtime_ns}" for path, stat in stats)
    return hashlib.sha256("\n".join(told).encode()).hexdigest()


def is_built(folder, inputs) -> bool:
    """Whether the site was made of these inputs, to its end, and is as it was made."""
    try:
        made = (folder / BUILT).read_text("utf-8").split()
    except OSError:
        return False
    whole = not (folder / UNFINISHED).exists()
    return whole and made == [inputs, site_of(folder)]


@contextmanager
def _whole(folder):
    """A site that is written to its end, or anew the next time: Sphinx would keep half a page."""
    unfinished = folder / UNFINISHED
    if unfinished.exists():
        for part in ("html", ".doctrees"):
            shutil.rmtree(folder / BUILD / part, ignore_errors=True)
    write_text(unfinished, "A build that did not come to its end leaves this file.\n")
    yield
    unfinished.unlink()


def _jupyter_book(folder, lock):
    """Exit status and all that it said; nothing that it started outlives it.

    A worker that did would hold the lock, and the next build would wait for ever.
    """
    shown = _shown_to()
    process = subprocess.Popen(
        [sys.executable, "-c", COMMAND, "build", str(folder), *OPTIONS], cwd=folder,
        pass_fds=(lock.fileno(), *shown), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, start_new_session=True, env=_environment(folder, shown),
    )  # fmt: skip
    said = []
    reader = Thread(target=lambda: said.append(process.stdout.read()), daemon=True)
    reader.start()
    try:
        process.wait()
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        reader.join(_LINGERING)
        if not reader.is_alive():
            process.stdout.close()
        for copy in shown:
            os.close(copy)
    return process.returncode, b"".join(said).decode("utf-8", "replace")


def _shown_to():
    """The open file that progress goes to; none where output is no file."""
    try:
        sys.stdout.flush()
        return (os.dup(sys.stdout.fileno()),)  # the child's own output is kept for its faults
    except (OSError, ValueError, AttributeError):
        return ()


def _environment(folder, shown):
    """Tells the chapters that their tables were checked, and where progress goes."""
    from evisynth.evidence.base import CHECKED, fingerprint
    from evisynth.evidence.schema import CODEBOOK
    from evisynth.pages.checks import DATA

    told = {PROGRESS: str(shown[0])} if shown else {}
    if (folder / DATA / CODEBOOK).is_file():
        told[CHECKED] = fingerprint(folder / DATA)
    return os.environ | told


def said_faults(said: str, folder) -> list[Fault]:
    """What a build that failed said, a fault for each of its warnings.

    Parameters
    ----------
    said : str
        All that Jupyter Book printed.
    folder : Path
        Of the book.

    Returns
    -------
    list of Fault
        A chapter that raised is one, and what it therefore did not glue is none.
    """
    said, found, failed = _COLOUR.sub("", said), {}, set()
    if refusal := _REFUSED.search(said):
        return [Fault("the build", f"it could not write: {refusal[0]}", _ROOM)]
    for line in said.splitlines():
        message = _MESSAGE.fullmatch(line.rstrip())
        if not message or message["what"].startswith(_TRACEBACK):
            continue
        if message["what"].startswith(_FAILED):
            failed.add(message["path"])
            found[_raised(Path(message["path"]), folder)] = None
        elif message["kind"] != "mystnb.glue" or message["path"] not in failed:
            found[_fault(message, folder)] = None
    return list(found) + [_crash(said)] * (not found or "Exception occurred" in said)


def _fault(message, folder):
    where = _relative(message["path"], folder) if message["path"] else "the book"
    line = int(message["line"] or 0)
    if where.endswith(".ipynb") and line >= _CELL_LINES:
        where += f", cell {line // _CELL_LINES}"
    elif line:
        where += f", line {line}"
    remedy = _REMEDIES.get(message["kind"], "mend it there and build again")
    return Fault(where, message["what"].rstrip("."), remedy)


def _relative(path, folder):
    path = Path(path)
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else str(path)


def _raised(path, folder):
    """Cell and error of a chapter that raised, of the report that Jupyter Book left."""
    name = _relative(path, folder)
    report = folder / BUILD / "html" / "reports" / Path(name).with_suffix(".err.log")
    try:
        told = _COLOUR.sub("", report.read_text("utf-8"))
    except OSError:
        return Fault(name, "a cell raised an error", "run the chapter in Jupyter")
    source = _SOURCE.search(told)
    last = next((line for line in reversed(told.splitlines()) if line.strip()), "an error")
    where = name + (_cell_of(path, source[1]) if source else "")
    return Fault(where, last.strip(), f"mend the cell; all of it: {_relative(report, folder)}")


def _cell_of(path, source):
    from evisynth.pages.reading import notebook_cells

    try:
        cells = [text.strip() for _, text, _ in notebook_cells(path)]
    except (OSError, ValueError, KeyError):
        return ""
    return f", cell {cells.index(source.strip()) + 1}" if source.strip() in cells else ""


def _crash(said):
    """A fault of a build that ended before its end, in the words of its last error."""
    told = [line.strip() for line in said.splitlines() if _ERROR.match(line)]
    what = next((line for line in told if not line.startswith("RuntimeError")), "it failed")
    return Fault("the build", what, f"all that it said is in {LOG}")


def _no_folder(folder):
    from evisynth.checks import shown

    try:
        if folder.is_dir():
            return []
        what = "it is a file" if folder.exists() else "there is no such folder"
    except (OSError, ValueError) as error:  # a name too long, or with a character no file has
        what = getattr(error, "strerror", None) or str(error)
    return [Fault(shown(str(folder)), what, "name the folder of a book")]


def main(arguments=None):
    """Command line; returns the exit status, 1 if something is wrong."""
    parser = argparse.ArgumentParser(prog="python -m evisynth.book", description=build.__doc__[:43])
    parser.add_argument("folder", nargs="?", type=Path, default=Path(), help="of the book")
    parser.add_argument("--check", action="store_true", help="check the pages, build nothing")
    given = parser.parse_args(arguments)
    try:
        act = _faults if given.check else build
        found = _no_folder(given.folder) or act(given.folder)
    except EvisynthError as problem:
        print(problem, file=sys.stderr)
        return 2
    for fault in found:
        print(fault, file=sys.stderr)
    if found:
        print(f"\n{len(found)} fault{'s' * (len(found) > 1)}: no book.", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(run(main, "the build", left="Build again: the site is written anew."))
