"""Measures a library of very many resources: the page with the list, `status` and the API.

    python -m benchmarks.long_list build FOLDER RESOURCES
    python -m benchmarks.long_list measure ADDRESS [--json FILE]

`seekpoint import` carries the library of FOLDER to a server. Its resources are short talks, English and Chinese, under
200 headings; one in fifty has no captions, and one in a thousand waits. A `visit` is in a process of its own.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from starlette.testclient import TestClient

from benchmarks import machine
from seekpoint.index.address import parse_address
from seekpoint.index.embedded.embedded_writer import EmbeddedWriter
from seekpoint.index.types import Details, Kind, Resource, State
from seekpoint.query.serving.live_library import LiveLibrary
from seekpoint.query.web.app import application
from seekpoint.query.web.security import AccessPolicy
from tests.fakes import TopicEncoder
from tests.index.libraries import embedded

VISITS = (
    "/list",
    "/list?page=250",
    "/list?sort=title",
    "/list?narrow=注意力+99",
    "/",
    "/api/resources?limit=100",
    "/api/status",
)
_HEADINGS = 200
_DAY = 86400.0


def resources(number: int) -> Iterator[Resource]:
    """The resources as a list names them."""
    for k in range(number):
        key = f"long{k:07}"
        title = f"注意力机制 第 {k} 讲" if k % 3 == 0 else f"Lecture {k} on attention"
        heading = f"Part {k * _HEADINGS // number + 1} 部分"
        yield Resource(key, Kind.VIDEO, title, f"https://www.youtube.com/watch?v={key}", (("Course 课程", heading),))


def build(folder: Path, number: int) -> None:
    """Make the library."""
    listed = list(resources(number))
    said = {language: embedded([text], language) for language, text in (("en", "a mask"), ("zh", "掩码"))}
    with EmbeddedWriter.acquire(folder, TopicEncoder().card) as writer, writer.transaction():
        writer.register("long.md", listed)
        for k, resource in enumerate(listed):
            if k % 1000 == 7:
                writer.set_state(resource.id, State.DEFERRED, reason="it waits", retry_after=time.time() + _DAY)
            elif k % 50 == 0:
                writer.set_state(resource.id, State.NO_TRANSCRIPT, reason="it has no captions", inputs="by hand")
            else:
                details = Details(resource.title, f"Channel {k % 40}", 10.0)
                writer.commit(resource.id, [said["zh" if k % 3 == 0 else "en"]], details, "by hand")


def visit(address: str, path: str) -> dict[str, float]:
    """Ask for a path twice: this process's processor time for the first and the second one, and the bytes."""
    live = LiveLibrary(parse_address(address), TopicEncoder())
    client = TestClient(application(live, AccessPolicy()), "http://localhost", headers={"accept-encoding": "identity"})
    times, size = [], 0
    for _ in range(2):
        begun = time.process_time()
        answer = client.get(path)
        times.append(time.process_time() - begun)
        assert answer.status_code == 200, answer.text[:300]
        size = len(answer.content)
    live.close()
    return {"first": round(times[0], 2), "again": round(times[1], 3), "bytes": size}


def measure(address: str) -> dict[str, dict[str, float]]:
    """What each visit and `status` take."""
    found: dict[str, dict[str, float]] = {}
    for path in VISITS:
        ran = machine.run([sys.executable, "-m", __spec__.name, "visit", address, path])
        found[path] = {**json.loads(ran.output), **_cost(ran)}
        print(f"  {path}: {found[path]}", flush=True)
    for options in ([], ["--json"]):
        ran = machine.run([sys.executable, "-m", "seekpoint", "status", *options, "--index", address])
        found[" ".join(["status", *options])] = {"bytes": len(ran.output.encode()), **_cost(ran)}
        print(f"  {' '.join(['status', *options])}: {found[' '.join(['status', *options])]}", flush=True)
    return found


def _cost(ran: machine.Run) -> dict[str, float]:
    return {"seconds": round(ran.wall, 2), "processor": round(ran.processor, 2), "megabytes": round(ran.megabytes)}


def main() -> None:
    command, address, *more = sys.argv[1:]
    if command == "build":
        build(Path(address), int(more[0]))
    elif command == "visit":
        print(json.dumps(visit(address, more[0])))
    else:
        found = measure(address)
        machine.save(Path(more[1]) if more else None, {"machine": machine.describe(), **found})


if __name__ == "__main__":
    main()
