"""Four workers share the videos of a list; one is killed, one loses the network: what is stored, how often, and when.

    python -m benchmarks.workers [--videos 200] [--pace 0.5] [--in-transaction] [--json FILE]

Starts PostgreSQL and a local server that speaks YouTube's protocol. The workers are processes of the real command, with
the bundled model. One is killed in the transaction that stores a video. Another one loses PostgreSQL, by a proxy that
stops forwarding, when it begins to store a video, or with --in-transaction when it is about to commit. The proxy goes
on when all others have ended. Exits with 1 where something is wrong.
"""

from __future__ import annotations

import logging
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from benchmarks.machine import command_line, describe, save
from seekpoint.index.address import ServerAddress
from tests.fake_youtube import YOUTUBE, FakeYouTube
from tests.fault_proxy import CutProxy, cut_proxy
from tests.paths import ROOT
from tests.postgres import server

_WORKERS = 4
_KILLED, _CUT = 0, 1
# Of a pace, what two requests are apart at least: it varies by 30 %.
_LEAST_OF_PACE = 0.7
# Seconds by which a process may wake up late, so that the next request seems too early.
_LATE = 0.05
_LONGEST = 900.0
# The statements before which a worker is killed, and cut off.
_HALF_STORED, _STORING, _COMMITTING = b"COPY body", b"BEGIN", b"COMMIT"
_COMMAND = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from seekpoint.cli.main import cli
from tests.local_web import LocalWeb
cli(sys.argv[2:], prog_name="seekpoint", obj=lambda proxy, cookies: LocalWeb(sys.argv[1], {YOUTUBE!r}))
"""
# Notes each change of a resource to `indexed`, in the transaction that makes it.
_LEDGER = """
CREATE TABLE public.stored (resource_id text, at timestamptz DEFAULT clock_timestamp());
CREATE FUNCTION public.note() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN INSERT INTO public.stored (resource_id) VALUES (NEW.id); RETURN NULL; END $$;
CREATE TRIGGER note AFTER UPDATE OF state ON seekpoint.resource FOR EACH ROW
  WHEN (NEW.state = 'indexed') EXECUTE FUNCTION public.note()
