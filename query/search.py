"""A question to an answer: candidates by meaning, by words and by their translations; fused, refined, distinct.

Each stage takes what the one before it found. What is left are moments, each with the second where it begins.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from heapq import nlargest
from itertools import chain, islice
from math import inf
from typing import TYPE_CHECKING

from index.chapters import begun, title_at
from index.errors import UsageError
from index.languages import primary
from index.library import Library
from index.scripts import in_one_script, language_of
from index.terms import terms
from index.text import clean
from index.types import Answer, Details, Encoder, Filters, Hit, Moment, Resource, StoredChunk
from query import across
from query.links import link
from query.localise import best_cue, marks, quote, salient
from query.ranking import coverage, distinct, fuse

if TYPE_CHECKING:
    from index.types import Vectors
    from query.windows import Windows

# How many chunks by meaning and by words go on to be fused: many of them are neighbours of a better one.
_CANDIDATES = 200
_CANDIDATES_A_MOMENT = 6
# How many of the best are looked at through windows.
_REFINED = 60
# A longer question isn't one; its rarest terms say what it is about.
LONGEST_QUESTION = 4000
_MOST_TERMS = 64
_MOST_MOMENTS = 100


@dataclass(frozen=True, slots=True)
class Sought:
    """What is looked for: the question's language, its centred vector, and its words.

    `weights` are those of its terms that the library knows. `lexical` and `translated` are how far chunks cover its
    terms and their translations, by chunk; `glosses` are the weights of the translations, by language.
    """

    language: str
    vector: Vectors
    weights: Mapping[str, float]
    lexical: Mapping[int, float]
    translated: Mapping[int, float]
    glosses: Mapping[str, Mapping[str, float]]


def ask(question: str, library: Library, encoder: Encoder, k: int = 5, filters: Filters | None = None) -> Answer:
    """Answer a question with at most k moments, best first; raises UsageError for an empty or endless question."""
    question_terms = _checked_terms(question)
    if not 1 <= k <= _MOST_MOMENTS:
        raise UsageError(f"the number of moments must be 1 to {_MOST_MOMENTS}, not {k}")
    keep = library.chunk_ids(filters or Filters())
    depth = max(_CANDIDATES, _CANDIDATES_A_MOMENT * k)
    sought = _sought(question, question_terms, library, encoder, depth, keep)
    hits = _candidates(sought, library, depth, keep)
    hits, windows = _refined(hits, sought, library, max(_REFINED, _CANDIDATES_A_MOMENT * k))
    best = list(islice(distinct(hits, sought.language), k))
    found_in = [hit.chunk.resource_id for hit in best]
    resources, details = library.resources(found_in), library.details_by_id(found_in)
    moments = tuple(
        _moment(rank, hit, resources[found], details[found], sought, windows.get(hit.chunk.id), library)
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


def _sought(
    question: str, question_terms: list[str], library: Library, encoder: Encoder, depth: int, keep: list[int] | None
) -> Sought:
    weights = library.lexicon.weights(question_terms)
    rarest = sorted(weights, key=lambda term: -weights[term])[:_MOST_TERMS]
    found = library.lexicon.best(rarest, depth, keep)
    lexical = {chunk_id: coverage(bm25, weights, question_terms) for chunk_id, bm25 in found}
    guess, vector = library.vectors.centred_question(encoder.question(in_one_script(clean(question))))
    language = language_of(question, guess)
    translated, glosses = _translated(question, language, library)
    if keep is not None:
        translated = {chunk_id: translated[chunk_id] for chunk_id in translated.keys() & set(keep)}
    return Sought(language, vector, weights, lexical, translated, glosses)


def _translated(
    question: str, language: str, library: Library
) -> tuple[dict[int, float], dict[str, Mapping[str, float]]]:
    """How far chunks in other languages cover the question's words in translation, and what those weigh."""
    covered: dict[int, float] = {}
    glosses: dict[str, Mapping[str, float]] = {}
    for target in library.languages - {language}:
        known = library.translations(language, target, across.candidates(question))
        groups = across.groups(question, known)
        if groups:
            counts = {term: library.lexicon.counts(term) for term in across.terms_of(groups)}
            weighed = across.weigh(groups, counts, library.spoken[target])
            covered |= across.coverage(weighed)
            glosses[target] = across.weights(weighed)
    return covered, glosses


def _candidates(sought: Sought, library: Library, depth: int, keep: list[int] | None) -> list[Hit]:
    """The chunks that are near by meaning or by words, best first."""
    near = (chunk_id for chunk_id, _ in library.vectors.nearest(sought.vector, depth, keep))
    covered = nlargest(depth, sought.translated, key=lambda chunk_id: sought.translated[chunk_id])
    ids = list({*near, *sought.lexical, *covered})
    dense = library.vectors.scores(sought.vector, ids)
    return fuse(library.chunks(ids).values(), dense, sought.lexical, sought.language, sought.translated)


def _refined(hits: list[Hit], sought: Sought, library: Library, count: int) -> tuple[list[Hit], dict[int, Windows]]:
    """The hits with the best ones ranked anew by the windows in them, which come back too, by chunk."""
    windows = _windows([hit.chunk for hit in hits[:count]], sought, library)
    if not windows:
        return hits, {}
    chunks = [hit.chunk for hit in hits[:count]]
    dense = {hit.chunk.id: hit.dense for hit in hits[:count]} | {i: found.meaning for i, found in windows.items()}
    anew = fuse(chunks, dense, sought.lexical, sought.language, sought.translated)
    return list(chain(anew, hits[count:])), windows


def _windows(chunks: Sequence[StoredChunk], sought: Sought, library: Library) -> dict[int, Windows]:
    from query.windows import AROUND, windows

    means = library.vectors.window_means
    pieces = library.pieces([chunk.id for chunk in chunks], AROUND / 2)
    known = [chunk for chunk in chunks if primary(chunk.language) in means]
    return windows(known, pieces, means, sought.vector)


def _moment(
    rank: int,
    hit: Hit,
    resource: Resource,
    details: Details,
    sought: Sought,
    windows: Windows | None,
    library: Library,
) -> Moment:
    chunk = hit.chunk
    weights = {**salient(sought.weights), **sought.glosses.get(primary(chunk.language), {})}
    cues = library.cues(chunk.transcript_id, chunk.first, chunk.stop)
    chapters = begun(details.chapters, chunk.start, chunk.end)
    cues = cues[best_cue(cues, weights, chapters, windows.ahead_at if windows else None) :]
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
