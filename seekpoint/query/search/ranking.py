"""Ranked hits: candidates scored by meaning and words, read again by windows, distinct, and mixed from resources."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import reduce
from itertools import chain, islice, pairwise
from math import fsum
from typing import NamedTuple, Protocol, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from seekpoint.index.store import Reader
from seekpoint.index.text.bm25 import K1, saturated
from seekpoint.index.text.languages import primary
from seekpoint.index.types import Evidence, Pieces, Reranker, StoredChunk, TermMatrix, Vectors, WordGroup
from seekpoint.query.search.definitions import defines
from seekpoint.query.search.literal import texts_of
from seekpoint.query.search.noted import LikeQuestion, like_questions
from seekpoint.query.search.question import Query
from seekpoint.query.search.settings import AHEAD, AROUND, INTRODUCES, NEAR, UNKNOWN_SHARE, Tuning

Floats: TypeAlias = NDArray[np.floating]

MOST_RERANKED = 20
"""The number of hits that a reranker reads: each costs some windows."""

# Hits that are ranked again by windows; with 60 answers are as good, with 30 sharp@1 falls by .01.
_RERANKED, _RERANKED_A_MOMENT = 40, 4
# Hits near which noted questions are looked up; with 40 moment@1 falls by .016 on broad-short.
_NOTED = 80
# The first hits are mixed, and this many hits behind the shown ones may take their places.
_MIXED, _BEYOND = 5, 10
# Chunks. Larger batches need newly allocated memory each time, which takes longer than the arithmetic.
_AT_ONCE = 20
_LEAST = np.float32(1e-24)


class Hit(NamedTuple):
    """A chunk that matches a question, with its scores (0 to 1, higher is better).

    Hits are ordered by `score`. `said` and `translated` are how far the chunk covers the question's own words and their
    translations, `lexical` how far words count for it, `verbatim` is what it gains in score for saying the question
    word for word, and `windows` are read where it is among the first. The answer may begin in the chunk of the
    `opening`. `noted` is what it gains for the question `like` the one that is asked, which a language model noted near
    it. Where a reranker gave the score, `fused` is the one before. A reranker or a noted question gives `begin`, the
    second at which the answer begins.
    """

    chunk: StoredChunk
    dense: float
    lexical: float
    score: float
    said: float = 0.0
    translated: float = 0.0
    verbatim: float = 0.0
    noted: float = 0.0
    like: LikeQuestion | None = None
    windows: Windows | None = None
    opening: Hit | None = None
    fused: float | None = None
    begin: float | None = None

    @property
    def resource_id(self) -> str:
        return self.chunk.resource_id

    @property
    def is_reference(self) -> bool:
        return self.chunk.is_reference


def ranked(
    evidence: Evidence, query: Query, rerank: Callable[[Sequence[Hit], str, Reranker, Reader], list[Hit]]
) -> tuple[list[Hit], Counter[str], list[Hit]]:
    """The k best hits, the number of further ones by resource, and the best hits before `rerank` of reranking.py."""
    options, nearly = query.options, query.tuning.nearly
    hits = scored(evidence, query)
    # A sentence that somebody remembers is found by its words alone.
    is_remembered = 1.0 in query.said.values()
    noted = {} if is_remembered else like_questions([hit.chunk for hit in hits[:_NOTED]], query)
    hits = answering(hits, noted, query.tuning)
    # The first ones are ranked again by the windows in them.
    count, own = max(_RERANKED, _RERANKED_A_MOMENT * options.k), query.tuning.own
    first, rest = hits[:count], hits[count:]
    chunks = [hit.chunk for hit in first]
    means = {name: each.window_mean for name, each in query.languages.items() if each.window_mean is not None}
    pieces = query.reader.pieces(chunks, AROUND / 2)
    known = [chunk for chunk in chunks if primary(chunk.language) in means]
    by_chunk = windows(known, pieces, means, query.question.vector, query.tuning.scale)
    if by_chunk:
        cosines = [
            own * hit.dense + (1 - own) * by_chunk[hit.chunk.id].meaning if hit.chunk.id in by_chunk else hit.dense
            for hit in first
        ]
        fused_again = fuse(chunks, cosines, [hit.said for hit in first], [hit.translated for hit in first], query)
        again = answering(fused_again, noted, query.tuning)
        hits = [*(hit._replace(windows=by_chunk.get(hit.chunk.id)) for hit in again), *rest]
    among = [hit for hit in hits if hit.windows]
    ordered: Iterable[Hit] = distinct(hits, query.question.language)
    fused = list(islice(ordered, options.k + _BEYOND))
    if fused and query.names:
        fused = defined(fused, query) or introduced(fused, hits)
    ordered = chain(fused, ordered)
    if options.reranker:
        read = with_openings(list(islice(ordered, MOST_RERANKED)), among, nearly)
        best = rerank(read, query.question.text, options.reranker, query.reader)
        # The others stay behind, with scores that aren't above those of the reranked hits.
        least = min((hit.score for hit in best), default=1.0)
        ordered = chain(best, (hit._replace(score=min(hit.score, least), fused=hit.score) for hit in ordered))
    top, more = mixed(ordered, options.k, options.per_resource, nearly)
    return with_openings(top, among, nearly), more, fused


def scored(evidence: Evidence, query: Query) -> list[Hit]:
    """Every candidate by its own cosine, its words and their translations.

    Of a question that names resources, the words beside the names count there.
    """
    terms, chunks, limit = query.terms, evidence.chunks, query.limit
    own = strongest(term_scores(evidence.words, terms.rarest, query.average), limit)
    covered = coverage(own, terms.weights, terms.discriminative)
    if terms.names.limits:
        are_named = np.array([chunk.resource_id in terms.names.resources for chunk in chunks], bool)
        others = [term for term in terms.discriminative if term not in terms.name_terms]
        beside = term_scores(evidence.words, terms.rarest_beside_names, query.average) * are_named
        covered = np.maximum(covered, coverage(strongest(beside, limit), terms.weights, others))
    in_translation = group_scores(evidence.words, terms.groups, [primary(chunk.language) for chunk in chunks])
    cosines = [query.tuning.scale * cosine for cosine in evidence.cosines]
    return fuse(chunks, cosines, covered.tolist(), in_translation.tolist(), query)


def coverage(scores: Floats, weights: Mapping[str, float], question_terms: Iterable[str]) -> Floats:
    """BM25 scores as shares of the highest score that the question could reach, comparable between questions.

    `weights` are the idf of the terms that the library has.
    """
    unknown = max(weights.values(), default=0.0) * UNKNOWN_SHARE
    highest = fsum(weights.get(term, unknown) for term in set(question_terms)) * (K1 + 1)
    return np.minimum(scores / highest, 1.0) if highest else np.zeros(len(scores))


def term_scores(words: TermMatrix, weights: Mapping[str, float], average_length: float) -> Floats:
    """The BM25 of chunks for weighted terms; `average_length` is that of all chunks, in terms."""
    rows = [row for row, term in enumerate(words.terms) if term in weights]
    saturation = saturated(words.counts[rows], words.lengths, average_length)
    scores: Floats = np.array([weights[words.terms[row]] for row in rows]) @ saturation
    return scores


def group_scores(
    words: TermMatrix, groups: Sequence[tuple[WordGroup, float]], languages: Sequence[str]
) -> NDArray[np.float64]:
    """The BM25 of chunks for weighted groups, without length normalisation.

    All alternatives of a group count together (Pirkola, 1998); one of several terms counts as often as its rarest term.
    `languages` are the chunks' primary subtags: a group counts in the chunks of its language.
    """
    rows = dict(zip(words.terms, words.counts, strict=True))
    are_spoken = {name: np.array([language == name for language in languages], bool) for name in {*languages}}
    scores = np.zeros(len(languages))
    for group, weight in groups:
        known = [[rows[term] for term in terms] for terms in group.alternatives if rows.keys() >= {*terms}]
        if known and group.language in are_spoken:
            counts = reduce(np.add, (reduce(np.minimum, alternative) for alternative in known))
            scores += weight * saturated(counts * are_spoken[group.language])
    return scores


def strongest(scores: Floats, k: int) -> Floats:
    """The k highest scores as they are, and 0 for all others; ties go to the first."""
    if len(scores) <= k:
        return scores
    kept = np.argsort(-scores, kind="stable")[:k]
    strong = np.zeros_like(scores)
    strong[kept] = scores[kept]
    return strong


def fuse(
    chunks: Sequence[StoredChunk],
    cosines: Sequence[float],
    said: Sequence[float],
    translated: Sequence[float],
    query: Query,
) -> list[Hit]:
    """Every chunk with its fused score, best first; chunks of bibliographies come after all others.

    `said` is the coverage of the question's words, `translated` that of its translated words by chunks in other
    languages.
    """
    tuning, own = query.tuning, np.array(said)
    meaning = np.maximum(np.array(cosines), 0.0)
    are_foreign = np.array([primary(chunk.language) != query.question.language for chunk in chunks], bool)
    are_named = np.array([chunk.resource_id in query.terms.names.resources for chunk in chunks], bool)
    are_last = np.array([chunk.is_reference for chunk in chunks], bool)
    # Between languages meaning and translations stand in for words.
    stand_in = np.minimum(tuning.stand_in * meaning + tuning.translated * np.array(translated), 1.0)
    words = np.where(are_foreign, np.maximum(own, stand_in), own)
    score = tuning.dense_share * meaning + (1 - tuning.dense_share) * words
    score = np.where(are_named, np.minimum(score + tuning.named, 1.0), score)
    share = tuning.verbatim * np.array([query.said.get(chunk.id, 0.0) for chunk in chunks])
    gains, score = share * (1 - score), 1 - (1 - share) * (1 - score)
    scores = (values.tolist() for values in (meaning, words, score))
    hits = list(map(Hit, chunks, *scores, said, translated, gains.tolist()))
    order = np.lexsort([np.array([chunk.id for chunk in chunks]), -score, are_last])
    return [hits[index] for index in order.tolist()]


def answering(hits: Sequence[Hit], noted: Mapping[int, LikeQuestion], tuning: Tuning) -> list[Hit]:
    """The hits, best first, each with what it gains for a noted question that is like the one that is asked."""
    if not noted:
        return list(hits)
    gained = list[Hit]()
    for hit in hits:
        like = noted.get(hit.chunk.id)
        if like and like.likeness > tuning.unlike:
            gain = min(tuning.noted * (like.likeness - tuning.unlike), 1 - hit.score)
            hit = hit._replace(score=hit.score + gain, noted=gain, like=like, begin=like.question.start)
        gained.append(hit)
    return sorted(gained, key=lambda hit: (hit.chunk.is_reference, -hit.score, hit.chunk.id))


class Windows(NamedTuple):
    """The cosines of the windows at each piece that begins in a chunk or covers its beginning.

    `ahead` is the cosine of the AHEAD seconds from the piece's start on, `around` that of the AROUND seconds around it.
    """

    starts: Sequence[float]
    ahead: Sequence[float]
    around: Sequence[float]

    @property
    def meaning(self) -> float:
        """The chunk's cosine: the mean of its best window ahead and its best window around."""
        return (max(self.ahead) + max(self.around)) / 2


