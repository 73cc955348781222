"""Run notebooks again and keep their results, so that only a changed result is a difference.

``python -m evisynth.notebooks chapters`` runs every notebook of a folder, two at a time, and
rewrites it with its new outputs. A second run changes no byte.
"""

from __future__ import annotations

import argparse
import atexit
import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Event

from evisynth.checks import shown
from evisynth.command import refused
from evisynth.command import run as run_command
from evisynth.errors import EvisynthError, printable
from evisynth.output import write_text

KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
KEPT = ("tags", "mystnb")  # cell metadata that the book reads
AT_ONCE = 2
TIMEOUT = 300  # seconds per cell
LONGEST = 2000  # letters of a cell's own error that a message quotes
_clients = []  # with kernels that an interruption has to end
_stopped = Event()
_SHOWN = 200  # characters of a reason that somebody else gave


def tidy(notebook):
    """Leave in a notebook what a reader or a test compares, and nothing that changes by itself.

    Kernel details, timings, widget states and what an editor noted go; cell ids become positions
    and execution counts run from 1, so that two runs with equal results are equal files.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        Changed in place.

    Returns
    -------
    nbformat.NotebookNode
        The same notebook.
    """
    from nbformat import NotebookNode, from_dict

    notebook.metadata = NotebookNode(kernelspec=from_dict(KERNEL))
    notebook.nbformat_minor = 5
    count = 0
    for position, cell in enumerate(notebook.cells):
        cell.id = f"c{position:03d}"
        _tidy_metadata(cell)
        if cell.cell_type == "code":
            count += 1
            _number(cell, count)
    return notebook


def _tidy_metadata(cell):
    kept = {key: value for key, value in cell.metadata.items() if key in KEPT and value}
    cell.metadata = type(cell.metadata)(kept)


def _number(cell, count):
    cell.execution_count = count
    for output in cell.outputs:
        if output.output_type == "execute_result":
            output.execution_count = count


def run_notebook(path, *, timeout=TIMEOUT):
    """Run one notebook in its own folder and rewrite it, tidied, with its new outputs.

    Parameters
    ----------
    path : Path
    timeout : int
        Seconds that a cell may take.

    Returns
    -------
    bool
        Whether the file changed.

    Raises
    ------
    EvisynthError
        If a cell fails, naming notebook and cell, or if the file is no notebook; it is then left
        as it was.
    """
    return _run(path, *_read(path), timeout)


def _run(path, before, notebook, timeout=TIMEOUT):
    import nbformat

    _execute(notebook, path, timeout)
    after = nbformat.writes(tidy(notebook)) + "\n"
    if after == before:
        return False
    write_text(path, after)
    return True


def _read(path):
    """Text of a notebook's file, and the notebook in it."""
    import warnings

    import nbformat

    try:
        text = path.read_text("utf-8")
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # of cells with one name, and of what was mended unasked
            notebook = nbformat.reads(text, as_version=4)
        nbformat.validate(notebook)
    except OSError as error:
        raise EvisynthError(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        raise EvisynthError(f"{path} is not a notebook: byte {error.start} is no UTF-8.") from None
    except nbformat.reader.NotJSONError:
        raise EvisynthError(f"{path} is not a notebook: it holds no JSON.") from None
    except Exception as error:  # nbformat fails in many ways on what has the wrong shape
        reason = " ".join(str(error).split("\n\n")[0].split())[:_SHOWN]
        raise EvisynthError(
            f"{path} is not a notebook that Jupyter would write: {reason}. Take it from git, or "
            "open it in Jupyter and save it."
        ) from None
    return text, notebook


def _execute(notebook, path, timeout):
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    reached = []
    client = NotebookClient(
        notebook,
        kernel_name=KERNEL["name"],
        timeout=timeout,
        record_timing=False,
        extra_arguments=["--log-level=40"],  # errors; the kernel warns of its own transport
        resources={"metadata": {"path": str(path.parent)}},
        on_cell_start=lambda cell, cell_index: reached.append(cell_index),
    )
    _clients.append(client)
    try:
        if _stopped.is_set():
            raise EvisynthError(f"{path}: not run, for the command was interrupted")
        client.execute()
    except CellExecutionError as problem:
        reason = _short(f"{problem.ename}: {problem.evalue}")
    except (CellTimeoutError, DeadKernelError) as problem:
        reason = str(problem).strip().splitlines()[0]
    else:
        return
    finally:
        _clients.remove(client)
        atexit.unregister(client._cleanup_kernel)  # fails where the kernel never came up
    at = reached[-1] if reached else 0
    code = "\n".join(f"    {line}" for line in notebook.cells[at].source.splitlines())
    raise EvisynthError(f"{path}, cell {at + 1} of {len(notebook.cells)}: {reason}\n{code}")


def _short(text):
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} … ({len(text):,} letters)"


