"""Parsers that misbehave as hostile documents make real ones; the data selects how."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from seekpoint.index.errors import SourceError, Unfetched
from seekpoint.index.reasons import Reason
from seekpoint.index.types import Details, State
from seekpoint.indexer.sources.sandbox_child import Ask
from seekpoint.indexer.transcript.text_timeline import Block, ParsedDocument, Role


def misbehave(data: bytes, charset: str | None = None, ask: Ask | None = None) -> ParsedDocument:
    """Call the function that the first word names with the rest of the data."""
    name, _, rest = data.partition(b" ")
    if ask:
        return _saying(repr(ask(["what is", rest.decode()], rest)))
    if name == b"words":
        blocks = Block(rest.decode(charset or "utf-8"), anchor="注意力"), Block("参考文献", Role.REFERENCE, page=2)
        return ParsedDocument(blocks, "标题 Title", Details(published="2024-05-01", authors=("作者",)), "zh-TW")
    return _saying(str(_BEHAVIOURS[name.decode()](rest)))


def _saying(text: str) -> ParsedDocument:
    return ParsedDocument((Block(text),))


def _hang(rest: bytes) -> None:
    """Hang, once the file of that name is there if one is named."""
    if rest:
        Path(rest.decode()).touch()
    time.sleep(600)


def _wait(rest: bytes) -> str:
    time.sleep(float(rest))
    return "waited"


def _leak(rest: bytes) -> str:
    _leaked.append(bytearray(int(rest)))
    return "leaked"


def _spin(rest: bytes) -> None:
    while True:
        pass


def _raise(error: Exception) -> None:
    raise error


def _escape(rest: bytes) -> object:
    """Try one way to leave a mark in a file, or at a port."""
    way, _, target = rest.decode().partition(" ")
    command = ["touch", target]
    ways: dict[str, Callable[[], object]] = {
        "run": lambda: subprocess.run(command, check=False),
        "system": lambda: os.system(f"touch {target}"),
        "spawn": lambda: os.posix_spawn("/usr/bin/touch", command, {}),
        "connect": lambda: socket.create_connection(("127.0.0.1", int(target))),
        "resolve": lambda: socket.getaddrinfo("inner.example", 80),
    }
    return ways[way]()


def _chatter(rest: bytes) -> str:
    sys.stdout.write("warning: bad xref\n")
    os.write(1, b"\0\0\0\0\0\0\0\2{}\0\0\0\0\0\0\0\0")
    return sys.stdin.read() + os.read(0, 9).decode() + "said nothing"


def _lie(rest: bytes) -> None:
    """Write a forged answer to every open descriptor, and exit."""
    for descriptor in range(3, 20):
        with suppress(OSError):
            os.write(descriptor, len(rest).to_bytes(8, "big") + rest + bytes(8))
    os._exit(0)


_leaked: list[bytearray] = []
_BEHAVIOURS: dict[str, Callable[[bytes], object]] = {
    "process": lambda _: os.getpid(),
    "much": lambda rest: "注意力" * int(rest),
    "hang": _hang,
    "spin": _spin,
    "wait": _wait,
    "crash": lambda _: os.abort(),
    "allocate": lambda rest: len(bytearray(int(rest))),
    "leak": _leak,
    "fail": lambda _: _raise(IndexError("list index out of range")),
    "refuse": lambda rest: _raise(Unfetched(State.NO_TRANSCRIPT, Reason.of(f"refused: {rest.decode()}"))),
    "refuse-list": lambda rest: _raise(SourceError(rest.decode())),
    "chatter": _chatter,
    "escape": _escape,
    "lie": _lie,
}