def windows(
    chunks: Sequence[StoredChunk],
    pieces: Mapping[int, Pieces],
    means: Mapping[str, Vectors],
    question: Vectors,
    scale: float = 1.0,
) -> dict[int, Windows]:
    """The windows of chunks, by chunk id, their cosines multiplied by `scale`; chunks without pieces are left out.

    `pieces` are those of each chunk and of AROUND / 2 seconds before and after it, by chunk id. `means` are the window
    means of the languages, and `question` is centred.
    """
    by_chunk: dict[int, Windows] = {}
    for first in range(0, len(chunks), _AT_ONCE):
        by_chunk |= _batch(chunks[first : first + _AT_ONCE], pieces, means, np.float32(scale) * question)
    return by_chunk


def _batch(
    chunks: Sequence[StoredChunk], pieces: Mapping[int, Pieces], means: Mapping[str, Vectors], question: Vectors
) -> dict[int, Windows]:
    # The starts of each chunk's pieces, padded with infinity, and the cumulative sums of their vectors. Pieces are the
    # first axis of the sums, so that those of all chunks are added at once.
    own = [pieces[chunk.id] for chunk in chunks]
    most = max(len(piece.starts) for piece in own)
    starts = np.full((len(own), most), np.inf)
    totals = np.zeros((most + 1, len(own), own[0].sums.shape[1]), np.float32)
    for place, piece in enumerate(own):
        starts[place, : len(piece.starts)] = piece.starts
        totals[1 : len(piece.starts) + 1, place] = piece.sums
    for previous, following in pairwise(totals):
        following += previous
    # Whether each piece begins in its chunk or covers its beginning; shape (chunks, pieces).
    start, end = (np.array([[chunk.start] for chunk in chunks]), np.array([[chunk.end] for chunk in chunks]))
    covering = np.maximum(np.count_nonzero(starts <= start, axis=1, keepdims=True) - 1, 0)
    inside = (starts < end) & (np.arange(starts.shape[1]) >= covering)
    row, _ = inside.nonzero()
    languages, of_chunks = np.unique([primary(chunk.language) for chunk in chunks], return_inverse=True)
    language = of_chunks[row]
    language_means = np.stack([means[tag] for tag in languages.tolist()])
    seconds, chunk_starts = starts[inside], starts[row]

    def total(stops: NDArray[np.float64]) -> Vectors:
        """The sum of the pieces of each row that begin before the row's second."""
        sums: Vectors = totals[np.count_nonzero(chunk_starts < stops[:, None], axis=1), row]
        return sums

    def cosines(before: float, after: float) -> list[float]:
        sums = total(seconds + after) - total(seconds - before)
        return _cosines(sums, language_means, language, question)

    columns = seconds.tolist(), cosines(0, AHEAD), cosines(AROUND / 2, AROUND / 2)
    bounds = [0, *np.cumsum(inside.sum(axis=1)).tolist()]
    return {
        chunk.id: Windows(*(column[first:stop] for column in columns))
        for chunk, (first, stop) in zip(chunks, pairwise(bounds), strict=True)
        if first < stop
    }


