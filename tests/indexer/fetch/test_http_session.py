"""Sessions, cookies and limits."""

from __future__ import annotations

import gzip
import socket
import sys
import time
from pathlib import Path

import pytest
import requests
from hypothesis import example, given
from hypothesis import strategies as st
from pytest_httpserver import HTTPServer
from yt_dlp.networking import Request
from yt_dlp.networking.exceptions import HTTPError, TransportError

from seekpoint.index.errors import UsageError
from seekpoint.indexer.fetch.cookies import youtube_cookies
from seekpoint.indexer.fetch.http_session import Web
from seekpoint.indexer.fetch.retries import ResponseTooLarge
from tests import fuzzing
from tests.fake_youtube import YOUTUBE, FakeYouTube
from tests.fuzzing import is_line
from tests.local_web import LocalWeb, listening, raw_server

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


def test_cookies_go_to_youtube_alone(fake: FakeYouTube, httpserver: HTTPServer, jar: Path) -> None:
    web = fake.web(cookies=jar)
    ours = {"SID": "secret", "HSID": "hidden", "SESSION": "kept"}
    for ask in (web.session().get, web.downloader({}).urlopen):
        ask(PAGE)
        assert sent(httpserver) == ours
    fake.add_site("https://elsewhere.example/", "", status=404)
    web = fake.web(cookies=jar)
    web.session().get("https://elsewhere.example/")
    assert sent(httpserver) == {}
    with pytest.raises(requests.HTTPError):
        web.downloader({}).urlopen("https://elsewhere.example/")
    assert sent(httpserver) == {}


def test_the_cookies_file_is_not_changed(fake: FakeYouTube, httpserver: HTTPServer, jar: Path) -> None:
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
        ('[{"domain": ".youtube.com", "name": "SID", "value": "secret"}]', "JSON"),
        ("SQLite format 3\x00 secret", "not a file of cookies"),
        ("", "not a file of cookies"),
        (HEADER + cookie(".google.com", "NID", "secret"), "no cookie for youtube.com"),
        (HEADER + cookie(".youtube.com", "SID", "secret", expires="1000000000"), "expired"),
        (HEADER + LINES + ".youtube.com TRUE / TRUE 0 SID secret\n", "lines that are no cookies"),
    ],
)
def test_an_invalid_cookies_file_is_refused_at_once(
    jar: Path, content: str, words: str, capfd: pytest.CaptureFixture[str]
) -> None:
    jar.write_text(content)
    with pytest.raises(UsageError, match=words) as caught:
        Web(cookies=jar)
    message = str(caught.value)
    assert message.startswith(f"{jar}: ") and "cookies.txt" in message and "\n" not in message
    assert "secret" not in message + "".join(capfd.readouterr())
    with pytest.raises(UsageError, match="can't be read"):
        Web(cookies=jar.parent)


@given(st.binary() | fuzzing.encoded(fuzzing.mutated(st.just(HEADER + LINES)) | fuzzing.texts))
@example((HEADER + LINES).replace("\tTRUE", "\tFALSE", 1).encode())
@fuzzing.fuzz(100)
def test_any_file_has_cookies_that_can_be_sent_or_is_refused_in_a_line(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    file = tmp_path_factory.getbasetemp() / "cookies.txt"
    file.write_bytes(data)
    try:
        cookies = youtube_cookies(file)
    except UsageError as error:
        assert is_line(str(error))
        assert "secret" not in str(error)
        return
    assert cookies
    assert all(f".{cookie.domain}".endswith(".youtube.com") for cookie in cookies)
    assert all("\r" not in f"{cookie.name}{cookie.value}" for cookie in cookies)
    assert file.read_bytes() == data


def test_every_client_uses_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"):
        monkeypatch.setenv(variable, "http://127.0.0.1:1")
    asked = list[str]()

    def refuse(connection: socket.socket) -> None:
        asked.append(connection.recv(4096).decode())
        connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    with listening(refuse) as address:
        web = Web(address.replace("://", "://me:geheim@"))
        assert web.downloader({}).proxies == {"all": web.session().proxies["https"]}, "for the providers that it asks"
        for ask in (web.session().get, web.downloader({}).urlopen):
            with pytest.raises(requests.exceptions.ProxyError):
                ask(PAGE)
            assert asked[-1].startswith("CONNECT www.youtube.com:443 ") and "Proxy-Authorization: Basic" in asked[-1]
        assert web.session().get("http://example.org/").status_code == 403
    assert asked[-1].startswith("GET http://example.org/ ")


def test_a_token_providers_server_is_asked_directly(httpserver: HTTPServer, jar: Path) -> None:
    """As providers ask it; they know yt-dlp's own errors."""
    httpserver.expect_request("/ping").respond_with_data("pong")
    httpserver.expect_request("/fault").respond_with_data("", 429)
    downloader = Web("http://127.0.0.1:1", jar).downloader({})

    def ask(address: str) -> bytes:
        answer: bytes = downloader.urlopen(Request(address, proxies={"all": None}, extensions={"timeout": 5.0})).read()
        return answer

    assert ask(httpserver.url_for("/ping")) == b"pong" and not sent(httpserver)
    with pytest.raises(HTTPError):
        ask(httpserver.url_for("/fault"))
    assert len(httpserver.log) == 2
    with pytest.raises(TransportError):
        ask("http://127.0.0.1:1/ping")


def test_an_invalid_proxy_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for proxy in ("http://h:1", "https://u:p@h:1", "HTTP://h", "http://[::1]:3128"):
        assert Web(proxy).session().proxies == {"http": proxy, "https": proxy}
    for proxy in ("", "localhost:8080", "ftp://u:geheim@h:1", "http://u:geheim@", "http://u:geheim@h:x"):
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


def test_a_response_that_drips_or_stops_is_a_timeout() -> None:
    head = b"HTTP/1.1 200 OK\r\n"
    heads = {
        "/head": b"HTTP/1.1 200 OK\r\nX-Never: ",
        "/body": head + b"Content-Length: 1000000\r\n\r\n",
        "/chunk": head + b"Transfer-Encoding: chunked\r\n\r\n1;",
        "/end": head + b"Connection: close\r\n\r\n",
    }

    def answer(path: str, connection: socket.socket) -> None:
        path, _, stops = path.partition("?")
        connection.sendall(heads[path])
        if stops:
            connection.recv(1)
        for _ in range(3000):
            connection.sendall(b"x")
            time.sleep(0.02)

    with raw_server(answer) as root:
        dripping = LocalWeb(root, YOUTUBE, deadline=0.2)
        stopping = LocalWeb(root, YOUTUBE, timeouts=(5.0, 0.1), deadline=30.0)
        for path in heads:
            for web, query in ((dripping, ""), (stopping, "?stops")):
                began = time.monotonic()
                with pytest.raises(requests.ReadTimeout):
                    web.session().get(YOUTUBE + path + query)
                assert 0.05 < time.monotonic() - began < 10, path


def test_the_deadline_applies_per_response(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/kept").respond_with_data("kept", headers={"Connection": "keep-alive"})
    session = Web(deadline=0.6).session(private=True)
    for _ in range(4):
        assert session.get(httpserver.url_for("/kept")).text == "kept"
        time.sleep(0.2)


def test_many_slow_answers_have_a_deadline_together(fake: FakeYouTube, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/slow").respond_with_data("x")
    downloader = LocalWeb(httpserver.url_for("").rstrip("/"), YOUTUBE, deadline=0.02).downloader({})
    with pytest.raises(requests.ReadTimeout):
        for _ in range(499):
            downloader.urlopen(f"{YOUTUBE}/slow")
