"""Questions noted where they are answered, by a language model or with a kept moment, and their likeness to another."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence, Set
from functools import lru_cache
from math import fsum
from operator import itemgetter
from typing import NamedTuple

import numpy as np

from seekpoint.index.models.centring import centred, cosines
from seekpoint.index.text.languages import language_of, to_embed
from seekpoint.index.text.stretches import number_at, stretch_id, stretch_ids
from seekpoint.index.text.terms import terms
from seekpoint.index.types import NotedQuestion, StoredChunk, Vectors
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
# The weight of a language's mean over passages in the mean over questions: as much as that of 20 questions.
_PRIOR = 20.0


@lru_cache(1 << 15)
def _terms(text: str) -> frozenset[str]:
    return frozenset(terms(text))


class LikeQuestion(NamedTuple):
    """A noted question near a chunk, and how like the one that is asked it is, at most 1."""

    question: NotedQuestion
    likeness: float


_by_likeness = itemgetter(1)


class _Noted(NamedTuple):
    """Questions noted in a resource, with their vectors, a row each."""

    resource_id: str
    questions: Sequence[NotedQuestion]
    vectors: Vectors


def like_questions(chunks: Sequence[StoredChunk], query: Query) -> dict[int, LikeQuestion]:
    """The likest of the questions that were noted near each chunk, by the chunk's id; empty where none were."""
    spans: dict[str, list[tuple[float, float]]] = {}
    for chunk in chunks:
        spans.setdefault(chunk.resource_id, []).append((chunk.start - _BEFORE, chunk.end))
    ids = set[str]().union(*(stretch_ids(resource_id, each) for resource_id, each in spans.items()))
    found = [*_of_readers(ids, query), *_of_kept_moments(ids, query)]
    if not found:
        return {}
    questions = [question for noted in found for question in noted.questions]
    likeness = iter(_likeness(questions, np.concatenate([noted.vectors for noted in found]), query))
    by_resource: dict[str, list[tuple[float, float, NotedQuestion]]] = {}
    for noted in found:
        rows = ((question.start, next(likeness), question) for question in noted.questions)
        by_resource.setdefault(noted.resource_id, []).extend(rows)
    for rows_of_resource in by_resource.values():
        rows_of_resource.sort()
    likest: dict[int, LikeQuestion] = {}
    for chunk in chunks:
        own = by_resource.get(chunk.resource_id, [])
        first, stop = (bisect_left(own, (second,)) for second in (chunk.start - _BEFORE, chunk.end))
        if first < stop:
            _, likeness_of_best, best = max(own[first:stop], key=_by_likeness)
            likest[chunk.id] = LikeQuestion(best, likeness_of_best)
    return likest


def _of_readers(ids: Set[str], query: Query) -> Iterator[_Noted]:
    """What language models noted of these stretches; not what has no vectors of the library's model."""
    dimension = len(query.question.embedded)
    for stretch in query.reader.stretches(sorted(ids), query.question.language):
        if stretch.vectors is not None and stretch.vectors.shape[1] == dimension:
            yield _Noted(stretch.resource_id, stretch.questions, stretch.vectors)


def _of_kept_moments(ids: Set[str], query: Query) -> Iterator[_Noted]:
    """The questions under which moments in these stretches were kept; not those of texts, which have no seconds."""
    kept = [
        (moment, moment.start)
        for moment in query.reader.kept()
        if moment.question and moment.start is not None
        if stretch_id(moment.resource.id, number_at(moment.start)) in ids
    ]
    shared = shared_weights([moment.question for moment, _ in kept], query.terms)
    ranked = sorted(zip(shared, kept, strict=True), key=lambda pair: (-pair[0], -pair[1][0].added))
    for _, (moment, start) in ranked[:_MOST_EMBEDDED]:
        question = NotedQuestion(start, language_of(moment.question, moment.language), moment.question)
        yield _Noted(moment.resource.id, [question], query.encoder.question(to_embed(moment.question))[None])


def _likeness(questions: Sequence[NotedQuestion], vectors: Vectors, query: Query) -> list[float]:
    """How like the asked question each of these is."""
    asked, languages = query.question, query.languages
    spoken = np.array([question.language for question in questions])
    by_meaning = np.zeros(len(vectors), np.float32)
    for language in {question.language for question in questions}:
        rows = spoken == language
        passages = languages[language].mean if language in languages else np.zeros_like(vectors[0])
        mean = _mean(vectors[rows], passages)
        vector = centred(asked.embedded, mean) if language == asked.language else asked.vector
        by_meaning[rows] = cosines([language] * int(rows.sum()), vectors[rows], {language: mean}, vector)
    likeness: list[float] = (_MEANING * by_meaning).tolist()
    nearest = np.argsort(-by_meaning, kind="stable")[:_MOST_COMPARED].tolist()
    shared = shared_weights([questions[place].text for place in nearest], query.terms)
    for place, share in zip(nearest, shared, strict=True):
        likeness[place] += (1 - _MEANING) * share
    return likeness


def _mean(vectors: Vectors, passages: Vectors) -> Vectors:
    """The mean of questions, which isn't that of passages; of few questions, the mean of passages counts too."""
    mean: Vectors = (vectors.sum(axis=0) + np.float32(_PRIOR) * passages) / np.float32(len(vectors) + _PRIOR)
    return mean


def shared_weights(texts: Iterable[str], words: QueryTerms) -> list[float]:
    """The share of the weights of a question's terms that each text says."""
    weights = words.weights
    unknown = max(weights.values(), default=0.0) * UNKNOWN_SHARE
    whole = fsum(weights.get(term, unknown) for term in {*words.discriminative})
    return [fsum(weights[term] for term in _terms(text) if term in weights) / (whole or 1.0) for text in texts]
