"""Questions that a language model noted where they are answered, or that somebody kept a moment for; their likeness."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence, Set
from functools import lru_cache
from math import fsum
from operator import itemgetter
from typing import NamedTuple

import numpy as np

from seekpoint.index.models.centring import centred
from seekpoint.index.text.languages import language_of, to_embed
from seekpoint.index.text.stretches import number_at, stretch_id, stretch_ids
from seekpoint.index.text.terms import terms
from seekpoint.index.types import NotedQuestion, ReadStretch, StoredChunk, Vectors
from seekpoint.query.search.question import Query, QueryTerms
from seekpoint.query.search.settings import UNKNOWN_SHARE

# Seconds before a chunk: an answer that begins there goes on in it. With 0 to 25 results are level.
_BEFORE = 5.0
# The share of the cosine in a likeness; the words that both questions say have the rest. With .6 and .8 results are
# level or worse.
_MEANING = 0.7
# Questions whose words are compared, those nearest in meaning.
_MOST_COMPARED = 40
# Kept questions that are embedded, those with the most words of the question: each takes milliseconds.
_MOST_EMBEDDED = 8
# The questions as many as which the mean of a language's passages counts in that of the questions.
_PRIOR = 20.0
_LEAST = 1e-12


@lru_cache(1 << 15)
def _terms(text: str) -> frozenset[str]:
    return frozenset(terms(text))


class LikeQuestion(NamedTuple):
    """A noted question near a chunk, and how like the one that is asked it is, at most 1."""

    question: NotedQuestion
    likeness: float


_by_likeness = itemgetter(1)


def like_questions(chunks: Sequence[StoredChunk], query: Query) -> dict[int, LikeQuestion]:
    """The likest of the questions that were noted near each chunk, by the chunk's id; empty where none were."""
    spans: dict[str, list[tuple[float, float]]] = {}
    for chunk in chunks:
        spans.setdefault(chunk.resource_id, []).append((chunk.start - _BEFORE, chunk.end))
    ids = set[str]().union(*(stretch_ids(resource_id, each) for resource_id, each in spans.items()))
    read, dimension = query.reader.stretches(sorted(ids), query.question.language), len(query.question.embedded)
    stretches = [each for each in read if each.vectors is not None and each.vectors.shape[1] == dimension]
    stretches += asked_before(ids, query)
    if not stretches:
        return {}
    likeness = iter(_likeness(stretches, query))
    noted: dict[str, list[tuple[float, float, NotedQuestion]]] = {}
    for stretch in stretches:
        of_stretch = ((question.start, next(likeness), question) for question in stretch.questions)
        noted.setdefault(stretch.resource_id, []).extend(of_stretch)
    for of_resource in noted.values():
        of_resource.sort()
    likest: dict[int, LikeQuestion] = {}
    for chunk in chunks:
        own = noted.get(chunk.resource_id, [])
        first, stop = (bisect_left(own, (second,)) for second in (chunk.start - _BEFORE, chunk.end))
        if first < stop:
            _, likeness_of_best, best = max(own[first:stop], key=_by_likeness)
            likest[chunk.id] = LikeQuestion(best, likeness_of_best)
    return likest


def asked_before(ids: Set[str], query: Query) -> list[ReadStretch]:
    """The questions under which moments in these stretches were kept, as if a model had noted them there."""
    kept = [
        moment
        for moment in query.reader.kept()
        if moment.question and moment.start is not None
        if stretch_id(moment.resource.id, number_at(moment.start)) in ids
    ]
    shared = shared_weights([moment.question for moment in kept], query.terms)
    likest = sorted(zip(shared, kept, strict=True), key=lambda pair: (-pair[0], -pair[1].added))[:_MOST_EMBEDDED]
    return [
        ReadStretch(
            *(moment.resource.id, number_at(moment.start or 0.0), moment.language, b"", ""),
            (NotedQuestion(moment.start or 0.0, language_of(moment.question, moment.language), moment.question),),
            vectors=query.encoder.question(to_embed(moment.question))[None],
        )
        for _, moment in likest
    ]


def _likeness(stretches: Sequence[ReadStretch], query: Query) -> list[float]:
    """How like the asked question each question of the stretches is."""
    asked, languages = query.question, query.languages
    questions = [question for stretch in stretches for question in stretch.questions]
    vectors = np.concatenate([stretch.vectors for stretch in stretches if stretch.vectors is not None])
    spoken = np.array([question.language for question in questions])
    cosines = np.zeros(len(vectors), np.float32)
    for language in {question.language for question in questions}:
        rows = spoken == language
        passages = languages[language].mean if language in languages else np.zeros_like(vectors[0])
        mean = _mean(vectors[rows], passages)
        vector = centred(asked.embedded, mean) if language == asked.language else asked.vector
        cosines[rows] = _cosines(vectors[rows], mean, vector)
    likeness: list[float] = (_MEANING * cosines).tolist()
    nearest = np.argsort(-cosines, kind="stable")[:_MOST_COMPARED].tolist()
    shared = shared_weights([questions[place].text for place in nearest], query.terms)
    for place, share in zip(nearest, shared, strict=True):
        likeness[place] += (1 - _MEANING) * share
    return likeness


def _mean(vectors: Vectors, passages: Vectors) -> Vectors:
    """The mean of questions: they lie closer to each other than to passages."""
    mean: Vectors = (vectors.sum(axis=0) + np.float32(_PRIOR) * passages) / np.float32(len(vectors) + _PRIOR)
    return mean


def _cosines(vectors: Vectors, mean: Vectors, asked: Vectors) -> Vectors:
    """The cosines of unit vectors without a mean; nothing is copied."""
    squares = 1 - 2 * (vectors @ mean) + mean @ mean
    cosines = (vectors @ asked - mean @ asked) / np.sqrt(np.maximum(squares, _LEAST))
    return np.clip(cosines, -1, 1).astype(np.float32)  # packed vectors aren't quite of unit length


def shared_weights(texts: Iterable[str], words: QueryTerms) -> list[float]:
    """The share of the weights of a question's terms that each text says."""
    weights = words.weights
    unknown = max(weights.values(), default=0.0) * UNKNOWN_SHARE
    whole = fsum(weights.get(term, unknown) for term in {*words.discriminative})
    return [fsum(weights[term] for term in _terms(text) if term in weights) / (whole or 1.0) for text in texts]
