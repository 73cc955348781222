"""One cell, one row, one edge wrong: every kind of slip that a table can suffer, seeded.

A kind takes the rows of its table and a random generator and returns the rows with one slip in
them, and what was done, in words. It returns None where the row that was drawn cannot have it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Rows = list[dict]


@dataclass(frozen=True)
class Kind:
    """A kind of slip.

    Attributes
    ----------
    name : str
        In words.
    table : str
    slip : callable of (row, rows, rng) to (dict, dict of str) or None
        The cells that change in the drawn row.
    whole : callable of (row, rows, rng) to list of dict, optional
        Instead of cells: the table's rows afterwards.
    """

    name: str
    table: str
    slip: Callable | None = None
    whole: Callable | None = None


@dataclass(frozen=True)
class Mutation:
    """A slip that was made: its kind, the row's name, what was there, what is there now."""

    kind: str
    table: str
    row: str
    was: str
    now: str
    rows: tuple[dict, ...]


def mutate(kind, rows, rng, among=None, tries=200):
    """Make one slip of a kind; None where no row of many drawn can have it.

    ``among`` are the positions of rows that may be drawn; by default all.
    """
    key = next(iter(rows[0]))
    for _ in range(tries):
        at = rng.choice(among) if among else rng.randrange(len(rows))
        row = rows[at]
        if kind.whole:
            after = kind.whole(dict(row), rows, rng)
            if after is not None and after != rows:
                was, now = f"{len(rows)} rows", f"{len(after)} rows"
                return Mutation(kind.name, kind.table, _name(row, key), was, now, tuple(after))
            continue
        cells = kind.slip(dict(row), rows, rng)
        cells = {k: v for k, v in (cells or {}).items() if v != row[k]}
        if cells:
            after = [*rows[:at], row | cells, *rows[at + 1 :]]
            was, now = (", ".join(f"{k} {c[k]!r}" for k in cells) for c in (row, cells))
            return Mutation(kind.name, kind.table, _name(row, key), was, now, tuple(after))
    return None


def _name(row, key):
    return (
        " ".join(row[k] for k in ("cohort_a", "relation", "cohort_b"))
        if ("relation" in row)
        else row[key]
    )


# Cells --------------------------------------------------------------------------------------------


def by_one(column):
    """A count that is one too high or too low."""

    def slip(row, rows, rng):
        if row[column].isdigit():
            return {column: str(max(0, int(row[column]) + rng.choice((-1, 1))))}

    return slip


def digits_swapped(column):
    """Two neighbouring digits in the wrong order."""

    def slip(row, rows, rng):
        text = row[column]
        places = [
            i for i in range(len(text) - 1) if text[i : i + 2].isdigit() and text[i] != text[i + 1]
        ]
        if places:
            i = rng.choice(places)
            return {column: text[:i] + text[i + 1] + text[i] + text[i + 2 :]}

    return slip


def point_moved(column):
    """The decimal point one place off, or lost."""

    def slip(row, rows, rng):
        whole, point, rest = row[column].partition(".")
        if point and whole.isdigit():
            return {column: rng.choice((whole + rest, f"{whole[:-1] or 0}.{whole[-1]}{rest}"))}

    return slip


def swapped(one, other):
    """Two columns of one row in each other's place."""
    return lambda row, rows, rng: {one: row[other], other: row[one]} if row[one] else None


def another(column):
    """A value that some other row of the table has in this column."""

    def slip(row, rows, rng):
        known = sorted({r[column] for r in rows} - {row[column], ""})
        return {column: rng.choice(known)} if known and row[column] else None

    return slip


def emptied(column):
    """A value that was lost."""
    return lambda row, rows, rng: {column: ""} if row[column] else None


def other_of_two(column):
    """A flag turned."""
    turned = {"true": "false", "false": "true"}
    return lambda row, rows, rng: {column: turned[row[column]]}


# Rows ---------------------------------------------------------------------------------------------


def row_dropped(row, rows, rng):
    """A row that was lost."""
    return [other for other in rows if other != row]


def row_doubled(row, rows, rng):
    """A row copied under a name of its own."""
    key = next(iter(row))
    return [*rows, row | {key: f"{row[key]}.again"}]


def edge_doubled(row, rows, rng):
    """An edge drawn once more, to a cohort that some other edge knows."""
    other = rng.choice(rows)["cohort_b"]
    if other in (row["cohort_a"], row["cohort_b"]):
        return None
    if any(r["cohort_a"] == row["cohort_a"] and r["cohort_b"] == other for r in rows):
        return None
    return [*rows, row | {"cohort_b": other}]


