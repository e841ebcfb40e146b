"""Sessions, cookies and limits."""

from __future__ import annotations

import gzip
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Thread

import pytest
import requests
from pytest_httpserver import HTTPServer

from seekpoint.index.errors import UsageError
from seekpoint.indexer.fetch.http_session import Web
from seekpoint.indexer.fetch.retries import ResponseTooLarge
from tests.fake_youtube import YOUTUBE, FakeYouTube
from tests.local_web import LocalWeb, raw_server

HEADER = "# Netscape HTTP Cookie File\n"
YEAR_2100 = "4102444800"
PAGE = f"{YOUTUBE}/playlist?list=PLx"


def cookie(domain: str, name: str, value: str, expires: str = YEAR_2100) -> str:
    everywhere = "TRUE" if domain.startswith((".", "#HttpOnly_.")) else "FALSE"
    return f"{domain}\t{everywhere}\t/\tTRUE\t{expires}\t{name}\t{value}\n"


LINES = (
    cookie(".youtube.com", "SID", "secret")
    + cookie("#HttpOnly_.youtube.com", "HSID", "hidden")
    + cookie("www.youtube.com", "SESSION", "kept", expires="0")
    + cookie(".google.com", "NID", "other")
    + cookie(".notyoutube.com", "EVIL", "other")
    + "localhost\tFALSE\t/\tFALSE\t0\tLOCAL\tother\n"
)


@pytest.fixture
def jar(tmp_path: Path) -> Path:
    file = tmp_path / "曲奇 cookies.txt"
    file.write_text(HEADER + LINES, encoding="utf-8")
    return file


def sent(httpserver: HTTPServer) -> dict[str, str]:
    return dict(httpserver.log[-1][0].cookies)


def test_cookies_go_to_youtube_and_nowhere_else(fake: FakeYouTube, httpserver: HTTPServer, jar: Path) -> None:
    web = fake.web(cookies=jar)
    ours = {"SID": "secret", "HSID": "hidden", "SESSION": "kept"}
    web.session().get(PAGE)
    assert sent(httpserver) == ours
    web.downloader({}).urlopen(PAGE)
    assert sent(httpserver) == ours
    fake.add_site("https://elsewhere.example/", "", status=404)
    web = fake.web(cookies=jar)
    web.session().get("https://elsewhere.example/")
    assert sent(httpserver) == {}
    with pytest.raises(requests.HTTPError):
        web.downloader({}).urlopen("https://elsewhere.example/")
    assert sent(httpserver) == {}


def test_the_cookies_file_is_not_changed_and_may_be_as_windows_writes_it(
    fake: FakeYouTube, httpserver: HTTPServer, jar: Path
) -> None:
    httpserver.expect_request("/sets").respond_with_data("ok", headers={"Set-Cookie": "SID=changed; Path=/"})
    before = jar.read_bytes()
    web = fake.web(cookies=jar)
    session = web.session()
    session.get(f"{YOUTUBE}/sets")
    session.get(f"{YOUTUBE}/sets")
    assert "changed" in str(httpserver.log[-1][0].headers["Cookie"]), "what YouTube sets is kept for the session"
    with web.downloader({}) as downloader:
        downloader.urlopen(f"{YOUTUBE}/sets")
    assert jar.read_bytes() == before
    assert list(jar.parent.iterdir()) == [jar]
    web.session().get(PAGE)
    assert sent(httpserver)["SID"] == "secret", "a new session begins with the user's cookies"
    for text in ("\ufeff" + HEADER + LINES, (HEADER + LINES).replace("\n", "\r\n")):
        jar.write_bytes(text.encode())
        fake.web(cookies=jar).session().get(PAGE)
        assert sent(httpserver)["SID"] == "secret"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'[{"domain": ".youtube.com", "name": "SID", "value": "secret"}]', "JSON"),
        (b'\n{"cookies": []}', "JSON"),
        (b"SQLite format 3\x00\xff\xfe secret", "not a file of cookies"),
        (b"SID=secret; HSID=x", "not a file of cookies"),
        (b"", "not a file of cookies"),
        (HEADER.encode(), "no cookie for youtube.com"),
        ((HEADER + cookie(".google.com", "NID", "secret")).encode(), "no cookie for youtube.com"),
        ((HEADER + cookie(".youtube.com", "SID", "secret", expires="1000000000")).encode(), "expired"),
        ((HEADER + LINES + ".youtube.com TRUE / TRUE 0 SID secret\n").encode(), "lines that are no cookies"),
    ],
)
def test_an_invalid_cookies_file_is_refused_at_once(
    jar: Path, content: bytes, words: str, capfd: pytest.CaptureFixture[str]
) -> None:
    jar.write_bytes(content)
    with pytest.raises(UsageError, match=words) as caught:
        Web(cookies=jar)
    message = str(caught.value)
    assert message.startswith(f"{jar}: ") and "cookies.txt" in message and "\n" not in message
    assert "secret" not in message + "".join(capfd.readouterr())
    for missing in (jar.parent / "none.txt", jar.parent):
        with pytest.raises(UsageError, match="can't be read"):
            Web(cookies=missing)


@pytest.fixture
def proxy() -> Iterator[tuple[str, list[str]]]:
    """A proxy that records requests and answers none."""
    asked = list[str]()

    class Recorder(StreamRequestHandler):
        def handle(self) -> None:
            asked.append(self.request.recv(4096).decode())
            self.wfile.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    with ThreadingTCPServer(("127.0.0.1", 0), Recorder) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}", asked
        server.shutdown()


