"""Certainty of the evidence: the summary of findings, and the profile that it rests on."""

from __future__ import annotations

import re
from collections import Counter
from html import escape

from evisynth.evidence.selection import plain
from evisynth.report.footnotes import MUTED, Footnotes
from evisynth.report.html import Html, table, tag
from evisynth.report.judgements import GRADE, appraised, circles, folded, stacked
from evisynth.report.words import (
    capital,
    cohorts_and_patients,
    dash_range,
    per_hundred,
    plural,
    rates,
    ratio_with_interval,
    shown_rate,
    thousands,
)

LEVELS = ("very low", "low", "moderate", "high")
NOT_RATED = "not rated"
# Domains that lower a rating, and what lowers or raises none.
_NO_STEP = ("no concern", "not assessable", "no upgrade")
_STEPS = {"serious": "−1", "very serious": "−2", "upgrade one": "+1", "upgrade two": "+2"}
_BETWEEN = "-v-"


def certainty_words(analysis, *pools):
    """The certainty of some pools in a word or two, the highest first.

    Parameters
    ----------
    analysis : Analysis
    *pools : str
        Pool ids; all where none is named. Contrasts are not taken in.

    Returns
    -------
    str
        Such as "very low" or "low to very low"; "not rated" where nothing was.
    """
    subjects = (selection.spec.id for selection in analysis.chosen(*pools))
    found = {_level(_ratings(analysis, subject)) for subject in subjects} - {None}
    ordered = [level for level in reversed(LEVELS) if level in found]
    return " to ".join(dict.fromkeys((ordered[0], ordered[-1]))) if ordered else NOT_RATED


def certainty(level):
    """A rating as four circles and the word.

    Parameters
    ----------
    level : str or None
        One of `LEVELS`; None where nothing was rated.

    Returns
    -------
    Html
    """
    if level is None:
        return Html(NOT_RATED, NOT_RATED)
    filled = LEVELS.index(level) + 1
    dots = circles([1.0] * filled + [0.0] * (4 - filled), f"{filled} of 4 circles")
    word = f'<span style="white-space:nowrap">{dots.html} {escape(level)}</span>'
    return Html(word, f"{dots.text} {level}")


def findings(analysis, *pools):
    """Summary of findings: each pool and contrast with its numbers and its certainty.

    The form is that of GRADE's tables (Guyatt et al, J Clin Epidemiol 2013;66:158): numbers from
    the results, judgements from the table of appraisals, the reason for each step as a footnote.

    Parameters
    ----------
    analysis : Analysis
    *pools : str
        Pool ids; all where none is named. A contrast is shown where both of its pools are.

    Returns
    -------
    Html
    """
    chosen = analysis.chosen(*pools)
    subjects = [s.spec.id for s in chosen] + _contrasts(analysis, chosen)
    notes = Footnotes(f"sof-{'-'.join((analysis.spec.id, *pools))}")
    rows = [_finding(analysis, subject, notes) for subject in subjects]
    header = ("Outcome", "Of 100 [95% interval]", "Certainty")
    guidance = _guidance(analysis, subjects)
    return stacked(table(header, rows), notes.shown(), guidance)


def grade(analysis, *pools):
    """The GRADE profile of each pool and contrast, domain by domain, folded.

    Parameters
    ----------
    analysis : Analysis
    *pools : str
        Pool ids; all where none is named.

    Returns
    -------
    Html
        Empty where nothing is rated.
    """
    chosen = analysis.chosen(*pools)
    subjects = [s.spec.id for s in chosen] + _contrasts(analysis, chosen)
    rated = [subject for subject in subjects if _ratings(analysis, subject)]
    return stacked(*(_profile(analysis, subject) for subject in rated))


# Ratings ------------------------------------------------------------------------------------------


def _ratings(analysis, subject):
    """Rows of a pool's or a contrast's rating, in the order of the table."""
    name = f"{analysis.spec.id}/{subject}"
    return appraised(analysis.evidence, tool=GRADE, subject_id=name)


def _level(ratings):
    return next((row["judgement"] for row in ratings if row["item"] == "overall"), None)


def _contrasts(analysis, chosen):
    """Rated contrasts of which both pools are shown."""
    shown = {selection.spec.id for selection in chosen}
    rows = appraised(analysis.evidence, tool=GRADE, subject_type="contrast", item="overall")
    names = [row["subject_id"].partition("/") for row in rows]
    ours = [contrast for name, _, contrast in names if name == analysis.spec.id]
    return [contrast for contrast in ours if set(contrast.split(_BETWEEN)) <= shown]


def _steps(ratings):
    """Rows that moved the rating up or down."""
    kept = [row for row in ratings if row["item"] not in ("start", "overall")]
    return [row for row in kept if row["judgement"] not in _NO_STEP]


# The summary --------------------------------------------------------------------------------------


def _finding(analysis, subject, notes):
    ratings = _ratings(analysis, subject)
    cells = _contrast_cells if _BETWEEN in subject else _pool_cells
    marks = [notes.mark(_reason(row)) for row in _steps(ratings)]
    shown = certainty(_level(ratings))
    signs = (
        tag("sup", " ".join(mark.html for mark in marks), style="white-space:nowrap")
        if marks
        else ""
    )
    text = f"{shown.text} {' '.join(mark.text for mark in marks)}".rstrip()
    return (*cells(analysis, subject), Html(f"{shown.html} {signs}".rstrip(), text))