"""


class TimedYouTube(FakeYouTube):
    """Notes when each video was asked for, and when its captions were."""

    def __init__(self, server: HTTPServer) -> None:
        self.asked: list[tuple[float, str]] = []
        self.captions: list[str] = []
        super().__init__(server)

    def _answer(self, place: str, request: Request) -> Response:
        if place == "watch":
            self.asked.append((time.monotonic(), request.args["v"]))
        elif place == "captions":
            self.captions.append(request.args["v"])
        return super()._answer(place, request)


@dataclass
class Worker:
    """A process of the real command, with a YouTube and a way to PostgreSQL of its own."""

    process: subprocess.Popen[str]
    youtube: TimedYouTube
    proxy: CutProxy

    def said(self) -> list[str]:
        """What it printed, once it has ended."""
        output, errors = self.process.communicate(timeout=_LONGEST)
        return [line for line in (errors + output).splitlines() if line.strip()]


def video_id(number: int) -> str:
    return f"talk{number:07d}"


@contextmanager
def youtube_of(videos: int) -> Iterator[TimedYouTube]:
    """A YouTube with so many short talks, of which every second one is Chinese."""
    web = HTTPServer("127.0.0.1")
    web.start()
    try:
        youtube = TimedYouTube(web)
        for n in range(videos):
            lines = [(0.0, 8.0, f"The mask of layer {n} hides later words."), (8.0, 8.0, "So it doesn't look ahead.")]
            if n % 2:
                lines = [(0.0, 8.0, f"第{n}层的掩码遮住后面的词。"), (8.0, 8.0, "所以模型看不到答案。")]
            youtube.add_video(video_id(n), f"讲座 {n}" if n % 2 else f"Talk {n}", {"zh" if n % 2 else "en": lines})
        yield youtube
    finally:
        web.stop()


def command(youtube: FakeYouTube, *arguments: object) -> list[str]:
    return [sys.executable, "-c", _COMMAND, youtube.root, *map(str, arguments)]


def seekpoint(youtube: FakeYouTube, *arguments: object) -> str:
    """Run a command to its end, and return what it prints."""
    done = subprocess.run(command(youtube, *arguments), capture_output=True, text=True, check=False)
    return (done.stdout + done.stderr).strip()


@contextmanager
def started(library: ServerAddress, port: int, videos: int, pace: float) -> Iterator[list[Worker]]:
    """The workers; those that are still there at the end are killed."""
    with ExitStack() as stack:
        workers = []
        for _ in range(_WORKERS):
            youtube = stack.enter_context(youtube_of(videos))
            own_port, proxy = stack.enter_context(cut_proxy(port))
            uri = library.uri.replace(f":{port}/", f":{own_port}/")
            arguments = command(youtube, "build", "--worker", "--pace", pace, "--index", uri)
            process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            stack.enter_context(process)
            stack.callback(process.kill)
            workers.append(Worker(process, youtube, proxy))
        yield workers


def stored(connection: psycopg.Connection[tuple[str]]) -> list[str]:
    """The resource of each store that was committed."""
    return [name for (name,) in connection.execute("SELECT resource_id FROM public.stored")]


def disturb(
    workers: Sequence[Worker], connection: psycopg.Connection[tuple[str]], videos: int, text: bytes
) -> dict[str, float]:
    """Kill one and cut another off, wait for the others, and restore the network; returns when each happened."""
    killed, cut, begun = workers[_KILLED], workers[_CUT], time.monotonic()
    seconds = {}
    for name, worker, at, trap, do in (
        ("killed", killed, videos // 10, _HALF_STORED, killed.process.kill),
        ("cut off", cut, videos // 5, text, cut.proxy.cut),
    ):
        deadline = time.monotonic() + _LONGEST
        while len(stored(connection)) < at and time.monotonic() < deadline:
            time.sleep(0.1)
        worker.proxy.set_trap(trap, do)
        if not worker.proxy.sprung.wait(_LONGEST):
            sys.exit(f"no worker could be {name}")
        seconds[name] = time.monotonic() - begun
    for worker in workers:
        if worker is not cut:
            worker.process.wait(_LONGEST)
    seconds["others ended"] = time.monotonic() - begun
    seconds["stored before the network came back"] = len(stored(connection))
    cut.proxy.restore()
    cut.process.wait(_LONGEST)
    seconds["ended"] = time.monotonic() - begun
    return seconds


def measure(videos: int, pace: float, text: bytes = _STORING) -> dict[str, Any]:
    """Run everything on a server of its own."""
    with server() as postgres, TemporaryDirectory() as folder, youtube_of(videos) as youtube:
        library = postgres.library()
        listed = Path(folder) / "list.txt"
        listed.write_text("\n".join(f"https://youtu.be/{video_id(n)}" for n in range(videos)), encoding="utf-8")
        seekpoint(youtube, "build", listed, "--enqueue", "--index", library.uri)
        with (
            psycopg.connect(library.uri, autocommit=True) as connection,
            started(library, postgres.port, videos, pace) as workers,
        ):
            connection.execute(_LEDGER)
            moments = disturb(workers, connection, videos, text)
            said = [worker.said() for worker in workers]
            check = seekpoint(youtube, "status", "--check", "--index", library.uri).splitlines()[-1]
            found = library_figures(connection) | youtube_figures([worker.youtube for worker in workers])
    return {"videos": videos, "pace": pace, **found, **moments, "check": check, "said": said}


def library_figures(connection: psycopg.Connection[tuple[str]]) -> dict[str, Any]:
    """The videos in each state, and those that were stored once and have one transcript, whose chunks are whole."""
    times = Counter(stored(connection))
    states = "SELECT state FROM seekpoint.resource"
    whole = """SELECT resource_id FROM seekpoint.transcript AS one WHERE chunks = (SELECT count(*)
               FROM seekpoint.chunk JOIN seekpoint.body ON chunk_id = chunk.id WHERE transcript_id = one.id)"""
    transcripts = Counter(name for (name,) in connection.execute(whole))
    return {
        "states": dict(Counter(state for (state,) in connection.execute(states))),
        "stored once": sum(count == 1 == transcripts[video] for video, count in times.items()),
    }


def youtube_figures(sites: Sequence[TimedYouTube]) -> dict[str, Any]:
    """How often videos were asked for, by how many seconds apart, and which ones the two workers lost."""
    asked = sorted(moment for site in sites for moment, _ in site.asked)
    gaps = [after - before for before, after in pairwise(asked)]
    times = Counter(video for site in sites for video in site.captions)
    return {
        "asked once": sum(count == 1 for count in times.values()),
        "asked again": sorted(video for video, count in times.items() if count > 1),
        "lost": sorted({sites[k].captions[-1] for k in (_KILLED, _CUT)}),
        "gaps": [round(min(gaps), 3), round(statistics.median(gaps), 3)],
    }


def faults(found: Mapping[str, Any]) -> list[str]:
    """What isn't as it should be."""
    videos = found["videos"]
    expected = {
        "states": {"indexed": videos},
        "stored once": videos,
        "stored before the network came back": videos,
        "asked once": videos - 2,
        "asked again": found["lost"],
        "check": "Checked: all files are whole, as they were written",
    }
    wrong = [f"{name}: {found[name]}, not {value}" for name, value in expected.items() if found[name] != value]
    least = _LEAST_OF_PACE * found["pace"] - _LATE
    return wrong + [f"two videos were asked for within {gap} s" for gap in found["gaps"][:1] if gap < least]


def table(found: Mapping[str, Any]) -> str:
    """The figures, in Markdown."""
    videos, pace, (least, median) = found["videos"], found["pace"], found["gaps"]
    killed, cut, others, ended = (f"{found[name]:.0f} s" for name in ("killed", "cut off", "others ended", "ended"))
    last = {k: lines[-1].partition(":")[0] for k, lines in enumerate(found["said"]) if k not in (_KILLED, _CUT)}
    rows = {
        f"{_WORKERS} workers, {videos} videos, `--pace {pace}`": "",
        "---": "---",
        "stored once, and whole": found["stored once"],
        "asked for once · twice, since a worker was lost": f"{found['asked once']} · {len(found['asked again'])}",
        "seconds between two videos, of all workers: least · median": f"{least} · {median}",
        "a worker is killed while it stores a video": f"after {killed}",
        "another one loses the network": f"after {cut}, until the others ended after {others}",
        "stored by then": found["stored before the network came back"],
        "what the one without network said then": "<br>".join(found["said"][_CUT]) + f"<br>and ended after {ended}",
        "what the others said": "<br>".join(last.values()),
        "`status --check`": found["check"],
    }
    return "\n".join(f"| {name} | {figure} |" for name, figure in rows.items())


def main() -> None:
    """Print what happened."""
    options = command_line("benchmarks.workers", __doc__)
    options.add_argument("--videos", type=int, default=200)
    options.add_argument("--pace", type=float, default=0.5)
    options.add_argument("--in-transaction", action="store_true")
    arguments = options.parse_args()
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    found = measure(arguments.videos, arguments.pace, _COMMITTING if arguments.in_transaction else _STORING)
    print(table(found))
    wrong = faults(found)
    print("\n".join(["", *wrong] if wrong else ["", "nothing is wrong"]))
    save(arguments.json, {"machine": describe(), **found})
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
