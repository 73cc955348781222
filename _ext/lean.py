"""Pages that load nothing from elsewhere, and no script that they do not use."""

import re
from pathlib import Path

from myst_nb.sphinx_ext import add_global_html_resources

THEBE = re.compile(
    r'<script type="text/x-thebe-config">.*?</script>\s*(<script>kernelName = .*?</script>)?', re.S
)


def is_thebe(asset):
    body = (getattr(asset, "attributes", None) or {}).get("body") or ""
    return "thebe" in f"{getattr(asset, 'filename', None) or ''} {body}".lower()


def drop_thebe(app, pagename, templatename, context, doctree):
    # sphinx_thebe comes with Jupyter Book, runs twice on each page and fails the second time.
    for kind in ("script_files", "css_files"):
        context[kind] = [asset for asset in context[kind] if not is_thebe(asset)]
    if context.get("body"):
        context["body"] = THEBE.sub("", context["body"])


def drop_unused(app, problem):
    if problem is not None or app.builder.format != "html":
        return
    static = Path(app.outdir) / "_static"
    # 1.4 MB that would redraw icons which the theme's web fonts have drawn already.
    (static / "scripts" / "fontawesome.js").write_text("/* icons come from the web fonts */\n")
    mend_margin_script(static / "scripts" / "sphinx-book-theme.js")
    for source_map in static.rglob("*.map"):
        source_map.unlink()


def mend_margin_script(script):
    # The theme hides the contents while a margin note passes, and fails on a page without contents.
    sidebar = 'document.querySelector("div.bd-sidebar-secondary")'
    source = script.read_text("utf-8")
    script.write_text(source.replace(f"{sidebar}.classList", f"{sidebar}?.classList"), "utf-8")


def early_styles(app):
    """MyST-NB's style sheet, there before a page is written.

    It is copied when the build is finished, so that the first build found no file to put the
    checksum of into its pages, and a rebuild did.
    """
    if app.builder.format == "html":
        (Path(app.outdir) / "_static").mkdir(parents=True, exist_ok=True)
        add_global_html_resources(app, None)


def setup(app):
    app.connect("builder-inited", early_styles)
    app.connect("html-page-context", drop_thebe, priority=900)
    app.connect("build-finished", drop_unused, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
