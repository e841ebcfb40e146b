"""One bad thing beside a good page: the good one is indexed, the bad one stated in a line, nothing else disturbed."""

from __future__ import annotations

import gzip
import os
import re
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from html import escape
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from seekpoint.index.embedded.embedded_reader import EmbeddedReader
from seekpoint.index.text.clean import clean
from seekpoint.index.types import ResourceStatus, State
from seekpoint.indexer.build_options import BuildOptions, Sources
from seekpoint.indexer.pipeline.build import build
from seekpoint.indexer.transcript.cues import MOST_TOKENS, tokens
from seekpoint.query.answers import Moment
from seekpoint.query.output.terminal import to_text
from seekpoint.query.search import pipeline
from seekpoint.query.search.settings import AskOptions
from tests.cli.here import call
from tests.cost import at_most, processor_seconds
from tests.fakes import TopicEncoder
from tests.indexer.sources.papers.test_pdf import line, made
from tests.local_web import LocalWeb, raw_server

pytestmark = pytest.mark.slow

Answer = bytes | Callable[[socket.socket], object]

GOOD = "https://good.example/attention"
BAD = "https://bad.example/page"
QUESTION = "What does the softmax turn into weights?"
NOTHING = b"HTTP/1.1 404 -\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
WORDS = "attention reads every token of a sentence and the softmax makes weights of what it finds there"


def page(*paragraphs: str, title: str = "A page") -> str:
    body = "".join(f"<p>{text}</p>" for text in paragraphs)
    return f"<!doctype html><title>{title}</title><article><h1>{title}</h1>{body}</article>"


def http(data: str | bytes, kind: str = "text/html; charset=utf-8", head: str = "") -> bytes:
    body = data.encode() if isinstance(data, str) else data
    lines = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n{head}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return lines.encode() + body


def to(address: str) -> bytes:
    return f"HTTP/1.1 302 -\r\nLocation: {address}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()


GOOD_PAGE = http(page("The softmax turns scores into weights.", "归一化把分数变成权重，权重之和为一。"))


