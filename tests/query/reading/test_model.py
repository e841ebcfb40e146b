from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from threading import Event
from urllib.parse import quote

import httpx2
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from seekpoint.index.errors import ReaderError, UsageError
from seekpoint.query.reading.model import Endpoint, Masker, reason_of, streamed_text, whole_text
from tests import fuzzing
from tests.fake_chat import FakeChat, answering, by_letter, endless, fake_chat, silent, streaming
from tests.fuzzing import is_line, json_texts

ASKED: Sequence[Mapping[str, str]] = [{"role": "user", "content": "掩码是什么？"}]
KEY = "sk-" + "secret" * 5


def text(endpoint: Endpoint) -> str:
    return "".join(endpoint.stream(ASKED))


def test_text_is_streamed_or_comes_at_once(chat: FakeChat) -> None:
    chat.behaviour = by_letter("掩码把未来藏起来[1]。")
    assert text(Endpoint(chat.address, "qwen3:8b", KEY)) == "掩码把未来藏起来[1]。"
    (request,) = chat.requests
    assert request.path == "/v1/chat/completions"
    assert request.headers["Authorization"] == f"Bearer {KEY}"
    assert request.document == {"messages": ASKED, "stream": True, "model": "qwen3:8b"}
    assert text(Endpoint(chat.address)), "neither key nor model is needed"
    assert "Authorization" not in chat.requests[1].headers
    assert "model" not in chat.requests[1].document
    body = {"choices": [{"message": {"role": "assistant", "content": "掩码 hides [1]."}, "finish_reason": "stop"}]}
    chat.behaviour = answering(200, body)
    assert text(Endpoint(chat.address)) == "掩码 hides [1]."
    with pytest.raises(ReaderError, match="no chat completions"):
        list(whole_text(b'{"models": []}'))


def test_a_piece_comes_as_soon_as_it_is_sent(chat: FakeChat) -> None:
    is_read, in_time = Event(), list[bool]()

    def behave(handler: BaseHTTPRequestHandler) -> None:
        streaming("a", ends=False)(handler)
        in_time.append(is_read.wait(20))
        streaming("b")(handler)

    chat.behaviour = behave
    pieces = Endpoint(chat.address).stream(ASKED)
    assert next(piece for piece in pieces if piece) == "a"
    is_read.set()
    assert "b" in "".join(pieces)
    assert in_time == [True]


def test_the_address_may_lack_its_end(chat: FakeChat) -> None:
    for path, asked in (
        ("", "/v1/chat/completions"),
        ("/api/openai/", "/api/openai/chat/completions"),
        ("/v1/chat/completions", "/v1/chat/completions"),
        ("/v1?api-version=2", "/v1/chat/completions?api-version=2"),
    ):
        text(Endpoint(chat.root + path))
        assert chat.requests[-1].path == asked


def test_an_address_that_is_none_is_refused_and_a_secret_stands_in_none() -> None:
    for address in ("localhost:11434", "file:///etc/passwd", "http://", "http://[", "http://a\nb", "http://a:99999"):
        with pytest.raises(UsageError, match="http://localhost:11434/v1"):
            Endpoint(address)
    for address, key in (("http://me:hunter2@localhost/v1", None), ("http://localhost/v1", "hunter2\r\nX: y")):
        with pytest.raises(UsageError, match="SEEKPOINT_LLM_KEY") as caught:
            Endpoint(address, key=key)
        assert "hunter2" not in str(caught.value)
    assert KEY not in repr(Endpoint("http://localhost/v1", key=KEY))


def test_a_refusal_says_what_to_do_and_hides_the_key(chat: FakeChat) -> None:
    for status, words in (
        (400, "check --llm-model"),
        (401, "give its key in $SEEKPOINT_LLM_KEY"),
        (403, "$SEEKPOINT_LLM_KEY"),
        (404, "check --llm and --llm-model"),
        (429, "ask again later"),
        (503, "ask again later"),
    ):
        chat.behaviour = answering(status, {"error": {"message": f"模型 no \x1b[31m {KEY} <b>"}})
        with pytest.raises(ReaderError, match=re.escape(words)) as caught:
            text(Endpoint(chat.address, key=KEY))
        assert str(caught.value).startswith(f"{chat.root} refuses with status {status} (模型 no … <b>): ")


