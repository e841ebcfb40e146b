"""Captions in XML: TTML, also Apple's and DFXP, and YouTube's srv1 and srv3."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from seekpoint.index.reasons import Reason
from seekpoint.index.types import Cue
from seekpoint.indexer.sources.caption_json import cue_from_first_word, number
from seekpoint.indexer.sources.caption_texts import plain
from seekpoint.indexer.transcript.speakers import speaker_name

UNSPACED = re.compile("[\u2e80-\u9fff\uff00-\uffef]")
"""A character of a script without spaces between words."""
_XML = "{http://www.w3.org/XML/1998/namespace}"
# Characters that XML forbids even when escaped; some captions contain them.
_NO_XML = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def parse_xml_captions(text: str) -> tuple[Iterable[Cue], str]:
    """Parse captions in XML: the cues, and the language if it is declared; raises ValueError with a Reason."""
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
        start = number(element.get("start"))
        # The text is HTML, escaped again for XML.
        yield Cue(start, start + number(element.get("dur")), plain("".join(element.itertext())))


def _srv3(root: Element) -> Iterator[Cue]:
    for element in root.findall("body/p"):
        start = number(element.get("t")) / 1000
        end = start + number(element.get("d")) / 1000
        words = (word for word in element.iter("s") if (word.text or "").strip())
        first_word = None if (element.text or "").strip() else next(words, None)
        first_word_start = start if first_word is None else start + number(first_word.get("t", 0)) / 1000
        yield cue_from_first_word(start, end, first_word_start, "".join(element.itertext()))


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
    rate = number(value)
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
