"""Times, details, kept moments and chapters as rows and JSON, and back."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from math import inf, isfinite
from typing import Any

from seekpoint.files import parsed_json
from seekpoint.index.types import Chapter, Details, EmbeddedTranscript, KeptMoment, Kind, Resource
from seekpoint.safe_links import is_web

LATEST = 253402300799
"""The Unix time at which Python's dates end, with the year 9999."""


def time_of(seconds: float | None) -> float | None:
    """A Unix time; raises ValueError if Python has no date for it."""
    if seconds is not None and not 0 <= seconds <= LATEST:
        raise ValueError("a time is out of range")
    return seconds


_LISTS, _ADDRESSES = ("aliases", "speakers", "authors"), ("thumbnail", "deep_link")
_WORDS = ("container", "doi", "isbn", "key")
_DATE = re.compile(r"\d{4}(-\d\d(-\d\d)?)?", re.ASCII)
_MOST_SPEAKERS = 1000


def details_of(text: str) -> Details:
    """Details out of their JSON."""
    values = parsed_json(text)
    chapters = tuple(Chapter(**chapter) for chapter in values.pop("chapters", ()))
    return Details(**values | {name: tuple(values.get(name, ())) for name in _LISTS}, chapters=chapters)


def check_details(stored: Iterable[str], longest: float) -> None:
    """Raise ValueError for details that `details_text` can't have written, or times beyond `longest` seconds."""
    for text in stored:
        try:
            details = details_of(text)
            texts = (details.title, details.channel, details.published, *(getattr(details, name) for name in _WORDS))
            texts = (*texts, *details.aliases, *details.speakers, *details.authors)
            are_valid = (
                (details.published is None or bool(_DATE.fullmatch(details.published)))
                and all(isinstance(parsed_json(text).get(name, []), list) for name in _LISTS)
                and all(isinstance(value, str | None) for value in texts)
                and all(
                    address is None or (is_web(address) and address.isprintable())
                    for address in (details.thumbnail, details.deep_link)
                )
                and (details.duration is None or _is_second(details.duration, longest))
                and all(
                    isinstance(chapter.title, str)
                    and isinstance(chapter.generated, bool)
                    and _is_second(chapter.start, longest)
                    for chapter in details.chapters
                )
            )
        except (TypeError, AttributeError, ValueError, OverflowError):
            are_valid = False
        if not are_valid:
            raise ValueError("a resource has details that make no sense")


def _is_second(value: object, longest: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= longest and isfinite(value)


def details_text(details: Details) -> str:
    """Details as JSON, without those of which few sources have any where there are none."""
    rare = (*_LISTS, *_ADDRESSES, *_WORDS)
    values = {name: value for name, value in asdict(details).items() if value or name not in rare}
    return json.dumps(values, ensure_ascii=False)


def stated_text(resource: Resource) -> str:
    """What the list states of a resource, as JSON."""
    stated = asdict(resource.stated)
    return json.dumps({name: value for name, value in stated.items() if value}, ensure_ascii=False)


def with_speakers(details: Details, transcripts: Iterable[EmbeddedTranscript]) -> Details:
    """The details of a resource with the names of those who speak in its transcripts, in order."""
    cues = (cue for each in transcripts for cue in each.transcript.cues)
    names = dict.fromkeys(cue.speaker for cue in cues if cue.speaker)
    return replace(details, speakers=tuple(names)[:_MOST_SPEAKERS])


def values_of(moment: KeptMoment) -> tuple[object, ...]:
    """The values of a moment's row, in the order of its columns."""
    resource = moment.resource
    return (
        *(resource.id, moment.place, resource.kind.value, resource.title, resource.url, moment.language),
        *(moment.start, moment.page, moment.anchor, moment.quote, moment.link, moment.question),
        *(moment.added, moment.note, moment.collection),
    )


def moment_of(row: Sequence[Any]) -> KeptMoment:
    """A moment, from its row; raises ValueError."""
    resource_id, _, kind, title, url, language, start, page, anchor, quote, link, question, added, note, collection = (
        row
    )
    resource = Resource(resource_id, Kind(kind), title, url)
    return KeptMoment(resource, language, start, page, anchor, quote, link, question, note, collection, added)


def encode_chapters(chapters: Iterable[Chapter]) -> str:
    """Pairs of a start in seconds and a title, as JSON."""
    return json.dumps([(chapter.start, chapter.title) for chapter in chapters], ensure_ascii=False)


def decode_chapters(text: str) -> tuple[Chapter, ...]:
    """The chapters that `encode_chapters` stored; raises ValueError."""
    chapters = []
    for start, title in parsed_json(text):
        if not isfinite(start) or start < 0:
            raise ValueError("a chapter starts at no second")
        chapters.append(Chapter(float(start), str(title), generated=True))
    return tuple(chapters)


def check_chapters(stored: Iterable[str], longest: float = inf) -> None:
    """Raise ValueError for chapters that `encode_chapters` can't have written, or beginning after `longest` seconds."""
    for text in stored:
        try:
            if any(chapter.start > longest for chapter in decode_chapters(text)):
                raise ValueError(text)
        except (TypeError, ValueError, OverflowError) as error:
            raise ValueError("a transcript has chapters that make no sense") from error
