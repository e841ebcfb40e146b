"""Reads texts from outside in child processes, so that a hang, a crash or a memory bomb costs one text alone.

The child's side is sandbox_child.py. A malicious text may take the child over, so its answers are validated.
"""

from __future__ import annotations

import atexit
import math
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from threading import Event, Lock, Semaphore, Timer
from typing import Any, TypeAlias, TypeVar, get_type_hints

from seekpoint.index.errors import SeekpointError, SourceError, Unfetched
from seekpoint.index.reasons import Reason
from seekpoint.index.text.clean import printable
from seekpoint.index.types import State
from seekpoint.indexer.sources.sandbox_child import GRACE, LONGEST_ANSWER, PATIENCE, packed, receive, send

SECONDS = 120.0
"""CPU time for one text: a PDF of 5,000 pages takes 50."""

MEMORY = 2_000_000_000
"""Address space of a child, in bytes."""

Serve: TypeAlias = Callable[[Any, bytes], tuple[object, bytes]]
"""Replies to what a child asks."""

_DAY = 86_400.0
_MOST_CHILDREN = 4
_SLOW, _MOST_SLOW = "reading_slow", 3
# Native libraries leak memory: a child is replaced after this many.
_CALLS_A_CHILD = 100
# No length, page or time of an answer is larger; databases store less than Python's numbers.
_LARGEST = 2**31
_Result = TypeVar("_Result")


class Sandbox:
    """Child processes that call functions on texts; one for each thread that calls at the same time, at most four.

    `seconds` limits the CPU time of a call, `memory` the bytes of a child. Windows enforces neither: there only the
    clock ends a call.
    """

    def __init__(self, seconds: float = SECONDS, memory: int = MEMORY) -> None:
        self._seconds = seconds
        self._memory = memory
        self._lock = Lock()
        self._places = Semaphore(_MOST_CHILDREN)
        self._children: set[_Child] = set()
        self._idle: list[_Child] = []
        self._times_closed = 0

    def start(self, *modules: str) -> None:
        """Start a child, and import modules in it, while this process does other things."""
        with self._lock:
            if not self._children:
                child = _Child(self._memory, *modules)
                self._children.add(child)
                self._idle.append(child)

    def close(self) -> None:
        """End all children, also those at work; the next call starts a new one."""
        with self._lock:
            children, self._children, self._idle = self._children, set(), []
            self._times_closed += 1
        for child in children:
            child.end()

    def call(
        self,
        function: Callable[..., _Result],
        data: bytes,
        *arguments: object,
        serve: Serve | None = None,
        seconds: float | None = None,
    ) -> _Result:
        """Call `function` of a module on a text, and on arguments that JSON has; what it returns is cleaned.

        With `serve`, its last argument is an `Ask`. Raises Unfetched or SourceError as the function does, and
        Unfetched if it fails, is slow, or returns anything but what it declares.
        """
        limit, times_closed = seconds or self._seconds, self._times_closed
        request = packed([f"{function.__module__}:{function.__qualname__}", limit, serve is not None, arguments])
        with self._places:
            while True:
                child = self._take(times_closed)
                is_new = not child.calls
                try:
                    outcome = _outcome(child.answer(request, data, limit, serve, function), function)
                except BaseException as error:
                    with self._lock:
                        self._children.discard(child)
                    child.end()
                    if is_new or not isinstance(error, _ChildFailure):
                        raise
                else:
                    with self._lock:
                        if child in self._children:
                            self._idle.append(child)
                    if isinstance(outcome, SeekpointError):
                        raise outcome
                    return outcome
                # An earlier text may have damaged the child: a new one tries.

    def _take(self, times_closed: int) -> _Child:
        while True:
            with self._lock:
                if self._times_closed != times_closed:
                    raise _ChildFailure
                if not self._idle:
                    child = _Child(self._memory)
                    self._children.add(child)
                    return child
                child = self._idle.pop()
                if child.is_usable:
                    return child
                self._children.discard(child)
            child.end()


class _ChildFailure(Unfetched):
    """The child failed; the text may not be the cause."""

    def __init__(self, reason: Reason | None = None) -> None:
        super().__init__(State.UNAVAILABLE, reason or Reason("reader_gave_up"), _DAY)


