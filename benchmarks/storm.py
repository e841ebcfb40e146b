"""What others get of `seekpoint serve` while a storm of long questions goes on, and how Ctrl-C ends it then.

usage: python -m benchmarks.storm LIBRARY [--requests 60 300] [--seconds 20] [--patience 60]
           [--checkout FOLDER] [--json FILE]

A storm is so many requests at once, each with another question of 4,000 characters: from a page of another site, from
this site, and from this site by clients that leave after a second. Meanwhile one client asks new questions, one that
was asked before, and `/healthz`, in turn. After the seconds, Ctrl-C ends the server, whatever is in work. With
`--checkout` the server is that of another revision. Memory is read from /proc, on Linux.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple
from urllib.parse import urlencode, urlsplit

from benchmarks import machine
from benchmarks.crowd import QUESTIONS, memory
from benchmarks.serving import Served

_LONGEST = 4000
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_ELSEWHERE = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}
_PAGE = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}
# Seconds after which a client that leaves has left, how long the server may take to end, and between two questions.
_STAYS, _MOST_TO_END, _BETWEEN = 1.0, 240.0, 0.05


class Manner(NamedTuple):
    """Where a storm comes from, and whether its clients leave."""

    name: str
    headers: Mapping[str, str]
    leaves: bool = False


MANNERS = (
    Manner("another site", _ELSEWHERE),
    Manner("this site", _PAGE),
    Manner("this site, clients leave", _PAGE, leaves=True),
)


class Reply(NamedTuple):
    """A request of the client that asks meanwhile: what it was, its status, 0 where none came, and milliseconds."""

    kind: str
    status: int
    taken: float


class Ended(NamedTuple):
    """How the server ended: after so many seconds, with so many lines on the terminal since Ctrl-C."""

    seconds: float
    lines: int


def main() -> None:
    parser = machine.command_line("benchmarks.storm", __doc__)
    parser.add_argument("library", type=Path)
    parser.add_argument("--requests", type=int, nargs="+", default=[60, 300])
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--patience", type=float, default=60.0)
    parser.add_argument("--checkout", type=Path)
    options = parser.parse_args()
    about = machine.describe()
    where = options.checkout or f"revision {about['revision']}"
    print(f"{about['processor']}, {about['cores']} cores, {where}")
    print("| storm | refused, busy, answered | others: replies | median, ms | 95 %, ms | most, ms | 503 | none "
          "| /healthz: most, ms | Ctrl-C: s | lines | memory, MB |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|---|---|---|---|")
    measured = [
        measure(options.library, count, manner, options.seconds, options.patience, options.checkout)
        for count in options.requests
        for manner in MANNERS
    ]
    machine.save(options.json, {"machine": about, "checkout": str(options.checkout or ""), "storms": measured})


def measure(
    library: Path, count: int, manner: Manner, seconds: float, patience: float, checkout: Path | None
) -> Mapping[str, object]:
    """Serve the library in a storm, and print a row."""
    with serving(library, checkout) as (served, process, terminal):
        for question in QUESTIONS:
            asked(served.address, question, 60.0)
        with ThreadPoolExecutor(1) as pool:
            storm = pool.submit(asyncio.run, _storm(served.address, count, manner, seconds))
            time.sleep(0.3)
            replies = meanwhile(served.address, seconds, patience)
            most = memory(served, "VmHWM")
            ended = end(process, terminal)
            statuses = storm.result()
    print(_row(f"{count} from {manner.name}", statuses, replies, ended, most), flush=True)
    return {
        "storm": f"{count} from {manner.name}", "statuses": statuses, "replies": replies, "ended": ended,
        "memory": most,
    }  # fmt: skip


def _row(name: str, statuses: Counter[int], replies: Sequence[Reply], ended: Ended, most: float) -> str:
    others = [reply for reply in replies if reply.kind != "healthz"]
    taken = [reply.taken for reply in others]
    p95 = statistics.quantiles(taken, n=20, method="inclusive")[-1] if len(taken) > 1 else taken[0]
    health = max((reply.taken for reply in replies if reply.kind == "healthz"), default=0.0)
    told = Counter(reply.status for reply in others)
    values = [
        name, f"{statuses[403]}, {statuses[503]}, {statuses[200]}", len(others), f"{statistics.median(taken):.0f}",
        f"{p95:.0f}", f"{max(taken):.0f}", told[503], told[0], f"{health:.0f}", f"{ended.seconds:.1f}", ended.lines,
        f"{most:.0f}",
    ]  # fmt: skip
    return f"| {' | '.join(map(str, values))} |"


@contextmanager
def serving(library: Path, checkout: Path | None) -> Iterator[tuple[Served, subprocess.Popen[str], Path]]:
    """Run the server in a process group of its own, as a terminal does; gives also the file of what it writes."""
    command = [sys.executable, "-m", "seekpoint", "serve", "--port", "0", "--index", str(library.absolute())]
    with TemporaryDirectory() as folder, (Path(folder) / "terminal").open("w+") as terminal, subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=terminal, text=True, cwd=checkout,
        start_new_session=True,
    ) as process:  # fmt: skip
        assert process.stdout
        try:
            yield Served(process.stdout.readline().split()[2], process.pid), process, Path(terminal.name)
        finally:
            process.kill()


def end(process: subprocess.Popen[str], terminal: Path) -> Ended:
    """End a server by Ctrl-C, which goes to its process group."""
    before, began = _lines(terminal), time.monotonic()
    os.killpg(process.pid, signal.SIGINT)
    with suppress(subprocess.TimeoutExpired):
        process.wait(_MOST_TO_END)
    return Ended(time.monotonic() - began, _lines(terminal) - before)


def _lines(terminal: Path) -> int:
    return len(terminal.read_text(errors="replace").splitlines())


def meanwhile(address: str, seconds: float, patience: float) -> list[Reply]:
    """Ask as another client for so many seconds; a request may take longer."""
    chance = random.Random(2)
    stop, replies, turn = time.monotonic() + seconds, [], 0
    while time.monotonic() < stop:
        new = f"What does {' '.join(_word(chance) for _ in range(4))} hide?"
        kind, question = (("new", new), ("asked before", QUESTIONS[turn % len(QUESTIONS)]), ("healthz", ""))[turn % 3]
        replies.append(asked(address, question, patience, kind))
        turn += 1
        time.sleep(_BETWEEN)
    return replies


def asked(address: str, question: str, patience: float, kind: str = "asked before") -> Reply:
    """Ask the API a question, or without one `/healthz`, as a program."""
    path = f"/api/ask?{urlencode({'q': question})}" if question else "/healthz"
    began = time.perf_counter()
    status = asyncio.run(_sent(address, path, {}, patience))
    return Reply(kind, status, 1000 * (time.perf_counter() - began))


async def _storm(address: str, count: int, manner: Manner, seconds: float) -> Counter[int]:
    """Send all requests at once; gives how often each status came, 0 for none."""
    chance = random.Random(1)
    patience = _STAYS if manner.leaves else seconds + _MOST_TO_END
    sent = []
    for _ in range(count):  # questions of words that no other has, as long as one may be
        question = " ".join(_word(chance) for _ in range(_LONGEST // 7 + 1))[:_LONGEST]
        sent.append(_sent(address, f"/?{urlencode({'q': question})}", manner.headers, patience))
    return Counter(await asyncio.gather(*sent))


async def _sent(address: str, path: str, headers: Mapping[str, str], patience: float) -> int:
    """The status of the answer to a request, over a connection of its own; 0 if there is none in so many seconds."""
    place = urlsplit(address)
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    writer = None
    try:
        async with asyncio.timeout(patience):
            reader, writer = await asyncio.open_connection(place.hostname, place.port)
            writer.write(f"GET {path} HTTP/1.1\r\nHost: {place.netloc}\r\n{head}Connection: close\r\n\r\n".encode())
            answer = await reader.read()
        return int(answer.split(None, 2)[1]) if answer else 0
    except (OSError, TimeoutError):
        return 0
    finally:
        if writer:
            writer.close()


def _word(chance: random.Random) -> str:
    return "".join(chance.choices(_LETTERS, k=6))


if __name__ == "__main__":
    main()
