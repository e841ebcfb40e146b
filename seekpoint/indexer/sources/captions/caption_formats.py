"""Parsers for caption formats, which are recognised by content. Cues keep their line breaks."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator
from html import unescape
from typing import Any, NamedTuple
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from seekpoint.index.reasons import Reason
from seekpoint.index.types import Cue
from seekpoint.indexer.transcript.cues import CaptionLine, without_repeated_lines

FORMATS = "WebVTT, SRT, SBV, TTML, srv1, srv3, json3, whisper's or youtube-transcript-api's JSON"


class Captions(NamedTuple):
    """A parsed caption file; `language` is empty if the file doesn't declare one."""

    cues: tuple[Cue, ...]
    language: str = ""


def parse(text: str) -> Captions:
    """Parse captions whose lines end in LF; raises ValueError with a Reason."""
    if _TIMING.search(text) and text.lstrip().startswith("WEBVTT"):
        header = _HEADER_LANGUAGE.match(text)
        webvtt = (
            cue._replace(text="" if cue.text.startswith("\n") else cue.text.partition("\n\n")[0])
            for cue, _ in _timed(_TIMING, text)
        )
        return Captions(tuple(_without_repeats(webvtt)), header[1] if header else "")
    if _TIMING.search(text):
        srt = (
            cue._replace(text=(_CUT_NUMBER if is_last else _NEXT_NUMBER).sub("", cue.text))
            for cue, is_last in _timed(_TIMING, text)
        )
        return Captions(tuple(_without_repeats(srt)))
    if text.lstrip().startswith("<"):
        return _xml(text)
    if text.lstrip().startswith(("{", "[")):
        return _json(text)
    return Captions(tuple(cue._replace(text=cue.text.replace("[br]", "\n")) for cue, _ in _timed(_SBV_TIMING, text)))


# Why not pysubs2: version 1.8 drops `{1, 2}` as a style (mathematics in lectures), a last line that is a number, and
# `b and c` of `a < b and c > d`. It adds cue ids and NOTE blocks to the previous cue, reads 100:00:00,000 as
# 00:00:00,000, and rejects SRT without hours.
# Why not pycaption: version 2.3.14 gives the same cues for tidy files (77 of 77 real ones), but refuses a whole file
# for one odd timing line, joins cues without a blank line between them, drops all that follows a blank line in a cue of
# SRT, reads `&copy=` as a sign, and needs cssutils and encutils, which are under the LGPL.
_STAMP = r"-?(?:\d+:)?\d+:\d+(?:[.,]\d+)?"
_TIMING = re.compile(rf"^[ \t]*({_STAMP})[ \t]*-->[ \t]*({_STAMP})(?:[ \t][^\n]*)?$", re.MULTILINE)
# The counter before an SRT cue, followed by an incomplete timing line if the file is truncated. After the last cue, it
# counts as one only behind a blank line.
_NUMBER = r"\d+[ \t]*(?:\n[\d:,. >-]*)?\Z"
_NEXT_NUMBER = re.compile(rf"(?:\A|\n)[ \t]*{_NUMBER}")
_CUT_NUMBER = re.compile(rf"\n[ \t]*\n[ \t]*{_NUMBER}")
_SBV_TIMING = re.compile(r"^[ \t]*(\d+:\d+:\d+\.\d+),(\d+:\d+:\d+\.\d+)[ \t]*$", re.MULTILINE)
_HEADER_LANGUAGE = re.compile(r"\s*WEBVTT[^\n]*\n(?:[^\n]+\n)*?Language:[ \t]*([A-Za-z0-9-]+)[ \t]*\n")


def _timed(timing_line: re.Pattern[str], text: str) -> Iterator[tuple[Cue, bool]]:
    """The text below each timing line, and whether it is the last one."""
    timings = list(timing_line.finditer(text))
    for timing, following in zip(timings, [*timings[1:], None], strict=False):
        payload = text[timing.end() + 1 : following.start() if following else None]
        yield Cue(_seconds(timing[1]), _seconds(timing[2]), payload), following is None


def _seconds(stamp: str) -> float:
    seconds = 0.0
    for part in stamp.lstrip("-").replace(",", ".").split(":"):
        seconds = 60 * seconds + float(part)
    return round(-seconds if stamp.startswith("-") else seconds, 3)


