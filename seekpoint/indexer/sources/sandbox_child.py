"""The child process of the sandbox: parses documents within limits of time and memory.

A message is a length (8 bytes, big-endian) and that many bytes. A request is two messages: a call in JSON (module,
function, further arguments) and the document. An answer is one message in JSON.
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
from seekpoint.index.reasons import Reason
from seekpoint.indexer.transcript.text_timeline import ParsedDocument

PATIENCE = 5
"""Wall-clock limit of a document, as a multiple of its CPU limit: other processes may occupy the cores."""

GRACE = 5.0
"""Seconds beyond the wall-clock limit after which a hanging child ends itself, in case the parent is gone."""

LONGEST_ANSWER = 40_000_000
"""Bytes, enough for ten thousand pages."""

_LENGTH = struct.Struct(">Q")


def send(stream: IO[bytes], message: bytes) -> None:
    """Write a message; raises OSError."""
    stream.write(_LENGTH.pack(len(message)))
    stream.write(message)
    stream.flush()


def receive(stream: IO[bytes], longest: int = sys.maxsize) -> bytes:
    """Read the next message; raises EOFError if there is none, or if it is longer than `longest`."""
    head = stream.read(_LENGTH.size)
    length = _LENGTH.unpack(head)[0] if len(head) == _LENGTH.size else sys.maxsize
    message = stream.read(length) if length <= min(longest, sys.maxsize - 1) else b""
    if len(message) != length:
        raise EOFError
    return message


def _serve(seconds: float, memory: int) -> None:
    """Answer requests until the input ends."""
    _limit_memory(memory)
    requests, answers = _claim_stream(0, os.O_RDONLY), _claim_stream(1, os.O_WRONLY)
    with suppress(EOFError, OSError):
        while True:
            call, data = receive(requests), receive(requests)
            _limit_cpu_time(seconds)
            faulthandler.dump_traceback_later(seconds * PATIENCE + GRACE, exit=True)
            answer = _answer(data, *json.loads(call))
            faulthandler.cancel_dump_traceback_later()
            send(answers, answer)


def _limit_memory(limit: int) -> None:
    if sys.platform == "win32":
        return
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(ValueError, OSError):  # macOS refuses it for some processes
        hard_limit = _least(limit, resource.getrlimit(resource.RLIMIT_AS)[1])
        resource.setrlimit(resource.RLIMIT_AS, (hard_limit, hard_limit))


def _limit_cpu_time(seconds: float) -> None:
    """Have the system end this process after `seconds` more of CPU time."""
    if sys.platform == "win32":
        return
    import resource

    limit = math.ceil(time.process_time() + seconds)
    with suppress(ValueError, OSError):
        hard_limit = resource.getrlimit(resource.RLIMIT_CPU)[1]
        resource.setrlimit(resource.RLIMIT_CPU, (_least(limit, hard_limit), hard_limit))


def _least(limit: int, hard_limit: int) -> int:
    """The lower limit; a negative hard limit means unlimited."""
    return limit if hard_limit < 0 else min(limit, hard_limit)


def _claim_stream(descriptor: int, flags: int) -> IO[bytes]:
    """Duplicate a standard stream and point the original at /dev/null: libraries may print or read input."""
    stream = os.fdopen(os.dup(descriptor), "rb" if flags == os.O_RDONLY else "wb")
    os.dup2(os.open(os.devnull, flags), descriptor)
    return stream


def _answer(data: bytes, module: str, function: str, arguments: Sequence[object]) -> bytes:
    try:
        text: ParsedDocument = getattr(importlib.import_module(module), function)(data, *arguments)
        blocks = [[block.text, block.role, block.anchor, block.page] for block in text.blocks]
        details = [text.title, text.author, text.published, text.language, text.canonical, *text.aliases]
        answer = _encode(text=[blocks, *details], players=text.players)
    except Unfetched as error:
        return _encode(refused=[error.state, error.reason.to_row()])
    except MemoryError:
        return _encode(failed=Reason("reading_too_large").to_row())
    except Exception as error:
        return _encode(failed=Reason("reader_failed", error=type(error).__name__).to_row())
    too_large = Reason("text_too_large", size=f"{LONGEST_ANSWER / 1e6:.0f}")
    return answer if len(answer) <= LONGEST_ANSWER else _encode(failed=too_large.to_row())


def _encode(**answer: object) -> bytes:
    return json.dumps(answer, ensure_ascii=False).encode(errors="replace")


if __name__ == "__main__":
    _serve(float(sys.argv[1]), int(sys.argv[2]))
