"""More questions than the server can answer: others are answered meanwhile, and Ctrl-C ends it."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

import pytest
import requests

from seekpoint.index.embedded.embedded_reader import EmbeddedReader
from tests.query.serving.test_live_library import CountingEncoder
from tests.query.web.served import served
from tests.query.web.terminal import LAST_LINE, terminal

if TYPE_CHECKING:
    from seekpoint.index.types import Vectors

pytestmark = pytest.mark.slow

LONG = "what does a mask hide in all of this, and why " * 40
# What the server answers while questions wait.
OTHERS = ("/healthz", "/", "/list", "/resource/aaaaaaaaaaa", "/static/page.js", "/api/status", "/api/suggestions?q=mas")
TOKEN = "a-token-for-the-tests"


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


@pytest.fixture
def encoder() -> Iterator[HeldEncoder]:
    encoder = HeldEncoder()
    yield encoder
    encoder.may_go_on.set()


@pytest.fixture
def address(talks: Path, encoder: HeldEncoder) -> Iterator[str]:
    with served(talks, encoder=encoder) as address:
        assert requests.get(f"{address}/api/ask?q=mask", timeout=60).ok
        yield address
        encoder.may_go_on.set()


def asked(address: str, number: int = 0, path: str = "/api/ask", **headers: str) -> requests.Response:
    return requests.get(f"{address}{path}", {"q": f"{LONG}{number}"}, headers=headers, timeout=60)


def sent(address: str, number: int, head: str = "") -> socket.socket:
    """A connection over which a long question was sent."""
    place = urlsplit(address)
    connection = socket.create_connection((place.hostname, place.port or 80), timeout=60)
    path = f"/api/ask?{urlencode({'q': f'{LONG}{number}'})}"
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {place.netloc}\r\n{head}\r\n".encode())
    return connection


def test_others_are_answered_while_long_questions_wait(address: str, encoder: HeldEncoder) -> None:
    with ThreadPoolExecutor(60) as threads:
        storm = [threads.submit(asked, address, number) for number in range(60)]
        assert encoder.holds.wait(30)
        for path in (*OTHERS, "/api/ask?q=mask", "/?q=mask"):
            assert requests.get(f"{address}{path}", timeout=10).ok
        refused = asked(address, 60)
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
        assert "ask again in a few seconds" in refused.json()["detail"]
        shown = asked(address, 60, "/", **{"Accept-Language": "zh"})
        assert (shown.status_code, shown.headers["retry-after"]) == (503, "5")
        assert "请过几秒再问" in shown.text
        encoder.may_go_on.set()
        assert Counter(answer.result().status_code for answer in storm) == {200: 7, 503: 53}
    assert asked(address, 60).ok, "there is room again"


def test_clients_that_left_cost_nothing(address: str, encoder: HeldEncoder) -> None:
    with ExitStack() as stack:
        for number in range(7):  # one is embedded, six wait
            stack.enter_context(sent(address, number))
            assert encoder.holds.wait(30)
        until(lambda: is_full(address))
    until(lambda: not is_full(address))
    encoder.may_go_on.set()
    assert asked(address, 8).ok
    assert [text[-1] for text in encoder.asked] == ["k", "0", "8"]


def is_full(address: str) -> bool:
    """Whether a long question is refused; one that isn't leaves after a moment."""
    try:
        return requests.get(f"{address}/api/ask", {"q": LONG}, timeout=0.3).status_code == 503
    except requests.Timeout:
        return False


def until(is_so: Callable[[], bool]) -> None:
    for _ in range(100):
        if is_so():
            return
        time.sleep(0.05)
    pytest.fail("not within a hundred tries")


# Seconds: it is less than two on a machine that does nothing else.
AT_MOST = 4.0
ANSWERS = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}


@pytest.mark.model
@pytest.mark.parametrize("command", [["serve"], ["mcp", "--http"]], ids=" ".join)
def test_ctrl_c_ends_it_at_once_whatever_is_in_work(example_library: Path, command: list[str]) -> None:
    with terminal(example_library, *command) as running, ThreadPoolExecutor(60) as threads:

        def ask(number: int) -> None:
            question = f"{LONG}{number}" * 2 if number % 2 else f"what does mask {number} hide?"
            with suppress(requests.RequestException):
                if command == ["serve"]:
                    requests.get(f"{running.address}/", {"q": question}, timeout=60)
                    return
                call = {"name": "ask", "arguments": {"question": question}}
                message = {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": call}
                requests.post(f"{running.address}/mcp", json=message, headers=ANSWERS, timeout=60)

        ask(0)
        for number in range(60):
            threads.submit(ask, number)
        time.sleep(0.7)
        code, shown, seconds = running.interrupted()
    assert (code, shown) == (0, LAST_LINE)
    assert seconds < AT_MOST


@pytest.mark.model
@pytest.mark.parametrize("moment", ["starts", "embeds"])
def test_ctrl_c_ends_a_build_of_the_page_too(example_library: Path, tmp_path: Path, moment: str) -> None:
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
