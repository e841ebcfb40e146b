"""Proposing chunks by words, and counting the chunks that have them, with the search engine tantivy.

Terms are cut by Seekpoint, and indexed with the language of their chunk: `en:attent`. So a word group, which counts in
one language, needs no filter; a question's own term is looked up in every language. The engine's scores are
approximate: it rounds the lengths of chunks, and each alternative of a group counts as a term. Exact scores come from
the database.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache, partial
from typing import Any, TypeAlias

import tantivy
from tantivy import Occur, Query

from seekpoint.index.types import Alternatives, WordGroup

_CHUNK, _TRANSCRIPT, _FIRST, _TERMS = "chunk", "transcript", "first", "terms"
_WRITER_BYTES = 30_000_000
_CACHED_COUNTS = 1 << 16

Entry: TypeAlias = tuple[int, int, str, Sequence[str]]
"""A chunk to index: its id, the first chunk id and the language of its transcript, and its terms."""


class WordIndex:
    """One snapshot of an index, which threads may share. Search it within `engine_errors`.

    It needs neither names of files nor the engine's lock. `languages` are those of the library, as primary subtags, and
    `transcripts` its transcripts, by first chunk id: others count as absent, and the index may lack some.
    """

    def __init__(self, index: tantivy.Index, languages: Collection[str], transcripts: Collection[int]) -> None:
        with engine_errors():
            index.config_reader(reload_policy="manual")
            self._schema, self._searcher = index.schema, index.searcher()
            indexed = _transcripts(self._schema, self._searcher)
            # Chunks are deleted by whole transcripts; the engine's document frequencies include those not yet merged.
            self._has_deleted = len(indexed) < self._searcher.doc_freq(_FIRST, 1)
        self.lacking = set(transcripts) - indexed
        hidden = indexed.difference(transcripts)
        self._hidden = self._among(hidden) if hidden else None
        self._languages = sorted(languages)
        self.count = lru_cache(_CACHED_COUNTS)(self._count)
        self._frequency = lru_cache(_CACHED_COUNTS)(partial(self._searcher.doc_freq, _TERMS))

    def by_terms(self, weights: Mapping[str, float]) -> list[Query]:
        """Queries by weighted terms, each in every language that has it."""
        return [self._weighted([spoken], weight) for term, weight in weights.items() for spoken in self._spoken(term)]

    def by_groups(self, groups: Sequence[tuple[WordGroup, float]]) -> list[Query]:
        """Queries by weighted groups."""
        return [self._weighted(terms, weight) for group, weight in groups for terms in _alternatives_of(group)]

    def by_phrases(self, phrases: Sequence[Alternatives], weights: Mapping[str, float]) -> list[Query]:
        """Queries by weighted terms, for chunks with all terms of an alternative of each phrase."""
        required = []
        for language in self._languages:
            spoken = [
                [[_tagged(language, term) for term in terms] for terms in alternatives] for alternatives in phrases
            ]
            known = [[terms for terms in each if all(map(self._frequency, terms))] for each in spoken]
            if all(known):
                required.append(_all(_any(map(self._all_of, each)) for each in known))
        if not required:
            return []
        having = Query.const_score_query(_any(required), 0.0)
        scored = [(Occur.Should, query) for query in self.by_terms(weights)]
        return [Query.boolean_query([(Occur.Must, having), *scored])]

    def best(
        self, queries: Sequence[Query], k: int, within: Collection[int] | None = None, without: Collection[str] = ()
    ) -> list[tuple[float, int]]:
        """About the k best chunks by any of the queries that have none of the terms `without`, as (score, chunk id).

        `within` limits them to transcripts, by first chunk id.
        """
        if not queries:
            return []
        query = self._visible(_any(queries))
        absent = [self._all_of([spoken]) for term in without for spoken in self._spoken(term)]
        if absent:
            query = Query.boolean_query([(Occur.Must, query), *((Occur.MustNot, term) for term in absent)])
        if within is not None:
            query = _all([query, Query.const_score_query(self._among(within), 0.0)])
        hits = self._searcher.search(query, k, count=False).hits
        chunks = self._searcher.fast_field_values(_CHUNK, [address for _, address in hits])
        return [(score, int(chunk or 0)) for (score, _), chunk in zip(hits, chunks, strict=True)]

    def _count(self, sought: str | WordGroup) -> int:
        """The number of chunks that have a term, or any alternative of a group in its language; cached."""
        if isinstance(sought, str):
            return sum(self._having([[spoken]]) for spoken in self._spoken(sought))  # a chunk has one language
        return self._having(_alternatives_of(sought))

    def _having(self, alternatives: Sequence[Sequence[str]]) -> int:
        """The number of chunks that have all terms of any alternative."""
        if not alternatives:
            return 0
        if len(alternatives) == len(alternatives[0]) == 1 and not self._has_deleted and self._hidden is None:
            return self._frequency(alternatives[0][0])
        query = self._visible(_any(map(self._all_of, alternatives)))
        result: Any = self._searcher.search(query, 1, count=True)  # its types lack `count`
        return int(result.count)

    def _spoken(self, term: str) -> list[str]:
        """A term as it is indexed in each language that has it."""
        tagged = (_tagged(language, term) for language in self._languages)
        return [spoken for spoken in tagged if self._frequency(spoken)]

    def _weighted(self, terms: Sequence[str], weight: float) -> Query:
        """Chunks that have all terms, with `weight` instead of the engine's own inverse document frequencies."""
        idf = 0.0
        for documents in map(self._frequency, dict.fromkeys(terms)):
            # Frequencies include chunks that are deleted but not merged.
            total = max(self._searcher.num_docs, documents)
            idf += math.log1p((total - documents + 0.5) / (documents + 0.5))
        return Query.boost_query(self._all_of(terms), weight / idf)

    def _all_of(self, terms: Iterable[str]) -> Query:
        queries = (Query.term_query(self._schema, _TERMS, term, index_option="freq") for term in dict.fromkeys(terms))
        return _all(queries)

    def _among(self, transcripts: Collection[int]) -> Query:
        return Query.term_set_query(self._schema, _TRANSCRIPT, list(transcripts))

    def _visible(self, query: Query) -> Query:
        if self._hidden is None:
            return query
        return Query.boolean_query([(Occur.Must, query), (Occur.MustNot, self._hidden)])


