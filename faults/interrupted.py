"""Whether commands that are killed, or refused room or rights, leave anything wrong behind.

``make interrupted``: small books, notebooks and environments are made in folders of their own.
Their commands get Ctrl-C, SIGTERM or SIGKILL at random moments, the same ones on every run; then
the disk is full; then the checkout can only be read. Afterwards no process may be left, no file may
be cut off, the command says in a line or two what kept it, and its next run must give what an
undisturbed run gives. Results go to ``results.json`` beside this file.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from builds import differing, files_of
from records import write

ROOT = Path(__file__).resolve().parents[1]
SEED = 20261202
MARK = "EVISYNTH_INTERRUPTED"  # an environment variable by which all that was started is known
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
PATIENCE = 15  # seconds in which kernels see that their parent is gone; seen: 2
FEW_LINES = 8  # refresh has a line for each of three notebooks, and a reason


# What is started ----------------------------------------------------------------------------------


def started(command, folder, mark, **variables):
    """A command in a session of its own, as a terminal starts it."""
    kept = {k: v for k, v in os.environ.items() if k not in ("VIRTUAL_ENV", "MPLBACKEND")}
    own = {"PYTHONPATH": str(ROOT / "code"), "PYTHONNOUSERSITE": "1", "JUPYTER_PLATFORM_DIRS": "1"}
    return subprocess.Popen(
        command, cwd=folder, env=kept | own | {MARK: mark} | variables, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        start_new_session=True,
    )  # fmt: skip


def run(command, folder, **variables):
    """Status and words of a command that is left alone, and the processes that outlived it."""
    mark = uuid.uuid4().hex
    process = started(command, folder, mark, **variables)
    said, _ = process.communicate(timeout=600)
    return process.returncode, said, left_running(mark)


def interrupted(command, folder, after, how, **variables):
    """The same of one that gets a signal: Ctrl-C goes to all of the terminal's processes."""
    mark = uuid.uuid4().hex
    process = started(command, folder, mark, **variables)
    try:
        process.wait(after)
    except subprocess.TimeoutExpired:
        if how == signal.SIGINT:
            os.killpg(process.pid, how)
        else:
            process.send_signal(how)
    try:
        said, _ = process.communicate(timeout=120)
    except subprocess.TimeoutExpired:
        said = "it did not end"
    return process.returncode, said, left_running(mark)


def left_running(mark, patience=PATIENCE):
    """Command lines of processes that still run after a while, which are then ended."""
    until = time.monotonic() + patience
    while (found := _marked(mark)) and time.monotonic() < until:
        time.sleep(0.2)
    for pid in found:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    return list(found.values())


def _marked(mark):
    """Processes with a variable in their environment, those that were reaped apart."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if f"{MARK}={mark}".encode() in (entry / "environ").read_bytes():
                words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                found[int(entry.name)] = words[:120]
        except OSError:
            continue
    return found


# What is tried ------------------------------------------------------------------------------------


@dataclass
class Trial:
    """What was tried, how often, how often all was right afterwards, and what was not."""

    what: str
    moments: int = 0
    right_afterwards: int = 0
    failures: list = field(default_factory=list)

    def note(self, moment, faults):
        """One moment with what was wrong after it."""
        self.moments += 1
        self.right_afterwards += not faults
        self.failures += [f"{self.what}, {moment}: {fault:.400}" for fault in faults]


@dataclass(frozen=True)
class Case:
    """A command and the folder that it changes.

    Attributes
    ----------
    what : str
    command : tuple of str
    make : callable of a folder
        Puts there what the command works on.
    state : callable of a folder to dict
        What the command makes, by name, for comparison with an undisturbed run.
    cut_off : callable of a folder to list of str
        What is only half there.
    """

    what: str
    command: tuple[str, ...]
    make: Callable
    state: Callable
    cut_off: Callable = lambda folder: []


def killed(case, times, rng, *, signals=SIGNALS):
    """Kill a command at random moments; its next run must give what an undisturbed one gives."""
    trial = Trial(f"{case.what} killed")
    with tempfile.TemporaryDirectory() as place:
        wanted, lasted = undisturbed(case, Path(place) / "whole")
        for number in range(times):
            folder = Path(place) / str(number)
            case.make(folder)
            how, after = signals[number % len(signals)], rng.uniform(0.02, 1) * lasted
            status, said, running = interrupted(case.command, folder, after, how)
            faults = [f"left running: {line}" for line in running]
            faults += case.cut_off(folder) + unclear(said, limit=20)
            faults += wrong_afterwards(case, folder, wanted)
            trial.note(f"{how.name} after {after:.2f} s, status {status}", faults)
            shutil.rmtree(folder, ignore_errors=True)
    return trial


def undisturbed(case, folder):
    """What a command makes when it is left alone, and how long it takes."""
    case.make(folder)
    since = time.monotonic()
    status, said, _ = run(case.command, folder)
    if status:
        raise RuntimeError(f"{case.what}: {said[-2000:]}")
    return case.state(folder), time.monotonic() - since


def wrong_afterwards(case, folder, wanted):
    """What is wrong after the next run of a command."""
    status, said, running = run(case.command, folder)
    if status:
        return [f"the next run ends with {status}: {said[-300:]}"]
    names = differing(wanted, case.state(folder))
    faults = [f"the next run gives other files: {', '.join(names[:5])}"] if names else []
    return faults + [f"left running by the next run: {line}" for line in running]


def unclear(said, *, limit=FEW_LINES):
    """Why what a command said is no clear message."""
    faults = ["a traceback"] if "Traceback (most recent" in said else []
    lines = [line for line in said.splitlines() if line.strip()]
    return faults + ([f"{len(lines)} lines: {said[:300]}"] if len(lines) > limit else [])


# Books, notebooks, environments -------------------------------------------------------------------

CELL = """import time
for step in range(8):
    time.sleep(0.1)
