"""What is worked out once for an evidence base and kept with it, for as long as it lives."""

from collections.abc import Callable
from functools import wraps

_PLACE = "_kept"  # beside what `functools.cached_property` keeps


def kept(function: Callable) -> Callable:
    """Make a function of an evidence base work out each result once.

    Parameters
    ----------
    function : callable
        Of an `Evidence` and of further arguments that can be keys, given by position; what it
        returns is shared by all who ask, and nobody changes it.

    Returns
    -------
    callable
    """

    @wraps(function)
    def once(evidence, *further):
        results = vars(evidence).setdefault(_PLACE, {})
        asked = (function, *further)
        if asked not in results:
            results[asked] = function(evidence, *further)
        return results[asked]

    return once
