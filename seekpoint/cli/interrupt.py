"""Ctrl-C (SIGINT): one line and exit code 130 at every moment."""

from __future__ import annotations

import os
import signal
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:  # nothing that takes time is imported before SIGINT is handled
    from collections.abc import Callable
    from types import FrameType
    from typing import NoReturn, TypeVar

    _Result = TypeVar("_Result")

EXIT_CODE = 130
"""The exit code that shells report for a process ended by SIGINT."""

INTERRUPTED = "interrupted; what was finished is kept, and the same command goes on from there"

STOPPED = "stopped"

# Takes the line of a progress bar, and shows the cursor that it hides.
_CLEAR_LINE = b"\r\x1b[K\x1b[?25h"


def handle_interrupts() -> None:
    """Install the handler, unless SIGINT is ignored, as in a shell's background job."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _handle)


def leave(_number: int, _frame: FrameType | None) -> None:
    """End the process immediately, as a signal handler. Stored data survives it, as it survives a kill."""
    line = f"seekpoint: {INTERRUPTED}\n".encode()
    try:
        os.write(2, _CLEAR_LINE + line if os.name == "posix" and os.isatty(2) else line)
    finally:
        os._exit(EXIT_CODE)


def end(close: Callable[[], None]) -> NoReturn:
    """Close, print a line and end the process without waiting for threads; a second Ctrl-C ends it immediately."""
    signal.signal(signal.SIGINT, leave)
    close()
    if sys.stderr:
        sys.stderr.write(f"seekpoint: {STOPPED}\n")
    for stream in (sys.stdout, sys.stderr):
        if stream:
            stream.flush()
    os._exit(0)


def interruptible(call: Callable[[], _Result]) -> _Result:
    """Run a call in which SIGINT raises KeyboardInterrupt."""
    return call()


def _handle(number: int, frame: FrameType | None) -> None:
    """Raise KeyboardInterrupt in an interruptible call; leave at once outside, and while a module is imported.

    Extension modules turn an exception during their import into another one, or crash.
    """
    while frame and not frame.f_code.co_filename.startswith("<frozen importlib"):
        if frame.f_code is interruptible.__code__:
            raise KeyboardInterrupt
        frame = frame.f_back
    leave(number, frame)
