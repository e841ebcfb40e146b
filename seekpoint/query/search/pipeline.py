"""A question to an answer: candidates by meaning, by words and by their translations; scored, reranked, distinct.

Each stage takes the results of the one before. A question calls the reader (index/store.py) thirteen times for each of
its wordings, whatever the library's size; up to three times more where it names a resource, up to five where it has
unknown words, once where it has quotation marks or a minus, where it asks what something is, where passages have all
its words, and for the scale of another model's cosines.
"""

from __future__ import annotations

from dataclasses import replace

from seekpoint.index.errors import UsageError
from seekpoint.index.store import Reader
from seekpoint.index.text.terms import fold, is_whole_word
from seekpoint.index.types import CandidateQuery, Encoder, Evidence, Filters, NamedScope, RequiredPhrases
from seekpoint.query.answers import Answer, Confidence
from seekpoint.query.filters import check_language
from seekpoint.query.search.confidence import estimate, features, profile_of, unknown_words
from seekpoint.query.search.literal import Pattern, read_syntax, remaining, shares_said, spoken_by
from seekpoint.query.search.moments import moments, salient
from seekpoint.query.search.question import Query, read
from seekpoint.query.search.ranking import Hit, ranked, scored
from seekpoint.query.search.reranking import rerank
from seekpoint.query.search.settings import EMPHASIS, MOST_MOMENTS, AskOptions
from seekpoint.query.search.spelling import as_said
from seekpoint.query.search.wordings import check_wordings, merged

# Chunks with the words of phrases that are read, and that are read before an answer says that nothing has the phrases.
_WITH_PHRASES, _WITH_MISSING_PHRASES = 500, 10_000
# Chunks that are read with a filter by speaker, of the recordings in which they speak: all of about 160 hours.
_WITH_SPEAKER = 20_000
_DEFAULT = AskOptions()


def ask(question: str, reader: Reader, encoder: Encoder, options: AskOptions = _DEFAULT) -> Answer:
    """Answer a question with moments, best first.

    Raises UsageError for a question that is empty or too long, for too many other wordings or any beside a phrase or a
    minus, and for a filter that is no language.
    """
    if not 1 <= options.k <= MOST_MOMENTS:
        raise UsageError(f"the number of moments must be 1 to {MOST_MOMENTS}, not {options.k}")
    if options.filters.language:
        check_language(options.filters.language, reader.languages())
    check_wordings(question, options.also)
    wordings = dict.fromkeys((question, *options.also))
    answers = [_answer(text, reader, encoder, options) for text in wordings]
    return merged(answers, options) if len(answers) > 1 else answers[0]


def _answer(question: str, reader: Reader, encoder: Encoder, options: AskOptions) -> Answer:
    """The answer to one wording."""
    tuning, calibration = profile_of(reader)
    syntax = read_syntax(question)
    query = read(syntax, reader, encoder, options, options.tuning or tuning)
    filters = options.filters
    others = replace(filters, after=None, before=None)
    by_date_alone = filters != others and others == Filters()
    answer = Answer(question, Confidence.NONE, (), undated=reader.amounts().undated if by_date_alone else 0)
    whole = syntax.whole
    candidates = _evidence(query, whole, _WITH_PHRASES)
    evidence, marked = _literal(candidates, query, answer)
    if marked.missing and len(candidates.chunks) >= _WITH_PHRASES:  # there may be more with the words of the phrases
        candidates = _evidence(query, whole, _WITH_MISSING_PHRASES)
        evidence, marked = _literal(candidates, query, answer)
    if marked.missing:
        query = query._replace(syntax=syntax._replace(phrases=()))
    elif whole:
        text, content = query.question.text, query.question.content
        said = shares_said(evidence, whole, text, content, query.terms.rarities, reader)
        # A part of *what is X?* stands in many passages, as no sentence that somebody remembers.
        query = query._replace(said={chunk: share for chunk, share in said.items() if share == 1 or not query.names})
        query = query._replace(syntax=syntax._replace(phrases=(whole,) if 1.0 in query.said.values() else ()))
    hits, more, fused = ranked(evidence, query, rerank)
    shown = tuple(moments(hits, more, query))
    answer = replace(
        marked,
        moments=shown,
        respelled=as_said(query.respelled, [moment.quote for moment in shown]) if query.respelled else (),
        unknown=unknown_words(query),
    )
    if not hits:
        return answer
    confidence, estimated = estimate(features(hits[0], fused, candidates, query, answer.unknown), calibration)
    confidence = _by_what_is_said(confidence, hits[0], answer, query)
    is_told = options.explained or options.estimated
    return replace(answer, confidence=confidence, estimate=estimated if is_told else None)


def _by_what_is_said(estimated: Confidence, first: Hit, answer: Answer, query: Query) -> Confidence:
    """The estimated confidence, unless the first moment says the question word for word, or nothing has its phrases.

    It isn't high for function words alone, nor with a word that nothing mentions, on which the question may turn. So
    most of a question is enough only where all its words are known, and the estimate isn't none.
    """
    if answer.missing and not query.syntax.may_stress:
        return Confidence.NONE
    share = query.said.get(first.chunk.id, 0.0)
    is_plausible = not answer.unknown and estimated is not Confidence.NONE
    if query.question.has_content and (share == 1 or (share and is_plausible)):
        return Confidence.HIGH
    may_turn = not query.question.has_content or any(map(is_whole_word, map(fold, answer.unknown)))
    return Confidence.LOW if may_turn and estimated is Confidence.HIGH else estimated


def _evidence(query: Query, whole: Pattern | None, with_phrases: int) -> Evidence:
    """The candidates with what is stored for scoring them."""
    syntax, terms, named = query.syntax, query.terms, None
    if terms.names.limits:
        named_scope = query.reader.scope(query.options.filters, terms.names.resources)
        named = NamedScope(named_scope, terms.rarest_beside_names) if len(named_scope) else None
    vector, own = query.question.vector, terms.rarest
    phrases = [phrase.alternatives for phrase in syntax.phrases]
    excluded = {
        word.terms[0] for word in syntax.excluded if word.stemmed and len(word.terms) == 1
    }  # no chunk may have these
    required = RequiredPhrases(phrases, with_phrases) if phrases else None
    filters = query.options.filters
    limit = _WITH_SPEAKER if filters.speaker else query.limit
    ids = query.reader.candidates(
        CandidateQuery(vector, own, terms.groups, limit, query.scope, named, required, excluded)
    )
    translated = {term for group, _ in terms.groups for alternative in group.alternatives for term in alternative}
    beside = named.terms.keys() if named else ()
    patterns = (*syntax.phrases, *syntax.excluded, *filter(None, [whole]))
    marked = (term for pattern in patterns for term in pattern.terms)
    evidence = query.reader.evidence(ids, vector, translated.union(own, beside, marked))
    if not filters.speaker:
        return evidence
    return spoken_by(evidence, filters, query.reader, salient(terms.weights))


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
    best, nearest = (scored(evidence, query)[0].score for evidence in (having, allowed))
    if query.syntax.may_stress and best < EMPHASIS * nearest:
        return allowed, answer
    return having, replace(answer, nearer=best < nearest)
