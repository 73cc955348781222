"""Every reader and every command, given real files of this book with something changed in them."""

from __future__ import annotations

import csv
import io
import json
import shutil
import tempfile
from functools import cache
from pathlib import Path
from unittest import mock

import inputs
import yaml
from evisynth import book, cli, notebooks
from evisynth.accuracy.records import read_benchmark
from evisynth.engine.coverage.record import read_few_studies
from evisynth.evidence.analyses import ANALYSES, read_analyses
from evisynth.evidence.arithmetic import NEEDS
from evisynth.evidence.base import load_evidence, read_everything
from evisynth.evidence.printed import count_patients
from evisynth.evidence.readings.extraction import compare, read_pass
from evisynth.evidence.schema import CODEBOOK, read_codebook, read_records
from evisynth.pages.checks import faults
from evisynth.report.page.cite import citation

ROOT = Path(__file__).resolve().parents[1]
SECONDS = 20  # a whole base is read
STUDIES = 4
OF_COHORTS = ("cohort_id", "cohort_a", "cohort_b")
TABLES = ("outcomes", "survival", "contrasts", "cohorts", "studies", "overlaps", "sources",
          "analysis_sets", "characteristics", "discrepancies")  # fmt: skip


@cache
def place():
    """A folder to work in, gone at the end."""
    made = tempfile.TemporaryDirectory(prefix="fuzz")
    place.kept = made  # its end is the process's
    return Path(made.name)


def written(name, data):
    """A file with these bytes, in a folder of its own that was emptied before."""
    folder = place() / "one"
    shutil.rmtree(folder, ignore_errors=True)
    path = folder / name
    path.parent.mkdir(parents=True)
    path.write_bytes(data)
    return path


@cache
def real(name):
    """Bytes of a file of this repository."""
    return (ROOT / name).read_bytes()


@cache
def part_of(name, lines=40):
    """The first lines of a file."""
    return b"\n".join(real(name).split(b"\n")[:lines]) + b"\n"


# A base that holds together, and is read in a fraction of the time --------------------------------


@cache
def small_base():
    """Files of the data, by name: a few studies and everything that their rows refer to."""
    codebook = json.loads(real(f"data/{CODEBOOK}"))
    schemas = {r["name"]: r["schema"] for r in codebook["resources"]}
    rows = {name: _rows(name) for name in schemas}
    kept = _referred(rows, schemas)
    found = {f"{name}.csv": _table(rows[name], kept[name]) for name in rows}
    return found | {CODEBOOK: real(f"data/{CODEBOOK}"), ANALYSES: real(f"data/{ANALYSES}")}


def _rows(name):
    return list(csv.DictReader(io.StringIO(real(f"data/{name}.csv").decode(), newline="")))


