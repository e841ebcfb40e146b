"""The running server: malformed requests, slow clients, more questions than it can answer, and the command."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager, suppress
from itertools import islice, product
from pathlib import Path
from threading import Event, Timer
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

import click
import pytest
import requests
from click.testing import CliRunner

from seekpoint.cli.main import cli
from seekpoint.cli.mcp import mcp
from seekpoint.cli.serve import lasting_key, serve
from seekpoint.index.embedded.embedded_reader import EmbeddedReader
from seekpoint.index.errors import SeekpointError, UsageError
from seekpoint.query.web.http_server import BoundedProtocol, listen
from seekpoint.query.web.security import AccessPolicy
from tests.paths import ROOT
from tests.query.serving.test_live_library import CountingEncoder
from tests.query.web.served import LAST_LINE, eventually, served, terminal

if TYPE_CHECKING:
    from seekpoint.index.types import Vectors

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
    with connected(address) as connection, suppress(OSError):
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65_536), b""))
    return b""


MALFORMED = (
    b"\x16\x03\x01\x02\x00\x01\x00",
    b"nonsense\r\n\r\n",
    b"GET / HTTP/1.1\r\n\r\n",
    b"GET /?q=%ZZ%00 HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    b"GET /?q=" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 200_000 + b"\r\n\r\n",
    b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
)


def test_idle_connections_delay_nobody(address: str) -> None:
    with ExitStack() as stack, ThreadPoolExecutor(16) as threads:
        for _ in range(50):
            stack.enter_context(connected(address)).sendall(b"GET / HT")
        questions = ["mask", "掩码", "attention", "注意力"] * 8
        answers = list(threads.map(lambda q: requests.get(f"{address}/api/ask", {"q": q}, timeout=60), questions))
        assert all(answer.json()["moments"] for answer in answers)


def test_the_socket_waits_for_no_acknowledgement_and_an_address_that_cant_be_had_is_named() -> None:
    with listen("127.0.0.1", 0) as taken:
        assert taken.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        port = taken.getsockname()[1]
        for host, named in (("127.0.0.1", f"port {port} is taken"), ("no host", "no host"), ("203.0.113.7", "203")):
            with pytest.raises(SeekpointError, match=named):
                listen(host, port)


@pytest.mark.parametrize(("command", "more"), [(serve, ()), (mcp, ("--http",))])
def test_a_token_that_is_easily_guessed_or_that_no_header_carries_is_refused(
    tmp_path: Path, command: click.Command, more: tuple[str, ...]
) -> None:
    with listen("127.0.0.1", 0) as taken:  # where the token is accepted, the port is refused
        arguments = [*more, "--port", str(taken.getsockname()[1]), "--index", str(tmp_path)]
        for token in ("", "short", " " * 20, f" {TOKEN}", f"{TOKEN}\n", f"{TOKEN}\x7f", "掩码" * 10, "é" * 20):
            for options, env in ((["--token", token], {}), ([], {"SEEKPOINT_TOKEN": token})):
                refused = CliRunner().invoke(command, [*arguments, *options], env=env, **cli.context_settings)
                assert isinstance(refused.exception, UsageError), repr(token)
                assert re.match(r"(a token|\$SEEKPOINT_TOKEN is empty).*: .*\Z", str(refused.exception))


@pytest.mark.slow
def test_the_command_serves_until_it_is_interrupted_and_knows_its_browsers_again(talks: Path, tmp_path: Path) -> None:
    with listen("127.0.0.1", 0) as taken:
        port = str(taken.getsockname()[1])
    options = ["--port", port, "--host", "0.0.0.0", "--edit", "--index", str(talks)]
    command = [sys.executable, "-m", "seekpoint", "serve", *options]
    page, env = requests.Session(), {**os.environ, "XDG_DATA_HOME": str(tmp_path)}
    addresses: list[str] = []
    for _ in range(2):
        with subprocess.Popen(
            command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout and process.stderr
            try:
                result = re.search(r"http://\S+", process.stdout.readline())
                assert result
                if not addresses:
                    assert page.get(result[0], timeout=60).ok
                addresses.append(result[0])
                own = result[0].partition("/login")[0]
                assert "/add/address" in page.get(f"{own}/list", timeout=60).text
                assert requests.get(f"{own}/list", timeout=60).status_code == 401
            finally:
                process.send_signal(signal.SIGINT)
            assert process.wait(60) == 0
            assert "isn't encrypted" in process.stderr.read()
    assert addresses[0] != addresses[1], "the token is another one, and the cookie opens the page all the same"


def test_the_key_that_signs_lasts_with_the_user_and_is_another_for_each_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    (tmp_path / "other").symlink_to(tmp_path / "库")
    keys = [lasting_key(tmp_path / name) for name in ("库", "库", "other", "library")]
    assert keys[0] == keys[1] == keys[2] != keys[3]
    assert lasting_key(tmp_path / "库", edits=True) not in keys, "who may read can't edit later"
    (file,) = (tmp_path / "seekpoint").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600 and file.read_bytes().hex() not in keys
    for damaged in (file.read_bytes()[:5], b"", file.read_bytes() * 2):
        file.write_bytes(damaged)
        file.chmod(0o644)
        assert lasting_key(tmp_path / "库") == lasting_key(tmp_path / "库") not in keys, "it is made anew"
        assert [*file.parent.iterdir()] == [file] and file.stat().st_mode & 0o777 == 0o600
    monkeypatch.setenv("XDG_DATA_HOME", "/dev/null")
    assert len({*keys, lasting_key(tmp_path / "库"), lasting_key(tmp_path / "库")}) == 4
    policies = [AccessPolicy(token=token, key=keys[0]) for token in ("a" * 20, "b" * 20)]
    assert policies[0].feed_token == policies[1].feed_token != AccessPolicy(token="a" * 20).feed_token


@pytest.mark.slow
def test_the_command_says_where_there_is_no_library_and_how_to_build_it(tmp_path: Path) -> None:
    with terminal(tmp_path, "serve") as running:
        assert running.process.stdout
        late = Timer(60, running.process.kill)
        late.start()
        told = f"there is no library in {tmp_path}: build one with `seekpoint build SOURCE --index {tmp_path}`"
        assert running.process.stdout.readline().startswith(f"seekpoint: {told}")
        late.cancel()
        assert requests.get(f"{running.address}/healthz", timeout=60).status_code == 503
        assert running.interrupted()[1] == LAST_LINE


HEAD = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
MANY = 1100


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
            connection.sendall(data[k % max(len(data), 1) :][:1])
            with suppress(TimeoutError):
                if not connection.recv(100):
                    break
    return time.monotonic() - began


@pytest.mark.slow
def test_every_request_has_a_time_limit_for_its_head_and_its_body(talks: Path) -> None:
    with served(talks, protocol=ShortTimeout) as address:
        for data in (b"", b"GET /?q=aaaaaaaaa", b"X: 1\r\n", "掩码".encode()):
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


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="needs more than one address of this machine")
def test_slow_clients_leave_room_for_the_others(talks: Path) -> None:
    """The command may open the files that a Mac allows at first, and Linux at most."""
    allow_many_files()
    with terminal(talks, "serve", files=256) as running, ExitStack() as stack:
        for k in range(MANY):
            with suppress(ConnectionError):
                connection = stack.enter_context(connected(running.address, f"127.0.0.{2 + k % 10}"))
                ask(connection)
                connection.sendall(b"GET /?q=a")
        began = time.monotonic()
        for _ in range(20):
            assert requests.get(f"{running.address}/healthz", timeout=10).ok
        assert time.monotonic() - began < 20  # it takes a tenth of a second on a machine that is idle
        assert running.interrupted()[1] == LAST_LINE


def allow_many_files() -> None:
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if 0 <= hard < 2 * MANY:
        pytest.skip("needs some thousand open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (2 * MANY, hard))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="needs more than one address of this machine")
def test_one_address_cannot_close_the_connections_of_another(talks: Path) -> None:
    allow_many_files()
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
def test_malformed_requests_and_uploads_are_refused_and_write_nothing_to_the_terminal(talks: Path) -> None:
    chunked = HEAD.replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\n")
    upgrade = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"
    begun = b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 40\r\n\r\ntoken="
    sent = b'--b\r\nContent-Disposition: form-data; name="secret"\r\n\r\nx\r\n--b--\r\n'
    with terminal(talks, "serve", "--edit", "--token", TOKEN) as running:
        for data in MALFORMED:
            answer = send(running.address, data)
            assert not answer or answer.startswith((b"HTTP/1.1 4", b"HTTP/1.0 4"))
        for data in (HEAD + b"nonsense\r\n\r\n", upgrade, chunked + b"nonsense\r\n"):
            send(running.address, data)
        for first, rest in ((chunked, b"nonsense\r\n"), (begun, b"")):
            with connected(running.address) as connection:
                connection.sendall(first)
                assert not rest or connection.recv(4096), "the answer is there before the rest of the body"
                connection.sendall(rest)
                time.sleep(0.2)
        for parameter, body in (
            (b"", sent),
            (b"; boundary=", sent),
            (b"; boundary=another", sent),
            (b"; boundary=\xe9", sent),
            (b"; boundary=b", b"nonsense"),
            (b"; boundary=b", sent.replace(b"Content-Disposition", b"\x00\x01")),
            (b"; boundary=b", sent.replace(b"Content-Disposition", b"X" * 200_000)),
            (b"; boundary=b", sent.replace(b'; name="secret"', b"")),
            (b"; boundary=b", sent.replace(b"--b--", b"--b") * 9),
        ):
            headers = {"Content-Type": b"multipart/form-data" + parameter, "Authorization": f"Bearer {TOKEN}".encode()}
            refused = requests.post(f"{running.address}/add/file", body, headers=headers, timeout=60)
            assert refused.status_code == 400, parameter
            assert re.search(r'<p role="alert"[^>]*>[^<\n]+</p>', refused.text)
        assert running.interrupted()[:2] == (0, LAST_LINE)


LONG = "what does a mask hide in all of this, and why " * 40


class HeldEncoder(CountingEncoder):
    """Holds long questions until they may go on."""

    def __init__(self) -> None:
        super().__init__()
        self.may_go_on, self.holds = Event(), Event()

    def question(self, text: str) -> Vectors:
        if len(text) > 500:
            self.holds.set()
            assert self.may_go_on.wait(60)
        return super().question(text)


def asked(address: str, number: int | str, path: str = "/api/ask", **headers: str) -> requests.Response:
    return requests.get(f"{address}{path}", {"q": f"{LONG}{number}"}, headers=headers, timeout=60)


def sent(address: str, number: int, head: str = "") -> socket.socket:
    """A connection over which a long question was sent."""
    place = urlsplit(address)
    connection = socket.create_connection((place.hostname, place.port or 80), timeout=60)
    path = f"/api/ask?{urlencode({'q': f'{LONG}{number}'})}"
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {place.netloc}\r\n{head}\r\n".encode())
    return connection


@pytest.mark.slow
def test_while_long_questions_wait_others_are_answered_and_clients_that_left_cost_nothing(talks: Path) -> None:
    encoder = HeldEncoder()
    with served(talks, encoder=encoder) as address, ThreadPoolExecutor(60) as threads:
        assert requests.get(f"{address}/api/ask?q=mask", timeout=60).ok
        with ExitStack() as stack:
            for number in range(7):  # one is embedded, six wait
                stack.enter_context(sent(address, number))
                assert encoder.holds.wait(30)
            wait_until_full(address, True)
        wait_until_full(address, False)
        storm = [threads.submit(asked, address, f"storm {number}") for number in range(60)]
        refusals = [answer.result() for answer in islice(as_completed(storm, timeout=60), 54)]
        for path in ("/healthz", "/list", "/static/page.js", "/api/suggestions?q=mas", "/api/ask?q=mask", "/?q=mask"):
            assert requests.get(f"{address}{path}", timeout=10).ok
        refusals += [asked(address, 60), shown := asked(address, 60, "/", **{"Accept-Language": "zh"})]
        refusals.append(requests.get(f"{address}/api/ask", {"q": "mask", "also": f"{LONG}60"}, timeout=60))
        assert {(each.status_code, each.headers["retry-after"]) for each in refusals} == {(503, "5")}
        assert "ask again in a few seconds" in refusals[0].json()["detail"] and "请过几秒再问" in shown.text
        encoder.may_go_on.set()
        assert sum(answer.result().ok for answer in storm) in (5, 6)  # one that was probed with may not be gone yet
        assert asked(address, 60).ok, "there is room again"
    assert encoder.asked[1] == f"{LONG}0"
    assert not {f"{LONG}{number}" for number in range(1, 7)} & {*encoder.asked}


def wait_until_full(address: str, wanted: bool) -> None:
    """Wait until a long question is refused or isn't; one that isn't leaves after a moment."""

    def is_full() -> bool:
        with suppress(requests.Timeout):
            return requests.get(f"{address}/api/ask", {"q": LONG}, timeout=0.3).status_code == 503
        return False

    eventually(lambda: is_full() == wanted)


# Seconds: it is less than two on a machine that does nothing else.
AT_MOST = 4.0
ANSWERS = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}


@pytest.mark.slow
@pytest.mark.model
def test_ctrl_c_ends_the_server_of_assistants_at_once_whatever_is_in_work(example_library: Path) -> None:
    with terminal(example_library, "mcp", "--http") as running, ThreadPoolExecutor(60) as threads:

        def ask(number: int) -> None:
            question = f"{LONG}{number}" * 2 if number % 2 else f"what does mask {number} hide?"
            call = {"name": "ask", "arguments": {"question": question}}
            message = {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": call}
            with suppress(requests.RequestException):
                requests.post(f"{running.address}/mcp", json=message, headers=ANSWERS, timeout=60)

        ask(0)
        for number in range(60):
            threads.submit(ask, number)
        time.sleep(0.7)
        code, shown, seconds = running.interrupted()
    assert (code, shown) == (0, LAST_LINE)
    assert seconds < AT_MOST


@pytest.mark.slow
@pytest.mark.model
@pytest.mark.parametrize("moment", ["starts", "embeds"])
def test_ctrl_c_ends_the_questions_and_the_build_of_a_page(example_library: Path, tmp_path: Path, moment: str) -> None:
    library = Path(shutil.copytree(example_library, tmp_path / "library"))
    note = "".join(f"# Part {k}\n\nA mask hides what comes later, says part {k}. {LONG}\n\n" for k in range(200))
    with terminal(library, "serve", "--edit", "--token", TOKEN) as running:
        page = requests.Session()
        page.headers["Authorization"] = f"Bearer {TOKEN}"
        secret = re.search(r'name="secret" value="([^"]+)', page.get(f"{running.address}/list", timeout=60).text)
        assert secret
        files = {"file": ("note.md", note)}
        assert page.post(f"{running.address}/add/file", {"secret": secret[1]}, files=files, timeout=60).ok
        with page.get(f"{running.address}/add/progress", stream=True, timeout=60) as progress:
            lines = (json.loads(line[6:]) for line in progress.iter_lines() if line)
            assert next(told for told in lines if told["total"] or moment == "starts")["is_running"]
            with ExitStack() as questions:  # the server waits a second for their answers
                for number in range(7):
                    questions.enter_context(sent(running.address, number, f"Authorization: Bearer {TOKEN}\r\n"))
                time.sleep(0.5)
                code, shown, seconds = running.interrupted()
        assert (code, shown) == (0, LAST_LINE)
        assert seconds < AT_MOST
        with pytest.raises(ProcessLookupError):
            os.killpg(running.process.pid, 0)
    with EmbeddedReader.open(library) as reader:
        reader.verify()