print("{name}", sum(range(1000)))
"""


def notebook(path, name):
    """A notebook of which the cell takes about a second, and that was run on older numbers."""
    old = [{"output_type": "stream", "name": "stdout", "text": "older\n"}]
    code = {"cell_type": "code", "id": "b", "metadata": {}, "execution_count": 1, "outputs": old}
    words = {"cell_type": "markdown", "id": "a", "metadata": {}, "source": f"# {name}"}
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    cells = [words, code | {"source": CELL.format(name=name)}]
    whole = {"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps(whole), "utf-8")


def make_notebooks(folder):
    """Three notebooks."""
    folder.mkdir(parents=True)
    for name in ("a", "b", "c"):
        notebook(folder / f"{name}.ipynb", name)


def notebooks_cut_off(folder):
    """Notebooks that are no JSON."""
    faults = []
    for path in folder.glob("*.ipynb"):
        try:
            json.loads(path.read_text("utf-8"))
        except ValueError:
            faults.append(f"{path.name} is cut off")
    return faults


def notebook_state(folder):
    """Notebooks with their hash."""
    return {name: found for name, found in files_of(folder).items() if name.endswith(".ipynb")}


CONFIG = """title: T
execute: {execute_notebooks: cache, timeout: 60}
only_build_toc_files: true
sphinx:
  local_extensions: {bookcache: _ext, lean: _ext}
