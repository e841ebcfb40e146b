"""Words across languages: what a question's words mean in the chunks' language, weighted as one term a word.

All translations of a word count together, so that a word with many doesn't outweigh one with few: their frequencies
are added, and the weight follows from the chunks that have any of them (Pirkola's structured query, 1998).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from seekpoint.index.text.scripts import simplified
from seekpoint.index.text.terms import Term, joined, located_terms
from seekpoint.index.types import Alternatives
from seekpoint.query.search import bm25
from seekpoint.query.search.settings import SALIENT_SHARE, UNKNOWN_SHARE

# The terms of the longest word that is looked up: two neighbouring characters are a term where no spaces are written.
_MOST_TERMS = 7
_MOST_WORDS = 3


class TranslatedWord(NamedTuple):
    """A word, as the question has it, with its translations."""

    word: str
    alternatives: Alternatives


class _Span(NamedTuple):
    """Where some neighbouring terms start and stop, and their key."""

    start: int
    stop: int
    key: str


class WeightedWord(NamedTuple):
    """A translated word, in how many chunks any of its translations is, and its weight."""

    word: TranslatedWord
    chunks: int
    weight: float


def lookup_keys(text: str) -> list[str]:
    """The keys of all that could be a word with translations."""
    return list(dict.fromkeys(span.key for span in _spans(text)))


def translated_words(text: str, translations: Mapping[str, Alternatives]) -> list[TranslatedWord]:
    """The words of a text that have translations, each once: left to right, the longest first, none inside another."""
    words: dict[str, TranslatedWord] = {}
    reached = 0
    for start, stop, key in _spans(text):
        if start >= reached and key in translations:
            words[key] = TranslatedWord(text[start:stop], translations[key])
            reached = stop
    return list(words.values())


def weigh(words: Sequence[TranslatedWord], frequencies: Sequence[int], chunks: int) -> list[WeightedWord]:
    """The words with the weight of each among the chunks of their language."""
    return [
        WeightedWord(word, frequency, bm25.idf(frequency, chunks) if frequency else 0.0)
        for word, frequency in zip(words, frequencies, strict=True)
    ]


def shares(words: Sequence[WeightedWord]) -> list[tuple[TranslatedWord, float]]:
    """The words that any chunk has, each with its share of the highest BM25 that the question could reach."""
    known = [word for word in words if word.chunks]
    heaviest = max((word.weight for word in known), default=0.0)
    missing = (len(words) - len(known)) * UNKNOWN_SHARE * heaviest
    highest = (math.fsum(word.weight for word in known) + missing) * (bm25.K1 + 1)
    return [(word.word, word.weight / highest) for word in known]


def salient_weights(words: Iterable[WeightedWord]) -> dict[str, float]:
    """The terms of the translations that tell where the answer is, each with its part of its word's weight."""
    words = list(words)
    least = SALIENT_SHARE * max((word.weight for word in words), default=0.0)
    weights: dict[str, float] = {}
    for word in words:
        if word.chunks and word.weight >= least:
            for alternative in word.word.alternatives:
                for term in alternative:
                    weights[term] = max(weights.get(term, 0.0), word.weight / len(alternative))
    return weights


@lru_cache(maxsize=16)
def _spans(text: str) -> tuple[_Span, ...]:
    """Neighbouring terms: left to right, at each place the longest first; a question is asked for several languages."""
    text = simplified(text)
    found = list(located_terms(text))
    return tuple(
        _Span(term.start, found[last].stop, joined(text, found[first : last + 1]))
        for first, term in enumerate(found)
        for last in range(_reach(found, first), first - 1, -1)
    )


def _reach(terms: Sequence[Term], first: int) -> int:
    """The last term of the longest word that could begin with the first: in a run of characters terms overlap."""
    overlap = _overlap(terms, first)
    last, most = first, first + (_MOST_TERMS if overlap else _MOST_WORDS)
    while last + 1 < min(len(terms), most) and _overlap(terms, last) == overlap:
        last += 1
    return last


def _overlap(terms: Sequence[Term], one: int) -> bool:
    return one + 1 < len(terms) and terms[one + 1].start < terms[one].stop
