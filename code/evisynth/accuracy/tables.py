"""Tables of the page on validation. They round; what they round is computed elsewhere."""

from __future__ import annotations

from math import ceil, log10

from evisynth.engine.random_effects.model import rma
from evisynth.words.html import table
from evisynth.words.phrases import capital, per_hundred, thousands

FINEST = -9  # differences below 1e-9 are rounding, which no two machines do alike
_KINDS = {"what": "What", "measure": "Measure"}
_NAMES = {
    "EE": "equal effects", "DL": "DerSimonian–Laird", "HE": "Hedges", "HS": "Hunter–Schmidt",
    "SJ": "Sidik–Jonkman", "PM": "Paule–Mandel", "EB": "empirical Bayes",
    "ML": "maximum likelihood", "REML": "restricted maximum likelihood", "PLO": "log odds",
    "PLN": "log proportion", "PR": "proportion", "PAS": "arcsine", "PFT": "double arcsine",
    "GEN": "effects given", "OR": "log odds ratio", "RR": "log risk ratio", "RD": "risk difference",
}  # fmt: skip


def bound(difference):
    """``< 1e-9``: the power of ten that a difference stays below."""
    power = FINEST if difference <= 0 else max(ceil(log10(difference)), FINEST)
    return f"< {_power(power)}"


def _power(power):
    return f"1e−{-power}" if power < 0 else f"1e{power}"


def agreement_table(found, *, by="what"):
    """Numbers compared, largest difference and tolerance, by method or by measure.

    Parameters
    ----------
    found : sequence of Agreement
    by : {"what", "measure"}

    Returns
    -------
    Html
    """
    groups = {}
    for one in found:
        groups.setdefault((getattr(one, by), one.tolerance), []).append(one)
    # By measure a row holds several methods, and so several tolerances.
    rows = [
        _agreement_row(*key, group) for key, group in sorted(groups.items(), key=_order(found, by))
    ]
    header = (_KINDS[by], "Sets of numbers", "Numbers", "Largest difference", "Tolerance", "Within")
    return table(header, rows, numeric=header[1:])


def _order(found, by):
    names = list(dict.fromkeys(getattr(one, by) for one in found))
    return lambda item: (names.index(item[0][0]), item[0][1])


def _agreement_row(name, tolerance, group):
    within = all(one.difference <= one.tolerance for one in group)
    label = f"{name} ({_NAMES[name]})" if name in _NAMES else capital(name)
    return (
        label,
        thousands(len(group)),
        thousands(sum(one.numbers for one in group)),
        bound(max(one.difference for one in group)),
        _power(round(log10(tolerance))),
        "yes" if within else "no",
    )


def with_minus(value, places=3):
    """A number with a true minus sign."""
    return f"{value:.{places}f}".replace("-", "−")


def dl_table(found, *, limit=5):
    """Negative between-study variances, and the pooled effects that they lead to."""
    header = ("Data", "Measure", "Studies", "τ², statsmodels", "τ², ours", "Pooled, statsmodels",
              "Pooled, ours")  # fmt: skip
    rows = [
        (b.data, b.measure, str(b.k), *(with_minus(side[name], 4) for name in ("tau2", "estimate")
                                        for side in (b.theirs, b.ours)))
        for b in found[:limit]
    ]  # fmt: skip
    return table(header, rows, numeric=header[2:])


def pm_table(theirs, ours):
    """The Paule-Mandel estimate by tolerance of the iteration."""
    rows = [(_power(round(log10(atol))), with_minus(tau2), with_minus(ours))
            for atol, tau2 in theirs.items()]  # fmt: skip
    header = ("Tolerance asked for", "τ², statsmodels", "τ², ours")
    return table(header, rows, numeric=header)


def inconsistency_table(found, *, limit=5):
    """I2 after REML by two definitions."""
    header = ("Data", "Measure", "Studies", "I² of PyMARE", "from Q, ours", "from τ², ours")
    rows = [
        (b.data, b.measure, str(b.k), f"{with_minus(b.theirs['I2'], 1)}%",
         f"{with_minus(b.ours['from_q'], 1)}%", f"{with_minus(b.ours['I2'], 1)}%")
        for b in found[:limit]
    ]  # fmt: skip
    return table(header, rows, numeric=header[2:])


