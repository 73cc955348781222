"""How a command ends: with its status, or with one line that says what kept it from its end."""

from __future__ import annotations

import contextlib
import os
import signal
import sys

from evisynth.errors import printable


class Terminated(KeyboardInterrupt):
    """The process was asked to end (SIGTERM); cleaned up after as after Ctrl-C."""


def run(main, name: str, *, left: str = "") -> int:
    """Run the main function of a command and return the status to exit with.

    Parameters
    ----------
    main : callable
        Without arguments; returns the status.
    name : str
        Of the command, for messages.
    left : str
        What an interruption leaves behind, and what to do next.

    Returns
    -------
    int
        What ``main`` returns; 2 with one line on the error stream where the system refused
        something, such as room on a disk; 130 or 143 where it was interrupted; 1 where nobody reads
        on.
    """
    signal.signal(signal.SIGTERM, _terminate)
    try:
        status = main()
        sys.stdout.flush()
        return status
    except KeyboardInterrupt as ended:
        _say(f"{name}: interrupted. {left}".strip())
        return 143 if isinstance(ended, Terminated) else 130
    except BrokenPipeError:  # such as of head, which has read enough
        _silence()
        return 1
    except OSError as error:
        _silence()
        _say(f"{name}: {refused(error)}")
        return 2


def refused(error: OSError) -> str:
    """What the system said, of which file, and what to do."""
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror or error}; make room or allow it, and run the command again"


def _terminate(signum, frame):
    raise Terminated


def _say(text):
    with contextlib.suppress(OSError):
        print(printable(text), file=sys.stderr, flush=True)


def _silence():
    """Nothing more goes to standard output, where Python would try once more at its end."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
