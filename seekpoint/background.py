"""Running a call in a background thread while its caller does other work."""

from __future__ import annotations

import _thread
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")


@contextmanager
def in_background(call: Callable[[], T], *, may_share: bool = True) -> Iterator[Callable[[], T]]:
    """Run a call in a thread during the block; yields a function that waits for its result and raises what it raised.

    It pays where the call releases the GIL. Without another thread, or where the two may share nothing, the call runs
    when its result is asked for.
    """
    future: Future[T] = Future()
    if not (may_share and _started(call, future)):
        yield call
        return
    try:
        yield future.result
    finally:
        future.exception()


def _started(call: Callable[[], T], future: Future[T]) -> bool:
    """Start a call that sets a future; False where the system has no thread left.

    `threading` waits for the new thread to start, which takes longer than the rest of this module.
    """
    try:
        _thread.start_new_thread(_run, (call, future))
    except RuntimeError:
        return False
    return True


def _run(call: Callable[[], T], future: Future[T]) -> None:
    try:
        future.set_result(call())
    except BaseException as error:
        future.set_exception(error)
