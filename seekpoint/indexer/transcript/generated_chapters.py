"""Chapters for a recording whose source gives none, made of its transcript."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from seekpoint.index.chunks import EmbeddedTranscript
from seekpoint.index.text.content_words import content_terms
from seekpoint.index.text.cue_text import CueText
from seekpoint.index.types import Chapter, Cue, ModelCard
from seekpoint.indexer.transcript.segment_titles import titles

if TYPE_CHECKING:
    from seekpoint.index.chunks import Pieces

LEAST_DURATION = 600.0
"""Seconds. A shorter recording gets no chapters: its bar and its transcript can be looked over."""

# Seconds of the shortest unit, and the most units: with more, a recording of a whole day would take gigabytes.
_UNIT, _MOST_UNITS = 5.0, 1500


class _Place(NamedTuple):
    """Where a unit begins: the offset in the text, and the second."""

    offset: int
    second: float


def with_chapters(embedded: EmbeddedTranscript, card: ModelCard) -> EmbeddedTranscript:
    """The transcript with chapters made of its text and of the vectors of its pieces, if it is long enough."""
    cues = embedded.transcript.cues
    if max(cue.end for cue in cues) < LEAST_DURATION:
        return embedded
    return replace(embedded, transcript=replace(embedded.transcript, chapters=chapters(cues, _pieces(embedded, card))))


def chapters(cues: Sequence[Cue], pieces: Pieces | None = None) -> tuple[Chapter, ...]:
    """The chapters of a recording, which begin with sentences; none if its subject doesn't change. Pure."""
    from seekpoint.indexer.transcript.segmentation import Unit, boundaries

    said, end = CueText(cues), max(cue.end for cue in cues)
    places = list(_places(said, end))
    stops = [*(place.offset for place in places[1:]), len(said.text)]
    units = [
        Unit(place.second, [term.text for term in content_terms(said.text[place.offset : stop])])
        for place, stop in zip(places, stops, strict=True)
    ]
    starts = [_Place(0, 0.0), *(places[k] for k in boundaries(units, end, pieces))]
    texts = [said.text[first:stop] for first, stop in pairwise([*(start.offset for start in starts), len(said.text)])]
    found = [Chapter(start.second, title, True) for start, title in zip(starts, titles(texts), strict=True) if title]
    return tuple(found) if len(found) > 1 else ()


def _places(said: CueText, end: float) -> Iterator[_Place]:
    """Where units begin: with a sentence, and some seconds after the one before."""
    least = max(_UNIT, end / _MOST_UNITS)
    yield _Place(0, said.cues[0].start)
    last = said.cues[0].start
    for offset in said.sentences(is_opening=True):
        second = said.second_at(offset)
        if offset and second - last >= least:
            yield _Place(offset, second)
            last = second


def _pieces(embedded: EmbeddedTranscript, card: ModelCard) -> Pieces | None:
    if not embedded.pieces:
        return None
    from seekpoint.index.models.piece_vectors import dequantised

    pieces, vectors = zip(*embedded.pieces, strict=True)
    return dequantised([piece.start for piece in pieces], vectors, card)
