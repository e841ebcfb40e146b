"""Caption formats: lines of text, JSON and XML become cues, which keep their line breaks."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from html import unescape
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from seekpoint.index.reasons import Reason
from seekpoint.index.types import Cue
from seekpoint.indexer.transcript.cues import CaptionLine, without_repeated_lines
from seekpoint.indexer.transcript.speakers import part_of, speaker_name

FORMATS = "WebVTT, SRT, SBV, LRC, TTML, srv1, srv3, json3, whisper's, a podcast's or youtube-transcript-api's JSON"
UNSPACED = re.compile("[\u2e80-\u9fff\uff00-\uffef]")
"""A character of a script without spaces between words."""


def parse(text: str) -> tuple[Iterable[Cue], str]:
    """Parse captions whose lines end in LF: the cues, and the language if it is declared.

    Raises ValueError with a Reason, also while the cues are read.
    """
    if _TIMING.search(text) and text.lstrip().startswith("WEBVTT"):
        header = _HEADER_LANGUAGE.match(text)
        webvtt = (
            cue._replace(text="" if cue.text.startswith("\n") else cue.text.partition("\n\n")[0])
            for cue, _ in _timed(_TIMING, text)
        )
        return _without_repeats(webvtt), header[1] if header else ""
    if _TIMING.search(text):
        return _without_repeats(_srt(text)), ""
    if _LRC_LINE.search(text):
        return _lrc(text)
    if text.lstrip().startswith("<"):
        return _xml(text)
    if text.lstrip().startswith(("{", "[")):
        return _json(text)
    return (cue._replace(text=cue.text.replace("[br]", "\n")) for cue, _ in _timed(_SBV_TIMING, text)), ""


# Why not pysubs2: version 1.8 drops `{1, 2}` as a style (mathematics in lectures), a last line that is a number, and
# `b and c` of `a < b and c > d`. It adds cue ids and NOTE blocks to the previous cue, reads 100:00:00,000 as
# 00:00:00,000, and rejects SRT without hours.
# Why not pycaption: version 2.3.14 gives the same cues for tidy files (77 of 77 real ones), but refuses a whole file
# for one odd timing line, joins cues without a blank line between them, drops all that follows a blank line in a cue of
# SRT, reads `&copy=` as a sign, and needs cssutils and encutils, which are under the LGPL.
_STAMP = r"-?(?:\d+:)?\d+:\d+(?:[.,]\d+)?"
_SETTING = r"(?:[ \t\f]|(?:vertical|line|position|size|align|region):)[^\n]*"
_TIMING = re.compile(rf"^[ \t\f]*({_STAMP})[ \t\f]*-->[ \t\f]*({_STAMP})(?:{_SETTING})?$", re.MULTILINE)
# The counter before an SRT cue, followed by an incomplete timing line if the file is truncated. After the last cue, it
# counts as one only behind a blank line.
_NUMBER = r"(\d+)[ \t]*(?:\n[\d:,. >-]*)?\Z"
_NEXT_NUMBER = re.compile(rf"(?:\A|\n)[ \t]*{_NUMBER}")
_CUT_NUMBER = re.compile(rf"\n[ \t]*\n[ \t]*{_NUMBER}")
_UNTIMED_NUMBER = re.compile(r"\n[ \t]*\n[ \t]*(\d+)[ \t]*(?=\n)")
_SBV_TIMING = re.compile(r"^[ \t]*(\d+:\d+:\d+\.\d+),(\d+:\d+:\d+\.\d+)[ \t]*$", re.MULTILINE)
_HEADER_LANGUAGE = re.compile(r"\s*WEBVTT[^\n]*\n(?:[^\n]+\n)*?Language:[ \t]*([A-Za-z0-9-]+)[ \t]*\n")


def _timed(timing_line: re.Pattern[str], text: str) -> Iterator[tuple[Cue, bool]]:
    """The text below each timing line, and whether it is the last one."""
    timings = list(timing_line.finditer(text))
    for timing, following in zip(timings, [*timings[1:], None], strict=False):
        payload = text[timing.end() + 1 : following.start() if following else None]
        yield Cue(_seconds(timing[1]), _seconds(timing[2]), payload), following is None


def _srt(text: str) -> Iterator[Cue]:
    """The cues of SRT. One without its timing line is told by its counter, and begins where the one before ends."""
    first = _TIMING.search(text)
    counter = _NEXT_NUMBER.search(text[: first.start()]) if first else None
    for cue, is_last in _timed(_TIMING, text):
        own = float(counter[1]) if counter else math.inf
        counter = (_CUT_NUMBER if is_last else _NEXT_NUMBER).search(cue.text)
        said, following = (cue.text[: counter.start()], float(counter[1])) if counter else (cue.text, own + 2)
        start = 0
        for untimed in _UNTIMED_NUMBER.finditer(said):
            if own + 1 == float(untimed[1]) < following:
                yield cue._replace(text=said[start : untimed.start()])
                cue, start, own = Cue(cue.end, cue.end, ""), untimed.end(), own + 1
        yield cue._replace(text=said[start:])


def _seconds(stamp: str) -> float:
    seconds = 0.0
    for part in stamp.lstrip("-").replace(",", ".").split(":"):
        seconds = 60 * seconds + float(part)
    return round(-seconds if stamp.startswith("-") else seconds, 3)


_TAG = re.compile(
    r"</?(?:[cvibus]|ruby|rt|lang|font|em|strong|span)(?:[.\s][^<>]*)?>|<br\s*/?>|<[\d:.,]+>|\{\\[^{}]*\}",
    re.IGNORECASE,
)
_ENTITY = re.compile(r"&(?:#\d{1,9}|#x[\da-f]{1,9}|[a-z]\w*);", re.IGNORECASE)
_WORD_TIME = re.compile(rf"<({_STAMP})>")
_FIRST_WORD_TIME = re.compile(rf"(?:\s|<[^\d<>][^<>]*>)*<({_STAMP})>")
# Rolling captions show each finished line again, for 10 ms.
_FLASH = 0.05


def _without_repeats(cues: Iterable[Cue]) -> Iterator[Cue]:
    cues = list(cues)
    flashes = sum(0 < cue.end - cue.start < _FLASH for cue in cues)
    voiced = (part for cue in cues for part in _voices(cue))
    if 3 * flashes > len(cues) or any(_WORD_TIME.search(cue.text) for cue in cues):
        return without_repeated_lines((cue, list(map(_caption_line, cue.text.split("\n")))) for cue in voiced)
    return (cue._replace(text=_plain(cue.text)) for cue in voiced)


_VOICE = re.compile(r"<v(?:\.[^\s<>]*)?[ \t]++([^<>\n]*)>|</v\s*>", re.IGNORECASE)


def _voices(cue: Cue) -> Iterator[Cue]:
    """The parts of a cue by the voice tags of WebVTT, of which each holds up to the next one."""
    speaker, first, unsaid = None, 0, 0
    for tag in _VOICE.finditer(cue.text):
        yield from part_of(cue, first, tag.start(), speaker, unsaid)
        speaker, first, unsaid = speaker_name(unescape(tag[1] or "")), tag.start(), len(tag[0])
    yield from part_of(cue, first, len(cue.text), speaker, unsaid)


def _caption_line(text: str) -> CaptionLine:
    first = _FIRST_WORD_TIME.match(text)
    return CaptionLine(_plain(text), _seconds(first[1]) if first else None, bool(_WORD_TIME.search(text)))


def _plain(payload: str) -> str:
    """The text of a cue without tags, its entities resolved once."""
    return _ENTITY.sub(lambda entity: unescape(entity[0]), _TAG.sub("", payload))


_LRC_LINE = re.compile(r"^[ \t]*((?:\[(?:\d+:)?\d+:\d+(?:\.\d+)?\][ \t]*)+)([^\n]*)$", re.MULTILINE)
_LRC_TAG = re.compile(r"^\[(la|offset):([^\]\n]*)\]", re.MULTILINE | re.IGNORECASE)
# Seconds that the last line of LRC is shown: each ends where the next one begins.
_LAST = 5.0
# Characters. A longer line that has several starts is no chorus, and is read at the first one.
_LONGEST_REPEATED = 200


def _lrc(text: str) -> tuple[Iterable[Cue], str]:
    """Lines after their starts, of which a line that is repeated has several; `offset` is in milliseconds."""
    tags = {tag[1].lower(): tag[2].strip() for tag in _LRC_TAG.finditer(text)}
    offset = _number(tags.get("offset", 0)) / 1000
    early = 0.0 if math.isnan(offset) else offset
    lines = []
    for line in _LRC_LINE.finditer(text):
        words, stamps = _plain(line[2]), list(dict.fromkeys(re.findall(r"[\d:.]+", line[1])))
        repeats = stamps if len(words) <= _LONGEST_REPEATED else stamps[:1]
        lines += [(_seconds(stamp) - early, words) for stamp in repeats]
    lines.sort(key=lambda line: line[0])
    ends = [*(start for start, _ in lines[1:]), lines[-1][0] + _LAST]
    cues = (Cue(start, end, words) for (start, words), end in zip(lines, ends, strict=True))
    return cues, tags.get("la", "")


def _json(text: str) -> tuple[Iterable[Cue], str]:
    try:
        document = json.loads(text, strict=False)
    except ValueError as error:
        raise ValueError(Reason("captions_bad_json", error=error)) from error
    if isinstance(document, list):
        # youtube-transcript-api writes a list of transcripts.
        snippets = document[0] if len(document) == 1 and isinstance(document[0], list) else document
        starts = ((snippet, _number(snippet.get("start"))) for snippet in _records(snippets))
        return (Cue(at, at + _number(each.get("duration")), _string(each, "text")) for each, at in starts), ""
    segments = list(map(_segment, _records(document.get("segments"))))
    return segments or map(_json3_event, _records(document.get("events"))), _string(document, "language")


def _segment(segment: dict[str, Any]) -> Cue:
    """A segment of whisper's or WhisperX's JSON, or of a podcast's."""
    start, end = (_number(segment.get(key, segment.get(f"{key}Time"))) for key in ("start", "end"))
    first_word = next(_records(segment.get("words")), {})
    text = _string(segment, "text") or _string(segment, "body")
    cue = _cue_from_first_word(start, end, _number(first_word.get("start")), text)
    return cue._replace(speaker=speaker_name(_string(segment, "speaker")))


