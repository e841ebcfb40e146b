"""Kills a primary under readers and builders, and promotes its replica: what fails, for how long, and what is lost.

    python -m benchmarks.failover LIBRARY [--json FILE]

The library, a folder, is copied to a server of its own, whose replica confirms each commit (`synchronous_commit`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

from benchmarks.machine import command_line, describe, save
from seekpoint.index.address import ServerAddress
from seekpoint.index.errors import LibraryError
from seekpoint.index.models.encoder import LazyEncoder
from seekpoint.index.open import open_reader, open_worker
from seekpoint.index.transfer.server import to_server
from seekpoint.index.types import Kind, Resource, State
from seekpoint.query.search.settings import AskOptions
from seekpoint.query.serving.live_library import LiveLibrary, SharedEncoder
from tests.postgres import TestServer, server

_READERS, _BUILDERS = 8, 2
_BEFORE, _DOWN, _AFTER = 5.0, 1.0, 8.0
_QUESTION = "Why do we need masks?"


@dataclass
class Tally:
    """What readers and builders saw: acknowledged writes by builder, and when each succeeded or failed."""

    reads: int = 0
    failed_reads: list[str] = field(default_factory=list)
    acknowledged: dict[str, int] = field(default_factory=dict)
    written: list[float] = field(default_factory=list)
    failed_writes: int = 0


def reading(live: LiveLibrary, ended: Event, tally: Tally) -> None:
    """Ask the same question again and again."""
    while not ended.is_set():
        try:
            live.ask(_QUESTION, AskOptions(1))
            tally.reads += 1
        except LibraryError as error:
            tally.failed_reads.append(str(error))


def writing(address: ServerAddress, name: str, ended: Event, tally: Tally) -> None:
    """Store ever higher numbers, as a builder stores resources; open the library again where that fails."""
    number = 0
    while not ended.is_set():
        try:
            writer, queue = open_worker(address)
            with queue, writer:
                writer.register(name, [Resource(name, Kind.PAGE, name, f"https://example.org/{name}")])
                while not ended.is_set():
                    writer.set_state(name, State.UNAVAILABLE, reason=str(number + 1))
                    number += 1
                    tally.acknowledged[name] = number
                    tally.written.append(time.monotonic())
        except LibraryError:
            tally.failed_writes += 1
            time.sleep(0.05)


def measure(folder: Path) -> dict[str, object]:
    """Run everything on servers of its own."""
    tally, ended = Tally(), Event()
    with server(fsync="on", synchronous_commit="on") as primary:
        library = primary.library()
        to_server(folder, library)
        name = library.uri.rpartition("/")[2]
        with primary.replica() as replica:
            primary.sql("postgres", "ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()")
            hosts = f"postgresql://postgres@127.0.0.1:{primary.port},127.0.0.1:{replica.port}/{name}"
            readers, builders = ServerAddress(hosts), ServerAddress(f"{hosts}?target_session_attrs=read-write")
            with open_reader(readers) as reader:
                encoder = SharedEncoder(reader.card, LazyEncoder(reader.card).get())
            live = LiveLibrary(readers, encoder)
            with ThreadPoolExecutor(_READERS + _BUILDERS) as threads:
                for _ in range(_READERS):
                    threads.submit(reading, live, ended, tally)
                for k in range(_BUILDERS):
                    threads.submit(writing, builders, f"builder {k}", ended, tally)
                killed = fail_over(primary, replica, lambda: time.sleep(_DOWN))
                time.sleep(_AFTER)
                ended.set()
            with open_reader(ServerAddress(replica.uri(name))) as reader:
                stored = {one.id: int(one.reason or 0) for one in reader.statuses(tally.acknowledged)}
    gap = min(one for one in tally.written if one > killed + _DOWN / 2) - killed
    lost = sum(max(number - stored[one], 0) for one, number in tally.acknowledged.items())
    return {
        "reads": tally.reads,
        "failed reads": len(tally.failed_reads),
        "acknowledged writes": sum(tally.acknowledged.values()),
        "lost": lost,
        "attempts to write that failed": tally.failed_writes,
        "seconds from the kill to the next write": round(gap, 2),
        "seconds from the kill to the promotion": _DOWN,
        "reasons": sorted(set(tally.failed_reads))[:3],
    }


def fail_over(primary: TestServer, replica: TestServer, wait: Callable[[], None]) -> float:
    """Kill the primary and promote the replica after a while; returns the time of the kill."""
    time.sleep(_BEFORE)
    primary.kill()
    killed = time.monotonic()
    wait()
    replica.control("promote")
    return killed


def main() -> None:
    """Print what happened."""
    options = command_line("benchmarks.failover", __doc__)
    options.add_argument("library", type=Path)
    arguments = options.parse_args()
    found = measure(arguments.library)
    for name, figure in found.items():
        print(f"{name}: {figure}")
    save(arguments.json, {"machine": describe(), **found})


if __name__ == "__main__":
    main()
