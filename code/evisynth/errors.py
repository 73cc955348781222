"""What can go wrong, said so that the reader can mend it."""

from contextlib import contextmanager


class EvisynthError(ValueError):
    """Base of every error that this package raises on purpose."""


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
