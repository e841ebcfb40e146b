"""Chapters for a recording whose source gives none: each begins where the subject changes, and quotes a sentence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from math import fsum, log
from typing import TYPE_CHECKING

from seekpoint.index.text.clean import clean
from seekpoint.index.text.terms import content_terms, has_content
from seekpoint.index.text.transcript_text import CueText, columns
from seekpoint.index.types import Chapter, Cue, EmbeddedTranscript, ModelCard, Pieces

if TYPE_CHECKING:
    from seekpoint.indexer.transcript.segmentation import Unit

MOST_COLUMNS = 72
"""The width of the longest title, with its quotation marks."""

# Columns: shorter sentences say little.
_FEWEST_COLUMNS = 16
# How many times as telling a whole sentence is as the beginning of one.
_WHOLE = 2.0


def titles(segments: Sequence[Sequence[str]]) -> list[str]:
    """For each segment, given as its sentences, the one that tells it best from the rest, as a short quote. Pure.

    The weight of a word grows with how often it is said in the segment, and with how much more often than in the whole
    recording. A sentence that is too long is judged by its beginning, and cut off. Empty where no sentence tells.
    """
    counts = [Counter(term for sentence in sentences for term in _terms(sentence)) for sentences in segments]
    in_all = sum(counts, Counter[str]())
    chosen = []
    for sentences, count in zip(segments, counts, strict=True):
        share = max(count.total(), 1) / max(in_all.total(), 1)
        weights = {term: log(n + 0.1) * log(max(n / in_all[term] / share, 1.0)) for term, n in count.items()}
        quotes = [quote for quote in map(_beginning, sentences) if columns(quote) >= _FEWEST_COLUMNS]
        telling = [_telling(quote, weights) for quote in quotes]
        best = quotes[telling.index(max(telling))] if any(telling) else ""
        chosen.append(f"“{best}”" if best else "")
    return chosen


def _terms(text: str) -> list[str]:
    return [term.text for term in content_terms(text)] if has_content(text) else []


def _telling(quote: str, weights: Mapping[str, float]) -> float:
    return fsum(weights.get(term, 0.0) for term in {*_terms(quote)}) * (1 if quote.endswith("…") else _WHOLE)


def _beginning(sentence: str) -> str:
    """As much of a sentence as fits into a title, up to the end of a word."""
    text, most = clean(sentence), MOST_COLUMNS - columns("“”")
    if columns(text) <= most:
        return text
    size = next(size for size in range(len(text), -1, -1) if columns(f"{text[:size]}…") <= most)
    words, space, _ = text[: size + 1].rpartition(" ")
    return f"{(words if space and columns(words) >= most / 2 else text[:size]).rstrip()}…"


LEAST_DURATION = 600.0
"""Seconds. A shorter recording gets no chapters: its bar and its transcript can be looked over."""

# Seconds of the shortest unit, and the most units: with more, a recording of a whole day would take gigabytes.
_UNIT, _MOST_UNITS = 5.0, 1500


def with_chapters(embedded: EmbeddedTranscript, card: ModelCard) -> EmbeddedTranscript:
    """The transcript with chapters made of its text and of the vectors of its pieces, if it is long enough."""
    cues = embedded.transcript.cues
    if _end(cues) < LEAST_DURATION:
        return embedded
    pieces: Pieces | None = None
    if embedded.pieces:
        from seekpoint.index.models.piece_vectors import dequantised

        stored, vectors = zip(*embedded.pieces, strict=True)
        pieces = dequantised([piece.start for piece in stored], vectors, card)
    return replace(embedded, transcript=replace(embedded.transcript, chapters=chapters(cues, pieces)))


def chapters(cues: Sequence[Cue], pieces: Pieces | None = None) -> tuple[Chapter, ...]:
    """The chapters of a recording, which begin with sentences; none if its subject doesn't change. Pure."""
    from seekpoint.indexer.transcript.segmentation import boundaries

    said = CueText(cues)
    parts = list(units(said))
    begins = [0, *(parts[k].offset for k in boundaries(parts, _end(cues), pieces))]
    sentences = [[*_sentences(said, first, stop)] for first, stop in pairwise([*begins, len(said.text)])]
    starts = [0.0, *(said.second_at(offset) for offset in begins[1:])]
    chapters = [
        Chapter(start, title, generated=True) for start, title in zip(starts, titles(sentences), strict=True) if title
    ]
    return tuple(chapters) if len(chapters) > 1 else ()


def units(said: CueText) -> Iterator[Unit]:
    """Divide a transcript into units: each begins with a sentence, and some seconds after the one before."""
    from seekpoint.indexer.transcript.segmentation import Unit

    least = max(_UNIT, _end(said.cues) / _MOST_UNITS)
    places = [(0, said.cues[0].start)]
    for offset in said.sentences(is_opening=True):
        second = said.second_at(offset)
        if offset and second - places[-1][1] >= least:
            places.append((offset, second))
    for (offset, second), (stop, _) in pairwise([*places, (len(said.text), 0.0)]):
        yield Unit(offset, second, [term.text for term in content_terms(said.text[offset:stop])])


def _sentences(said: CueText, first: int, stop: int) -> Iterable[str]:
    """What is said from an offset up to another one, divided where sentences begin."""
    offsets = [first, *(offset for offset in said.sentences(is_opening=False) if first < offset < stop), stop]
    return (said.text[begin:end] for begin, end in pairwise(offsets))


def _end(cues: Sequence[Cue]) -> float:
    return max(cue.end for cue in cues)