def new_index(folder: str | None = None) -> tantivy.Index:
    """An empty index in a folder, or in memory."""
    schema = tantivy.SchemaBuilder()
    schema.add_integer_field(_CHUNK, fast=True)
    schema.add_integer_field(_TRANSCRIPT, indexed=True)
    schema.add_integer_field(_FIRST, indexed=True)  # 1 in the first chunk of a transcript, which identifies it
    schema.add_text_field(_TERMS, tokenizer_name="whitespace", index_option="freq")
    return tantivy.Index(schema.build(), folder)


def update(
    index: tantivy.Index, transcripts: Collection[int], entries_of: Callable[[Collection[int]], Iterable[Entry]]
) -> int:
    """Remove and add transcripts until the index has exactly these, by first chunk id; returns the number of chunks.

    `entries_of` gives the chunks of those that it lacks. Raises ValueError.
    """
    with engine_errors():
        indexed = _transcripts(index.schema, index.searcher())
        if indexed != set(transcripts):
            writer = index.writer(_WRITER_BYTES, num_threads=1)
            for transcript in indexed.difference(transcripts):
                writer.delete_documents_by_term(_TRANSCRIPT, transcript)
            for chunk, transcript, language, terms in entries_of(set(transcripts) - indexed):
                text = " ".join(_tagged(language, term) for term in terms)
                marks = {_FIRST: 1} if chunk == transcript else {}
                writer.add_document(tantivy.Document(chunk=chunk, transcript=transcript, terms=text, **marks))
            writer.commit()
            writer.garbage_collect_files()
            writer.wait_merging_threads()
            index.reload()
        return int(index.searcher().num_docs)


def _transcripts(schema: tantivy.Schema, searcher: tantivy.Searcher) -> set[int]:
    """The transcripts that are indexed, by first chunk id."""
    number = searcher.doc_freq(_FIRST, 1)
    if not number:
        return set()
    hits = searcher.search(Query.term_query(schema, _FIRST, 1), number, count=False).hits
    return {int(chunk or 0) for chunk in searcher.fast_field_values(_CHUNK, [address for _, address in hits])}


@contextmanager
def engine_errors() -> Iterator[None]:
    """Turn a panic of the engine, which isn't an `Exception`, into a ValueError."""
    try:
        yield
    except BaseException as error:
        if type(error).__name__ == "PanicException":
            raise ValueError("the search engine failed") from error
        raise


def _alternatives_of(group: WordGroup) -> list[list[str]]:
    return [[_tagged(group.language, term) for term in terms] for terms in group.alternatives]


def _tagged(language: str, term: str) -> str:
    return f"{language}:{term}"


def _any(queries: Iterable[Query]) -> Query:
    return _combined(Occur.Should, queries)


def _all(queries: Iterable[Query]) -> Query:
    return _combined(Occur.Must, queries)


def _combined(occur: Occur, queries: Iterable[Query]) -> Query:
    parts = [(occur, query) for query in queries]
    return parts[0][1] if len(parts) == 1 else Query.boolean_query(parts)
