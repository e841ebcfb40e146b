"""Candidates: which chunks are proposed for a question, and with which scores, against adding up by hand."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from seekpoint.index.embedded.embedded_reader import EmbeddedReader
from seekpoint.index.embedded.embedded_writer import EmbeddedWriter
from seekpoint.index.text.terms import terms
from seekpoint.index.types import (
    CandidateQuery,
    CueSpan,
    Details,
    EmbeddedTranscript,
    Filters,
    NamedScope,
    Scope,
    WordGroup,
)
from tests.index.libraries import CARD as NARROW
from tests.index.libraries import chunk_ids, chunks_of, embedded, resource, weights_of

if TYPE_CHECKING:
    from seekpoint.index.types import Vectors

CARD = replace(NARROW, dimension=64)
LIMIT = 6
SPOKEN = {
    "en": ["word", "mask", "token", "layer", "head", "norm", "sum"],
    "zh": ["这个", "掩码", "缓存", "位置", "权重", "梯度", "mask"],
}
MASK = WordGroup((("mask",), ("掩码",)), "zh")
CACHE = WordGroup((("缓存",), ("位置", "权重")), "zh")
WORD = WordGroup((("word",), ("token", "layer")), "en")
GROUPS = [(MASK, 0.25), (CACHE, 0.5), (WORD, 0.125)]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedReader]:
    """Talks in two languages from three builds, one of which was removed since."""
    folder = tmp_path_factory.mktemp("candidates") / "library"
    chance, numbers = random.Random(3), np.random.default_rng(3)
    for build in range(3):
        with EmbeddedWriter.acquire(folder, CARD) as writer:
            for k in range(4):
                talk = f"talk{build}{k}"
                writer.register(talk, [resource(talk, f"Build {build}")])
                writer.commit(talk, [_drawn(chance, numbers, "zh" if k % 2 else "en")], Details(), "")
            if build == 1:
                writer.remove(["talk00"])
    with EmbeddedReader.open(folder) as opened:
        yield opened


def _drawn(chance: random.Random, numbers: np.random.Generator, language: str) -> EmbeddedTranscript:
    texts = [" ".join(chance.choices(SPOKEN[language], [24, 12, 6, 3, 2, 1, 1], k=5)) for _ in range(15)]
    rows = numbers.normal(size=(15, CARD.dimension))
    vectors = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return replace(embedded(texts, language), vectors=vectors, pieces=())


@pytest.fixture
def vector() -> Vectors:
    drawn = np.random.default_rng(5).normal(size=CARD.dimension).astype(np.float32)
    return np.asarray(drawn / np.linalg.norm(drawn), np.float32)


def query(
    library: EmbeddedReader, vector: Vectors, asked: str, scope: Scope | None = None, named: NamedScope | None = None
) -> CandidateQuery:
    """What is looked for by a vector, the terms of a text and the groups above."""
    return CandidateQuery(vector, weights_of(library, terms(asked)), GROUPS, LIMIT, scope, named)


def said_in(library: EmbeddedReader) -> dict[int, Sequence[str]]:
    """The terms of each chunk."""
    chunks = chunks_of(library, chunk_ids(library, Filters()))
    spans = [CueSpan(chunk.transcript_id, chunk.first, chunk.stop) for chunk in chunks.values()]
    cues = zip(chunks, library.cues(spans), strict=True)
    return {chunk_id: terms(" ".join(cue.text for cue in found)) for chunk_id, found in cues}


def counts(library: EmbeddedReader, group: WordGroup) -> dict[int, int]:
    """How often each chunk of the group's language has any of its alternatives in full."""
    spoken = set(chunk_ids(library, Filters(language=group.language)))
    times = {
        chunk_id: sum(min(said.count(term) for term in alternative) for alternative in group.alternatives)
        for chunk_id, said in said_in(library).items()
        if chunk_id in spoken
    }
    return {chunk_id: count for chunk_id, count in times.items() if count}


def translated(library: EmbeddedReader, ids: Sequence[int]) -> dict[int, float]:
    """The scores of some chunks by the groups above, added up one by one."""
    found = dict.fromkeys(ids, 0.0)
    for group, share in GROUPS:
        for chunk_id, count in counts(library, group).items():
            if chunk_id in found:
                found[chunk_id] += share * 2.2 * count / (count + 1.2)
    return found


def by_words(library: EmbeddedReader, asked: str, ids: Sequence[int]) -> dict[int, float]:
    """BM25 as it is written in books, of the chunks of `ids` that have any of the words."""
    said, weights = said_in(library), weights_of(library, terms(asked))
    average = sum(map(len, said.values())) / len(said)
    scores = {
        chunk_id: sum(
            weight * 2.2 * count / (count + 1.2 * (0.25 + 0.75 * len(said[chunk_id]) / average))
            for term, weight in weights.items()
            if (count := said[chunk_id].count(term))
        )
        for chunk_id in ids
    }
    return {chunk_id: score for chunk_id, score in scores.items() if score}


