"""Candidates by words: proposed by the `bm25` index or, where few chunks can have them, by the index of terms.

The engine weighs a term by its rarity and by how often a query repeats it, and knows no groups. So a query repeats a
term to give it its weight, the engine proposes some times as many chunks as are wanted, and these are weighed by the
counts of their terms.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from itertools import chain

import numpy as np

from seekpoint.index.postgres.meaning import KEPT, KEPT_AFTERWARDS, LACKING, ServerScope, lacking
from seekpoint.index.postgres.session import Session
from seekpoint.index.postgres.transcripts import letters, term_frequencies, text_of
from seekpoint.index.sql.term_counts import term_matrix
from seekpoint.index.text.bm25 import saturated
from seekpoint.index.types import Alternatives, TermMatrix, Vectors, WordGroup

# Chunks to weigh for each that is wanted.
_PROPOSED = 4
_FEWEST_PROPOSED = 40
# So many of a question's heaviest terms propose chunks, but beyond the first ones none that more than this share of all
# chunks have: the `bm25` index takes longest for these. At a million chunks .93 of the ten best chunks by terms and .67
# by translations are proposed so; in the libraries of dev, lectures and broad all, and .98 and more.
_TERMS_PROPOSING, _FEWEST_TERMS, _COMMON = 24, 8, 0.1
# How often the heaviest of them, by what the engine makes of it, stands in a query.
_MOST_REPEATED = 10
# Up to so many chunks all that have the words are weighed.
_FEW = 2000
# Up to so many chunks the ones that have any of several translations are counted. Above that their number is estimated,
# as if the translations occurred independently of each other.
_FEW_COUNTED = 1000

_TERMS = "string_to_array(chunk.terms, ' ')"
_CHOSEN = "SELECT chosen.id, body.terms FROM ({inner}) AS chosen JOIN body ON chunk_id = chosen.id ORDER BY chosen.id"
_HAVING_ANY = f"SELECT chunk.id FROM chunk WHERE {_TERMS} && %s::text[] AND {KEPT} AND {LACKING}"
_BEST = f"""SELECT chunk.id FROM chunk WHERE {KEPT_AFTERWARDS} AND {LACKING}
            ORDER BY chunk.terms <@> to_bm25query(%s) LIMIT %s"""


class WordProposals:
    """Proposes and counts chunks by words, of all `chunks`, for one question or several on the same snapshot."""

    def __init__(self, session: Session, chunks: int) -> None:
        self._session = session
        self._chunks = chunks
        self._numbers: dict[str, int] = {}
        self._frequencies: dict[str, dict[str, int]] = {}

    def numbers(self, terms: Collection[str]) -> dict[str, int]:
        """The number of each term that has one, in the order of the terms."""
        missing = [term for term in terms if term not in self._numbers]
        if missing:
            rows = self._session.rows("SELECT text, number FROM term WHERE text = ANY(%s)", missing)
            self._numbers |= {text: number for text, number in rows}
        return {term: self._numbers[term] for term in terms if term in self._numbers}

    def frequencies(self, terms: Collection[str]) -> dict[str, int]:
        """The number of chunks with each term; terms that no chunk has are left out."""
        self._count(terms)
        return {term: sum(of.values()) for term in terms if (of := self._frequencies[term])}

    def group_frequencies(self, groups: Sequence[WordGroup], sizes: Mapping[str, int]) -> list[int]:
        """How many chunks of each group's language, which has `sizes`, have any of its alternatives."""
        self._count([term for group in groups for terms in group.alternatives for term in terms])
        counts, to_count = list[int](), dict[int, list[tuple[str, ...]]]()
        for k, (alternatives, language) in enumerate(groups):
            # The most chunks that can have all terms of each alternative.
            bounds = [
                min((self._frequencies[term].get(language, 0) for term in terms), default=0) for terms in alternatives
            ]
            size = sizes.get(language, 0)
            missing = math.prod(1 - min(bound, size) / size for bound in bounds) if size else 1.0
            counts.append(min(size, max(round(size * (1 - missing)), *bounds, 0)))
            occurring = [terms for terms, bound in zip(alternatives, bounds, strict=True) if bound]
            is_exact = len(occurring) == 1 and len(set(occurring[0])) == 1
            if 0 < counts[k] <= _FEW_COUNTED and not is_exact:
                to_count[k] = occurring
        if to_count:
            parts, values = [], list[object]()
            for k, occurring in to_count.items():
                having = " OR ".join([f"{_TERMS} @> %s::text[]"] * len(occurring))
                parts.append(f"(SELECT count(*) FROM chunk WHERE language = %s AND ({having}))")
                values += [groups[k].language, *(self.letters(terms) for terms in occurring)]
            [counted] = self._session.rows(f"SELECT {', '.join(parts)}", *values)
            for k, count in zip(to_count, counted, strict=True):
                counts[k] = count
        return counts

    def by_terms(self, weights: Mapping[str, float], k: int, kept: ServerScope, without: Collection[str]) -> list[int]:
        """The ids of about the k best chunks by weighted terms, of those kept, `without` those with some terms."""
        ids, counts = self._proposed(weights, k, kept, without)
        found = np.array([weights[term] for term in counts.terms], np.float32)
        return _best(ids, found @ _saturated(counts.counts, counts.lengths), k)

    def by_groups(
        self, groups: Sequence[tuple[WordGroup, float]], k: int, kept: ServerScope, without: Collection[str]
    ) -> list[int]:
        """The ids of about the k best chunks by weighted groups; `kept` and `without` as in `by_terms`."""
        found: list[tuple[float, int]] = []
        for language in dict.fromkeys(group.language for group, _ in groups):
            if kept.language not in (None, language):
                continue
            spoken = [(group.alternatives, weight) for group, weight in groups if group.language == language]
            scope = ServerScope(kept.resources, language, kept.chunks)
            ids, counts = self._proposed(term_weights(spoken), k, scope, without)
            rows, scores = dict(zip(counts.terms, counts.counts, strict=True)), np.zeros(len(ids), np.float32)
            for alternatives, weight in spoken:
                having = [np.min([rows[t] for t in terms], axis=0) for terms in alternatives if rows.keys() >= {*terms}]
                if having:
                    scores = scores + weight * _saturated(np.sum(having, axis=0), counts.lengths)
            found += zip(scores.tolist(), ids, strict=True)
        return [chunk_id for score, chunk_id in sorted(found, reverse=True)[:k] if score > 0]

    def by_phrases(
        self,
        phrases: Sequence[Alternatives],
        weights: Mapping[str, float],
        k: int,
        kept: ServerScope,
        without: Collection[str],
    ) -> list[int]:
        """The ids of about the k best chunks by weighted terms, of those that have the terms of all phrases."""
        numbers = self.numbers([*weights, *(t for each in phrases for terms in each for t in terms)])
        known = [[self.letters(terms) for terms in each if numbers.keys() >= {*terms}] for each in phrases]
        if not len(kept) or not all(known):
            return []
        having = " AND ".join(f"({' OR '.join([f'{_TERMS} @> %s::text[]'] * len(each))})" for each in known)
        values, query = chain.from_iterable(known), text_of(numbers.values())
        most = max(_PROPOSED * k, _FEW)
        inner = f"""SELECT chunk.id FROM chunk WHERE {having} AND {KEPT} AND {LACKING}
                    ORDER BY chunk.terms <@> to_bm25query(%s, 'chunk_words') LIMIT %s"""
        ids, counts = self._counts(
            list(weights), inner, *values, *kept.values, *lacking(self.letters(without)), query, most
        )
        found = np.array([weights[term] for term in counts.terms], np.float32)
        return _best(ids, found @ _saturated(counts.counts, counts.lengths), k, least=-1.0)

    def _proposed(
        self, weights: Mapping[str, float], k: int, kept: ServerScope, without: Collection[str]
    ) -> tuple[list[int], TermMatrix]:
        """Some times k chunks that have any of some weighted terms, and how often they have them."""
        terms = list(weights)
        numbers = self.numbers(terms)
        if not numbers or not len(kept) or not k:
            return self._counts(terms, None)
        if len(kept) <= _FEW:
            return self._counts(terms, _HAVING_ANY, self.letters(terms), *kept.values, *lacking(self.letters(without)))
        most = max(_PROPOSED * k, _FEWEST_PROPOSED)
        query = text_of(numbers[term] for term in proposing(weights, self.frequencies([*numbers]), self._chunks))
        return self._counts(terms, _BEST, *kept.values, *lacking(self.letters(without)), query, most)

    def _counts(self, terms: Sequence[str], inner: str | None, *values: object) -> tuple[list[int], TermMatrix]:
        query = _CHOSEN.format(inner=inner)
        rows = self._session.rows(query, *values) if inner else []
        return [row[0] for row in rows], term_matrix(self.numbers(terms), [row[1] for row in rows])

    def letters(self, terms: Collection[str]) -> list[str]:
        """The terms that the library has, as they are written in `chunk`."""
        return [letters(number) for number in self.numbers(terms).values()]

    def _count(self, terms: Collection[str]) -> None:
        missing = [term for term in dict.fromkeys(terms) if term not in self._frequencies]
        if missing:
            found = term_frequencies(self._session, missing)
            self._frequencies |= {term: found.get(term, {}) for term in missing}


