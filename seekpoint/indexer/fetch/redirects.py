"""Follows redirects, and refuses those into private networks (SSRF)."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urljoin, urlsplit

import requests

from seekpoint.index.errors import Unfetched
from seekpoint.index.types import State
from seekpoint.indexer.fetch.retries import MONTH, PrivateNetwork
from seekpoint.indexer.fetch.robots import origin_of

_MOST_REDIRECTS = 8
_YOUTUBE = (".youtube.com", ".youtu.be", ".youtube-nocookie.com")
_ENDLESS = "it leads from one address to the next without end: check it"
BROKEN = "it isn't an address, or leads to what is none: check it"
_NOT_ON_THE_WEB = "it leads to what isn't on the web: use the file itself"
_NO_VIDEO = "a page of YouTube that is neither video, playlist nor channel: list the address of one"
_PRIVATE = "it leads into a private network, where no redirect may lead: check it"


class LeadsToYouTube(Unfetched):
    """An address is one of YouTube, which only the clients for YouTube ask: they keep its pauses."""

    def __init__(self, url: str) -> None:
        super().__init__(State.UNAVAILABLE, _NO_VIDEO, MONTH)
        self.url = url


def follow(
    url: str, session: requests.Session, ask: Callable[[str, bool], requests.Response], *, private: bool
) -> requests.Response:
    """Request `url` by `ask` and follow its redirects, which are the response's history.

    Raises Unfetched, LeadsToYouTube before anything is asked of YouTube, and what `ask` raises. `ask` is also told
    whether the address may be in a private network. Only `url` may, if `private`, and redirects within its server: none
    must lead from the web into a private network.
    """
    first = hop = _normalised(url)
    visited = set[tuple[str, str | None]]()
    history: list[requests.Response] = []
    while len(history) <= _MOST_REDIRECTS:
        if f".{urlsplit(hop).hostname}".rstrip(".").endswith(_YOUTUBE):
            raise LeadsToYouTube(hop)
        try:
            response = ask(hop, private)
        except PrivateNetwork as refused:
            if private or history:
                raise Unfetched(State.UNAVAILABLE, _PRIVATE, MONTH) from refused
            raise
        if not response.is_redirect:
            response.history = history
            return response
        history.append(response)
        # A second visit is no loop if it brings another cookie.
        visit = (hop, response.request.headers.get("Cookie"))
        if visit in visited:
            break
        visited.add(visit)
        hop = _next_hop(response, session)
        private = private and is_same_server(hop, first)
    raise Unfetched(State.UNAVAILABLE, _ENDLESS, MONTH)


def is_same_server(url: str, other: str) -> bool:
    """Whether `url` has the host and port of `other`, or is its https; not so for what is no address."""
    try:
        own, origin = origin_of(url), origin_of(other)
    except ValueError:
        return False
    return own in (origin, origin.replace("http:", "https:", 1))


def _next_hop(response: requests.Response, session: requests.Session) -> str:
    try:
        target = urljoin(response.url, session.get_redirect_target(response))
    except ValueError as error:
        raise Unfetched(State.UNAVAILABLE, BROKEN, MONTH) from error
    return _normalised(target)


def _normalised(url: str) -> str:
    """The address exactly as requests will send it, so that its host can be checked."""
    try:
        if urlsplit(url).scheme not in ("http", "https"):
            raise Unfetched(State.UNAVAILABLE, _NOT_ON_THE_WEB, MONTH)
        address = requests.Request("GET", url).prepare().url or ""
        urlsplit(address).port  # noqa: B018
    except (requests.RequestException, ValueError) as error:
        raise Unfetched(State.UNAVAILABLE, BROKEN, MONTH) from error
    return address
