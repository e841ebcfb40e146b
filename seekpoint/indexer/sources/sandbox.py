"""Parses untrusted documents in a child process, so that a hang, a crash or a memory bomb costs only one document.

The child's side is sandbox_child.py. A malicious document may take the child over, so its answers are validated.
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

from seekpoint.files import parsed_json
from seekpoint.index.errors import Unfetched
from seekpoint.index.reasons import Reason
from seekpoint.index.text.clean import clean, printable
from seekpoint.index.types import State
from seekpoint.indexer.sources.sandbox_child import GRACE, LONGEST_ANSWER, PATIENCE, receive, send
from seekpoint.indexer.transcript.text_timeline import Block, ParsedDocument, Role


class DocumentFormat(StrEnum):
    """The parser to use."""

    HTML = "html"
    PDF = "pdf"
    MARKDOWN = "markdown"
    PLAIN = "plain"


MODULES: Mapping[DocumentFormat, str] = {
    DocumentFormat.HTML: "seekpoint.indexer.sources.pages.html",
    DocumentFormat.PDF: "seekpoint.indexer.sources.papers.pdf",
    DocumentFormat.MARKDOWN: "seekpoint.indexer.sources.pages.markdown",
    DocumentFormat.PLAIN: "seekpoint.indexer.sources.pages.markdown",
}
"""The module of each parser. `read_pdf` takes the data; `read_html`, `read_markdown`, `read_plain` a charset too."""

SECONDS = 120.0
"""CPU time for one document: a PDF of 5,000 pages takes 50."""

MEMORY = 2_000_000_000
"""Address space of a child, in bytes."""

_MOST_PAGES = 1_000_000
# Native libraries leak memory: the child is replaced after this many.
_DOCUMENTS_A_CHILD = 100


class SandboxedReader:
    """Parses documents one by one in a child process, which starts with the first document; a context manager.

    `seconds` limits the CPU time of a document, `memory` the bytes of the child. Windows enforces neither: there only
    the clock ends a document.
    """

    def __init__(
        self, seconds: float = SECONDS, memory: int = MEMORY, modules: Mapping[DocumentFormat, str] = MODULES
    ) -> None:
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
        """End the child; the next document starts a new one."""
        child, self._child = self._child, None
        if child:
            child.kill()
            for pipe in filter(None, (child.stdin, child.stdout)):
                with suppress(OSError):  # a request may not have been written to its end
                    pipe.close()
            child.wait()

    def read(self, form: DocumentFormat, data: bytes, charset: str | None = None) -> ParsedDocument:
        """Parse a document; raises Unfetched if the parser refuses it, fails, or takes too long."""
        arguments = [] if form is DocumentFormat.PDF else [charset]
        call = json.dumps([self._modules[form], f"read_{form}", arguments]).encode()
        is_first = self._child is None
        try:
            outcome = _outcome(self._answer(call, data))
        except BaseException as error:
            self.close()
            if is_first or not isinstance(error, _ChildFailure):
                raise
            return self.read(form, data, charset)  # an earlier document may have damaged the child
        if isinstance(outcome, Unfetched):
            raise outcome
        return outcome

    def _answer(self, call: bytes, data: bytes) -> bytes:
        if self._child and (self._documents >= _DOCUMENTS_A_CHILD or self._child.poll() is not None):
            self.close()
        if self._child is None:
            self._child = _start_child(self._seconds, self._memory)
            self._documents = 0
        self._documents += 1
        child = self._child
        assert child.stdin and child.stdout
        is_late = Event()

        def stop() -> None:
            is_late.set()
            child.kill()

        timer = Timer(self._seconds * PATIENCE, stop)
        timer.start()
        try:
            send(child.stdin, call)
            send(child.stdin, data)
            return receive(child.stdout, LONGEST_ANSWER)
        except (OSError, EOFError) as error:
            if is_late.is_set() or _ran_out_of_cpu_time(child):
                reason = Reason("reading_slow", seconds=f"{self._seconds:g}")
                raise Unfetched(State.UNAVAILABLE, reason) from error
            raise _ChildFailure from error
        finally:
            timer.cancel()
            timer.join()


class _ChildFailure(Unfetched):
    """The child failed; the document may not be the cause."""

    def __init__(self, reason: Reason | None = None) -> None:
        super().__init__(State.UNAVAILABLE, reason or Reason("reader_gave_up"))


def _start_child(seconds: float, memory: int) -> subprocess.Popen[bytes]:
    # -P keeps the working directory off sys.path: a json.py there would shadow the standard library's.
    module = "seekpoint.indexer.sources.sandbox_child"
    command = [sys.executable, "-P", "-X", "utf8", "-m", module, str(seconds), str(memory)]
    path = os.pathsep.join(str(Path(entry).absolute()) for entry in sys.path)
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"PYTHONPATH": path},
            start_new_session=True,  # so that Ctrl-C reaches only the parent
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except OSError as error:
        raise Unfetched(State.DEFERRED, Reason("reader_missing", error=error.strerror)) from error


def _ran_out_of_cpu_time(child: subprocess.Popen[bytes]) -> bool:
    """Whether the system ended the child at its CPU limit."""
    with suppress(subprocess.TimeoutExpired):
        return sys.platform != "win32" and child.wait(GRACE) == -signal.SIGXCPU
    return False


def _outcome(answer: bytes) -> ParsedDocument | Unfetched:
    """The document or the refusal in an answer; raises Unfetched for a failure and for a malformed answer."""
    with suppress(ValueError, MemoryError):
        match parsed_json(answer):
            case {"text": [list(blocks), *details]}:
                texts = ((clean(text) or None) if isinstance(text, str) else None for text in details)
                title, author, published, language, canonical = texts
                return ParsedDocument(tuple(map(_block, blocks)), title, author, published, language, canonical)
            case {"refused": [str(state), str(reason)]}:
                return Unfetched(State(state), Reason.stored(reason))
            case {"failed": str(reason)}:
                raise _ChildFailure(Reason.stored(reason))
    raise _ChildFailure


def _block(value: object) -> Block:
    match value:
        case [str(text), str(role), str() | None as anchor, int() | None as page] if (page or 1) in range(_MOST_PAGES):
            return Block(clean(text), Role(role), anchor and printable(anchor), page)
    raise ValueError
