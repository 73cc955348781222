"""The pages on overlaps, contradictions and replications: what they say is in the tables."""

import re
from collections import Counter
from pathlib import Path

import pytest
from evisynth import report
from evisynth.errors import ArgumentError
from evisynth.evidence.countings import countings
from evisynth.evidence.flips import flips
from evisynth.evidence.overlap import RELATIONS
from evisynth.evidence.selection import CODES
from evisynth.figures.book.landing import naive_numbers
from evisynth.pages.reading import markdown_of
from evisynth.replication import printed_numbers, replicate
from evisynth.words.names import named_sources
from evisynth.words.phrases import rate_or_note, rate_with_interval, thousands

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def register(evidence):
    return report.discrepancies(evidence)


def lines_of(view):
    return [line.split(" | ") for line in str(view).splitlines()]


def ids_in(html):
    return re.findall(r' id="([^"]+)"', html)


# Inclusion ----------------------------------------------------------------------------------------


def test_every_cell_of_the_matrix_is_what_the_selection_says(evidence):
    view = report.inclusion(evidence)
    cells = {line[0]: line[1:] for line in lines_of(view) if len(line) > 2}
    selections = [s for a in evidence.analyses for s in evidence.analyse(a).selections.values()]
    assert cells.pop("Cohort") == [s.spec.title for s in selections]
    for column, selection in enumerate(selections):
        said = {c.cohort["label"]: "counted" for c in selection.counted}
        said |= {c.cohort["label"]: f"{c.code} {c.reason}" for c in selection.left_out}
        shown = {label: row[column] for label, row in cells.items() if row[column]}
        assert shown == said
    boxes = Counter(re.findall(r'<abbr class="co-out"[^>]*>(\w+)<', view.html))
    assert boxes == Counter(c.code for s in selections for c in s.left_out)
    assert view.html.count('aria-label="counted"') == sum(len(s.counted) for s in selections)


def test_codes_of_a_matrix_are_spelt_out_and_no_others(evidence):
    analysis = evidence.analyse("salvage-line")
    for view in (report.inclusion(evidence, analysis), report.inclusion(evidence, "salvage-line")):
        used = {c.code for s in analysis.selections.values() for c in s.left_out}
        for code, meaning in CODES.items():
            assert (f"{code}: {meaning}" in str(view)) == (code in used)
            assert (f"</span> {meaning}" in view.html) == (code in used)
        assert view.html.count('scope="col"') == 1 + len(analysis.selections)


def test_coded_heads_are_told_apart_and_have_a_key(evidence):
    html = report.inclusion(evidence, "salvage-line", "mrd-response").html
    heads = re.findall(r'<th scope="col"><abbr title="([^"]+)">(\w+)</abbr>', html)
    pools = [p.title for a in ("salvage-line", "mrd-response") for p in evidence.analyses[a].pools]
    assert [title for title, _ in heads] == pools
    assert len({head for _, head in heads}) == len(heads)
    assert all(f"{head} {title}" in html for title, head in heads)
    first = re.search(r'<div class="co-scroll"[^>]*>', html)[0]
    assert 'tabindex="0"' in first and 'aria-label="' in first


def test_each_row_of_a_matrix_has_a_cell_for_each_column(evidence):
    html = report.inclusion(evidence).html
    rows = re.findall(r'<tr><th scope="row">.*?</tr>', html)
    columns = sum(len(spec.pools) for spec in evidence.analyses.values())
    assert {row.count("<td") for row in rows} == {columns}
    assert html.count("<tbody>") == len(re.findall('class="co-family"', html))


def test_an_undeclared_analysis_is_refused(evidence):
    for view in (report.inclusion, report.decisions):
        with pytest.raises(ArgumentError, match="nonsense"):
            view(evidence, "nonsense")


# Decisions ----------------------------------------------------------------------------------------


def test_a_decision_shows_the_pool_pooled_again(evidence):
    """Recomputed from the selector, not from the view's own functions."""
    analysis = evidence.analyse("pediatric-vs-adult")
    view = str(report.decisions(evidence, analysis))
    rows = (r for r in evidence.rows("outcomes") if r["outcome"] == "cr")
    about = {row["discrepancy_id"] for row in rows}
    turned = [f for f in flips(evidence) if f.discrepancy["discrepancy_id"] in about]
    mattering = set()
    for selection in analysis.selections.values():
        for flip in turned:
            other = evidence.selector(**flip.settings).select(selection.spec)
            if counts_of(other) != counts_of(selection):
                key = flip.discrepancy["discrepancy_id"]
                mattering.add(key)
                lines = [line for line in lines_of(view) if line[0].startswith(key)]
                rates = [_rate(pool.pooled) for pool in (selection, other)]
                assert any(line[1].startswith(rates[0]) and rates[1] in line[2] for line in lines)
                assert flip.discrepancy["reason"] in view
    shown = {line[0][:4] for line in lines_of(view) if re.match(r"D\d{3} ", line[0])}
    assert shown == mattering and mattering


