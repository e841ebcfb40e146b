"""Questions to `seekpoint serve`: from one client, then from many beside slow ones, while builds commit.

usage: python -m benchmarks.crowd LIBRARY [--clients 64] [--slow 200] [--seconds 60] [--json FILE]

A slow client asks once, or doesn't, and then sends a byte a second of a request. When the server has closed its
connection, it opens another. The library is copied first, and stays as it is. Memory is read from /proc, on Linux.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import statistics
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from urllib.parse import urlsplit

from benchmarks import machine
from benchmarks.serving import PATHS, Reply, Served, building, many_clients, one_client, serving

QUESTIONS = (
    "Why do we need three different matrices for queries, keys and values?",
    "How do transformers know the order of words?",
    "What does a mask hide?",
    "为什么要缓存键和值，却不缓存查询？",
    "为什么学习率要先预热？",
    "掩码遮住了什么？",
)
_WHOLE = b"HEAD /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
_HEAD = b"GET /?q=" + b"a" * 1000
_BODY = b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4000\r\n\r\n"
# What slow clients send at once, in turn, and what byte by byte after it.
_MANNERS = ((b"", b""), (b"", _HEAD), (_WHOLE, _HEAD), (_BODY, b"a" * 1000))


def main() -> None:
    parser = machine.command_line("benchmarks.crowd", __doc__)
    parser.add_argument("library", type=Path)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--slow", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=60.0)
    options = parser.parse_args()
    about = machine.describe()
    print(f"{about['processor']}, {about['cores']} cores, revision {about['revision']}")
    with TemporaryDirectory() as folder:
        library = Path(folder) / "library"
        shutil.copytree(options.library, library)
        with serving(library) as served:
            alone = {path: one_client(served.address, path, QUESTIONS * 2) for path in PATHS}
            before = memory(served, "VmRSS")
            with building(library, Path(folder)) as built, _holding(served, options.slow) as closed:
                replies = many_clients(served.address, QUESTIONS, options.clients, options.seconds)
            rows = _rows(replies, closed, built)
            rows["memory of the server, MB"] = f"{before:.0f} before, {memory(served, 'VmHWM'):.0f} at most"
    print(f"{options.clients} clients and {options.slow} slow ones for {options.seconds:.0f} s")
    width = max(map(len, rows))
    print("\n".join(f"| {name:{width}} | {value} |" for name, value in rows.items()))
    machine.save(options.json, {"machine": about, "alone": alone, "rows": rows, "replies": replies})


def _rows(replies: Sequence[Reply], closed: Sequence[float], built: Sequence[float]) -> dict[str, str]:
    taken = [reply.taken for reply in replies]
    failed = Counter(reply.status for reply in replies if reply.status != 200)
    kinds = ", ".join(f"{count} × {status or 'no answer'}" for status, count in failed.items())
    return {
        "requests": str(len(replies)),
        "failed": f"{failed.total()}{f' ({kinds})' if failed else ''}",
        "median, ms": f"{statistics.median(taken):.0f}",
        "95th percentile, ms": f"{statistics.quantiles(taken, n=20)[-1]:.0f}",
        "slow connections closed": f"{len(closed)}, after {max(closed, default=0):.0f} s at most",
        "builds that committed": f"{len(built)}, in {max(built, default=0):.0f} s at most",
    }


@contextmanager
def _holding(served: Served, number: int) -> Iterator[list[float]]:
    """Hold so many connections meanwhile; gives the seconds after which the server closed one."""
    closed: list[float] = []
    is_over = Event()

    async def hold() -> None:
        clients = [asyncio.create_task(_hold(served, k, closed)) for k in range(number)]
        while not is_over.is_set() and not any(client.done() for client in clients):
            await asyncio.sleep(0.1)

    with ThreadPoolExecutor(1) as pool:
        holding = pool.submit(asyncio.run, hold())
        try:
            yield closed
        finally:
            is_over.set()
        holding.result()


async def _hold(served: Served, number: int, closed: list[float]) -> None:
    address = urlsplit(served.address)
    at_once, slowly = _MANNERS[number % len(_MANNERS)]
    clock = asyncio.get_running_loop()
    while True:
        began = clock.time()
        with suppress(OSError):
            reader, writer = await asyncio.open_connection(address.hostname, address.port)
            ended = asyncio.create_task(reader.read())
            writer.write(at_once)
            for k in range(len(slowly) or 1000):
                writer.write(slowly[k : k + 1])
                if await asyncio.wait([ended], timeout=1.0) != (set(), {ended}):
                    break
            closed.append(clock.time() - began)
            ended.cancel()
            writer.close()
        await asyncio.sleep(1)


def memory(served: Served, field: str) -> float:
    """A figure of the server's memory in megabytes; 0 where there is no /proc."""
    status = Path("/proc", str(served.pid), "status")
    found = re.search(rf"{field}:\s+(\d+)", status.read_text()) if status.exists() else None
    return int(found[1]) / 1024 if found else 0.0


if __name__ == "__main__":
    main()
