"""A question to an answer: dense and lexical candidates, fused, distinct, each with the second where it begins."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice

from index.errors import UsageError
from index.library import Library
from index.terms import terms
from index.text import clean
from index.types import Answer, Encoder, Filters, Hit, Moment, Resource
from query.links import link
from query.localise import best_cue, marks, quote, salient
from query.ranking import coverage, distinct, fuse

# How many of each kind go on to be fused.
_CANDIDATES = 200
# A longer question isn't one; its rarest terms say what it is about.
LONGEST_QUESTION = 4000
_MOST_TERMS = 64
_MOST_MOMENTS = 100


def ask(question: str, library: Library, encoder: Encoder, k: int = 5, filters: Filters | None = None) -> Answer:
    """Answer a question with at most k moments, best first; raises UsageError for an empty or endless question."""
    check_question(question)
    if not 1 <= k <= _MOST_MOMENTS:
        raise UsageError(f"the number of moments must be 1 to {_MOST_MOMENTS}, not {k}")
    question_terms = terms(question)
    weights = library.term_weights(question_terms)
    hits = _candidates(question, question_terms, weights, library, encoder, filters or Filters())
    best = list(islice(distinct(hits), k))
    resources = library.resources([hit.resource_id for hit in best])
    moments = [
        _moment(rank, hit, resources[hit.resource_id], salient(weights), library) for rank, hit in enumerate(best, 1)
    ]
    return Answer(question, bool(moments), tuple(moments))


def check_question(question: str) -> None:
    """Raise UsageError where nothing is asked, or too much."""
    if not terms(question):
        raise UsageError('the question is empty: ask in your own words, for instance `seekpoint ask "why masks?"`')
    if len(question) > LONGEST_QUESTION:
        raise UsageError(f"the question has {len(question):,} characters: ask in {LONGEST_QUESTION:,} at most")


def _candidates(
    question: str,
    question_terms: list[str],
    weights: Mapping[str, float],
    library: Library,
    encoder: Encoder,
    filters: Filters,
) -> list[Hit]:
    keep = library.chunk_ids(filters)
    rarest = sorted(weights, key=lambda term: -weights[term])[:_MOST_TERMS]
    lexical = {
        chunk_id: coverage(bm25, weights, question_terms)
        for chunk_id, bm25 in library.lexical(rarest, _CANDIDATES, keep)
    }
    language, vector = library.vectors.centred_question(encoder.question(clean(question)))
    nearest = library.vectors.nearest(vector, _CANDIDATES, keep)
    ids = list({chunk_id for chunk_id, _ in nearest} | lexical.keys())
    return fuse(library.chunks(ids).values(), library.vectors.scores(vector, ids), lexical, language)


def _moment(rank: int, hit: Hit, resource: Resource, weights: Mapping[str, float], library: Library) -> Moment:
    cues = library.cues(hit.transcript_id, hit.first, hit.stop)
    cues = cues[best_cue(cues, weights) :]
    words = quote(cues)
    return Moment(
        rank=rank,
        score=round(hit.score, 4),
        resource=resource,
        language=hit.language,
        start=cues[0].start,
        end=hit.end,
        quote=words,
        link=link(resource, cues[0].start),
        marks=marks(words, weights.keys()),
    )
