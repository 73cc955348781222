"""What is installed may be used as we use it, and the book is built from nothing else."""

import importlib.util
import sys
from email.message import Message
from importlib.metadata import distributions
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "faults"))
import builds  # noqa: E402
import licences  # noqa: E402

sys.path.pop(0)


def metadata(name="a", **entries):
    found = Message()
    found["Name"] = name
    for key, values in entries.items():
        for value in [values] if isinstance(values, str) else values:
            found[key.replace("_", "-")] = value
    return found


@pytest.mark.parametrize(
    ("given", "licence", "allowed"),
    [
        ({"License_Expression": "MIT"}, "MIT", True),
        ({"License_Expression": "GPL-3.0-only"}, "GPL-3.0-only", False),
        ({"License_Expression": "GPL-3.0-only OR MIT"}, "GPL-3.0-only OR MIT", True),
        ({"License_Expression": "MIT AND GPL-3.0-only"}, "MIT AND GPL-3.0-only", False),
        ({"License": "Apache 2.0"}, "Apache-2.0", True),
        ({"License": "BSD-3-Clause", "Classifier": "License :: OSI Approved :: BSD License"},
         "BSD-3-Clause", True),
        ({"License": "Copyright x", "Classifier": "License :: OSI Approved :: BSD License"},
         "BSD", True),
        ({"Classifier": ["License :: OSI Approved :: MIT License",
                         "License :: OSI Approved :: GNU Affero General Public License v3"]},
         "MIT AND GNU Affero General Public License v3", False),
        ({"License": "Proprietary"}, "Proprietary", False),
        ({}, "not stated", False),
    ],
)  # fmt: skip
def test_a_licence_is_read_from_the_metadata(given, licence, allowed):
    assert licences.licence_of(metadata(**given)) == licence
    assert licences.is_allowed(licence) is allowed
    assert bool(licences.refused({"a": licence})) is not allowed


def test_every_locked_package_has_a_licence_that_allows_what_we_do():
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    names = {line.partition("==")[0].lower() for line in lock.splitlines() if "==" in line}
    found = [d for d in distributions() if d.metadata["Name"].replace("_", "-").lower() in names]
    assert len(found) > 50
    assert licences.refused(licences.licences(found)) == []
    assert all(licences.ALLOWED.values())


def test_a_style_sheet_is_there_before_the_first_page_is_written(tmp_path):
    spec = importlib.util.spec_from_file_location("lean", ROOT / "_ext/lean.py")
    lean = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(lean)
    builder = SimpleNamespace(format="html", outdir=tmp_path)
    lean.early_styles(SimpleNamespace(builder=builder, outdir=tmp_path))
    assert len(list((tmp_path / "_static").glob("mystnb.*.css"))) == 1


def test_builds_that_differ_are_told_apart(tmp_path):
    for folder, text in (("a", "x"), ("b", "y")):
        (tmp_path / folder / "c").mkdir(parents=True)
        (tmp_path / folder / "c/same").write_text("z")
        (tmp_path / folder / "other").write_text(text)
    (tmp_path / "b/new").touch()
    sites = [builds.files_of(tmp_path / name) for name in ("a", "b")]
    assert builds.differing(*sites) == ["new", "other"] and sites[0].keys() == {"c/same", "other"}
