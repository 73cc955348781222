"""The built site offers the book's results as files, and every link to one finds it.

``results/`` is written from the evidence base while the chapters run, or else when the site is
built. The files of figures were
written while the chapters ran, see ``bookcache``; those that a page links to are copied.
"""

import re
import shutil
from collections import Counter
from pathlib import Path

from evisynth.evidence.base import load_evidence
from evisynth.results import DOWNLOADS_FOLDER, RESULTS_FOLDER, write_results
from sphinx.errors import ExtensionError

LINE = re.compile(r'<p class="co-downloads">.*?</p>', re.S)
HREF = re.compile(r'(?<=href=")[^"]+')
HERE = re.compile(rf"(?:.*/)?((?:{DOWNLOADS_FOLDER}|{RESULTS_FOLDER})/[^/]+)\Z")


def lead_to_root(app, pagename, templatename, context, doctree):
    """Figures do not know how deep their page lies."""

    def from_page(link):
        return context["pathto"](link[0], 1)

    if context.get("body"):
        context["body"] = LINE.sub(lambda line: HREF.sub(from_page, line[0]), context["body"])


def linked_files(site):
    """Each file that a line of downloads links to, with the pages that do."""
    for page in sorted(site.rglob("*.html")):
        for line in LINE.findall(page.read_text("utf-8")):
            for link in HREF.findall(line):
                yield HERE.match(link)[1], page.relative_to(site).as_posix()


def offer_files(app, problem):
    if problem is not None or app.builder.format != "html":
        return
    site = Path(app.outdir)
    for folder in (DOWNLOADS_FOLDER, RESULTS_FOLDER):
        shutil.rmtree(site / folder, ignore_errors=True)
    made = Path(app.config.book_downloads).with_name(RESULTS_FOLDER)
    if made.is_dir():
        shutil.copytree(made, site / RESULTS_FOLDER)
    else:
        write_results(load_evidence(Path(app.confdir) / "data"), site / RESULTS_FOLDER)
    linked = list(linked_files(site))
    copy_downloads({file for file, _ in linked}, Path(app.config.book_downloads), site)
    if faults := [*missing_files(linked, site), *shared_names(linked)]:
        raise ExtensionError("\n".join(faults))


def copy_downloads(linked, made, site):
    (site / DOWNLOADS_FOLDER).mkdir(exist_ok=True)
    for file in sorted(linked):
        source = made / Path(file).name
        if file.startswith(f"{DOWNLOADS_FOLDER}/") and source.is_file():
            shutil.copyfile(source, site / file)


def missing_files(linked, site):
    for file, page in linked:
        if not (site / file).is_file():
            yield f"{page} links to {file}, which was not made; remove _build and build again"


def shared_names(linked):
    """Figures whose files would overwrite each other's."""
    times = Counter(file for file, _ in linked if file.endswith(".svg"))
    for file in sorted(file for file, number in times.items() if number > 1):
        pages = ", ".join(page for name, page in linked if name == file)
        yield f"{file} is the file of {times[file]} figures ({pages}); number them differently"


def setup(app):
    app.connect("html-page-context", lead_to_root, priority=950)
    app.connect("build-finished", offer_files, priority=950)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