def counts_of(selection):
    return sorted(zip(selection.xi, selection.ni, strict=True))


def _rate(pooled):
    shown = pooled.displayed
    return rate_with_interval(shown["estimate"], shown["ci_lb"], shown["ci_ub"])


def test_contradictions_that_touch_and_change_nothing_are_listed(evidence):
    analysis = evidence.analyse("pediatric-vs-adult")
    view = report.decisions(evidence, analysis)
    last = str(view).splitlines()[-1]
    idle = set(re.findall(r"D\d{3}", last))
    rows = [line[0][:4] for line in lines_of(view) if re.match(r"D\d{3} ", line[0])]
    assert idle and not idle & set(rows)
    touched = {
        r["discrepancy_id"] for r in evidence.rows("outcomes")
        if r["discrepancy_id"] and r["outcome"] == "cr" and r["cohort_id"] in analysis.read_cohorts
    }  # fmt: skip
    assert touched <= idle | set(rows)


def test_where_nothing_matters_that_is_said(evidence):
    view = str(report.decisions(evidence, "salvage-line"))
    assert view.startswith("No other decision would change a pooled number.")


# Register -----------------------------------------------------------------------------------------


def test_every_contradiction_stands_once_with_an_anchor(evidence, register):
    view = register
    rows = evidence.rows("discrepancies")
    assert sorted(ids_in(view.html)) == sorted(row["discrepancy_id"] for row in rows)
    for row in rows:
        (line,) = [x for x in str(view).splitlines() if x.startswith(row["discrepancy_id"] + " ")]
        for part in ("what", "claim_a", "where_a", "claim_b", "where_b", "reason"):
            assert named_sources(row[part]) in line


def test_links_to_the_register_arrive(evidence, register):
    anchors = set(ids_in(register.html))
    pages = report.decisions(evidence).html + report.replication_differences(evidence).html
    links = set(re.findall(r'href="discrepancies\.html#(\w+)"', pages))
    assert links and links <= anchors


def test_the_register_says_what_each_decision_changes(evidence, register):
    text = str(register).splitlines()
    changing = {line[:4] for line in text if "would go from" in line}
    idle = {line[:4] for line in text if "No headline changes." in line}
    table = lines_of(report.decisions(evidence))
    assert changing == {x[0][:4] for x in table if re.match(r"D\d{3} ", x[0])}
    assert not changing & idle
    assert len(changing | idle) == len(evidence.rows("discrepancies"))


def test_kinds_and_decisions_add_up(evidence):
    header, *kinds, total = lines_of(report.discrepancy_counts(evidence))
    columns = range(1, len(header))
    for column in columns:
        assert sum(int(row[column]) for row in kinds if row[column] != "–") == int(total[column])
    assert int(total[-1]) == len(evidence.rows("discrepancies"))


# Replications -------------------------------------------------------------------------------------


def test_every_replication_stands_once_with_an_anchor(evidence):
    views = (report.replication_differences, report.replication_conditions, report.replications)
    shown = [ids_in(view(evidence).html) for view in views]
    found = replicate(evidence)
    assert sorted([*shown[0], *shown[1], *shown[2]]) == sorted(found["replication_id"])
    verdicts = ("differs", "agrees on a condition", "agrees")
    numbers = printed_numbers(found)
    for ids, verdict in zip(shown, verdicts, strict=True):
        own = numbers["replication_ids"][numbers["verdict"] == verdict]
        assert set(ids) == {key for keys in own for key in keys}


def test_replications_show_ours_beside_theirs(evidence):
    views = (report.replication_differences, report.replication_conditions, report.replications)
    text = "\n".join(str(view(evidence)) for view in views).splitlines()
    for row in replicate(evidence).to_dict("records"):
        (line,) = [x for x in text if re.search(rf"\b{row['replication_id']}\b", x)]
        for part in ("quantity", "printed", "ours", "locator"):
            assert named_sources(row[part]) in line
        assert row["method"].lower() in line.lower()
        assert row["reason"] in line or "printed again" in row["reason"]


