"""The scores of chunks: meaning and words, fused. Scores run from 0 to 1."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from math import fsum, inf
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from seekpoint.index.text import bm25
from seekpoint.index.text.language_tags import primary
from seekpoint.index.types import StoredChunk
from seekpoint.query.answers import Hit
from seekpoint.query.search.settings import COMMON, TUNING, UNKNOWN_SHARE, Tuning

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.floating]


def discriminative_terms(weights: Mapping[str, float], question_terms: Sequence[str]) -> list[str]:
    """The terms that tell chunks apart: not those that a third of them have, unless all known terms are such.

    Common terms have the longest posting lists by far, and without them answers are as good. In a library of a few
    chunks every term is in more than a third of them.
    """
    if all(weight < COMMON for weight in weights.values()):
        return list(question_terms)
    return [term for term in question_terms if weights.get(term, inf) >= COMMON]


def coverage(scores: Floats, weights: Mapping[str, float], question_terms: Iterable[str]) -> Floats:
    """BM25 scores as shares of the highest that the question could reach, which mean the same for every question.

    `weights` holds the terms that the library knows.
    """
    unknown = max(weights.values(), default=0.0) * UNKNOWN_SHARE
    highest = fsum(weights.get(term, unknown) for term in set(question_terms)) * (bm25.K1 + 1)
    return np.minimum(scores / highest, 1.0) if highest else np.zeros(len(scores))


def fuse(
    chunks: Iterable[StoredChunk],
    dense: Mapping[int, float],
    lexical: Mapping[int, float],
    language: str | None,
    translated: Mapping[int, float] | None = None,
    tuning: Tuning = TUNING,
    named: Set[str] = frozenset(),
) -> list[Hit]:
    """Every chunk with the convex sum of its two scores, best first; those of references behind all others.

    `language` is the question's; `translated` is the coverage of chunks in other languages by its words' translations;
    `named` are the ids of resources that the question names.
    """
    translated = translated or {}
    chunks = list(chunks)
    found = ScoreInputs(
        np.array([dense.get(chunk.id, 0.0) for chunk in chunks]),
        np.array([lexical.get(chunk.id, 0.0) for chunk in chunks]),
        np.array([translated.get(chunk.id, 0.0) for chunk in chunks]),
        np.array([primary(chunk.language) != language for chunk in chunks], bool),
        np.array([chunk.resource_id in named for chunk in chunks], bool),
    ).scored(tuning)
    hits = list(map(Hit, chunks, *(column.tolist() for column in found)))
    last = np.array([chunk.is_reference for chunk in chunks], bool)
    order = np.lexsort([np.array([chunk.id for chunk in chunks]), -found.score, last])
    return [hits[place] for place in order.tolist()]


class Scored(NamedTuple):
    """How near chunks are by meaning, by words or what stands in for them, and all told."""

    meaning: Floats
    words: Floats
    score: Floats


class ScoreInputs(NamedTuple):
    """What is known of some chunks: cosines, the coverage of words and of their translations, and two marks.

    `are_foreign` are those in other languages than the question, `are_named` those in resources that it names.
    """

    cosines: Floats
    words: Floats
    translated: Floats
    are_foreign: NDArray[np.bool_]
    are_named: NDArray[np.bool_]

    def scored(self, tuning: Tuning) -> Scored:
        """The convex sum of meaning and words, where meaning and translations stand in for words between languages."""
        meaning = np.maximum(self.cosines, 0.0)
        stand_in = np.minimum(tuning.stand_in * meaning + tuning.translated * self.translated, 1.0)
        words = np.where(self.are_foreign, np.maximum(self.words, stand_in), self.words)
        score = tuning.dense_share * meaning + (1 - tuning.dense_share) * words
        score = np.where(self.are_named, np.minimum(score + tuning.named, 1.0), score)
        return Scored(meaning, words, score)
