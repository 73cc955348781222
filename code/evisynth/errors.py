"""What can go wrong, said so that the reader can mend it."""

import re
from contextlib import contextmanager

# Controls but for tabs and line ends, marks of direction, and halves of a character.
_COMMANDS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


def printable(text) -> str:
    """Text that a terminal shows and does not obey: what commands it is written as its code.

    Parameters
    ----------
    text : object
        What it is as text is shown.

    Returns
    -------
    str
        With its line ends and tabs.
    """
    return _COMMANDS.sub(lambda found: ascii(found[0])[1:-1], str(text))


class EvisynthError(ValueError):
    """Base of every error that this package raises on purpose; its message is `printable`."""

    def __str__(self):
        return printable(super().__str__())


class ArgumentError(EvisynthError):
    """An argument has a value that is not allowed.

    Parameters
    ----------
    function, argument : str
        Where the value was given.
    given : str
        What was given, and at which position.
    allowed : str
        What is allowed instead.
    """

    def __init__(self, function: str, argument: str, given: str, allowed: str):
        """Compose the message."""
        self.function, self.argument, self.given, self.allowed = function, argument, given, allowed
        super().__init__(f"{function}: {argument} is {given}; allowed: {allowed}.")


@contextmanager
def named_after(function):
    """Let an ArgumentError name the function that was called, not one that it calls in turn."""
    try:
        yield
    except ArgumentError as error:
        raise ArgumentError(function, error.argument, error.given, error.allowed) from None


class NotEstimable(EvisynthError):
    """The data have no finite estimate under the model that was asked for."""


class EvidenceError(EvisynthError):
    """The tables do not hold together; carries every problem that was found.

    Parameters
    ----------
    problems : sequence of Problem
        Each prints as ``table, row, column: value: what is allowed``.
    """

    def __init__(self, problems):
        """Compose the message, one line per problem."""
        self.problems = tuple(problems)
        head = f"{len(self.problems)} problem{'s' * (len(self.problems) != 1)} in the evidence base"
        super().__init__("\n".join([head, *(f"  {problem}" for problem in self.problems)]))
