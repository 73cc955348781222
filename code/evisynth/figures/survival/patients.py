"""Patients of a swimmer plot: a table made into rows, checked, ordered, with their marks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

from evisynth.checks import check_labels, shown
from evisynth.errors import ArgumentError
from evisynth.rounding import decimal_numbers

PLOT = "swimmer"
# How follow-up ended: whether an arrow says that it went on, and the event that the end itself is.
ENDINGS = {
    "alive": (True, ""),
    "ongoing": (True, ""),
    "dead": (False, "death"),
    "died": (False, "death"),
    "lost": (False, "lost to follow-up"),
    "stopped": (False, ""),
    "": (False, ""),
}
SHAPES = (
    "filled circle", "filled triangle", "filled diamond", "cross", "hollow circle",
    "hollow triangle", "hollow diamond", "filled square", "hollow square",
)  # fmt: skip
USUAL = {
    "response": "filled circle",
    "transplant": "filled triangle",
    "relapse": "filled diamond",
    "death": "cross",
    "lost to follow-up": "hollow circle",
}


@dataclass(frozen=True)
class Patient:
    """One bar: from ``start`` to ``end``, how it ended, and what happened when."""

    label: str
    start: float
    end: float
    ended: str
    group: str
    events: tuple[tuple[float, str], ...] = ()

    @property
    def duration(self):
        """Length of the bar."""
        return self.end - self.start

    @property
    def ongoing(self):
        """Whether follow-up went on after the bar."""
        return ENDINGS[self.ended][0]

    @property
    def marks(self):
        """Events, with the end where that is one and is not among them."""
        last = ENDINGS[self.ended][1]
        if not last or any(name == last for _, name in self.events):
            return self.events
        return (*self.events, (self.end, last))


def checked_patients(rows, events, order):
    """Rows of a table, with the events of another or of its own columns, as patients in order.

    Parameters
    ----------
    rows : pandas.DataFrame
    events : pandas.DataFrame, sequence of str, mapping of str to str, or None
    order : {"duration", "table"}

    Returns
    -------
    tuple of Patient
        Groups in the order in which they appear; within each the longest bar first, or as given.
    """
    records = _records("rows", rows, ("label", "end"))
    if not records:
        raise ArgumentError(PLOT, "rows", "empty", "at least one patient")
    happened = _events(records, events)
    patients = [
        _patient(position, record, happened[position]) for position, record in enumerate(records)
    ]
    for column in ("label", "group"):
        texts = [getattr(patient, column) for patient in patients]
        check_labels(PLOT, f"rows: {column}", texts, None, "text", blank=True)
    groups = list(dict.fromkeys(patient.group for patient in patients))
    if order == "duration":
        patients.sort(key=lambda patient: -patient.duration)
    return tuple(sorted(patients, key=lambda patient: groups.index(patient.group)))


def _records(argument, table, needed):
    import pandas as pd

    if not isinstance(table, pd.DataFrame):
        raise ArgumentError(PLOT, argument, shown(table), f"a DataFrame with {', '.join(needed)}")
    missing = [name for name in needed if name not in table.columns]
    if missing:
        columns = ", ".join(map(str, table.columns))
        raise ArgumentError(PLOT, argument, f"without {missing[0]}", f"columns {columns} and it")
    return table.to_dict("records")


def _patient(position, record, happened):
    start = _number("rows", "start", position, record.get("start", 0.0))
    end = _number("rows", "end", position, record["end"])
    if end < start:
        given = f"{end:g} after start {start:g} at position {position}"
        raise ArgumentError(PLOT, "rows: end", given, "no earlier than start")
    for time, name in happened:
        if not start <= time <= end:
            given = f"{name!r} at {time:g} for {record['label']!r}"
            raise ArgumentError(PLOT, "events", given, f"times from {start:g} to {end:g}")
    ended = _text(record.get("ended", "")).lower()
    if ended not in ENDINGS:
        allowed = ", ".join(map(repr, ENDINGS))
        raise ArgumentError(PLOT, "rows: ended", f"{ended!r} at position {position}", allowed)
    label, group = _text(record["label"]), _text(record.get("group", ""))
    return Patient(label, start, end, ended, group, tuple(sorted(happened)))


def _number(argument, column, position, value):
    given = f"{shown(value)} at position {position}"
    try:
        number = float("nan") if isinstance(value, str | bytes) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = float("nan")
    if not isfinite(number) or abs(number) > 1e6:
        raise ArgumentError(PLOT, f"{argument}: {column}", given, "finite numbers up to 1e6")
    return number


def _text(value):
    return "" if _is_missing(value) else str(value)


def _is_missing(value):
    import pandas as pd

    return value is None or (pd.api.types.is_scalar(value) and bool(pd.isna(value)))


def _events(records, events):
    """For each record the list of (time, event)."""
    if events is None:
        return [[] for _ in records]
    if isinstance(events, Mapping):
        return _from_columns(records, dict(events))
    if isinstance(events, Sequence) and not isinstance(events, str):
        return _from_columns(records, {str(name): str(name) for name in events})
    return _from_table(records, events)


def _from_columns(records, names):
    found = []
    for position, record in enumerate(records):
        absent = next((column for column in names if column not in record), None)
        if absent is not None:
            raise ArgumentError(PLOT, "events", repr(absent), "columns of rows")
        found.append(
            [
                (_number("rows", column, position, record[column]), str(name))
                for column, name in names.items()
                if not _is_missing(record[column])
            ]
        )
    return found


def _from_table(records, events):
    key = "id" if "id" in records[0] else "label"
    table = _records("events", events, (key, "time", "event"))
    places = {}
    for position, record in enumerate(records):
        if _hashable(record[key]) in places:
            given = f"{record[key]!r} twice"
            raise ArgumentError(PLOT, f"rows: {key}", given, "each once, or a column id")
        places[_hashable(record[key])] = position
    found = [[] for _ in records]
    for position, event in enumerate(table):
        if _hashable(event[key]) not in places:
            given = f"{event[key]!r} at position {position}"
            raise ArgumentError(PLOT, f"events: {key}", given, f"the {key} of a row")
        time = _number("events", "time", position, event["time"])
        found[places[_hashable(event[key])]].append((time, _text(event["event"])))
    return found


def _hashable(value):
    """A label or id by which rows and events can be matched."""
    return value if isinstance(value, str | int | float) else str(value)


def shapes_of(patients, shapes):
    """A shape for each event: as asked, else the usual one, else the next that is free.

    Returns
    -------
    dict of event to name of a shape, in the order of `USUAL`, then of appearance.
    """
    happened = list(dict.fromkeys(name for patient in patients for _, name in patient.marks))
    happened.sort(key=lambda name: list(USUAL).index(name) if name in USUAL else len(USUAL))
    asked = dict(shapes or {})
    for name, shape in asked.items():
        if shape not in SHAPES:
            raise ArgumentError(PLOT, "shapes", f"{shape!r} for {name!r}", ", ".join(SHAPES))
    found = {name: asked[name] for name in happened if name in asked}
    for name in happened:
        if name not in found and USUAL.get(name) not in (None, *found.values()):
            found[name] = USUAL[name]
    free = [shape for shape in SHAPES if shape not in found.values()]
    rest = [name for name in happened if name not in found]
    if len(rest) > len(free) or len(set(found.values())) < len(found):
        allowed = f"at most {len(SHAPES)}, each with a shape of its own"
        raise ArgumentError(PLOT, "events", f"{len(happened)} kinds", allowed)
    found |= dict(zip(rest, free, strict=False))
    return {name: found[name] for name in happened}


def patient_row(patient: Patient, shapes) -> dict:
    """A patient's row of the table, with the times of each event."""
    entry = {"kind": "patient", "group": patient.group, "label": patient.label}
    entry |= {"start": patient.start, "end": patient.end, "ended": patient.ended}
    for event in shapes:
        times = tuple(f"{time:g}" for time, name in patient.marks if name == event)
        entry |= {event: times} if times else {}
    return {key: value for key, value in entry.items() if value != ""}


def in_words(patients, title, unit) -> str:
    """The numbers in a sentence each, for a reader who does not see the drawing."""
    lasted = sorted(patient.duration for patient in patients)
    parts = [f"Swimmer plot. {title.rstrip('.')}."]
    span = f"{time_as_printed(lasted[0])} to {time_as_printed(lasted[-1])} {unit}"
    count = "1 bar" if len(patients) == 1 else f"{len(patients)} bars"
    parts.append(f"{count}, a patient each, of {span}.")
    happened = [name for patient in patients for name in {name for _, name in patient.marks}]
    counts = [f"{name} in {happened.count(name)}" for name in dict.fromkeys(sorted(happened))]
    counts += [f"follow-up going on in {sum(p.ongoing for p in patients)}"]
    return " ".join([*parts, f"{'; '.join(counts)}."])


def time_as_printed(value: float) -> str:
    """A length of time as printed."""
    return decimal_numbers(value, decimals=1)[0] if value < 999.95 else f"{value:,.0f}"