def _table(all_rows, kept):
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(all_rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows([row for i, row in enumerate(all_rows) if i in kept])
    return text.getvalue().encode()


def _referred(rows, schemas):
    """Positions of the rows of a few studies, of what is about them and of what they refer to."""
    studies = {row["study_id"] for row in rows["studies"][:STUDIES]}
    cohorts = {r["cohort_id"] for r in rows["cohorts"] if r["study_id"] in studies}
    kept = {
        name: {
            i for i, row in enumerate(table)
            if row.get("study_id") in studies
            or {row[name] for name in OF_COHORTS if row.get(name)} & cohorts
        }
        for name, table in rows.items()
    }  # fmt: skip
    kept = {name: found or {0, 1} for name, found in kept.items()}  # no table may be empty
    kept["sources"] = set(range(len(rows["sources"])))
    while True:
        before = sum(map(len, kept.values()))
        for name, schema in schemas.items():
            for key in schema.get("foreignKeys", ()):
                _follow(key, name, rows, kept)
        if sum(map(len, kept.values())) == before:
            return kept


def _follow(key, name, rows, kept):
    there = key["reference"]["resource"] or name
    mine, theirs = (
        [part] if isinstance(part, str) else part
        for part in (key["fields"], key["reference"]["fields"])
    )
    wanted = {tuple(rows[name][i][c] for c in mine) for i in kept[name]}
    kept[there] |= {i for i, r in enumerate(rows[there]) if tuple(r[c] for c in theirs) in wanted}


def base_with(name, data):
    """A folder with the small base, one file of it changed."""
    folder = place() / "base"
    if not folder.exists():
        folder.mkdir()
        for known, content in small_base().items():
            (folder / known).write_bytes(content)
        base_with.changed = None
    if base_with.changed:
        (folder / base_with.changed).write_bytes(small_base()[base_with.changed])
    (folder / name).write_bytes(data)
    base_with.changed = name
    return folder


def cells_of(rng, data):
    """A table with one to three cells replaced: by another cell, or by a word."""
    rows = list(csv.reader(io.StringIO(data.decode(), newline="")))
    if len(rows) < 2:
        return data
    for _ in range(rng.choice((1, 1, 2, 3))):
        row = rng.choice(rows[rng.random() < 0.95 :]) or [""]
        at = rng.randrange(len(row))
        word = rng.choice(inputs.WORDS).decode("utf-8", "ignore")
        row[at] = rng.choice(
            (
                word,
                rng.choice(rng.choice(rows) or [""]),
                rng.choice(row),
                f"{row[at]}0",
                row[at][1:],
            )
        )
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode("utf-8")


# Readers ------------------------------------------------------------------------------------------


def _told(problems):
    for problem in problems:
        assert str(problem).strip()


def read_a_table(rng):
    """Bytes of a table."""
    data = part_of(f"data/{rng.choice(TABLES)}.csv")
    read_records(written("table.csv", inputs.bytes_of(rng, data)))


def read_a_base(rng):
    """Cells or bytes of a table, with everything else of the base as it was."""
    name = f"{rng.choice(TABLES)}.csv"
    change = cells_of if rng.random() < 0.85 else inputs.bytes_of
    _told(read_everything(base_with(name, change(rng, small_base()[name])))[2])


def read_a_codebook(rng):
    """Nodes of the codebook, read with the tables, or its bytes, read alone."""
    data = real(f"data/{CODEBOOK}")
    if rng.random() < 0.7:
        read_codebook(written(CODEBOOK, inputs.bytes_of(rng, data)).parent, NEEDS)
        return
    changed = json.dumps(inputs.tree_of(rng, json.loads(data))).encode("utf-8", "replace")
    _told(read_everything(base_with(CODEBOOK, changed))[2])


@cache
def _declared():
    return yaml.safe_load(real(f"data/{ANALYSES}"))


def read_the_analyses(rng):
    """Bytes of the declarations, or nodes of one of them."""
    if rng.random() < 0.5:
        data = inputs.bytes_of(rng, real(f"data/{ANALYSES}")[: rng.choice((400, 3000))])
    else:
        data = yaml.safe_dump(_some_declared(rng), allow_unicode=True).encode("utf-8", "replace")
    _told(read_analyses(written(ANALYSES, data))[1])


def _some_declared(rng):
    whole = json.loads(json.dumps(_declared(), default=str))
    inner = whole["analyses"] if isinstance(whole, dict) else whole
    one = [rng.choice(inner)]
    return inputs.tree_of(rng, whole | {"analyses": one} if isinstance(whole, dict) else one)


def read_undeclared(rng):
    """A declaration beside tables that it may not fit."""
    data = yaml.safe_dump(_some_declared(rng), allow_unicode=True).encode("utf-8", "replace")
    _told(read_everything(base_with(ANALYSES, data))[2])


PASSES = ("outcomes", "survival", "analysis_sets", "searches", "trials", "patients_greece")


def two_passes(rng):
    """Folders of two passes, one table each, of which one or both are changed."""
    name = rng.choice(PASSES)
    folders = []
    shutil.rmtree(place() / "passes", ignore_errors=True)
    for side in ("first", "second"):
        data = part_of(f"data/extraction/{side}/{name}.csv", 25)
        change = rng.choice((cells_of, inputs.bytes_of, lambda rng, data: data))
        folder = place() / "passes" / side
        folder.mkdir(parents=True)
        (folder / f"{name}.csv").write_bytes(change(rng, data))
        folders.append(folder)
    return folders


def read_two_passes(rng):
    """Extraction passes and where they differ."""
    first, second = map(read_pass, two_passes(rng))
    for found in compare(first, second):
        assert found.of_writing in (True, False)


@cache
def _patients():
    return {n: load_evidence(ROOT / "data").rows(n) for n in ("patients_greece", "patients_sehop")}


@cache
def _queries():
    patients, found = _patients(), set()
    for row in load_evidence(ROOT / "data").rows("outcomes"):
        for value in row.values():
            if isinstance(value, str) and value.split(":")[0] in patients and "|" in value:
                found.add(value)
    return sorted(found)


def read_a_query(rng):
    """A query of patient rows with characters, columns or words changed."""
    query = rng.choice(_queries())
    if rng.random() < 0.5:
        query = inputs.bytes_of(rng, query.encode()).decode("utf-8", "replace")
    else:
        columns = list(_patients()[rng.choice(list(_patients()))][0])
        words = (
            *columns,
            "=",
            "!=",
            "<=",
            ">=",
            "/",
            ",",
            "|",
            ":",
            "",
            "nan",
            "1e999",
            "٣",
            "true",
        )
        parts = query.replace("=", " = ").split()
        parts[rng.randrange(len(parts))] = rng.choice(words)
        query = " ".join(parts)
    events, total = count_patients(_patients(), query)
    assert 0 <= events <= total, (query, events, total)


BOOK = (
    "_toc.yml",
    "_config.yml",
    "references.bib",
    "chapters/replication.ipynb",
    "chapters/glossary.md",
)


def book_with(rng):
    """A book of two pages without tables, one of its files changed."""
    root = place() / "book"
    if not root.exists():
        (root / "chapters").mkdir(parents=True)
    toc = b"format: jb-book\nroot: intro\nchapters:\n"
    toc += b"- file: chapters/replication\n- file: chapters/glossary\n"
    content = {name: real(name) for name in BOOK} | {"_toc.yml": toc, "intro.md": real("intro.md")}
    name = rng.choice(BOOK)
    how = rng.random()
    if name.endswith(".ipynb"):
        small = _without_outputs(json.loads(content[name]))
        content[name] = json.dumps(small).encode()
        if how < 0.6:
            content[name] = json.dumps(inputs.tree_of(rng, small)).encode("utf-8", "replace")
    elif name.endswith(".yml") and how < 0.5:
        tree = json.loads(json.dumps(yaml.safe_load(content[name]), default=str))
        changed = yaml.safe_dump(inputs.tree_of(rng, tree), allow_unicode=True)
        content[name] = changed.encode("utf-8", "replace")
    if content[name] in (toc, real(name)) or how > 0.8:
        content[name] = inputs.bytes_of(rng, content[name])
    for known, data in content.items():
        (root / known).write_bytes(data)
    return root


def _without_outputs(notebook):
    cells = [cell | ({"outputs": []} if "outputs" in cell else {}) for cell in notebook["cells"]]
    return notebook | {"cells": cells[:12]}


def read_a_book(rng):
    """Settings, bibliography and pages of a book."""
    _told(faults(book_with(rng)))


def read_a_notebook(rng):
    """A notebook that is to be run again; it is read, tidied and written, and not run."""
    small = _without_outputs(json.loads(real("chapters/replication.ipynb")))
    if rng.random() < 0.6:
        data = json.dumps(inputs.tree_of(rng, small)).encode("utf-8", "replace")
    else:
        data = inputs.bytes_of(rng, json.dumps(small).encode())
    with mock.patch.object(notebooks, "_execute"):
        notebooks.run_notebook(written("page.ipynb", data))


CITED = b"""cff-version: 1.2.0
title: A book
authors:
  - family-names: Doe
    given-names: Jo
  - name: A group
doi: 10.1/x
"""


@cache
def _evidence():
    return load_evidence(ROOT / "data")


def read_a_citation(rng):
    """What a book says of itself to be cited."""
    if rng.random() < 0.5:
        data = inputs.bytes_of(rng, CITED)
    else:
        data = yaml.safe_dump(inputs.tree_of(rng, yaml.safe_load(CITED))).encode("utf-8", "replace")
    path = written("CITATION.cff", data)
    evidence = _evidence()
    with mock.patch.object(evidence, "_folder", path.parent):
        citation(evidence)


def read_a_record(rng):
    """What a simulation or a benchmark left."""
    name, read = rng.choice((
        ("code/evisynth/engine/coverage/few_studies.json", read_few_studies),
        ("bench/results.json", read_benchmark),
    ))  # fmt: skip
    read(written("record.json", inputs.bytes_of(rng, real(name)[:5000])))


READERS = {
    "table": read_a_table,
    "base": read_a_base,
    "codebook": read_a_codebook,
    "analyses": read_the_analyses,
    "analyses beside tables": read_undeclared,
    "extraction passes": read_two_passes,
    "patient query": read_a_query,
    "book": read_a_book,
    "notebook": read_a_notebook,
    "citation": read_a_citation,
    "record": read_a_record,
}


# Commands -----------------------------------------------------------------------------------------


def command(main, arguments):
    """A command, which ends with 0, 1 or 2 however it is called."""
    try:
        code = main(arguments)
    except SystemExit as end:
        code = end.code
    assert code in (0, 1, 2), code


ODD = (
    "",
    ".",
    "/nowhere",
    "-",
    "--",
    "-x",
    "--help",
    "\u202e",
    "a" * 5000,
    "\x00",
    "data",
    "~",
    "é",
)


def _argument(rng):
    return rng.choice(ODD)


def validate(rng):
    """``evisynth validate``."""
    name = rng.choice([*small_base()])
    change = inputs.bytes_of if not name.endswith("csv") or rng.random() < 0.2 else cells_of
    folder = str(base_with(name, change(rng, small_base()[name])))
    command(cli.main, ["validate", _argument(rng) if rng.random() < 0.2 else folder])


def compare_passes(rng):
    """``evisynth compare``."""
    sides = [_argument(rng) if rng.random() < 0.15 else str(side) for side in two_passes(rng)]
    command(cli.main, ["compare", *sides][: rng.choice((3, 3, 3, 2))])


def check_book(rng):
    """``python -m evisynth.book --check``."""
    root = _argument(rng) if rng.random() < 0.2 else str(book_with(rng))
    command(book.main, [root, "--check"])


def refresh(rng):
    """``python -m evisynth.notebooks``; nothing is run."""
    small = _without_outputs(json.loads(real("chapters/replication.ipynb")))
    path = written("page.ipynb", inputs.bytes_of(rng, json.dumps(small).encode()))
    folder = _argument(rng) if rng.random() < 0.3 else str(rng.choice((path, path.parent)))
    with mock.patch.object(notebooks, "_execute"):
        command(notebooks.main, [folder, *rng.choice(((), ("-n", "1"), ("-n", "x"), ("-n", "0")))])


COMMANDS = {
    "evisynth validate": validate,
    "evisynth compare": compare_passes,
    "evisynth.book --check": check_book,
    "evisynth.notebooks": refresh,
}
