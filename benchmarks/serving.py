"""A server of a library in a process of its own, its clients, and builds that go on meanwhile."""

from __future__ import annotations

import http.client
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from threading import Event
from typing import NamedTuple
from urllib.parse import urlencode, urlsplit

PATHS = ("/api/ask", "/")
# So many questions open what is opened once: the model, the vector file, the dictionaries, imported modules.
_WARM_UP = 5
# Seconds between two builds' ends and beginnings.
_BETWEEN = 2.0
_PATIENCE = 60.0


class Reply(NamedTuple):
    """A request's status, 0 where there was no answer, and milliseconds."""

    status: int
    taken: float


class Served(NamedTuple):
    """A running server's address and process id."""

    address: str
    pid: int


class Client:
    """Asks over a connection that it keeps."""

    def __init__(self, address: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=_PATIENCE)

    def ask(self, path: str, question: str) -> Reply:
        started = time.perf_counter()
        try:
            self._connection.request("GET", f"{path}?{urlencode({'q': question})}")
            response = self._connection.getresponse()
            response.read()
            status = response.status
        except (OSError, http.client.HTTPException):
            self._connection.close()
            status = 0
        return Reply(status, 1000 * (time.perf_counter() - started))


@contextmanager
def serving(library: Path) -> Iterator[Served]:
    """Run the server as a process of its own."""
    command = [sys.executable, "-m", "seekpoint", "serve", "--port", "0", "--index", str(library)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield Served(process.stdout.readline().split()[2], process.pid)
        finally:
            process.terminate()


def one_client(address: str, path: str, questions: Sequence[str]) -> list[Reply]:
    """Ask each question once, one after another."""
    client = Client(address)
    for question in questions[-_WARM_UP:]:
        client.ask(path, question)
    replies = [client.ask(path, question) for question in questions[:-_WARM_UP]]
    print(f"one client, {path}: {told(replies)}")
    return replies


def many_clients(address: str, questions: Sequence[str], clients: int, seconds: float) -> list[Reply]:
    """Ask for so many seconds, each client the API and the page in turn."""
    stop = time.monotonic() + seconds

    def go_on(number: int) -> list[Reply]:
        client = Client(address)
        replies = []
        for turn in count(number):
            if time.monotonic() >= stop:
                break
            replies.append(client.ask(PATHS[turn % 2], questions[turn * 7 % len(questions)]))
        return replies

    with ThreadPoolExecutor(clients) as pool:
        return [reply for replies in pool.map(go_on, range(clients)) for reply in replies]


@contextmanager
def building(library: Path, folder: Path) -> Iterator[list[float]]:
    """Build note after note into the library meanwhile; gives the seconds that each build took."""
    taken: list[float] = []
    notes = folder / "notes.md"
    is_over = Event()

    def go_on() -> None:
        for number in count(1):
            note = folder / f"note-{number}.txt"
            note.write_text(f"Note {number}: a mask hides the future.\n\n笔记 {number}：掩码把未来藏起来。\n", "utf-8")
            notes.write_text("".join(f"- [Note {one}](note-{one}.txt)\n" for one in range(1, number + 1)), "utf-8")
            started = time.monotonic()
            command = [sys.executable, "-m", "seekpoint", "build", str(notes), "--index", str(library)]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            taken.append(time.monotonic() - started)
            if is_over.wait(_BETWEEN):
                break

    with ThreadPoolExecutor(1) as pool:
        builds = pool.submit(go_on)
        try:
            yield taken
        finally:
            is_over.set()
        builds.result()


def told(replies: Sequence[Reply]) -> str:
    """How many there were, how many failed, and what they took."""
    taken = [reply.taken for reply in replies]
    failed = sum(reply.status != 200 for reply in replies)
    p95 = statistics.quantiles(taken, n=20)[-1]
    spread = f"min {min(taken):.1f}  median {statistics.median(taken):.1f}  95th percentile {p95:.1f} ms"
    return f"{len(replies)} requests, {failed} failed, {spread}"
