"""The running server: malformed requests, idle clients, concurrency, and the command."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import click
import pytest
import requests
from click.testing import CliRunner

from seekpoint.cli.mcp import mcp
from seekpoint.cli.serve import serve
from seekpoint.index.errors import SeekpointError, UsageError
from seekpoint.query.web.http_server import BoundedProtocol, listen
from tests.paths import ROOT
from tests.query.web.served import served

TOKEN = "a-token-for-the-tests"


@pytest.fixture(scope="module")
def address(talks: Path) -> Iterator[str]:
    with served(talks) as result:
        yield result


def send(address: str, data: bytes) -> bytes:
    """The response to these bytes, until the server closes the connection."""
    host, _, port = address.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        answer = b""
        with suppress(OSError):
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            while part := connection.recv(65_536):
                answer += part
        return answer


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET /?q=%ZZ%00 HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET /?q=" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 200_000 + b"\r\n\r\n",
        b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
    ],
)
def test_malformed_requests_do_not_end_the_server(address: str, data: bytes) -> None:
    answer = send(address, data)
    assert not answer or answer.startswith((b"HTTP/1.1 4", b"HTTP/1.0 4"))
    assert requests.get(f"{address}/healthz", timeout=60).json() == {"status": "ok"}


def test_idle_connections_delay_nobody(address: str) -> None:
    host, _, port = address.removeprefix("http://").partition(":")
    silent = [socket.create_connection((host, int(port))) for _ in range(50)]
    try:
        for connection in silent:
            connection.sendall(b"GET / HT")
        assert requests.get(f"{address}/healthz", timeout=60).ok
    finally:
        for connection in silent:
            connection.close()


class ShortTimeout(BoundedProtocol):
    request_seconds = 0.2


@pytest.mark.parametrize("data", [b"", b"GET / HT"])
def test_an_idle_connection_is_closed(talks: Path, data: bytes) -> None:
    with served(talks, protocol=ShortTimeout) as address:
        host, _, port = address.removeprefix("http://").partition(":")
        with socket.create_connection((host, int(port)), timeout=60) as connection:
            connection.sendall(data)
            assert connection.recv(100) == b""


def test_many_questions_are_answered_at_once(address: str) -> None:
    questions = ["mask", "掩码", "attention", "注意力"] * 16
    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(lambda q: requests.get(f"{address}/api/ask", {"q": q}, timeout=60), questions))
    assert {answer.status_code for answer in answers} == {200}
    assert all(answer.json()["moments"] for answer in answers)


def test_a_port_that_is_taken_is_named() -> None:
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SeekpointError, match=f"port {port} is taken"):
            listen("127.0.0.1", port)


@pytest.mark.parametrize("host", ["no such host", "203.0.113.7"])
def test_an_unknown_host_is_named(host: str) -> None:
    with pytest.raises(SeekpointError, match=host):
        listen(host, 0)


@pytest.mark.parametrize("given", ["option", "variable"])
@pytest.mark.parametrize(("command", "more"), [(serve, ()), (mcp, ("--http",))])
@pytest.mark.parametrize(
    "token", ["", "short", " " * 20, f" {TOKEN}", f"{TOKEN} ", f"{TOKEN}\n", f"{TOKEN}\x7f", "掩码" * 10, "é" * 20]
)
def test_a_token_that_is_easily_guessed_or_that_no_header_carries_is_refused(
    tmp_path: Path, command: click.Command, more: tuple[str, ...], token: str, given: str
) -> None:
    options = ["--token", token] if given == "option" else []
    variables = {} if options else {"SEEKPOINT_TOKEN": token}
    with listen("127.0.0.1", 0) as taken:  # where the token is accepted, the port is refused
        port = str(taken.getsockname()[1])
        refused = CliRunner().invoke(
            command, [*more, *options, "--port", port, "--index", str(tmp_path)], env=variables
        )
    assert isinstance(refused.exception, UsageError)
    assert re.match(r"(a token|\$SEEKPOINT_TOKEN is empty).*: .*\Z", str(refused.exception))


@pytest.mark.parametrize("options", [[], ["--host", "0.0.0.0"], ["--token", "a-token-for-the-tests"], ["--edit"]])
@pytest.mark.slow
def test_the_command_serves_until_it_is_interrupted(talks: Path, options: list[str]) -> None:
    command = [sys.executable, "-c", "from seekpoint.cli.serve import serve; serve()", "--port", "0", *options]
    with subprocess.Popen(
        [*command, "--index", str(talks)], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout and process.stderr
        try:
            result = re.search(r"http://\S+", process.stdout.readline())
            assert result
            page = requests.Session()
            assert page.get(result[0], timeout=60).ok
            listing = page.get(result[0].partition("/login")[0] + "/list", timeout=60)
            assert listing.ok
            assert ("/add/address" in listing.text) == ("--edit" in options)
            bare = requests.get(result[0].partition("/login")[0] + "/list", timeout=60)
            assert bare.status_code == (401 if options else 200)
        finally:
            process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
        assert ("isn't encrypted" in process.stderr.read()) == ("--host" in options)


def test_responses_do_not_wait_for_delayed_acknowledgements() -> None:
    with listen("127.0.0.1", 0) as listener:
        assert listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
