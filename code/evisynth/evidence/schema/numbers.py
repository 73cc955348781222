"""Numbers of a table that remember how they are printed."""

from __future__ import annotations


class PrintedNumber(float):
    """A number that knows its text, so that 3.0 is not shown as 3.

    Parameters
    ----------
    text : str
        The cell as it stands in the file.

    Attributes
    ----------
    text : str
    """

    __slots__ = ("text",)

    def __new__(cls, text):
        """A float of the text."""
        number = super().__new__(cls, text)
        number.text = text
        return number

    def __getnewargs__(self):
        """For copies, which keep the text."""
        return (self.text,)


def printed_text(value) -> str:
    """A number digit for digit as it is printed.

    One that was computed has as many digits as it needs, and so has one that the file gives as a
    power of ten, 1e-3, in which form no document prints it.
    """
    text = getattr(value, "text", "e")
    return f"{value:g}" if "e" in text else text
