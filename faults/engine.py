"""How many faults in the engine's code the tests see: ``make mutants``, or ``N=600 make mutants``.

The faults are those of Cosmic Ray's operators at a seeded sample of places (`mutants`). Its own
runner writes each fault to the file and starts the tests anew, some seconds before the first of
them. Here each fault is put into a fork of a process that has already imported what the tests need,
and meets the tests that reach the function it is in, those that have found others first, for at
most `ENOUGH` seconds. What no test sees is listed; ``survivors.csv`` says for each why it stays.

Cosmic Ray is no part of the locked environment: ``.venv/bin/python -m pip install -e ".[faults]"``.
"""

from __future__ import annotations

import csv
import json
import os
import signal
import sys
import tempfile
import time
from collections import Counter, defaultdict
from importlib.util import find_spec
from pathlib import Path

from mutants import LIBRARY, PACKAGES, ROOT, sample
from records import write

SEED = 20261202
NUMBER = 600
SLACK = 15  # seconds of the processor beyond what a fault's tests need, before it has timed out
WAITING = 20  # times as long by the clock, where something waits or the machine is busy
_OUT_OF_TIME = (-signal.SIGXCPU, -signal.SIGKILL)
WATCHING = 1800  # seconds that the tests may take while they are watched
ENOUGH = 8  # seconds of tests that a fault meets at most
FIRST = 6  # tests that are tried before the files of all others are read
MEMORY = 6 * 2**30
SURVIVORS = Path(__file__).with_name("survivors.csv")
TESTS = [
    *(f"tests/engine/test_{name}.py" for name in (
        "effects", "model", "prediction", "tau2", "glmm", "betabinomial", "bayes_normal",
        "bayes_binomial", "pooling", "two_arm", "survival", "moderators", "small_study",
        "multiverse", "reference",
    )),
    "tests/figures/test_sensitivity.py",
    *(f"tests/evidence/test_{name}.py" for name in (
        "overlap", "synthesis", "bad_input", "printed_twice",
    )),
    *(f"tests/topic/test_our_{name}.py" for name in ("selection", "headlines", "branches")),
]  # fmt: skip


def prepare():
    """Import what the tests import, but not what is tested; and let no example be shrunk."""
    os.environ.update(OPENBLAS_NUM_THREADS="1", HYPOTHESIS_PROFILE="unshrunk", MPLBACKEND="agg")
    import hypothesis
    import networkx  # noqa: F401
    import pandas  # noqa: F401
    import pymare  # noqa: F401
    import pytest
    import seaborn  # noqa: F401
    import yaml  # noqa: F401

    phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
    hypothesis.settings.register_profile("unshrunk", derandomize=True, phases=phases)
    pytest.main(["-q", "--collect-only", "--assert=plain", "tests/conftest.py"])  # for its plugins
    assert not any(name.startswith("evisynth") for name in sys.modules)


# In the fork --------------------------------------------------------------------------------------


class Chosen:
    """A pytest plugin: these tests and no others, in this order."""

    def __init__(self, order):
        self.order = {name: i for i, name in enumerate(order)}

    def pytest_collection_modifyitems(self, items):
        """Leave what is wanted."""
        wanted = [item for item in items if item.nodeid in self.order]
        items[:] = sorted(wanted, key=lambda item: self.order[item.nodeid])

    def pytest_runtest_logreport(self, report):
        """Say which test failed, for those who wait outside."""
        if report.failed:
            os.write(3, report.nodeid.encode()[:4000])


class Watched:
    """A pytest plugin: how long each test takes, and which functions of the library it calls."""

    def __init__(self):
        self.calls, self.seconds, self.name = defaultdict(set), Counter(), None

    def pytest_runtest_logstart(self, nodeid):
        """Watch this test, its fixtures too."""
        self.name = nodeid
        sys.settrace(self._called)

    def pytest_runtest_logfinish(self, nodeid):
        """Watch no more."""
        sys.settrace(None)

    def pytest_runtest_logreport(self, report):
        """Count the seconds."""
        self.seconds[report.nodeid] += report.duration

    def _called(self, frame, event, argument):
        code = frame.f_code
        if code.co_filename.startswith(str(LIBRARY)):
            self.calls[code.co_filename, code.co_firstlineno].add(self.name)


