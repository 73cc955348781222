"""What every result has in common: plain data, JSON of a documented form, a tidy summary."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass

import numpy as np

FORM = "1.0"  # of the JSON; see result.schema.json beside this file


class Result:
    """Base of the frozen dataclasses that the engine returns.

    A subclass is a frozen dataclass; fields are numbers, text, tuples, arrays, None, results, or
    mappings of text to these.
    """

    def to_dict(self):
        """All fields as plain Python types, with ``type`` and the ``form`` of the JSON.

        Returns
        -------
        dict
            Arrays and tuples as lists; what is not finite (a limit that does not exist) as None.
        """
        values = {field.name: json_value(getattr(self, field.name)) for field in fields(self)}
        return {"type": type(self).__name__, "form": FORM} | values

    def to_json(self, *, indent=2):
        """The same as JSON text."""
        return json.dumps(self.to_dict(), indent=indent, ensure_ascii=False, allow_nan=False)

    def terms(self):
        """Rows of `summary`: one mapping per number a reader would quote."""
        raise NotImplementedError

    @property
    def summary(self):
        """Tidy table, a row per term.

        Returns
        -------
        pandas.DataFrame
            Columns ``term``, ``estimate``, ``ci_lb``, ``ci_ub``, ``scale``, and what else the
            result knows of its terms; ``attrs["notes"]`` has what must be read beside them.
        """
        import pandas as pd

        table = pd.DataFrame(self.terms())
        table.attrs["notes"] = getattr(self, "notes", ())
        return table


def estimate_and_limits(result):
    """Estimate, lower and upper limit that a result displays.

    Parameters
    ----------
    result : Result
        Of one number, with `displayed`.

    Returns
    -------
    tuple of (float, float, float)
        Display scale.
    """
    shown = result.displayed
    return shown["estimate"], shown["ci_lb"], shown["ci_ub"]


def json_value(value):
    """A value of a result as JSON has it."""
    if isinstance(value, Result):
        return value.to_dict()
    if is_dataclass(value):
        return {field.name: json_value(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): json_value(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [json_value(item) for item in value]
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value