def _cosines(sums: Vectors, means: Vectors, language: NDArray[np.intp], question: Vectors) -> list[float]:
    """The cosine of each row of `sums`, normalised and centred by its language's mean, with a centred question.

    `language` is the index of each row's mean. The result for a row doesn't depend on the other rows, which a matrix
    product can't guarantee.
    """
    squares = np.vecdot(sums, sums)
    lengths = np.sqrt(np.maximum(squares, _LEAST))
    along = np.vecdot(sums, question) / lengths - np.vecdot(means, question)[language]
    onto = np.vecdot(sums[:, None], means)[np.arange(len(sums)), language] / lengths
    rest = squares / lengths**2 - 2 * onto + np.vecdot(means, means)[language]
    cosines: list[float] = (along / np.sqrt(np.maximum(rest, _LEAST))).tolist()
    return cosines


def distinct(hits: Sequence[Hit], language: str | None) -> Iterator[Hit]:
    """The hits that don't overlap a better hit of the same resource.

    If the same passage was also found in the question's language, that chunk replaces the hit's.
    """
    taken: list[StoredChunk] = []
    for hit in hits:
        own = hit.chunk
        if any(_shared_seconds(own, chunk) > 0 for chunk in taken):
            continue
        preferred = hit
        if primary(own.language) != language:
            half = (own.end - own.start) / 2
            twins = (other for other in hits if _shared_seconds(own, other.chunk) > half)
            preferred = next((twin for twin in twins if primary(twin.chunk.language) == language), hit)
        taken += [own, preferred.chunk]
        yield hit._replace(chunk=preferred.chunk, said=preferred.said, windows=preferred.windows)


