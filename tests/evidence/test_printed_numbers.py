"""Numbers that are said to be as printed are so, digit for digit."""

import copy
import json
import pickle
from pathlib import Path

import pytest
from evisynth.evidence.schema import PrintedNumber, printed_text, read_codebook, read_tables
from evisynth.report.certainty.published import _printed as published
from evisynth.report.page.printed_rows import _printed as in_prose
from evisynth.report.patients.characteristics import _value as characteristic
from evisynth.report.patients.survival import as_printed, merged
from evisynth.report.patients.with_and_without import _numbers as contrast

DATA = Path(__file__).resolve().parents[2] / "data"


@pytest.fixture(scope="module")
def printed():
    """Cells as text, by table, row and column, of the files themselves."""
    tables, _ = read_tables(DATA, read_codebook(DATA))
    return {
        (name, number, column): table.printed(row, column)
        for name, table in tables.items()
        for number, row in enumerate(table)
        for column in row
    }


@pytest.mark.parametrize(
    ("table", "columns", "view"),
    [
        ("survival", ("value", "lower", "upper"), as_printed),
        ("contrasts", ("value",), contrast),
        ("external_estimates", ("value",), published),
        ("characteristics", ("value",), characteristic),
        ("survival", ("value",), lambda row: in_prose(row).get("value", "")),
        ("contrasts", ("value",), lambda row: in_prose(row).get("value", "")),
    ],
)
def test_every_printed_number_appears_digit_for_digit(evidence, printed, table, columns, view):
    seen = 0
    for number, row in enumerate(evidence.rows(table)):
        counted = row.get("events") is not None and row.get("total") is not None
        if row["value"] is None or (table == "characteristics" and counted):
            continue
        text = view(row)
        for column in columns:
            told = printed[table, number, column]
            shown = row["interval"] != "none" or column == "value" if "interval" in row else True
            if told is not None and "e" not in told and shown and not (told == "0" and "±" in text):
                if column == "upper" and row["interval"] == "plus_minus":
                    continue
                assert told in text, (row.get("row_id"), column, told, text)
                seen += 1
    assert seen > 10


def test_limits_of_contrasts_and_estimates_keep_their_noughts(evidence, printed):
    for table, view in (("contrasts", contrast), ("external_estimates", published)):
        for number, row in enumerate(evidence.rows(table)):
            if None not in (row["value"], row["lower"], row["upper"]):
                ends = (printed[table, number, end] for end in ("lower", "upper"))
                assert "–".join(ends) in view(row)


def test_some_numbers_end_in_a_nought(evidence):
    """Else the tests above would see nothing."""
    texts = [printed_text(r["value"]) for r in evidence.rows("survival") if r["value"] is not None]
    assert sum(text.endswith("0") and "." in text for text in texts) > 20


def test_a_number_keeps_its_text_and_is_a_number():
    number = PrintedNumber("3.0")
    assert (
        number == 3 and number + 1 == 4.0 and json.dumps(number) == "3.0" and f"{number:g}" == "3"
    )
    assert printed_text(number) == "3.0" and printed_text(2.50) == "2.5"
    assert printed_text(PrintedNumber("1e-3")) == "0.001"
    for copied in (copy.deepcopy(number), pickle.loads(pickle.dumps(number))):
        assert printed_text(copied) == "3.0"


def test_the_more_digits_lead_and_a_nought_is_a_digit():
    common = {"statistic": "median", "time_months": None, "censored_at_hsct": "no",
              "interval": "none", "value_status": "number", "lower": None, "upper": None,
              "lower_status": "not_reported", "upper_status": "not_reported"}  # fmt: skip
    three, exactly = ({**common, "value": PrintedNumber(text)} for text in ("3", "3.0"))
    near = {**common, "value": PrintedNumber("3.2")}
    assert merged([three, exactly]) == [[exactly, three]]
    assert merged([exactly, near]) == [[exactly], [near]]
