"""The scores of chunks, from 0 to 1: a convex sum of cosine similarity and the coverage of the question's words."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence, Set
from functools import reduce
from math import fsum, inf
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from seekpoint.index.text.language_tags import primary
from seekpoint.index.types import StoredChunk, TermMatrix, WordGroup
from seekpoint.query.answers import Hit
from seekpoint.query.search.settings import COMMON, TUNING, UNKNOWN_SHARE, Tuning

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from seekpoint.index.types import Vectors

    Floats: TypeAlias = NDArray[np.floating]


def discriminative_terms(weights: Mapping[str, float], question_terms: Sequence[str]) -> list[str]:
    """The terms that fewer than a third of the chunks have; all terms if there is none among the known ones.

    Common terms have the longest posting lists by far, and answers are as good without them. In a library of a few
    chunks every term is in more than a third of them.
    """
    if all(weight < COMMON for weight in weights.values()):
        return list(question_terms)
    return [term for term in question_terms if weights.get(term, inf) >= COMMON]


def coverage(scores: Floats, weights: Mapping[str, float], question_terms: Iterable[str]) -> Floats:
    """BM25 scores as shares of the highest score that the question could reach, comparable between questions.

    `weights` are the idf of the terms that the library has.
    """
    unknown = max(weights.values(), default=0.0) * UNKNOWN_SHARE
    highest = fsum(weights.get(term, unknown) for term in set(question_terms)) * (K1 + 1)
    return np.minimum(scores / highest, 1.0) if highest else np.zeros(len(scores))


def term_scores(words: TermMatrix, weights: Mapping[str, float], average_length: float) -> Floats:
    """The BM25 of chunks for weighted terms; `average_length` is that of all chunks, in terms."""
    rows = [row for row, term in enumerate(words.terms) if term in weights]
    saturation = saturated(words.counts[rows], length_norms(words.lengths, average_length))
    scores: Floats = np.array([weights[words.terms[row]] for row in rows]) @ saturation
    return scores


def group_scores(
    words: TermMatrix, groups: Sequence[tuple[WordGroup, float]], languages: Sequence[str]
) -> NDArray[np.float64]:
    """The BM25 of chunks for weighted groups, without length normalisation.

    All alternatives of a group count together (Pirkola, 1998); one of several terms counts as often as its rarest term.
    `languages` are the chunks' primary subtags: a group counts in the chunks of its language.
    """
    rows = dict(zip(words.terms, words.counts, strict=True))
    are_spoken = {name: np.array([language == name for language in languages], bool) for name in {*languages}}
    scores = np.zeros(len(languages))
    for group, weight in groups:
        known = [[rows[term] for term in terms] for terms in group.alternatives if rows.keys() >= {*terms}]
        if known and group.language in are_spoken:
            counts = reduce(np.add, (reduce(np.minimum, alternative) for alternative in known))
            scores += weight * saturated(counts * are_spoken[group.language])
    return scores


def strongest(scores: Floats, k: int) -> Floats:
    """The k highest scores as they are, and 0 for all others; ties go to the first."""
    if len(scores) <= k:
        return scores
    kept = np.argsort(-scores, kind="stable")[:k]
    found = np.zeros_like(scores)
    found[kept] = scores[kept]
    return found


def fuse(
    chunks: Iterable[StoredChunk],
    dense: Mapping[int, float],
    lexical: Mapping[int, float],
    language: str | None,
    translated: Mapping[int, float] | None = None,
    tuning: Tuning = TUNING,
    named: Set[str] = frozenset(),
) -> list[Hit]:
    """Every chunk with its fused score, best first; chunks of bibliographies come after all others.

    `dense` are cosines and `lexical` the coverage of the question's words, by chunk id. `language` is the question's.
    `translated` is the coverage of its translated words by chunks in other languages. `named` are the ids of the
    resources that it names.
    """
    translated = translated or {}
    chunks = list(chunks)
    scored = ScoreInputs(
        np.array([dense.get(chunk.id, 0.0) for chunk in chunks]),
        np.array([lexical.get(chunk.id, 0.0) for chunk in chunks]),
        np.array([translated.get(chunk.id, 0.0) for chunk in chunks]),
        np.array([primary(chunk.language) != language for chunk in chunks], bool),
        np.array([chunk.resource_id in named for chunk in chunks], bool),
    ).scored(tuning)
    hits = list(map(Hit, chunks, *(column.tolist() for column in scored)))
    last = np.array([chunk.is_reference for chunk in chunks], bool)
    order = np.lexsort([np.array([chunk.id for chunk in chunks]), -scored.score, last])
    return [hits[index] for index in order.tolist()]


class Scored(NamedTuple):
    """The scores of chunks by meaning, by words (or what stands in for them between languages), and fused."""

    meaning: Floats
    words: Floats
    score: Floats


class ScoreInputs(NamedTuple):
    """The inputs to the scores of chunks, an element of each array a chunk.

    Cosines, the coverage of the question's words and of their translations; `are_foreign` marks chunks in other
    languages than the question's, `are_named` those of resources that it names.
    """

    cosines: Floats
    words: Floats
    translated: Floats
    are_foreign: NDArray[np.bool_]
    are_named: NDArray[np.bool_]

    def scored(self, tuning: Tuning) -> Scored:
        """The convex sum of meaning and words. Between languages meaning and translations stand in for words."""
        meaning = np.maximum(self.cosines, 0.0)
        stand_in = np.minimum(tuning.stand_in * meaning + tuning.translated * self.translated, 1.0)
        words = np.where(self.are_foreign, np.maximum(self.words, stand_in), self.words)
        score = tuning.dense_share * meaning + (1 - tuning.dense_share) * words
        score = np.where(self.are_named, np.minimum(score + tuning.named, 1.0), score)
        return Scored(meaning, words, score)


K1 = 1.2
"""Saturation: however often a term repeats, it contributes less than K1 + 1 times its idf."""

B = 0.75
"""The strength of length normalisation, from 0 to 1."""

_LEAST = 1e-6


def idf(documents: int, total: int) -> float:
    """The inverse document frequency of a term that `documents` of `total` passages have; always positive."""
    return max(math.log((total - documents + 0.5) / (documents + 0.5)), _LEAST)


def length_norms(lengths: NDArray[np.int64], average: float) -> Vectors:
    """The saturation constants of passages, K1 scaled by their lengths in terms; `average` is over all passages."""
    return (K1 * (1 - B + B * lengths / max(average, 1.0))).astype(np.float32)


def saturated(counts: Vectors, norms: Vectors | float = K1) -> Vectors:
    """The contribution of a term to the score of passages that have it `counts` times, as a multiple of its idf.

    Without `norms`, passages count as of average length.
    """
    return counts * np.float32(K1 + 1) / (counts + np.asarray(norms, np.float32))
