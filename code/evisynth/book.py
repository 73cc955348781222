"""Build the book: one build at a time, what is wrong listed first, and each fault in one message.

``python -m evisynth.book`` checks the pages, then has Jupyter Book build the site in ``_build``.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

from evisynth.checks import shown
from evisynth.pages.checks import Fault, faults
from evisynth.pages.reading import notebook_cells

BUILD, LOG, LOCK = "_build", "_build/build.log", "_build/.building"
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
    path.parent.mkdir(exist_ok=True)
    with path.open("a+", encoding="utf-8") as file:
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
        if found := faults(folder):
            return found
        command = [sys.executable, "-c", COMMAND, "build", str(folder), *OPTIONS]
        done = subprocess.run(
            command, cwd=folder, pass_fds=(lock.fileno(),), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
        )  # fmt: skip
        said = done.stdout.decode("utf-8", "replace")
        (folder / LOG).write_text(said, "utf-8")
        if not done.returncode:
            return []
        # Else pages that were read would not be read again, and their faults not said again.
        shutil.rmtree(folder / BUILD / ".doctrees", ignore_errors=True)
    return said_faults(said, folder)


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
    found = _no_folder(given.folder) or (faults if given.check else build)(given.folder)
    for fault in found:
        print(fault, file=sys.stderr)
    if found:
        print(f"\n{len(found)} fault{'s' * (len(found) > 1)}: no book.", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
