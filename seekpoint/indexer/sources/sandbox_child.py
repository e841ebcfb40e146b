"""What the child process does in which texts are read: answer questions about bytes, within its limits.

A message is its length (8 bytes, big-endian) and so many bytes. A question is two messages: JSON of the module, the
function and its arguments beside the document, and the document. An answer is one, in JSON.
"""

from __future__ import annotations

import faulthandler
import importlib
import json
import math
import os
import struct
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import IO

from seekpoint.index.errors import Unfetched
from seekpoint.indexer.transcript.blocks import Text

PATIENCE = 5
"""By the clock a document may take so many times as long as it may compute: other processes may have the cores."""

GRACE = 5.0
"""Seconds after which a child that hangs ends itself, should its parent be gone."""

LONGEST_ANSWER = 40_000_000  # ten thousand pages
"""In bytes."""

WAY_OUT = "save its text to a .txt file and put that on the list"
"""What helps where a reader fails."""

_LENGTH = struct.Struct(">Q")


def send(stream: IO[bytes], message: bytes) -> None:
    """Write a message; raises OSError."""
    stream.write(_LENGTH.pack(len(message)))
    stream.write(message)
    stream.flush()


def received(stream: IO[bytes], longest: int = sys.maxsize) -> bytes:
    """The next message; raises EOFError where there is none, or one that is too long."""
    head = stream.read(_LENGTH.size)
    length = _LENGTH.unpack(head)[0] if len(head) == _LENGTH.size else sys.maxsize
    message = stream.read(length) if length <= min(longest, sys.maxsize - 1) else b""
    if len(message) != length:
        raise EOFError
    return message


def _serve(seconds: float, memory: int) -> None:
    """Answer questions until there are no more: what the child does."""
    _limit_memory(memory)
    questions, answers = _taken(0, os.O_RDONLY), _taken(1, os.O_WRONLY)
    with suppress(EOFError, OSError):
        while True:
            question, data = received(questions), received(questions)
            _limit_computing(seconds)
            faulthandler.dump_traceback_later(seconds * PATIENCE + GRACE, exit=True)
            answer = _answered(data, *json.loads(question))
            faulthandler.cancel_dump_traceback_later()
            send(answers, answer)


def _limit_memory(most: int) -> None:
    if sys.platform == "win32":
        return
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(ValueError, OSError):  # macOS has none for some processes
        hardest = _least(most, resource.getrlimit(resource.RLIMIT_AS)[1])
        resource.setrlimit(resource.RLIMIT_AS, (hardest, hardest))


def _limit_computing(seconds: float) -> None:
    """Have the system end this process when it has computed for so many seconds from now on."""
    if sys.platform == "win32":
        return
    import resource

    most = math.ceil(time.process_time() + seconds)
    with suppress(ValueError, OSError):
        hardest = resource.getrlimit(resource.RLIMIT_CPU)[1]
        resource.setrlimit(resource.RLIMIT_CPU, (_least(most, hardest), hardest))


def _least(most: int, hardest: int) -> int:
    """The lesser limit; the system writes none as -1."""
    return most if hardest < 0 else min(most, hardest)


def _taken(descriptor: int, flags: int) -> IO[bytes]:
    """A standard stream as the child's own: what libraries print or ask for has another end."""
    stream = os.fdopen(os.dup(descriptor), "rb" if flags == os.O_RDONLY else "wb")
    os.dup2(os.open(os.devnull, flags), descriptor)
    return stream


def _answered(data: bytes, module: str, function: str, arguments: Sequence[object]) -> bytes:
    try:
        answer = _encoded(text=_listed(getattr(importlib.import_module(module), function)(data, *arguments)))
    except Unfetched as error:
        return _encoded(refused=[error.state, error.reason])
    except MemoryError:
        return _encoded(failed=f"reading it needs too much memory: split it, or {WAY_OUT}")
    except Exception as error:
        return _encoded(failed=f"it can't be read ({type(error).__name__}): {WAY_OUT}")
    too_much = f"more than {LONGEST_ANSWER / 1e6:.0f} MB of text are too much: split it"
    return answer if len(answer) <= LONGEST_ANSWER else _encoded(failed=too_much)


def _listed(text: Text) -> list[object]:
    blocks = [[block.text, block.role, block.anchor, block.page] for block in text.blocks]
    return [blocks, text.title, text.author, text.published, text.language]


def _encoded(**answer: object) -> bytes:
    return json.dumps(answer, ensure_ascii=False).encode(errors="replace")


if __name__ == "__main__":
    _serve(float(sys.argv[1]), int(sys.argv[2]))
