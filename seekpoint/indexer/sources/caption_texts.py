"""Captions as lines of text: WebVTT, SRT, SBV and LRC. Cues keep their line breaks."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from html import unescape

from seekpoint.index.types import Cue
from seekpoint.indexer.sources.caption_json import number
from seekpoint.indexer.transcript.cues import CaptionLine, without_repeated_lines
from seekpoint.indexer.transcript.speakers import part_of, speaker_name

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


def has_timing_lines(text: str) -> bool:
    """Whether captions are WebVTT, SRT or LRC."""
    return bool(_TIMING.search(text) or _LRC_LINE.search(text))


def parse_lines(text: str) -> tuple[Iterable[Cue], str]:
    """Parse captions whose lines end in LF: the cues, and the language if it is declared."""
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
    return (cue._replace(text=cue.text.replace("[br]", "\n")) for cue, _ in _timed(_SBV_TIMING, text)), ""


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
    return (cue._replace(text=plain(cue.text)) for cue in voiced)


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
    return CaptionLine(plain(text), _seconds(first[1]) if first else None, bool(_WORD_TIME.search(text)))


def plain(payload: str) -> str:
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
    offset = number(tags.get("offset", 0)) / 1000
    early = 0.0 if math.isnan(offset) else offset
    lines = []
    for line in _LRC_LINE.finditer(text):
        words, stamps = plain(line[2]), list(dict.fromkeys(re.findall(r"[\d:.]+", line[1])))
        repeats = stamps if len(words) <= _LONGEST_REPEATED else stamps[:1]
        lines += [(_seconds(stamp) - early, words) for stamp in repeats]
    lines.sort(key=lambda line: line[0])
    ends = [*(start for start, _ in lines[1:]), lines[-1][0] + _LAST]
    cues = (Cue(start, end, words) for (start, words), end in zip(lines, ends, strict=True))
    return cues, tags.get("la", "")
