"""How sure a pool of a declared analysis is: its curve, its leave-one-out, its shrinkage."""

from __future__ import annotations

from evisynth.engine.proportions.sensitivity import leave1out_pooled
from evisynth.evidence.branches import specification_multiverse
from evisynth.evidence.contrast_branches import contrast_specifications
from evisynth.figures.base.model_words import model_words
from evisynth.figures.forests.of_analysis import provenance
from evisynth.figures.sensitivity.cumulative import leave_one_out
from evisynth.figures.sensitivity.curve import specification_curve
from evisynth.figures.sensitivity.shrinkage import shrinkage


def curve_of(analysis, pool, *, title=None, figure=1, name=""):
    """Specification curve of one pool: every choice that could be defended.

    Parameters
    ----------
    analysis : Analysis
    pool : str
    title : str, optional
        Made from the numbers where not given.
    figure : int
        Number of the figure in its chapter.
    name : str
        Only where the page gives the figure none of its own.

    Returns
    -------
    DataFigure
    """
    found = specification_multiverse(analysis.evidence, analysis.spec.id, pool)
    line = provenance(analysis, figure, "models as above")
    drawn = specification_curve(found, title=title, provenance=line, name=name)
    return drawn.at(analysis.spec.id, figure)


def contrast_curve_of(analysis, first, second, *, title=None, figure=1, name=""):
    """Specification curve of the within-study odds ratio of two pools.

    Parameters
    ----------
    analysis : Analysis
    first, second : str
        Pool ids; above 1 the first does better.
    title, figure, name
        As `curve_of`.

    Returns
    -------
    DataFigure
    """
    found = contrast_specifications(analysis, first, second)
    line = provenance(analysis, figure, "log odds ratio; models as above")
    drawn = specification_curve(found, title=title, provenance=line, name=name)
    return drawn.at(analysis.spec.id, figure)


def leave_one_out_of(analysis, pool, *, title=None, figure=1, name=""):
    """The headline without each of its cohorts in turn.

    Parameters
    ----------
    analysis, pool, title, figure, name
        As `curve_of`.

    Returns
    -------
    DataFigure
    """
    pooled = analysis[pool].pooled
    line = provenance(analysis, figure, model_words(pooled.headline))
    drawn = leave_one_out(leave1out_pooled(pooled), title=title, provenance=line, name=name)
    return drawn.at(analysis.spec.id, figure)


def shrinkage_of(analysis, pool, *, title=None, figure=1, name=""):
    """Each cohort's own rate and what a Bayesian model makes of it.

    Parameters
    ----------
    analysis, pool, title, figure, name
        As `curve_of`; a pool of two cohorts or more.

    Returns
    -------
    DataFigure
    """
    pooled = analysis[pool].pooled
    line = provenance(analysis, figure, model_words(pooled.bayes))
    drawn = shrinkage(
        pooled.bayes, xi=pooled.xi, ni=pooled.ni, title=title, provenance=line, name=name
    )
    return drawn.at(analysis.spec.id, figure)
