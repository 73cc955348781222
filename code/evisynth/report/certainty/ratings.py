"""Ratings of certainty as the table of appraisals holds them: levels, steps, what was rated."""

from __future__ import annotations

from evisynth.evidence.specs import BETWEEN
from evisynth.report.certainty.judgements import GRADE, appraised

LEVELS = ("very low", "low", "moderate", "high")
NOT_RATED = "not rated"
# Domains that lower a rating, and what lowers or raises none.
_NO_STEP = ("no concern", "not assessable", "no upgrade")
STEPS = {"serious": "−1", "very serious": "−2", "upgrade one": "+1", "upgrade two": "+2"}


def ratings_of(analysis, subject):
    """Rows of a pool's or a contrast's rating, in the order of the table."""
    name = f"{analysis.spec.id}/{subject}"
    return appraised(analysis.evidence, tool=GRADE, subject_id=name)


def level_of(ratings):
    """The overall rating, one of `LEVELS`; None where there is none."""
    return next((row["judgement"] for row in ratings if row["item"] == "overall"), None)


def contrasts_of(analysis, chosen):
    """Rated contrasts of which both pools are shown."""
    shown = {selection.spec.id for selection in chosen}
    rows = appraised(analysis.evidence, tool=GRADE, subject_type="contrast", item="overall")
    names = [row["subject_id"].partition("/") for row in rows]
    ours = [contrast for name, _, contrast in names if name == analysis.spec.id]
    return [contrast for contrast in ours if set(contrast.split(BETWEEN)) <= shown]


def subjects_of(analysis, *pools):
    """What can be rated: some pools and the contrasts between them; with all pools all else too."""
    chosen = analysis.chosen(*pools)
    found = [selection.spec.id for selection in chosen] + contrasts_of(analysis, chosen)
    return found if pools else [*found, *analysis.effects, *analysis.times]


def steps_of(ratings):
    """Rows that moved the rating up or down."""
    kept = [row for row in ratings if row["item"] not in ("start", "overall")]
    return [row for row in kept if row["judgement"] not in _NO_STEP]


def level_without(ratings, item):
    """The level that a rating would have without the step of one domain.

    Parameters
    ----------
    ratings : sequence of mapping
        As `ratings_of` returns them.
    item : str

    Returns
    -------
    str or None
        One of `LEVELS`; None where nothing is rated, or where the domain moved nothing.
    """
    moved = steps_of(ratings)
    if level_of(ratings) is None or item not in {row["item"] for row in moved}:
        return None
    start = next(row["judgement"] for row in ratings if row["item"] == "start")
    steps = sum(_step(row) for row in moved if row["item"] != item)
    return LEVELS[min(max(LEVELS.index(start) + steps, 0), len(LEVELS) - 1)]


def _step(row):
    return int(STEPS[row["judgement"]].replace("−", "-"))


def anchor(analysis, subject, row):
    """Where a profile explains a domain; the analysis and the subject keep pages apart."""
    return f"grade-{analysis.spec.id}-{subject}-{row['item']}"


def starts_high(ratings):
    """Whether a rate starts high, which is said once for all of a table."""
    first = ("analysis", "start", "high")
    return bool(ratings) and first == tuple(
        ratings[0][column] for column in ("subject_type", "item", "judgement")
    )