def import_mutated(mutant):
    """Let an import of the mutant's module have its source."""
    from importlib.machinery import SourceFileLoader

    usual, path = SourceFileLoader.get_code, str(mutant.path)

    def get_code(loader, name):
        if loader.path == path:
            return compile(mutant.source, path, "exec", dont_inherit=True)
        return usual(loader, name)

    SourceFileLoader.get_code = get_code


def in_fork(work, limit):
    """Do some work in a fork.

    Returns
    -------
    code : int or None
        Its exit code; None where it did not end within ``limit`` seconds.
    said : str
        What it wrote to the file 3.
    """
    with tempfile.TemporaryFile() as file:
        child = os.fork()
        if child == 0:
            _work_and_end(work, file.fileno())
        code = _wait(child, time.monotonic() + limit)
        file.seek(0)
        return code, file.read().decode()


def _work_and_end(work, told):
    null, code = os.open(os.devnull, os.O_RDWR), 2
    for stream, place in ((0, null), (1, null), (2, null), (3, told)):
        os.dup2(place, stream)
    try:
        code = int(work())
    finally:
        os._exit(code)


def _wait(child, until):
    while time.monotonic() < until:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.kill(child, 9)
    os.waitpid(child, 0)
    return None


def tests_against(mutant, order, seconds):
    """The work of a fork: tests until one fails, or so many seconds of the processor are gone."""

    def work():
        import resource

        import pytest

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        import_mutated(mutant)
        files = list(dict.fromkeys(name.partition("::")[0] for name in order))
        return pytest.main(["-q", "-x", "--assert=plain", *files], plugins=[Chosen(order)])

    return work


# Outside ------------------------------------------------------------------------------------------


def watch():
    """Which tests call each function, and how long each test takes.

    Returns
    -------
    calls : dict of (str, int) to set of str
        By file and first line of the function.
    seconds : dict of str to float
    """

    def work():
        import pytest

        seen = Watched()
        code = pytest.main(["-q", "--assert=plain", *TESTS], plugins=[seen])
        calls = [[*key, sorted(names)] for key, names in seen.calls.items()]
        with os.fdopen(os.dup(3), "w") as file:
            json.dump([calls, seen.seconds], file)
        return code

    code, said = in_fork(work, WATCHING)
    if code:
        sys.exit(f"the tests fail without any fault (pytest ends with {code}): mend that first")
    calls, seconds = json.loads(said)
    return {(path, line): set(names) for path, line, names in calls}, seconds


def functions(path):
    """First line of each function of a module, by each of its lines; 0 for those of the module."""
    found = {}

    def walk(code, first):
        for *_, line in code.co_lines():
            if line:
                found[line] = first
        for inner in code.co_consts:
            if hasattr(inner, "co_lines"):
                walk(inner, inner.co_firstlineno)

    walk(compile(path.read_text("utf-8"), str(path), "exec"), 0)
    return found


_ABOUT = {
    "random_effects": ("model", "tau2", "prediction"), "evidence": ("overlap", "selection"),
    "proportions": ("pooling", "sensitivity"), "specifications": ("multiverse",),
    "beta_binomial": ("betabinomial",),
}  # fmt: skip


def _is_about(package, name):
    """Whether a test is in a file of the package's own."""
    words = _ABOUT.get(package, (package,))
    return any(word in name.partition("::")[0] for word in words)