def best(scores: Mapping[int, float], k: int) -> set[int]:
    """The k chunks with the highest scores; of the last ones that are equal, none."""
    ranked = sorted(scores.values(), reverse=True)
    least = ranked[k] if len(ranked) > k else -1.0
    return {chunk_id for chunk_id, score in scores.items() if score > least + 1e-6}


# Frequencies


def test_frequencies_are_those_of_chunks_that_are_here(library: EmbeddedReader) -> None:
    asked = ["mask", "掩码", "zebra", "sum", "mask", "word"]
    said = said_in(library)
    assert len(said) == 11 * 15
    expected = {term: sum(term in chunk for chunk in said.values()) for term in asked}
    found = library.frequencies(asked)
    assert found.terms == {term: count for term, count in expected.items() if count}
    assert found.groups == []


def test_the_frequency_of_a_group_is_that_of_any_of_its_alternatives_in_its_language(library: EmbeddedReader) -> None:
    nobody, english = WordGroup((("zebra",),), "zh"), MASK._replace(language="en")
    groups = [MASK, WORD, nobody, CACHE, english]
    found = library.frequencies(["mask"], groups)
    assert found.groups == [len(counts(library, group)) for group in groups]
    assert found.groups[2] == 0
    assert found.groups[0] != found.groups[4]
    assert list(found.terms) == ["mask"], "what is asked for, not what the groups consist of"


# Candidates


@pytest.mark.parametrize("filters", [Filters(), Filters(language="zh"), Filters(section="Build 1")])
def test_the_best_of_a_scope_are_candidates(library: EmbeddedReader, vector: Vectors, filters: Filters) -> None:
    ids = chunk_ids(library, filters)
    found = set(library.candidates(query(library, vector, "mask norm 梯度", library.scope(filters))))
    assert found <= set(ids)
    assert best(library.vectors.scores(vector, ids), LIMIT) <= found
    assert best(by_words(library, "mask norm 梯度", ids), LIMIT) <= found
    assert best({one: score for one, score in translated(library, ids).items() if score}, LIMIT) <= found


def test_there_are_no_more_candidates_than_were_asked_for(library: EmbeddedReader, vector: Vectors) -> None:
    asked = query(library, vector, "mask norm word")
    found = library.candidates(asked)
    assert len(found) <= 3.5 * LIMIT < len(said_in(library))
    assert len(library.candidates(asked._replace(terms={}, groups=[]))) == 1.5 * LIMIT


def test_without_a_scope_all_of_the_library_is_searched(library: EmbeddedReader, vector: Vectors) -> None:
    everything = query(library, vector, "mask", library.scope(Filters()))
    assert library.candidates(query(library, vector, "mask")) == library.candidates(everything)


def test_candidates_come_once_and_ascend(library: EmbeddedReader, vector: Vectors) -> None:
    found = list(library.candidates(query(library, vector, "mask 掩码")))
    assert found == sorted(set(found))
    assert {chunk.language for chunk in chunks_of(library, found).values()} == {"en", "zh"}


def test_chunks_of_named_resources_are_candidates_however_many_others_are_better(
    library: EmbeddedReader, vector: Vectors
) -> None:
    named = NamedScope(library.scope(Filters(), ["talk12"]), weights_of(library, ["norm", "word"]))
    without = set(library.candidates(query(library, vector, "mask norm word")))
    found = set(library.candidates(query(library, vector, "mask norm word", named=named)))
    ids = chunk_ids(library, Filters(resource="talk12"))
    assert without <= found
    assert found - without <= set(ids)
    assert best(by_words(library, "norm word", ids), LIMIT) <= found
    assert best(library.vectors.scores(vector, ids), LIMIT) <= found


def test_a_scope_without_chunks_and_a_library_without_any_have_no_candidates(
    library: EmbeddedReader, vector: Vectors, tmp_path_factory: pytest.TempPathFactory
) -> None:
    nothing = library.scope(Filters(language="de"))
    assert len(nothing) == 0
    assert library.candidates(query(library, vector, "mask", nothing)) == []
    folder = tmp_path_factory.mktemp("empty") / "library"
    with EmbeddedWriter.acquire(folder, CARD):
        pass
    with EmbeddedReader.open(folder) as empty:
        assert empty.candidates(CandidateQuery(vector, {"mask": 1.0}, [], LIMIT)) == []
        assert empty.frequencies(["mask"]) == ({}, [])