def shared_number(row, rows, rng):
    """A number of shared patients that is one off, or that nobody printed."""
    n = row["shared_n"]
    return {"shared_n": str(int(n) + rng.choice((-1, 1))) if n else str(rng.randint(1, 9))}


def ends_swapped(row, rows, rng):
    """An edge turned round; one that means the same both ways is no slip."""
    if row["relation"] in ("subset_of", "part_of_pool"):
        return {"cohort_a": row["cohort_b"], "cohort_b": row["cohort_a"]}


def _kinds(table, slips):
    return [Kind(name, table, slip) for name, slip in slips.items()]


def _rows(table, doubled=row_doubled):
    return [
        Kind("row dropped", table, whole=row_dropped),
        Kind("row doubled", table, whole=doubled),
    ]


KINDS = [
    *_kinds(
        "outcomes",
        {
            "events one off": by_one("events"),
            "total one off": by_one("total"),
            "digits swapped": digits_swapped("events"),
            "digits of the total swapped": digits_swapped("total"),
            "digits of the percentage swapped": digits_swapped("percent"),
            "decimal point": point_moved("percent"),
            "columns swapped": swapped("events", "total"),
            "denominator": another("denominator"),
            "criterion": another("criterion"),
            "time": another("timepoint"),
            "outcome": another("outcome"),
            "derivation": another("derivation"),
            "cohort": another("cohort_id"),
            "name": lambda row, rows, rng: (
                {"extraction_id": row["extraction_id"] + "x"} if row["extraction_id"] else None
            ),
            "locator": another("locator"),
            "source": another("source_id"),
            "claim": another("claim"),
            "discrepancy": emptied("discrepancy_id"),
            "preference": other_of_two("preferred"),
        },
    ),
    *_rows("outcomes"),
    *_kinds(
        "survival",
        {
            "digits swapped": digits_swapped("value"),
            "decimal point": point_moved("value"),
            "limits swapped": swapped("lower", "upper"),
            "limit": another("upper"),
            "bound": another("upper_status"),
            "endpoint": another("endpoint"),
            "interval": another("interval"),
            "set": another("subset"),
            "statistic": another("statistic"),
            "censoring": another("censored_at_hsct"),
            "cohort": another("cohort_id"),
            "locator": another("locator"),
        },
    ),
    *_rows("survival"),
    *_kinds(
        "contrasts",
        {
            "digits swapped": digits_swapped("value"),
            "limits swapped": swapped("lower", "upper"),
            "measure": another("measure"),
            "arms swapped": swapped("cohort_a", "cohort_b"),
            "set": another("set_a"),
            "direction": another("direction"),
            "allocation": other_of_two("randomised"),
            "p": another("p"),
            "locator": another("locator"),
        },
    ),
    *_rows("contrasts"),
    *_kinds(
        "analysis_sets",
        {
            "size one off": by_one("n"),
            "digits swapped": digits_swapped("n"),
            "set": another("analysis_set"),
            "cohort": another("cohort_id"),
            "how known": another("how_known"),
            "locator": another("locator"),
        },
    ),
    *_rows("analysis_sets"),
    *_kinds(
        "characteristics",
        {
            "digits swapped": digits_swapped("value"),
            "unit": another("unit"),
            "characteristic": another("characteristic"),
            "interval": another("interval"),
            "cohort": another("cohort_id"),
            "locator": another("locator"),
        },
    ),
    *_kinds(
        "cohorts",
        {
            "agent": another("agent"),
            "age": another("age_group"),
            "state": another("disease_state"),
            "chromosome": another("ph_status"),
            "line": another("salvage_line"),
            "earlier transplant": another("prior_hsct"),
            "burden": another("tumour_burden"),
            "cut": another("unit"),
            "size": by_one("n"),
            "study": another("study_id"),
            "locator": another("locator"),
        },
    ),
    *_kinds(
        "overlaps",
        {
            "relation": another("relation"),
            "first end": another("cohort_a"),
            "second end": another("cohort_b"),
            "ends swapped": ends_swapped,
            "shared number": shared_number,
            "how known": another("basis_kind"),
        },
    ),
    Kind("edge removed", "overlaps", whole=row_dropped),
    Kind("edge added", "overlaps", whole=edge_doubled),
    *_kinds("studies", {"family": another("family_id"), "year": by_one("year")}),
    *_kinds("discrepancies", {"decision": another("decision")}),
    *_rows("discrepancies"),
]
