"""The child process of the sandbox: calls functions on texts from outside, within limits of time and memory.

A message is a value in JSON and bytes, each behind its length (8 bytes, big-endian). A request is a call (function,
seconds, further arguments) and the text. The child answers with what the function returns or refuses. Before that, it
may ask its parent, which alone reaches the web. No Python code in the child starts a program or connects to a server.
"""

from __future__ import annotations

import faulthandler
import importlib
import json
import math
import os
import select
import struct
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import fields
from typing import IO, Any, TypeAlias

from seekpoint.files import parsed_json
from seekpoint.index.errors import SourceError, Unfetched
from seekpoint.index.reasons import Reason

PATIENCE = 5
"""Wall-clock limit of a call, as a multiple of its CPU limit: other processes may occupy the cores."""

GRACE = 5.0
"""Seconds beyond the wall-clock limit after which a hanging child ends itself, in case the parent is gone."""

LONGEST_ANSWER = 40_000_000
"""Bytes, enough for ten thousand pages."""

Ask: TypeAlias = Callable[[object, bytes], tuple[Any, bytes]]
"""Sends a value and bytes to the parent, and gives what it replies."""

# Events of Python's by which code would start a program or connect to a server.
_OUTSIDE = frozenset(
    (
        *("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.startfile", "pty.spawn"),
        *("os.fork", "os.forkpty"),
        *(f"socket.{call}" for call in ("connect", "bind", "sendto", "sendmsg", "getaddrinfo", "gethostbyname")),
    )
)
_IDLE = 60.0  # seconds after which an unused child ends: a server rarely needs one
_LENGTH = struct.Struct(">Q")


def packed(value: object) -> bytes:
    """A value of JSON or dataclasses as the first part of a message; lone surrogates, as of file names, stay."""
    text = json.dumps(
        value, ensure_ascii=False, default=lambda each: {f.name: getattr(each, f.name) for f in fields(each)}
    )
    return text.encode(errors="surrogatepass")


def send(stream: IO[bytes], value: bytes, data: bytes = b"") -> None:
    """Write a message; raises OSError."""
    for part in (value, data):
        stream.write(_LENGTH.pack(len(part)))
        stream.write(part)
    stream.flush()


def receive(stream: IO[bytes], longest: int = sys.maxsize) -> tuple[Any, bytes]:
    """Read the next message; raises EOFError if there is none, or a part is longer than `longest`, and ValueError."""
    value, data = _part(stream, longest), _part(stream, longest)
    return parsed_json(value), data


def _part(stream: IO[bytes], longest: int) -> bytes:
    head = stream.read(_LENGTH.size)
    length = _LENGTH.unpack(head)[0] if len(head) == _LENGTH.size else sys.maxsize
    part = stream.read(length) if length <= min(longest, sys.maxsize - 1) else b""
    if len(part) != length:
        raise EOFError
    return part


def _serve(memory: int, *modules: str) -> None:
    """Answer requests until the input ends."""
    _limit("RLIMIT_CORE", 0)
    _limit("RLIMIT_AS", memory)
    sys.addaudithook(_refuse_outside)
    for module in modules:
        importlib.import_module(module)
    requests, answers = _claim_stream(0, os.O_RDONLY), _claim_stream(1, os.O_WRONLY)

    def ask(value: object, data: bytes) -> tuple[Any, bytes]:
        faulthandler.cancel_dump_traceback_later()  # the parent may take as long as the web does
        send(answers, packed({"ask": value}), data)
        reply = receive(requests)
        faulthandler.dump_traceback_later(seconds * PATIENCE + GRACE, exit=True)
        return reply

    with suppress(EOFError, OSError):
        # Windows can't tell whether a request has come.
        while sys.platform == "win32" or select.select([requests], [], [], _IDLE)[0]:
            (function, seconds, is_asking, arguments), data = receive(requests)
            _limit("RLIMIT_CPU", math.ceil(time.process_time() + seconds), for_good=False)
            faulthandler.dump_traceback_later(seconds * PATIENCE + GRACE, exit=True)
            answer = _answer(function, data, [*arguments, *([ask] if is_asking else [])])
            faulthandler.cancel_dump_traceback_later()
            send(answers, answer)


def _refuse_outside(event: str, _: object) -> None:
    """Refuse an audit event as the system refuses what isn't permitted: yt-dlp then takes a program as missing."""
    if event in _OUTSIDE:
        raise PermissionError(f"no text may cause {event}")


def _limit(name: str, most: int, *, for_good: bool = True) -> None:
    """Limit what the system gives this process: core dumps, bytes of memory or seconds of CPU time."""
    if sys.platform == "win32":
        return
    import resource

    kind = getattr(resource, name)
    with suppress(ValueError, OSError):  # macOS refuses some for some processes
        hard_limit = resource.getrlimit(kind)[1]
        limit = most if hard_limit < 0 else min(most, hard_limit)  # a negative one means unlimited
        resource.setrlimit(kind, (limit, limit if for_good else hard_limit))


def _claim_stream(descriptor: int, flags: int) -> IO[bytes]:
    """Duplicate a standard stream and point the original at /dev/null: libraries may print or read input."""
    stream = os.fdopen(os.dup(descriptor), "rb" if flags == os.O_RDONLY else "wb")
    os.dup2(os.open(os.devnull, flags), descriptor)
    return stream


def _answer(function: str, data: bytes, arguments: list[object]) -> bytes:
    module, _, name = function.partition(":")
    try:
        returned = getattr(importlib.import_module(module), name)(data, *arguments)
        answer = packed({"value": returned})
    except Unfetched as error:
        return packed({"unfetched": [error.state, error.reason.to_row(), error.retry_after]})
    except SourceError as error:
        return packed({"refused": Reason.of(error.args[0]).to_row()})
    except MemoryError:
        return packed({"failed": Reason("reading_too_large").to_row()})
    except Exception as error:
        return packed({"failed": Reason("reader_failed", error=type(error).__name__).to_row()})
    too_large = Reason("text_too_large", size=f"{LONGEST_ANSWER / 1e6:.0f}")
    return answer if len(answer) <= LONGEST_ANSWER else packed({"failed": too_large.to_row()})


if __name__ == "__main__":
    _serve(int(sys.argv[1]), *sys.argv[2:])