def default_controls_table(benchmark):
    """How far metafor's tau2 with default controls is from its own converged value."""
    found = benchmark["metafor_defaults"]
    header = ("Estimator", "Data sets with τ² above 0", "Off by more than 1e−6", "Largest", "Where")
    rows = [
        (f"{name} ({_NAMES[name]})", str(one["fits"]), str(one["off"]), f"{one['largest']:.1e}"
         .replace("e-0", "e−"), one["where"])
        for name, one in (found or {"estimators": {}})["estimators"].items()
    ]  # fmt: skip
    return table(header, rows, numeric=header[1:4])


def ceiling_table(benchmark):
    """Upper Q-profile limits beyond metafor's default ceiling."""
    found = benchmark["metafor_defaults"] or {"ceiling": []}
    header = ("Data", "Measure", "Studies", "Upper limit of τ², default", "Ceiling raised")
    rows = [(c["data"], c["measure"], str(c["k"]), f"{c['upper']:g}", f"{c['converged']:.1f}")
            for c in found["ceiling"]]  # fmt: skip
    return table(header, rows, numeric=header[2:])


def higher_maxima_table(reference):
    """Data whose likelihood has two maxima, of which metafor's iteration takes the lower.

    Its tau2 beside ours, and how much higher the logarithm of the likelihood is at ours.
    """
    header = ("Data", "Method", "Studies", "τ², metafor", "τ², ours", "Log-likelihood, gain")
    rows = [
        (c["data"], c["method"], str(len(c["yi"])), with_minus(c["tau2_metafor"]),
         with_minus(rma(c["yi"], c["vi"], method=c["method"]).tau2),
         with_minus(c["log_likelihood_highest"] - c["log_likelihood_metafor"]))
        for c in reference.get("where_metafor_differs", ()) if not c.get("mods")
    ]  # fmt: skip
    return table(header, rows, numeric=header[2:])


def benchmark_table(benchmark):
    """What was timed, with ratio, aim and agreement."""
    header = ("Task", "Ours", "Peer", "Ratio", "Aim", "Met", "Differ by")
    rows = [_benchmark_row(row) for row in benchmark["rows"]]
    return table(header, rows, numeric=header[1:])


def _benchmark_row(row):
    peer, differs = row["peer"], row["largest_difference"]
    theirs = "–" if row["theirs"] is None else f"{peer} {amount(row['theirs'], row['unit'])}"
    return (
        row["what"],
        amount(row["ours"], row["unit"]),
        theirs,
        f"{row['ratio']:,.0f}×" if (row["ratio"] or 0) >= 10 else _small_ratio(row["ratio"]),
        f"≥ {row['aim']:g}×" if peer else f"≤ {row['aim']:g} {row['unit']}",
        {True: "yes", False: "no", None: "not compared"}[row["met"]],
        bound(differs) if differs is not None else "–",
    )


def _small_ratio(ratio):
    return f"{ratio:.1f}×" if ratio else "–"


def amount(value, unit):
    """Seconds, from 1 ms below a second; any other unit as it is."""
    if unit == "s" and value < 1:
        return f"{1000 * value:.3g} ms"
    return f"{value:.3g} {unit}"


def coverage_table(study, **where):
    """Coverage with its Monte Carlo error, width and bias, a row per method and scenario.

    Parameters
    ----------
    study : CoverageStudy
    **where
        Of its rows, for instance ``tau=0.6``.

    Returns
    -------
    Html
    """
    header = ("Method", "Studies", "True rate", "τ", "Coverage (error)", "Mean width", "Bias",
              "No estimate")  # fmt: skip
    rows = [
        (r.method, str(r.k), f"{per_hundred(r.rate)}%", f"{r.tau:g}",
         f"{100 * r.coverage:.1f}% ({100 * r.mc_error:.1f})", f"{100 * r.width:.1f}",
         signed_decimal(100 * r.bias), str(r.none))
        for r in study.where(**where)
    ]  # fmt: skip
    return table(header, rows, numeric=header[1:])


def signed_decimal(value):
    """A number with one decimal and its sign, none for zero."""
    text = f"{value:+.1f}"
    return text.removeprefix("+").removeprefix("-") if text[1:] == "0.0" else text.replace("-", "−")
