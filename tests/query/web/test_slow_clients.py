"""Clients that hold connections or send malformed requests: the others are answered, and the terminal stays quiet."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import pytest
import requests

from tests.paths import ROOT
from tests.query.web.served import served
from tests.query.web.terminal import LAST_LINE
from tests.query.web.terminal import terminal as terminal_of
from tests.query.web.test_server import ShortTimeout, send

pytestmark = pytest.mark.slow

HEAD = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
FILES = 256  # the default of open files on a Mac
MANY = 1100


class Terminal(NamedTuple):
    address: str
    process: subprocess.Popen[str]

    def said(self) -> str:
        """What the server writes to the terminal up to its end."""
        self.process.send_signal(signal.SIGINT)
        assert self.process.stderr
        return self.process.stderr.read().removesuffix(LAST_LINE)


@pytest.fixture
def terminal(talks: Path) -> Iterator[Terminal]:
    """The command, with the open files that a Mac allows at first, and Linux at most."""
    script = (
        f"import resource; resource.setrlimit(resource.RLIMIT_NOFILE, ({FILES}, 1024))\n"
        "from seekpoint.cli.serve import serve; serve()"
    )
    command = [sys.executable, "-c", script, "--port", "0", "--index", str(talks)]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ
    ) as process:
        try:
            assert process.stdout
            found = re.search(r"http://\S+", process.stdout.readline())
            assert found
            assert requests.get(f"{found[0]}/healthz", timeout=60).ok
            yield Terminal(found[0], process)
        finally:
            process.kill()


@contextmanager
def connected(address: str, source: str = "127.0.0.1") -> Iterator[socket.socket]:
    host, _, port = address.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=30, source_address=(source, 0)) as connection:
        yield connection


def ask(connection: socket.socket) -> bytes:
    """Send a request that costs the server little, and read the answer; the connection is kept alive."""
    connection.sendall(b"HEAD / HTTP/1.1\r\nHost: nobody\r\n\r\n")
    answer = b""
    while not answer.endswith(b"\r\n\r\n"):
        part = connection.recv(4096)
        assert part
        answer += part
    return answer


def seconds_until_closed(connection: socket.socket, data: bytes, most: float = 10.0) -> float:
    """How long the server takes these bytes, each on its own."""
    began = time.monotonic()
    connection.settimeout(0.05)
    with suppress(ConnectionError):
        for k in range(int(most / 0.05)):
            connection.sendall(data[k % len(data) :][:1])
            with suppress(TimeoutError):
                if not connection.recv(100):
                    break
    return time.monotonic() - began


@pytest.mark.parametrize("data", [b"GET /?q=aaaaaaaaa", b"X: 1\r\n", "掩码".encode()])
def test_every_request_head_has_a_time_limit(talks: Path, data: bytes) -> None:
    with served(talks, protocol=ShortTimeout) as address:
        with connected(address) as connection:
            assert seconds_until_closed(connection, data) < 5
        with connected(address) as connection:
            ask(connection)
            ask(connection)
            assert seconds_until_closed(connection, b"GET /?q=aaaaaaaaa") < 5


def test_a_body_has_the_same_time_limit(talks: Path) -> None:
    with served(talks, protocol=ShortTimeout) as address, connected(address) as connection:
        ask(connection)
        connection.sendall(b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4000\r\n\r\ntoken=")
        assert seconds_until_closed(connection, b"a") < 5


def test_a_long_answer_is_not_cut_off(talks: Path) -> None:
    with served(talks, protocol=ShortTimeout) as address, connected(address) as connection:
        for _ in range(3):  # longer than the limit together, each within it
            ask(connection)
            time.sleep(0.12)


@pytest.fixture
def many_files() -> None:
    if sys.platform != "linux":
        pytest.skip("needs more than one address of this machine")
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if 0 <= hard < 2 * MANY:
        pytest.skip("needs some thousand open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (2 * MANY, hard))


@pytest.mark.usefixtures("many_files")
@pytest.mark.parametrize("sources", [["127.0.0.1"], [f"127.0.0.{k}" for k in range(2, 12)]], ids=len)
def test_slow_clients_leave_room_for_the_others(terminal: Terminal, sources: list[str]) -> None:
    with ExitStack() as stack:
        for k in range(MANY):
            with suppress(ConnectionError):
                connection = stack.enter_context(connected(terminal.address, sources[k % len(sources)]))
                ask(connection)
                connection.sendall(b"GET /?q=a")
        began = time.monotonic()
        for _ in range(20):
            assert requests.get(f"{terminal.address}/healthz", timeout=10).ok
        assert time.monotonic() - began < 20  # it takes a tenth of a second on a machine that is idle
        assert terminal.said() == ""


@pytest.mark.usefixtures("many_files")
def test_one_address_cannot_close_the_connections_of_another(talks: Path) -> None:
    with served(talks) as address, connected(address, "127.0.0.2") as other, ExitStack() as stack:
        other.sendall(b"HEAD / HTTP")
        for _ in range(600):
            ask(stack.enter_context(connected(address)))
        other.sendall(b"/1.1\r\nHost: nobody\r\n\r\n")
        assert other.recv(4096).startswith(b"HTTP/1.1 421 ")


@pytest.mark.parametrize("method", [b"GET", b"POST"])
@pytest.mark.parametrize(
    "lengths",
    [b"Content-Length: 5\r\nTransfer-Encoding: chunked", b"transfer-encoding: chunked\r\nCONTENT-LENGTH: 5"],
)
def test_a_body_of_two_lengths_is_refused(talks: Path, method: bytes, lengths: bytes) -> None:
    """The second request would be a body to a proxy that goes by Content-Length, and a request to this server."""
    with served(talks) as address:
        head = method + b" /healthz HTTP/1.1\r\nHost: localhost\r\n" + lengths
        answer = send(address, head + b"\r\n\r\n0\r\n\r\n" + HEAD)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1 ") == 1


def test_malformed_requests_write_nothing_to_the_terminal(terminal: Terminal) -> None:
    for data in (
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"nonsense\r\n\r\n",
        HEAD + b"nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
        HEAD.replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n"),
    ):
        send(terminal.address, data)
    with connected(terminal.address) as connection:  # the answer is there before the rest of the body
        connection.sendall(HEAD.replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\n"))
        assert connection.recv(4096)
        connection.sendall(b"nonsense\r\n")
        time.sleep(0.2)
    with connected(terminal.address) as connection:
        connection.sendall(b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 40\r\n\r\ntoken=")
        time.sleep(0.2)
    assert terminal.said() == ""


SENT = b'--b\r\nContent-Disposition: form-data; name="secret"\r\n\r\nx\r\n--b--\r\n'


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data", SENT),
        ("multipart/form-data; boundary=", SENT),
        ("multipart/form-data; boundary=another", SENT),
        ("multipart/form-data; boundary=\xe9", SENT),
        ("multipart/form-data; boundary=b", b"nonsense"),
        ("multipart/form-data; boundary=b", SENT.replace(b"Content-Disposition", b"\x00\x01")),
        ("multipart/form-data; boundary=b", SENT.replace(b"Content-Disposition", b"X" * 200_000)),
        ("multipart/form-data; boundary=b", SENT.replace(b'; name="secret"', b"")),
        ("multipart/form-data; boundary=b", SENT.replace(b"--b--", b"--b") * 9),
    ],
)
def test_a_malformed_upload_is_refused_and_writes_nothing_to_the_terminal(talks: Path, kind: str, body: bytes) -> None:
    with terminal_of(talks, "serve", "--edit", "--token", "a-token-for-the-tests") as running:
        headers: dict[str, str | bytes | None] = {"Content-Type": kind.encode("latin-1")}
        headers["Authorization"] = "Bearer a-token-for-the-tests"
        refused = requests.post(f"{running.address}/add/file", body, headers=headers, timeout=60)
        assert refused.status_code == 400
        assert re.search(r'<p role="alert"[^>]*>[^<\n]+</p>', refused.text)
        assert running.interrupted()[:2] == (0, LAST_LINE)
