"""Commands that are killed, or refused room or rights, end in one line and leave nothing wrong."""

import errno
import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from evisynth import book
from evisynth.command import Terminated, run
from evisynth.errors import EvisynthError

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT / "code")}


@pytest.fixture(autouse=True)
def usual_sigterm():
    """`run` changes what SIGTERM does; other tests want it as it was."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def raising(error):
    def main():
        raise error

    return main


@pytest.mark.parametrize(
    ("error", "status", "told"),
    [
        (KeyboardInterrupt(), 130, "it: interrupted. Run again.\n"),
        (Terminated(), 143, "it: interrupted. Run again.\n"),
        (OSError(errno.ENOSPC, "No space left on device", "a.csv"), 2,
         "it: a.csv: No space left on device; make room or allow it, and run the command again\n"),
    ],
)  # fmt: skip
def test_a_command_ends_in_one_line(monkeypatch, capfd, error, status, told):
    monkeypatch.setattr("evisynth.command._silence", lambda: None)  # pytest still wants its output
    assert run(raising(error), "it", left="Run again.") == status
    assert capfd.readouterr().err == told


def test_a_command_has_the_status_of_its_main():
    assert run(lambda: 3, "it") == 3


def cli(*words, stdout):
    command = [sys.executable, "-m", "evisynth.cli", *words]
    return subprocess.run(
        command, stdout=stdout, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT, check=False
    )


@pytest.fixture
def readings(tmp_path):
    """Two readings that differ, quick to compare."""
    folders = [tmp_path / name for name in ("first", "second")]
    for number, folder in enumerate(folders):
        folder.mkdir()
        (folder / "t.csv").write_text(f"line,row_id,x\n1,a,{number}\n", "utf-8")
    return map(str, folders)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a disk that is always full")
def test_results_that_nobody_can_take_are_one_line(readings):
    with Path("/dev/full").open("w") as full:
        done = cli("compare", *readings, stdout=full)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "No space left" in done.stderr


def test_a_reader_who_has_read_enough_is_no_error(readings):
    read, write = os.pipe()
    os.close(read)
    done = cli("compare", *readings, stdout=write)
    os.close(write)
    assert (done.returncode, done.stderr) == (1, "")


# Builds -------------------------------------------------------------------------------------------

TOC = "format: jb-book\nroot: intro\n"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "_toc.yml").write_text(TOC, "utf-8")
    (tmp_path / "_config.yml").write_text("title: T\n", "utf-8")
    (tmp_path / "intro.md").write_text("# Book\n", "utf-8")
    return tmp_path


def built_by(monkeypatch, code):
    """Have a build run some code in place of Jupyter Book."""
    monkeypatch.setattr(book, "COMMAND", code)
    monkeypatch.setattr(book, "OPTIONS", ())


@pytest.fixture
def obeys_an_interrupt():
    """Ctrl-C is heard, also where the tests run in the background of a shell, which ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_half_a_site_is_not_kept(folder, monkeypatch, obeys_an_interrupt):
    built_by(monkeypatch, "import os, signal; os.kill(os.getppid(), signal.SIGINT); "
                          "import time; time.sleep(30)")  # fmt: skip
    page = folder / "_build/html/intro.html"
    page.parent.mkdir(parents=True)
    page.write_text("<p>ha", "utf-8")
    with pytest.raises(KeyboardInterrupt):
        book.build(folder)
    assert page.exists() and (folder / book.UNFINISHED).exists()
    built_by(monkeypatch, "import pathlib; print(pathlib.Path('_build/html').exists())")
    assert book.build(folder) == []
    assert (folder / book.LOG).read_text("utf-8") == "False\n"
    assert not (folder / book.UNFINISHED).exists()