def test_no_redirect_is_followed(chat: FakeChat) -> None:
    with fake_chat() as other:
        chat.behaviour = answering(307, Location=other.address)
        with pytest.raises(ReaderError, match="leads to another address"):
            text(Endpoint(chat.address, key=KEY))
        assert other.requests == []


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        (None, r"nothing answers at http://127\.0\.0\.1:9: start"),
        (silent(0), "nothing answers|broke"),
        (streaming("a", ends=False), "broke off"),
        (answering(200, "<html>It works!</html>", "text/html"), "no chat completions"),
        (answering(200, b"", "text/event-stream"), "no chat completions"),
        (answering(200, b"[" * 100_000, "application/json"), "no chat completions"),
        (answering(200, b'data: {"error":' + b"[" * 100_000 + b"\n\n", "text/event-stream"), "no chat completions"),
        (answering(500, b'{"error":' + b"[" * 4000), "refuses with status 500: ask again later"),
        (answering(200, b"\x1f\x8b\x08" + bytes(99), "text/event-stream", Content_Encoding="gzip"), "no chat"),
    ],
)
def test_a_server_that_misbehaves_is_an_error_in_a_line(chat: FakeChat, behaviour: object, words: str) -> None:
    chat.behaviour = behaviour  # type: ignore[assignment]
    address = chat.address if behaviour else "http://127.0.0.1:9"
    assert_is_refused(Endpoint(address), words)


def assert_is_refused(endpoint: Endpoint, words: str) -> None:
    with pytest.raises(ReaderError, match=words) as caught:
        text(endpoint)
    assert str(caught.value).isprintable()


@pytest.mark.slow
def test_nobody_waits_longer_than_a_second_for_a_server_that_is_silent(chat: FakeChat) -> None:
    for behaviour in (silent(5), endless(b": ping\n\n", 0.01)):
        chat.behaviour = behaviour
        pieces = Endpoint(chat.address).stream(ASKED)
        began = time.monotonic()
        assert next(pieces) == ""
        assert time.monotonic() - began < 3
        pieces.close()


def test_a_stream_without_end_has_one(chat: FakeChat) -> None:
    chat.behaviour = endless(f"data: {delta('on ' * 10_000)}\n\n".encode())
    with pytest.raises(ReaderError, match="broke off"):
        text(Endpoint(chat.address))


