"""A question to an answer: candidates by meaning, by words and by their translations; fused, reranked, distinct.

Each stage takes what the one before it found. A question calls the reader (index/store.py) eleven times, whatever the
library's size; at most fifteen times where it names a resource, or where many references are found.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import chain, islice
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from seekpoint.index.chunks import StoredChunk
from seekpoint.index.errors import UsageError
from seekpoint.index.models.encoder import BUNDLED, STAND_IN
from seekpoint.index.retrieval import CandidateQuery, Candidates, Language, NamedScope, Scope
from seekpoint.index.store import Reader
from seekpoint.index.text.language_tags import primary
from seekpoint.index.types import Encoder, Filters
from seekpoint.query.answers import Answer, Doubt, Hit
from seekpoint.query.search.abstention import doubt, is_answer
from seekpoint.query.search.dedupe import distinct, openings
from seekpoint.query.search.moments import MomentContext, moments
from seekpoint.query.search.question import ParsedQuestion, QueryTerms, look_up, parse
from seekpoint.query.search.scoring import ScoreInputs, coverage, fuse
from seekpoint.query.search.settings import AROUND, MOST_MOMENTS, TUNING, Tuning

if TYPE_CHECKING:
    from seekpoint.query.search.window_scores import Windows

# How many candidates are taken by meaning, by words and by translations: many are neighbours of a better one.
_CANDIDATES, _CANDIDATES_A_MOMENT = 100, 6
# How many of the best are reranked by windows; with 60 answers are as good, with 30 sharp@1 falls by .01.
_RERANKED, _RERANKED_A_MOMENT = 40, 4
# So many times as many get exact scores.
_SCORED = 3


class _Query(NamedTuple):
    """A question with all that the stages share."""

    question: ParsedQuestion
    terms: QueryTerms
    languages: Mapping[str, Language]
    reader: Reader
    tuning: Tuning


class _Lexical(NamedTuple):
    """How far candidates cover the question's words, and these words in translation, by chunk id."""

    words: Mapping[int, float]
    translated: Mapping[int, float]


def ask(
    question: str,
    reader: Reader,
    encoder: Encoder,
    k: int = 5,
    filters: Filters | None = None,
    *,
    explained: bool = False,
    tuning: Tuning = TUNING,
) -> Answer:
    """Answer a question with at most k moments, best first; raises UsageError for an empty or too long one.

    `explained` moments say why they were found, and the answer which score the first of them needs.
    """
    if not 1 <= k <= MOST_MOMENTS:
        raise UsageError(f"the number of moments must be 1 to {MOST_MOMENTS}, not {k}")
    filters = filters or Filters()
    languages = reader.languages()
    scope = reader.scope(filters)
    parsed = parse(question, encoder, languages)
    query = _Query(parsed, look_up(parsed, reader, languages), languages, reader, tuning)
    reranked = max(_RERANKED, _RERANKED_A_MOMENT * k)
    candidates = _candidates(query, scope, filters, max(_CANDIDATES, _CANDIDATES_A_MOMENT * k))
    words = _word_coverage(candidates, query.terms)
    lexical = _Lexical(
        *(dict(zip(candidates.ids.tolist(), row.tolist(), strict=True)) for row in (words, candidates.translated))
    )
    hits = _scored(_by_approximate_score(candidates, words, query), lexical, query, reranked)
    hits, windows = _reranked(hits, lexical, query, reranked)
    top = list(islice(distinct(hits, parsed.language), k))
    begin = openings(top, [hit for hit in hits if hit.chunk.id in windows], tuning.nearly)
    context = MomentContext(parsed, query.terms, reader, tuning, begin, windows, lexical.words)
    found = tuple(moments(top, context, explained=explained))
    needed = _doubt(query, len(scope))
    return Answer(question, is_answer(top, needed), found, needed if explained else None)


def _doubt(query: _Query, chunks: int) -> Doubt:
    """The score that the first moment needs; the scale of another model's cosines is unknown."""
    if query.reader.card.name not in (BUNDLED, STAND_IN):
        return Doubt(0.0, ())
    is_spoken = query.question.language in query.languages
    return doubt(query.question.text, query.terms.unknown, chunks, is_spoken=is_spoken, tuning=query.tuning)


def _candidates(query: _Query, scope: Scope, filters: Filters, limit: int) -> Candidates:
    terms, named = query.terms, None
    if terms.names.limits:
        named_scope = query.reader.scope(filters, terms.names.resources)
        named = NamedScope(named_scope, terms.rarest(terms.name_terms)) if len(named_scope) else None
    return query.reader.candidates(
        CandidateQuery(query.question.vector, terms.rarest(), terms.groups, limit, scope, named)
    )


def _word_coverage(candidates: Candidates, terms: QueryTerms) -> np.ndarray[tuple[int], np.dtype[np.floating]]:
    """How far each candidate covers the question's words; of what a question names, those beside the name."""
    others = [term for term in terms.discriminative if term not in terms.name_terms]
    return np.maximum(
        coverage(candidates.bm25, terms.weights, terms.discriminative),
        coverage(candidates.named_bm25, terms.weights, others),
    )


def _by_approximate_score(
    candidates: Candidates, words: np.ndarray[tuple[int], np.dtype[np.floating]], query: _Query
) -> list[int]:
    """The candidates' ids, best first by approximate scores."""
    language, named = query.question.language, query.terms.names.resources
    inputs = ScoreInputs(
        np.where(np.isnan(candidates.cosines), candidates.farthest, candidates.cosines),
        words,
        candidates.translated,
        np.array([spoken != language for spoken in candidates.languages], bool),
        np.array([resource in named for resource in candidates.resources], bool),
    )
    order = np.argsort(-inputs.scored(query.tuning).score, kind="stable")
    ids: list[int] = candidates.ids[order].tolist()
    return ids


def _scored(ids: Sequence[int], lexical: _Lexical, query: _Query, reranked: int) -> list[Hit]:
    """The best candidates by their exact scores, three for each that will be reranked."""
    found = query.reader.evidence(ids[: _SCORED * reranked], query.question.vector)
    if sum(not chunk.is_reference for chunk in found.chunks.values()) < reranked:  # references come last
        found = query.reader.evidence(ids, query.question.vector)
    return _fused(found.chunks.values(), found.cosines, lexical, query)


def _reranked(hits: list[Hit], lexical: _Lexical, query: _Query, count: int) -> tuple[list[Hit], Mapping[int, Windows]]:
    """The hits with the first ones ranked again by the windows in them; the windows by chunk id."""
    from seekpoint.query.search.window_scores import windows

    chunks = [hit.chunk for hit in hits[:count]]
    means = {name: one.window_mean for name, one in query.languages.items() if one.window_mean is not None}
    pieces = query.reader.pieces(chunks, AROUND / 2)
    known = [chunk for chunk in chunks if primary(chunk.language) in means]
    found = windows(known, pieces, means, query.question.vector)
    if not found:
        return hits, {}
    cosines = {hit.chunk.id: hit.dense for hit in hits[:count]} | {i: window.meaning for i, window in found.items()}
    return list(chain(_fused(chunks, cosines, lexical, query), hits[count:])), found


def _fused(
    chunks: Collection[StoredChunk], cosines: Mapping[int, float], lexical: _Lexical, query: _Query
) -> list[Hit]:
    language, named = query.question.language, query.terms.names.resources
    return fuse(chunks, cosines, lexical.words, language, lexical.translated, query.tuning, named)
