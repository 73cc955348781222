"""What any input does to the library: ``make fuzz``, or ``N=1000 make fuzz`` for fewer of each.

Every public function and drawing is called with generated arguments, half of them spoilt; every
reader and every command gets real files with bytes or nodes changed. What follows must be a sound
result or an error of ours that says something: no other exception, no warning, no waiting. Each
input comes of the seed, its part's name and its number alone, and

    python faults/fuzz.py again "rma" 17

tries one again and prints its call. No part of the locked environment is missing for it: Atheris,
which steers by coverage, was looked at and left out, since the readers are Python throughout and
the changes of whole nodes reach behind their first checks, which single bytes seldom do.
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
EACH = {"function": 2400, "figure": 60, "reader": 1500, "command": 300}
MEMORY = 8 * 2**30


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
    fault : str
        Empty where all went well.
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
        begun = time.monotonic()
        tried_here = min(EACH[kind], each or EACH[kind])
        for number in range(tried_here):
            shown, fault = trial(name, kind, number)
            if fault:
                failures.append({"part": name, "kind": kind, "number": number, "fault": fault,
                                 "call": shown()})  # fmt: skip
                report(f"{kind} {name} {number}: {fault}\n    {shown()[:1000]}")
        seconds = time.monotonic() - begun
        lines.append({"name": name, "kind": kind, "tried": tried_here})
        report(f"{kind} {name}: {tried_here} in {seconds:.1f} s", flush=True)
    return {
        "seed": SEED,
        "tried": sum(line["tried"] for line in lines),
        "seconds": round(time.monotonic() - started),
        "failures": failures,
        "parts": lines,
    }


def again(name, number):
    """Try one input again, and print its call."""
    for known, kind in parts():
        if known == name:
            shown, fault = trial(name, kind, number)
            print(f"{shown()}\n{fault or 'all is well'}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["again"]:
        again(sys.argv[2], int(sys.argv[3]))
    else:
        found = run(int(sys.argv[1]) if len(sys.argv) > 1 else None)
        write("fuzz", found)
        print(f"{found['tried']} inputs in {found['seconds']} s, {len(found['failures'])} failures")
        sys.exit(bool(found["failures"]))
