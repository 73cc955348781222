"""How long the book takes to build, beside the same pages built by Jupyter Book as it comes.

``make bench`` runs it, in a copy of the checkout: from nothing, without a change, with the prose of
one chapter changed, with its code changed, and without what this book adds to a build. It writes
``bench/builds.json``; seconds of the clock, so the machine should have nothing else to do.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path
from time import monotonic

ROOT = Path(__file__).resolve().parent.parent
RECORD = ROOT / "bench" / "builds.json"
LEFT = shutil.ignore_patterns("_build", ".venv", ".git", ".*_cache", ".hypothesis", "__pycache__")
OURS = [sys.executable, "-m", "evisynth.book"]
STOCK = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()", "build", ".", "-q"]


def seconds(command, folder):
    """Seconds that a build takes; it has to succeed."""
    # The package of the copy, not the one that is installed for the checkout.
    environment = os.environ | {"PYTHONPATH": str(folder / "code")}
    began = monotonic()
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True,
                          check=False)  # fmt: skip
    if done.returncode:
        raise SystemExit(f"a build failed:\n{done.stdout}{done.stderr}")
    return round(monotonic() - began, 1)


def edited(folder, kind):
    """Change the smallest chapter: a word of its prose, or a blank in its code."""
    path = min((folder / "chapters").glob("*.ipynb"), key=_shown_by_a_page)
    book = json.loads(path.read_text("utf-8"))
    cell = [cell for cell in book["cells"] if cell["cell_type"] == kind][-1]
    cell["source"] = ["".join(cell["source"]) + (" " if kind == "code" else "\n\nOne word more.\n")]
    path.write_text(json.dumps(book, indent=1, ensure_ascii=False) + "\n", "utf-8")


def _shown_by_a_page(path):
    text = path.read_text("utf-8")
    return (not re.search(r"page\.top", text), len(text))


def stock(folder):
    """The same book without what it adds to a build: pages as they are, one chapter at a time."""
    config = folder / "_config.yml"
    text = re.sub(r"(bookcache|results): _ext, ", "", config.read_text("utf-8"))
    config.write_text(text, "utf-8")
    shutil.rmtree(folder / "_build")
    return seconds(STOCK, folder)


def main():
    """Measure and write the record."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "book"
        shutil.copytree(ROOT, folder, ignore=LEFT)
        found = {"cold": seconds(OURS, folder), "unchanged": seconds(OURS, folder)}
        for kind in ("markdown", "code"):
            edited(folder, kind)
            found[kind] = seconds(OURS, folder)
        found["stock"] = stock(folder)
        found["stock_unchanged"] = seconds(STOCK, folder)
    record = {"measured": date.today().isoformat(), "cores": os.cpu_count(), "seconds": found}
    RECORD.write_text(json.dumps(record, indent=1) + "\n", "utf-8")
    print(json.dumps(record, indent=1))


if __name__ == "__main__":
    main()
