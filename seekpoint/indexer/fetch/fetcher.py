"""Fetches lists, pages and papers: redirects, retries, robots.txt, crawl delay, Retry-After, conditional requests."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from typing import NamedTuple
from urllib.parse import urldefrag, urljoin, urlsplit

import requests
from protego import Protego
from requests.cookies import RequestsCookieJar
from urllib3.exceptions import HTTPError, MaxRetryError

from seekpoint.file_formats import DOCUMENTS
from seekpoint.index.errors import Unfetched
from seekpoint.index.reasons import Reason
from seekpoint.index.types import State
from seekpoint.indexer.fetch.http_session import Limit, Web
from seekpoint.indexer.fetch.retries import (
    CONNECTION_ERRORS,
    DAY,
    HOUR,
    MONTH,
    RETRY_TWICE,
    Pace,
    PrivateAddress,
    PrivateNetwork,
    ResponseTooLarge,
    ServerFault,
    is_transient,
    pause_of,
    status_of,
)
from seekpoint.video_sites import video_or_playlist

TOKEN = "Seekpoint"
"""Our product token in robots.txt."""

_LONGEST_DELAY = 30.0
_MOST_BYTES = 512_000  # RFC 9309, 2.5: at least 500 KiB


class Robots:
    """The rules of each origin, fetched once.

    `fetch` returns the body at an address, or raises Unfetched; it is also told whether the address may be in a private
    network.
    """

    def __init__(self, fetch: Callable[[str, bool], bytes]) -> None:
        self._fetch = fetch
        self._rules: dict[str, Protego | Unfetched] = {}

    def check(self, url: str, private: bool = False) -> float:
        """The crawl delay in seconds; raises Unfetched if the address is disallowed, or in a private network."""
        origin = origin_of(url)
        rules = self._rules.get(origin)
        if rules is None:
            try:
                data = self._fetch(f"{origin}/robots.txt", private)
                rules = Protego.parse(data[:_MOST_BYTES].decode("utf-8-sig", "replace"))
            except PrivateNetwork:
                raise
            except ServerFault as failure:
                rules = failure
            except Unfetched as error:
                rules = Protego.parse("")
                if error.state is State.DEFERRED:
                    rules = Unfetched(error.state, Reason("robots_unreadable", reason=error.reason), error.retry_after)
            self._rules[origin] = rules
        if isinstance(rules, Unfetched):
            raise rules
        if not rules.can_fetch(url, TOKEN):
            raise Unfetched(State.UNAVAILABLE, Reason("robots_forbid"), MONTH)
        return min(rules.crawl_delay(TOKEN) or 0.0, _LONGEST_DELAY)


def origin_of(url: str) -> str:
    """Scheme, host and port of an address, without credentials."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


_HEADERS = {
    "User-Agent": f"{TOKEN}/{version('seekpoint')} (indexes a reading list for its reader)",
    "Accept": "text/html,application/xhtml+xml,application/pdf,text/markdown;q=0.9,text/plain;q=0.9,*/*;q=0.5",
}
_MOST_OF_A_PAGE = 30_000_000
_MOST_OF_A_FILE = 100_000_000
# Bytes of answers that are kept, in case another address leads to the same one.
_MOST_KEPT = 20_000_000

_MOST_REDIRECTS = 8
_KEEP_METHOD = (307, 308)
_OF_THE_HOST = {"authorization", "cookie"}
_YOUTUBE = (".youtube.com", ".youtu.be", ".youtube-nocookie.com")

_SUCCESS = (200, 203)
_PARTIAL = 206
_CONTENT_RANGE = re.compile(r"bytes (\d{1,15})-\d{1,15}/(\d{1,15})", re.ASCII)
_OVERLOADED = (429, 503)
_TRANSIENT = (408, 425)
_FILES = frozenset({"application/zip", *(name for form in DOCUMENTS if not form.is_text for name in form.media_types)})
_UNKNOWN = frozenset({"", "application/octet-stream", "binary/octet-stream"})
_PAGE = re.compile(r"text/(?:html|plain|(?:x-)?markdown|xml|[\w.-]+\+xml)|application/(?:xml|[\w.-]+\+xml)")
_MEDIA_TYPE = re.compile(r"\s*([\w!#$&^.+-]+/[\w!#$&^.+-]+)\s*(?:[;,]|\Z)", re.ASCII)
_CHARSET = re.compile(r";\s*charset\s*=\s*[\"']?([\w.:-]+)", re.ASCII | re.IGNORECASE)

