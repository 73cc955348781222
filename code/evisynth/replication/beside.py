"""Each published number beside ours: does it agree, and if not, which method comes closest."""

from __future__ import annotations

import re

from evisynth.checks import check_choice, shown
from evisynth.errors import ArgumentError, NotEstimable
from evisynth.evidence.printed import count_patients, half_unit
from evisynth.replication.methods import Case, candidates

PRINTED = ("estimate", "lb", "ub", "p")
PERCENT = ("rate", "interval of a proportion", "difference", "Kaplan-Meier", "half-width")
_PARTS = {"count": "events", "half-width": "half-width", "p value": "p"}  # the rest: the estimate
_WORDS = ("inputs_locator", "verdict", "reason", "discrepancy_id")
_ROUNDING = 1e-9


def gap(span, text, *, whole=False, cut=False) -> float:
    """How far a recomputed number is from a printed one, in units of its last printed digit.

    Parameters
    ----------
    span : Span
        The recomputed number and how far the rounding of its inputs lets it reach.
    text : str
        The number as printed: ``43.9``, ``.01``, or a bound such as ``<0.001``.
    whole : bool
        The source prints rounded whole numbers with a decimal zero: 43.0 counts as 43.
    cut : bool
        The source drops the digits that it does not print, instead of rounding.

    Returns
    -------
    float
        0 where the two agree: the recomputed number, or one within its reach, rounds to the
        printed one (ends of the rounding included) or lies on the printed side of a bound.

    Raises
    ------
    ArgumentError
        A text that is no printed number; a span that is not three numbers in order.
    """
    _refuse_nan(span)
    sign, number = _parse(text)
    unit = 2 * half_unit(text.lstrip("<>≤≥= "), whole=whole)
    if sign in ("<", "≤"):
        return max(0.0, span.low - number) / unit
    if sign in (">", "≥"):
        return max(0.0, number - span.high) / unit
    nearest = min(max(number, span.low), span.high)
    below, above = (0, unit) if cut else (unit / 2, unit / 2)
    if -below - _ROUNDING <= nearest - number <= above + _ROUNDING * (-1 if cut else 1):
        return 0.0
    return abs(nearest - number) / unit


def _refuse_nan(span):
    numbers = isinstance(span, tuple) and all(isinstance(v, int | float) for v in span)
    if not numbers or len(span) != 3 or not span[0] <= span[1] <= span[2]:
        raise ArgumentError("gap", "span", shown(span), "a Span: low, value and high, in order")


def _parse(text):
    found = re.fullmatch(r"([<>≤≥=]?)\s*(\d*\.?\d+)", text) if isinstance(text, str) else None
    if not found:
        raise ArgumentError("gap", "text", repr(text), "a printed number, such as 43.9 or <0.001")
    return found[1], float(found[2])


def replicate(evidence):
    """Every row of the table ``replications``: what is printed, and what we get.

    Parameters
    ----------
    evidence : Evidence
        With the tables ``replications`` and ``sources`` and the patient tables they refer to.

    Returns
    -------
    DataFrame
        One row per replication, in the order of the table: ``replication_id``, ``source_id``,
        ``locator``, ``quantity``, ``kind``, ``inputs``; ``number``, the same for every replication
        of one printed number; ``printed`` and ``ours`` in full, both at the printed
        digits, and each number apart as ``printed_estimate``, ``estimate`` and so on for ``lb``,
        ``ub`` and ``p`` (text as printed; float, NaN where nothing is printed; percent for shares,
        months or the unit of the patient table otherwise); ``method``; ``agrees``, computed;
        ``also`` (other methods that agree); ``closest`` and ``distance``, the method that comes
        nearest and the largest of its gaps in units of the last printed digit; ``verdict``,
        ``reason``, ``inputs_locator`` and ``discrepancy_id`` as in the table.

    Raises
    ------
    ArgumentError
        A row names a method that is not one of its kind, or lacks what the method needs.
    NotEstimable
        The method of a row has no finite result on its inputs.
    """
    import pandas as pd

    if not callable(getattr(evidence, "rows", None)):
        allowed = "what load_evidence returns"
        raise ArgumentError("replicate", "evidence", shown(evidence), allowed)
    whole = {row["source_id"]: row["rounds_to_whole_percent"] for row in evidence.rows("sources")}
    return pd.DataFrame(
        [_beside(evidence, row, whole[row["source_id"]]) for row in evidence.rows("replications")]
    )


