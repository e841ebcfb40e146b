"""Parsers for caption formats, which are recognised by content. Cues keep their line breaks."""

from __future__ import annotations

import codecs
import json
import math
import os
import re
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from html import unescape
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from seekpoint.file_formats import CAPTION_SUFFIXES
from seekpoint.files import read_file
from seekpoint.index.errors import SourceError, Unfetched
from seekpoint.index.reasons import Reason
from seekpoint.index.text.clean import clean
from seekpoint.index.text.languages import UNKNOWN, primary
from seekpoint.index.types import Cue, Origin, State, Transcript
from seekpoint.indexer.sources.pages.charset import BOMS, is_plausible
from seekpoint.indexer.sources.provenance import too_large
from seekpoint.indexer.sources.sandbox import sandboxed
from seekpoint.indexer.transcript.cues import CaptionLine, spoken, tidy, without_repeated_lines
from seekpoint.indexer.transcript.language_identification import certain_language_of
from seekpoint.indexer.transcript.speakers import part_of, speaker_name

UNSPACED = re.compile("[\u2e80-\u9fff\uff00-\uffef]")
"""A character of a script without spaces between words."""

FORMATS = "WebVTT, SRT, SBV, LRC, TTML, srv1, srv3, json3, whisper's, a podcast's or youtube-transcript-api's JSON"


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
        return Captions(tuple(_without_repeats(_srt(text))))
    if _LRC_LINE.search(text):
        return _lrc(text)
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
        for number in _UNTIMED_NUMBER.finditer(said):
            if own + 1 == float(number[1]) < following:
                yield cue._replace(text=said[start : number.start()])
                cue, start, own = Cue(cue.end, cue.end, ""), number.end(), own + 1
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
    return _ENTITY.sub(lambda entity: unescape(entity[0]), _TAG.sub("", payload))


_LRC_LINE = re.compile(r"^[ \t]*((?:\[(?:\d+:)?\d+:\d+(?:\.\d+)?\][ \t]*)+)([^\n]*)$", re.MULTILINE)
_LRC_TAG = re.compile(r"^\[(la|offset):([^\]\n]*)\]", re.MULTILINE | re.IGNORECASE)
# Seconds that the last line of LRC is shown: each ends where the next one begins.
_LAST = 5.0
# Characters. A longer line that has several starts is no chorus, and is read at the first one.
_LONGEST_REPEATED = 200


def _lrc(text: str) -> Captions:
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
    return Captions(tuple(cues), tags.get("la", ""))


def _json(text: str) -> Captions:
    try:
        document = json.loads(text, strict=False)
    except ValueError as error:
        raise ValueError(Reason("captions_bad_json", error=error)) from error
    if isinstance(document, list):
        # youtube-transcript-api writes a list of transcripts.
        snippets = document[0] if len(document) == 1 and isinstance(document[0], list) else document
        return Captions(tuple(map(_snippet, _records(snippets))))
    segments = tuple(map(_segment, _records(document.get("segments"))))
    return Captions(
        segments or tuple(map(_json3_event, _records(document.get("events")))), _string(document, "language")
    )


def _snippet(snippet: dict[str, Any]) -> Cue:
    start = _number(snippet.get("start"))
    return Cue(start, start + _number(snippet.get("duration")), _string(snippet, "text"))


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
    return Captions(tuple(read(root)) if read else (), root.get(f"{_XML}lang", ""))


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


AnyPath: TypeAlias = str | PathLike[str]

