"""Questions that a language model noted where they are answered: how like each is to the one that is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from math import fsum
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from seekpoint.index.models.centring import centred
from seekpoint.index.text.stretches import stretch_ids
from seekpoint.index.text.terms import terms
from seekpoint.index.types import NotedQuestion, ReadStretch, StoredChunk
from seekpoint.query.search.settings import NOTED_SHARE, UNKNOWN_SHARE

if TYPE_CHECKING:
    from seekpoint.query.search.question import Query
    from seekpoint.query.search.ranking import Floats

# Seconds before a chunk: an answer that begins there goes on in it.
_BEFORE = 15.0
# Questions whose words are compared, those nearest in meaning.
_MOST_COMPARED = 64
_terms = lru_cache(1 << 15)(terms)


class LikeQuestion(NamedTuple):
    """A noted question near a chunk, and how like the one that is asked it is, from 0 to 1."""

    question: NotedQuestion
    likeness: float


def like_questions(chunks: Sequence[StoredChunk], query: Query) -> dict[int, LikeQuestion]:
    """The likest question that was noted near each chunk, by the chunk's id; none where nothing was noted."""
    spans: dict[str, list[tuple[float, float]]] = {}
    for chunk in chunks:
        spans.setdefault(chunk.resource_id, []).append((chunk.start - _BEFORE, chunk.end))
    ids = set[str]().union(*(stretch_ids(resource_id, each) for resource_id, each in spans.items()))
    stretches = [each for each in query.reader.stretches(ids, query.question.language) if each.vectors is not None]
    if not stretches:
        return {}
    likeness, by_resource = _likeness(stretches, query), dict[str, list[int]]()
    questions = [question for stretch in stretches for question in stretch.questions]
    resources = (stretch.resource_id for stretch in stretches for _ in stretch.questions)
    for place, resource_id in enumerate(resources):
        by_resource.setdefault(resource_id, []).append(place)
    likest: dict[int, LikeQuestion] = {}
    for chunk in chunks:
        near = [
            place
            for place in by_resource.get(chunk.resource_id, ())
            if chunk.start - _BEFORE <= questions[place].start < chunk.end
        ]
        if near:
            best = max(near, key=likeness.__getitem__)
            likest[chunk.id] = LikeQuestion(questions[best], float(likeness[best]))
    return likest


def _likeness(stretches: Sequence[ReadStretch], query: Query) -> Floats:
    """For each question of the stretches: NOTED_SHARE of the cosine, and the rest of the words that both say."""
    vectors = np.concatenate([stretch.vectors for stretch in stretches if stretch.vectors is not None])
    languages = [question.language for stretch in stretches for question in stretch.questions]
    cosines = np.zeros(len(vectors), np.float32)
    for language in dict.fromkeys(languages):
        rows = np.array([each == language for each in languages])
        mean = query.question.mean_of(language)
        cosines[rows] = centred(vectors[rows], mean) @ query.question.vector
    covered = np.zeros(len(vectors), np.float32)
    said = [question.text for stretch in stretches for question in stretch.questions]
    weights = query.terms.weights
    for place in np.argsort(-cosines, kind="stable")[:_MOST_COMPARED].tolist():
        covered[place] = shared_weight(said[place], weights, query.terms.discriminative)
    return NOTED_SHARE * cosines + (1 - NOTED_SHARE) * covered


def shared_weight(text: str, weights: Mapping[str, float], asked: Sequence[str]) -> float:
    """The share of the weights of a question's terms that a text says."""
    unknown = max(weights.values(), default=0.0) * UNKNOWN_SHARE
    whole = fsum(weights.get(term, unknown) for term in set(asked))
    return fsum(weights[term] for term in weights.keys() & {*_terms(text)}) / whole if whole else 0.0
