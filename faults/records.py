"""What the commands of this folder found, in one file that the page on validation reads."""

from __future__ import annotations

import json
from pathlib import Path

RESULTS = Path(__file__).resolve().parent / "results.json"


def write(part, found):
    """Put a command's findings in their part of the file, and leave the others.

    Parameters
    ----------
    part : str
    found : dict
    """
    known = json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else {}
    known[part] = found
    text = json.dumps(dict(sorted(known.items())), indent=1, ensure_ascii=False)
    new = RESULTS.with_suffix(".new")
    new.write_text(text + "\n", "utf-8")
    new.replace(RESULTS)
