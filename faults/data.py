"""How many slips in the tables are caught: ``make mutate``.

Each slip is made in a copy of the tables. First ``evisynth validate`` looks; what it lets through
goes to the tests of this book's own data. What both let through is listed by name. Results go to
``results.json`` beside this file, for the page on validation. It takes some minutes; a slice of it
is a test.
"""

from __future__ import annotations

import csv
import random
import shutil
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path

from evisynth.evidence.base import load_evidence, read_everything
from mutations import KINDS, mutate
from records import write

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "data"
SEED = 20261201
EACH = 12
AIM = 0.95  # of all slips; what stays unseen has its reason in unseen.csv
# Tests that read the tables and nothing else, and that a slip may reach.
TESTS = [f"tests/topic/test_our_{name}.py" for name in ("names", "data", "selection")]


def read(table):
    """Rows of a table as text."""
    with (DATA / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write_rows(path, rows):
    """Write the rows of a table as the tables are written."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def slips(each=EACH, seed=SEED, kinds=KINDS):
    """Slips of every kind, none twice; the same for the same seed.

    Half as many again are put into the outcome rows that some answer counts.
    """
    made, counted = [], counted_rows()
    for kind in kinds:
        rng, rows, seen = random.Random(f"{seed} {kind.table} {kind.name}"), read(kind.table), set()
        made += _drawn(kind, rows, rng, seen, each)
        if kind.table == "outcomes":
            among = [at for at, row in enumerate(rows) if row["row_id"] in counted]
            made += _drawn(kind, rows, rng, seen, (each + 1) // 2, among)
    return made


def _drawn(kind, rows, rng, seen, number, among=None):
    made = []
    for _ in range(number * 3):
        found = mutate(kind, rows, rng, among)
        if found and (found.row, found.now) not in seen and len(made) < number:
            seen.add((found.row, found.now))
            made.append(found)
    return made


def caught_by_validate(slip):
    """Whether ``evisynth validate`` finds anything in tables with this slip."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "data"
        shutil.copytree(DATA, folder)
        write_rows(folder / f"{slip.table}.csv", slip.rows)
        *_, problems = read_everything(folder)
        return bool(problems)


def caught_by_tests(slip, checkout):
    """Whether the tests of this book's data fail on tables with this slip."""
    path = checkout / "data" / f"{slip.table}.csv"
    before = path.read_bytes()
    write_rows(path, slip.rows)
    try:
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"]
        done = subprocess.run([*command, *TESTS], cwd=checkout, capture_output=True, check=False)
        return done.returncode != 0
    finally:
        path.write_bytes(before)


def checkout_copy(place):
    """A copy of what the tests need, in which tables can be spoilt."""
    for name in ("data", "tests", "code", "chapters", "pyproject.toml", "references.bib"):
        source = ROOT / name
        target = Path(place) / name
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    return Path(place)


@cache
def counted_rows():
    """Names of the outcome rows that some answer counts."""
    evidence = load_evidence(DATA)
    return {
        counted.row["row_id"]
        for analysis in evidence.analyses
        for selection in evidence.analyse(analysis).selections.values()
        for counted in selection.counted
    }


def run(each=EACH):
    """Make the slips and tell which were caught, by kind and by table."""
    made = slips(each)
    with ProcessPoolExecutor(2) as pool:
        validated = list(pool.map(caught_by_validate, made, chunksize=4))
    through = [slip for slip, caught in zip(made, validated, strict=True) if not caught]
    with tempfile.TemporaryDirectory() as place:
        checkout = checkout_copy(place)
        tested = {id(slip): caught_by_tests(slip, checkout) for slip in through}
    return record(made, validated, tested)


def record(made, validated, tested):
    """What is written: totals, a line per kind, and what was not caught."""
    by_kind, missed = defaultdict(Counter), []
    rows = counted_rows()
    counted = Counter()
    for slip, found in zip(made, validated, strict=True):
        known = found or tested[id(slip)]
        line = by_kind[slip.table, slip.kind]
        line.update(tried=1, validate=found, caught=known)
        if slip.table == "outcomes" and slip.row in rows:
            counted.update(tried=1, caught=known)
        if not known:
            missed.append(
                {name: getattr(slip, name) for name in ("table", "kind", "row", "was", "now")}
            )
    return {
        "seed": SEED,
        "tried": len(made),
        "validate": sum(validated),
        "caught": sum(line["caught"] for line in by_kind.values()),
        "counted_rows": dict(counted),
        "kinds": [
            {"table": table, "kind": kind, **line} for (table, kind), line in by_kind.items()
        ],
        "missed": missed,
    }


if __name__ == "__main__":
    found = run(int(sys.argv[1]) if len(sys.argv) > 1 else EACH)
    write("data", found)
    for line in found["missed"]:
        print("missed:", *line.values(), sep=" | ")
    print(f"{found['caught']} of {found['tried']} caught, {found['validate']} by validate alone")
    sys.exit(found["caught"] < AIM * found["tried"])