def test_no_proxy_and_no_password_of_the_machine_is_used(
    chat: FakeChat, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password hunter2\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    text(Endpoint(chat.address))
    assert "Authorization" not in chat.requests[0].headers


def test_reading_ends_when_nobody_listens(chat: FakeChat) -> None:
    chat.behaviour = endless(b'data: {"choices": [{"delta": {"content": "on "}}]}\n\n', 0.01)
    pieces = Endpoint(chat.address).stream(ASKED)
    assert next(pieces) is not None
    pieces.close()
    began = time.monotonic()
    while not chat.hung_up:
        assert time.monotonic() - began < 10, "the server still writes"
        time.sleep(0.02)


# The format


def delta(text: object, **more: object) -> str:
    return json.dumps({"choices": [{"delta": {"content": text}, **more}]}, ensure_ascii=False)


def events(*data: str) -> bytes:
    return "".join(f"data: {each}\n\n" for each in data).encode()


def streamed(*chunks: bytes) -> Iterator[str]:
    request = httpx2.Request("POST", "http://127.0.0.1/")
    headers = {"Content-Type": "text/event-stream"}
    return streamed_text(httpx2.Response(200, headers=headers, content=iter(chunks), request=request))


def test_text_comes_in_pieces() -> None:
    last = delta("", finish_reason="stop"), '{"choices": []}'
    assert list(streamed(events(delta(None), delta("掩码"), delta(" hides"), *last))) == ["", "掩码", " hides", "", ""]
    assert list(streamed(events(delta("a"), "[DONE]"), events(delta("b")))) == ["a"]
    pieces = streamed(events(delta("a"), '{"error": "no"}'))
    assert next(pieces) == "a", "what came before a fault is kept"
    with pytest.raises(ReaderError, match="fault"):
        next(pieces)


@pytest.mark.parametrize(
    ("stream", "words"),
    [
        (events('{"response": "a"}'), "no chat completions"),
        (events('{"choices": "a"}'), "no chat completions"),
        (events('{"error": {"message": "显存不足\\u001b[31m", "code": 500}}'), "has a fault (显存不足)"),
        (events('{"error": {"code": 500}}'), "has a fault:"),
        (events(delta("a", finish_reason="length"), "[DONE]"), "limit of tokens"),
    ],
)
def test_what_is_no_stream_of_text_is_an_error_in_a_line(stream: bytes, words: str) -> None:
    with pytest.raises(ReaderError, match=words.replace("(", r"\(").replace(")", r"\)")) as caught:
        list(streamed(stream))
    assert str(caught.value).isprintable()
    assert ": " in str(caught.value)


def test_the_reason_of_a_refusal_is_short() -> None:
    for body, reason in (
        (b'{"error": {"message": "model \\"x\\" not found."}}', ' (model "x" not found)'),
        (b'{"error": "no key"}', " (no key)"),
        (b'{"detail": "no key"}', " (no key)"),
        (b'{"error": 3}', ""),
        (b"[]", ""),
        (json.dumps({"error": "字" * 500}).encode(), f" ({'字' * 160}…)"),
    ):
        assert reason_of(body) == reason


# Whatever a server sends: text, or an error in one line

KEYS = ("choices", "delta", "message", "content", "finish_reason", "error", "detail", "code")
EVENT = json.dumps(
    {"choices": [{"delta": {"content": "掩码 hides [1]."}, "finish_reason": "stop"}]}, ensure_ascii=False
)

fuzz = fuzzing.fuzz(50)
documents = json_texts(*KEYS) | fuzzing.mutated(st.just(EVENT))


def read(pieces: Callable[[], Iterable[str]]) -> None:
    """Read a text to its end."""
    try:
        assert all(isinstance(piece, str) for piece in pieces())
    except ReaderError as error:
        assert is_line(str(error)) and ": " in str(error)


def as_events(documents: list[str], end: str) -> list[bytes]:
    return ["".join(f"data: {text}{end}{end}" for text in documents).encode("utf-8", "replace")]


@given(
    st.builds(
        as_events,
        st.lists(documents | st.sampled_from(["[DONE]", EVENT]), max_size=4),
        st.sampled_from(["\n", "\r\n", "\r"]),
    )
    | st.lists(st.binary(max_size=60) | st.sampled_from([b"data:", b"\n\n", EVENT.encode()]), max_size=8)
)
@fuzz
def test_any_events(chunks: list[bytes]) -> None:
    read(lambda: streamed(*chunks))


@given(fuzzing.encoded(documents) | st.binary())
@example(b'{"error": {"message": "\\ud800 \\u0000\\u202e"}}')
@fuzz
def test_any_body(body: bytes) -> None:
    read(lambda: whole_text(body))
    assert is_line(reason_of(body))
    assert len(reason_of(body)) < 200


MIXED_KEY = "sk-proj-Kq7+Zx/4mW9_vT2bLd8R"


@pytest.mark.parametrize(
    "echo",
    [
        MIXED_KEY.upper(),
        MIXED_KEY[12:],
        MIXED_KEY.replace("7", "7 密 "),
        quote(MIXED_KEY, safe=""),
    ],
)
def test_a_key_and_its_parts_are_masked_but_a_placeholder_is_not(echo: str) -> None:
    masked = Masker(MIXED_KEY).masked(f"密钥是 «{echo}», no other: «{echo}» 没有了.")
    assert re.fullmatch("密钥是 «.{,24}», no other: «.{,24}» 没有了.", masked), masked
    assert Masker(MIXED_KEY).masked(f"{MIXED_KEY} and Bearer {MIXED_KEY}!") == "… and Bearer …!"
    plain = "Ollama runs the model: 模型 x " + "-" * 40
    assert all(Masker(key).masked(plain) == plain for key in (None, "", "ollama", "x", "-" * 30))
