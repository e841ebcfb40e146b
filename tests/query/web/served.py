"""The server of `seekpoint serve` in a thread, and a browser whose requests to other hosts are recorded."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import TYPE_CHECKING

import pytest
import uvicorn

from seekpoint.index.address import Address
from seekpoint.index.types import Encoder
from seekpoint.query.serving.live_library import LiveLibrary
from seekpoint.query.summary.summariser import Summariser
from seekpoint.query.web.app import application
from seekpoint.query.web.http_server import BoundedProtocol, listen, server_config
from seekpoint.query.web.query_parameters import Editing
from seekpoint.query.web.security import AccessPolicy
from tests.fakes import TopicEncoder

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

_TOPICS = TopicEncoder()


@contextmanager
def served(
    library: Address,
    policy: AccessPolicy | None = None,
    encoder: Encoder | None = _TOPICS,
    protocol: type[BoundedProtocol] = BoundedProtocol,
    summariser: Summariser | None = None,
    editing: Editing | None = None,
) -> Iterator[str]:
    """Serve a library's pages and API, and give the address; without an `encoder`, the library's own is used."""
    live = LiveLibrary(library, encoder)
    if editing and editing.builds:
        editing.builds.finished = live.refresh
    listener = listen("127.0.0.1", 0)
    app = application(live, policy or AccessPolicy(), summariser=summariser, editing=editing)
    server = uvicorn.Server(server_config(app, protocol))
    thread = Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
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
    """A page like YouTube's player, of which a test reads the state in its body; with a fault it plays nothing.

    It tells its time once the page listens, obeys commands, and tells of a fault if it was asked to.
    """
    return _PLAYER.replace("FAULT", str(fault))


SILENT = "<!doctype html><title>player</title>"
"""A player that answers nothing, as one that the network blocks."""


def state_of_player(page: Page) -> dict[str, float]:
    """What the fake player does: its `time`, its `state` (1 plays, 2 is paused) and its `rate`."""
    told: dict[str, float] = json.loads(page.frame_locator("iframe").locator("body").inner_text())
    return told


def until(page: Page, expression: str) -> None:
    """Wait for an expression to be true; the page's policy forbids what Playwright does for this."""
    for _ in range(600):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(100)
    pytest.fail(f"not within a minute: {expression}")


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