def defined(hits: Sequence[Hit], query: Query) -> list[Hit]:
    """The distinct hits, first the earliest that defines the name in the best resource that does; empty if none does.

    Those count that score INTRODUCES times as much as the best one.
    """
    near = [hit for hit in hits if hit.score >= INTRODUCES * hits[0].score]
    texts = texts_of([hit.chunk for hit in near], query.reader)
    defining = [hit for hit, text in zip(near, texts, strict=True) if defines(text, query.names)]
    if not defining:
        return []
    resource_id = defining[0].chunk.resource_id
    first = min((hit for hit in defining if hit.chunk.resource_id == resource_id), key=lambda hit: hit.chunk.start)
    return [first, *(hit for hit in hits if hit is not first)]


def introduced(hits: Sequence[Hit], among: Iterable[Hit]) -> list[Hit]:
    """The distinct hits, first the one that introduces the subject: the earliest near the best one in its resource.

    An introduction counts only if a near hit of `among` follows it: nothing near follows an announcement.
    """
    best = hits[0]

    def is_near(hit: Hit) -> bool:
        return hit.chunk.resource_id == best.chunk.resource_id and hit.dense >= INTRODUCES * best.dense

    following = [hit.chunk.start for hit in among if is_near(hit)]
    earlier = [
        hit
        for hit in hits
        if is_near(hit)
        and hit.chunk.start < best.chunk.start
        and hit.score >= INTRODUCES * best.score
        and any(hit.chunk.start < start <= hit.chunk.end for start in following)
    ]
    first = min(earlier, key=lambda hit: hit.chunk.start, default=best)
    return [first, *(hit for hit in hits if hit is not first)]


