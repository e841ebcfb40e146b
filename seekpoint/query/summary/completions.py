"""The format of OpenAI's chat completions: what a server sends, to the model's text. All pure.

Ollama, llama.cpp and vLLM stream it in server-sent events too. Whatever isn't of that form is a SummaryError.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from seekpoint.files import parsed_json
from seekpoint.index.errors import SummaryError
from seekpoint.index.text.clean import clean

Masked: TypeAlias = Callable[[str], str]
"""A text, without what must not be shown."""

_END = "[DONE]"
_LINE_END = re.compile(r"\r\n|\n|\r(?!\Z)")
_LONGEST_REASON = 160
_OTHER_FORM = (
    "what the model's address sends are no chat completions: check that --llm is the one for the OpenAI API, which "
    "ends in /v1 for most servers"
)
_BROKE_OFF = "the model's server broke off before the end: ask again"
_CUT_OFF = "the model reached its limit of tokens before the end: give it a longer context, or another --llm-model"


def streamed_text(chunks: Iterable[bytes], masked: Masked = str) -> Iterator[str]:
    """The text of a stream, a piece for each event; empty for what isn't text, such as reasoning.

    What the server says of a fault passes through `masked`.
    """
    reason, has_begun = None, False
    for data in event_data(chunks):
        if data == _END:
            break
        choice, has_begun = _choice(data, masked), True
        reason = choice.get("finish_reason") or reason
        yield _content(choice.get("delta"))
    else:
        if not reason:
            raise SummaryError(_BROKE_OFF if has_begun else _OTHER_FORM)
    _check_reason(reason)


def whole_text(body: bytes, masked: Masked = str) -> Iterator[str]:
    """The text of a server that sends all of it at once."""
    choice = _choice(body.decode("utf-8", "replace"), masked)
    yield _content(choice.get("message"))
    _check_reason(choice.get("finish_reason"))


def event_data(chunks: Iterable[bytes]) -> Iterator[str]:
    """The data of each server-sent event (https://html.spec.whatwg.org/multipage/server-sent-events.html)."""
    data: list[str] = []
    for line in _lines(chunks):
        if not line and data:
            yield "\n".join(data)
            data = []
        name, _, value = line.partition(":")
        if name == "data":
            data.append(value.removeprefix(" "))


def _lines(chunks: Iterable[bytes]) -> Iterator[str]:
    """The lines that have ended; the rest of the last one is no event."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    left = ""
    for chunk in chunks:
        *lines, left = _LINE_END.split(left + decoder.decode(chunk))
        yield from lines


def reason_of(body: bytes, masked: Masked = str) -> str:
    """What a server says in the body of an error, as ` (…)`; empty if it says nothing in a known form."""
    try:
        document = parsed_json(body)
    except ValueError:
        return ""
    return _reason(document, masked) if isinstance(document, dict) else ""


def _choice(data: str, masked: Masked) -> Mapping[str, Any]:
    """The first choice of a document, empty where there is none; raises SummaryError for an error or another form."""
    try:
        document = parsed_json(data)
    except ValueError:
        raise SummaryError(_OTHER_FORM) from None
    if not isinstance(document, dict) or ("choices" not in document and "error" not in document):
        raise SummaryError(_OTHER_FORM)
    if document.get("error"):
        said = _reason(document, masked)
        raise SummaryError(f"the model's server has a fault{said}: look at what it writes, and ask again")
    choices = document.get("choices") or [{}]  # the last event may have only the counts of tokens
    if not isinstance(choices, list) or not isinstance(choices[0], dict):
        raise SummaryError(_OTHER_FORM)
    return choices[0]


def _content(message: object) -> str:
    content = message.get("content") if isinstance(message, dict) else None
    return content if isinstance(content, str) else ""


def _check_reason(reason: object) -> None:
    if reason == "length":
        raise SummaryError(_CUT_OFF)


def _reason(document: Mapping[str, Any], masked: Masked) -> str:
    error = document.get("error", document)
    said = error.get("message", error.get("detail")) if isinstance(error, dict) else error
    text = masked(clean(said)) if isinstance(said, str) else ""  # before it is cut
    return f" ({text[:_LONGEST_REASON].rstrip(' .')}{'…' if len(text) > _LONGEST_REASON else ''})" if text else ""
