"""Work in a thread of its own, while its caller does other work that doesn't need the result yet."""

from __future__ import annotations

import _thread
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")


@contextmanager
def beside(call: Callable[[], T], *, may_share: bool = True) -> Iterator[Callable[[], T]]:
    """Run a call beside the block, and end it with that; gives what waits for its result, and raises what it raised.

    It pays where the call lets go of the GIL. Where there can't be another thread, or the two may share nothing, the
    call runs once its result is asked for.
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
    """Start a call that a future waits for; False where the system has no thread left.

    `threading` would wait for the new thread to run, which takes longer than all else here.
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