# ISO 639-1 and the longer codes that YouTube uses. A closed list: `Intro to Node.js.vtt` is no talk in "js".
_LANGUAGES = (
    "aa|ab|ae|af|ak|am|an|ar|as|av|ay|az|ba|be|bg|bh|bi|bm|bn|bo|br|bs|ca|ce|ch|co|cr|cs|cu|cv|cy|da|de|dv|dz|ee|el|en|"
    "eo|es|et|eu|fa|ff|fi|fj|fo|fr|fy|ga|gd|gl|gn|gu|gv|ha|he|hi|ho|hr|ht|hu|hy|hz|ia|id|ie|ig|ii|ik|in|io|is|it|iu|iw|"
    "ja|jv|ka|kg|ki|kj|kk|kl|km|kn|ko|kr|ks|ku|kv|kw|ky|la|lb|lg|li|ln|lo|lt|lu|lv|mg|mh|mi|mk|ml|mn|mo|mr|ms|mt|my|na|"
    "nb|nd|ne|ng|nl|nn|no|nr|nv|ny|oc|oj|om|or|os|pa|pi|pl|ps|pt|qu|rm|rn|ro|ru|rw|sa|sc|sd|se|sg|sh|si|sk|sl|sm|sn|so|"
    "sq|sr|ss|st|su|sv|sw|ta|te|tg|th|ti|tk|tl|tn|to|tr|ts|tt|tw|ty|ug|uk|ur|uz|ve|vi|vo|wa|wo|xh|yi|yo|za|zh|zu|"
    "ase|asf|bgc|bho|brx|ceb|chr|ckb|cmn|doi|dsb|fil|gom|gsw|haw|hmn|hsb|ilo|kha|kok|kri|lus|mai|mni|mul|nan|new|nso|"
    "pcm|pap|sat|sco|sdp|tlh|tpi|und|vro|war|wuu|yue"
)
_NAME = re.compile(
    rf"(?P<stem>.+?)(?:\.(?:transcript|cc))?(?:\.(?:a\.)?(?P<language>(?:{_LANGUAGES})(?:-[A-Za-z0-9_]+)*))?\."
    r"(?:vtt|srt|sbv|lrc|ttml|dfxp|srv[13]|json3?)",
    re.IGNORECASE | re.DOTALL,
)
# Zoom's `GMT20240101-120000_Recording_1920x1080.mp4`, beside which is `…_Recording.transcript.vtt` or `.cc.vtt`.
_ZOOM_VIEW = re.compile(r"(GMT\d{8}-\d{6}_.+?)(?:_(?:as|avo|gallery|gvo))?_\d{3,4}x\d{3,4}", re.DOTALL)
_LANGUAGE_TAG = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]+)*")
_VIDEO_ID = re.compile(r"\[([A-Za-z0-9_-]{11})\]\Z")


def stem_of(path: AnyPath) -> str:
    """The name without language and suffix: `Any title [VIDEO_ID]` of `Any title [VIDEO_ID].LANG.vtt`."""
    stem = Path(path).stem
    named = _NAME.fullmatch(Path(path).name) or _ZOOM_VIEW.fullmatch(stem)
    return named[1] if named else stem


def language_of(path: AnyPath) -> str | None:
    """The language tag before the suffix, such as `zh-TW`."""
    named = _NAME.fullmatch(Path(path).name)
    return named["language"] if named else None


def video_id_of(path: AnyPath) -> str | None:
    """The YouTube id in brackets at the end of the stem."""
    bracket = _VIDEO_ID.search(stem_of(path))
    return bracket[1] if bracket else None


def title_of(path: AnyPath) -> str:
    """The stem without the video id."""
    return clean(_VIDEO_ID.sub("", stem_of(path)))


def is_captions(path: AnyPath) -> bool:
    """Whether a file is named like captions; a `.json` file only as `Any title [VIDEO_ID].LANG.json`."""
    suffix = Path(path).suffix.lower()
    return suffix in CAPTION_SUFFIXES or (suffix == ".json" and bool(language_of(path) and video_id_of(path)))


def find_captions(folder: Path) -> dict[str, tuple[Path, ...]]:
    """The caption files under a folder, by the video id in their names; raises SourceError if there are none."""
    if not folder.is_dir():
        raise _error(folder, "not a folder" if folder.exists() else "no such folder")

    def fail(error: OSError) -> None:
        raise _error(error.filename, Reason("captions_unreadable", error=error.strerror)) from error

    by_video: dict[str, tuple[Path, ...]] = {}
    for parent, folders, names in os.walk(folder, onerror=fail):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for path in filter(_is_caption_file, (Path(parent, name) for name in sorted(names))):
            if video_id := video_id_of(path):
                by_video[video_id] = (*by_video.get(video_id, ()), path)
    if not by_video:
        raise _error(folder, 'no file is named like "Any title [VIDEO_ID].en.vtt" (or .srt, .json3, …)')
    return by_video


class CaptionFolders:
    """An index of caption files by folder and stem; each folder is listed once."""

    def __init__(self) -> None:
        self._by_stem: dict[Path, dict[str, set[Path]]] = {}

    def beside(self, media: Path) -> tuple[Path, ...]:
        """The caption files that share folder and stem with a recording or with another caption file."""
        folder = media.parent
        if folder not in self._by_stem:
            by_stem: dict[str, set[Path]] = {}
            for path in filter(_is_caption_file, folder.iterdir() if folder.is_dir() else ()):
                for stem in (stem_of(path), path.stem):
                    by_stem.setdefault(stem, set()).add(path)
            self._by_stem[folder] = by_stem
        captions = self._by_stem[folder]
        return tuple(sorted(captions.get(stem_of(media), set()) | captions.get(media.name, set())))


class Selection(NamedTuple):
    """The caption files of a resource that are read, one a language, and the spare ones in these languages."""

    chosen: tuple[Path, ...]
    spare: tuple[Path, ...]


