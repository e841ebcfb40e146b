"""One bad thing beside a good page: the good one is indexed, the bad one stated in a line, nothing else disturbed."""

from __future__ import annotations

import gzip
import os
import re
import socket
import time
from collections.abc import Callable, Mapping
from html import escape
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import stamina

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
from tests.cost import at_most
from tests.fakes import TopicEncoder
from tests.indexer.sources.archives.samples import epub, pptx
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

    def __init__(self, folder: Path) -> None:
        self.files = folder / "files"
        self.files.mkdir()
        self.encoder = TopicEncoder()
        self._library = folder / "library"

    def build(
        self, addresses: Mapping[str, Answer], timeouts: tuple[float, float] = (30.0, 30.0), deadline: float = 60.0
    ) -> dict[str, ResourceStatus]:
        """Build from what lies at some addresses, in that order, and from the files."""
        answers = {"/attention": GOOD_PAGE} | {urlsplit(url).path: answer for url, answer in addresses.items()}

        def serve(path: str, connection: socket.socket) -> None:
            answer = answers.get(path, NOTHING)
            connection.sendall(answer) if isinstance(answer, bytes) else answer(connection)

        reading_list = self._library.with_name("list.md")
        reading_list.write_text("\n".join(f"- <{url}>" for url in [*addresses, GOOD]), encoding="utf-8")
        sources = [str(reading_list), *([str(self.files)] if any(self.files.iterdir()) else [])]
        with raw_server(serve) as root, at_most(seconds=20):
            web = LocalWeb(root, "https://bad.example", "https://good.example", timeouts=timeouts, deadline=deadline)
            build(BuildOptions(sources, translate=False), self._library, Sources.through(web), encoder=self.encoder)
        with EmbeddedReader.open(self._library) as library:
            statuses = {status.resource.url: status for status in library.statuses()}
        assert statuses[GOOD].state is State.INDEXED, statuses[GOOD]
        assert self.ask(QUESTION)[0].link.startswith(f"{GOOD}#:~:text=")
        return statuses

    def ask(self, question: str, k: int = 1) -> list[Moment]:
        with EmbeddedReader.open(self._library) as library:
            answer = pipeline.ask(question, library, self.encoder, AskOptions(k))
        shown = to_text(answer, styled=False)
        assert all(row.isprintable() for row in shown.splitlines()), shown
        return list(answer.moments)

    def assert_stated(
        self, statuses: Mapping[str, ResourceStatus], expected: Mapping[str, tuple[object, State, str]]
    ) -> str:
        """Assert the states by address and words of their reasons; returns what `seekpoint status` prints."""
        result = call("status", "--index", self._library)
        assert (result.exit_code, result.stderr) == (0, "")
        for address, (_, state, words) in expected.items():
            status = statuses[address]
            assert status.state is state and status.reason and words in status.reason, status
            assert status.reason == clean(status.reason) and not status.reason.is_foreign
            # Reasons that are equal stand in one line.
            line = rf"{state.replace('_', ' ')}( \(\d+\))?: {re.escape(status.reason)}\n"
            assert re.search(line, result.stdout), status
        return result.stdout


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def endless(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 50000000\r\n\r\n")
    for _ in range(50):
        connection.sendall(b"<p>softmax " * 90_910)


def unpacking(connection: socket.socket) -> None:
    connection.sendall(http(gzip.compress(b"\0" * 60_000_000, 1), head="Content-Encoding: gzip\r\n"))


def dripping(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n")
    for _ in range(3000):
        connection.sendall(b"x")
        time.sleep(0.02)


def hanging(connection: socket.socket) -> None:
    connection.settimeout(60)
    connection.recv(1)  # until the other side hangs up


SCRIPT = "<html><body><noscript>Please enable JavaScript to run this app.</noscript><script src=/a.js></script></body>"

PAGES: dict[str, tuple[Answer, State, str]] = {
    f"{BAD}/50-MB": (endless, State.UNAVAILABLE, "more than 30 MB"),
    f"{BAD}/leads-to-itself": (to(f"{BAD}/leads-to-itself"), State.UNAVAILABLE, "without end"),
    f"{BAD}/leads-to-this-machine": (to("http://127.0.0.1/attention"), State.UNAVAILABLE, "private network"),
    f"{BAD}/leads-to-a-file": (to("file:///etc/passwd"), State.UNAVAILABLE, "isn't on the web"),
    f"{BAD}/unpacks": (unpacking, State.UNAVAILABLE, "more than 30 MB"),
    f"{BAD}/made-by-script": (http(SCRIPT), State.UNAVAILABLE, "made by script"),
    f"{BAD}/a-film": (http(b"\0\0\0\x18ftypmp42", "video/mp4"), State.NO_TRANSCRIPT, "bad.example has no captions"),
    f"{BAD}/no-HTTP": (b"SSH-2.0-OpenSSH\r\n", State.DEFERRED, "connection to bad.example fails"),
    f"{BAD}/deep": (http("<div>" * 5000 + WORDS), State.UNAVAILABLE, "nested too deep"),
}
SLOW: dict[str, tuple[Answer, State, str]] = {
    f"{BAD}/hangs": (hanging, State.DEFERRED, "did not answer in time"),
    f"{BAD}/drips": (dripping, State.DEFERRED, "did not answer in time"),
}


def test_a_bad_page_costs_nothing_but_itself(bench: Bench) -> None:
    bench.assert_stated(bench.build({address: answer for address, (answer, _, _) in PAGES.items()}), PAGES)
    answers = {address: answer for address, (answer, _, _) in SLOW.items()}
    with stamina.set_testing(True, attempts=1):
        bench.assert_stated(bench.build(answers, timeouts=(30.0, 1.0), deadline=2.0), SLOW)


LONG = (
    " ".join(f"In step {n} {WORDS}, said reader {n * 7919} of it." for n in range(1600)),
    "".join(f"第{n}步，注意力读取每个词元，归一化得到第{n * 7919}个权重，" for n in range(7000)),
)


def test_a_paragraph_without_end_is_cut_to_what_the_model_reads(bench: Bench) -> None:
    addresses = {f"{BAD}/{k}": text for k, text in enumerate(LONG)}
    statuses = bench.build({address: http(page(text)) for address, text in addresses.items()})
    assert max(map(tokens, bench.encoder.embedded)) <= MOST_TOKENS
    with at_most(seconds=10):
        moments = bench.ask("1234 attention reads 注意力", 100)
    for address, text in addresses.items():
        assert len(text) >= 190_000 and statuses[address].state is State.INDEXED
        assert any(text[-30:].replace(" ", "") in passage.replace(" ", "") for passage in bench.encoder.embedded)
        moment = next(each for each in moments if each.resource.url == address and each.quote != "A page")
        link, _, directive = moment.link.partition("#:~:")
        assert (link, directive[:5]) == (address, "text=") and len(directive) <= 300
        assert unquote(re.split(r"[=,]", directive)[1]) in text


FILES: dict[str, tuple[bytes | int, State, str]] = {
    "no pages.pdf": (made([]), State.UNAVAILABLE, "no pages"),
    "half.pdf": (made([[line(100, 400, WORDS)]] * 9)[:700], State.UNAVAILABLE, "broken"),
    "text.pdf": (b"these are no pages", State.UNAVAILABLE, "not a PDF"),
    "text.mp4": (b"this is no film", State.NO_TRANSCRIPT, "no captions beside it"),
    "random.txt": (os.urandom(5000), State.UNAVAILABLE, "not a text file"),
    "nothing.md": (b"", State.UNAVAILABLE, "empty"),
    "deep quotes.md": (b">" * 5000 + b" softmax", State.UNAVAILABLE, "nested too deep"),
    "no document.docx": (b"this is no document", State.UNAVAILABLE, "another format than its name says"),
    "cut.epub": (epub({"a.xhtml": "<p>Words.</p>"})[:500], State.UNAVAILABLE, "it is damaged"),
    # So many bytes, none of them written.
    **{f"large.{kind}": (250_000_000, State.UNAVAILABLE, "0 MB are too much") for kind in ("txt", "md", "html", "pdf")},
    "larger.epub": (250_000_000, State.UNAVAILABLE, "250 MB are too much (at most 200 MB)"),
}


def test_many_bad_files_and_pages_at_once_cost_nothing_but_themselves(bench: Bench) -> None:
    for name, (data, _, _) in FILES.items():
        with (bench.files / name).open("wb") as file:
            file.write(data) if isinstance(data, bytes) else file.truncate(data)
    (bench.files / "bomb.pptx").write_bytes(pptx(" " * 301_000_000))
    expected = FILES | {"bomb.pptx": (0, State.UNAVAILABLE, "unpacked, its text has more than 300 MB")}
    if hasattr(os, "mkfifo"):
        os.mkfifo(bench.files / "pipe.txt")
        expected["pipe.txt"] = 0, State.UNAVAILABLE, "a device or a pipe"
    statuses = bench.build({f"{BAD}/{number}": NOTHING for number in range(20)})
    told = bench.assert_stated(statuses, {(bench.files / name).as_uri(): one for name, one in expected.items()})
    states = [status.state for status in statuses.values()]
    assert (len(states), states.count(State.INDEXED)) == (1 + len(expected) + 20, 1)
    assert "unavailable (20): nothing is there (HTTP 404): check the address; if it takes a login, " in told


MARKS = {
    "a.md": "[" * 15_000 + " 掩码 mask",
    "b.md": "![" * 8_000 + " 掩码 mask",
    "c.md": "*a_ " * 8_000 + " 掩码 mask",
    "a.txt": "<script" * 15_000 + " \udcff mask",
    "a.html": "<p>掩码 mask " + "<b><i>" * 90 + "<p>x" * 5000,
}


def test_marks_without_end_are_read_in_time(bench: Bench) -> None:
    for name, text in MARKS.items():
        (bench.files / name).write_text(text, encoding="utf-8", errors="surrogateescape")
    statuses = bench.build({})
    answering = {moment.resource.url for moment in bench.ask("mask", 20)}
    for address in ((bench.files / name).as_uri() for name in MARKS):
        assert statuses[address].state is State.INDEXED and address in answering, statuses[address]


# With what is left of each: what holds spaces is no id.
ANCHORS = {kept: kept for kept in ('"><script>alert(1)</script>', "掩码", "100%", "%zz%41", "a#b?c=d")}
ANCHORS |= {"two words": "", "\x1b]8;;x\x07": "]8;;x", "\u202eid": ""}


def test_an_anchor_stays_within_one_address(bench: Bench) -> None:
    def notes(anchor: str) -> bytes:
        heading = f'<h2 id="{escape(anchor)}">Masks</h2><p>Masks the mask hides what comes later.</p>'
        return http(f"<!doctype html><title>Masks</title><article><h1>Masks</h1><p>{WORDS}.</p>{heading}</article>")

    addresses = {f"{BAD}/{k}": anchor for k, anchor in enumerate(ANCHORS)}
    bench.build({address: notes(anchor) for address, anchor in addresses.items()})
    moments = bench.ask("what does the mask hide?", 20)
    for address, anchor in addresses.items():
        link = next(moment.link for moment in moments if moment.resource.url == address)
        assert re.fullmatch(r"https://bad\.example/page/\d#[\w!$&'()*+,;=:@/?.~%-]*:~:text=[\w.~%,-]+", link, re.ASCII)
        assert unquote(urlsplit(link).fragment.partition(":~:")[0]) == ANCHORS[anchor]
