"""A question to an answer: candidates by meaning, by words and by their translations; scored, reranked, distinct.

Each stage takes what the one before it found. A question calls the reader (index/store.py) eleven times, whatever the
library's size; up to three times more where it names a resource, up to five where it has unknown words, once where it
has quotation marks or a minus, and once for the scale of another model's cosines.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, islice
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from seekpoint.index.errors import UsageError
from seekpoint.index.store import Reader
from seekpoint.index.text.language_tags import primary
from seekpoint.index.types import (
    CandidateQuery,
    Encoder,
    Evidence,
    Filters,
    Language,
    NamedScope,
    RequiredPhrases,
    Reranker,
    Scope,
    StoredChunk,
)
from seekpoint.query.answers import Answer, Confidence, Hit, Respelling
from seekpoint.query.filters import check_language
from seekpoint.query.search.confidence import estimate, features, profile_of, unknown_words
from seekpoint.query.search.dedupe import distinct, mixed, openings
from seekpoint.query.search.literal import QuestionSyntax, excluded_terms, read_syntax, remaining
from seekpoint.query.search.moments import MomentContext, moments
from seekpoint.query.search.question import ParsedQuestion, QueryTerms, look_up, parse
from seekpoint.query.search.scoring import coverage, fuse, group_scores, strongest, term_scores
from seekpoint.query.search.settings import AROUND, EMPHASIS, MOST_MOMENTS, PER_RESOURCE, Tuning
from seekpoint.query.search.spelling import as_said, respelled, respellings

if TYPE_CHECKING:
    from seekpoint.query.search.windows import Windows

# How many candidates are taken by meaning, by words and by translations: many are neighbours of a better one. Words
# count in so many chunks only, those with the highest BM25: where they count in all, moment@5 falls by .008 on dev.
_CANDIDATES, _CANDIDATES_A_MOMENT = 80, 6
# How many of the best are reranked by windows; with 60 answers are as good, with 30 sharp@1 falls by .01.
_RERANKED, _RERANKED_A_MOMENT = 40, 4
# How many chunks with the words of phrases are read, and how many before an answer says that nothing has the phrases.
_WITH_PHRASES, _WITH_MISSING_PHRASES = 500, 10_000


class _Query(NamedTuple):
    """A question with all that the stages share."""

    syntax: QuestionSyntax
    question: ParsedQuestion
    terms: QueryTerms
    languages: Mapping[str, Language]
    reader: Reader
    tuning: Tuning


class _Literal(NamedTuple):
    """What an answer says of the marks in its question, under the names of its fields."""

    missing: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    nearer: bool = False


class _Search(NamedTuple):
    """Where to search, and about how many candidates to take from each index."""

    filters: Filters
    scope: Scope
    limit: int


class _Proposed(NamedTuple):
    """All candidates, those of them that the marks in the question let pass, and what to say of the marks."""

    candidates: Evidence
    evidence: Evidence
    literal: _Literal


class _CrossEncoded(NamedTuple):
    """Distinct hits; of those that a reranker read the chunks and the seconds where they may begin, by chunk id."""

    hits: Iterator[Hit]
    openings: Mapping[int, StoredChunk]
    begins: Mapping[int, float]


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
    per_resource: int = PER_RESOURCE,
    explained: bool = False,
    reranker: Reranker | None = None,
    tuning: Tuning | None = None,
) -> Answer:
    """Answer a question with at most k moments, best first.

    Raises UsageError for a question that is empty or too long, and for a filter that is no language.

    At most `per_resource` of the first five are of one resource, unless nothing else is near. `explained` moments say
    why they were found, and the answer what its confidence follows from. A `reranker` orders the first moments again.
    """
    if not 1 <= k <= MOST_MOMENTS:
        raise UsageError(f"the number of moments must be 1 to {MOST_MOMENTS}, not {k}")
    filters = filters or Filters()
    if filters.language:
        check_language(filters.language, reader.languages())
    profile = profile_of(reader)
    query, words = _read(question, reader, encoder, tuning or profile.tuning)
    search = _Search(filters, reader.scope(filters), max(_CANDIDATES, _CANDIDATES_A_MOMENT * k))
    proposed = _proposed(query, search)
    top, context = _ordered(query, proposed, search.limit, k, per_resource, reranker)
    found = tuple(moments(top, context, explained=explained))
    is_spoken = query.question.language in query.languages
    unknown = unknown_words(query.question, query.terms, is_spoken=is_spoken)
    respelt = as_said(words, [moment.quote for moment in found])
    answer = Answer(question, Confidence.NONE, found, unknown, respelt, **proposed.literal._asdict())
    if not top:
        return answer
    described = features(
        top[0], proposed.candidates, query.question, query.terms, is_spoken=is_spoken, chunks=len(search.scope)
    )
    confidence, estimated = estimate(described, profile.calibration)
    confidence = _limited(confidence, query, proposed.literal)
    return replace(answer, confidence=confidence, estimate=estimated if explained else None)


def _limited(confidence: Confidence, query: _Query, literal: _Literal) -> Confidence:
    """None where a phrase is said nowhere, and low at most for a question of function words alone."""
    if literal.missing and not query.syntax.may_stress:
        return Confidence.NONE
    is_capped = confidence is Confidence.HIGH and not query.question.has_content
    return Confidence.LOW if is_capped else confidence


def _read(question: str, reader: Reader, encoder: Encoder, tuning: Tuning) -> tuple[_Query, tuple[Respelling, ...]]:
    """The question as the stages take it, and its words that are spelt otherwise in the library."""
    languages = reader.languages()
    syntax = read_syntax(question)
    parsed = parse(syntax.text, encoder, languages)
    terms = look_up(parsed, reader, languages)
    if words := respellings(parsed, terms, reader, sum(one.chunks for one in languages.values())):
        parsed = parse(respelled(parsed, words), encoder, languages)
        terms = look_up(parsed, reader, languages)
    return _Query(syntax, parsed, terms, languages, reader, tuning), words


def _proposed(query: _Query, search: _Search) -> _Proposed:
    """The candidates, and those that the marks in the question let pass."""
    candidates = _evidence(query, search, _WITH_PHRASES)
    evidence, literal = _literal(candidates, query, search.limit)
    if literal.missing and len(candidates.chunks) >= _WITH_PHRASES:  # there may be more with the words of the phrases
        candidates = _evidence(query, search, _WITH_MISSING_PHRASES)
        evidence, literal = _literal(candidates, query, search.limit)
    return _Proposed(candidates, evidence, literal)


def _ordered(
    query: _Query, proposed: _Proposed, limit: int, k: int, per_resource: int, reranker: Reranker | None
) -> tuple[list[Hit], MomentContext]:
    """The k best hits, and what their moments are made with."""
    lexical = _lexical(proposed.evidence, query, limit)
    scored = _scored(proposed.evidence, lexical, query)
    hits, windows = _reranked(scored, lexical, query, max(_RERANKED, _RERANKED_A_MOMENT * k))
    among = [hit for hit in hits if hit.chunk.id in windows]
    ordered = distinct(hits, query.question.language)
    read = _cross_encoded(ordered, among, reranker, query) if reranker else _CrossEncoded(ordered, {}, {})
    top, more = mixed(read.hits, k, per_resource, query.tuning.nearly)
    begin = {**openings(top, among, query.tuning.nearly), **read.openings}
    said = query.syntax._replace(phrases=() if proposed.literal.missing else query.syntax.phrases)
    context = MomentContext(
        said, query.question, query.terms, query.reader, query.tuning, begin, windows, lexical.words, more, read.begins
    )
    return top, context


def _evidence(query: _Query, search: _Search, with_phrases: int) -> Evidence:
    """The candidates with what is stored for scoring them."""
    syntax, terms, named = query.syntax, query.terms, None
    if terms.names.limits:
        named_scope = query.reader.scope(search.filters, terms.names.resources)
        named = NamedScope(named_scope, terms.rarest(terms.name_terms)) if len(named_scope) else None
    vector, own = query.question.vector, terms.rarest()
    phrases, excluded = [phrase.alternatives for phrase in syntax.phrases], excluded_terms(syntax.excluded)
    required = RequiredPhrases(phrases, with_phrases) if phrases else None
    ids = query.reader.candidates(
        CandidateQuery(vector, own, terms.groups, search.limit, search.scope, named, required, excluded)
    )
    translated = {term for group, _ in terms.groups for alternative in group.alternatives for term in alternative}
    beside = named.terms.keys() if named else ()
    marked = (term for pattern in (*syntax.phrases, *syntax.excluded) for term in pattern.terms)
    return query.reader.evidence(ids, vector, translated.union(own, beside, marked))


def _literal(candidates: Evidence, query: _Query, limit: int) -> tuple[Evidence, _Literal]:
    """The candidates that have nothing excluded, and all phrases if any has them all and they aren't just stressed."""
    patterns = query.syntax.phrases, query.syntax.excluded
    phrases, excluded = (tuple(pattern.text for pattern in each) for each in patterns)
    if not candidates.chunks or not (phrases or excluded):
        return candidates, _Literal()
    allowed, having = remaining(candidates, *patterns, query.reader)
    if not having.chunks:
        return allowed, _Literal(missing=phrases, excluded=excluded)
    best, nearest = (_scored(one, _lexical(one, query, limit), query)[0].score for one in (having, allowed))
    if query.syntax.may_stress and best < EMPHASIS * nearest:
        return allowed, _Literal(excluded=excluded)
    return having, _Literal(excluded=excluded, nearer=best < nearest)