def _beside(evidence, row, whole):
    needs, case = _case(evidence, row)
    methods = candidates(row["kind"], needs)
    check_choice("replicate", f"method of {row['replication_id']}", row["method"], methods)
    ours = methods[row["method"]].recompute(case)
    gaps = _gaps(row, methods, case, whole and row["kind"] in PERCENT)
    closest = min(gaps, key=lambda name: (gaps[name], name != row["method"]))
    agreeing = [name for name, distance in gaps.items() if distance == 0]
    told = ("replication_id", "source_id", "locator", "quantity", "kind", "inputs")
    return (
        {column: row[column] for column in told}
        | {"number": _number(row)}
        | {"printed": _printed(row), "ours": _shown(row, ours)}
        | {f"printed_{name}": row[f"printed_{name}"] or "" for name in PRINTED}
        | {name: _value(row, ours, name) for name in PRINTED}
        | {"method": row["method"], "agrees": gaps[row["method"]] == 0}
        | {"also": tuple(name for name in agreeing if name != row["method"])}
        | {"closest": closest, "distance": gaps[closest]}
        | {column: row[column] or "" for column in _WORDS}
    )


def _number(row):
    """The printed number: a part of one row of the evidence base, which stands at one place."""
    part = _PARTS.get(row["kind"], "estimate")
    return f"{row['printed_table']}: {row['printed_row']}: {part}"


def _gaps(row, methods, case, whole):
    """The largest gap of each method that has a result."""
    gaps = {}
    for name, method in methods.items():
        try:
            ours = method.recompute(case)
        except NotEstimable:
            continue
        gaps[name] = max(
            gap(getattr(ours, part), row[f"printed_{part}"], whole=whole, cut=name.endswith("cut"))
            for part in PRINTED
            if row[f"printed_{part}"] is not None and _compared(row, ours, part)
        )
    return gaps


def _compared(row, ours, part):
    """Whether a printed number is an outcome of the method, not what it starts from."""
    if getattr(ours, part) is not None:
        return True
    if row["inputs"] == "printed interval" and part in ("lb", "ub"):
        return False
    allowed = f"nothing, or another kind than {row['kind']}"
    raise ArgumentError("replicate", f"printed_{part} of {row['replication_id']}", "given", allowed)


# Inputs -------------------------------------------------------------------------------------------

_ONE_ARM, _TWO_ARMS = ("xi", "ni"), ("ai", "n1i", "ci", "n2i")


def _case(evidence, row):
    """What the row is recomputed from: counts, times or limits."""
    level = 0.95 if row["level"] is None else row["level"]
    if row["inputs"] == "printed interval":
        texts = tuple(row[f"printed_{part}"] for part in ("estimate", "lb", "ub"))
        return "limits", Case(limits=_filled(row, texts, "printed_lb"), level=level)
    if row["inputs"] != "patient rows":
        columns = _ONE_ARM if row["xi"] is not None else _TWO_ARMS
        counts = tuple(row[column] for column in columns)
        return "counts", Case(counts=_filled(row, counts, columns[0]), level=level)
    _filled(row, (row["patient_rows"],), "patient_rows")
    patients = _patients(evidence, row)
    event = tuple(happened for _, happened in patients)
    if row["time"] is None:
        return "counts", Case(counts=(sum(event), len(event)), level=level)
    time = tuple(patient[row["time"]] for patient, _ in patients)
    return "times", Case(time=time, event=event, at=row["at"], level=level)


def _filled(row, values, column):
    if None in values:
        where = f"{column} of {row['replication_id']}"
        raise ArgumentError("replicate", where, "empty", f"what {row['inputs']} needs")
    return values


def _patients(evidence, row):
    """Patient rows that pass the row's filters, each with its event as 0 or 1."""
    name = row["patient_rows"].partition(":")[0]
    query = f"{row['patient_rows']} | {row['event'] or row['time'] + '!='}"
    found = [(p, count_patients({name: [p]}, query)) for p in evidence.rows(name)]
    return [(patient, happened) for patient, (happened, counted) in found if counted]


# Words --------------------------------------------------------------------------------------------


def _printed(row):
    texts = [row[f"printed_{part}"] for part in PRINTED]
    return _line(*texts, row["kind"] in PERCENT)


def _shown(row, ours):
    """The recomputed numbers at the digits of the printed ones, without limits that went in."""
    texts = [
        None
        if row[f"printed_{part}"] is None or getattr(ours, part) is None
        else _at_digits(getattr(ours, part).value, row[f"printed_{part}"], row["method"])
        for part in PRINTED
    ]
    return _line(*texts, row["kind"] in PERCENT)


def _at_digits(value, text, method):
    if value == float("inf"):
        return "not reached"
    if text[0] in "<>≤≥":
        return f"{value:.2g}"
    digits = len(text.partition(".")[2])
    if method.endswith("cut"):
        value = int(value * 10**digits + _ROUNDING) / 10**digits
    return f"{value:.{digits}f}"


def _line(estimate, lb, ub, p, percent):
    sign = "%" if percent else ""
    parts = [] if estimate is None else [f"{estimate}{sign}"]
    parts += [] if lb is None else [f"({lb}–{ub})"]
    parts += [] if p is None else [f"p {p}" if p[0] in "<>≤≥" else f"p = {p}"]
    return " ".join(parts)


def _value(row, ours, part):
    span = getattr(ours, part)
    hidden = span is None or row[f"printed_{part}"] is None
    return float("nan") if hidden else float(span.value)
