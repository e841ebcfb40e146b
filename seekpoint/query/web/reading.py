"""A transcript as a resource's page shows it: in paragraphs, with marks, and with another language beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from seekpoint.index.text.chapters import ROUNDING, chapters_of
from seekpoint.index.text.clean import printable
from seekpoint.index.text.language_tags import primary
from seekpoint.index.types import Chapter, Cue, Details, Transcript
from seekpoint.query.filters import in_language
from seekpoint.query.web.occurrences import Part, occurrences
from seekpoint.query.web.parameters import PageParameters
from seekpoint.query.web.transcripts import TranscriptParagraph, aligned, paragraphs, position_at

# Nobody goes through more, and each is a mark on the page.
_MOST_MARKED = 1000


@dataclass(frozen=True, slots=True)
class Found:
    """What was looked for: the number of places, and of the first of them the parts of each that lie in one cue.

    `at` is the place that is shown, from 1; 0 if nothing was found.
    """

    count: int
    places: Sequence[Sequence[Part]]
    at: int

    @classmethod
    def of(cls, sought: str, cues: Iterable[Cue], place: int = 1) -> Found:
        """The places of a phrase in cues, as they are shown; of them `place` is shown, or the last one."""
        places = occurrences(sought, (printable(cue.text) for cue in cues))
        shown = places[:_MOST_MARKED]
        return cls(len(places), shown, min(place, len(shown)))

    @property
    def previous(self) -> int:
        """The place before; before the first one comes the last."""
        return self.at - 1 or len(self.places)

    @property
    def following(self) -> int:
        """The place after; after the last one comes the first."""
        return self.at % len(self.places) + 1


class Stretch(NamedTuple):
    """Characters of a cue: those of a place, with its number from 1 and whether it begins here, or of none (0)."""

    text: str
    place: int
    is_start: bool


@dataclass(frozen=True, slots=True)
class Reading:
    """A transcript as it is shown.

    `chapters` are the source's, or those that were made of this transcript. `other` is the language of a transcript
    that can be shown beside it, `beside` that of the one which is; `current` is the position of the cue at the second
    of the page's address, `found` what was looked for.
    """

    transcript: Transcript
    chapters: Sequence[Chapter]
    paragraphs: Sequence[TranscriptParagraph]
    other: str | None
    beside: str | None
    current: int | None
    found: Found | None

    @classmethod
    def of(
        cls, transcripts: Sequence[Transcript], parameters: PageParameters, details: Details, *, plays: bool
    ) -> Reading | None:
        """The transcript that the parameters ask for, else the first one; `None` if there is none."""
        transcript = in_language(transcripts, parameters.language) or next(iter(transcripts), None)
        if transcript is None:
            return None
        other = _other(transcript, transcripts) if plays else None
        beside = other if other and parameters.beside else None
        chapters = chapters_of(details, transcript)
        shown = list(paragraphs(transcript.cues, chapters))
        return cls(
            transcript,
            chapters,
            list(aligned(shown, beside.cues)) if beside else shown,
            other.language if other else None,
            beside.language if beside else None,
            None if parameters.t is None or not transcript.cues else position_at(transcript.cues, parameters.t),
            Found.of(parameters.sought, transcript.cues, parameters.place) if parameters.sought else None,
        )

    @property
    def placed_chapters(self) -> list[tuple[int, Chapter]]:
        """The chapters with the positions of the cues in which they begin; none without cues."""
        cues = self.transcript.cues
        return [(position_at(cues, chapter.start + ROUNDING), chapter) for chapter in self.chapters] if cues else []

    @property
    def marked(self) -> Mapping[int, Sequence[Stretch]]:
        """The texts of the cues in which something was found, by position, in stretches."""
        parts: dict[int, list[tuple[Part, int, bool]]] = {}
        for number, place in enumerate(self.found.places if self.found else (), 1):
            for part in place:
                parts.setdefault(part.number, []).append((part, number, part is place[0]))
        return {index: list(_split(self.transcript.cues[index], own)) for index, own in parts.items()}


def utf16(part: Part, text: str) -> tuple[int, int, int]:
    """A part of a cue with the offsets that scripts count in, two for a character beyond the basic plane."""
    shown = printable(text)
    start, stop = (len(shown[:offset].encode("utf-16-le", "surrogatepass")) // 2 for offset in part[1:])
    return part.number, start, stop


def _other(transcript: Transcript, transcripts: Sequence[Transcript]) -> Transcript | None:
    """Another transcript, in another language if there is one."""
    others = [each for each in transcripts if each is not transcript]
    return min(others, key=lambda each: primary(each.language) == primary(transcript.language), default=None)


def _split(cue: Cue, parts: Iterable[tuple[Part, int, bool]]) -> Iterator[Stretch]:
    text, end = printable(cue.text), 0
    for part, place, is_start in parts:
        yield Stretch(text[end : part.start], 0, False)
        yield Stretch(text[part.start : part.stop], place, is_start)
        end = part.stop
    yield Stretch(text[end:], 0, False)
