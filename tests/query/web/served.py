"""The server of `seekpoint serve` in a thread, and a browser whose requests to other hosts are recorded."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, NamedTuple

import uvicorn

from seekpoint.cli.interrupt import STOPPED
from seekpoint.index.address import Address
from seekpoint.index.types import Encoder
from seekpoint.query.reading.language_reader import LanguageReader
from seekpoint.query.serving.live_library import LiveLibrary
from seekpoint.query.web.app import application
from seekpoint.query.web.forms import Editing
from seekpoint.query.web.http_server import BoundedProtocol, listen, server_config
from seekpoint.query.web.page_drawings import Draw
from seekpoint.query.web.security import AccessPolicy
from tests.fakes import TopicEncoder
from tests.paths import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

_TOPICS = TopicEncoder()


@contextmanager
def served(
    library: Address,
    policy: AccessPolicy | None = None,
    encoder: Encoder | None = _TOPICS,
    protocol: type[BoundedProtocol] = BoundedProtocol,
    reader: LanguageReader | None = None,
    editing: Editing | None = None,
    draw: Draw | None = None,
) -> Iterator[str]:
    """Serve a library's pages and API, and give the address; without an `encoder`, the library's own is used."""
    live = LiveLibrary(library, encoder)
    listener = listen("127.0.0.1", 0)
    app = application(live, policy or AccessPolicy(), reader=reader, editing=editing, draw=draw)
    server = uvicorn.Server(server_config(app, protocol))
    thread = Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
        if editing:
            editing.builds.close()
        live.close()


def without_others(page: Page, own: str, player: str = "") -> list[str]:
    """Record the addresses that a page requests from other hosts; a fake player stands in for YouTube's."""
    asked: list[str] = []
    body = player or player_with()

    def answer(route: Route) -> None:
        if route.request.url.startswith(own):
            route.continue_()
            return
        asked.append(route.request.url)
        route.fulfill(content_type="text/html", body=body)

    page.route("**/*", answer)
    return asked


def player_with(fault: int = 0) -> str:
    """A page like YouTube's player, of which a test reads the state in its body; with a fault it plays nothing."""
    return _PLAYER.replace("FAULT", str(fault))


def state_of_player(page: Page) -> dict[str, float]:
    """What the fake player does: its `time`, its `state` (1 plays, 2 is paused) and its `rate`."""
    told: dict[str, float] = json.loads(page.frame_locator("iframe").locator("body").inner_text())
    return told


def until(page: Page, expression: str) -> None:
    """Wait for an expression to be true; the page's policy forbids what Playwright does for this."""
    eventually(lambda: bool(page.evaluate(expression)), expression)


def eventually(is_true: Callable[[], bool], said: str = "") -> None:
    """Wait for something that another thread, process or page does."""
    deadline = time.monotonic() + 60
    while not is_true():
        assert time.monotonic() < deadline, f"not within a minute: {said}"
        time.sleep(0.05)


def settled(page: Page) -> None:
    """Wait until nothing is animated, and what was changed is drawn."""
    page.evaluate("""async () => {
        await Promise.allSettled(document.getAnimations().map((animation) => animation.finished))
        for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame)
    }""")


def outlast_timers(page: Page, milliseconds: int) -> None:
    """Wait for a timer of the page's, which comes after the shorter ones that were set before."""
    page.evaluate("(milliseconds) => new Promise((done) => setTimeout(done, milliseconds))", milliseconds)


def requests_of(page: Page) -> list[str]:
    """Record the addresses that a page requests from now on."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    return asked


_PLAYER = """<!doctype html><title>player</title><body><script>
const player = {time: Number(new URLSearchParams(location.search).get("start")), state: FAULT ? -1 : 1, rate: 1}
const tell = (event, info) => parent.postMessage(JSON.stringify({event, info}), "*")
const commands = {
    seekTo: (time) => { player.time = time },
    playVideo: () => { player.state = 1 },
    pauseVideo: () => { player.state = 2 },
    setPlaybackRate: (rate) => { player.rate = rate },
    addEventListener: (name) => { if (name === "onError" && FAULT) tell("onError", FAULT) },
}
function show() {
    document.body.textContent = JSON.stringify(player)
    tell("infoDelivery", {currentTime: player.time, playerState: player.state, playbackRate: player.rate})
}
addEventListener("message", (message) => {
    const {func, args} = JSON.parse(message.data)
    if (func) commands[func](...args)
    show()
})
</script>"""


LAST_LINE = f"seekpoint: {STOPPED}\n"
"""The last line of a server that Ctrl-C ends."""


class Terminal(NamedTuple):
    address: str
    process: subprocess.Popen[str]

    def interrupted(self) -> tuple[int, str, float]:
        """Press Ctrl-C: the exit code, what is shown then, and the seconds that it took."""
        began = time.monotonic()
        os.killpg(self.process.pid, signal.SIGINT)
        shown = self.process.communicate(timeout=60)[0]
        return self.process.returncode, shown, time.monotonic() - began


@contextmanager
def terminal(library: Path | str, *command: str, files: int = 0) -> Iterator[Terminal]:
    """Run a command with a library; it may open so many `files` at first, and 1024 at most."""

    def limit() -> None:
        if files:
            import resource

            resource.setrlimit(resource.RLIMIT_NOFILE, (files, 1024))

    with subprocess.Popen(
        [sys.executable, "-m", "seekpoint", *command, "--port", "0", "--index", str(library)],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        preexec_fn=limit,
    ) as process:  # fmt: skip
        assert process.stdout
        try:
            found = re.search(r"http://[^/\s]+", process.stdout.readline())
            assert found
            yield Terminal(found[0], process)
        finally:
            process.kill()