WORKER = """
import os, subprocess, sys, signal
worker = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], close_fds=False)
print(worker.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def runs(pid):
    """Whether a process is there, and not dead or waiting for its parent to see that it is."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_a_worker_that_outlives_a_killed_build_does_not_hold_the_lock(folder, monkeypatch, capsys):
    built_by(monkeypatch, WORKER)
    since = time.monotonic()
    (found,) = book.build(folder)
    assert time.monotonic() - since < 20 and "it failed" in str(found)
    worker = int((folder / book.LOG).read_text("utf-8"))
    until = time.monotonic() + 5
    while runs(worker) and time.monotonic() < until:
        time.sleep(0.05)
    assert not runs(worker)
    with book.only_build(folder):
        assert capsys.readouterr().out == ""  # nobody was waited for


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS])
def test_a_build_without_room_is_one_fault(folder, number):
    said = "".join(
        f"WARNING: error writing file {folder}/{n}.html: [Errno {number}] {os.strerror(number)}\n"
        for n in range(5)
    )
    (found,) = book.said_faults(said, folder)
    assert os.strerror(number) in str(found) and "make room or allow writing" in str(found)


def test_a_checkout_that_cannot_be_written_is_one_line(folder, capsys):
    (folder / "_build").write_text("", "utf-8")  # what even root cannot make a folder of
    assert book.main([str(folder)]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1 and "needs a folder _build" in told


def test_a_notebook_that_was_recorded_and_not_written_leaves_the_cache(tmp_path):
    spec = importlib.util.spec_from_file_location("bookcache", ROOT / "_ext/bookcache.py")
    bookcache = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(bookcache)
    from jupyter_cache import get_cache
    from jupyter_cache.base import CacheBundleIn
    from nbformat.v4 import new_code_cell, new_notebook

    cache, made = get_cache(str(tmp_path)), []
    for source in ("whole", "cut", "missing"):
        notebook = new_notebook(cells=[new_code_cell(source, execution_count=1)])
        made.append(cache.cache_notebook_bundle(CacheBundleIn(notebook, source)))
    whole, cut, missing = (tmp_path / "executed" / m.hashkey / "base.ipynb" for m in made)
    cut.write_text(cut.read_text("utf-8")[:20], "utf-8")
    missing.unlink()
    bookcache.drop_unfinished(cache)
    assert [record.uri for record in cache.list_cache_records()] == ["whole"]
    assert whole.exists() and not cut.parent.exists() and not missing.parent.exists()
    cache.cache_notebook_bundle(CacheBundleIn(notebook, "missing"))  # its folder is not in the way
    bookcache.drop_unfinished(cache)
    assert len(cache.list_cache_records()) == 2


# Notebooks ----------------------------------------------------------------------------------------


def test_an_interrupted_refresh_ends_its_kernels_and_writes_nothing(tmp_path):
    cell = {"cell_type": "code", "id": "a", "metadata": {}, "execution_count": None, "outputs": []}
    note = f"import os, time, pathlib; pathlib.Path({str(tmp_path / 'pid')!r}).write_text("
    cell["source"] = f"{note}str(os.getpid()))\ntime.sleep(60)"
    whole = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (tmp_path / "a.ipynb").write_text(json.dumps(whole), "utf-8")
    process = subprocess.Popen(
        [sys.executable, "-m", "evisynth.notebooks", str(tmp_path)], env=ENVIRONMENT, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
        time.sleep(0.05)
        assert process.poll() is None
    kernel = int((tmp_path / "pid").read_text())
    process.send_signal(signal.SIGTERM)
    said, _ = process.communicate(timeout=30)
    assert (process.returncode, said.count("\n")) == (143, 1) and "interrupted" in said
    assert not runs(kernel)
    assert json.loads((tmp_path / "a.ipynb").read_text("utf-8")) == whole
    assert not list(tmp_path.glob(".*"))


def test_what_a_cell_says_is_cut_and_not_obeyed(tmp_path):
    from evisynth.notebooks import LONGEST, _short

    told = str(EvisynthError(_short("\x1b[31m" + "x" * 10**6)))
    assert told.startswith(r"\x1b[31mxxx") and len(told) < LONGEST + 60
    assert "1,000,005 letters" in told
