"""How long each page is as it opens: height at two widths, words that are read, weight.

``make lengths`` builds the book, measures it in Chromium and writes ``bench/pages.json``. Folded
parts are not counted, nor code; a page is served from this machine and asks nobody else.
"""

from __future__ import annotations

import functools
import html
import json
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SITE, RECORD = ROOT / "_build" / "html", ROOT / "bench" / "pages.json"
WIDTHS = (1280, 390)
# What a page holds beside its own text: lists of its sections, the way to others, code.
NOT_READ = ".headerlink, .cell_input, details.hide, svg, script, style, .prev-next-footer"
FRAME = """<!doctype html><body style="margin:0">
<iframe style="border:0;width:{width}px;height:900px" src="/{page}"></iframe>
<pre id="told"></pre><script>
document.querySelector("iframe").onload = function () {{
  setTimeout(() => {{
    const page = this.contentDocument, article = page.querySelector(".bd-article");
    const height = Math.round(article.getBoundingClientRect().height);
    article.querySelectorAll("{unread}").forEach((node) => node.remove());
    const word = /[\\p{{L}}\\p{{N}}]+([-’'.,–][\\p{{L}}\\p{{N}}]+)*/gu;
    const words = (article.innerText.match(word) || []).length;
    document.getElementById("told").textContent = JSON.stringify({{height, words}});
  }}, 300);
}};
</script>"""


class Site(SimpleHTTPRequestHandler):
    """The built site, and a frame that measures one of its pages."""

    def do_GET(self):
        """A page, or at ``/__measure/WIDTH/PAGE`` the frame around it."""
        found = re.match(r"/__measure/(\d+)/(.+)", self.path)
        if not found:
            super().do_GET()
            return
        text = FRAME.format(width=found[1], page=html.escape(found[2]), unread=NOT_READ)
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *about):
        """Say nothing."""


def measured(chromium, port, page, width):
    """Height in px and words of a page as it opens."""
    with tempfile.TemporaryDirectory() as profile:
        command = [
            chromium, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
            "--disable-background-networking", f"--user-data-dir={profile}",
            f"--window-size={width},900", "--virtual-time-budget=8000", "--dump-dom",
            f"http://127.0.0.1:{port}/__measure/{width}/{page}",
        ]  # fmt: skip
        said = subprocess.run(command, capture_output=True, text=True, timeout=120).stdout
    told = re.search(r'<pre id="told">(\{.*?\})</pre>', said)
    if not told:
        raise SystemExit(f"{page} at {width} px was not measured; Chromium said: {said[:300]}")
    return json.loads(html.unescape(told[1]))


def main():
    """Measure every page and write the record; returns the exit status."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if not chromium:
        print("make lengths needs Chromium: apt install chromium", file=sys.stderr)
        return 2
    handler = functools.partial(Site, directory=SITE)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    pages = [
        "intro.html",
        *(f"chapters/{p.name}" for p in sorted((SITE / "chapters").glob("*.html"))),
    ]
    found = {}
    for page in pages:
        wide, narrow = (measured(chromium, server.server_port, page, width) for width in WIDTHS)
        found[page] = {
            "height_1280": wide["height"],
            "height_390": narrow["height"],
            "words": wide["words"],
            "kilobytes": round((SITE / page).stat().st_size / 1024),
        }
        print(page, *found[page].values(), flush=True)
    RECORD.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
