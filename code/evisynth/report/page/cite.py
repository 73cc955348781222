"""The box that says how to cite a chapter, with records for reference managers."""

from __future__ import annotations

from html import escape
from pathlib import Path

from evisynth.characters import VISIBLE, stray_in
from evisynth.errors import EvisynthError
from evisynth.evidence.schema import NO_YAML_VALUE
from evisynth.results import RESULTS_FOLDER
from evisynth.words.html import Html, tag
from evisynth.words.phrases import capital

CITATION = "CITATION.cff"
ADVICE = "Not medical advice"
NAMES = ("name", "family-names", "given-names", "name-particle")  # of an author, in CITATION.cff


def cite(about):
    """How to cite a chapter, or the book: title, version, date, authors, BibTeX and RIS.

    Parameters
    ----------
    about : Analysis or Evidence
        The chapter that answers a question, or the book as a whole.

    Returns
    -------
    Html
        Version and date are those of the data; a DOI stands in it only where ``CITATION.cff`` has
        one.

    Raises
    ------
    EvisynthError
        Where there is no ``CITATION.cff`` in or above the folder of the data, or one that lacks
        title or authors.
    """
    cited = citation(about)
    lead = tag("strong", f"Cite this {'chapter' if cited['chapter'] else 'book'}.")
    title = tag("cite", escape(cited["title"]))
    before, _, after = _sentence(cited).partition(cited["title"])
    records = "".join(
        tag("p", name, class_="co-record") + tag("pre", escape(record), tabindex="0")
        for name, record in (("BibTeX", bibtex(cited)), ("RIS", ris(cited)))
    )
    parts = (
        tag("p", f"{lead} {escape(before)}{title}{escape(after)}"),
        _results_link(about),
        tag("details", tag("summary", "BibTeX and RIS") + records),
        tag("p", f"{ADVICE}.", class_="co-advice"),
    )
    text = "\n".join([_sentence(cited), bibtex(cited), ris(cited), f"{ADVICE}."])
    return Html(tag("div", "".join(parts), class_="co-cite"), text)


def _results_link(about):
    """Of a chapter, in the form that the built site leads from its page to the file."""
    if not hasattr(about, "spec"):
        return ""
    link = tag("a", "JSON of all results", href=f"{RESULTS_FOLDER}/{about.spec.id}.json")
    return tag("p", f"Download {link}", class_="co-downloads")


def citation(about) -> dict:
    """What there is to cite.

    Returns
    -------
    dict
        key, title, chapter (its question, in short where it has a card; empty for the book),
        authors, version, date, doi, url; text, empty where there is none, but authors: tuples of
        family and given names, the latter empty for a group.
    """
    spec = getattr(about, "spec", None)
    evidence = about if spec is None else about.evidence
    book, said = evidence.codebook, _read(evidence.folder)
    return {
        "key": "-".join(filter(None, (book["name"], spec and spec.id, book["version"]))),
        "title": said["title"],
        "chapter": capital(spec.card.title if spec.card else spec.question) if spec else "",
        "authors": tuple(_name(author) for author in said["authors"]),
        "version": book["version"],
        "date": book["created"][:10],
        "doi": str(said.get("doi", "")),
        "url": str(said.get("url", "")),
    }


def _read(folder):
    import yaml

    folder = Path(folder).resolve()
    paths = (parent / CITATION for parent in (folder, *folder.parents))
    path = next((path for path in paths if path.is_file()), None)
    if path is None:
        raise EvisynthError(f"no {CITATION} in {folder} or above; add one with title and authors")
    try:
        said = yaml.safe_load(path.read_text("utf-8"))
    except UnicodeDecodeError as error:
        raise EvisynthError(f"{path.name}: byte {error.start} is no UTF-8; save it so") from None
    except (yaml.YAMLError, *NO_YAML_VALUE) as error:
        reason = " ".join(str(error).split())
        raise EvisynthError(f"{path.name} is no YAML: {reason}") from None
    if found := stray_in(said):
        raise EvisynthError(f"{path.name} has {found}; allowed: text {VISIBLE}")
    said = said if isinstance(said, dict) else {}
    if not isinstance(said.get("title"), str):
        raise EvisynthError(f"{path.name} has no title; add it")
    if not _are_authors(said.get("authors")):
        needed = "authors, each with a name, or with family-names and given-names, in text"
        raise EvisynthError(f"{path.name} lacks {needed}; add them")
    return said


def _are_authors(found):
    return (
        isinstance(found, list)
        and bool(found)
        and all(isinstance(author, dict) and _is_named(author) for author in found)
    )


def _is_named(author):
    given = [author[part] for part in NAMES if author.get(part)]
    named = author.get("name") or author.get("family-names")
    return bool(named) and all(isinstance(part, str) for part in given)


def _name(author):
    """Family and given names of a person; the name of a group alone."""
    if author.get("name"):
        return author["name"], ""
    family = " ".join(filter(None, (author.get("name-particle"), author.get("family-names"))))
    return family, author.get("given-names") or ""


def _sentence(cited):
    authors = "; ".join(", ".join(filter(None, name)) for name in cited["authors"])
    chapter = f"“{_stop(cited['chapter'])}” In " if cited["chapter"] else ""
    edition = f"data version {cited['version']} of {cited['date']}"
    link = f"doi {cited['doi']}" if cited["doi"] else cited["url"]
    return f"{_stop(authors)} {chapter}{cited['title']}, {edition}{f', {link}' if link else ''}."


def _stop(text):
    return text if text.endswith((".", "?", "!")) else f"{text}."


# Records ------------------------------------------------------------------------------------------


def bibtex(cited) -> str:
    """A BibTeX entry: incollection for a chapter, book for the whole."""
    people = cited["authors"]
    names = [f"{family}, {given}" if given else f"{{{family}}}" for family, given in people]
    title = {"title": cited["chapter"], "booktitle": cited["title"]}
    entries = {
        "author": " and ".join(names),
        **(title if cited["chapter"] else {"title": cited["title"]}),
        "year": cited["date"][:4],
        "month": cited["date"][5:7].lstrip("0"),
        "version": cited["version"],
        "doi": cited["doi"],
        "url": cited["url"],
        "note": f"Data version {cited['version']} of {cited['date']}",
    }
    kind = "incollection" if cited["chapter"] else "book"
    lines = [f"  {name} = {{{_tex(name, value)}}}," for name, value in entries.items() if value]
    return "\n".join([f"@{kind}{{{cited['key']},", *lines, "}"])


def _tex(name, value):
    """Signs that TeX reads otherwise, and capitals of titles, kept as they are."""
    if name in ("doi", "url"):
        return value
    for sign in "\\&%$#_":
        value = value.replace(sign, {"\\": r"\textbackslash "}.get(sign, f"\\{sign}"))
    return f"{{{value}}}" if name in ("title", "booktitle") else value


def ris(cited) -> str:
    """A RIS record: CHAP for a chapter, BOOK for the whole."""
    chapter = cited["chapter"]
    fields = [("TY", "CHAP" if chapter else "BOOK")]
    fields += [("AU", ", ".join(filter(None, name))) for name in cited["authors"]]
    fields += [("TI", chapter), ("T2", cited["title"])] if chapter else [("TI", cited["title"])]
    fields += [
        ("PY", cited["date"][:4]),
        ("DA", cited["date"].replace("-", "/")),
        ("ET", cited["version"]),
        ("DO", cited["doi"]),
        ("UR", cited["url"]),
    ]
    return "\n".join([*(f"{tag}  - {value}" for tag, value in fields if value), "ER  - "])
