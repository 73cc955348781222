"""What is timed: the data, and each task as this package and PyMARE do it.

Data are invented and written once; R reads the same files.
"""

import csv

import numpy as np

STACK, ONE_BY_ONE = 1_000, 100  # data sets in a stacked call; of binomial models one by one
K, GOSH_K, INFLUENCE_K, BAYES_K = 20, 14, 40, 10


def write_data(folder):
    """Write ``counts.csv`` and ``effects.csv``, a line per study, and return the arrays.

    Returns
    -------
    dict of ndarray, shape (STACK, K)
        xi, ni; yi, vi (log odds).
    """
    from evisynth import escalc

    rng = np.random.default_rng(20)
    ni = rng.integers(10, 61, (STACK, K))
    xi = rng.binomial(ni, 1 / (1 + np.exp(-rng.normal(1.4, 0.6, ni.shape))))
    yi, vi = escalc("PLO", xi=xi, ni=ni)
    data = {"xi": xi, "ni": ni, "yi": yi, "vi": vi}
    with (folder / "data.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["set", *data])
        for i in range(STACK):
            columns = (array[i].tolist() for array in data.values())
            writer.writerows([i + 1, *row] for row in zip(*columns, strict=True))
    return data


def first(data, k):
    """The first ``k`` effect sizes and variances, over data sets if need be."""
    return data["yi"].ravel()[:k], data["vi"].ravel()[:k]


def our_tasks(data):
    """Tasks of this package by id: a function without arguments, and the items it works on."""
    from evisynth import rma, rma_glmm
    from evisynth.engine.diagnostics.all_subsets import gosh
    from evisynth.engine.diagnostics.cases import influence
    from evisynth.engine.diagnostics.refits import leave1out

    yi, vi, xi, ni = data["yi"], data["vi"], data["xi"], data["ni"]
    few = range(ONE_BY_ONE)
    studies = first(data, INFLUENCE_K)
    return {
        "reml-stacked": (lambda: rma(yi, vi, test="knha"), STACK),
        "reml-single": (lambda: [rma(yi[i], vi[i], test="knha") for i in range(STACK)], STACK),
        "glmm-single": (lambda: [rma_glmm(xi[i], ni[i]) for i in few], ONE_BY_ONE),
        "glmm-stacked": (lambda: rma_glmm(xi, ni), STACK),
        "gosh": (lambda: gosh(*first(data, GOSH_K), method="REML"), 1),
        "influence": (lambda: (leave1out(*studies, test="z"), influence(*studies, test="z")), 1),
        "bayes": (_bayes(*first(data, BAYES_K)), 1),
    }


def _bayes(yi, vi):
    from evisynth.engine.bayes.models import bayes_normal

    return lambda: bayes_normal(yi, vi, tau_prior="HN(0.5)")


def pymare_task(data):
    """PyMARE's REML on 1,000 columns in one call; returns a function and how to read tau2."""
    from pymare.estimators import VarianceBasedLikelihoodEstimator

    estimator = VarianceBasedLikelihoodEstimator(method="REML")
    yi, vi = (np.ascontiguousarray(data[name].T) for name in ("yi", "vi"))
    design = np.ones((K, 1))

    def fitted():
        found = estimator.fit(yi, vi, design).params_
        return {"estimate": found["fe_params"].ravel(), "tau2": np.ravel(found["tau2"])}

    return fitted


def our_numbers(results):
    """Of each task's result the columns that a peer prints too, in the peer's order."""
    stacked, leave, cases = results["reml-stacked"], *results["influence"]
    glmm = results["glmm-stacked"]
    subsets = results["gosh"]
    return {
        "reml": {name: getattr(stacked, name) for name in ("estimate", "tau2", "ci_lb", "ci_ub")},
        "glmm": {name: getattr(glmm, name)[:ONE_BY_ONE] for name in ("estimate", "se", "tau2")},
        "gosh": {"estimate": subsets.estimate, "tau2": subsets.tau2},
        "influence": {
            "leave1out": leave.fits.estimate,
            "tau2_del": cases.tau2_del,
            "rstudent": cases.rstudent,
            "cook_d": cases.cook_d,
            "hat": cases.hat,
        },
    }
