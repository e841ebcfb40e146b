"""A call in a thread of its own while its caller does other work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import TypeVar

T = TypeVar("T")


@contextmanager
def in_background(call: Callable[[], T], *, may_share: bool = True) -> Iterator[Callable[[], T]]:
    """Run a call in a thread during the block; yields a function that waits for its result and raises its error.

    It pays where the call releases the GIL. Without another thread, or where the two may share nothing, the call runs
    when its result is asked for.
    """
    if not may_share:
        yield call
        return
    with ThreadPoolExecutor(1) as thread:
        result = call
        with suppress(RuntimeError):  # the system has no thread left
            result = thread.submit(call).result
        yield result