_TAG = re.compile(
    r"</?(?:[cvibus]|ruby|rt|lang|font|em|strong|span)(?:[.\s][^<>]*)?>|<br\s*/?>|<[\d:.,]+>|\{\\[^{}]*\}",
    re.IGNORECASE,
)
_ENTITY = re.compile(r"&(?:#\d+|#x[\da-f]+|[a-z]\w*);", re.IGNORECASE)
_WORD_TIME = re.compile(rf"<({_STAMP})>")
_FIRST_WORD_TIME = re.compile(rf"(?:\s|<[^\d<>][^<>]*>)*<({_STAMP})>")
# Rolling captions show each finished line again, for 10 ms.
_FLASH = 0.05


def _without_repeats(cues: Iterable[Cue]) -> Iterator[Cue]:
    cues = list(cues)
    flashes = sum(0 < cue.end - cue.start < _FLASH for cue in cues)
    if 3 * flashes > len(cues) or any(_WORD_TIME.search(cue.text) for cue in cues):
        return without_repeated_lines((cue, list(map(_caption_line, cue.text.split("\n")))) for cue in cues)
    return (Cue(cue.start, cue.end, _plain(cue.text)) for cue in cues)


def _caption_line(text: str) -> CaptionLine:
    first = _FIRST_WORD_TIME.match(text)
    return CaptionLine(_plain(text), _seconds(first[1]) if first else None, bool(_WORD_TIME.search(text)))


def _plain(payload: str) -> str:
    return _ENTITY.sub(lambda entity: unescape(entity[0]), _TAG.sub("", payload))


_NESTED_TOO_DEEP = re.compile(r"(?:\s*(?:\[|\{\s*\"[^\"]*\"\s*:)){100}")


def _json(text: str) -> Captions:
    if _NESTED_TOO_DEEP.match(text):  # the depth at which json.loads raises RecursionError depends on the caller
        raise ValueError(Reason("captions_too_deep"))
    try:
        document = json.loads(text, strict=False)
    except ValueError as error:
        raise ValueError(Reason("captions_bad_json", error=error)) from error
    if isinstance(document, list):
        # youtube-transcript-api writes a list of transcripts.
        snippets = document[0] if len(document) == 1 and isinstance(document[0], list) else document
        return Captions(tuple(map(_snippet, _records(snippets))))
    segments = tuple(map(_whisper_segment, _records(document.get("segments"))))
    return Captions(
        segments or tuple(map(_json3_event, _records(document.get("events")))), _string(document, "language")
    )


def _snippet(snippet: dict[str, Any]) -> Cue:
    start = _number(snippet.get("start"))
    return Cue(start, start + _number(snippet.get("duration")), _string(snippet, "text"))


def _whisper_segment(segment: dict[str, Any]) -> Cue:
    start, end = _number(segment.get("start")), _number(segment.get("end"))
    first_word = next(_records(segment.get("words")), {})
    return _cue_from_first_word(start, end, _number(first_word.get("start")), _string(segment, "text"))


def _json3_event(event: dict[str, Any]) -> Cue:
    start = _number(event.get("tStartMs")) / 1000
    end = start + _number(event.get("dDurationMs")) / 1000
    segments = list(_records(event.get("segs")))
    first_word = next((segment for segment in segments if _string(segment, "utf8").strip()), {})
    first_word_start = start + _number(first_word.get("tOffsetMs", 0)) / 1000
    text = "".join(_string(segment, "utf8") for segment in segments)
    return _cue_from_first_word(start, end, first_word_start, text)


def _cue_from_first_word(start: float, end: float, first_word: float, text: str) -> Cue:
    return Cue(first_word if start < first_word < end else start, end, text)


def _records(value: object) -> Iterator[dict[str, Any]]:
    return (item for item in value if isinstance(item, dict)) if isinstance(value, list) else iter(())


def _string(record: dict[str, Any], key: str) -> str:
    value = record.get(key)
    return value if isinstance(value, str) else ""


