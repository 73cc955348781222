"""The record of the simulation of few studies.

``python -m evisynth.engine.coverage.record`` writes it.

It takes some minutes of one processor, so that a page reads what was kept, and a test simulates a
slice of it again.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np

from evisynth.engine.coverage.few_studies import simulate_few_studies
from evisynth.engine.coverage.held import FewStudies, Held
from evisynth.errors import EvisynthError

RECORD = Path(__file__).with_name("few_studies.json")


def read_few_studies(path=RECORD):
    """The record of the whole grid.

    Parameters
    ----------
    path : Path

    Returns
    -------
    FewStudies

    Raises
    ------
    EvisynthError
        If it cannot be read.
    """
    try:
        record = json.loads(Path(path).read_text("utf-8"))
        rows = tuple(Held(*row) for row in record["rows"])
        return FewStudies(rows, record["replicates"], record["seed"], record["made"])
    except (OSError, ValueError, KeyError, TypeError):
        remedy = "`python -m evisynth.engine.coverage.record` writes it."
        raise EvisynthError(f"{Path(path).name} cannot be read. {remedy}") from None


def write_few_studies(study, path=RECORD):
    """Write a study as a record, a line per row, with the versions that made it."""
    from platform import python_version

    import scipy

    made = {"python": python_version(), "numpy": np.__version__, "scipy": scipy.__version__}
    head = {"replicates": study.replicates, "seed": study.seed, "made": made}
    rows = ",\n".join(
        json.dumps(list(asdict(row).values()), ensure_ascii=False) for row in study.rows
    )
    Path(path).write_text(f'{json.dumps(head)[:-1]}, "rows": [\n{rows}\n]}}\n', "utf-8")


if __name__ == "__main__":
    write_few_studies(simulate_few_studies())
