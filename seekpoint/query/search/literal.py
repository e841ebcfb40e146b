"""Phrases that have to be said word for word, words that must not be, and who has to speak: the rest of candidates."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from seekpoint.index.text.terms import is_whole_word, located_words, terms, words
from seekpoint.index.types import Alternatives, CueSpan, Evidence, Filters, StoredChunk, TermMatrix

if TYPE_CHECKING:
    from seekpoint.index.store import Reader


# Terms that tell a long phrase from all others. A line break is looked for after each of the first characters only.
_MOST_TERMS, _BROKEN = 32, 8


class Pattern(NamedTuple):
    """Consecutive words to look for, as they are written or `stemmed`; `text` is what the question says.

    Case, punctuation, line breaks and the script of Chinese make no difference. A chunk with the pattern has its
    `terms`, unless a line breaks within a word.
    """

    text: str
    words: tuple[str, ...]
    stemmed: bool
    terms: tuple[str, ...]

    @classmethod
    def of(cls, text: str, *, stemmed: bool = False) -> Self:
        """The pattern of a phrase, or of a `stemmed` word."""
        text = text.strip()
        return cls(text, tuple(words(text, stemmed=stemmed)), stemmed, tuple(dict.fromkeys(terms(text)))[:_MOST_TERMS])

    @property
    def alternatives(self) -> Alternatives:
        """All terms, or all but one bigram of characters, which a line break may have cut in two."""
        bigrams = [term for term in self.terms if not is_whole_word(term)]
        broken = [tuple(term for term in self.terms if term != each) for each in bigrams] if len(bigrams) > 1 else []
        return (self.terms, *broken[:_BROKEN])

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Where it stands in a text, from the left to the right."""
        located = list(located_words(text, stemmed=self.stemmed))
        joined, sought = _joined([word.text for word in located]), _joined(self.words)
        ends = [*accumulate(len(word.text) + 1 for word in located)]
        place = joined.find(sought)
        while place >= 0:
            first = bisect_left(ends, place + 1)
            yield located[first].start, located[first + len(self.words) - 1].stop
            place = joined.find(sought, place + 1)

    def is_in(self, text: str) -> bool:
        """Whether it stands anywhere in a text."""
        return _joined(self.words) in _joined(words(text, stemmed=self.stemmed))


def texts_of(chunks: Sequence[StoredChunk], reader: Reader) -> list[str]:
    """What is said in each chunk."""
    spans = [CueSpan(chunk.transcript_id, chunk.first, chunk.stop) for chunk in chunks]
    return [" ".join(cue.text for cue in cues) for cues in reader.cues(spans)]


def remaining(
    evidence: Evidence, phrases: Sequence[Pattern], excluded: Sequence[Pattern], reader: Reader
) -> tuple[Evidence, Evidence]:
    """The candidates that have nothing excluded, and those of them that have every phrase.

    The evidence has the counts of the patterns' terms.
    """
    patterns, chunks, words = [*excluded, *phrases], evidence.chunks, evidence.words
    rows = dict(zip(words.terms, words.counts, strict=True))
    possible = np.ones((len(patterns), len(chunks)), bool)
    for row, pattern in enumerate(patterns):
        for term in filter(is_whole_word, pattern.terms):  # a bigram of characters may be broken by a line break
            possible[row] &= rows[term] > 0 if term in rows else False
    read = np.flatnonzero(np.any(possible, axis=0)).tolist()
    texts = dict(zip(read, texts_of([chunks[index] for index in read], reader), strict=True))
    having = np.zeros_like(possible)
    for row, index in np.argwhere(possible).tolist():
        having[row, index] = patterns[row].is_in(texts[index])
    is_allowed = np.logical_not(having[: len(excluded)].any(axis=0))
    has_phrases = having[len(excluded) :].all(axis=0)
    return _of(evidence, is_allowed), _of(evidence, np.logical_and(is_allowed, has_phrases))


# The share of a passage that someone says from which it counts as theirs.
_OWN = 0.25


def spoken_by(evidence: Evidence, filters: Filters, reader: Reader, asked: Collection[str]) -> Evidence:
    """The candidates in which someone speaks whom the filter names; reads each transcript once.

    Those come last of which they say little, and no term that is `asked` for.
    """
    spans: dict[int, CueSpan] = {}
    for chunk in evidence.chunks:
        span = spans.get(chunk.transcript_id, CueSpan(chunk.transcript_id, chunk.first, chunk.stop))
        spans[span.transcript_id] = span._replace(first=min(span.first, chunk.first), stop=max(span.stop, chunk.stop))
    cues = dict(zip(spans, reader.cues([*spans.values()]), strict=True))
    chunks, chosen = [], np.zeros(len(evidence.chunks), bool)
    for index, chunk in enumerate(evidence.chunks):
        first = spans[chunk.transcript_id].first
        said = cues[chunk.transcript_id][chunk.first - first : chunk.stop - first]
        own = " ".join(cue.text for cue in said if filters.is_spoken_by(cue.speaker))
        is_little = len(own) < _OWN * sum(len(cue.text) for cue in said) and not set(asked).intersection(terms(own))
        chunks.append(chunk._replace(is_reference=chunk.is_reference or is_little))
        chosen[index] = bool(own)
    return _of(evidence._replace(chunks=chunks), chosen)


def _of(evidence: Evidence, chosen: NDArray[np.bool_]) -> Evidence:
    """The evidence of the chosen chunks."""
    chunks, cosines, (terms, counts, lengths) = evidence
    indices = np.flatnonzero(chosen).tolist()
    matrix = TermMatrix(terms, counts[:, chosen], lengths[chosen])
    return Evidence([chunks[index] for index in indices], [cosines[index] for index in indices], matrix)


def _joined(parts: Sequence[str]) -> str:
    return "\0" + "\0".join(parts) + "\0"
