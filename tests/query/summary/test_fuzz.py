"""Whatever a language model's server sends: text, or an error in one line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable

from hypothesis import example, given
from hypothesis import strategies as st

from seekpoint.index.errors import SummaryError
from seekpoint.query.summary.model import reason_of, streamed_text, whole_text
from tests import fuzzing
from tests.fuzzing import is_line, json_texts

KEYS = ("choices", "delta", "message", "content", "finish_reason", "error", "detail", "code")
EVENT = json.dumps(
    {"choices": [{"delta": {"content": "掩码 hides [1]."}, "finish_reason": "stop"}]}, ensure_ascii=False
)

fuzz = fuzzing.fuzz(100)
documents = json_texts(*KEYS) | fuzzing.mutated(st.just(EVENT))


def read(pieces: Callable[[], Iterable[str]]) -> None:
    """Read a text to its end."""
    try:
        text = list(pieces())
    except SummaryError as error:
        assert is_line(str(error)) and ": " in str(error)
    else:
        assert all(isinstance(piece, str) for piece in text)


@given(st.lists(documents | st.sampled_from(["[DONE]", EVENT]), max_size=4), st.sampled_from(["\n", "\r\n", "\r"]))
@fuzz
def test_any_events(documents: list[str], end: str) -> None:
    data = "".join(f"data: {text}{end}{end}" for text in documents).encode("utf-8", "replace")
    read(lambda: streamed_text([data]))


@given(st.lists(st.binary(max_size=60) | st.sampled_from([b"data:", b"\n\n", EVENT.encode()]), max_size=8))
@fuzz
def test_any_bytes_as_events(chunks: list[bytes]) -> None:
    read(lambda: streamed_text(chunks))


@given(fuzzing.encoded(documents) | st.binary())
@example(b'{"error": {"message": "\\ud800 \\u0000\\u202e"}}')
@fuzz
def test_any_body(body: bytes) -> None:
    read(lambda: whole_text(body))
    assert is_line(reason_of(body))
    assert len(reason_of(body)) < 200