def proposing(weights: Mapping[str, float], frequencies: Mapping[str, int], chunks: int) -> list[str]:
    """The terms by which chunks are proposed, each as often as its weight asks for; the library has so many chunks."""
    heaviest = sorted(frequencies, key=lambda term: -weights[term])[:_TERMS_PROPOSING]
    terms = [t for rank, t in enumerate(heaviest) if rank < _FEWEST_TERMS or frequencies[t] <= _COMMON * chunks]
    shares = {}
    for term in terms:
        frequency = frequencies[term]
        once = math.log1p((max(chunks - frequency, 0) + 0.5) / (frequency + 0.5))  # as in its tp_calculate_idf
        shares[term] = weights[term] / once
    most = max(shares.values(), default=0.0) or 1.0
    return [term for term, share in shares.items() for _ in range(max(1, round(_MOST_REPEATED * share / most)))]


def term_weights(groups: Sequence[tuple[Sequence[Sequence[str]], float]]) -> dict[str, float]:
    """The weight of each term in groups of alternatives: an alternative has its group's, in equal shares."""
    weights: dict[str, float] = {}
    for alternatives, weight in groups:
        shares: dict[str, float] = {}
        for terms in alternatives:
            shares |= {term: max(shares.get(term, 0.0), weight / len(terms)) for term in terms}
        weights |= {term: weights.get(term, 0.0) + share for term, share in shares.items()}
    return weights


def _saturated(counts: Vectors, lengths: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Vectors:
    """BM25's share of each count in the length of its chunk."""
    return saturated(counts, lengths, float(lengths.mean()) if len(lengths) else 1.0)


def _best(ids: Sequence[int], scores: Vectors, k: int, least: float = 0.0) -> list[int]:
    """The ids of the k best scores above `least`."""
    order = np.argsort(-scores, kind="stable")[:k].tolist()
    return [ids[k] for k in order if scores[k] > least]
