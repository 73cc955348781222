"""How a pooled proportion hangs on single studies, under the model that the rule names."""

from __future__ import annotations

import numpy as np

from evisynth.engine.bayes.models import bayes_binomial
from evisynth.engine.diagnostics.cases import Influence, influence
from evisynth.engine.diagnostics.refits import Refits
from evisynth.engine.effects.escalc import escalc
from evisynth.errors import NotEstimable


def leave1out_pooled(pooled):
    """Leave each study out in turn and fit the headline's model again.

    Parameters
    ----------
    pooled : Pooled
        With a headline.

    Returns
    -------
    Refits
        The model stays that of the headline, also where one study fewer would fall under another
        rule: what is left of three studies is no answer, it says how far the headline moves.

    Raises
    ------
    NotEstimable
        The rule gives no headline.
    """
    if pooled.headline is None:
        raise NotEstimable(
            f"leave1out_pooled: under the rule {pooled.rule!r} nothing is pooled; the studies "
            "stand side by side."
        )
    xi, ni = np.array(pooled.xi), np.array(pooled.ni)
    subset, more = ~np.eye(pooled.k, dtype=bool), {"level": pooled.level}
    fits = bayes_binomial(xi, ni, subset=subset, tau_prior=pooled.headline.tau_prior, **more)
    return Refits("leave1out", pooled.slab, fits, pooled.headline)


def influence_pooled(pooled) -> Influence:
    """Case diagnostics of the inverse-variance model that stands beside the headline.

    Parameters
    ----------
    pooled : Pooled
        Of three studies or more.

    Returns
    -------
    Influence
        On the logit scale: REML, ad hoc Knapp-Hartung.
    """
    yi, vi = escalc("PLO", xi=pooled.xi, ni=pooled.ni)
    return influence(yi, vi, slab=pooled.slab, level=pooled.level)