def _json3_event(event: dict[str, Any]) -> Cue:
    start = _number(event.get("tStartMs")) / 1000
    end = start + _number(event.get("dDurationMs")) / 1000
    segments = list(_records(event.get("segs")))
    first_word = next((segment for segment in segments if _string(segment, "utf8").strip()), {})
    first_word_start = start + _number(first_word.get("tOffsetMs", 0)) / 1000
    text = "".join(_string(segment, "utf8") for segment in segments)
    return _cue_from_first_word(start, end, first_word_start, text)


def _cue_from_first_word(start: float, end: float, first_word: float, text: str) -> Cue:
    """A cue that starts at the time of its first word, if that is within it."""
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


_XML = "{http://www.w3.org/XML/1998/namespace}"
# Characters that XML forbids even when escaped; some captions contain them.
_NO_XML = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def _xml(text: str) -> tuple[Iterable[Cue], str]:
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
    return read(root) if read else (), root.get(f"{_XML}lang", "")


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


# Why not ttconv: version 1.2.3 reads all 321 files of the W3C's tests; here 300 give the same text at the same times (7
# have no times, 6 hide words by style, in 5 a line has times for its words). But it knows neither DFXP's namespaces nor
# Apple's times (0 of 291 real files, here 291), and takes 2.8 times as long.
_CLOCK = re.compile(r"(?:(?:(\d+):)?(\d+):)?(\d+(?:[.,]\d+)?)(?::(\d+(?:\.\d+)?))?")
_OFFSET = re.compile(r"(\d+(?:\.\d+)?)(h|m|s|ms|f|t)")
_MULTIPLIER = re.compile(r"([1-9]\d{0,8})[ :]([1-9]\d{0,8})")
_TIMES = ("begin", "end", "dur")


