"""Questions that a language model noted where they are answered: how like each is to the one that is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from math import fsum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from seekpoint.index.models.centring import centred
from seekpoint.index.text.stretches import stretch_ids
from seekpoint.index.text.terms import terms
from seekpoint.index.types import NotedQuestion, ReadStretch, StoredChunk, Vectors
from seekpoint.query.search.question import Query
from seekpoint.query.search.settings import UNKNOWN_SHARE

# Seconds before a chunk: an answer that begins there goes on in it.
_BEFORE = 15.0
# The share of the cosine in a likeness; the words that both questions say have the rest. With .6 and .8 results are
# level or worse.
_MEANING = 0.7
# Questions whose words are compared, those nearest in meaning.
_MOST_COMPARED = 64
# The questions as many as which the mean of a language's passages counts in that of the questions.
_PRIOR = 20.0
_terms = lru_cache(1 << 15)(terms)


class LikeQuestion(NamedTuple):
    """A noted question near a chunk, and how like the one that is asked it is, at most 1."""

    question: NotedQuestion
    likeness: float


def like_questions(chunks: Sequence[StoredChunk], query: Query) -> dict[int, LikeQuestion]:
    """The likest of the questions that were noted near each chunk, by the chunk's id; empty where none were."""
    spans: dict[str, list[tuple[float, float]]] = {}
    for chunk in chunks:
        spans.setdefault(chunk.resource_id, []).append((chunk.start - _BEFORE, chunk.end))
    ids = set[str]().union(*(stretch_ids(resource_id, each) for resource_id, each in spans.items()))
    stretches = [each for each in query.reader.stretches(ids, query.question.language) if each.vectors is not None]
    if not stretches:
        return {}
    noted = [(stretch.resource_id, question) for stretch in stretches for question in stretch.questions]
    likeness = _likeness(stretches, query)
    resources, starts = np.array([key for key, _ in noted]), np.array([question.start for _, question in noted])
    likest: dict[int, LikeQuestion] = {}
    for chunk in chunks:
        near = (resources == chunk.resource_id) & (starts >= chunk.start - _BEFORE) & (starts < chunk.end)
        if near.any():
            best = int(np.where(near, likeness, -np.inf).argmax())
            likest[chunk.id] = LikeQuestion(noted[best][1], float(likeness[best]))
    return likest


def _likeness(stretches: Sequence[ReadStretch], query: Query) -> NDArray[np.float32]:
    """How like the asked question each question of the stretches is."""
    asked, languages = query.question, query.languages
    questions = [question for stretch in stretches for question in stretch.questions]
    vectors = np.concatenate([stretch.vectors for stretch in stretches if stretch.vectors is not None])
    spoken = np.array([question.language for question in questions])
    cosines = np.zeros(len(vectors), np.float32)
    for language in dict.fromkeys(spoken.tolist()):
        rows = spoken == language
        passages = languages[language].mean if language in languages else np.zeros_like(vectors[0])
        mean = _mean(vectors[rows], passages)
        vector = centred(asked.embedded, mean) if language == asked.language else asked.vector
        cosines[rows] = centred(vectors[rows], mean) @ vector
    covered = np.zeros(len(vectors), np.float32)
    for place in np.argsort(-cosines, kind="stable")[:_MOST_COMPARED].tolist():
        covered[place] = shared_weight(questions[place].text, query.terms.weights, query.terms.discriminative)
    likeness: NDArray[np.float32] = _MEANING * cosines + (1 - _MEANING) * covered
    return likeness


def _mean(vectors: Vectors, passages: Vectors) -> Vectors:
    """The mean of questions: they lie closer to each other than to passages."""
    mean: Vectors = (vectors.sum(axis=0) + np.float32(_PRIOR) * passages) / np.float32(len(vectors) + _PRIOR)
    return mean


def shared_weight(text: str, weights: Mapping[str, float], asked: Sequence[str]) -> float:
    """The share of the weights of a question's terms that a text says."""
    unknown = max(weights.values(), default=0.0) * UNKNOWN_SHARE
    whole = fsum(weights.get(term, unknown) for term in {*asked})
    return fsum(weights[term] for term in weights.keys() & {*_terms(text)}) / whole if whole else 0.0
