"""Pages and PDFs are read in a child process: a hang, a crash of native code or a memory bomb costs just one of them.

The child may fall to what it reads: it answers in JSON, and nothing in it is taken on trust. A message is its length
(8 bytes, big-endian) and so many bytes; a question is two messages, what to do and the document.
"""

from __future__ import annotations

import faulthandler
import importlib
import json
import os
import struct
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from threading import Event, Timer
from typing import IO, Self

from index.errors import Unfetched
from index.text import clean, printable
from index.types import State
from indexer.texts import Block, Role, Text


class Form(StrEnum):
    """What bytes are read as."""

    HTML = "html"
    PDF = "pdf"
    MARKDOWN = "markdown"


MODULES: Mapping[Form, str] = {
    Form.HTML: "indexer.sources.pages.html",
    Form.PDF: "indexer.sources.papers.pdf",
    Form.MARKDOWN: "indexer.sources.pages.documents",
}
"""Where `read_html(data, charset)`, `read_pdf(data)` and `read_markdown(data)` are."""

_SECONDS = 120.0
_MEMORY = 2_000_000_000
_LONGEST_ANSWER = 40_000_000  # ten thousand pages
_LONGEST_REASON = 500
_MOST_PAGES = 1_000_000
# Native libraries leak.
_DOCUMENTS_A_CHILD = 100
_LENGTH = struct.Struct(">Q")
# A child that hangs ends itself so much later, should its parent be gone.
_GRACE = 5.0
_WAY_OUT = "save its text to a .txt file and put that on the list"


class Reader:
    """Reads untrusted documents one after the other, in a child process that starts with the first; use it in a `with`.

    A document may take so many seconds, and the child so many bytes of memory (on Windows: any number).
    """

    def __init__(self, seconds: float = _SECONDS, memory: int = _MEMORY, modules: Mapping[Form, str] = MODULES) -> None:
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
        question = json.dumps([self._modules[form], form, charset]).encode()
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

        timer = Timer(self._seconds, stop)
        timer.start()
        try:
            return _asked(child, question, data)
        except (OSError, EOFError) as error:
            if not is_late.is_set():
                raise _gave_up() from error
            reason = f"reading it takes longer than {self._seconds:g} s: split it, or {_WAY_OUT}"
            raise Unfetched(State.UNAVAILABLE, reason) from error
        finally:
            timer.cancel()
            timer.join()

    def _ready(self) -> subprocess.Popen[bytes]:
        if self._child and (self._documents >= _DOCUMENTS_A_CHILD or self._child.poll() is not None):
            self.close()
        if self._child is None:
            self._child = _started(self._seconds + _GRACE, self._memory)
            self._documents = 0
        self._documents += 1
        return self._child


class _Fault(Unfetched):
    """The child failed, which may be no fault of the document."""

    def __init__(self, reason: str) -> None:
        super().__init__(State.UNAVAILABLE, reason)


def _started(seconds: float, memory: int) -> subprocess.Popen[bytes]:
    # -P: a json.py in the folder that the user works in isn't ours.
    command = [sys.executable, "-P", "-X", "utf8", "-m", "indexer.sources.isolated", str(seconds), str(memory)]
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


def _asked(child: subprocess.Popen[bytes], question: bytes, data: bytes) -> bytes:
    assert child.stdin and child.stdout
    _send(child.stdin, question)
    _send(child.stdin, data)
    return _received(child.stdout, _LONGEST_ANSWER)


def _send(stream: IO[bytes], message: bytes) -> None:
    stream.write(_LENGTH.pack(len(message)))
    stream.write(message)
    stream.flush()


def _received(stream: IO[bytes], longest: int = sys.maxsize) -> bytes:
    """The next message; raises EOFError where there is none, or one that is too long."""
    head = stream.read(_LENGTH.size)
    length = _LENGTH.unpack(head)[0] if len(head) == _LENGTH.size else sys.maxsize
    message = stream.read(length) if length <= min(longest, sys.maxsize - 1) else b""
    if len(message) != length:
        raise EOFError
    return message


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
    return _Fault(f"its reader gave up on it, for it is damaged or needs too much memory: {_WAY_OUT}")


def _serve(seconds: float, memory: int) -> None:
    """Answer questions until there are no more: what the child does."""
    _limit(memory)
    questions, answers = _taken(0, os.O_RDONLY), _taken(1, os.O_WRONLY)
    with suppress(EOFError, OSError):
        while True:
            question, data = _received(questions), _received(questions)
            faulthandler.dump_traceback_later(seconds, exit=True)
            answer = _answered(data, *json.loads(question))
            faulthandler.cancel_dump_traceback_later()
            _send(answers, answer)


def _limit(memory: int) -> None:
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        with suppress(ValueError, OSError):  # macOS has none for some processes
            hardest = resource.getrlimit(resource.RLIMIT_AS)[1]
            most = memory if hardest == resource.RLIM_INFINITY else min(memory, hardest)
            resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _taken(descriptor: int, flags: int) -> IO[bytes]:
    """A standard stream as the child's own: what libraries print or ask for has another end."""
    stream = os.fdopen(os.dup(descriptor), "rb" if flags == os.O_RDONLY else "wb")
    os.dup2(os.open(os.devnull, flags), descriptor)
    return stream


def _answered(data: bytes, module: str, form: str, charset: str | None) -> bytes:
    try:
        read = getattr(importlib.import_module(module), f"read_{form}")
        answer = _encoded(text=_listed(read(data, charset) if form == Form.HTML else read(data)))
    except Unfetched as error:
        return _encoded(refused=[error.state, error.reason])
    except MemoryError:
        return _encoded(failed=f"reading it needs too much memory: split it, or {_WAY_OUT}")
    except Exception as error:
        return _encoded(failed=f"it can't be read ({type(error).__name__}): {_WAY_OUT}")
    too_much = f"more than {_LONGEST_ANSWER / 1e6:.0f} MB of text are too much: split it"
    return answer if len(answer) <= _LONGEST_ANSWER else _encoded(failed=too_much)


def _listed(text: Text) -> list[object]:
    blocks = [[block.text, block.role, block.anchor, block.page] for block in text.blocks]
    return [blocks, text.title, text.author, text.published, text.language]


def _encoded(**answer: object) -> bytes:
    return json.dumps(answer, ensure_ascii=False).encode(errors="replace")


if __name__ == "__main__":
    _serve(float(sys.argv[1]), int(sys.argv[2]))
