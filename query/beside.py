"""Work in a thread of its own, while its caller does other work that doesn't need the result yet."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread
from types import TracebackType
from typing import Generic, Self, TypeVar

T = TypeVar("T")


class Beside(Generic[T]):
    """A call that runs beside a block and ends with it at the latest; it pays where the call lets go of the GIL.

    It runs before the block where there can't be another thread, or `may_share` says that the two may share nothing.
    """

    def __init__(self, call: Callable[[], T], *, may_share: bool = True) -> None:
        self._call = call
        self._may_share = may_share
        self._found: list[T] = []
        self._error: BaseException | None = None
        self._thread = Thread(target=self._run, daemon=True)

    def result(self) -> T:
        """What the call returned, once it has; raises what it raised."""
        self._wait()
        if self._error:
            raise self._error
        return self._found[0]

    def __enter__(self) -> Self:
        if not self._may_share:
            self._run()
            return self
        try:
            self._thread.start()
        except RuntimeError:  # the system has no thread left
            self._run()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._wait()

    def _wait(self) -> None:
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        try:
            self._found.append(self._call())
        except BaseException as error:
            self._error = error