class _Child:
    def __init__(self, memory: int, *modules: str) -> None:
        # -P keeps the working directory off sys.path: a json.py there would shadow the standard library's.
        module = "seekpoint.indexer.sources.sandbox_child"
        path = os.pathsep.join(str(Path(entry).absolute()) for entry in sys.path)
        self.calls = 0
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-X", "utf8", "-m", module, str(memory), *modules],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=os.environ | {"PYTHONPATH": path},
                start_new_session=True,  # so that Ctrl-C reaches only the parent
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError as error:
            raise Unfetched(State.DEFERRED, Reason("reader_missing", error=error.strerror)) from error

    @property
    def is_usable(self) -> bool:
        return self.calls < _CALLS_A_CHILD and self._process.poll() is None

    def end(self) -> None:
        self._process.kill()
        for pipe in filter(None, (self._process.stdin, self._process.stdout)):
            with suppress(OSError):  # a request may not have been written to its end
                pipe.close()
        self._process.wait()

    def answer(
        self, request: bytes, data: bytes, seconds: float, serve: Serve | None, function: Callable[..., object]
    ) -> object:
        """The answer to a call of a function, which may ask before; raises Unfetched, and what `serve` raises."""
        self.calls += 1
        patience = seconds * PATIENCE
        while True:
            began = time.monotonic()
            answer, asked = self._exchange(request, data, seconds, patience, function)
            if serve is None or not isinstance(answer, dict) or "ask" not in answer:
                return answer
            patience -= time.monotonic() - began
            try:
                reply, data = serve(answer["ask"], asked)
            except (TypeError, ValueError) as error:  # a child that was taken over asks for anything
                raise _ChildFailure from error
            request = packed(reply)

    def _exchange(
        self, value: bytes, data: bytes, seconds: float, patience: float, function: Callable[..., object]
    ) -> tuple[object, bytes]:
        process, is_late = self._process, Event()
        assert process.stdin and process.stdout

        def stop() -> None:
            is_late.set()
            process.kill()

        timer = Timer(max(patience, 0.0), stop)
        timer.daemon = True  # a Ctrl-C may come before it can be cancelled, and no process is to wait for it
        timer.start()
        try:
            send(process.stdin, value, data)
            _validator(function)  # which imports pydantic the first time, while the child works
            return receive(process.stdout, LONGEST_ANSWER)
        except (OSError, EOFError, ValueError, MemoryError) as error:
            if is_late.is_set() or self._ran_out_of_cpu_time():
                reason = Reason(_SLOW, seconds=f"{seconds:g}")
                raise Unfetched(State.UNAVAILABLE, reason, _DAY) from error
            raise _ChildFailure from error
        finally:
            timer.cancel()
            timer.join()

    def _ran_out_of_cpu_time(self) -> bool:
        """Whether the system ended the child at its CPU limit."""
        with suppress(subprocess.TimeoutExpired):
            return sys.platform != "win32" and self._process.wait(GRACE) == -signal.SIGXCPU
        return False


def _outcome(answer: object, function: Callable[..., _Result]) -> _Result | SeekpointError:
    """What a function returned or refused; raises Unfetched for a failure and for a malformed answer."""
    with suppress(ValueError, MemoryError, RecursionError):
        match answer:
            case {"value": value}:
                validated: _Result = _validator(function).validate_python(_cleaned(value))
                return validated
            case {"unfetched": [str(state), str(reason), None | float() | int() as wait]}:
                return Unfetched(State(state), Reason.stored(reason), _cleaned(wait))
            case {"refused": str(reason)}:
                told = Reason.stored(reason)
                return SourceError(str(told) if told.is_foreign else told)
            case {"failed": str(reason)}:
                raise _ChildFailure(Reason.stored(reason))
    raise _ChildFailure


@cache
def _validator(function: Callable[..., object]) -> Any:  # noqa: ANN401 - for any type
    from pydantic import TypeAdapter

    return TypeAdapter(get_type_hints(function)["return"])


def _cleaned(value: Any) -> Any:  # noqa: ANN401 - any value of JSON
    """A value with texts that are safe to store and to show; raises ValueError for a number that no text has."""
    match value:
        case str():
            return printable(value)
        case list():
            return [_cleaned(each) for each in value]
        case dict():
            return {name: _cleaned(each) for name, each in value.items()}
        case int() | float() if not math.isfinite(value) or abs(value) >= _LARGEST:
            raise ValueError(value)
    return value


SANDBOX = Sandbox()
"""The sandbox of this process."""
atexit.register(SANDBOX.close)
sandboxed = SANDBOX.call
"""Calls a function on a text in the sandbox of this process."""


class OriginReader:
    """Reads the texts of several origins in a build, and no more of one after three that were slow.

    Otherwise a feed with a thousand hostile transcripts would hold the build for a day.
    """

    def __init__(self, sandbox: Sandbox = SANDBOX) -> None:
        self._sandbox = sandbox
        self._slow: Counter[str] = Counter()

    def read(
        self,
        origin: str,
        function: Callable[..., _Result],
        data: bytes,
        *arguments: object,
        serve: Serve | None = None,
        seconds: float | None = None,
    ) -> _Result:
        """Call a function on a text of an origin, as `Sandbox.call` does; a slow origin raises Unfetched at once."""
        if self._slow[origin] >= _MOST_SLOW:
            raise Unfetched(State.DEFERRED, Reason("origin_slow", origin=origin), _DAY)
        try:
            return self._sandbox.call(function, data, *arguments, serve=serve, seconds=seconds)
        except Unfetched as failure:
            self._slow[origin] += failure.reason.code == _SLOW
            raise
