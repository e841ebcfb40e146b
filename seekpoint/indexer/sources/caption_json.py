"""Captions in JSON: json3, whisper's, a podcast's and youtube-transcript-api's."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from typing import Any

from seekpoint.index.reasons import Reason
from seekpoint.index.types import Cue
from seekpoint.indexer.transcript.speakers import speaker_name


def parse_json_captions(text: str) -> tuple[Iterable[Cue], str]:
    """Parse captions in JSON: the cues, and the language if it is declared; raises ValueError with a Reason."""
    try:
        document = json.loads(text, strict=False)
    except ValueError as error:
        raise ValueError(Reason("captions_bad_json", error=error)) from error
    if isinstance(document, list):
        # youtube-transcript-api writes a list of transcripts.
        snippets = document[0] if len(document) == 1 and isinstance(document[0], list) else document
        return map(_snippet, _records(snippets)), ""
    segments = list(map(_segment, _records(document.get("segments"))))
    return segments or map(_json3_event, _records(document.get("events"))), _string(document, "language")


def _snippet(snippet: dict[str, Any]) -> Cue:
    start = number(snippet.get("start"))
    return Cue(start, start + number(snippet.get("duration")), _string(snippet, "text"))


def _segment(segment: dict[str, Any]) -> Cue:
    """A segment of whisper's or WhisperX's JSON, or of a podcast's."""
    start, end = (number(segment.get(key, segment.get(f"{key}Time"))) for key in ("start", "end"))
    first_word = next(_records(segment.get("words")), {})
    text = _string(segment, "text") or _string(segment, "body")
    cue = cue_from_first_word(start, end, number(first_word.get("start")), text)
    return cue._replace(speaker=speaker_name(_string(segment, "speaker")))


def _json3_event(event: dict[str, Any]) -> Cue:
    start = number(event.get("tStartMs")) / 1000
    end = start + number(event.get("dDurationMs")) / 1000
    segments = list(_records(event.get("segs")))
    first_word = next((segment for segment in segments if _string(segment, "utf8").strip()), {})
    first_word_start = start + number(first_word.get("tOffsetMs", 0)) / 1000
    text = "".join(_string(segment, "utf8") for segment in segments)
    return cue_from_first_word(start, end, first_word_start, text)


def cue_from_first_word(start: float, end: float, first_word: float, text: str) -> Cue:
    """A cue that starts at the time of its first word, if that is within it."""
    return Cue(first_word if start < first_word < end else start, end, text)


def _records(value: object) -> Iterator[dict[str, Any]]:
    return (item for item in value if isinstance(item, dict)) if isinstance(value, list) else iter(())


def _string(record: dict[str, Any], key: str) -> str:
    value = record.get(key)
    return value if isinstance(value, str) else ""


def number(value: object) -> float:
    """A number, possibly in quotes; `nan` if there is none (cues without a start are dropped later)."""
    try:
        return float(value) if isinstance(value, int | float | str) else math.nan
    except (ValueError, OverflowError):
        return math.nan