def _number(value: object) -> float:
    """A number, possibly in quotes; `nan` if there is none (cues without a start are dropped later)."""
    try:
        return float(value) if isinstance(value, int | float | str) else math.nan
    except (ValueError, OverflowError):
        return math.nan


# Characters that XML forbids even when escaped; some captions contain them.
_NO_XML = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def _xml(text: str) -> Captions:
    try:
        root = fromstring(_NO_XML.sub("", text).strip())
    except DefusedXmlException as error:
        raise ValueError(Reason("captions_entities")) from error
    except (ParseError, ValueError) as error:
        raise ValueError(Reason("captions_bad_xml", error=error)) from error
    for element in root.iter():
        if _kind(element) == "br":
            element.text = "\n"
    read = {"tt": _ttml, "timedtext": _srv3, "transcript": _srv1}.get(_kind(root))
    return Captions(tuple(read(root)) if read else (), root.get("{http://www.w3.org/XML/1998/namespace}lang", ""))


def _kind(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _srv1(root: Element) -> Iterator[Cue]:
    for element in root.findall("text"):
        start = _number(element.get("start"))
        # The text is HTML, escaped again for XML.
        yield Cue(start, start + _number(element.get("dur")), _plain("".join(element.itertext())))


def _srv3(root: Element) -> Iterator[Cue]:
    for element in root.findall("body/p"):
        start = _number(element.get("t")) / 1000
        end = start + _number(element.get("d")) / 1000
        words = (word for word in element.iter("s") if (word.text or "").strip())
        first_word = None if (element.text or "").strip() else next(words, None)
        first_word_start = start if first_word is None else start + _number(first_word.get("t", 0)) / 1000
        yield _cue_from_first_word(start, end, first_word_start, "".join(element.itertext()))


_CLOCK = re.compile(r"(\d+):(\d+):(\d+(?:\.\d+)?)(?::(\d+(?:\.\d+)?))?")
_OFFSET = re.compile(r"(\d+(?:\.\d+)?)(h|m|s|ms|f|t)")
_MULTIPLIER = re.compile(r"([1-9]\d{0,8})[ :]([1-9]\d{0,8})")


def _ttml(root: Element) -> Iterator[Cue]:
    # Drop the namespaces, which differ between TTML and DFXP.
    parameters = {name.rpartition("}")[2]: value for name, value in root.attrib.items()}
    frame_rate = _rate(parameters.get("frameRate"))
    frames, ticks = frame_rate or 30.0, _rate(parameters.get("tickRate")) or frame_rate or 1.0
    if multiplier := _MULTIPLIER.fullmatch(parameters.get("frameRateMultiplier", "")):
        frames *= float(multiplier[1]) / float(multiplier[2])
    units = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001, "f": 1 / frames, "t": 1 / ticks}

    def seconds(value: str | None) -> float:
        if clock := _CLOCK.fullmatch((value or "").strip()):
            hours, minutes, seconds, frames = (float(part or 0) for part in clock.groups())
            return 3600 * hours + 60 * minutes + seconds + frames * units["f"]
        offset = _OFFSET.fullmatch((value or "").strip())
        return float(offset[1]) * units[offset[2]] if offset else math.nan

    for body in root:
        if _kind(body) == "body":
            yield from _ttml_cues(body, seconds, 0.0, math.nan, False)


def _rate(value: str | None) -> float:
    rate = _number(value)
    return rate if 1e-9 < rate < 1e9 else 0.0


def _ttml_cues(
    element: Element, time: Callable[[str | None], float], zero: float, until: float, has_time: bool
) -> Iterator[Cue]:
    """The cues of an element, whose times are relative to `zero`, the start of its parent."""
    begin, end, duration = (time(element.get(name)) for name in ("begin", "end", "dur"))
    start = zero if math.isnan(begin) else zero + begin
    until = zero + end if not math.isnan(end) else start + duration if not math.isnan(duration) else until
    is_timed = not math.isnan(begin)
    if _kind(element) in ("p", "span") and (
        is_timed or (has_time and not any("begin" in part.attrib for part in element.iter()))
    ):
        yield Cue(start, until, "".join(element.itertext()))
    else:
        for child in element:
            yield from _ttml_cues(child, time, start, until, has_time or is_timed)