_REFUSALS = {
    **dict.fromkeys((401, 403, 407), "login_needed"),
    404: "nothing_there",
    410: "gone",
    451: "withheld",
}
_CONNECTION_FAILURES: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...] = (
    (requests.exceptions.ProxyError, "proxy_fails"),
    (requests.exceptions.SSLError, "host_untrusted"),
    (requests.Timeout, "host_slow"),
    (requests.exceptions.ContentDecodingError, "host_garbles"),
    (CONNECTION_ERRORS, "host_unreachable"),
)


@dataclass(frozen=True, slots=True)
class Validators:
    """A response's validators (RFC 9110, 8.8): ETag and Last-Modified."""

    etag: str | None
    modified: str | None


@dataclass(frozen=True, slots=True)
class FetchedPage:
    """A response body; `url` is its address after redirects, which is for good if all of them are permanent.

    `content_type` is the media type in lower case, empty if not declared; `charset` is the declared one.
    """

    data: bytes
    content_type: str
    charset: str | None
    validators: Validators
    url: str
    is_permanent: bool = True


class LeadsToVideo(Unfetched):
    """An address is a video's, which only the clients for its site ask, such as those for YouTube, with its pauses."""

    def __init__(self, url: str) -> None:
        super().__init__(State.UNAVAILABLE, Reason("no_video_page"), MONTH)
        self.url = url


class Hop(NamedTuple):
    """A request of one address, in a private network only if `private`."""

    url: str
    headers: Mapping[str, str]
    private: bool
    method: str = "GET"
    data: bytes | None = None


class FilePart(NamedTuple):
    """Bytes of a file from byte `first` on, and the size, the ETag and the media type of the whole."""

    data: bytes
    first: int
    size: int
    etag: str
    media_type: str


