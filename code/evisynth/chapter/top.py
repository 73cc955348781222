"""What stands under the answer: the small table, what to do with it, and what stands behind it."""

from __future__ import annotations

from html import escape

from evisynth.engine.effects.escalc import study_intervals
from evisynth.evidence.doubts import undoubted
from evisynth.evidence.effects import size_of_arm
from evisynth.evidence.independent import Candidate, independent_set
from evisynth.evidence.main_cohort import main_cohort, report_name
from evisynth.evidence.schema import printed_text
from evisynth.evidence.specs import contrast_of
from evisynth.evidence.synthesis import cohorts_once
from evisynth.report.certainty.grade import certainty_rating
from evisynth.report.certainty.ratings import level_of, ratings_of
from evisynth.report.page.cite import cite
from evisynth.report.selection.possible_overlaps import flagged_cohorts
from evisynth.rounding import percents
from evisynth.words.html import Html, table, tag
from evisynth.words.phrases import (
    count_word,
    dash_range,
    fractions,
    months,
    per_hundred,
    plural,
    thousands,
)

HEADS = ("Of 100", "95% interval", "A new centre", "Patients in studies", "Certainty")
NONE = "–"


def answers(analysis, declared):
    """The small table: a line for each pool or contrast that the answer speaks of.

    Parameters
    ----------
    analysis : Analysis
    declared : TopTable

    Returns
    -------
    Html
        Of each the rate of 100, its interval, where a new centre could lie, patients in cohorts and
        the certainty. Where one cohort holds most of the patients of a few, its own rate stands
        first; see `main_cohort`.
    """
    rows = [cells for row in declared.rows for cells in _rows(analysis, row)]
    heads = ("Months", *HEADS[1:]) if all(row.times for row in declared.rows) else HEADS
    header = (declared.head, *heads)
    if all(cells[_NEW_CENTRE] == NONE for cells in rows):
        header, *rows = (_without(cells, _NEW_CENTRE) for cells in (header, *rows))
    return table(header, rows, numeric=header[1:-1], kind="co-answers")


_NEW_CENTRE = 3  # the column of where a new centre could lie, left off where nothing is in it


def _without(cells, place):
    return (*cells[:place], *cells[place + 1 :])


def _rows(analysis, row):
    if row.contrast:
        contrast = contrast_of(analysis.spec, row.contrast)
        names = [_trial(first.study) for first, _ in analysis.odds_ratios(*contrast.pools).pairs]
        yield (_named(row.label, names), *_contrast(analysis, contrast))
        return
    if row.times:
        yield (_label(row.label, _among(analysis, row.times)), *_times(analysis, row.times))
        return
    if row.effect:
        trials = [_trial(effect.study) for effect in analysis.effect(row.effect).counted]
        yield (_named(row.label, trials), *_effect(analysis, row.effect))
        return
    selection = _selection(analysis, row)
    if row.within:
        names = [_trial(c.study) for c in selection.counted]
        yield (_named(row.label, names), *_pool(analysis, selection)[:-1], "")
        return
    main = main_cohort(selection)
    if main is not None:
        yield _label(row.label, f"{report_name(main)} alone"), *_alone(main)
    apart = [] if selection.pooled.headline else [_trial(c.study) for c in selection.counted]
    label = _named(row.label, apart) if main is None else _label("", _others(selection))
    yield (label, *_pool(analysis, selection))


def _selection(analysis, row):
    """The pool of a line; of a contrast only the cohorts that make it."""
    if not row.within:
        return analysis[row.pool]
    contrast = contrast_of(analysis.spec, row.within)
    return analysis.matched(*contrast.pools)[contrast.pools.index(row.pool)]


def _trial(study):
    """The name that readers know, else that of the report without what stands in brackets."""
    return study["known_as"] or study["name"].partition(" (")[0]


def _named(label, names):
    """Whose numbers stand in a line, in their order, where there are several."""
    return _label(label, f"{', then '.join(names)}") if len(names) > 1 else label


def _others(selection):
    return f"with {count_word(len(selection.counted) - 1)} small series"


def _label(label, note):
    under = tag("span", escape(note), class_="co-under")
    return Html(f"{escape(label)} {under}".strip(), f"{label} {note}".strip())


def _alone(counted):
    x, n = counted.row["events"], counted.row["total"]
    (low,), (high,) = study_intervals([x], [n])
    return _rate(per_hundred(x / n)), dash_range(low, high), NONE, f"{thousands(n)} in 1", ""


def _pool(analysis, selection):
    pooled = selection.pooled
    rated = _certainty(analysis, selection.spec.id)
    size = f"{thousands(pooled.total)} in {pooled.k}"
    shown = pooled.displayed
    if shown["estimate"] is None:
        each = list(zip(pooled.xi, pooled.ni, pooled.lower, pooled.upper, strict=True))
        rates = [per_hundred(x / n) for x, n, _, _ in each]
        limits = [dash_range(low, high) for _, _, low, high in each]
        return _rates(rates), _lines(limits), NONE, size, rated
    new = NONE if shown["pi_lb"] is None else _new(dash_range(shown["pi_lb"], shown["pi_ub"]))
    limits = dash_range(shown["ci_lb"], shown["ci_ub"])
    return _rate(per_hundred(shown["estimate"])), limits, new, size, rated


def _contrast(analysis, contrast):
    found = analysis.odds_ratios(*contrast.pools)
    shown = [percents(*difference) for difference in found.differences]
    more = [by for by, _, _ in shown]
    limits = [f"{low} to {high}" for _, low, high in shown]
    patients = sum(arm.row["total"] for pair in found.pairs for arm in pair)
    rated = _certainty(analysis, contrast.subject)
    size = f"{thousands(patients)} in {len(found.pairs)}"
    return _rates(more), _lines(limits), NONE, size, rated


