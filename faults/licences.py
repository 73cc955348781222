"""Licences of everything that is installed: ``make licences``.

Each distribution says in its metadata under which licence it is given. One that is not on the list
below fails, with what to do. What was found goes to ``results.json`` beside this file.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from importlib.metadata import distributions

from records import write

# The code imports these packages; the site hands on the theme's styles, scripts and icons as they
# are, or nearly so. So a licence may ask for its notice to be kept and for changes of its own files
# to be published, and for no more.
ALLOWED = {
    "0BSD": "permissive, asks for nothing",
    "Apache-2.0": "permissive, with a grant of patents",
    "Artistic-1.0": "permissive for use unchanged",
    "BSD-2-Clause": "permissive",
    "BSD-3-Clause": "permissive, ours too",
    "BSD": "permissive, two or three clauses: the metadata do not say",
    "CC0-1.0": "given to the public",
    "ISC": "permissive",
    "MIT": "permissive",
    "MIT-CMU": "permissive, the form of HPND that Pillow has",
    "MPL-2.0": "copyleft of its own files alone, which we do not change",
    "PSF-2.0": "permissive, that of Python itself",
    "Public domain": "nobody's",
    "Zlib": "permissive",
}
# What the metadata say of these at large does not hold for what is installed.
DECIDED = {
    "docutils": ("Public domain AND BSD-2-Clause AND PSF-2.0",
                 "GPL is a mode for Emacs, which is in no distribution for Python"),
    "text-unidecode": ("Artistic-1.0", "offered under the Artistic licence or GPL; we take this"),
}  # fmt: skip
_NAMES = (
    (r"apache", "Apache-2.0"),
    (r"\bmit\b", "MIT"),
    (r"isc\b", "ISC"),
    (r"mozilla|mpl", "MPL-2.0"),
    (r"python software foundation|\bpsf", "PSF-2.0"),
    (r"bsd.?3|3.?clause", "BSD-3-Clause"),
    (r"bsd.?2|2.?clause", "BSD-2-Clause"),
    (r"bsd", "BSD"),
    (r"public domain", "Public domain"),
)


def licence_of(metadata):
    """The licence of a distribution as an expression of SPDX, as near as its metadata allow."""
    name = metadata["Name"].lower()
    if name in DECIDED:
        return DECIDED[name][0]
    if expression := metadata.get("License-Expression"):
        return expression
    found = [c for c in metadata.get_all("Classifier") or () if c.startswith("License ::")]
    told = [c.rpartition("::")[2].strip() for c in found]
    told = [words for words in told if words != "OSI Approved"]
    words = (metadata.get("License") or "").strip().partition("\n")[0]
    if told in ([], ["BSD License"]) and words and words != "UNKNOWN":
        told = [words] if told == [] or re.search(r"\d.?clause", words, re.I) else told
    return " AND ".join(dict.fromkeys(map(_identifier, told))) or "not stated"


def _identifier(words):
    return next((spdx for form, spdx in _NAMES if re.search(form, words, re.I)), words[:60])


def is_allowed(licence):
    """Whether each part of an expression, or one of its alternatives, is on the list."""
    ways = [way.strip("() ") for way in licence.split(" OR ")]
    return any(all(part.strip("() ") in ALLOWED for part in way.split(" AND ")) for way in ways)


def licences(found=None):
    """Licence of each distribution by its name.

    Parameters
    ----------
    found : iterable of Distribution, optional
        What is installed, by default.
    """
    found = distributions() if found is None else found
    named = {item.metadata["Name"]: licence_of(item.metadata) for item in found}
    return dict(sorted(named.items(), key=lambda item: item[0].lower()))


def refused(named):
    """What is wrong with licences, a line each."""
    return [
        f"{name}: {licence}; take another package, or put the licence on the list in "
        "faults/licences.py with a reason"
        for name, licence in named.items()
        if not is_allowed(licence)
    ]


def record(named):
    """What is written."""
    counts = Counter(named.values())
    return {
        "distributions": len(named),
        "by_licence": dict(sorted(counts.items(), key=lambda item: (-item[1], item[0]))),
        "refused": refused(named),
    }


if __name__ == "__main__":
    made = record(licences())
    write("licences", made)
    for licence, number in made["by_licence"].items():
        print(f"{number:4}  {licence}")
    print(*made["refused"], sep="\n")
    sys.exit(bool(made["refused"]))