class Fetcher:
    """Fetches sources that the user named, such as a list, up to `limit` bytes; for one thread.

    A host that can't be reached or asks for a pause gets no further requests. With a jar of `cookies`, these alone are
    sent and kept.
    """

    def __init__(self, web: Web, limit: Limit, cookies: RequestsCookieJar | None = None) -> None:
        self._sessions = [web.session(limit, private=private) for private in (False, True)]
        for session in self._sessions:
            session.headers.update(_HEADERS)
            session.cookies = session.cookies if cookies is None else cookies
        self._failed_origins: dict[str, ServerFault] = {}
        # The addresses that were found in a private network.
        self._private: set[str] = set()

    def get(self, url: str, validators: Validators | None = None, *, private: bool = False) -> FetchedPage | None:
        """Fetch an address, in a private network only if `private`; raises Unfetched, never Halt.

        `None` if its version is still the one of `validators`.
        """
        conditions = {"If-None-Match": validators.etag, "If-Modified-Since": validators.modified} if validators else {}
        response = self.follow(Hop(url, {name: value for name, value in conditions.items() if value}, private))
        if _is_not_modified(response):
            # A page that has moved for good is wanted whole, at its new address.
            return self.get(url, private=private) if response.history and _is_permanent(response) else None
        if response.status_code not in _SUCCESS:
            raise refusal(response.status_code)
        if not response.content.strip():
            raise Unfetched(State.UNAVAILABLE, Reason("nothing_on_it"), MONTH)
        charset = _CHARSET.search(response.headers.get("Content-Type", ""))
        return FetchedPage(
            response.content,
            _media_type(response),
            charset[1].lower() if charset else None,
            Validators(response.headers.get("ETag"), response.headers.get("Last-Modified")),
            urldefrag(response.url).url,
            _is_permanent(response),
        )

    def get_part(self, url: str, first: int, size: int, *, private: bool = False) -> FilePart:
        """Fetch `size` bytes of a file from byte `first` on; raises Unfetched.

        A server that doesn't give parts gives the whole file, which then begins at 0.
        """
        # Of a compressed answer, the bytes would be others.
        headers = {"Range": f"bytes={first}-{first + size - 1}", "Accept-Encoding": "identity"}
        response = self.follow(Hop(url, headers, private))
        if response.status_code not in (*_SUCCESS, _PARTIAL):
            raise refusal(response.status_code)
        if not response.content:
            raise Unfetched(State.UNAVAILABLE, Reason("nothing_on_it"), MONTH)
        media_type, etag = _media_type(response), response.headers.get("ETag", "")
        if response.status_code != _PARTIAL:
            return FilePart(response.content, 0, len(response.content), etag, media_type)
        sent = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
        if not sent or int(sent[1]) != first:
            raise Unfetched(State.DEFERRED, Reason("server_fault", status=response.status_code), DAY)
        return FilePart(response.content, first, int(sent[2]), etag, media_type)

    def follow(self, first: Hop) -> requests.Response:
        """Ask and follow redirects, which are the response's history.

        Raises Unfetched, and LeadsToVideo before anything is asked of YouTube. A private first address may redirect
        within its server alone: no redirect must lead from the web into a private network.
        """
        hop = first = first._replace(url=_normalised(first.url))
        visited = set[tuple[str, str | None]]()
        history: list[requests.Response] = []
        while len(history) <= _MOST_REDIRECTS:
            if f".{urlsplit(hop.url).hostname}".rstrip(".").endswith(_YOUTUBE):
                raise LeadsToVideo(hop.url)
            try:
                response = self._ask(hop)
            except PrivateNetwork as refused:
                if hop.private or history:
                    raise Unfetched(State.UNAVAILABLE, Reason("redirect_private"), MONTH) from refused
                raise
            if not response.is_redirect:
                response.history = history
                return response
            history.append(response)
            # A second visit is no loop if it brings another cookie.
            visit = (hop.url, response.request.headers.get("Cookie"))
            if visit in visited:
                break
            visited.add(visit)
            try:
                target = _normalised(urljoin(response.url, self._sessions[0].get_redirect_target(response)))
            except ValueError as error:
                raise Unfetched(State.UNAVAILABLE, Reason("no_address"), MONTH) from error
            is_own = is_same_server(target, first.url)
            own = {name: value for name, value in first.headers.items() if is_own or name.lower() not in _OF_THE_HOST}
            hop = hop._replace(url=target, headers=own, private=hop.private and is_own)
            if response.status_code not in _KEEP_METHOD and hop.method != "HEAD":
                hop = hop._replace(method="GET", data=None)
        raise Unfetched(State.UNAVAILABLE, Reason("redirects_endless"), MONTH)

    def _pace_of(self, hop: Hop) -> Pace:
        return Pace(0.0)

    def _ask(self, hop: Hop) -> requests.Response:
        pace, origin = self._pace_of(hop), origin_of(hop.url)
        if fault := self._failed_origins.get(origin):
            raise fault
        try:
            return RETRY_TWICE(is_transient, self._send, hop, pace)
        except ServerFault as fault:
            self._failed_origins[origin] = fault
            raise
        except (requests.RequestException, HTTPError, ValueError) as error:
            failure = _failure_of(error, urlsplit(hop.url).hostname or "")
            if isinstance(failure, ServerFault):
                self._failed_origins[origin] = failure
            raise failure from error

    def _send(self, hop: Hop, pace: Pace) -> requests.Response:
        with pace.turn():
            # Sessions of their own: a connection into a private network mustn't serve requests that may not go there.
            for session in self._sessions[: 1 + hop.private]:
                with suppress(PrivateAddress):
                    response = session.request(
                        hop.method, hop.url, headers=hop.headers, data=hop.data, allow_redirects=False
                    )
                    if session is not self._sessions[0]:
                        self._private.add(hop.url)
                    break
            else:
                raise PrivateNetwork(State.UNAVAILABLE, Reason("private_network"))
        status, pause = response.status_code, pause_of(response)
        if status == requests.codes.too_many_requests or (status in _OVERLOADED and pause is not None):
            reason = Reason("fewer_requests", host=urlsplit(hop.url).hostname, status=status)
            raise ServerFault(State.DEFERRED, reason, HOUR if pause is None else pause)
        if status >= 400:
            raise requests.HTTPError(response=response)
        return response


class PoliteFetcher(Fetcher):
    """Fetches what a list names: as robots.txt allows, `pace` seconds apart at the same host.

    The default `limit` is that of pages and papers. An address that several lead to is asked once, unless 20 MB came
    after it.
    """

    def __init__(
        self,
        web: Web,
        pace: float = 3.0,
        sleep: Callable[[float], object] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        limit: Limit | None = None,
    ) -> None:
        super().__init__(web, limit or _limit_of)
        rules = Fetcher(web, lambda _: _MOST_OF_A_PAGE)
        self._robots = Robots(lambda url, private: page.data if (page := rules.get(url, private=private)) else b"")
        self._pace = pace
        self._new_pace = partial(Pace, sleep=sleep, clock=clock, jitter=0.0)
        self._paces: dict[str, Pace] = {}
        # Answers and failures by address, and by whether only who may ask a private network gets them.
        self._known: dict[tuple[str, bool], requests.Response | Unfetched] = {}
        self._asked: list[tuple[str, requests.Response]] = []

    def follow(self, first: Hop) -> requests.Response:
        self._asked.clear()
        response = super().follow(first)
        if len(dict(self._asked)) == len(self._asked):  # else a cookie changes the answer
            for address, answer in self._asked:
                key = address, address in self._private
                if answer.is_redirect or (answer.status_code in _SUCCESS and not _is_not_modified(answer)):
                    self._known[key] = answer
        sizes = {key: len(each.content) for key, each in self._known.items() if isinstance(each, requests.Response)}
        excess = sum(sizes.values()) - _MOST_KEPT
        for key, size in sizes.items():
            if excess > 0 and size:
                del self._known[key]
                excess -= size
        return response

    def _ask(self, hop: Hop) -> requests.Response:
        url, private = hop.url, hop.private
        if video_or_playlist(urlsplit(url)):  # its page has no article
            raise LeadsToVideo(url)
        known = self._known.get((url, False)) or (self._known.get((url, True)) if private else None)
        if isinstance(known, Unfetched):
            raise known
        if known is not None:
            return known
        try:
            response = super()._ask(hop)
        except PrivateNetwork:
            raise
        except Unfetched as failure:
            self._known[url, private] = failure
            raise
        self._asked.append((url, response))
        return response

    def _pace_of(self, hop: Hop) -> Pace:
        """The pace of the address's host; raises Unfetched if its robots.txt disallows the address."""
        delay = self._robots.check(hop.url, hop.private)
        return self._paces.setdefault(urlsplit(hop.url).hostname or "", self._new_pace(max(self._pace, delay)))


