"""A question to an answer: dense and lexical candidates, fused, distinct, each with the second where it begins."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from math import inf

from index.chapters import begun, title_at
from index.errors import UsageError
from index.library import Library
from index.scripts import in_one_script
from index.terms import terms
from index.text import clean
from index.types import Answer, Details, Encoder, Filters, Hit, Moment, Resource
from query.links import link
from query.localise import best_cue, marks, quote, salient
from query.ranking import coverage, distinct, fuse

# How many chunks by meaning and by words go on to be fused: many of them are neighbours of a better one.
_CANDIDATES = 200
_CANDIDATES_A_MOMENT = 6
# A longer question isn't one; its rarest terms say what it is about.
LONGEST_QUESTION = 4000
_MOST_TERMS = 64
_MOST_MOMENTS = 100


def ask(question: str, library: Library, encoder: Encoder, k: int = 5, filters: Filters | None = None) -> Answer:
    """Answer a question with at most k moments, best first; raises UsageError for an empty or endless question."""
    question_terms = _checked_terms(question)
    if not 1 <= k <= _MOST_MOMENTS:
        raise UsageError(f"the number of moments must be 1 to {_MOST_MOMENTS}, not {k}")
    weights = library.term_weights(question_terms)
    keep = library.chunk_ids(filters or Filters())
    depth = max(_CANDIDATES, _CANDIDATES_A_MOMENT * k)
    lexical = _lexical(library, question_terms, weights, depth, keep)
    language, vector = library.vectors.centred_question(encoder.question(in_one_script(clean(question))))
    ids = list({chunk_id for chunk_id, _ in library.vectors.nearest(vector, depth, keep)} | lexical.keys())
    hits = fuse(library.chunks(ids).values(), library.vectors.scores(vector, ids), lexical, language)
    best = list(islice(distinct(hits, language), k))
    found_in = [hit.chunk.resource_id for hit in best]
    resources, details = library.resources(found_in), library.details_by_id(found_in)
    moments = tuple(
        _moment(rank, hit, resources[found], details[found], salient(weights), library)
        for rank, (hit, found) in enumerate(zip(best, found_in, strict=True), 1)
    )
    return Answer(question, bool(moments), moments)


def _checked_terms(question: str) -> list[str]:
    """The question's terms; raises UsageError where too much is asked, or nothing."""
    if len(question) > LONGEST_QUESTION:
        raise UsageError(f"the question has {len(question):,} characters: ask in {LONGEST_QUESTION:,} at most")
    found = terms(question)
    if not found:
        raise UsageError('the question is empty: ask in your own words, for instance `seekpoint ask "why masks?"`')
    return found


def _lexical(
    library: Library, question_terms: list[str], weights: Mapping[str, float], depth: int, keep: list[int] | None
) -> dict[int, float]:
    rarest = sorted(weights, key=lambda term: -weights[term])[:_MOST_TERMS]
    found = library.lexical(rarest, depth, keep)
    return {chunk_id: coverage(bm25, weights, question_terms) for chunk_id, bm25 in found}


def _moment(
    rank: int, hit: Hit, resource: Resource, details: Details, weights: Mapping[str, float], library: Library
) -> Moment:
    chunk = hit.chunk
    cues = library.cues(chunk.transcript_id, chunk.first, chunk.stop)
    cues = cues[best_cue(cues, weights, begun(details.chapters, chunk.start, chunk.end)) :]
    words = quote(cues)
    last = inf if details.duration is None else details.duration  # captions of another cut go on beyond it
    start = min(cues[0].start, last)
    return Moment(
        rank=rank,
        score=round(hit.score, 4),
        resource=resource,
        language=chunk.language,
        start=start,
        end=min(chunk.end, last),
        quote=words,
        link=link(resource, start),
        marks=marks(words, weights.keys()),
        chapter=title_at(details.chapters, start),
    )