def test_replications_add_up_by_document_and_kind(evidence):
    documents, kinds = str(report.replication_counts(evidence)).split("\nBy kind of number\n")
    found = printed_numbers(replicate(evidence))
    for lines in (documents, kinds):
        cells = [line.split(" | ")[1:] for line in lines.splitlines()[1:]]
        *rows, total = [[0 if cell == "–" else int(cell) for cell in line] for line in cells]
        assert [sum(column) for column in zip(*rows, strict=True)] == total
        assert total[0] == sum(total[1:]) == len(found)


def test_the_replications_told_in_prose_are_those_of_the_table(evidence):
    told = dict(line.split(" = ") for line in str(report.glue_replications(evidence)).splitlines())
    number = {name.removeprefix("replication-"): int(value) for name, value in told.items()}
    assert number["all"] == len(evidence.rows("replications"))
    assert number["numbers"] == number["agree"] + number["conditional"] + number["differ"]
    assert number["all"] == sum(number[f"from-{what}"] for what in ("counts", "patients", "limits"))
    assert number["mixed"] <= number["in-several-ways"] <= number["all"] - number["numbers"]


# Double counting ----------------------------------------------------------------------------------


def test_the_widest_pool_is_that_of_the_first_page(evidence):
    widest = max(countings(evidence), key=lambda c: c.rows)
    analysis = evidence.analyse("counted-once")
    printed = evidence.printed_rows(analysis["remission"].spec)
    numbers = naive_numbers(analysis["remission"], printed)
    assert (widest.analysis, widest.rows) == ("counted-once", len(printed))
    assert thousands(widest.patients) == numbers["printed"]
    assert thousands(widest.independent.total) == numbers["patients"]


def test_double_counting_takes_only_rows_of_the_pools_denominators(evidence):
    for counting in countings(evidence):
        spec = counting.selection.spec
        rows = [
            row for row in evidence.printed_rows(spec)
            if not spec.denominators or row["denominator"] in spec.denominators
        ]  # fmt: skip
        assert counting.naive.xi == tuple(row["events"] for row in rows)
        assert counting.patients == sum(row["total"] for row in rows)


def test_the_table_of_double_counting_holds_every_pool(evidence):
    lines = [line for line in lines_of(report.double_counting(evidence)) if len(line) == 7][1:]
    for line, c in zip(lines, countings(evidence), strict=True):
        assert line == [
            c.selection.spec.title, str(c.rows), thousands(c.patients), rate_or_note(c.naive),
            str(c.independent.k), thousands(c.independent.total), rate_or_note(c.independent),
        ]  # fmt: skip


# Overlaps -----------------------------------------------------------------------------------------


def test_every_relation_has_its_line_and_its_reason(evidence):
    text = [line for line in lines_of(report.overlaps(evidence)) if len(line) == 5]
    lines = [line for line in text if line[0] != "Cohort"]
    assert len(lines) == len(evidence.rows("overlaps"))
    assert all(line[4] for line in lines)


def test_relations_add_up(evidence):
    _, *relations, total = lines_of(report.relation_counts(evidence))
    assert len(relations) == len(RELATIONS)
    assert sum(int(line[-1]) for line in relations) == int(total[-1])
    assert int(total[-1]) == len(evidence.rows("overlaps"))


@pytest.mark.parametrize("view", [report.glue_register, report.glue_replications,
                                  report.glue_double_counting])  # fmt: skip
def test_no_glued_number_would_be_read_as_two(evidence, view):
    """A bare 4,332 is a pair to the role that places it."""
    for line in str(view(evidence)).splitlines():
        assert not re.fullmatch(r"[\d,]*,[\d,]*", line.partition(" = ")[2])


# Sections that fold -------------------------------------------------------------------------------

OPEN = {
    "methods.md": ["From documents to numbers"],
    "overlaps.ipynb": ["What double counting would do", "What to keep in mind"],
}


@pytest.mark.parametrize("page", OPEN)
def test_sections_tell_their_result_in_a_line_and_fold(page):
    text = "\n\n".join(markdown_of(ROOT / "chapters" / page))
    sections = re.split(r"^#{2,3} ", text, flags=re.M)[1:]
    told = {
        section.partition("\n")[0]: re.search(r"^:::\{div\} co-result\n(.+)\n:::", section, re.M)
        for section in sections
    }
    assert [heading for heading, line in told.items() if line is None] == OPEN[page]
    assert all(len(line[1].split()) <= 25 for line in told.values() if line)
