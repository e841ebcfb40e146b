"""A question to an answer: candidates by meaning, by words and by their translations; scored, reranked, distinct.

Each stage takes the results of the one before. A question calls the reader (index/store.py) eleven times, whatever the
library's size; up to three times more where it names a resource, up to five where it has unknown words, once where it
has quotation marks or a minus, and once for the scale of another model's cosines.
"""

from __future__ import annotations

from dataclasses import replace

from seekpoint.index.errors import UsageError
from seekpoint.index.store import Reader
from seekpoint.index.types import CandidateQuery, Encoder, Evidence, NamedScope, RequiredPhrases
from seekpoint.query.answers import Answer, Confidence
from seekpoint.query.filters import check_language
from seekpoint.query.search.confidence import estimate, features, profile_of, unknown_words
from seekpoint.query.search.literal import remaining
from seekpoint.query.search.moments import moments
from seekpoint.query.search.question import Query, as_said, read
from seekpoint.query.search.ranking import ranked, scored
from seekpoint.query.search.settings import EMPHASIS, MOST_MOMENTS, AskOptions

# Chunks with the words of phrases that are read, and that are read before an answer says that nothing has the phrases.
_WITH_PHRASES, _WITH_MISSING_PHRASES = 500, 10_000
_DEFAULT = AskOptions()


def ask(question: str, reader: Reader, encoder: Encoder, options: AskOptions = _DEFAULT) -> Answer:
    """Answer a question with moments, best first.

    Raises UsageError for a question that is empty or too long, and for a filter that is no language.
    """
    if not 1 <= options.k <= MOST_MOMENTS:
        raise UsageError(f"the number of moments must be 1 to {MOST_MOMENTS}, not {options.k}")
    if options.filters.language:
        check_language(options.filters.language, reader.languages())
    profile = profile_of(reader)
    query = read(question, reader, encoder, options, options.tuning or profile.tuning)
    candidates, evidence, answer = _proposed(query, Answer(question, Confidence.NONE, ()))
    may_stress = query.syntax.may_stress
    if answer.missing:
        query = query._replace(syntax=query.syntax._replace(phrases=()))
    if options.reranker:
        from seekpoint.query.search.reranking import rerank

        ranking = ranked(evidence, query, rerank)
    else:
        ranking = ranked(evidence, query)
    found = tuple(moments(ranking, query))
    answer = replace(
        answer,
        moments=found,
        respelled=as_said(query.respelled, [moment.quote for moment in found]),
        unknown=unknown_words(query.question, query.terms, is_spoken=query.is_spoken),
    )
    if not ranking.hits:
        return answer
    described = features(
        ranking.hits[0],
        candidates,
        query.question,
        query.terms,
        is_spoken=query.is_spoken,
        chunks=len(query.scope),
    )
    confidence, estimated = estimate(described, profile.calibration)
    if answer.missing and not may_stress:
        confidence = Confidence.NONE
    elif confidence is Confidence.HIGH and not query.question.has_content:
        confidence = Confidence.LOW
    return replace(answer, confidence=confidence, estimate=estimated if options.explained else None)


def _proposed(query: Query, answer: Answer) -> tuple[Evidence, Evidence, Answer]:
    """All candidates, those that the marks in the question let pass, and an answer that says which marks fail."""
    candidates = _evidence(query, _WITH_PHRASES)
    evidence, marked = _literal(candidates, query, answer)
    if marked.missing and len(candidates.chunks) >= _WITH_PHRASES:  # there may be more with the words of the phrases
        candidates = _evidence(query, _WITH_MISSING_PHRASES)
        evidence, marked = _literal(candidates, query, answer)
    return candidates, evidence, marked


def _evidence(query: Query, with_phrases: int) -> Evidence:
    """The candidates with what is stored for scoring them."""
    syntax, terms, named = query.syntax, query.terms, None
    if terms.names.limits:
        named_scope = query.reader.scope(query.options.filters, terms.names.resources)
        named = NamedScope(named_scope, terms.rarest_beside_names) if len(named_scope) else None
    vector, own = query.question.vector, terms.rarest
    phrases, excluded = [phrase.alternatives for phrase in syntax.phrases], syntax.excluded_terms
    required = RequiredPhrases(phrases, with_phrases) if phrases else None
    ids = query.reader.candidates(
        CandidateQuery(vector, own, terms.groups, query.limit, query.scope, named, required, excluded)
    )
    translated = {term for group, _ in terms.groups for alternative in group.alternatives for term in alternative}
    beside = named.terms.keys() if named else ()
    marked = (term for pattern in (*syntax.phrases, *syntax.excluded) for term in pattern.terms)
    return query.reader.evidence(ids, vector, translated.union(own, beside, marked))


def _literal(candidates: Evidence, query: Query, answer: Answer) -> tuple[Evidence, Answer]:
    """The candidates that have nothing excluded, and all phrases if any has them all and they aren't just stressed."""
    patterns = query.syntax.phrases, query.syntax.excluded
    phrases, excluded = (tuple(pattern.text for pattern in each) for each in patterns)
    if not candidates.chunks or not (phrases or excluded):
        return candidates, answer
    allowed, having = remaining(candidates, *patterns, query.reader)
    answer = replace(answer, excluded=excluded)
    if not having.chunks:
        return allowed, replace(answer, missing=phrases)
    best, nearest = (scored(one, query)[0][0].score for one in (having, allowed))
    if query.syntax.may_stress and best < EMPHASIS * nearest:
        return allowed, answer
    return having, replace(answer, nearer=best < nearest)
