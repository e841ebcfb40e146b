"""Pages, papers and documents are read in a child process: a hang, a crash or a memory bomb costs just one of them.

What the child does is in sandbox_child.py. It may fall to what it reads: nothing in its answers is taken on
trust.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from threading import Event, Timer
from typing import Self

from seekpoint.index.errors import Unfetched
from seekpoint.index.text.clean import clean, printable
from seekpoint.index.types import State
from seekpoint.indexer.sources.sandbox_child import GRACE, LONGEST_ANSWER, PATIENCE, WAY_OUT, received, send
from seekpoint.indexer.transcript.blocks import Block, Role, Text


class Form(StrEnum):
    """What bytes are read as."""

    HTML = "html"
    PDF = "pdf"
    MARKDOWN = "markdown"
    PLAIN = "plain"


MODULES: Mapping[Form, str] = {
    Form.HTML: "seekpoint.indexer.sources.pages.html",
    Form.PDF: "seekpoint.indexer.sources.papers.pdf",
    Form.MARKDOWN: "seekpoint.indexer.sources.pages.markdown",
    Form.PLAIN: "seekpoint.indexer.sources.pages.markdown",
}
"""Where `read_html`, `read_markdown` and `read_plain` of data and a charset are, and `read_pdf` of data."""

SECONDS = 120.0
"""Of computing, for a document: 5,000 pages of a PDF take 50."""

MEMORY = 2_000_000_000
"""Bytes that a child may have."""

_LONGEST_REASON = 500
_MOST_PAGES = 1_000_000
# Native libraries leak.
_DOCUMENTS_A_CHILD = 100


class Reader:
    """Reads untrusted documents one after the other, in a child process that starts with the first; use it in a `with`.

    A document may take so many seconds of computing, and the child so many bytes of memory (on Windows: any number).
    """

    def __init__(self, seconds: float = SECONDS, memory: int = MEMORY, modules: Mapping[Form, str] = MODULES) -> None:
        self._seconds = seconds
        self._memory = memory
        self._modules = modules
        self._child: subprocess.Popen[bytes] | None = None
        self._documents = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the child; another document would start a new one."""
        child, self._child = self._child, None
        if child:
            child.kill()
            for pipe in filter(None, (child.stdin, child.stdout)):
                with suppress(OSError):  # a question that it hasn't heard to its end
                    pipe.close()
            child.wait()

    def read(self, form: Form, data: bytes, charset: str | None = None) -> Text:
        """Read a document; raises Unfetched where that fails, has no end, or its reader refuses."""
        question = json.dumps([self._modules[form], f"read_{form}", [] if form is Form.PDF else [charset]]).encode()
        is_first = self._child is None
        try:
            outcome = _outcome(self._answer(question, data))
        except BaseException as error:
            self.close()
            if is_first or not isinstance(error, _Fault):
                raise
            return self.read(form, data, charset)  # an earlier document may have broken the child
        if isinstance(outcome, Unfetched):
            raise outcome
        return outcome

    def _answer(self, question: bytes, data: bytes) -> bytes:
        child = self._ready()
        is_late = Event()

        def stop() -> None:
            is_late.set()
            child.kill()

        timer = Timer(self._seconds * PATIENCE, stop)
        timer.start()
        try:
            return _asked(child, question, data)
        except (OSError, EOFError) as error:
            if is_late.is_set() or _has_computed_enough(child):
                reason = f"reading it takes longer than {self._seconds:g} s: split it, or {WAY_OUT}"
                raise Unfetched(State.UNAVAILABLE, reason) from error
            raise _gave_up() from error
        finally:
            timer.cancel()
            timer.join()

    def _ready(self) -> subprocess.Popen[bytes]:
        if self._child and (self._documents >= _DOCUMENTS_A_CHILD or self._child.poll() is not None):
            self.close()
        if self._child is None:
            self._child = _started(self._seconds, self._memory)
            self._documents = 0
        self._documents += 1
        return self._child


class _Fault(Unfetched):
    """The child failed, which may be no fault of the document."""

    def __init__(self, reason: str) -> None:
        super().__init__(State.UNAVAILABLE, reason)


def _started(seconds: float, memory: int) -> subprocess.Popen[bytes]:
    # -P: a json.py in the folder that the user works in isn't ours.
    command = [
        sys.executable,
        "-P",
        "-X",
        "utf8",
        "-m",
        "seekpoint.indexer.sources.sandbox_child",
        str(seconds),
        str(memory),
    ]
    path = os.pathsep.join(str(Path(entry).absolute()) for entry in sys.path)
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"PYTHONPATH": path},
            start_new_session=True,  # Ctrl-C is for the parent
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except OSError as error:
        reason = f"no process to read it in could be started ({error.strerror}): run the build again"
        raise Unfetched(State.DEFERRED, reason) from error


def _has_computed_enough(child: subprocess.Popen[bytes]) -> bool:
    """Whether the system ended a child for that."""
    with suppress(subprocess.TimeoutExpired):
        return sys.platform != "win32" and child.wait(GRACE) == -signal.SIGXCPU
    return False


def _asked(child: subprocess.Popen[bytes], question: bytes, data: bytes) -> bytes:
    assert child.stdin and child.stdout
    send(child.stdin, question)
    send(child.stdin, data)
    return received(child.stdout, LONGEST_ANSWER)


def _outcome(answer: bytes) -> Text | Unfetched:
    """What an answer says; raises Unfetched for a failure and for nonsense."""
    with suppress(ValueError, RecursionError, MemoryError):
        match json.loads(answer):
            case {"text": [list(blocks), *said]}:
                title, author, published, language = map(_words, said)
                return Text(tuple(map(_block, blocks)), title, author, published, language)
            case {"refused": [str(state), str(reason)]}:
                return Unfetched(State(state), clean(reason)[:_LONGEST_REASON])
            case {"failed": str(reason)}:
                raise _Fault(clean(reason)[:_LONGEST_REASON])
    raise _gave_up()


def _words(said: object) -> str | None:
    return (clean(said) or None) if isinstance(said, str) else None


def _block(said: object) -> Block:
    match said:
        case [str(text), str(role), str() | None as anchor, int() | None as page] if (page or 1) in range(_MOST_PAGES):
            return Block(clean(text), Role(role), anchor and printable(anchor), page)
    raise ValueError


def _gave_up() -> _Fault:
    return _Fault(f"its reader gave up on it, for it is damaged or needs too much memory: {WAY_OUT}")
