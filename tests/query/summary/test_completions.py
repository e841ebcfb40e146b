from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seekpoint.index.errors import SummaryError
from seekpoint.query.summary.model import event_data, reason_of, streamed_text, whole_text


def delta(text: object, **more: object) -> str:
    return json.dumps({"choices": [{"delta": {"content": text}, **more}]}, ensure_ascii=False)


def events(*data: str) -> bytes:
    return "".join(f"data: {each}\n\n" for each in data).encode()


STREAM = ": ping\r\ndata: a\rdata:b\n\nevent: x\ndata\ndata: 掩码\n\n\n\nid: 3\n\ndata: left"


@given(st.integers(1, 9))
def test_events_are_the_same_however_the_bytes_come(size: int) -> None:
    data = STREAM.encode()
    chunks = [data[at : at + size] for at in range(0, len(data), size)]
    assert list(event_data(chunks)) == ["a\nb", "\n掩码"]


def test_text_comes_in_pieces() -> None:
    stream = events(
        delta(None, role="assistant"),
        delta("掩码"),
        delta(" hides"),
        delta("", finish_reason="stop"),
        '{"choices": []}',
    )
    assert list(streamed_text([stream])) == ["", "掩码", " hides", "", ""]
    assert list(streamed_text([events(delta("a"), "[DONE]"), events(delta("b"))])) == ["a"]


@pytest.mark.parametrize(
    ("stream", "words"),
    [
        (events(delta("a")), "broke off"),
        (events(delta("a")) + b"data: [DO", "broke off"),
        (b"", "no chat completions"),
        (b"<html>It works!</html>", "no chat completions"),
        (events("{"), "no chat completions"),
        (events("[" * 100_000), "no chat completions"),
        (events('"text"'), "no chat completions"),
        (events('{"response": "a"}'), "no chat completions"),
        (events('{"choices": "a"}'), "no chat completions"),
        (events('{"choices": [1]}'), "no chat completions"),
        (events('{"error": "out of memory"}'), "has a fault (out of memory)"),
        (events('{"error": {"message": "显存不足\\u001b[31m", "code": 500}}'), "has a fault (显存不足)"),
        (events('{"error": {"code": 500}}'), "has a fault:"),
        (events(delta("a", finish_reason="length"), "[DONE]"), "limit of tokens"),
    ],
)
def test_what_is_no_stream_of_text_is_an_error_in_a_line(stream: bytes, words: str) -> None:
    with pytest.raises(SummaryError, match=words.replace("(", r"\(").replace(")", r"\)")) as caught:
        list(streamed_text([stream]))
    assert str(caught.value).isprintable()
    assert ": " in str(caught.value)


def test_text_that_came_before_a_fault_is_kept() -> None:
    pieces = streamed_text([events(delta("a"), '{"error": "no"}')])
    assert next(pieces) == "a"
    with pytest.raises(SummaryError, match="fault"):
        next(pieces)


def test_all_of_a_text_may_come_at_once() -> None:
    body = {"choices": [{"message": {"role": "assistant", "content": "掩码 hides [1]."}, "finish_reason": "stop"}]}
    assert list(whole_text(json.dumps(body).encode())) == ["掩码 hides [1]."]
    with pytest.raises(SummaryError, match="no chat completions"):
        list(whole_text(b'{"models": []}'))


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"error": {"message": "model \\"x\\" not found."}}', ' (model "x" not found)'),
        (b'{"error": "no key"}', " (no key)"),
        (b'{"detail": "no key"}', " (no key)"),
        (b'{"error": 3}', ""),
        (b"[]", ""),
        (b"<html>", ""),
        (json.dumps({"error": "字" * 500}).encode(), f" ({'字' * 160}…)"),
    ],
)
def test_the_reason_of_a_refusal_is_short(body: bytes, reason: str) -> None:
    assert reason_of(body) == reason