def _ttml(root: Element) -> Iterator[Cue]:
    # Drop the namespaces, which differ between TTML and DFXP.
    parameters = {name.rpartition("}")[2]: value for name, value in root.attrib.items()}
    frame_rate = _rate(parameters.get("frameRate"))
    frames, ticks = frame_rate or 30.0, _rate(parameters.get("tickRate")) or frame_rate or 1.0
    if multiplier := _MULTIPLIER.fullmatch(parameters.get("frameRateMultiplier", "")):
        frames *= float(multiplier[1]) / float(multiplier[2])
    units = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001, "f": 1 / frames, "t": 1 / ticks}
    agents = (element for element in root.iter() if _kind(element) == "agent")
    names = {agent.get(f"{_XML}id"): speaker_name(" ".join(child.text or "" for child in agent)) for agent in agents}

    clocks = (_CLOCK.fullmatch(element.get(name, "").strip()) for element in root.iter() for name in _TIMES)
    # Apple writes `9.5` and `1:02.5`, which TTML doesn't know, and counts all times from the beginning.
    is_apples = any(clock and clock[1] is None for clock in clocks)

    def time(value: str | None, zero: float) -> float:
        zero = 0.0 if is_apples else zero
        if clock := _CLOCK.fullmatch((value or "").strip()):
            hours, minutes, seconds, frame = (float((part or "0").replace(",", ".")) for part in clock.groups())
            return zero + 3600 * hours + 60 * minutes + seconds + frame * units["f"]
        offset = _OFFSET.fullmatch((value or "").strip())
        return zero + float(offset[1]) * units[offset[2]] if offset else math.nan

    for body in root:
        if _kind(body) == "body":
            _drop_foreign(body)
            depths = _timed_depths(body)
            for cue in _ttml_cues(body, time, depths) if depths[body] else ():
                yield cue._replace(speaker=names.get(cue.speaker))


