"""The server of `seekpoint serve` in a thread, and a browser whose requests to other hosts are recorded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import uvicorn

from seekpoint.index.types import Encoder
from seekpoint.query.serving.live_library import LiveLibrary
from seekpoint.query.web.app import application
from seekpoint.query.web.editing import Editing
from seekpoint.query.web.security import AccessPolicy
from seekpoint.query.web.server import BoundedProtocol, listen, server_config
from tests.fakes import TopicEncoder

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

_TOPICS = TopicEncoder()


@contextmanager
def served(
    library: Path,
    policy: AccessPolicy | None = None,
    encoder: Encoder | None = _TOPICS,
    protocol: type[BoundedProtocol] = BoundedProtocol,
    editing: Editing | None = None,
) -> Iterator[str]:
    """Serve a library's pages and API, and give the address; without an `encoder`, the library's own is used."""
    live = LiveLibrary(library, encoder)
    listener = listen("127.0.0.1", 0)
    server = uvicorn.Server(server_config(application(live, policy or AccessPolicy(), editing), protocol))
    thread = Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
        live.close()


def without_others(page: Page, own: str) -> list[str]:
    """Record the addresses that a page requests from other hosts; a fake player stands in for YouTube's."""
    asked: list[str] = []

    def answer(route: Route) -> None:
        if route.request.url.startswith(own):
            route.continue_()
            return
        asked.append(route.request.url)
        route.fulfill(content_type="text/html", body=_PLAYER)

    page.route("**/*", answer)
    return asked


# Like YouTube's player, it reports its time once the page listens, and seeks when it is asked to.
_PLAYER = """<!doctype html><title>player</title><script>
let time = Number(new URLSearchParams(location.search).get("start"))
addEventListener("message", (message) => {
    const said = JSON.parse(message.data)
    if (said.func === "seekTo") time = said.args[0]
    parent.postMessage(JSON.stringify({event: "infoDelivery", info: {currentTime: time}}), "*")
})
</script>"""
