"""Abstention: the score that the first moment needs to count as an answer."""

from __future__ import annotations

from collections.abc import Sequence, Set
from math import log

from seekpoint.index.text.terms import is_whole_word, located_terms
from seekpoint.query.answers import Doubt, Hit
from seekpoint.query.search.settings import Tuning

# The size of the library for which `Tuning.least_score` was chosen.
_CHUNKS = 10_000


def doubt(question: str, unknown: Set[str], chunks: int, *, is_spoken: bool, tuning: Tuning) -> Doubt:
    """The score that the first moment needs in a library with this number of chunks.

    `unknown` are the question's terms that the library doesn't have; `is_spoken` tells whether it has the question's
    language.
    """
    words = _unknown_words(question, unknown, is_spoken=is_spoken)
    least = tuning.least_score + tuning.growth * log(max(chunks, 1) / _CHUNKS)
    return Doubt(round(least + (tuning.unknown_word if words else 0.0), 4), tuple(words))


def _unknown_words(question: str, unknown: Set[str], *, is_spoken: bool) -> list[str]:
    """The question's words that the library doesn't have, as they are written in the question.

    Bigrams of Chinese characters don't count, since an unknown bigram is rarely a word. If the library doesn't have the
    question's language, all words are unknown and none counts; but a foreign name in a Chinese question does.
    """
    located = list(located_terms(question))
    words = [term for term in located if is_whole_word(term.text)]
    if len(words) == len(located) and (not is_spoken or all(term.text in unknown for term in words)):
        return []
    spellings: dict[str, str] = {}
    for term in words:
        if term.text in unknown:
            spellings.setdefault(term.text, question[term.start : term.stop])
    return list(spellings.values())


def is_answer(hits: Sequence[Hit], needed: Doubt) -> bool:
    """Whether the first of these hits, best first, answers the question."""
    return bool(hits) and round(hits[0].score, 4) >= needed.least_score  # both as they are shown to the user