def _rate(value: str | None) -> float:
    rate = _number(value)
    return rate if 1e-9 < rate < 1e9 else 0.0


def _drop_foreign(body: Element) -> None:
    """Empty animations, metadata and other namespaces' elements, and set the words apart that Apple writes together."""
    own = (body.tag.rpartition("}")[0], "")
    for element in body.iter():
        if _kind(element) in ("metadata", "set") or element.tag.rpartition("}")[0] not in own:
            tail = element.tail
            element.clear()
            element.tail = tail
        is_word = any(name.endswith("}unit") and value == "word" for name, value in element.items())
        if is_word and not element.tail and not UNSPACED.match((element.text or "")[-1:]):
            element.tail = " "


def _timed_depths(body: Element) -> dict[Element, int]:
    """How many elements with times lie within each other, at most, from an element on."""
    depths: dict[Element, int] = {}
    for element in reversed([*body.iter()]):
        inner = max((depths[child] for child in element), default=0)
        depths[element] = inner + any(name in element.attrib for name in _TIMES)
    return depths


def _ttml_cues(
    element: Element,
    time: Callable[[str | None, float], float],
    depths: Mapping[Element, int],
    zero: float = 0.0,
    until: float = math.inf,
    in_sequence: bool = False,
    agent: str | None = None,
) -> Generator[Cue, None, float]:
    """The cues of an element, and its end; speakers are agents' ids.

    Times count from `zero`: the start of the parent or, in a sequence, the end of the element before. Nothing is shown
    longer than its parent, `until` then. A line with times for its words alone is one cue.
    """
    agent = next((value for name, value in element.items() if name.endswith("}agent")), agent)
    start = time(element.get("begin"), zero) if "begin" in element.attrib else zero
    stated = time(element.get("end"), zero), start + time(element.get("dur"), 0.0)
    limits = [limit for limit in stated if limit > start]
    until = min(until, *limits) if limits else until
    inner = max((depths[child] for child in element), default=0)
    is_text = _kind(element) in ("p", "span")
    if is_text and inner <= depths[element] - inner:
        end = until if limits or not in_sequence else start
        yield Cue(start, end, "".join(element.itertext()), speaker=agent)
        return end
    is_sequence = element.get("timeContainer") == "seq"
    end = start
    if is_text:
        yield Cue(start, until, element.text or "", speaker=agent)
    for child in element:
        child_zero = end if is_sequence else start
        child_end = yield from _ttml_cues(child, time, depths, child_zero, until, is_sequence, agent)
        end = child_end if is_sequence else max(end, child_end)
        if is_text:
            yield Cue(child_zero, until, child.tail or "", speaker=agent)
    return until if limits else end
