"""Who shares patients with whom: cohorts in a column, an arc for each relation."""

from __future__ import annotations

from collections import Counter

from evisynth.figures.base.data_figure import check_texts
from evisynth.figures.base.inline import InlineFigure
from evisynth.figures.base.style import DESKTOP, PHONE, matplotlib_style
from evisynth.figures.overlap.drawing import draw
from evisynth.figures.overlap.parts import DRAWN, RELATION_WORDS, graph_of
from evisynth.words.names import named_sources
from evisynth.words.phrases import plural, thousands

TWO_COLUMNS = 24  # rows


def overlap_graph(source, *pools, title=None, caption="", name=""):
    """Draw the relations between cohorts; who is counted is filled.

    Parameters
    ----------
    source : Analysis or Evidence
        Of an analysis the cohorts that it counts or leaves out; of the evidence base all, filled
        where at least one pool counts them.
    *pools : str
        Of an analysis; all where none is named.
    title : str, optional
        How many cohorts hang together, by default.
    caption, name : str
        Only where the page gives the figure none of its own.

    Returns
    -------
    InlineFigure
        Its ``table`` holds an entry per relation, with how it is known. Declared disjoint cohorts
        are not drawn, and neither is what follows from the relations drawn. What follows only from
        cohorts that an analysis did not read is drawn thin where a decision rests on it.

    Raises
    ------
    ArgumentError
        What is neither an analysis nor an evidence base; an unknown pool; a title that is no text.
    """
    check_texts("overlap_graph", title=title, caption=caption, name=name)
    graph = graph_of(source, pools)
    several = not hasattr(source, "selections")
    shown = _title(graph) if title is None else title
    rows = len(graph.linked)
    columns = 2 if several and rows > TWO_COLUMNS else 1
    with matplotlib_style():
        desktop = draw(graph, DESKTOP, shown, columns=columns, several=several)
        phone = draw(graph, PHONE, shown, several=several)
    texts = {"title": shown, "caption": caption, "name": name}
    return InlineFigure(desktop, phone, overlap_entries(graph), alt=_alt(graph, several), **texts)


def overlap_entries(graph) -> list[dict]:
    """One entry per relation: the two cohorts, the relation, how it is known and from where.

    Parameters
    ----------
    graph : Graph

    Returns
    -------
    list of dict
    """
    linked = graph.linked
    return [
        {
            "cohort": linked[link.a].label,
            "relation": RELATION_WORDS[link.relation],
            "other": linked[link.b].label,
            "shared": link.shared,
            "known": link.kind,
            "basis": named_sources(link.basis),
            "follows from": link.follows,
        }
        for link in graph.links
    ]


def _title(graph):
    number = len(graph.linked) + len(graph.single)
    if not graph.links:
        return f"No relation is known between the {plural(number, 'cohort')}"
    linked = thousands(len(graph.linked))
    share = f"All {linked}" if not graph.single else f"{linked} of {thousands(number)}"
    return f"{share} cohorts hang together in {plural(len(graph.components), 'group')}"


def _alt(graph, several):
    """The numbers in sentences, for a reader who does not see the drawing."""
    relations = Counter(link.relation for link in graph.links)
    kinds = Counter(link.kind for link in graph.links)
    counted = sum(node.counted for node in graph.linked.values())
    where = "in at least one pool" if several else "here"
    parts = [f"Overlap graph. {_title(graph)}."]
    parts += [f"{plural(counted, 'linked cohort')} counted {where}, drawn filled."]
    if graph.links:
        words = [f"{relations[r]} {RELATION_WORDS[r]}" for r in DRAWN if relations[r]]
        known = [f"{number} {kind}" for kind, number in sorted(kinds.items())]
        parts.append(f"Relations: {', '.join(words)}; known as {', '.join(known)}.")
        if follow := sum(bool(link.follows) for link in graph.links):
            parts.append(f"Of these, {follow} follow from cohorts not read here, drawn thin.")
        largest = [f"{n.label} ({n.title})" for n in graph.components[0] if n.counted]
        parts.append(f"Counted in the largest group: {', '.join(largest) or 'none'}.")
    return " ".join(parts)