def select(captions: Iterable[Path], languages: Sequence[str]) -> Selection | None:
    """The files in the wanted languages, compared by primary subtag; `None` if there are none.

    WebVTT is preferred to other formats, and Zoom's transcript to its live captions. A file without a language in its
    name matches any: it isn't read for that.
    """
    wanted = {primary(tag) for tag in languages}
    tags = {path: language_of(path) for path in captions}
    matching = [path for path, tag in tags.items() if not wanted or not tag or primary(tag) in wanted]
    by_language: dict[str, Path] = {}
    for path in sorted(matching, key=lambda path: (path.suffix.lower() != ".vtt", path.stem.lower().endswith(".cc"))):
        by_language.setdefault((tags[path] or "").lower(), path)
    chosen = tuple(by_language.values())
    return Selection(chosen, tuple(path for path in matching if path not in chosen)) if chosen else None


def read_all(paths: Iterable[Path]) -> tuple[tuple[Transcript, ...], tuple[str, ...]]:
    """One transcript a language, and messages about the files that are left out; raises Unfetched if none is read.

    Files with a language in their name come first.
    """
    transcripts: dict[str, tuple[Path, Transcript]] = {}
    errors: list[Reason] = []
    left_out = []
    for path in sorted(paths, key=lambda path: language_of(path) is None):
        try:
            transcript = read_captions(path)
        except SourceError as error:
            errors.append(Reason.of(error.args[0]))
            continue
        used, _ = transcripts.setdefault(transcript.language.lower(), (path, transcript))
        if used is not path:
            left_out.append(f'captions "{path.name}": left out, "{used.name}" has the same language')
    if not transcripts:
        raise Unfetched(
            State.NO_TRANSCRIPT, errors[0] if len(errors) == 1 else Reason("several", reasons=tuple(errors))
        )
    messages = (*(f"{error}; indexed without it" for error in errors), *left_out)
    return tuple(transcript for _, transcript in transcripts.values()), messages


def read_captions(path: Path) -> Transcript:
    """Read a caption file of any format in any encoding; raises SourceError.

    Captions without a language are in that of their words, where these leave no doubt.
    """
    try:
        if reason := too_large(path):
            raise _error(path.name, reason)
        data = read_file(path)
    except OSError as error:
        raise _error(path.name, Reason("captions_unreadable", error=error.strerror)) from error
    try:
        transcript = sandboxed(parse_captions, data, path.name)
    except Unfetched as failure:
        raise _error(path.name, failure.reason) from failure
    if transcript.language != UNKNOWN:
        return transcript
    return replace(transcript, language=certain_language_of([cue.text for cue in transcript.cues]))


def parse_captions(data: bytes, name: str) -> Transcript:
    """Parse captions, in the language of the name, else of the file, else `und`; raises SourceError, which names it.

    Call it in the sandbox.
    """
    try:
        captions = parse(_decode(data, name))
    except ValueError as error:
        raise _error(name, Reason.of(error.args[0])) from error
    except RecursionError as error:
        raise _error(name, Reason("captions_too_deep")) from error
    cues = tidy(spoken(captions.cues))
    if not cues:
        raise _error(name, Reason("captions_without_cues", formats=FORMATS))
    declared = captions.language if _LANGUAGE_TAG.fullmatch(captions.language) else UNKNOWN
    return Transcript(language_of(name) or declared, Origin.LOCAL, cues)


def _error(name: AnyPath, reason: str) -> SourceError:
    return SourceError(Reason("captions", name=name, reason=reason))


def _is_caption_file(path: Path) -> bool:
    return is_captions(path) and not path.name.startswith(".") and path.is_file()


_CAPTIONS_START = re.compile(r"\s*[0-9<{\[]")


def _decode(data: bytes, name: str) -> str:
    if not data.strip():
        raise _error(name, Reason("captions_empty"))
    bom = next((bom for bom in BOMS if data.startswith(bom)), None)
    if bom:
        text = data[len(bom) :].decode(BOMS[bom], "replace")
    elif b"\0" in data and b"-->" not in data:
        decodings = (data.decode(encoding, "replace") for encoding in ("utf-16-le", "utf-16-be"))
        text = next((text for text in decodings if "-->" in text or _CAPTIONS_START.match(text)), "")
        if not text:
            raise _error(name, Reason("captions_binary", formats=FORMATS))
    else:
        try:
            # Unlike bytes.decode, an incremental decoder ignores a truncated last character.
            text = codecs.getincrementaldecoder("utf-8")().decode(data)
        except UnicodeDecodeError:
            text = data.decode("utf-8", "replace")
            text = text if is_plausible(text) else _detected(data)
    return re.sub(r"\r\n?", "\n", text)


def _detected(data: bytes) -> str:
    from charset_normalizer import from_bytes

    # With the default threshold, 0.2, it finds no encoding for lectures that mix Chinese and English.
    encodings = ["gb18030", "big5", "shift_jis", "euc_kr", "cp1251", "cp1252"]
    guess = from_bytes(data, cp_isolation=encodings, threshold=0.4).best()
    return str(guess) if guess else data.decode("latin-1")
