"""The record of the simulation of reports that share patients.

``python -m evisynth.engine.coverage.overlap_record`` writes it, in some two minutes of one
processor; a page reads what was kept, and a test simulates a slice of it again.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np

from evisynth.engine.coverage.overlap_study import OverlapStudy, Way
from evisynth.engine.coverage.overlapping import simulate_overlap
from evisynth.errors import EvisynthError

RECORD = Path(__file__).with_name("overlapping.json")


def read_overlap(path=RECORD):
    """The record of the whole grid.

    Parameters
    ----------
    path : Path

    Returns
    -------
    OverlapStudy

    Raises
    ------
    EvisynthError
        If it cannot be read.
    """
    try:
        record = json.loads(Path(path).read_text("utf-8"))
        rows = tuple(Way(*row) for row in record["rows"])
        return OverlapStudy(rows, record["replicates"], record["seed"], record["made"])
    except (OSError, ValueError, KeyError, TypeError):
        remedy = "`python -m evisynth.engine.coverage.overlap_record` writes it."
        raise EvisynthError(f"{Path(path).name} cannot be read. {remedy}") from None


def write_overlap(study, path=RECORD):
    """Write a study as a record, a line per row, with the versions that made it."""
    from platform import python_version

    import scipy

    made = {"python": python_version(), "numpy": np.__version__, "scipy": scipy.__version__}
    head = {"replicates": study.replicates, "seed": study.seed, "made": made}
    rows = ",\n".join(json.dumps(list(asdict(row).values())) for row in study.rows)
    Path(path).write_text(f'{json.dumps(head)[:-1]}, "rows": [\n{rows}\n]}}\n', "utf-8")


if __name__ == "__main__":
    write_overlap(simulate_overlap(replicates=2_000))
