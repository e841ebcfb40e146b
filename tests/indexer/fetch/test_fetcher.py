"""The polite crawler over real HTTP: responses, refusals and reasons."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from seekpoint.index.errors import Halt, Unfetched
from seekpoint.index.types import State
from seekpoint.indexer.fetch.fetcher import FetchedPage, LeadsToYouTube, PoliteFetcher, Validators
from tests.local_web import LocalWeb, raw_server

PAGES = "https://pages.example"
OTHER = "https://other.example"
YOUTUBE = "https://www.youtube.com"
ARTICLE = "<title>注意力 Attention</title><p>每一步都看整个句子。"
NO_ROBOTS = b"HTTP/1.1 404 -\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
HOUR, DAY, MONTH = 3600.0, 24 * 3600.0, 30 * 24 * 3600.0


def fetcher(
    httpserver: HTTPServer, *, robots: str | None = None, slept: list[float] | None = None, cookies: Path | None = None
) -> PoliteFetcher:
    """A fetcher for which three hosts resolve to the test server, which has `robots` as robots.txt of all."""
    httpserver.expect_request("/robots.txt").respond_with_data(robots or "", 404 if robots is None else 200)
    web = LocalWeb(httpserver.url_for(""), PAGES, OTHER, YOUTUBE, cookies=cookies)
    return PoliteFetcher(web, 3.0, ([] if slept is None else slept).append, lambda: 0.0)


def serve(httpserver: HTTPServer, data: str | bytes = ARTICLE, kind: str = "text/html", **headers: str) -> str:
    """An address on pages.example with this response."""
    http_headers = {name.replace("_", "-"): value for name, value in headers.items()}
    httpserver.expect_request("/page").respond_with_data(data, headers=http_headers, content_type=kind)
    return f"{PAGES}/page"


def redirect(httpserver: HTTPServer, path: str, target: str, status: int = 302) -> str:
    """An address on pages.example that redirects to `target`."""
    httpserver.expect_request(path).respond_with_data("Moved", status, {"Location": target})
    return f"{PAGES}{path}"


def fetched(found: FetchedPage | None) -> FetchedPage:
    assert found is not None
    return found


def failure_of(fetcher: PoliteFetcher, url: str, *, private: bool = False) -> Unfetched:
    """The failure at an address, which is never a Halt."""
    with pytest.raises(Unfetched) as raised:
        fetcher.get(url, private=private)
    assert not isinstance(raised.value, Halt)
    assert raised.value.reason.isprintable() and 10 < len(raised.value.reason) < 200
    return raised.value


def requested(httpserver: HTTPServer) -> list[str]:
    """The requests with their hosts, without those for robots.txt."""
    return [request.host + request.path for request, _ in httpserver.log if request.path != "/robots.txt"]


def test_a_page_is_returned_as_sent(httpserver: HTTPServer) -> None:
    kind = 'Text/HTML; Charset="GBK"'
    url = serve(httpserver, ARTICLE.encode("gbk"), kind, ETag='"v1"', Last_Modified="Tue, 03 Nov 2026 10:00:00 GMT")
    found = fetcher(httpserver).get(url)
    seen = Validators('"v1"', "Tue, 03 Nov 2026 10:00:00 GMT")
    assert found == FetchedPage(ARTICLE.encode("gbk"), "text/html", "gbk", seen, url)
    headers = httpserver.log[-1][0].headers
    assert headers["User-Agent"].startswith("Seekpoint/") and "http" not in headers["User-Agent"]
    assert "text/html" in headers["Accept"] and "application/pdf" in headers["Accept"]
    assert not {"Referer", "Cookie", "Authorization", "If-None-Match", "If-Modified-Since"} & set(headers.keys())


@pytest.mark.parametrize(
    ("kind", "media_type"),
    [
        ("application/xhtml+xml", "application/xhtml+xml"),
        ("application/pdf", "application/pdf"),
        ("text/markdown; charset=utf-8", "text/markdown"),
        ("text/plain", "text/plain"),
        ("text/html, text/html", "text/html"),
        ("application/octet-stream", "application/octet-stream"),
        ("something 奇怪".encode().decode("latin-1"), ""),
        ("", ""),
    ],
)
def test_media_types_of_pages_and_papers_are_read(httpserver: HTTPServer, kind: str, media_type: str) -> None:
    found = fetched(fetcher(httpserver).get(serve(httpserver, "text 文字", kind)))
    assert (found.data.decode(), found.content_type) == ("text 文字", media_type)


@pytest.mark.parametrize("kind", ["image/png", "application/zip", "video/mp4", "application/json", "text/css"])
def test_other_media_types_are_refused_before_the_body(kind: str) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: 1000000000\r\n\r\n"

    def answer(path: str, connection: socket.socket) -> None:
        if path == "/robots.txt":
            connection.sendall(NO_ROBOTS)
        else:
            connection.sendall(head.encode())
            connection.recv(1)

    with raw_server(answer) as root:
        failure = failure_of(PoliteFetcher(LocalWeb(root, PAGES), pace=0), f"{PAGES}/page")
    assert failure.reason.startswith(f"it is {kind}, not a page") and failure.state is State.UNAVAILABLE


def test_an_unchanged_page_is_not_returned(httpserver: HTTPServer) -> None:
    url = serve(httpserver, ETag='W/"v1"')
    httpserver.expect_request("/kept").respond_with_data("", 304)
    modified = "Tue, 03 Nov 2026 10:00:00 GMT"
    pages = fetcher(httpserver)
    assert pages.get(f"{PAGES}/kept", Validators('"v1"', modified)) is None
    headers = httpserver.log[-1][0].headers
    assert (headers["If-None-Match"], headers["If-Modified-Since"]) == ('"v1"', modified)
    assert pages.get(f"{PAGES}/kept", Validators(None, modified)) is None
    assert pages.get(url, Validators('"v1"', None)) is None, "the server sends the same version whole"
    assert fetched(pages.get(url, Validators('"v0"', None))).validators == Validators('W/"v1"', None)
    assert fetched(pages.get(url, Validators(None, None))).data == ARTICLE.encode()
    assert "HTTP 304" in failure_of(pages, f"{PAGES}/kept").reason


def test_redirects_are_followed(httpserver: HTTPServer) -> None:
    redirect(httpserver, "/old", "/讲座/new?x=1#part", 301)
    redirect(httpserver, "/讲座/new", "//other.example/page", 308)
    serve(httpserver)
    slept = list[float]()
    found = fetched(fetcher(httpserver, slept=slept).get(f"{PAGES}/old"))
    assert (found.url, found.data) == (f"{OTHER}/page", ARTICLE.encode())
    assert requested(httpserver) == ["pages.example/old", "pages.example/讲座/new", "other.example/page"]
    assert slept == [3.0], "two requests went to the first host, one to the second"
    assert not any("Referer" in request.headers for request, _ in httpserver.log)


@pytest.mark.parametrize("host", ["www.youtube.com", "WWW.YouTube.com.", "youtu.be", "consent.youtube.com"])
def test_nothing_is_asked_of_youtube(httpserver: HTTPServer, host: str) -> None:
    pages = fetcher(httpserver)
    target = f"https://{host}/watch?v=aaaaaaaaaaa&t=讲"
    for url in (target, redirect(httpserver, "/short", target)):
        with pytest.raises(LeadsToYouTube) as led:
            pages.get(url)
        assert led.value.url.lower() == f"https://{host}/watch?v=aaaaaaaaaaa&t=%e8%ae%b2".lower()
    assert requested(httpserver) == ["pages.example/short"]
    assert not any("youtu" in request.host for request, _ in httpserver.log)
    redirect(httpserver, "/notyoutube", "https://other.example/youtube.com/page")
    httpserver.expect_request("/youtube.com/page").respond_with_data(ARTICLE, content_type="text/html")
    assert fetched(pages.get(f"{PAGES}/notyoutube")).data == ARTICLE.encode()


@pytest.mark.parametrize(
    ("codes", "is_permanent"), [((), True), ((301, 308), True), ((301, 302), False), ((303,), False), ((307,), False)]
)
def test_an_address_is_for_good_if_all_redirects_to_it_are(
    httpserver: HTTPServer, codes: Sequence[int], is_permanent: bool
) -> None:
    url = serve(httpserver)
    for hop, code in enumerate(codes):
        url = redirect(httpserver, f"/{hop}", url, code)
    assert fetched(fetcher(httpserver).get(url)).is_permanent is is_permanent


def test_the_final_address_has_no_fragment(httpserver: HTTPServer) -> None:
    serve(httpserver)
    redirect(httpserver, "/old", "/page#part")
    assert fetched(fetcher(httpserver).get(f"{PAGES}/old")).url == f"{PAGES}/page"


def test_a_chain_of_eight_is_followed_and_one_of_nine_is_not(httpserver: HTTPServer) -> None:
    for hop in range(9):
        redirect(httpserver, f"/{hop}", f"/{hop + 1}")
    httpserver.expect_request("/9").respond_with_data(ARTICLE, content_type="text/html")
    pages = fetcher(httpserver)
    assert fetched(pages.get(f"{PAGES}/1")).url == f"{PAGES}/9"
    failure = failure_of(pages, f"{PAGES}/0")
    assert (failure.state, failure.retry_after) == (State.UNAVAILABLE, MONTH) and "without end" in failure.reason


def test_a_redirect_loop_ends_at_once(httpserver: HTTPServer) -> None:
    redirect(httpserver, "/a", "/b")
    redirect(httpserver, "/b", "/a")
    failure = failure_of(fetcher(httpserver), f"{PAGES}/a")
    assert "without end" in failure.reason and len(requested(httpserver)) == 3


def test_a_cookie_of_the_first_hop_comes_along(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/robots.txt").respond_with_data("", 404)
    httpserver.expect_request("/old").respond_with_data(
        "", 302, {"Location": "http://www.pages.example/page", "Set-Cookie": "ok=1; Domain=pages.example"}
    )
    serve(httpserver)
    web = LocalWeb(httpserver.url_for(""), "http://pages.example", "http://www.pages.example")
    for private in (False, True):
        assert PoliteFetcher(web, pace=0).get("http://pages.example/old", private=private)
        assert httpserver.log[-1][0].headers["Cookie"] == "ok=1"


def test_a_redirect_to_itself_that_sets_a_cookie_is_no_loop(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/page", headers={"Cookie": "ok=1"}).respond_with_data(ARTICLE, content_type="text/html")
    httpserver.expect_request("/page").respond_with_data("", 302, {"Location": "/page", "Set-Cookie": "ok=1"})
    assert fetched(fetcher(httpserver).get(f"{PAGES}/page")).data == ARTICLE.encode()


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1.:{port}",
        "127.1:{port}",
        "[::ffff:7f00:1]",
        "[fe80::1%25eth0]",
        "LOCALHOST.:{port}",
        "me:geheim@127.0.0.1:{port}",
    ],
)
def test_no_redirect_into_a_private_network(host: str) -> None:
    failure, paths = fault_of_trap("http://" + host + "/secret")
    assert "private network" in failure.reason and paths == ["/trap"]


def fault_of_trap(target: str) -> tuple[Unfetched, list[str]]:
    """The failure of an address that redirects to `target`, as spelled, and the requested paths."""
    paths = list[str]()

    def answer(path: str, connection: socket.socket) -> None:
        port = str(connection.getsockname()[1])
        location = target.replace("{port}", port).encode()
        head = b"HTTP/1.1 302 -\r\nLocation: " + location + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        paths.append(path)  # before the answer, after which the test may be over
        connection.sendall(NO_ROBOTS if path == "/robots.txt" else head)

    with raw_server(answer) as root:
        failure = failure_of(PoliteFetcher(LocalWeb(root, PAGES), pace=0), f"{PAGES}/trap")
    assert (failure.state, failure.retry_after) == (State.UNAVAILABLE, MONTH)
    return failure, [path for path in paths if path != "/robots.txt"]


def test_no_redirect_to_a_name_of_a_private_address(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    resolve(monkeypatch, {"inner.example": ["93.184.215.14", "10.0.0.7"], "other.example": ["93.184.215.14"]})
    pages = fetcher(httpserver)
    assert "private network" in failure_of(pages, redirect(httpserver, "/trap", "http://inner.example/secret")).reason
    serve(httpserver)
    assert fetched(pages.get(redirect(httpserver, "/out", f"{OTHER}/page"))).url == f"{OTHER}/page"


def test_a_proxy_resolves_names_itself(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    resolve(monkeypatch, {"inner.example": ["10.0.0.7"]})
    serve(httpserver)
    redirect(httpserver, "/out", "http://inner.example/page")
    redirect(httpserver, "/trap", "http://10.0.0.7/page")
    httpserver.expect_request("/robots.txt").respond_with_data("", 404)
    pages = PoliteFetcher(LocalWeb(proxy=httpserver.url_for("")), pace=0)
    assert fetched(pages.get("http://outer.example/out")).url == "http://inner.example/page"
    assert "private network" in failure_of(pages, "http://outer.example/trap").reason


def resolve(monkeypatch: pytest.MonkeyPatch, names: dict[str, Sequence[str]]) -> None:
    """Resolve names to these addresses."""
    really = socket.getaddrinfo

    def getaddrinfo(host: str, port: Any, *args: Any, **kwargs: Any) -> list[Any]:  # noqa: ANN401
        return [entry for ip in names.get(host, (host,)) for entry in really(ip, port, *args, **kwargs)]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


def test_the_list_itself_may_name_a_private_host(httpserver: HTTPServer) -> None:
    pages = fetcher(httpserver)
    serve(httpserver)
    redirect(httpserver, "/old", httpserver.url_for("/page"))
    assert fetched(pages.get(httpserver.url_for("/old"), private=True)).url == httpserver.url_for("/page")
    redirect(httpserver, "/elsewhere", "http://192.168.1.1/")
    assert "where no redirect may lead" in failure_of(pages, httpserver.url_for("/elsewhere"), private=True).reason


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("file:///etc/passwd", "isn't on the web"),
        ("ftp://files.example/a", "isn't on the web"),
        ("data:text/html,hello", "isn't on the web"),
        ("javascript:alert(1)", "isn't on the web"),
        ("httpfoo://pages.example/", "isn't on the web"),
        ("http://[::1", "isn't an address"),
        ("http://pages.example:99999999/", "isn't an address"),
        ("http:///nowhere", "isn't an address"),
        ("http://讲座..example/", "isn't an address"),
        ("http://①②⑦.0.0.1/", "isn't an address"),
        ("http://.example/", "isn't an address"),
    ],
)
def test_a_redirect_to_no_address_is_refused(target: str, words: str) -> None:
    failure, paths = fault_of_trap(target)
    assert words in failure.reason and paths == ["/trap"]


@pytest.mark.parametrize("url", ["http://[half/", "http://pages.example:port/", "https://", "http://*.example/a"])
def test_an_invalid_address_on_the_list(httpserver: HTTPServer, url: str) -> None:
    assert "isn't an address" in failure_of(fetcher(httpserver), url).reason


def test_cookies_and_credentials_are_sent_to_their_host_only(httpserver: HTTPServer, tmp_path: Path) -> None:
    jar = tmp_path / "cookies.txt"
    jar.write_text("# Netscape HTTP Cookie File\n.youtube.com\tTRUE\t/\tTRUE\t4102444800\tSID\tsecret\n")
    pages = fetcher(httpserver, cookies=jar)
    httpserver.expect_request("/private").respond_with_data(
        "", 302, {"Location": f"{PAGES}/page", "Set-Cookie": "visit=1"}
    )
    serve(httpserver)
    pages.get(httpserver.url_for("/private").replace("://", "://me:geheim@"), private=True)
    sent = {
        request.host: (request.headers.get("Cookie"), request.headers.get("Authorization"))
        for request, _ in httpserver.log
        if request.path != "/robots.txt"
    }
    assert sent == {
        httpserver.url_for("/").split("/")[2]: (None, "Basic bWU6Z2VoZWlt"),
        "pages.example": (None, None),
    }


def test_robots_txt_is_fetched_once_and_obeyed_after_redirects_too(httpserver: HTTPServer) -> None:
    rules = "User-agent: *\nDisallow: /closed\n"
    httpserver.expect_request("/robots.txt", headers={"Host": "other.example"}).respond_with_data(rules)
    serve(httpserver)
    slept = list[float]()
    pages = fetcher(httpserver, slept=slept)
    failure = failure_of(pages, redirect(httpserver, "/out", f"{OTHER}/closed"))
    assert (failure.state, failure.retry_after) == (State.UNAVAILABLE, MONTH)
    assert "robots.txt asks programs not to read it" in failure.reason
    failure_of(pages, f"{OTHER}/closed/too")
    assert fetched(pages.get(f"{OTHER}/page")).data == ARTICLE.encode()
    assert requested(httpserver) == ["pages.example/out", "other.example/page"]
    assert [request.host for request, _ in httpserver.log if request.path == "/robots.txt"] == [
        "pages.example",
        "other.example",
    ]
    assert slept == []


@pytest.mark.parametrize(("asked_for", "kept"), [("1", 3.0), ("10", 10.0), ("100", 30.0)])
def test_the_crawl_delay_applies_if_it_is_longer_than_the_pace(
    httpserver: HTTPServer, asked_for: str, kept: float
) -> None:
    url, slept = serve(httpserver), list[float]()
    pages = fetcher(httpserver, robots=f"User-agent: *\nCrawl-delay: {asked_for}", slept=slept)
    for _ in range(3):
        pages.get(url)
    assert slept == [kept, kept]
    pages.get(f"{OTHER}/page")
    assert slept == [kept, kept], "another host needn't wait"


def test_nothing_is_fetched_while_robots_txt_fails(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/robots.txt", headers={"Host": "pages.example"}).respond_with_data("", 500)
    url = serve(httpserver)
    pages = fetcher(httpserver)
    for _ in range(2):
        failure = failure_of(pages, url)
        assert (failure.state, failure.retry_after) == (State.DEFERRED, HOUR)
        assert failure.reason.startswith("its robots.txt can't be read just now") and "HTTP 500" in failure.reason
    assert requested(httpserver) == [] and len(httpserver.log) == 3
    assert fetched(pages.get(f"{OTHER}/page")).data == ARTICLE.encode()


def test_robots_txt_may_redirect_and_have_any_media_type(httpserver: HTTPServer) -> None:
    robots = httpserver.expect_request("/robots.txt", headers={"Host": "pages.example"})
    robots.respond_with_data("", 301, {"Location": f"{OTHER}/robots.json"})
    rules = "User-agent: Seekpoint\nDisallow: /page"
    httpserver.expect_request("/robots.json").respond_with_data(rules, content_type="application/json")
    assert "robots.txt asks" in failure_of(fetcher(httpserver), serve(httpserver)).reason


@pytest.mark.parametrize(
    ("status", "state", "retry_after", "words"),
    [
        (404, State.UNAVAILABLE, MONTH, "nothing is there (HTTP 404): check the address"),
        (410, State.UNAVAILABLE, MONTH, "it is gone (HTTP 410)"),
        (401, State.UNAVAILABLE, MONTH, "it takes a login or refuses programs (HTTP 401): save it in a browser"),
        (403, State.UNAVAILABLE, MONTH, "(HTTP 403): save it in a browser and use that file"),
        (407, State.UNAVAILABLE, MONTH, "(HTTP 407)"),
        (451, State.UNAVAILABLE, MONTH, "it is withheld for legal reasons (HTTP 451)"),
        (418, State.UNAVAILABLE, MONTH, "its server doesn't give it (HTTP 418)"),
        (202, State.UNAVAILABLE, MONTH, "its server doesn't give it (HTTP 202)"),
        (300, State.UNAVAILABLE, MONTH, "its server doesn't give it (HTTP 300)"),
        (408, State.DEFERRED, HOUR, "(HTTP 408)"),
        (429, State.DEFERRED, HOUR, "pages.example wants fewer requests (HTTP 429)"),
        (500, State.DEFERRED, HOUR, "its server has a fault of its own (HTTP 500)"),
        (503, State.DEFERRED, HOUR, "(HTTP 503)"),
    ],
)
def test_every_refusal_has_a_state_and_a_reason(
    httpserver: HTTPServer, status: int, state: State, retry_after: float, words: str
) -> None:
    httpserver.expect_request("/page").respond_with_data("<p>Sorry", status, content_type="text/html")
    failure = failure_of(fetcher(httpserver), f"{PAGES}/page")
    assert (failure.state, failure.retry_after) == (state, retry_after) and words in failure.reason
    assert len(requested(httpserver)) == (3 if status >= 500 else 1)


def test_a_transient_fault_is_retried(httpserver: HTTPServer) -> None:
    httpserver.expect_oneshot_request("/page").respond_with_data("", 502)
    slept = list[float]()
    assert fetched(fetcher(httpserver, slept=slept).get(serve(httpserver))).data == ARTICLE.encode()
    assert slept == [3.0], "to try again is a request too"


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("pause", "least", "most"),
    [
        ("120", 120, 120),
        ("0", 0, 0),
        ("9" * 5000, HOUR, DAY),
        ("31536000", DAY, DAY),
        (timedelta(hours=5), 4 * HOUR, 5 * HOUR),
        (timedelta(hours=-5), 0, 0),
        ("soon 稍后".encode().decode("latin-1"), HOUR, HOUR),
    ],
    ids=lambda value: str(value)[:20],
)
def test_retry_after_sets_the_wait(
    httpserver: HTTPServer, status: int, pause: str | timedelta, least: float, most: float
) -> None:
    if isinstance(pause, timedelta):
        pause = format_datetime(datetime.now(UTC) + pause, usegmt=True)
    httpserver.expect_request("/page").respond_with_data("", status, {"Retry-After": pause})
    failure = failure_of(fetcher(httpserver), f"{PAGES}/page")
    assert failure.state is State.DEFERRED and failure.retry_after is not None
    assert least <= failure.retry_after <= most


def test_a_host_that_asks_for_a_pause_gets_no_further_requests(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/busy").respond_with_data("", 429, {"Retry-After": "120"})
    url, pages = serve(httpserver), fetcher(httpserver)
    assert failure_of(pages, f"{PAGES}/busy").reason == failure_of(pages, url).reason
    assert requested(httpserver) == ["pages.example/busy"]
    assert fetched(pages.get(f"{OTHER}/page")).data == ARTICLE.encode()


@pytest.mark.parametrize("body", [b"", b" \r\n\t "])
def test_an_empty_page_is_reported(httpserver: HTTPServer, body: bytes) -> None:
    failure = failure_of(fetcher(httpserver), serve(httpserver, body))
    assert (failure.state, failure.retry_after) == (State.UNAVAILABLE, MONTH) and "nothing on it" in failure.reason


def test_a_page_has_thirty_megabytes_at_most_and_a_paper_a_hundred(httpserver: HTTPServer) -> None:
    pages = fetcher(httpserver)
    failure = failure_of(pages, serve(httpserver, b"x" * 31_000_000))
    assert (failure.state, failure.retry_after) == (State.UNAVAILABLE, MONTH) and "more than 30 MB" in failure.reason
    httpserver.expect_request("/paper").respond_with_data(b"x" * 31_000_000, content_type="application/pdf")
    assert len(fetched(pages.get(f"{PAGES}/paper")).data) == 31_000_000


def test_an_undecodable_body_is_deferred(httpserver: HTTPServer) -> None:
    failure = failure_of(fetcher(httpserver), serve(httpserver, b"no gzip", Content_Encoding="gzip"))
    assert failure.state is State.DEFERRED and "can't be unpacked" in failure.reason


@pytest.mark.parametrize("half", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n<p>", b"SSH-2.0-OpenSSH\r\n"])
def test_a_truncated_response_is_a_failure(half: bytes) -> None:
    def answer(path: str, connection: socket.socket) -> None:
        connection.sendall(NO_ROBOTS if path == "/robots.txt" else half)

    with raw_server(answer) as root:
        failure = failure_of(PoliteFetcher(LocalWeb(root, PAGES), pace=0), f"{PAGES}/page")
    assert (failure.state, failure.retry_after) == (State.DEFERRED, HOUR)
    assert "the connection to pages.example fails" in failure.reason


def test_an_unreachable_host_gets_no_further_requests(httpserver: HTTPServer) -> None:
    slept = list[float]()
    pages = PoliteFetcher(LocalWeb("http://127.0.0.1:1", PAGES), 3.0, slept.append, lambda: 0.0)
    first, second = failure_of(pages, f"{PAGES}/a"), failure_of(pages, f"{PAGES}/b")
    assert first.reason == second.reason and first.reason.startswith("the connection to pages.example fails")
    assert (second.state, second.retry_after) == (State.DEFERRED, HOUR)
    httpserver.expect_request("/robots.txt").respond_with_data("", 404)
    serve(httpserver)
    assert fetched(pages.get(httpserver.url_for("/page"), private=True)).data == ARTICLE.encode()


def test_an_unknown_host_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def getaddrinfo(*_args: object, **_kwargs: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    failure = failure_of(PoliteFetcher(LocalWeb(), pace=0), "https://讲座.example/a")
    assert failure.state is State.DEFERRED and "the connection to xn--" in failure.reason
