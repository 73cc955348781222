"""What any input does to the library: ``make fuzz``, or ``N=1000 make fuzz`` for fewer of each.

Every public function and drawing is called with generated arguments, half of them spoilt; every
reader and every command gets real files with bytes or nodes changed. What follows must be a sound
result or an error of ours that says something: no other exception, no warning, no waiting. Each
input comes of the seed, its part's name and its number alone, and

    python faults/fuzz.py again "rma" 17

tries one again and prints its call. Nothing steers by coverage: half of the files have whole nodes
or cells changed, which gets behind the first checks, as single bytes seldom do.
"""

from __future__ import annotations

import random
import resource
import sys
import time

import calls
import evisynth
import files
from evisynth import figures
from records import write
from trial import tried

SEED = 20261203
EACH = {"function": 3000, "figure": 30, "reader": 2000, "command": 1000}
# Fewer of what takes longest, so that all of it is done in a quarter of an hour.
FEWER = {
    "bayes_binomial": 150, "pool_proportions": 200, "betabinomial": 1000,
    "gosh": 500, "forest": 500, "base": 40, "analyses beside tables": 25, "codebook": 120,
    "analyses": 500, "book": 500, "extraction passes": 1000, "notebook": 1000, "citation": 1000,
    "record": 1000, "evisynth validate": 40, "evisynth.book --check": 100,
}  # fmt: skip
MEMORY = 8 * 2**30
_LONGEST = 4000  # characters of a call that is printed


def parts():
    """Name and kind of everything that is tried."""
    found = [(name, "function") for name in calls.FUNCTIONS]
    found += [(name, "figure") for name in calls.DRAWN]
    found += [(name, "reader") for name in files.READERS]
    return found + [(name, "command") for name in files.COMMANDS]


def trial(name, kind, number, seed=SEED):
    """One input.

    Returns
    -------
    shown : callable
        Gives the call as text.
    outcome : Outcome
    """
    rng = random.Random(f"{seed} {kind} {name} {number}")
    if kind in ("reader", "command"):
        work = (files.READERS if kind == "reader" else files.COMMANDS)[name]
        return lambda: f"{name}: again {number}", tried(lambda: work(rng), files.SECONDS)
    home, make = (evisynth, calls.call) if kind == "function" else (figures, calls.drawing)
    given = {}

    def work():
        given.update(make(rng, name))
        return getattr(home, name.split()[0])(**given)

    return lambda: shown_call(name, given), tried(work)


def shown_call(name, given):
    """A call as text."""
    arguments = ", ".join(f"{key}={_shown(value)}" for key, value in given.items())
    return f"{name.split()[0]}({arguments})"


def _shown(value):
    try:
        return " ".join(repr(value).split())[:2000]
    except ValueError:
        return "10**5000"


def run(each=None, report=print):
    """Try everything; returns what is recorded."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    started, lines, failures = time.monotonic(), [], []
    for name, kind in parts():
        most = EACH[kind] if kind == "figure" else FEWER.get(name, EACH[kind])
        line, failed = try_part(name, kind, min(most, each or most))
        for failure in failed:
            report(f"{kind} {name} {failure['number']}: {failure['fault']}\n    {failure['call']}")
        report("{kind} {name}: {tried}, {refused} of them refused".format(**line))
        lines.append(line)
        failures += failed
    return {
        "seed": SEED,
        "tried": sum(line["tried"] for line in lines),
        "seconds": round(time.monotonic() - started),
        "failures": failures,
        "parts": lines,
    }


def try_part(name, kind, number, seed=SEED):
    """So many inputs of one part.

    Returns
    -------
    line : dict
        How many were tried, and how many of them we refused with an error of ours.
    failures : list of dict
    """
    refused, failures = 0, []
    for at in range(number):
        shown, outcome = trial(name, kind, at, seed)
        refused += outcome.refused
        if outcome.fault:
            call = shown()[:_LONGEST]
            failures.append({"part": name, "kind": kind, "number": at, "fault": outcome.fault,
                             "call": call})  # fmt: skip
    return {"name": name, "kind": kind, "tried": number, "refused": refused}, failures


def again(name, number):
    """Try one input again, and print its call."""
    for known, kind in parts():
        if known == name:
            shown, outcome = trial(name, kind, number)
            print(f"{shown()}\n{outcome.fault or 'all is well'}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["again"]:
        again(sys.argv[2], int(sys.argv[3]))
    else:
        found = run(int(sys.argv[1]) if len(sys.argv) > 1 else None)
        write("fuzz", found)
        print(f"{found['tried']} inputs in {found['seconds']} s, {len(found['failures'])} failures")
        sys.exit(bool(found["failures"]))
