"""Conditions on a row of which cells may be empty: true, false, or not known.

Three values as in Kleene's strong logic (Introduction to Metamathematics, 1952, section 64): what a
row does not tell makes a condition unknown unless the rest decides it.
"""

from __future__ import annotations

import ast
import operator

from evisynth.errors import EvisynthError

_COMPARED = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_ALLOWED = "column names, text in quotes, numbers; ==, !=, <, <=, >, >=, in, is None; and, or, not"


def every(answers):
    """Whether all hold: False if one does not, else None if one is not known."""
    found = list(answers)
    return False if False in found else None if None in found else True


def some(answers):
    """Whether one holds: True if one does, else None if one is not known."""
    found = list(answers)
    return True if True in found else None if None in found else False


def _opposite(answer):
    return None if answer is None else not answer


class Condition:
    """A condition in Python's notation, such as ``agent == 'x' and (age < 2 or mrd >= 5)``.

    Parameters
    ----------
    text : str
        Comparisons of columns with constants or with each other, ``in`` a list, ``is None`` of an
        empty cell, joined by ``and``, ``or``, ``not``.
    columns : collection of str
        Which names are known.

    Raises
    ------
    EvisynthError
        Anything else, or a name that is no column.
    """

    def __init__(self, text, columns):
        try:
            self._tree = ast.parse(text.strip(), mode="eval").body
        except SyntaxError as error:
            raise EvisynthError(f"{error.msg}; allowed: {_ALLOWED}") from None
        self._columns = frozenset(columns)
        self._truth(self._tree, None)

    def __call__(self, row):
        """True, False, or None where empty cells of the row leave it open.

        Raises
        ------
        EvisynthError
            Text is compared with a number.
        """
        return self._truth(self._tree, row)

    def _truth(self, node, row):
        if isinstance(node, ast.BoolOp):
            parts = [self._truth(part, row) for part in node.values]
            return every(parts) if isinstance(node.op, ast.And) else some(parts)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return _opposite(self._truth(node.operand, row))
        if isinstance(node, ast.Compare):
            return self._compared(node, row)
        raise EvisynthError(f"{ast.unparse(node)!r} is no comparison; allowed: {_ALLOWED}")

    def _compared(self, node, row):
        """Chained comparisons hold where each of them does."""
        sides = [self._value(side, row) for side in (node.left, *node.comparators)]
        pairs = zip(node.ops, sides, sides[1:], strict=False)
        return every([_comparison(sign, one, other, row) for sign, one, other in pairs])

    def _value(self, node, row):
        if isinstance(node, ast.Name):
            if node.id not in self._columns:
                raise EvisynthError(f"name {node.id!r} is no column")
            return None if row is None else row[node.id]
        try:
            value = ast.literal_eval(node)
        except ValueError:
            raise EvisynthError(f"{ast.unparse(node)!r}; allowed: {_ALLOWED}") from None
        return value


def _comparison(sign, one, other, row):
    """One comparison; without a row its form alone is looked at."""
    if isinstance(sign, ast.Is | ast.IsNot):
        return (one is other) == isinstance(sign, ast.Is)
    if isinstance(sign, ast.In | ast.NotIn):
        if not isinstance(other, list | tuple | set):
            raise EvisynthError("'in' needs a list, such as ['a', 'b']")
        found = some([_comparison(ast.Eq(), one, each, row) for each in other])
        return found if isinstance(sign, ast.In) else _opposite(found)
    if row is None or one is None or other is None:
        return None
    if isinstance(one, str) != isinstance(other, str):
        raise EvisynthError(f"{one!r} is compared with {other!r}, text with a number")
    return bool(_COMPARED[type(sign)](one, other))