def _times(analysis, name):
    """The median of the largest cohort, in months; it is of no 100."""
    found = analysis.median_times(name)
    times = [m.months for m in found.counted]
    if not times:
        return NONE, NONE, NONE, NONE, _certainty(analysis, name)
    main = max(found.counted, key=lambda m: m.n or 0)
    limits = f"{months(main.limits[0])}–{months(main.limits[1])}" if main.limits else NONE
    size = f"{thousands(found.patients)} in {len(times)}"
    return _rate(months(main.months)), limits, NONE, size, _certainty(analysis, name)


def _among(analysis, name):
    """Whose median stands first, and where the others lie."""
    found = analysis.median_times(name).counted
    if len(found) < 2:
        return found[0].cohort["label"] if found else ""
    main, times = max(found, key=lambda m: m.n or 0), [m.months for m in found]
    name = main.study["known_as"] or main.cohort["label"]
    return f"{name}; all cohorts {months(min(times))} to {months(max(times))}"


def _effect(analysis, name):
    """Ratios of each trial, which are of no 100; patients of both arms as the base knows them."""
    found = analysis.effect(name)
    measure = found.spec.measures[0]
    ratios = [f"{measure} {printed_text(effect.row['value'])}" for effect in found.counted]
    limits = [
        f"{printed_text(effect.row['lower'])}–{printed_text(effect.row['upper'])}"
        for effect in found.counted
    ]
    arms = (arm for effect in found.counted for arm in (effect.first, effect.second))
    sizes = [size_of_arm(analysis.evidence, arm) for arm in arms]
    known = "–" if None in sizes else thousands(sum(sizes))
    size = f"{known} in {len(found.counted)}"
    return _rates(ratios), _lines(limits), NONE, size, _certainty(analysis, name)


def _certainty(analysis, subject):
    return certainty_rating(level_of(ratings_of(analysis, subject)))


def _rates(texts):
    """Rates that stand side by side, a line each: never a range."""
    return _lines(texts, _rate) if texts else _rate(NONE)


def _lines(texts, made=lambda text: Html(escape(text), text)):
    """Texts of several studies, a line each in their order."""
    parts = [made(text) for text in texts]
    return Html("<br>".join(p.html for p in parts), " and ".join(p.text for p in parts) or NONE)


def _rate(text):
    return Html(tag("strong", escape(text)), text)


def _new(text):
    return Html(tag("span", escape(text), class_="co-prediction"), text)


def without_doubt(analysis, declared):
    """The rates of the table from cohorts of which no two could share patients, where others may.

    Returns
    -------
    Html
        Empty where no counted cohort is in doubt.
    """
    told = []
    for row in declared.rows:
        if not row.pool or row.within or not flagged_cohorts([analysis[row.pool]]):
            continue
        pooled = undoubted(analysis.evidence, analysis[row.pool]).pooled
        if pooled.displayed["estimate"] is not None:
            rate, *limits = (pooled.displayed[n] for n in ("estimate", "ci_lb", "ci_ub"))
            size = plural(pooled.k, "cohort")
            told.append(f"{row.label} {per_hundred(rate)} ({dash_range(*limits)}), {size}")
        elif pooled.k:
            told.append(f"{row.label} {fractions(pooled)}, not pooled")
    if not told:
        return Html("", "")
    text = f"Without cohorts that may share patients: {'; '.join(told)}."
    return Html(tag("p", escape(text), class_="co-note"), text)


def stamp(analysis):
    """What stands behind the chapter, in one muted line."""
    chosen = analysis.chosen() if analysis.selections else ()
    once, rows = _behind(analysis, chosen)
    sources = {row["source_id"] for row in rows}
    flagged = len(flagged_cohorts(chosen))
    second = sum(bool(row["second_hand"]) for row in rows)
    parts = (
        f"{len(once)} cohorts",
        f"{thousands(sum(once.values()))} patients, each once",
        *(
            [f"{flagged} may share patients" if flagged else "none may share patients"]
            if chosen
            else []
        ),
        f"{second} read in a review",
        f"{len(sources)} source{'s' * (len(sources) > 1)}",
        f"data {analysis.evidence.version}",
    )
    text = " · ".join(parts)
    return Html(tag("p", escape(text), class_="co-stampline"), f"This chapter: {text}")


def _behind(analysis, chosen):
    """Cohorts behind a chapter with their patients, nobody twice, and the row of each."""
    if chosen:
        once = cohorts_once(chosen, analysis.evidence.graph)
        rows = {c.cohort["cohort_id"]: c.row for s in chosen for c in s.counted}
    else:
        medians = [m for found in analysis.times.values() for m in found.counted]
        rows = {m.cohort["cohort_id"]: m.row for m in medians}
        sizes = {m.cohort["cohort_id"]: m.cohort["n"] or 0 for m in medians}
        candidates = (Candidate(cohort, n) for cohort, n in sizes.items())
        once = {name: sizes[name] for name in independent_set(candidates, analysis.evidence.graph)}
    return once, [rows[cohort] for cohort in once]


def buttons(analysis):
    """What a reader can do next: look at other choices, trace a number, cite."""
    links = (("Other choices", "#how-sure"), ("Trace a number", "#who-is-counted"))
    there = links if analysis.selections else ()
    shown = "".join(tag("a", escape(words), href=to, class_="co-button") for words, to in there)
    box = cite(analysis)
    summary = tag("summary", "Cite", class_="co-button")
    cited = tag("details", summary + box.html, class_="co-citing")
    return Html(tag("div", shown + cited, class_="co-actions"), box.text)
