"""Parsers that misbehave as hostile documents make real ones; the data selects how."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from seekpoint.index.errors import SourceError, Unfetched
from seekpoint.index.reasons import Reason
from seekpoint.index.types import State
from seekpoint.indexer.sources.sandbox_child import Ask
from seekpoint.indexer.transcript.text_timeline import Block, ParsedDocument, Role


def misbehave(data: bytes, charset: str | None = None, ask: Ask | None = None) -> ParsedDocument:
    """Call the function that the first word names with the rest of the data."""
    name, _, rest = data.partition(b" ")
    if ask:
        return _saying(repr(ask(["what is", rest.decode()], rest)))
    return _BEHAVIOURS[name.decode()](rest, charset)


def _saying(text: str) -> ParsedDocument:
    return ParsedDocument((Block(text),))


def _words(rest: bytes, charset: str | None) -> ParsedDocument:
    blocks = Block(rest.decode(charset or "utf-8"), anchor="注意力"), Block("参考文献", Role.REFERENCE, page=2)
    return ParsedDocument(blocks, "标题 Title", "作者", "2024-05-01", "zh-TW")


def _hang(rest: bytes, charset: str | None) -> ParsedDocument:
    """Hang, once the file of that name is there if one is named."""
    if rest:
        Path(rest.decode()).touch()
    time.sleep(600)
    return ParsedDocument(())


def _wait(rest: bytes, charset: str | None) -> ParsedDocument:
    time.sleep(float(rest))
    return _saying("waited")


def _spin(rest: bytes, charset: str | None) -> ParsedDocument:
    while True:
        pass


def _leak(rest: bytes, charset: str | None) -> ParsedDocument:
    _leaked.append(bytearray(int(rest)))
    return _saying("leaked")


def _fail(rest: bytes, charset: str | None) -> ParsedDocument:
    raise IndexError("list index out of range")


def _refuse(rest: bytes, charset: str | None) -> ParsedDocument:
    raise Unfetched(State.NO_TRANSCRIPT, Reason.of(f"refused: {rest.decode()}"))


def _refuse_list(rest: bytes, charset: str | None) -> ParsedDocument:
    raise SourceError(rest.decode())


def _escape(rest: bytes, charset: str | None) -> ParsedDocument:
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
    return _saying(str(ways[way]()))


def _chatter(rest: bytes, charset: str | None) -> ParsedDocument:
    sys.stdout.write("warning: bad xref\n")
    os.write(1, b"\0\0\0\0\0\0\0\2{}\0\0\0\0\0\0\0\0")
    return _saying(sys.stdin.read() + os.read(0, 9).decode() + "said nothing")


def _lie(rest: bytes, charset: str | None) -> ParsedDocument:
    """Write a forged answer to every open descriptor, and exit."""
    for descriptor in range(3, 20):
        try:
            os.write(descriptor, len(rest).to_bytes(8, "big") + rest + bytes(8))
        except OSError:
            continue
    os._exit(0)


_leaked: list[bytearray] = []
_BEHAVIOURS: dict[str, Callable[[bytes, str | None], ParsedDocument]] = {
    "words": _words,
    "process": lambda rest, charset: _saying(str(os.getpid())),
    "much": lambda rest, charset: _saying("注意力" * int(rest)),
    "hang": _hang,
    "spin": _spin,
    "wait": _wait,
    "crash": lambda rest, charset: os.abort(),
    "allocate": lambda rest, charset: _saying(str(len(bytearray(int(rest))))),
    "leak": _leak,
    "fail": _fail,
    "refuse": _refuse,
    "refuse-list": _refuse_list,
    "chatter": _chatter,
    "escape": _escape,
    "lie": _lie,
}
