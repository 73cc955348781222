"""Lists whose entries have anchors, tables that open under a line, and tables in groups."""

from __future__ import annotations

from collections import Counter
from html import escape

from evisynth.words.html import Html, table, tag
from evisynth.words.names import named_sources


def entry(key, heading, parts, *, page=""):
    """One entry of a register: its id, a question or a name, and what there is to say, in lines.

    Parameters
    ----------
    key : str
        The entry's anchor; with a page, where its anchor is.
    heading : str
    parts : sequence of (str, str or Html, str)
        A name, the words, and the place where they were read or an empty text.
    page : str
        Of the entry's anchor, for an entry that stands elsewhere too.

    Returns
    -------
    Html
    """
    mark = tag("a", escape(key), href=f"{page}#{key}", class_="co-code")
    head = tag("p", f"{mark} {escape(heading)}", class_="co-head")
    lines = "".join(_line(*part) for part in parts)
    own = "" if page else key
    html = tag("section", head + tag("dl", lines), class_="co-entry", id=own)
    told = (f"{name}: {words}{f' ({place})' if place else ''}" for name, words, place in parts)
    return Html(html, named_sources(f"{key} {heading} | {' | '.join(told)}"))


def _line(name, words, place):
    place = named_sources(place)
    words = words if isinstance(words, Html) else named_sources(words)
    shown = words.html if isinstance(words, Html) else escape(words)
    where = " " + tag("span", escape(place), class_="co-code") if place else ""
    return tag("div", tag("dt", escape(name)) + tag("dd", shown + where))


def stacked(parts):
    """Pieces of a page one under another; empty ones leave no trace.

    Parameters
    ----------
    parts : iterable of Html

    Returns
    -------
    Html
    """
    shown = [part for part in parts if part.html]
    return Html("".join(p.html for p in shown), "\n\n".join(p.text for p in shown))


def heading(text):
    """A heading within a section, below those of the page's contents."""
    return Html(tag("p", escape(text), class_="co-part"), f"[{text}]")


def link(key, page):
    """An entry's id that leads to it."""
    return Html(tag("a", escape(key), href=f"{page}#{key}"), key)


def folded(parts):
    """Tables that open under a line each.

    Parameters
    ----------
    parts : sequence of (str or Html, Html)

    Returns
    -------
    Html
    """
    parts = [(_as_html(words), part) for words, part in parts]
    html = "".join(tag("details", tag("summary", line.html) + part.html) for line, part in parts)
    return Html(html, "\n\n".join(f"{line.text}\n{part.text}" for line, part in parts))


def _as_html(words):
    return words if isinstance(words, Html) else Html(escape(words), words)


def grouped(header, groups, *, numeric=(), caption=""):
    """A table whose rows stand in groups, each under a line of its own.

    On a phone each row becomes a few lines, every cell with the name of its column before it.

    Parameters
    ----------
    header : sequence of str
    groups : sequence of (str, sequence of sequence)
        A group's name, or an empty text for rows without one, and its rows.
    numeric : collection of str
        Names of columns whose cells are numbers.
    caption : str

    Returns
    -------
    Html
    """
    whole = table(header, [], numeric=numeric, caption=caption, kind="co-grouped")
    width = str(len(header))
    bodies, lines = [], [whole.text]
    for name, rows in groups:
        part = table(header, rows, numeric=numeric)
        inside = part.html.partition("<tbody>")[2].partition("</tbody>")[0]
        head = tag("th", escape(name), scope="rowgroup", colspan=width, class_="co-group")
        bodies.append(tag("tbody", (tag("tr", head) if name else "") + inside))
        lines += [f"[{name}]"] if name else []
        lines += part.text.split("\n")[1:]
    html = whole.html.replace("<tbody></tbody>", "".join(bodies))
    return Html(html, "\n".join(lines))


def cross_table(head, pairs, levels, columns):
    """How often each level of one column comes with each of another, with the sums.

    Parameters
    ----------
    head : str
        Of the column of levels.
    pairs : sequence of (str, str)
        A code of the levels and one of the columns, for each thing that is counted.
    levels, columns : mapping of str to str
        Codes in order, and what they stand for.

    Returns
    -------
    Html
        A dash where a pair never comes.
    """
    found = Counter(pairs)
    header = (head, *columns.values(), "All")
    body = []
    for level, words in levels.items():
        counts = [found[level, column] for column in columns]
        body.append((words, *(str(n or "–") for n in counts), str(sum(counts))))
    totals = [sum(found[level, column] for level in levels) for column in columns]
    body.append(("all", *map(str, totals), str(len(pairs))))
    return table(header, body, numeric=header[1:])


def wide(text):
    """A cell of running text, which is not squeezed into a narrow column."""
    shown = text if isinstance(text, Html) else _as_html(named_sources(text))
    return Html(tag("div", shown.html, class_="co-wide"), shown.text)


def strong(text):
    """A cell whose text stands out."""
    return Html(tag("strong", escape(text)), text)