def refresh(folder, *, at_once=AT_ONCE, report=print):
    """Run every notebook of a folder again.

    Parameters
    ----------
    folder : Path
        Its ``*.ipynb`` are run; or one notebook.
    at_once : int
        Notebooks that run at the same time, each in a kernel of its own.
    report : callable
        Gets a line per notebook.

    Returns
    -------
    list of EvisynthError
        One for each notebook that failed; empty where all went well.

    Raises
    ------
    EvisynthError
        If there is no notebook, or no number of notebooks at the same time.
    """
    if at_once < 1:
        raise EvisynthError(f"{at_once} notebooks at the same time; allowed: 1 or more.")
    paths = _notebooks_in(folder)
    if not paths:
        raise EvisynthError(f"{folder} holds no notebook (*.ipynb); name a folder that does.")
    outcomes = _run_all(paths, at_once)
    for path, outcome in zip(paths, outcomes, strict=True):
        report(printable(f"{path}: {_verdict(outcome)}"))
    return [outcome for outcome in outcomes if isinstance(outcome, EvisynthError)]


def _run_all(paths, at_once):
    """What became of each notebook; whoever is interrupted ends the kernels and writes nothing."""
    _stopped.clear()
    # Read before any thread runs: reading makes errors of warnings, for every thread of a process.
    read = [_outcome(_read, path) for path in paths]
    with ThreadPoolExecutor(at_once) as pool:
        running = [
            pool.submit(lambda problem=one: problem)
            if isinstance(one, EvisynthError)
            else pool.submit(_outcome, _run, path, *one)
            for path, one in zip(paths, read, strict=True)
        ]
        try:
            return [outcome.result() for outcome in running]
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            _stop_kernels()
            raise


def _stop_kernels():
    _stopped.set()
    for client in list(_clients):
        with suppress(AttributeError, ProcessLookupError):  # not started yet, or gone
            os.kill(client.km.provisioner.process.pid, signal.SIGKILL)


def _notebooks_in(folder):
    try:
        return [folder] if folder.is_file() else sorted(folder.glob("*.ipynb"))
    except (OSError, ValueError) as error:  # a name too long, or with a character no file has
        reason = getattr(error, "strerror", None) or error
        raise EvisynthError(f"{shown(str(folder))} cannot be looked into: {reason}.") from None


def _outcome(work, path, *given):
    """What came of some work on a notebook, or the problem that kept it from its end."""
    try:
        return work(path, *given)
    except EvisynthError as problem:
        return problem
    except OSError as error:
        return EvisynthError(f"{path}: {refused(error)}")


def _verdict(outcome):
    if isinstance(outcome, EvisynthError):
        return "failed, left as it was"
    return "results changed" if outcome else "same results"


def main(arguments=None):
    """Command line; returns the exit status, 1 if a notebook failed."""
    about = "Run notebooks again and keep their new results."
    parser = argparse.ArgumentParser(prog="python -m evisynth.notebooks", description=about)
    parser.add_argument("folders", nargs="+", type=Path, help="folder of notebooks, or a notebook")
    parser.add_argument(
        "-n", "--at-once", type=int, default=AT_ONCE, help="notebooks at the same time"
    )
    given = parser.parse_args(arguments)
    try:
        failed = [e for f in given.folders for e in refresh(f, at_once=given.at_once)]
    except EvisynthError as problem:
        failed = [problem]
    for problem in failed:
        print(f"\n{problem}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    left = "Notebooks that were running are as they were; run the command again."
    sys.exit(run_command(main, "the notebooks", left=left))
