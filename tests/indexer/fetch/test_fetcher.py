"""The polite crawler over real HTTP: responses, refusals and reasons."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from time import thread_time
from urllib.parse import quote, unquote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pytest_httpserver import HTTPServer

from seekpoint.hosts import Address
from seekpoint.index.errors import Halt, Unfetched
from seekpoint.index.types import State
from seekpoint.indexer.fetch.fetcher import FetchedPage, LeadsToVideo, PoliteFetcher, Robots, Validators
from tests import fuzzing
from tests.fuzzing import is_line
from tests.local_web import LocalNetwork, LocalWeb, raw_server

PAGES = "https://pages.example"
OTHER = "https://other.example"
YOUTUBE = "https://www.youtube.com"
ARTICLE = "<title>注意力 Attention</title><p>每一步都看整个句子。"
NO_ROBOTS = b"HTTP/1.1 404 -\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
HOUR, DAY, MONTH = 3600.0, 24 * 3600.0, 30 * 24 * 3600.0
GONE, LATER = (State.UNAVAILABLE, MONTH), (State.DEFERRED, HOUR)


def fetcher(httpserver: HTTPServer, *, robots: str | None = None, slept: list[float] | None = None) -> PoliteFetcher:
    """A fetcher for which three hosts resolve to the test server, which has `robots` as robots.txt of all."""
    httpserver.expect_request("/robots.txt").respond_with_data(robots or "", 404 if robots is None else 200)
    web = LocalWeb(httpserver.url_for(""), PAGES, OTHER, YOUTUBE)
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


def fetched(page: FetchedPage | None) -> FetchedPage:
    assert page is not None
    return page


def failure_of(
    fetcher: PoliteFetcher, url: str, expected: tuple[State, float] | None = None, *, private: bool = False
) -> Unfetched:
    """The failure at an address, which is never a Halt, with the `expected` state and wait."""
    with pytest.raises(Unfetched) as raised:
        fetcher.get(url, private=private)
    assert not isinstance(raised.value, Halt)
    assert expected in (None, (raised.value.state, raised.value.retry_after))
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


def test_other_media_types_than_of_pages_and_papers_are_refused_before_the_body() -> None:
    read = {
        "application/xhtml+xml": "application/xhtml+xml",
        "text/markdown; charset=utf-8": "text/markdown",
        "text/html, text/html": "text/html",
        "application/octet-stream": "application/octet-stream",
        "奇怪": "",
        "": "",
    }

    def answer(path: str, connection: socket.socket) -> None:
        kind = unquote(path[1:])
        length, body = (6, "文字") if kind in read else (1_000_000_000, "")
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n{body}"
        connection.sendall(NO_ROBOTS if path == "/robots.txt" else head.encode())
        connection.recv(1)

    with raw_server(answer) as root:
        pages = PoliteFetcher(LocalWeb(root, PAGES), pace=0)
        for kind, media_type in read.items():
            found = fetched(pages.get(f"{PAGES}/{quote(kind)}"))
            assert (found.data.decode(), found.content_type) == ("文字", media_type)
        for kind in ("image/png", "application/json", "text/css"):
            assert failure_of(pages, f"{PAGES}/{kind}", GONE).reason.startswith(f"it is {kind}, not a page")


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
    assert fetched(fetcher(httpserver).get(url, Validators(None, None))).data == ARTICLE.encode()
    assert "HTTP 304" in failure_of(pages, f"{PAGES}/kept").reason


def test_redirects_are_followed(httpserver: HTTPServer) -> None:
    redirect(httpserver, "/old", "/讲座/new?x=1#part", 301)
    redirect(httpserver, "/讲座/new", "//other.example/page#part", 308)
    serve(httpserver)
    slept = list[float]()
    found = fetched(fetcher(httpserver, slept=slept).get(f"{PAGES}/old"))
    assert (found.url, found.data) == (f"{OTHER}/page", ARTICLE.encode())
    assert requested(httpserver) == ["pages.example/old", "pages.example/讲座/new", "other.example/page"]
    assert slept == [3.0], "two requests went to the first host, one to the second"
    assert not any("Referer" in request.headers for request, _ in httpserver.log)
    pages = fetcher(httpserver)
    for codes, is_permanent in {(): True, (301, 308): True, (301, 302): False, (303,): False, (307,): False}.items():
        url = f"{PAGES}/page"
        for code in codes:
            url = redirect(httpserver, f"/{len(codes)}{code}{url[-3:]}", url, code)
        assert fetched(pages.get(url)).is_permanent is is_permanent, "for good if all redirects to it are"


def test_nothing_is_asked_of_youtube(httpserver: HTTPServer) -> None:
    pages = fetcher(httpserver)
    for n, host in enumerate(("www.youtube.com", "WWW.YouTube.com.", "youtu.be", "consent.youtube.com")):
        target = f"https://{host}/watch?v=aaaaaaaaaaa&t=讲"
        for url in (target, redirect(httpserver, f"/{n}", target)):
            with pytest.raises(LeadsToVideo) as led:
                pages.get(url)
            assert led.value.url.lower() == f"https://{host}/watch?v=aaaaaaaaaaa&t=%e8%ae%b2".lower()
    assert requested(httpserver) == [f"pages.example/{n}" for n in range(4)]
    assert not any("youtu" in request.host for request, _ in httpserver.log)
    redirect(httpserver, "/notyoutube", f"{OTHER}/youtube.com/page")
    httpserver.expect_request("/youtube.com/page").respond_with_data(ARTICLE, content_type="text/html")
    assert fetched(pages.get(f"{PAGES}/notyoutube")).data == ARTICLE.encode()


def test_redirects_end_after_eight_or_when_they_go_round(httpserver: HTTPServer) -> None:
    for hop in range(9):
        redirect(httpserver, f"/{hop}", f"/{hop + 1}")
    httpserver.expect_request("/9").respond_with_data(ARTICLE, content_type="text/html")
    pages = fetcher(httpserver)
    assert fetched(pages.get(f"{PAGES}/1")).url == f"{PAGES}/9"
    assert "without end" in failure_of(pages, f"{PAGES}/0", GONE).reason
    redirect(httpserver, "/a", "/b")
    redirect(httpserver, "/b", "/a")
    httpserver.clear_log()
    assert "without end" in failure_of(pages, f"{PAGES}/a", GONE).reason
    assert len(requested(httpserver)) == 3


def test_a_page_that_several_addresses_lead_to_is_asked_once_unless_20_mb_came_after_it(httpserver: HTTPServer) -> None:
    pages, page = fetcher(httpserver), serve(httpserver)
    ways = [redirect(httpserver, path, page) for path in ("/a", "/b")]
    httpserver.expect_request("/large").respond_with_data(b"x" * 20_000_000, content_type="text/html")
    for before, asked in (([], ["/a", "/page", "/b"]), ([f"{PAGES}/large"], ["/large", "/page"])):
        httpserver.clear_log()
        found = [fetched(pages.get(address)) for address in (*before, *ways, page)]
        assert [one.data for one in found[-3:]] == 3 * [ARTICLE.encode()]
        assert [place.removeprefix("pages.example") for place in requested(httpserver)] == asked


def test_a_cookie_of_the_first_hop_comes_along(httpserver: HTTPServer) -> None:
    old = {"Location": "http://www.pages.example/page", "Set-Cookie": "ok=1; Domain=pages.example"}
    httpserver.expect_request("/robots.txt").respond_with_data("", 404)
    httpserver.expect_request("/old").respond_with_data("", 302, old)
    serve(httpserver)
    httpserver.expect_request("/self", headers={"Cookie": "me=1"}).respond_with_data(ARTICLE, content_type="text/html")
    httpserver.expect_request("/self").respond_with_data("", 302, {"Location": "/self", "Set-Cookie": "me=1"})
    web = LocalWeb(httpserver.url_for(""), "http://pages.example", "http://www.pages.example")
    for private in (False, True):
        assert PoliteFetcher(web, pace=0).get("http://pages.example/old", private=private)
        assert httpserver.log[-1][0].headers["Cookie"] == "ok=1"
    page = fetched(PoliteFetcher(web, pace=0).get("http://pages.example/self"))
    assert page.data == ARTICLE.encode(), "a second visit with another cookie is no loop"


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("http://127.1:{port}/secret", "private network"),
        ("http://[fe80::1%25eth0]/secret", "private network"),
        ("http://me:geheim@127.0.0.1:{port}/secret", "private network"),
        ("file:///etc/passwd", "isn't on the web"),
        ("javascript:alert(1)", "isn't on the web"),
        ("http://[::1", "isn't an address"),
        ("http://pages.example:99999999/", "isn't an address"),
        ("http://讲座..example/", "isn't an address"),
    ],
)
def test_a_redirect_into_a_private_network_or_to_no_address_is_refused(target: str, words: str) -> None:
    paths = list[str]()

    def answer(path: str, connection: socket.socket) -> None:
        port = str(connection.getsockname()[1])
        location = target.replace("{port}", port).encode()
        head = b"HTTP/1.1 302 -\r\nLocation: " + location + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        paths.append(path)  # before the answer, after which the test may be over
        connection.sendall(NO_ROBOTS if path == "/robots.txt" else head)

    with raw_server(answer) as root:
        pages = PoliteFetcher(LocalWeb(root, PAGES), pace=0)
        failure = failure_of(pages, f"{PAGES}/trap", GONE)
        assert words == "private network" or words in failure_of(pages, target).reason, "on a list too"
    assert words in failure.reason and set(paths) == {"/robots.txt", "/trap"} and paths.count("/trap") == 1


def test_a_proxy_resolves_names_itself(httpserver: HTTPServer) -> None:
    serve(httpserver)
    redirect(httpserver, "/out", "http://inner.example/page")
    redirect(httpserver, "/trap", "http://10.0.0.7/page")
    httpserver.expect_request("/robots.txt").respond_with_data("", 404)
    pages = PoliteFetcher(LocalWeb(proxy=httpserver.url_for("")), pace=0)
    assert fetched(pages.get("http://outer.example/out")).url == "http://inner.example/page"
    assert "private network" in failure_of(pages, "http://outer.example/trap").reason


def test_credentials_are_sent_to_their_host_alone(
    httpserver: HTTPServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("default login me password geheim\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    pages = fetcher(httpserver)
    leads_out = {"Location": f"{PAGES}/page", "Set-Cookie": "visit=1"}
    httpserver.expect_request("/private").respond_with_data("", 302, leads_out)
    serve(httpserver)
    pages.get(httpserver.url_for("/private").replace("://", "://me:pass%20wort@"), private=True)
    asked = [request for request, _ in httpserver.log if request.path != "/robots.txt"]
    sent = [(request.path, request.headers.get("Cookie"), request.headers.get("Authorization")) for request in asked]
    assert sent == [("/private", None, "Basic bWU6cGFzcyB3b3J0"), ("/page", None, None)]


def test_robots_txt_is_obeyed_after_redirects(httpserver: HTTPServer) -> None:
    rules = "User-agent: *\nDisallow: /closed\n"
    httpserver.expect_request("/robots.txt", headers={"Host": "other.example"}).respond_with_data(rules)
    serve(httpserver)
    slept = list[float]()
    pages = fetcher(httpserver, slept=slept)
    failure = failure_of(pages, redirect(httpserver, "/out", f"{OTHER}/closed"), GONE)
    assert "robots.txt asks programs not to read it" in failure.reason
    failure_of(pages, f"{OTHER}/closed/too")
    assert fetched(pages.get(f"{OTHER}/page")).data == ARTICLE.encode()
    assert requested(httpserver) == ["pages.example/out", "other.example/page"]
    rules_of = [request.host for request, _ in httpserver.log if request.path == "/robots.txt"]
    assert rules_of == ["pages.example", "other.example"]
    assert slept == []


def test_the_crawl_delay_applies_if_it_is_longer_than_the_pace(httpserver: HTTPServer) -> None:
    rules = httpserver.expect_request("/robots.txt", headers={"Host": "other.example"})
    rules.respond_with_data("User-agent: *\nCrawl-delay: 100")
    url, slept = serve(httpserver), list[float]()
    pages = fetcher(httpserver, robots="User-agent: *\nCrawl-delay: 1", slept=slept)
    for page in [f"{url}?{n}" for n in range(3)] + [f"{OTHER}/page?{n}" for n in range(2)]:
        pages.get(page)
    assert slept == [3.0, 3.0, 30.0], "the first request to another host needn't wait"


def test_nothing_is_fetched_while_robots_txt_fails(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/robots.txt", headers={"Host": "pages.example"}).respond_with_data("", 500)
    url = serve(httpserver)
    pages = fetcher(httpserver)
    for _ in range(2):
        failure = failure_of(pages, url, LATER)
        assert failure.reason.startswith("its robots.txt can't be read just now") and "HTTP 500" in failure.reason
    assert requested(httpserver) == [] and len(httpserver.log) == 3
    assert fetched(pages.get(f"{OTHER}/page")).data == ARTICLE.encode()
    httpserver.clear()
    robots = httpserver.expect_request("/robots.txt", headers={"Host": "pages.example"})
    robots.respond_with_data("", 301, {"Location": f"{OTHER}/robots.json"})
    rules = "User-agent: Seekpoint\nDisallow: /page"
    httpserver.expect_request("/robots.json").respond_with_data(rules, content_type="application/json")
    assert "robots.txt asks" in failure_of(fetcher(httpserver), url).reason, "it may redirect and have any media type"


def test_every_refusal_has_a_reason(httpserver: HTTPServer) -> None:
    pages = fetcher(httpserver)
    for status, reason in {
        404: "nothing is there (HTTP 404): check the address",
        410: "it is gone (HTTP 410)",
        401: "it takes a login or refuses programs (HTTP 401): save it in a browser",
        451: "it is withheld for legal reasons (HTTP 451)",
        418: "its server doesn't give it (HTTP 418)",
        300: "its server doesn't give it (HTTP 300)",
        408: "(HTTP 408)",
        500: "its server has a fault of its own (HTTP 500)",
        429: "pages.example wants fewer requests (HTTP 429)",
    }.items():
        httpserver.expect_request(f"/{status}").respond_with_data("<p>Sorry", status, content_type="text/html")
        expected = LATER if status in (408, 429) or status >= 500 else GONE
        assert reason in failure_of(pages, f"{PAGES}/{status}", expected).reason
        assert requested(httpserver).count(f"pages.example/{status}") == (3 if status >= 500 else 1)
    httpserver.expect_oneshot_request("/page").respond_with_data("", 502)
    slept = list[float]()
    assert fetched(fetcher(httpserver, slept=slept).get(serve(httpserver))).data == ARTICLE.encode()
    assert slept == [3.0], "to try again is a request too"


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_sets_the_wait_of_its_host(httpserver: HTTPServer, status: int) -> None:
    hours = {n: format_datetime(datetime.now(UTC) + timedelta(hours=n), usegmt=True) for n in (5, -5)}
    pauses = {
        "120": (120, 120),
        "0": (0, 0),
        "9" * 5000: (HOUR, DAY),
        "31536000": (DAY, DAY),
        hours[5]: (4 * HOUR, 5 * HOUR),
        hours[-5]: (0, 0),
        "soon 稍后".encode().decode("latin-1"): (HOUR, HOUR),
    }
    url = serve(httpserver)
    for n, (pause, (least, most)) in enumerate(pauses.items()):
        httpserver.expect_request(f"/{n}").respond_with_data("", status, {"Retry-After": pause})
        pages = fetcher(httpserver)
        failure = failure_of(pages, f"{PAGES}/{n}")
        assert failure.state is State.DEFERRED and failure.retry_after is not None
        assert least <= failure.retry_after <= most, pause[:20]
    if status == 429:
        httpserver.clear_log()
        assert failure_of(pages, url).reason == failure.reason
        assert requested(httpserver) == [], "a host that asks for a pause gets no further requests"
        assert fetched(pages.get(f"{OTHER}/page")).data == ARTICLE.encode()


def test_a_paper_may_be_larger_than_a_page(httpserver: HTTPServer) -> None:
    pages = fetcher(httpserver)
    assert "more than 30 MB" in failure_of(pages, serve(httpserver, b"x" * 31_000_000), GONE).reason
    httpserver.expect_request("/paper").respond_with_data(b"x" * 31_000_000, content_type="application/pdf")
    assert len(fetched(pages.get(f"{PAGES}/paper")).data) == 31_000_000


def test_a_page_without_text_is_reported(httpserver: HTTPServer) -> None:
    for n, body in enumerate((b"", b" \r\n\t ")):
        httpserver.expect_request(f"/{n}").respond_with_data(body, content_type="text/html")
        assert "nothing on it" in failure_of(fetcher(httpserver), f"{PAGES}/{n}", GONE).reason
    failure = failure_of(fetcher(httpserver), serve(httpserver, b"no gzip", Content_Encoding="gzip"), LATER)
    assert "can't be unpacked" in failure.reason


def test_an_unreachable_host_gets_no_further_requests(httpserver: HTTPServer) -> None:
    class Nowhere(LocalNetwork):
        def resolve(self, name: str) -> list[Address]:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    nowhere = PoliteFetcher(LocalWeb(network=Nowhere("")), pace=0)
    assert "the connection to xn--" in failure_of(nowhere, "https://讲座.example/a", LATER).reason
    slept = list[float]()
    pages = PoliteFetcher(LocalWeb("http://127.0.0.1:1", PAGES), 3.0, slept.append, lambda: 0.0)
    first, second = failure_of(pages, f"{PAGES}/a"), failure_of(pages, f"{PAGES}/b", LATER)
    assert first.reason == second.reason and first.reason.startswith("the connection to pages.example fails")
    httpserver.expect_request("/robots.txt").respond_with_data("", 404)
    serve(httpserver)
    assert fetched(pages.get(httpserver.url_for("/page"), private=True)).data == ARTICLE.encode()


PAGE = "https://pages.example/notes/attention"


ENCODED = "https://pages.example/%E8%AE%B2%E5%BA%A7/1"


def robots(text: str | bytes) -> Robots:
    data = text.encode() if isinstance(text, str) else text
    return Robots(lambda *_: data)


@pytest.mark.parametrize(
    ("text", "url", "allows"),
    [
        ("", PAGE, True),
        ("User-agent: *\nDisallow: /other/", PAGE, True),
        ("User-agent: *\nDisallow: /\nAllow: /notes/", PAGE, True),
        ("User-agent: *\nDisallow: /\n\nUser-agent: Seekpoint\nDisallow: /other/", PAGE, True),
        ("User-agent: GPTBot\nUser-agent: CCBot\nDisallow: /", PAGE, True),
        ("<!doctype html><title>Not found 找不到</title>", PAGE, True),
        (b"\xff\xfe\x00User-agent: *\nDisallow: /" + bytes(100), PAGE, True),
        ("User-agent: *\nDisallow: /*/att*$", PAGE, False),
        ("user-agent: seekpoint\r\nDisallow: /", PAGE, False),
        ("\ufeffUser-agent: *\nDisallow: /", PAGE, False),
        ("# 讲座\nUser-agent: *\nDisallow: /notes/ # 笔记", PAGE, False),
        ("User-agent: *\nDisallow: /讲座/", ENCODED, False),
        ("User-agent: *\nDisallow: /%e8%ae%b2%e5%ba%a7/", ENCODED, False),
        ("User-agent: *\nDisallow: /*?print=", "https://pages.example/a?print=1", False),
        ("#" * 600_000 + "\nUser-agent: *\nDisallow: /", PAGE, True),  # beyond half a megabyte
        ("User-agent: *\nDisallow: /\n" + "Disallow: /a*b*c*d*e*f*g*h$\n" * 200_000, PAGE, False),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else None,
)
def test_rules_for_all_programs_or_for_us_are_obeyed(text: str | bytes, url: str, allows: bool) -> None:
    try:
        robots(text).check(url)
    except Unfetched as error:
        assert not allows and (error.state, error.retry_after) == GONE
        assert "robots.txt" in error.reason and "put the file on the list" in error.reason
    else:
        assert allows


def test_the_crawl_delay_is_capped() -> None:
    delays = {"12": 12, "0.5": 0.5, "3600": 30, "soon": 0, "-1": 0, "1e400": 0, "nan": 0}
    assert {value: robots(f"User-agent: *\nCrawl-delay: {value}").check(PAGE) for value in delays} == delays
    assert robots("").check(PAGE) == 0


def test_each_origin_is_fetched_once_without_credentials() -> None:
    asked = list[str]()

    def fetch(url: str, _private: bool) -> bytes:
        asked.append(url)
        return b""

    file = Robots(fetch)
    for url in (PAGE, f"{PAGE}/2", "http://pages.example/", "https://me:geheim@pages.example:8443/a?b#c"):
        file.check(url)
    roots = ("https://pages.example", "http://pages.example", "https://pages.example:8443")
    assert asked == [f"{root}/robots.txt" for root in roots]


RULES = st.sampled_from(
    "User-agent: |Seekpoint|*|Disallow: |Allow: |/|/a*b$|Crawl-delay: |5|-1|nan|1e999".split("|")  # noqa: SIM905
)


@given(fuzzing.encoded(st.lists(RULES | st.just("\n") | fuzzing.pieces, max_size=20).map("".join)) | st.binary())
@example(b"User-agent: *\nCrawl-delay: nan\n")
@example(b"User-agent: *\nCrawl-delay: -5\n")
@example(b"User-agent: *\nCrawl-delay: 1e999\n")
@example(b"User-agent: *\nDisallow: /" + b"*a" * 5000 + b"b\n")
@fuzzing.fuzz(100)
def test_any_robots_txt_delays_for_a_while_at_most(data: bytes) -> None:
    began = thread_time()
    try:
        delay = robots(data).check("https://example.org/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/讲座?q=%ff")
    except Unfetched as failure:
        assert is_line(failure.reason)
    else:
        assert 0 <= delay <= 30
    assert thread_time() - began < 5