def _titled(title, *about):
    lines = "".join(f'<br><span style="{MUTED}">{escape(line)}</span>' for line in about)
    return Html(f"<strong>{escape(title)}</strong>{lines}", "; ".join((title, *about)))


def _pool_cells(analysis, pool):
    selection = analysis[pool]
    found = Counter(plain(c.row["criterion"]) for c in selection.counted)
    kinds = [kind for kind, _ in found.most_common()]
    counted_as = f", counted as {', '.join(kinds)}" if set(kinds) - {"not stated"} else ""
    about = (f"{selection.spec.estimand}{counted_as}", cohorts_and_patients(selection))
    return _titled(selection.spec.title, *about), _rate_cell(selection.pooled)


def unbroken(words):
    """Words whose interval stays on one line."""
    whole = r'<span style="white-space:nowrap">\g<0></span>'
    return Html(re.sub(r"\S+ \[[^\]]*\]", whole, escape(words)), words)


def _rate_cell(pooled):
    """The rate, and under it where a new centre could lie, if the rule gives that."""
    rate, shown = rate_words(pooled), pooled.displayed
    if shown["pi_lb"] is None:
        return unbroken(rate)
    new = f"new centre {dash_range(shown['pi_lb'], shown['pi_ub'])}"
    style = "color:var(--co-accent);white-space:nowrap"
    return Html(f'{unbroken(rate).html}<br><span style="{style}">{new}</span>', f"{rate}; {new}")


def rate_words(pooled):
    """A pooled rate of 100 with its interval, or what stands for it where none is given."""
    shown = pooled.displayed
    if shown["estimate"] is not None:
        return shown_rate(shown)
    if pooled.k == 0:
        return "–"
    found = rates(pooled)
    if pooled.k == 2:
        return f"{' and '.join(map(per_hundred, found))}, not pooled"
    return f"{per_hundred(found[0])} to {per_hundred(found[-1])}, not pooled"


def _contrast_cells(analysis, contrast):
    first, second = contrast.split(_BETWEEN)
    title = f"{analysis[first].spec.title} against {analysis[second].spec.title}"
    pairs = analysis.strata(first, second)
    if not pairs:
        evidence = (cohorts_and_patients(analysis[pool]) for pool in (first, second))
        about = ("between cohorts only", " against ".join(evidence))
        return _titled(title, *about), "no study compares them"
    patients = sum(arm.row["total"] for pair in pairs for arm in pair)
    size = f"{plural(len(pairs), 'stratum', 'strata')}, {thousands(patients)} patients"
    rate = f"odds ratio {ratio_with_interval(*analysis.odds_ratios(first, second).common)}"
    return _titled(title, "within the same studies", size), unbroken(rate)


def _reason(row):
    return f"{row['wording']}, {row['judgement']}: {row['reason']}"


def _guidance(analysis, subjects):
    """Which guidance the ratings follow, in one line."""
    by_guidance = {}
    for subject in subjects:
        for row in _ratings(analysis, subject)[:1]:
            kind = "contrasts" if row["subject_type"] == "contrast" else "rates"
            by_guidance.setdefault((kind, row["version"]), None)
    if not by_guidance:
        return Html("", "")
    named = "; ".join(f"{kind} by {version}" for kind, version in by_guidance)
    text = (
        f"Certainty by {GRADE}: {named}. A letter for each step down, with its reason."
        f"{_second_hand_rule(analysis, subjects)}{_start_rule(analysis, subjects)}"
    )
    return Html(tag("p", escape(text), class_="co-provenance"), text)


def _second_hand_rule(analysis, subjects):
    """That reading second-hand costs a step by a rule of the book, where one of these was."""
    pools = {pool for subject in subjects for pool in subject.split(_BETWEEN)}
    if not any(c.second_hand for pool in pools for c in analysis[pool].counted):
        return ""
    return (
        " What was read second-hand is rated as a serious risk of bias by a rule of this book,"
        " since the conduct of such a study cannot be assessed."
    )


def _start_rule(analysis, subjects):
    """What a start at low instead of high would give for the rates."""
    found = [_ratings(analysis, subject) for subject in subjects]
    started = [
        rows
        for rows in found
        if rows
        and (rows[0]["subject_type"], rows[0]["item"]) == ("analysis", "start")
        and rows[0]["judgement"] == "high"
    ]
    if not started:
        return ""
    levels = {LEVELS[max(LEVELS.index("low") - _steps_down(rows), 0)] for rows in started}
    given = " or ".join(level for level in reversed(LEVELS) if level in levels)
    throughout = " throughout" if len(levels) == 1 and len(started) > 1 else ""
    return (
        " Starting high for a rate of response is contested: the guidance is about prognosis in"
        f" broad groups of patients. Starting low would give {given}{throughout}."
    )


def _steps_down(ratings):
    return sum(-int(_STEPS[row["judgement"]].replace("−", "-")) for row in _steps(ratings))


# The profile --------------------------------------------------------------------------------------


def _profile(analysis, subject):
    ratings = _ratings(analysis, subject)
    shown = certainty(_level(ratings))
    title = " against ".join(analysis[pool].spec.title for pool in subject.split(_BETWEEN))
    summary = Html(f"{escape(title)}: {shown.html}", f"{title}: {shown.text}")
    cells = [
        (r["wording"], capital(r["judgement"]), _STEPS.get(r["judgement"], ""), r["reason"])
        for r in ratings
    ]
    return folded(summary, table(("Domain", "Judgement", "Step", "Why"), cells))
