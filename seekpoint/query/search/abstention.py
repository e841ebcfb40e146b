"""Saying no: what a first moment must score to be an answer."""

from __future__ import annotations

from collections.abc import Sequence, Set
from math import log

from seekpoint.index.text.terms import is_whole_word, located_terms
from seekpoint.query.answers import Doubt, Hit
from seekpoint.query.search.settings import Tuning

# The size of the library for which the least score was chosen.
_CHUNKS = 10_000


def doubt(question: str, unknown: Set[str], chunks: int, *, is_spoken: bool, tuning: Tuning) -> Doubt:
    """What the first moment must score in a library of so many chunks.

    `unknown` are terms that it has nowhere; `is_spoken` tells whether it speaks the question's language.
    """
    named = _unknown_words(question, unknown, is_spoken=is_spoken)
    least = tuning.least_score + tuning.growth * log(max(chunks, 1) / _CHUNKS)
    return Doubt(round(least + (tuning.unknown_word if named else 0.0), 4), tuple(named))


def _unknown_words(question: str, unknown: Set[str], *, is_spoken: bool) -> list[str]:
    """The whole words that the library has nowhere, for a pair of Chinese characters that is nowhere is mostly no word.

    None of a question in a language that the library doesn't speak, whose words are all unknown: but a foreign name in
    a question in characters is.
    """
    found = list(located_terms(question))
    words = [term for term in found if is_whole_word(term.text)]
    if len(words) == len(found) and (not is_spoken or all(term.text in unknown for term in words)):
        return []
    written: dict[str, str] = {}
    for term in words:
        if term.text in unknown:
            written.setdefault(term.text, question[term.start : term.stop])
    return list(written.values())


def is_answer(hits: Sequence[Hit], needed: Doubt) -> bool:
    """Whether the first of these hits, best first, answers the question."""
    return bool(hits) and round(hits[0].score, 4) >= needed.least_score  # as both are shown
