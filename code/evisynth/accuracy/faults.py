"""What the page says of faults put in on purpose: which were found, which cannot be."""

from __future__ import annotations

from evisynth.words.glue import glue_values
from evisynth.words.html import table
from evisynth.words.phrases import count_word, thousands

_TABLES = {
    "outcomes": "Outcomes",
    "survival": "Survival",
    "contrasts": "Comparisons",
    "analysis_sets": "Sizes of sets",
    "characteristics": "Characteristics",
    "cohorts": "Cohorts",
    "overlaps": "Overlaps",
    "studies": "Studies",
    "discrepancies": "Contradictions",
}


def caught_share(caught, tried):
    """``97%``; below all of them never 100."""
    percent = 100 * caught / tried if tried else 0.0
    shown = round(percent)
    return f"{min(shown, 99) if caught < tried else shown}%"


def slips_table(faults):
    """Slips put into the tables: how many validation found alone, and with the tests.

    Parameters
    ----------
    faults : dict
        As `read_faults` returns it.

    Returns
    -------
    Html
    """
    found, rows = faults["data"], []
    for name, title in _TABLES.items():
        kinds = [kind for kind in found["kinds"] if kind["table"] == name]
        if kinds:
            rows.append(_slips_row(title, *(_sum(kinds, n) for n in _COUNTS)))
    rows.append(_slips_row("All", *(found[n] for n in _COUNTS)))
    counted = found["counted_rows"]
    rows.append(("Of rows that an answer counts", thousands(counted["tried"]), "", "",
                 caught_share(counted["caught"], counted["tried"])))  # fmt: skip
    header = ("Table", "Slips", "Found by validate", "And by the tests", "Share found")
    return table(header, rows, numeric=header[1:])


_COUNTS = ("tried", "validate", "caught")


def _sum(kinds, name):
    return sum(kind[name] for kind in kinds)


def _slips_row(title, tried, validate, caught):
    more = thousands(caught - validate) if caught > validate else "–"
    return title, thousands(tried), thousands(validate), more, caught_share(caught, tried)


def missed_table(faults, reasons):
    """Each kind of slip of which some went unseen, with the reason.

    Parameters
    ----------
    faults : dict
    reasons : dict of (table, kind) to str
        As `read_reasons` returns them.

    Returns
    -------
    Html
    """
    rows = [
        (
            _TABLES[kind["table"]],
            kind["kind"],
            f"{kind['tried'] - kind['caught']} of {kind['tried']}",
            reasons.get((kind["table"], kind["kind"]), "–"),
        )
        for kind in faults["data"]["kinds"]
        if kind["caught"] < kind["tried"]
    ]
    header = ("Table", "Slip", "Unseen", "Why it cannot be known")
    return table(header, rows, numeric=("Unseen",))


def mutants_table(faults):
    """Faults put into the engine's code, by package, and how many its tests noticed.

    Parameters
    ----------
    faults : dict

    Returns
    -------
    Html
    """
    found = faults["engine"]
    rows = [
        (line["package"], thousands(line["tried"]), thousands(line["killed"]),
         caught_share(line["killed"], line["tried"]))
        for line in found["packages"]
    ]  # fmt: skip
    rows.append(("all", thousands(found["tried"]), thousands(found["killed"]),
                 caught_share(found["killed"], found["tried"])))  # fmt: skip
    header = ("Package", "Faults", "Noticed", "Share")
    return table(header, rows, numeric=header[1:])


def robustness_table(faults):
    """What was done to readers, pages and commands, how often, and how often all was right.

    Parameters
    ----------
    faults : dict
        Parts that were not run have no row.

    Returns
    -------
    Html
    """
    rows = [
        (words, thousands(tried), thousands(right))
        for part, of_part in _ROBUST.items()
        if part in faults
        for words, tried, right in of_part(faults[part])
    ]
    header = ("What was tried", "Times", "All was right")
    return table(header, rows, numeric=header[1:])


_KINDS = {"function": "functions", "figure": "figures", "reader": "readers", "command": "commands"}


def _of_fuzz(found):
    failed = [failure["kind"] for failure in found["failures"]]
    for kind, words in _KINDS.items():
        parts = [part for part in found["parts"] if part["kind"] == kind]
        tried = _sum(parts, "tried")
        yield f"any input, {len(parts)} {words}", tried, tried - failed.count(kind)


def _of_hostile(found):
    shown = f"{found['strings']} hostile texts in {found['views']} views, figures and files"
    yield shown, found["shown"] + len(found["failures"]), found["shown"]


def _of_interrupted(found):
    for trial in found["trials"]:
        yield trial["what"], trial["moments"], trial["right_afterwards"]


def _of_builds(found):
    pythons = " and ".join(found["pythons"])
    apart = sorted({name for names in found["names"].values() for name in names})
    but = f"; not the same: {', '.join(apart)}" if apart else ""
    compared = (
        f"files of the site in {found['builds']} builds, Python {pythons}, byte for byte{but}"
    )
    yield compared, found["files"], found["files"] - found["differing"]


_ROBUST = {
    "fuzz": _of_fuzz,
    "hostile": _of_hostile,
    "interrupted": _of_interrupted,
    "builds": _of_builds,
}


# How the reason of a survivor begins that gives the same result as the code without it.
_SAME = ("equivalent", "a first guess", "speed alone")


def glue_faults(faults):
    """Numbers of the page's prose on faults, as ``faults-what``.

    Parameters
    ----------
    faults : dict

    Returns
    -------
    Html
    """
    data, engine, fuzz = (faults[part] for part in ("data", "engine", "fuzz"))
    overlaps = [kind for kind in data["kinds"] if kind["table"] == "overlaps"]
    counted = data["counted_rows"]
    same = sum(line["reason"].startswith(_SAME) for line in engine["survivors"])
    values = {
        "slips": thousands(data["tried"]),
        "slips-share": caught_share(data["caught"], data["tried"]),
        "slips-validate": caught_share(data["validate"], data["tried"]),
        "slips-counted": caught_share(counted["caught"], counted["tried"]),
        "slips-overlaps": caught_share(_sum(overlaps, "caught"), _sum(overlaps, "tried")),
        "mutants": thousands(engine["tried"]),
        "mutants-share": caught_share(engine["killed"], engine["tried"]),
        "mutants-left": count_word(len(engine["survivors"])),
        "mutants-same": count_word(same),
        "mutants-telling": caught_share(engine["killed"], engine["tried"] - same),
        "inputs": thousands(fuzz["tried"]),
        "inputs-parts": thousands(len(fuzz["parts"])),
        "inputs-failed": count_word(len(fuzz["failures"])) if fuzz["failures"] else "none",
    }
    return glue_values("faults", values)