class Bench:
    """A library that is built from addresses, served here, and from the files in a folder."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.files = folder / "files"
        self.files.mkdir()
        self.encoder = TopicEncoder()
        self.seconds = 0.0  # of processor time that the build took
        self._folder = folder
        self._library = folder / "library"
        self._answers: Mapping[str, Answer] = {}
        self.timeouts, self.deadline = (30.0, 30.0), 60.0
        self.root = stack.enter_context(raw_server(self._answer))

    def _answer(self, path: str, connection: socket.socket) -> None:
        answer = self._answers.get(path, NOTHING)
        connection.sendall(answer) if isinstance(answer, bytes) else answer(connection)

    def build(self, addresses: Mapping[str, Answer]) -> dict[str, ResourceStatus]:
        """Build from what lies at some addresses, in that order, and from the files."""
        self._answers = {"/attention": GOOD_PAGE} | {urlsplit(url).path: answer for url, answer in addresses.items()}
        reading_list = self._folder / "list.md"
        reading_list.write_text("\n".join(f"- <{url}>" for url in [*addresses, GOOD]), encoding="utf-8")
        hosts = "https://bad.example", "https://good.example"
        web = LocalWeb(self.root, *hosts, timeouts=self.timeouts, deadline=self.deadline)
        sources = [str(reading_list), *([str(self.files)] if any(self.files.iterdir()) else [])]
        began = processor_seconds()
        build(BuildOptions(sources, translate=False), self._library, Sources.through(web), encoder=self.encoder)
        self.seconds = processor_seconds() - began
        with EmbeddedReader.open(self._library) as library:
            return {status.resource.url: status for status in library.statuses()}

    def ask(self, question: str, k: int = 1) -> list[Moment]:
        with EmbeddedReader.open(self._library) as library:
            answer = pipeline.ask(question, library, self.encoder, AskOptions(k))
        shown = to_text(answer, styled=False)
        assert all(row.isprintable() for row in shown.splitlines()), shown
        return list(answer.moments)

    def told(self) -> str:
        """What `seekpoint status` prints."""
        result = call("status", "--index", self._library)
        assert (result.exit_code, result.stderr) == (0, "")
        return result.stdout


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with ExitStack() as stack:
        yield Bench(tmp_path, stack)


def assert_good(bench: Bench, statuses: Mapping[str, ResourceStatus]) -> None:
    assert statuses[GOOD].state is State.INDEXED, statuses[GOOD]
    assert bench.ask(QUESTION)[0].link.startswith(f"{GOOD}#:~:text=")


def assert_stated(told: str, status: ResourceStatus, state: State, words: str) -> None:
    assert status.state is state, status
    assert status.reason and words in status.reason
    assert status.reason == clean(status.reason)
    assert not status.reason.is_foreign
    assert f"{state.replace('_', ' ')}: {status.reason}\n" in told


def endless(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 50000000\r\n\r\n")
    for _ in range(50):
        connection.sendall(b"<p>softmax " * 90_910)


def dripping(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n")
    for _ in range(3000):
        connection.sendall(b"x")
        time.sleep(0.02)


def hanging(connection: socket.socket) -> None:
    connection.settimeout(60)
    connection.recv(1)  # until the other side hangs up


BOMB = gzip.compress(b"\0" * 60_000_000, 1)
SCRIPT = "<html><body><noscript>Please enable JavaScript to run this app.</noscript><script src=/a.js></script></body>"

PAGES: dict[str, tuple[Answer, State, str]] = {
    "50 MB": (endless, State.UNAVAILABLE, "more than 30 MB"),
    "hangs": (hanging, State.DEFERRED, "did not answer in time"),
    "drips": (dripping, State.DEFERRED, "did not answer in time"),
    "leads to itself": (to(BAD), State.UNAVAILABLE, "without end"),
    "leads to this machine": (to("http://127.0.0.1:{port}/attention"), State.UNAVAILABLE, "private network"),
    "leads to a file": (to("file:///etc/passwd"), State.UNAVAILABLE, "isn't on the web"),
    "unpacks to 60 MB": (http(BOMB, head="Content-Encoding: gzip\r\n"), State.UNAVAILABLE, "more than 30 MB"),
    "made by script": (http(SCRIPT), State.UNAVAILABLE, "made by script"),
    "a film": (http(b"\0\0\0\x18ftypmp42", "video/mp4"), State.UNAVAILABLE, "it is video/mp4"),
    "no HTTP": (b"SSH-2.0-OpenSSH\r\n", State.DEFERRED, "connection to bad.example fails"),
    "5,000 elements deep": (http("<div>" * 5000 + WORDS), State.UNAVAILABLE, "nested too deep"),
}


@pytest.mark.parametrize("name", PAGES)
def test_a_bad_page_costs_nothing_but_itself(bench: Bench, name: str) -> None:
    answer, state, words = PAGES[name]
    if isinstance(answer, bytes):
        answer = answer.replace(b"{port}", bench.root.rpartition(":")[2].encode())
    if name == "hangs":
        bench.timeouts = (30.0, 2.0)
    if name == "drips":
        bench.deadline = 2.0
    statuses = bench.build({BAD: answer})
    assert_good(bench, statuses)
    assert_stated(bench.told(), statuses[BAD], state, words)
    assert bench.seconds < 20


LONG = {
    "English": " ".join(f"In step {n} {WORDS}, said reader {n * 7919} of it." for n in range(1600)),
    "中文，一句": "".join(f"第{n}步，注意力读取每个词元，归一化得到第{n * 7919}个权重，" for n in range(7000)),
}


@pytest.mark.parametrize("name", LONG)
def test_a_paragraph_without_end_is_cut_to_what_the_model_reads(bench: Bench, name: str) -> None:
    text = LONG[name]
    assert len(text) >= 190_000
    statuses = bench.build({BAD: http(page(text))})
    assert_good(bench, statuses)
    assert statuses[BAD].state is State.INDEXED
    assert any(text[-30:].replace(" ", "") in passage.replace(" ", "") for passage in bench.encoder.embedded)
    assert max(map(tokens, bench.encoder.embedded)) <= MOST_TOKENS
    with at_most(seconds=10):
        found = bench.ask("1234 attention reads 注意力", 3)
    moment = next(moment for moment in found if moment.resource.url == BAD and moment.quote != "A page")
    address, _, directive = moment.link.partition("#:~:")
    assert (address, directive[:5]) == (BAD, "text=") and len(directive) <= 300
    assert unquote(re.split(r"[=,]", directive)[1]) in text
    assert bench.seconds < 20


FILES: dict[str, tuple[bytes | int, State, str]] = {
    "no pages.pdf": (made([]), State.UNAVAILABLE, "no pages"),
    "half.pdf": (made([[line(100, 400, WORDS)]] * 9)[:700], State.UNAVAILABLE, "broken"),
    "text.pdf": (b"these are no pages", State.UNAVAILABLE, "not a PDF"),
    "text.mp4": (b"this is no film", State.NO_TRANSCRIPT, "no captions beside it"),
    "random.txt": (os.urandom(5000), State.UNAVAILABLE, "not a text file"),
    "nothing.md": (b"", State.UNAVAILABLE, "empty"),
    "deep quotes.md": (b">" * 5000 + b" softmax", State.UNAVAILABLE, "nested too deep"),
    # So many bytes, none of them written; reasons that are equal stand in one line.
    "large.txt": (100_000_000, State.UNAVAILABLE, "0 MB are too much"),
    "large.md": (110_000_000, State.UNAVAILABLE, "0 MB are too much"),
    "large.html": (120_000_000, State.UNAVAILABLE, "0 MB are too much"),
    "large.pdf": (250_000_000, State.UNAVAILABLE, "0 MB are too much"),
}


def test_many_bad_files_and_pages_at_once_cost_nothing_but_themselves(bench: Bench) -> None:
    for name, (data, _, _) in FILES.items():
        with (bench.files / name).open("wb") as file:
            file.write(data) if isinstance(data, bytes) else file.truncate(data)
    expected = {name: (state, words) for name, (_, state, words) in FILES.items()}
    if hasattr(os, "mkfifo"):
        os.mkfifo(bench.files / "pipe.txt")
        expected["pipe.txt"] = State.UNAVAILABLE, "a device or a pipe"
    statuses = bench.build({f"https://bad.example/{number}": NOTHING for number in range(20)})
    assert_good(bench, statuses)
    told = bench.told()
    for name, (state, words) in expected.items():
        assert_stated(told, statuses[(bench.files / name).as_uri()], state, words)
    states = [status.state for status in statuses.values()]
    assert (len(states), states.count(State.INDEXED)) == (1 + len(expected) + 20, 1)
    assert "unavailable (20): nothing is there (HTTP 404): check the address; if it takes a login, " in told
    assert bench.seconds < 20


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.md", "[" * 30_000 + " 掩码 mask"),
        ("a.md", "![" * 15_000 + " 掩码 mask"),
        ("a.md", "*a_ " * 15_000 + " 掩码 mask"),
        ("a.txt", "<script" * 15_000 + " \udcff mask"),
        ("a.html", "<p>掩码 mask " + "<b><i>" * 90 + "<p>x" * 5000),
    ],
)
def test_marks_without_end_are_read_in_time(bench: Bench, name: str, text: str) -> None:
    (bench.files / name).write_text(text, encoding="utf-8", errors="surrogateescape")
    statuses = bench.build({})
    assert_good(bench, statuses)
    status = statuses[(bench.files / name).as_uri()]
    assert status.state is State.INDEXED, status.reason
    assert bench.ask("mask")[0].resource.url == status.resource.url
    assert bench.seconds < 20


# With what is left of each: what holds spaces is no id.
ANCHORS = {
    '"><script>alert(1)</script>': '"><script>alert(1)</script>',
    "掩码": "掩码",
    "100%": "100%",
    "%zz%41": "%zz%41",
    "a#b?c=d": "a#b?c=d",
    "two words": "",
    "\x1b]8;;x\x07": "]8;;x",
    "\u202eid": "",
}


def test_an_anchor_stays_within_one_address(bench: Bench) -> None:
    addresses: dict[str, Answer] = {f"{BAD}/{k}": notes("Masks", anchor) for k, anchor in enumerate(ANCHORS)}
    statuses = bench.build(addresses)
    assert_good(bench, statuses)
    moments = bench.ask("what does the mask hide?", 20)
    for address, anchor in zip(addresses, ANCHORS.values(), strict=True):
        link = next(moment.link for moment in moments if moment.resource.url == address)
        assert re.fullmatch(r"https://bad\.example/page/\d#[\w!$&'()*+,;=:@/?.~%-]*:~:text=[\w.~%,-]+", link, re.ASCII)
        assert unquote(urlsplit(link).fragment.partition(":~:")[0]) == anchor


def notes(heading: str, anchor: str = "here") -> bytes:
    said, name = escape(heading), escape(anchor)
    body = f'<h1>{said}</h1><p>{WORDS}.</p><h2 id="{name}">{said}</h2><p>{said} the mask hides what comes later.</p>'
    return http(f"<!doctype html><title>{said}</title><article>{body}</article>")