class Mixable(Protocol):
    """What is mixed: a hit, or a moment."""

    @property
    def score(self) -> float: ...
    @property
    def resource_id(self) -> str: ...
    @property
    def is_reference(self) -> bool: ...


_Mixable = TypeVar("_Mixable", bound=Mixable)


def mixed(hits: Iterable[_Mixable], k: int, per_resource: int, nearly: float) -> tuple[list[_Mixable], Counter[str]]:
    """The first k of distinct hits, and how many more each resource has that are near the best hit.

    Among the first five are at most `per_resource` of a resource, unless no hit of another one is near, which also
    scores at least `nearly` times as much as the one whose place it takes.
    """
    left, shown, counts = list(islice(hits, k + _BEYOND)), list[_Mixable](), Counter[str]()
    least = NEAR * left[0].score if left else 0.0

    def may_replace(hit: Mixable, held: Mixable) -> bool:
        is_near = hit.score >= max(nearly * held.score, least)
        return is_near and counts[hit.resource_id] < per_resource and not hit.is_reference

    while left and len(shown) < k:
        hit = left[0]
        if len(shown) < _MIXED and counts[hit.resource_id] >= per_resource:
            hit = next((other for other in left if may_replace(other, hit)), hit)
        left.remove(hit)
        shown.append(hit)
        counts[hit.resource_id] += 1
    return shown, Counter(hit.resource_id for hit in left if hit.score >= least)


def with_openings(hits: Sequence[Hit], among: Sequence[Hit], nearly: float) -> list[Hit]:
    """The hits, each with the one in whose chunk its answer may begin, unless it has one already.

    That is the overlapping one before it, if it scores at least `nearly` times as much and doesn't overlap a better
    hit, which the reader has already seen; else the hit itself.
    """
    opened = []
    for rank, hit in enumerate(hits):
        before = [
            other
            for other in among
            if other.chunk.transcript_id == hit.chunk.transcript_id
            and other.chunk.start < hit.chunk.start < other.chunk.end
            and other.score >= nearly * hit.score
            and not any(_shared_seconds(other.chunk, better.chunk) > 0 for better in hits[:rank])
        ]
        opening = max(before, key=lambda other: other.chunk.start, default=hit)
        opened.append(hit if hit.opening else hit._replace(opening=opening))
    return opened


def _shared_seconds(chunk: StoredChunk, other: StoredChunk) -> float:
    """The seconds by which two chunks of a resource overlap, whatever their languages; 0 or less if they don't."""
    if chunk.resource_id != other.resource_id:
        return 0.0
    return min(chunk.end, other.end) - max(chunk.start, other.start)