class Tests:
    """Which tests a fault meets, and in what order."""

    def __init__(self, calls, seconds):
        self.calls, self.seconds = calls, seconds
        self.found = defaultdict(Counter)  # by module: faults that each test has found
        self.of_module = defaultdict(set)
        for (path, _), names in calls.items():
            self.of_module[path] |= names

    def against(self, mutant):
        """Tests that call the function, then others that call the module.

        Those that have found a fault of the module come first, then those of its package's own
        file; of each the quick ones.

        A function that keeps its results is called by few of the tests that rest on it.
        """
        path = str(mutant.path)
        own = self.calls.get((path, functions(mutant.path).get(mutant.line, 0)), set())
        found = self.found[mutant.module]
        order = sorted(
            self.of_module[path],
            key=lambda name: (
                name not in own,
                -found[name],
                not _is_about(mutant.package, name),
                self.seconds[name],
                name,
            ),
        )
        return self._enough(order)

    def _enough(self, order):
        kept, spent = [], 0.0
        for name in order:
            spent += self.seconds[name]
            if kept and spent > ENOUGH:
                break
            kept.append(name)
        return kept

    def needed(self, order):
        """Seconds that these tests take."""
        return sum(self.seconds[name] for name in order)


def outcome(mutant, tests):
    """What became of a fault: "killed", "survived" or "timed out"."""
    order = tests.against(mutant)
    for some in filter(None, (order[:FIRST], order[FIRST:])):
        seconds = int(3 * tests.needed(some) + SLACK)
        code, failed = in_fork(tests_against(mutant, some, seconds), WAITING * seconds)
        if failed:
            tests.found[mutant.module][failed] += 1
        if code != 0:
            return "timed out" if code in (None, *_OUT_OF_TIME) else "killed"
    return "survived"


def run(number=NUMBER, seed=SEED, report=print):
    """Make the faults and tell which were seen."""
    prepare()
    made = sample(number, seed)
    started = time.monotonic()
    tests = Tests(*watch())
    report(f"{len(tests.seconds)} tests watched in {time.monotonic() - started:.0f} s")
    fates = []
    for i, mutant in enumerate(made, 1):
        fates.append(outcome(mutant, tests))
        if fates[-1] != "killed":
            report(f"{i}: {fates[-1]}: {mutant.module}:{mutant.line}: {mutant.mutation}")
    return record(made, fates, seed) | {"seconds": round(time.monotonic() - started)}


def record(made, fates, seed):
    """What is written: totals, a line per package, and the survivors with why they stay."""
    by_package = {package: Counter() for package in PACKAGES}
    for mutant, fate in zip(made, fates, strict=True):
        by_package[mutant.package].update(tried=1, killed=int(fate != "survived"))
    survivors = [m for m, fate in zip(made, fates, strict=True) if fate == "survived"]
    reasons = known_reasons()
    return {
        "seed": seed,
        "tried": len(made),
        "killed": len(made) - len(survivors),
        "timed_out": fates.count("timed out"),
        "packages": [{"package": name, **line} for name, line in by_package.items() if line],
        "survivors": [
            {
                "module": m.module, "line": m.line, "mutation": m.mutation,
                "reason": reasons.get((m.module, m.mutation), ""),
            }
            for m in survivors
        ],
    }  # fmt: skip


def known_reasons():
    """Why a survivor stays, by module and mutation."""
    with SURVIVORS.open(encoding="utf-8", newline="") as file:
        return {(row["module"], row["mutation"]): row["reason"] for row in csv.DictReader(file)}


if __name__ == "__main__":
    if not find_spec("cosmic_ray"):
        sys.exit('No Cosmic Ray here: .venv/bin/python -m pip install -e ".[faults]"')
    os.chdir(ROOT)
    found = run(int(sys.argv[1]) if len(sys.argv) > 1 else NUMBER)
    write("engine", found)
    print(f"{found['killed']} of {found['tried']} killed, {found['timed_out']} by the clock")
    missing = [line for line in found["survivors"] if not line["reason"]]
    for line in missing:
        print(f"survived, and survivors.csv has no reason: {line['module']}: {line['mutation']}")
