"""Trials by the ages that may enter, grouped by their state: a bar each."""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.patches import Rectangle

from evisynth.evidence.trials import by_state, different_trials
from evisynth.figures.base import marks
from evisynth.figures.base.data_figure import data_figure, foot, head, is_phone
from evisynth.figures.base.sheet import Sheet
from evisynth.figures.base.style import measure, wrap
from evisynth.figures.landscape.provenance import data_provenance
from evisynth.words.phrases import capital, count_word, plural

TITLE = "Who may enter: ages by trial"
KEY = (
    "Filled bar: a report of the trial is in this evidence base",
    "Hollow bar: none is",
    "Dashed: one printed row for two trials, so that age and state may be of either",
    "Arrow: no upper limit",
)
_TICKS = (0, 18, 40, 60)
_OLDEST = 72  # years, where the axis ends
_BAR = 9  # pixels high
_LINE = 15


@dataclass(frozen=True)
class _Columns:
    """Pixels: how wide the title is, where the number stands, where the bars begin and end."""

    title: float
    number: float
    start: float
    end: float

    def x(self, years):
        return self.start + (self.end - self.start) * min(years, _OLDEST) / _OLDEST


_DESKTOP = _Columns(318, 328, 452, 682)
_PHONE = _Columns(358, 0, 100, 350)


def trial_ages(evidence, *, state: str, name: str = "trial-ages"):
    """Draw every trial once, with the ages that may enter, under its state.

    Parameters
    ----------
    evidence : Evidence
        With a table of trials.
    state : str
        What the states are, for instance "state as printed in 2021".
    name : str
        The figure's id in its page.

    Returns
    -------
    DataFigure

    Raises
    ------
    EvisynthError
        See `different_trials`.
    """
    trials = different_trials(evidence)
    groups = by_state(trials)
    told = data_provenance(evidence, [trial.row for trial in trials], name)

    def draw(sheet):
        head(sheet, TITLE, f"{capital(plural(len(trials), 'trial'))}, each once, by {state}.")
        sheet.y += 6
        for title, group in groups.items():
            _group(sheet, title, group)
        _axis(sheet)
        foot(sheet, " · ".join(KEY), *told)

    return data_figure(draw, _table(groups), title=TITLE, alt=_alt(groups, state), name=name)


def _columns(sheet):
    return _PHONE if is_phone(sheet) else _DESKTOP


def _group(sheet: Sheet, title, group):
    sheet.y += 9
    text = f"{capital(title)} ({len(group)})"
    sheet.text(0, sheet.y + 8, text, 13, weight=600)
    sheet.y += 21
    for trial in sorted(group, key=_youngest_first):
        _trial(sheet, trial)


def _youngest_first(trial):
    ages = trial.ages
    if ages is None:
        return (2, 0.0, 0.0)
    return (ages.highest is None, ages.highest or 0.0, ages.lowest)


def _trial(sheet: Sheet, trial):
    columns, phone = _columns(sheet), is_phone(sheet)
    lines = wrap(trial.row["short_title"], columns.title, 13)
    number = wrap(trial.row["identifier"], columns.start - columns.number - 6, 11)
    more = sheet.lines(0, sheet.y + 9, lines, 13, pitch=_LINE)
    top = sheet.y
    if phone:
        sheet.y += _LINE * len(lines) + 2
        top = sheet.y
        more = 0
    more = max(more, sheet.lines(columns.number, top + 9, number, 11, pitch=13, color="muted"))
    sheet.y = top + 21 + more
    _grid(sheet, top, sheet.y)
    _bar(sheet, trial, top + 9)
    sheet.y += 3 if phone else 0


def _grid(sheet, top, bottom):
    for years in _TICKS:
        sheet.line([_columns(sheet).x(years)] * 2, [top, bottom], "hairline", 0.7, zorder=-1)


def _bar(sheet: Sheet, trial, y):
    columns = _columns(sheet)
    if trial.ages is None:
        sheet.text(columns.start + 4, y, trial.row["age"], 12, color="muted", italic=True)
        return
    left = columns.x(trial.ages.lowest)
    right = columns.x(_OLDEST if trial.ages.highest is None else trial.ages.highest)
    box = Rectangle((left, y - _BAR / 2), right - left, _BAR)
    if trial.reports:
        sheet.patch(box, fill="ink", edge="ink")
    else:
        sheet.patch(box, fill="paper", edge="ink", dash=(3, 2) if trial.shared_row else None)
    if trial.ages.highest is None:
        marks.arrowhead(sheet, right + 7, y, 1, "ink")


def _axis(sheet: Sheet):
    columns = _columns(sheet)
    sheet.y += 10
    for years in _TICKS:
        text = f"{years} years" if years == _TICKS[-1] else str(years)
        left = columns.x(years) - measure(str(years), 11.5) / 2
        sheet.text(max(left, columns.start - 3), sheet.y, text, 11.5, color="muted")
    sheet.y += 8


def _table(groups):
    rows = [(state, trial) for state, group in groups.items() for trial in group]
    return {
        "state": [state for state, _ in rows],
        "identifier": [trial.row["identifier"] for _, trial in rows],
        "title": [trial.row["short_title"] for _, trial in rows],
        "age": [trial.row["age"] for _, trial in rows],
        "lowest": [trial.ages.lowest if trial.ages else None for _, trial in rows],
        "highest": [trial.ages.highest if trial.ages else None for _, trial in rows],
        "reports": [len(trial.reports) for _, trial in rows],
    }


def _alt(groups, state):
    trials = [trial for group in groups.values() for trial in group]
    counts = ", ".join(f"{title} {count_word(len(group))}" for title, group in groups.items())
    reported = sum(bool(trial.reports) for trial in trials)
    limited = [trial.ages.highest for trial in trials if trial.ages and trial.ages.highest]
    oldest = f" The highest age limit is {max(limited):g} years." if limited else ""
    return (
        f"{len(trials)} trials with the ages that may enter, by {state}: {counts}. "
        f"{capital(count_word(reported))} of them, drawn filled, have a report in this evidence "
        f"base.{oldest}"
    )
