"""Definitions: the words of the codebook, the codes of a selection, and terms of statistics."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape

from evisynth.errors import ArgumentError
from evisynth.evidence.selection import CODES, plain
from evisynth.words.html import Html, table, tag

# Terms of the method in plain words; the rest of the glossary is read from the codebook.
STATISTICS = {
    "proportion": "Patients with the outcome over all patients of the denominator. Shown as a "
    "number of 100.",
    "exact interval": "Clopper and Pearson's interval for one proportion. It comes from the "
    "binomial distribution itself and is never shorter than its level promises.",
    "log odds": "The logarithm of the odds, that is of those with the outcome over those without. "
    "Models work on this scale because it has no ends; results are turned back into proportions.",
    "odds ratio": "The odds of the outcome in one group over those in another. One means no "
    "difference. It is not a ratio of proportions.",
    "independent set": "Cohorts of which no two are known to share patients, chosen so that as "
    "many patients as possible are counted and nobody is counted twice.",
    "flagged cohort": "A cohort with the sign ∩?: it may share patients with another one that is "
    "counted in the same pool, but is not known to. Both are counted.",
    "largest set without a doubt": "Of the cohorts of a pool those that hold the most patients "
    "such that no two of them may share any. Of a doubtful pair it keeps one at most.",
    "differenced row": "A count that nobody printed: a pool less a part of it that is printed on "
    "its own. Both come from print; the difference is checked by the validation.",
    "estimand": "What a number is meant to measure: whom, which outcome, out of whom, by when. Two "
    "estimands are never pooled.",
    "confidence interval": "The range of values that the data leave plausible for the typical "
    "rate. Of such intervals, about the stated share holds the true one in repeated use.",
    "credible interval": "The range that holds the stated probability after data and prior have "
    "been put together.",
    "prediction interval": "Where the true rate of a new centre like those counted would plausibly "
    "lie. It is wider than the interval of the typical rate where centres differ, and it says "
    "nothing about an individual.",
    "range for a new centre": "The prediction interval in plain words, of 100.",
    "heterogeneity": "Differences between the true rates of cohorts, beyond what chance gives.",
    "tau": "The standard deviation of the true log odds between cohorts. It is what a "
    "random-effects model means by heterogeneity.",
    "I2": "The part of the spread between estimates that is not chance, in percent. It grows with "
    "the size of the cohorts and does not say how far their rates lie apart.",
    "common effect": "The model in which every cohort has the same true rate. It answers where "
    "nobody or everybody had the outcome, and stands beside the others without leading.",
    "random effects": "A model in which each cohort has a true rate of its own, drawn from one "
    "distribution; its centre and its spread are estimated.",
    "GLMM": "Generalised linear mixed model. Here: each count is binomial given the cohort's own "
    "log odds, and those are normal around a typical value.",
    "inverse variance": "The usual two-step method: each cohort's log odds is taken as normal with "
    "a known variance and weighted by it. It goes astray where counts are small or rates extreme.",
    "weight": "How much a study counts in a mean: by inverse variance, one over its own variance "
    "and the spread between studies together. In figures the area of a square stands for it.",
    "t limits": "Limits with quantiles of Student's t distribution with one degree of freedom "
    "fewer than there are cohorts, since the spread is itself estimated from few.",
    "ad hoc Knapp-Hartung": "A correction of the inverse-variance interval for an estimated "
    "spread, used only where it makes the interval longer.",
    "DL": "DerSimonian and Laird: an estimate of the spread from Cochran's Q, in closed form.",
    "arcsine": "A scale for proportions on which the variance hardly depends on the rate.",
    "REML": "Restricted maximum likelihood: an estimate of the spread that allows for the mean "
    "having been estimated from the same cohorts.",
    "prior": "What a Bayesian model takes a quantity to be before it sees the data.",
    "posterior": "What a Bayesian model takes a quantity to be after prior and data together.",
    "Bayes HN(1)": "The binomial-normal model by Bayes with a half-normal prior of scale 1 on the "
    "spread between cohorts: small spreads are likelier than large, huge ones hardly possible.",
    "half-Cauchy": "A prior for the spread with a heavy tail, which lets large spreads through. "
    "It stands beside the half-normal one to show what the choice does.",
    "beta-binomial": "A model in which the cohorts' rates follow a beta distribution. Its mean "
    "is the average rate, another quantity than the typical rate of the headline.",
    "leave-one-out": "The analysis repeated with each cohort left out in turn.",
    "influence": "How much a result would move without a cohort, in units of its own uncertainty.",
    "specification curve": "All combinations of choices that could be defended, pooled and put in "
    "order, with the declared one marked. It carries no p value.",
    "small-study effect": "Small studies giving other results than large ones, of which selective "
    "publication is one possible cause among several.",
    "Mantel-Haenszel": "A weighted mean of odds ratios over strata that needs no correction where "
    "a cell is empty, as long as one stratum has information. It assumes one ratio for all.",
    "immortal time": "Time a patient must have survived to enter a group, such as those "
    "transplanted. Comparing that group with the rest credits it with that time.",
    "certainty": "How sure one can be that the true value lies where the estimate says, in four "
    "steps: high, moderate, low, very low.",
}
_SIGNS = (("<", " under "), (">=", " at least "), (">", " over "))
_EXTRA = {"code": dict(CODES), "statistics": STATISTICS}
_FIRST = ("criterion", "denominator", "timepoint", "outcome", "disease_state", "relation", "code")


@dataclass(frozen=True)
class Definition:
    """A term with its meaning.

    Attributes
    ----------
    field, value : str
        Column of the tables, "code" or "statistics"; what stands in it.
    shown, words : str
        The term as a reader sees it, and what it means.
    """

    field: str
    value: str
    shown: str
    words: str

    @property
    def anchor(self):
        """Where it stands in the glossary."""
        text = self.value
        for sign, word in _SIGNS:
            text = text.replace(sign, word)
        slug = re.sub(r"[^a-z0-9]+", "-", f"{self.field}-{text}".lower())
        return slug.strip("-")


def glossary_terms(book):
    """Every defined term, by its field.

    Parameters
    ----------
    book : dict
        The codebook.

    Returns
    -------
    dict of str to dict of str to Definition
        By field, then by value, in the order of the codebook.
    """
    found = {}
    for resource in book["resources"]:
        for field in resource["schema"]["fields"]:
            _merge(found.setdefault(field["name"], {}), field.get("meanings", {}))
    found = {name: words for name, words in (found | _EXTRA).items() if words}
    ordered = dict.fromkeys([name for name in _FIRST if name in found] + list(found))
    terms = {
        name: {v: Definition(name, v, _shown(name, v), w) for v, w in found[name].items()}
        for name in ordered
    }
    _refuse_twins([term for words in terms.values() for term in words.values()])
    return terms


def _refuse_twins(terms):
    """Two terms at one place of the glossary: links to the second would lead to the first."""
    places: dict[str, Definition] = {}
    for term in terms:
        other = places.setdefault(term.anchor, term)
        if other is not term:
            given = f"{term.field} {term.value!r} beside {other.field} {other.value!r}"
            allowed = "codes that differ in a letter a to z or a digit"
            raise ArgumentError("glossary", "meanings", given, allowed)


def _merge(known, meanings):
    for value, words in meanings.items():
        known.setdefault(value, words)


def _shown(field, value):
    if field in _EXTRA:
        return value
    return value.upper() if field == "endpoint" else plain(value)


def define(book, term):
    """The definition that a term names.

    Parameters
    ----------
    book : dict
        The codebook.
    term : str
        Field and value with a slash between, such as ``criterion/CR/CRh``; the field may also be
        "code" (why a cohort is left out) or "statistics".

    Returns
    -------
    Definition

    Raises
    ------
    ArgumentError
        A field without definitions, or a value that it does not define; says which there are.
    """
    known = glossary_terms(book)
    field, _, value = term.partition("/")
    if field not in known:
        raise ArgumentError("define", "term", repr(term), f"{', '.join(known)}; then /value")
    if value not in known[field]:
        allowed = ", ".join(f"{field}/{word}" for word in known[field])
        raise ArgumentError("define", "term", repr(term), allowed)
    return known[field][value]


def definitions(evidence, *fields):
    """A part of the glossary: every term of some fields with its meaning.

    Parameters
    ----------
    evidence : Evidence
    *fields : str
        Columns with meanings in the codebook, "code" or "statistics".

    Returns
    -------
    Html

    Raises
    ------
    ArgumentError
        A field without definitions.
    """
    known = glossary_terms(evidence.codebook)
    for field in fields:
        if field not in known:
            raise ArgumentError("definitions", "fields", repr(field), ", ".join(known))
    terms = [d for field in fields for d in known[field].values()]
    return table(("Term", "Meaning"), [(_anchored(d), d.words) for d in terms])


def _anchored(definition):
    """The term, where links into the glossary arrive."""
    return Html(tag("span", escape(definition.shown), id=definition.anchor), definition.shown)
