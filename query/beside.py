"""Work in a thread of its own, while its caller does other work that doesn't need the result yet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import TypeVar

T = TypeVar("T")


@contextmanager
def beside(call: Callable[[], T], *, may_share: bool = True) -> Iterator[Callable[[], T]]:
    """Run a call beside the block, and end it with that; gives what waits for its result, and raises what it raised.

    It pays where the call lets go of the GIL. Where there can't be another thread, or the two may share nothing, the
    call runs once its result is asked for.
    """
    with ThreadPoolExecutor(1) as threads:
        result = call
        if may_share:
            with suppress(RuntimeError):  # the system may have no thread left
                result = threads.submit(call).result
        yield result