"""
PAGES = ("one", "two", "three", "four")


def make_book(folder):
    """A small book of two notebooks and pages beside them."""
    folder.mkdir(parents=True)
    shutil.copytree(ROOT / "_ext", folder / "_ext", ignore=shutil.ignore_patterns("__pycache__"))
    listed = "".join(f"  - file: {name}\n" for name in ("a", "b", *PAGES))
    (folder / "_toc.yml").write_text(f"format: jb-book\nroot: intro\nchapters:\n{listed}", "utf-8")
    (folder / "_config.yml").write_text(CONFIG, "utf-8")
    (folder / "intro.md").write_text("# Book\n\nWords.\n", "utf-8")
    for name in ("a", "b"):
        notebook(folder / f"{name}.ipynb", name)
    for name in PAGES:
        (folder / f"{name}.md").write_text(f"# {name}\n\n{'Words. ' * 2000}\n", "utf-8")


def book_state(folder):
    """Pages of the site and what they need."""
    return files_of(folder / "_build/html")


def make_environment(folder):
    """A checkout whose lock has three packages."""
    folder.mkdir(parents=True)
    for name in ("pyproject.toml", "environment.sh", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    package = folder / "code/evisynth"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    entries = re.findall(r"^(?:pyyaml|setuptools|wheel)==(?:.*\\\n)+.*\n", lock, re.M)
    (folder / "requirements.lock").write_text("".join(entries), "utf-8")


def environment_state(folder):
    """Whether the environment works and is known to be whole."""
    venv = folder / ".venv"
    asked = [venv / "bin/python", "-c", "import yaml, evisynth, wheel; print('works')"]
    done = subprocess.run(asked, capture_output=True, text=True, check=False, env={})
    ready = (venv / ".ready").read_text("utf-8").split()[1:] if (venv / ".ready").exists() else []
    return {"works": done.stdout, "ready": ready}


PYTHON = sys.executable
REFRESH = Case("refresh", (PYTHON, "-m", "evisynth.notebooks", "."), make_notebooks,
               notebook_state, notebooks_cut_off)  # fmt: skip
BOOK = Case("book", (PYTHON, "-m", "evisynth.book"), make_book, book_state)
ENVIRONMENT = Case("environment", ("./environment.sh",), make_environment, environment_state)
VALIDATE = Case(
    "validate", (PYTHON, "-m", "evisynth.cli", "validate", "data"),
    lambda folder: shutil.copytree(ROOT / "data", folder / "data"), files_of,
)  # fmt: skip


# A full disk --------------------------------------------------------------------------------------


@contextmanager
def small_disk(kilobytes):
    """A folder on a disk of its own, and how to give it more room; None where that is refused."""
    with tempfile.TemporaryDirectory() as place:
        options = ["-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", place]
        if not shutil.which("mount") or subprocess.run(["mount", *options], check=False,
                                                       capture_output=True).returncode:  # fmt: skip
            yield None, None
            return

        def grow():
            subprocess.run(["mount", "-o", "remount,size=1g", place], check=True)

        try:
            yield Path(place), grow
        finally:
            subprocess.run(["umount", place], check=True)


def filled(folder, leave=0):
    """Take all the room of a disk but some bytes; the file that does."""
    path = folder / "filler"
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
        except OSError:
            pass
    os.truncate(path, max(0, path.stat().st_size - leave))
    return path


def full_disk(case, rooms):
    """Run a command with too little room, then with enough."""
    trial = Trial(f"{case.what} on a full disk")
    with tempfile.TemporaryDirectory() as place:
        wanted, _ = undisturbed(case, Path(place) / "whole")
    for room in rooms:
        with small_disk(400_000) as (place, grow):
            if place is None:
                return trial
            case.make(place / "here")
            filler = filled(place, leave=room)
            status, said, running = run(case.command, place / "here", TMPDIR=str(place))
            faults = [f"left running: {line}" for line in running] + unclear(said)
            faults += [] if status else ["it ends as if all were well"]
            if not re.search("(?i)no space left|room|left on this disk", said):
                faults.append(f"it does not say why: {said[:300]}")
            faults += case.cut_off(place / "here")
            filler.unlink()
            grow()
            faults += wrong_afterwards(case, place / "here", wanted)
            trial.note(f"{room} bytes left", faults)
    return trial


def full_output():
    """What a command says cannot be written."""
    trial = Trial("validate into a full disk")
    command = ("sh", "-c", f"{PYTHON} -m evisynth.cli validate {ROOT / 'data'} >/dev/full")
    status, said, _ = run(command, ROOT)
    faults = unclear(said) + ([] if "No space left" in said else [f"said: {said}"])
    trial.note("at once", faults + ([] if status == 2 else [f"status {status}"]))
    return trial


# No right to write --------------------------------------------------------------------------------


@contextmanager
def read_only(folder):
    """A folder that nobody can write to for a while; False where that is refused."""
    if not shutil.which("mount"):
        yield False
        return
    ways = (["--bind", str(folder), str(folder)], ["-o", "remount,ro,bind", str(folder)])
    done = [subprocess.run(["mount", *way], capture_output=True, check=False) for way in ways]
    try:
        yield not any(way.returncode for way in done)
    finally:
        if not done[0].returncode:
            subprocess.run(["umount", str(folder)], check=True)


def not_allowed(case, *, works=False):
    """Run a command in a folder that can only be read, then in one that can be written."""
    trial = Trial(f"{case.what} in a checkout that is only read")
    with tempfile.TemporaryDirectory() as place:
        wanted, _ = undisturbed(case, Path(place) / "whole")
        folder = Path(place) / "here"
        case.make(folder)
        with read_only(folder) as is_so:
            if not is_so:
                return trial
            status, said, running = run(case.command, folder)
        faults = [f"left running: {line}" for line in running] + unclear(said)
        if bool(status) == works:
            faults.append(f"status {status}: {said[:300]}")
        if not works and "ead-only" not in said and "cannot be written" not in said:
            faults.append(f"it does not say why: {said[:300]}")
        trial.note("once", faults + wrong_afterwards(case, folder, wanted))
    return trial


# All ----------------------------------------------------------------------------------------------


def everything(times=9):
    """All trials, one after another."""
    rng = random.Random(SEED)
    yield killed(VALIDATE, times, rng)
    yield killed(REFRESH, times, rng)
    yield killed(ENVIRONMENT, times, rng)
    yield killed(BOOK, times, rng)
    yield full_output()
    yield full_disk(REFRESH, (0, 4096))
    yield full_disk(BOOK, (0, 300_000, 5_000_000))
    yield full_disk(ENVIRONMENT, (0, 1_000_000, 20_000_000))
    yield not_allowed(VALIDATE, works=True)
    yield not_allowed(REFRESH)
    yield not_allowed(BOOK)
    yield not_allowed(ENVIRONMENT)


def record(trials):
    """What is written."""
    trials = [trial for trial in trials if trial.moments]
    lines = [{"what": t.what, "moments": t.moments, "right_afterwards": t.right_afterwards}
             for t in trials]  # fmt: skip
    sums = {key: sum(line[key] for line in lines) for key in ("moments", "right_afterwards")}
    return sums | {"trials": lines, "failures": [f for t in trials for f in t.failures]}


if __name__ == "__main__":
    trials = []
    for trial in everything(*map(int, sys.argv[1:2])):
        trials.append(trial)
        print(f"{trial.what}: {trial.right_afterwards} of {trial.moments} right afterwards")
        print(*trial.failures, sep="\n", end="\n" if trial.failures else "", flush=True)
    made = record(trials)
    write("interrupted", made)
    sys.exit(bool(made["failures"]))
