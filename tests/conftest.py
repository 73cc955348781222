"""Property tests try the same examples on every run; HYPOTHESIS_PROFILE=explore tries new ones."""

import os
from pathlib import Path

import pytest
from evisynth import load_evidence
from hypothesis import settings

settings.register_profile("repeatable", derandomize=True)
settings.register_profile("explore", derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))


@pytest.fixture(scope="session")
def evidence():
    """The book's evidence base, read once for all tests of a process; nobody changes it."""
    return load_evidence(Path(__file__).resolve().parent.parent / "data")
