"""One input tried: what came of it is a result, an error of ours, or a failure."""

from __future__ import annotations

import contextlib
import io
import signal
import traceback
import warnings
from typing import NamedTuple

from evisynth.errors import EvisynthError
from sound import ask_everything, unsound

SECONDS = 10  # of the processor, for one input; the longest that we know of takes 6
FILES = 60  # of the clock, where something waits and computes nothing


class Outcome(NamedTuple):
    """What came of an input: what went wrong, if anything did; whether we refused it."""

    fault: str
    refused: bool = False


class TooLong(BaseException):
    """Past the time limit; no `except Exception` holds it."""


@contextlib.contextmanager
def limit(seconds):
    """Let nothing run for longer."""

    def stop(number, frame):
        raise TooLong

    before = [(s, signal.signal(s, stop)) for s in (signal.SIGPROF, signal.SIGALRM)]
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.setitimer(signal.ITIMER_REAL, FILES)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before:
            signal.signal(number, handler)


def tried(work, seconds=SECONDS):
    """Do some work under watch.

    Parameters
    ----------
    work : callable
        Returns a result to be judged, or None.
    seconds : float

    Returns
    -------
    Outcome
    """
    said = io.StringIO()
    try:
        with warnings.catch_warnings(), limit(seconds), contextlib.redirect_stdout(said), \
             contextlib.redirect_stderr(said):  # fmt: skip
            warnings.simplefilter("error")
            result = work()
            if result is None:
                return Outcome("")
            ask_everything(result)
            return Outcome("; ".join(unsound(result)[:3]))
    except EvisynthError as error:
        wordless = "" if str(error).strip() else f"{type(error).__name__} without words"
        return Outcome(wordless, refused=True)
    except TooLong:
        return Outcome(f"took longer than {seconds} s")
    except Exception as error:
        words = " ".join(str(error).split())[:200]
        return Outcome(f"{type(error).__name__}: {words} {_place(error)}")


def _place(error):
    """Where in the library it was raised."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if "evisynth" in f.filename]
    return (
        f"({frames[-1].filename.rpartition('evisynth/')[2]}:{frames[-1].lineno})" if frames else ""
    )