def _limit_of(response: requests.Response) -> int:
    """The bytes to read of a response, by its media type; raises Unfetched if it is neither a page nor a document."""
    if response.status_code not in _SUCCESS or _is_not_modified(response):
        return 0
    media_type = _media_type(response)
    if media_type in _FILES | _UNKNOWN:
        return _MOST_OF_A_FILE
    if not _PAGE.fullmatch(media_type):
        raise Unfetched(State.UNAVAILABLE, Reason("no_page", media_type=media_type), MONTH)
    return _MOST_OF_A_PAGE


def _is_not_modified(response: requests.Response) -> bool:
    """Whether the version is still the requested one. Some servers send it again with status 200 and the same ETag."""
    request_headers = response.request.headers
    if response.status_code == requests.codes.not_modified:
        return "If-None-Match" in request_headers or "If-Modified-Since" in request_headers
    etag = response.headers.get("ETag", "").removeprefix("W/")
    return (
        bool(etag)
        and response.status_code in _SUCCESS
        and request_headers.get("If-None-Match", "").removeprefix("W/") == etag
    )


def _is_permanent(response: requests.Response) -> bool:
    return all(hop.is_permanent_redirect for hop in response.history)


def _media_type(response: requests.Response) -> str:
    media_type = _MEDIA_TYPE.match(response.headers.get("Content-Type", ""))
    return media_type[1].lower() if media_type else ""


def _failure_of(error: Exception, host: str) -> Unfetched:
    """The failure that an exception means: a ServerFault if it concerns the host, else Unfetched."""
    if status := status_of(error):
        return refusal(status)
    if isinstance(error, ResponseTooLarge):
        return Unfetched(State.UNAVAILABLE, Reason("page_too_large", size=error), MONTH)
    for kind, code in _CONNECTION_FAILURES:
        if isinstance(error, kind):
            is_unreachable = bool(error.args) and isinstance(error.args[0], MaxRetryError)
            reason = Reason(code) if code == "proxy_fails" else Reason(code, host=host)
            return (ServerFault if is_unreachable else Unfetched)(State.DEFERRED, reason, HOUR)
    return Unfetched(State.UNAVAILABLE, Reason("no_address"), MONTH)


def refusal(status: int) -> Unfetched:
    """The failure that an HTTP status from 400 on means."""
    if status >= 500 or status in _TRANSIENT:
        return Unfetched(State.DEFERRED, Reason("server_fault", status=status), HOUR)
    return Unfetched(State.UNAVAILABLE, Reason(_REFUSALS.get(status, "not_given"), status=status), MONTH)


def is_same_server(url: str, other: str) -> bool:
    """Whether `url` has the host and port of `other`, or is the https form of it; False for invalid URLs."""
    try:
        own, origin = origin_of(url), origin_of(other)
    except ValueError:
        return False
    return own in (origin, origin.replace("http:", "https:", 1))


def _normalised(url: str) -> str:
    """The address exactly as requests will send it, so that its host can be checked."""
    try:
        if urlsplit(url).scheme not in ("http", "https"):
            raise Unfetched(State.UNAVAILABLE, Reason("not_on_the_web"), MONTH)
        address = requests.Request("GET", url).prepare().url or ""
        urlsplit(address).port  # noqa: B018
    except (requests.RequestException, ValueError) as error:
        raise Unfetched(State.UNAVAILABLE, Reason("no_address"), MONTH) from error
    return address