def _lexical(evidence: Evidence, query: _Query, limit: int) -> _Lexical:
    """How far each candidate covers the question's words; of what a question names, those beside the name."""
    terms, chunks, words = query.terms, evidence.chunks, evidence.words
    languages = query.languages.values()
    average = sum(one.terms for one in languages) / max(sum(one.chunks for one in languages), 1)
    own = strongest(term_scores(words, terms.rarest(), average), limit)
    covered = coverage(own, terms.weights, terms.discriminative)
    if terms.names.limits:
        are_named = np.array([chunk.resource_id in terms.names.resources for chunk in chunks], bool)
        others = [term for term in terms.discriminative if term not in terms.name_terms]
        beside = term_scores(words, terms.rarest(terms.name_terms), average) * are_named
        covered = np.maximum(covered, coverage(strongest(beside, limit), terms.weights, others))
    translated = group_scores(words, terms.groups, [primary(chunk.language) for chunk in chunks])
    ids = [chunk.id for chunk in chunks]
    return _Lexical(*(dict(zip(ids, row.tolist(), strict=True)) for row in (covered, translated)))


def _reranked(hits: list[Hit], lexical: _Lexical, query: _Query, count: int) -> tuple[list[Hit], Mapping[int, Windows]]:
    """The hits with the first ones ranked again by the windows in them; the windows by chunk id."""
    from seekpoint.query.search.windows import windows

    chunks = [hit.chunk for hit in hits[:count]]
    means = {name: one.window_mean for name, one in query.languages.items() if one.window_mean is not None}
    pieces = query.reader.pieces(chunks, AROUND / 2)
    known = [chunk for chunk in chunks if primary(chunk.language) in means]
    found = windows(known, pieces, means, query.question.vector, query.tuning.scale)
    if not found:
        return hits, {}
    own, cosines = query.tuning.own, {hit.chunk.id: hit.dense for hit in hits[:count]}
    cosines |= {i: own * cosines[i] + (1 - own) * window.meaning for i, window in found.items()}
    return list(chain(_fused(chunks, cosines, lexical, query), hits[count:])), found


def _cross_encoded(hits: Iterator[Hit], among: Sequence[Hit], reranker: Reranker, query: _Query) -> _CrossEncoded:
    """The distinct hits, the first ones in the order of a reranker."""
    from seekpoint.query.search.reranking import MOST_RERANKED, behind, rerank

    first = list(islice(hits, MOST_RERANKED))
    begin = openings(first, among, query.tuning.nearly)
    found = rerank(first, begin, query.question.text, reranker, query.reader)
    return _CrossEncoded(chain(found.hits, behind(found.hits, hits)), begin, found.begins)


def _scored(evidence: Evidence, lexical: _Lexical, query: _Query) -> list[Hit]:
    """Every candidate by its own cosine."""
    cosines = {chunk.id: query.tuning.scale * cosine for chunk, cosine in zip(*evidence[:2], strict=True)}
    return _fused(evidence.chunks, cosines, lexical, query)


def _fused(
    chunks: Collection[StoredChunk], cosines: Mapping[int, float], lexical: _Lexical, query: _Query
) -> list[Hit]:
    language, named = query.question.language, query.terms.names.resources
    return fuse(chunks, cosines, lexical.words, language, lexical.translated, query.tuning, named)
