"""What `seekpoint serve` takes: one client's questions, then many clients while builds go on in the same library.

usage: python -m benchmarks.serving LIBRARY QUESTIONS [--count 100] [--clients 32] [--seconds 30] [--json FILE]

QUESTIONS is JSON, one a line, each with a "question". The library is copied first, and stays as it is.
"""

from __future__ import annotations

import argparse
import http.client
import json
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from typing import NamedTuple
from urllib.parse import urlencode, urlsplit

from benchmarks import machine

_PATHS = ("/api/ask", "/")
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("library", type=Path)
    parser.add_argument("questions", type=Path)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    lines = options.questions.read_text(encoding="utf-8").splitlines()
    questions = [json.loads(line)["question"] for line in lines if line.strip()][: options.count + _WARM_UP]
    about = machine.describe()
    print(f"{about['processor']}, {about['cores']} cores, revision {about['revision']}")
    with TemporaryDirectory() as folder:
        library = Path(folder) / "library"
        shutil.copytree(options.library, library)
        with serving(library) as served:
            alone = {path: one_client(served.address, path, questions) for path in _PATHS}
            with building(library, Path(folder)) as built:
                together = many_clients(served.address, questions, options.clients, options.seconds)
    crowd = f"{options.clients} clients for {options.seconds:.0f} s while {len(built)} builds committed"
    print(f"{crowd}: {told(together)}, {len(together) / options.seconds:.1f} a second")
    machine.save(options.json, {"machine": about, "alone": alone, "together": together, "builds": built})


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
            replies.append(client.ask(_PATHS[turn % 2], questions[turn * 7 % len(questions)]))
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


if __name__ == "__main__":
    main()
