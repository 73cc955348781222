"""Ratios of time and agreement against metafor and PyMARE, into ``results.json`` beside this file.

``make bench`` runs it. One thread, a warm-up, the median of several repeats, in seconds of the
processor, which a machine that is busy with other things lengthens less than those of a clock.
Every task also compares numbers, because a fast wrong number is no result. Without R the rows of
metafor say so. It takes about three minutes, and no test runs it.
"""

import csv
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from datetime import date
from importlib.metadata import version
from pathlib import Path
from statistics import median
from time import process_time

ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")}
if __name__ == "__main__":
    os.environ.update(ONE_THREAD)  # before NumPy is imported

import numpy as np  # noqa: E402
import tasks  # noqa: E402
from evisynth.accuracy.peers import pm_failures  # noqa: E402

HERE = Path(__file__).resolve().parent
REFERENCE = HERE.parent / "tests" / "reference" / "reference.json"
RESULTS = HERE / "results.json"
# bayesmeta is no Debian package; measured once, version 3.4, on another machine of two cores.
BAYESMETA_SECONDS = 1.8
PACKAGES = ("numpy", "scipy", "evisynth", "pymare", "statsmodels")
ABSENT = "R with metafor was not found where this was run"

# id, what, id of the peer's time, items it did, aim of the ratio
AGAINST_METAFOR = (
    ("reml-stacked", "REML with Knapp-Hartung, 1,000 data sets of 20, one call", "reml", 400),
    ("reml-single", "REML with Knapp-Hartung, 1,000 data sets of 20, one by one", "reml", 10),
    ("glmm-single", "Binomial-normal model, 100 data sets of 20, one by one", "glmm", 20),
    ("glmm-stacked", "Binomial-normal model, 1,000 data sets of 20, one call", "glmm", 100),
    ("gosh", "All 16,383 subsets of 14 studies, REML", "gosh", 300),
    ("influence", "Leave-one-out and influence of 40 studies, REML", "influence", 50),
)
PEER_ITEMS = {"reml": tasks.STACK, "glmm": tasks.ONE_BY_ONE, "gosh": 1, "influence": 1}
IMPORTS = {
    "numpy": "import numpy",
    "evisynth": "from evisynth import rma, escalc, rma_glmm",
    "pymare": "import pymare",
    "statsmodels": "import statsmodels.stats.meta_analysis",
}
MEMORY = """
import resource, numpy as np
from evisynth.engine.diagnostics.all_subsets import gosh
rng = np.random.default_rng(20)
found = gosh(rng.normal(0, 0.6, 20), rng.uniform(0.05, 0.5, 20), method="REML")
assert len(found.estimate) == 2**20 - 1
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def seconds_of(task, *, at_least=3, at_most=9, budget=3.0):
    """Median seconds of a task after a warm-up, how many repeats, and its last result."""
    result, times = task(), []
    while len(times) < at_least or (len(times) < at_most and sum(times) < budget):
        start = process_time()
        result = task()
        times.append(process_time() - start)
    return median(times), len(times), result


def calibration():
    """Seconds of a loop of ten million additions, to compare machines by."""

    def loop():
        x = 0
        for i in range(10_000_000):
            x = x + i

    return seconds_of(loop)[0]


def import_seconds(code, python=(sys.executable, "-c")):
    """Seconds of a fresh process that runs ``code`` and nothing else."""
    before = os.times()
    subprocess.run([*python, code], check=True, capture_output=True)
    after = os.times()
    user = after.children_user - before.children_user
    return user + after.children_system - before.children_system


def imports(r):
    """Medians of fresh processes, taken in turn so that a change of load meets all of them."""
    found = {name: [] for name in (*IMPORTS, *(("Rscript", "metafor") if r else ()))}
    for _ in range(9):
        for name, code in IMPORTS.items():
            found[name].append(import_seconds(code))
        if r:
            found["Rscript"].append(import_seconds("1", (r, "-e")))
            found["metafor"].append(import_seconds("suppressMessages(library(metafor))", (r, "-e")))
    return {name: median(times) for name, times in found.items()}


def peak_gib():
    """Peak resident memory of a child process that fits every subset of 20 studies, GiB."""
    run = subprocess.run([sys.executable, "-c", MEMORY], check=True, capture_output=True, text=True)
    unit = 1 if sys.platform == "darwin" else 1024  # ru_maxrss counts KiB but on macOS
    return int(run.stdout) * unit / 2**30


def run_metafor(r, folder):
    """Tables that peer.R writes, by name: columns as lists of float, or of text."""
    environment = os.environ | ONE_THREAD
    command = [r, str(HERE / "peer.R"), str(folder), str(folder / "analyses.csv")]
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
    names = ("timings", "versions", "reml", "glmm", "gosh", "influence", "defaults")
    return {name: read_columns(folder / f"{name}.csv") for name in names}


def read_columns(path):
    """Columns of a table."""
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    return {name: [row[name] for row in rows] for name in rows[0]}


def write_analyses(reference, folder):
    """Effect sizes of the reference's analyses, a line per study."""
    with (folder / "analyses.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["analysis", "yi", "vi"])
        for i, case in enumerate(reference["analyses"], start=1):
            writer.writerows([i, *row] for row in zip(case["yi"], case["vi"], strict=True))


def difference(ours, theirs):
    """Largest difference, relative to theirs or to 0.01 where theirs is smaller."""
    ours, theirs = np.asarray(ours, float), np.asarray(theirs, float)
    return float(np.max(np.abs(ours - theirs) / np.maximum(np.abs(theirs), 0.01)))


def largest_difference(ours, theirs):
    """The same over all columns that the peer has."""
    return max(difference(values, theirs[name]) for name, values in ours.items())


def agreement(numbers, metafor):
    """Largest difference of each of metafor's tasks."""
    place = np.array(metafor["gosh"].pop("subset"), float).astype(int) - 1
    metafor["gosh"].pop("default")
    sampled = {name: np.asarray(v)[place] for name, v in numbers["gosh"].items()}
    return {
        name: largest_difference(sampled if name == "gosh" else numbers[name], metafor[name])
        for name in ("reml", "glmm", "gosh", "influence")
    }


def row(id_, what, ours, peer, theirs, aim, *, differs=None, note=""):
    """A row: seconds of both for the same work, their ratio, whether the aim is met."""
    ratio = None if theirs is None else theirs / ours
    return {
        "id": id_, "what": what, "peer": peer, "unit": "s", "ours": digits(ours),
        "theirs": digits(theirs), "ratio": digits(ratio), "aim": aim,
        "met": None if ratio is None else ratio >= aim, "largest_difference": digits(differs, 2),
        "note": note,
    }  # fmt: skip


def limit_row(id_, what, unit, ours, aim, note=""):
    """A row that is held to a limit, not to a ratio."""
    return {
        "id": id_, "what": what, "peer": None, "unit": unit, "ours": digits(ours), "theirs": None,
        "ratio": None, "aim": aim, "met": ours <= aim, "largest_difference": None, "note": note,
    }  # fmt: skip


def digits(value, number=3):
    """A number with so many digits, or None."""
    return None if value is None else float(f"{value:.{number}g}")


def metafor_rows(ours, metafor, differs):
    """Rows against metafor; without a ratio where there is no R."""
    times = {}
    if metafor:
        times = dict(zip(metafor["timings"]["id"], map(float, metafor["timings"]["seconds"]),
                         strict=True))  # fmt: skip
    for id_, what, peer, aim in AGAINST_METAFOR:
        seconds, items = ours[id_]
        theirs = times[peer] * items / PEER_ITEMS[peer] if times else None
        note = _NOTES.get(peer, "") if times else ABSENT
        yield row(id_, what, seconds, "metafor", theirs, aim, differs=differs.get(peer), note=note)


_NOTES = {
    "glmm": "metafor with seven nodes, whose own error is the difference; timed for 100 data sets",
    "gosh": "difference over every 61st subset, metafor's controls tightened",
    "reml": "difference with metafor's controls tightened",
}


def import_rows(times):
    """The package with its engine, less bare NumPy; the peers' for comparison."""
    named = {"pymare": "PyMARE", "statsmodels": "statsmodels", "metafor": "library(metafor)"}
    bare = {"metafor": "Rscript"}
    cost = {name: times[name] - times[bare.get(name, "numpy")] for name in named if name in times}
    note = "; ".join(f"{named[name]} {seconds:.2f} s" for name, seconds in cost.items())
    own = times["evisynth"] - times["numpy"]
    what = "Import beyond NumPy, or beyond Rscript, in a fresh process"
    yield limit_row("import", what, "s", own, 0.25, note)


def default_controls(reference, metafor):
    """How far metafor's default controls are from converged, and where its interval ends at 100.

    Returns
    -------
    dict
        ``estimators``: of each, fits, those off by more than 1e-6, the largest relative
        difference; ``ceiling``: analyses whose upper limit is the default's 100.
    """
    found = {name: np.array(values, float) for name, values in metafor["defaults"].items()}
    order = found["analysis"].astype(int) - 1
    cases = [reference["analyses"][i] for i in order]
    estimators = {}
    for method in ("PM", "EB", "ML", "REML"):
        converged = np.array([_tau2(case, method) for case in cases])
        known = np.isfinite(found[method]) & (converged > 1e-8)
        off = np.abs(found[method] - converged)[known] / converged[known]
        worst = np.array(cases, dtype=object)[known][int(np.argmax(off))]
        estimators[method] = {
            "fits": int(known.sum()), "off": int(np.sum(off > 1e-6)),
            "largest": digits(off.max(), 2), "where": f"{worst['data']}, {worst['measure']}",
            "stopped": int(np.sum(~np.isfinite(found[method]))),
        }  # fmt: skip
    pairs = zip(cases, found["upper"], strict=True)
    ceiling = [
        {"data": case["data"], "measure": case["measure"], "k": len(case["yi"]),
         "upper": digits(upper, 6), "converged": digits(case["q_profile"]["tau2_ub"], 6)}
        for case, upper in pairs if case["q_profile"]["tau2_ub"] > 100
    ]  # fmt: skip
    return {"estimators": estimators, "ceiling": ceiling, "analyses": len(cases)}


def _tau2(case, method):
    return next(fit["tau2"] for fit in case["fits"] if fit["method"] == method)


def measure():
    """Everything, as results.json has it."""
    reference, r = json.loads(REFERENCE.read_text("utf-8")), shutil.which("Rscript")
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data = tasks.write_data(folder)
        write_analyses(reference, folder)
        timed, results = {}, {}
        for id_, (task, items) in tasks.our_tasks(data).items():
            seconds, _, results[id_] = seconds_of(task)
            timed[id_] = (seconds, items)
        pymare_seconds, _, pymare = seconds_of(tasks.pymare_task(data))
        metafor = run_metafor(r, folder) if r else None
    numbers = tasks.our_numbers(results)
    differs = agreement(numbers, metafor) if metafor else {}
    rows = list(metafor_rows(timed, metafor, differs))
    stack = ("reml-stacked-pymare", "REML alone, 1,000 columns in one call")
    two = {name: numbers["reml"][name] for name in pymare}
    note = "ours with Knapp-Hartung limits, Q, I² and the global check, PyMARE's without"
    rows.append(row(*stack, timed["reml-stacked"][0], "PyMARE", pymare_seconds, 1,
                    differs=largest_difference(two, pymare), note=note))  # fmt: skip
    rows.append(row("bayes", "Normal-normal posterior of 10 studies with shrinkage, HN(0.5)",
                    timed["bayes"][0], "bayesmeta", BAYESMETA_SECONDS, 100,
                    note="bayesmeta 3.4, timed once on another machine"))  # fmt: skip
    rows += import_rows(imports(r))
    peak = "Peak memory, all 1,048,575 subsets of 20 studies"
    rows.append(limit_row("memory", peak, "GiB", peak_gib(), 1.0))
    versions = {name: version(name) for name in PACKAGES}
    versions = {"python": platform.python_version()} | versions
    machine = {"cores": os.cpu_count(), "python_loop_s": digits(calibration())}
    if metafor:
        of_r = {name: values[0] for name, values in metafor["versions"].items()}
        machine["r_loop_s"] = digits(float(of_r.pop("calibration")))
        versions |= of_r
    machine |= {"load_before": digits(load, 2), "load_after": digits(os.getloadavg()[0], 2)}
    return {
        "date": date.today().isoformat(), "versions": versions, "machine": machine, "rows": rows,
        "metafor_defaults": default_controls(reference, metafor) if metafor else None,
        "statsmodels_pm": {f"{atol:g}": n for atol, n in pm_failures(reference).items()},
    }  # fmt: skip


def printed(found):
    """A line per row."""
    for one in found["rows"]:
        against = f"{one['ratio']:g}x {one['peer']}" if one["ratio"] else one["note"]
        verdict = {True: "met", False: "MISSED", None: "not compared"}[one["met"]]
        ours = f"{one['id']:<20} {one['ours']:>9g} {one['unit']:<4}"
        yield f"{ours} {against} (aim {one['aim']}: {verdict})"


if __name__ == "__main__":
    found = measure()
    RESULTS.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", "utf-8")
    print(*printed(found), sep="\n")
