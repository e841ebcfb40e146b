"""The running server: malformed requests, slow clients, concurrency, and the command."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from itertools import product
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
from tests.query.web.terminal import LAST_LINE, Terminal, terminal

TOKEN = "a-token-for-the-tests"


class ShortTimeout(BoundedProtocol):
    request_seconds = 0.2


@contextmanager
def connected(address: str, source: str = "127.0.0.1") -> Iterator[socket.socket]:
    host, _, port = address.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=60, source_address=(source, 0)) as connection:
        yield connection


def send(address: str, data: bytes) -> bytes:
    """The response to these bytes, until the server closes the connection."""
    answer = b""
    with connected(address) as connection, suppress(OSError):
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        while part := connection.recv(65_536):
            answer += part
    return answer


MALFORMED = (
    b"\x16\x03\x01\x02\x00\x01\x00",
    b"nonsense\r\n\r\n",
    b"GET / HTTP/1.1\r\n\r\n",
    b"GET /?q=%ZZ%00 HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    b"GET /?q=" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 200_000 + b"\r\n\r\n",
    b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
)


def test_malformed_requests_do_not_end_the_server(address: str) -> None:
    for data in MALFORMED:
        answer = send(address, data)
        assert not answer or answer.startswith((b"HTTP/1.1 4", b"HTTP/1.0 4")), data[:40]
        assert requests.get(f"{address}/healthz", timeout=60).json() == {"status": "ok"}


def test_idle_connections_delay_nobody_and_are_closed(talks: Path, address: str) -> None:
    with ExitStack() as stack:
        for _ in range(50):
            stack.enter_context(connected(address)).sendall(b"GET / HT")
        assert requests.get(f"{address}/healthz", timeout=60).ok
    with served(talks, protocol=ShortTimeout) as short:
        for data in (b"", b"GET / HT"):
            with connected(short) as connection:
                connection.sendall(data)
                assert connection.recv(100) == b""


def test_many_questions_are_answered_at_once(address: str) -> None:
    questions = ["mask", "掩码", "attention", "注意力"] * 16
    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(lambda q: requests.get(f"{address}/api/ask", {"q": q}, timeout=60), questions))
    assert {answer.status_code for answer in answers} == {200}
    assert all(answer.json()["moments"] for answer in answers)


def test_the_socket_waits_for_no_acknowledgement_and_a_port_that_is_taken_is_named() -> None:
    with listen("127.0.0.1", 0) as taken:
        assert taken.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        port = taken.getsockname()[1]
        with pytest.raises(SeekpointError, match=f"port {port} is taken"):
            listen("127.0.0.1", port)


@pytest.mark.parametrize("host", ["no such host", "203.0.113.7"])
def test_an_unknown_host_is_named(host: str) -> None:
    with pytest.raises(SeekpointError, match=host):
        listen(host, 0)


@pytest.mark.parametrize("given", ["option", "variable"])
@pytest.mark.parametrize(("command", "more"), [(serve, ()), (mcp, ("--http",))])
def test_a_token_that_is_easily_guessed_or_that_no_header_carries_is_refused(
    tmp_path: Path, command: click.Command, more: tuple[str, ...], given: str
) -> None:
    weak = ("", "short", " " * 20, f" {TOKEN}", f"{TOKEN} ", f"{TOKEN}\n", f"{TOKEN}\x7f", "掩码" * 10, "é" * 20)
    with listen("127.0.0.1", 0) as taken:  # where the token is accepted, the port is refused
        arguments = [*more, "--port", str(taken.getsockname()[1]), "--index", str(tmp_path)]
        for token in weak:
            options = ["--token", token] if given == "option" else []
            refused = CliRunner().invoke(
                command, [*arguments, *options], env={} if options else {"SEEKPOINT_TOKEN": token}
            )
            assert isinstance(refused.exception, UsageError), repr(token)
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


HEAD = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
FILES = 256  # the default of open files on a Mac
MANY = 1100


@pytest.fixture
def running(talks: Path) -> Iterator[Terminal]:
    """The command, with the open files that a Mac allows at first, and Linux at most."""
    with terminal(talks, "serve", "--edit", "--token", TOKEN, files=FILES) as running:
        yield running


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


@pytest.mark.slow
def test_every_request_has_a_time_limit_for_its_head_and_its_body(talks: Path) -> None:
    with served(talks, protocol=ShortTimeout) as address:
        for data in (b"GET /?q=aaaaaaaaa", b"X: 1\r\n", "掩码".encode()):
            with connected(address) as connection:
                assert seconds_until_closed(connection, data) < 5
        with connected(address) as connection:
            for _ in range(3):  # longer than the limit together, each within it
                ask(connection)
                time.sleep(0.12)
            assert seconds_until_closed(connection, b"GET /?q=aaaaaaaaa") < 5
        with connected(address) as connection:
            ask(connection)
            connection.sendall(b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4000\r\n\r\ntoken=")
            assert seconds_until_closed(connection, b"a") < 5


@pytest.fixture
def many_files() -> None:
    if sys.platform != "linux":
        pytest.skip("needs more than one address of this machine")
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if 0 <= hard < 2 * MANY:
        pytest.skip("needs some thousand open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (2 * MANY, hard))


@pytest.mark.slow
@pytest.mark.usefixtures("many_files")
@pytest.mark.parametrize("sources", [["127.0.0.1"], [f"127.0.0.{k}" for k in range(2, 12)]], ids=len)
def test_slow_clients_leave_room_for_the_others(running: Terminal, sources: list[str]) -> None:
    with ExitStack() as stack:
        for k in range(MANY):
            with suppress(ConnectionError):
                connection = stack.enter_context(connected(running.address, sources[k % len(sources)]))
                ask(connection)
                connection.sendall(b"GET /?q=a")
        began = time.monotonic()
        for _ in range(20):
            assert requests.get(f"{running.address}/healthz", timeout=10).ok
        assert time.monotonic() - began < 20  # it takes a tenth of a second on a machine that is idle
        assert running.interrupted()[1] == LAST_LINE


@pytest.mark.slow
@pytest.mark.usefixtures("many_files")
def test_one_address_cannot_close_the_connections_of_another(talks: Path) -> None:
    with served(talks) as address, connected(address, "127.0.0.2") as other, ExitStack() as stack:
        other.sendall(b"HEAD / HTTP")
        for _ in range(600):
            ask(stack.enter_context(connected(address)))
        other.sendall(b"/1.1\r\nHost: nobody\r\n\r\n")
        assert other.recv(4096).startswith(b"HTTP/1.1 421 ")


@pytest.mark.slow
def test_a_body_of_two_lengths_is_refused(address: str) -> None:
    """The second request would be a body to a proxy that goes by Content-Length, and a request to this server."""
    for method, lengths in product(
        (b"GET", b"POST"),
        (b"Content-Length: 5\r\nTransfer-Encoding: chunked", b"transfer-encoding: chunked\r\nCONTENT-LENGTH: 5"),
    ):
        head = method + b" /healthz HTTP/1.1\r\nHost: localhost\r\n" + lengths
        answer = send(address, head + b"\r\n\r\n0\r\n\r\n" + HEAD)
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert answer.count(b"HTTP/1.1 ") == 1


@pytest.mark.slow
def test_malformed_requests_write_nothing_to_the_terminal(running: Terminal) -> None:
    for data in (
        *MALFORMED,
        HEAD + b"nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
        HEAD.replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n"),
    ):
        send(running.address, data)
    with connected(running.address) as connection:  # the answer is there before the rest of the body
        connection.sendall(HEAD.replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\n"))
        assert connection.recv(4096)
        connection.sendall(b"nonsense\r\n")
        time.sleep(0.2)
    with connected(running.address) as connection:
        connection.sendall(b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 40\r\n\r\ntoken=")
        time.sleep(0.2)
    assert running.interrupted()[:2] == (0, LAST_LINE)


SENT = b'--b\r\nContent-Disposition: form-data; name="secret"\r\n\r\nx\r\n--b--\r\n'


UPLOADS = [
    ("multipart/form-data", SENT),
    ("multipart/form-data; boundary=", SENT),
    ("multipart/form-data; boundary=another", SENT),
    ("multipart/form-data; boundary=\xe9", SENT),
    ("multipart/form-data; boundary=b", b"nonsense"),
    ("multipart/form-data; boundary=b", SENT.replace(b"Content-Disposition", b"\x00\x01")),
    ("multipart/form-data; boundary=b", SENT.replace(b"Content-Disposition", b"X" * 200_000)),
    ("multipart/form-data; boundary=b", SENT.replace(b'; name="secret"', b"")),
    ("multipart/form-data; boundary=b", SENT.replace(b"--b--", b"--b") * 9),
]


@pytest.mark.slow
def test_a_malformed_upload_is_refused_and_writes_nothing_to_the_terminal(running: Terminal) -> None:
    for kind, body in UPLOADS:
        headers: dict[str, str | bytes | None] = {"Content-Type": kind.encode("latin-1")}
        headers["Authorization"] = f"Bearer {TOKEN}"
        refused = requests.post(f"{running.address}/add/file", body, headers=headers, timeout=60)
        assert refused.status_code == 400, kind
        assert re.search(r'<p role="alert"[^>]*>[^<\n]+</p>', refused.text)
    assert running.interrupted()[:2] == (0, LAST_LINE)
