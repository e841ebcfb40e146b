"""Chapters for a recording whose source gives none, made of its transcript."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from seekpoint.index.text.cue_text import CueText
from seekpoint.index.text.terms import content_terms
from seekpoint.index.types import Chapter, Cue, EmbeddedTranscript, ModelCard
from seekpoint.indexer.transcript.segment_titles import titles

if TYPE_CHECKING:
    from seekpoint.index.types import Pieces
    from seekpoint.indexer.transcript.segmentation import Unit

LEAST_DURATION = 600.0
"""Seconds. A shorter recording gets no chapters: its bar and its transcript can be looked over."""

# Seconds of the shortest unit, and the most units: with more, a recording of a whole day would take gigabytes.
_UNIT, _MOST_UNITS = 5.0, 1500


def with_chapters(embedded: EmbeddedTranscript, card: ModelCard) -> EmbeddedTranscript:
    """The transcript with chapters made of its text and of the vectors of its pieces, if it is long enough."""
    cues = embedded.transcript.cues
    if _end(cues) < LEAST_DURATION:
        return embedded
    return replace(embedded, transcript=replace(embedded.transcript, chapters=chapters(cues, _pieces(embedded, card))))


def chapters(cues: Sequence[Cue], pieces: Pieces | None = None) -> tuple[Chapter, ...]:
    """The chapters of a recording, which begin with sentences; none if its subject doesn't change. Pure."""
    from seekpoint.indexer.transcript.segmentation import boundaries

    said = CueText(cues)
    parts = list(units(said))
    begins = [0, *(parts[k].offset for k in boundaries(parts, _end(cues), pieces))]
    texts = [said.text[first:stop] for first, stop in pairwise([*begins, len(said.text)])]
    starts = [0.0, *(said.second_at(offset) for offset in begins[1:])]
    found = [Chapter(start, title, generated=True) for start, title in zip(starts, titles(texts), strict=True) if title]
    return tuple(found) if len(found) > 1 else ()


def units(said: CueText) -> Iterator[Unit]:
    """What a recording says, in units: each begins with a sentence, and some seconds after the one before."""
    from seekpoint.indexer.transcript.segmentation import Unit

    places = list(_places(said, max(_UNIT, _end(said.cues) / _MOST_UNITS)))
    for (offset, second), (stop, _) in pairwise([*places, (len(said.text), 0.0)]):
        yield Unit(offset, second, [term.text for term in content_terms(said.text[offset:stop])])


def _places(said: CueText, least: float) -> Iterator[tuple[int, float]]:
    """Where units begin, as offsets in the text and seconds."""
    last = said.cues[0].start
    yield 0, last
    for offset in said.sentences(is_opening=True):
        second = said.second_at(offset)
        if offset and second - last >= least:
            yield offset, second
            last = second


def _end(cues: Sequence[Cue]) -> float:
    return max(cue.end for cue in cues)


def _pieces(embedded: EmbeddedTranscript, card: ModelCard) -> Pieces | None:
    if not embedded.pieces:
        return None
    from seekpoint.index.models.piece_vectors import dequantised

    pieces, vectors = zip(*embedded.pieces, strict=True)
    return dequantised([piece.start for piece in pieces], vectors, card)