def test_pages_and_yt_dlp_use_the_proxy(proxy: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    address, asked = proxy
    for variable in ("HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"):
        monkeypatch.setenv(variable, "http://127.0.0.1:1")
    web = Web(f"http://me:geheim@{address}")
    with pytest.raises(requests.exceptions.ProxyError):
        web.session().get(PAGE)
    assert asked[0].startswith("CONNECT www.youtube.com:443 ") and "Proxy-Authorization: Basic" in asked[0]
    asked.clear()
    with pytest.raises(requests.exceptions.ProxyError):
        web.downloader({}).urlopen(PAGE)
    assert asked[0].startswith("CONNECT www.youtube.com:443 ")
    assert web.session().get("http://example.org/").status_code == 403
    assert asked[-1].startswith("GET http://example.org/ ")


def test_an_invalid_proxy_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for proxy in ("http://h:1", "https://u:p@h:1", "HTTP://h", "http://[::1]:3128"):
        assert Web(proxy).session().proxies == {"http": proxy, "https": proxy}
    for proxy in (
        "",
        "localhost:8080",
        "ftp://u:geheim@h:1",
        "http://u:geheim@",
        "http://u:geheim@h:x",
        "http://a b:1",
    ):
        with pytest.raises(UsageError, match=r"http://HOST:PORT.*socks5h") as caught:
            Web(proxy)
        assert "geheim" not in str(caught.value)
    monkeypatch.setitem(sys.modules, "socks", None)
    with pytest.raises(UsageError, match=r'pip install "requests\[socks\]"'):
        Web("socks5h://u:geheim@127.0.0.1:9050")


def test_a_redirect_loop_ends_soon_and_a_decompression_bomb_is_not_read(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/on").respond_with_data("", 302, headers={"Location": "/on"})
    with pytest.raises(requests.TooManyRedirects):
        Web().session(private=True).get(httpserver.url_for("/on"))
    assert len(httpserver.log) < 10
    bomb = gzip.compress(bytes(70_000_000))
    httpserver.expect_request("/bomb").respond_with_data(bomb, headers={"Content-Encoding": "gzip"})
    web = LocalWeb(httpserver.url_for(""), YOUTUBE)
    for ask in (web.session().get, web.downloader({}).urlopen):
        with pytest.raises(ResponseTooLarge):
            ask(f"{YOUTUBE}/bomb")


def test_the_limit_is_decided_from_the_headers(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/long").respond_with_data("讲座" * 100, headers={"X-Kind": "long"})
    heads = list[str]()

    def limit(response: requests.Response) -> int:
        heads.append(response.headers["X-Kind"])
        return 0 if len(heads) == 1 else len(heads) * 300

    session = Web().session(limit, private=True)
    assert session.get(httpserver.url_for("/long")).content == b""
    assert session.get(httpserver.url_for("/long")).text == "讲座" * 100
    with pytest.raises(ResponseTooLarge):
        Web().session(lambda _: 599, private=True).get(httpserver.url_for("/long"))
    assert heads == ["long", "long"]


def drip(path: str, connection: socket.socket) -> None:
    """Send single bytes for ever: of the headers, of a body of known length, or of a chunk size; or nothing more."""
    head = b"HTTP/1.1 200 OK\r\n"
    heads = {
        "/head": b"HTTP/1.1 200 OK\r\nX-Never: ",
        "/body": head + b"Content-Length: 1000000\r\n\r\n",
        "/chunk": head + b"Transfer-Encoding: chunked\r\n\r\n1;",
        "/end": head + b"Connection: close\r\n\r\n",
        "/silence": head + b"Connection: close\r\n\r\n",
    }
    connection.sendall(heads[path])
    if path == "/silence":
        connection.recv(1)
    for _ in range(3000):
        connection.sendall(b"x")
        time.sleep(0.02)


@pytest.mark.parametrize("path", ["/head", "/body", "/chunk", "/end", "/silence"])
def test_a_dripping_response_ends_at_the_deadline(path: str) -> None:
    with raw_server(drip) as root:
        web = LocalWeb(root, YOUTUBE, deadline=0.3)
        began = time.monotonic()
        with pytest.raises(requests.ReadTimeout):
            web.session().get(YOUTUBE + path)
        assert 0.2 < time.monotonic() - began < 10


def test_a_response_that_stops_is_a_timeout() -> None:
    heads = {"/": b"HTTP/1.1 200 OK\r\n", "/body": b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n<p>"}

    def stop(path: str, connection: socket.socket) -> None:
        connection.sendall(heads[path])
        connection.recv(1)

    with raw_server(stop) as root:
        web = LocalWeb(root, YOUTUBE, timeouts=(5.0, 0.2), deadline=30.0)
        began = time.monotonic()
        for path in heads:
            with pytest.raises(requests.ReadTimeout):
                web.session().get(YOUTUBE + path)
        assert time.monotonic() - began < 10


@pytest.mark.slow
def test_the_deadline_applies_per_response(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/kept").respond_with_data("kept", headers={"Connection": "keep-alive"})
    session = Web(deadline=1.0).session(private=True)
    for _ in range(4):
        assert session.get(httpserver.url_for("/kept")).text == "kept"
        time.sleep(0.4)


def test_only_credentials_in_the_address_are_sent(
    httpserver: HTTPServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login me password geheim\n")
    monkeypatch.setenv("NETRC", str(netrc))
    address = httpserver.url_for("/private")
    httpserver.expect_request("/private").respond_with_data("ok")
    Web().session(private=True).get(address)
    assert "Authorization" not in httpserver.log[-1][0].headers
    Web().session(private=True).get(address.replace("://", "://me:pass%20wort@"))
    assert httpserver.log[-1][0].headers["Authorization"] == "Basic bWU6cGFzcyB3b3J0"
