"""Candidates of a library with several indexes: the best of a scope, against adding up by hand."""

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
from seekpoint.index.types import CandidateQuery, CueSpan, Details, EmbeddedTranscript, Filters, NamedScope, WordGroup
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
GROUPS = [
    (WordGroup((("mask",), ("掩码",)), "zh"), 0.25),
    (WordGroup((("缓存",), ("位置", "权重")), "zh"), 0.5),
    (WordGroup((("word",), ("token", "layer")), "en"), 0.125),
]


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


def said_in(library: EmbeddedReader, filters: Filters) -> dict[int, Sequence[str]]:
    """The terms of each chunk that a filter keeps."""
    chunks = chunks_of(library, chunk_ids(library, filters))
    spans = [CueSpan(chunk.transcript_id, chunk.first, chunk.stop) for chunk in chunks.values()]
    cues = zip(chunks, library.cues(spans), strict=True)
    return {chunk_id: terms(" ".join(cue.text for cue in found)) for chunk_id, found in cues}


def by_groups(library: EmbeddedReader, filters: Filters) -> dict[int, float]:
    """The scores of chunks by the groups above: how often each has any alternative in full, added up one by one."""
    scores: dict[int, float] = {}
    for group, share in GROUPS:
        spoken = set(chunk_ids(library, Filters(language=group.language)))
        for chunk_id, said in said_in(library, filters).items():
            count = sum(min(said.count(term) for term in alternative) for alternative in group.alternatives)
            if count and chunk_id in spoken:
                scores[chunk_id] = scores.get(chunk_id, 0.0) + share * 2.2 * count / (count + 1.2)
    return scores


def by_words(library: EmbeddedReader, asked: str, filters: Filters) -> dict[int, float]:
    """BM25 as it is written in books, of the chunks that have any of the words."""
    every, weights = said_in(library, Filters()), weights_of(library, terms(asked))
    average = sum(map(len, every.values())) / len(every)
    scores = {
        chunk_id: sum(
            weight * 2.2 * count / (count + 1.2 * (0.25 + 0.75 * len(said) / average))
            for term, weight in weights.items()
            if (count := said.count(term))
        )
        for chunk_id, said in said_in(library, filters).items()
    }
    return {chunk_id: score for chunk_id, score in scores.items() if score}


def best(scores: Mapping[int, float]) -> set[int]:
    """The chunks with the highest scores; of the last ones that are equal, none."""
    ranked = sorted(scores.values(), reverse=True)
    least = ranked[LIMIT] if len(ranked) > LIMIT else -1.0
    return {chunk_id for chunk_id, score in scores.items() if score > least + 1e-6}


@pytest.mark.parametrize("filters", [Filters(), Filters(language="zh"), Filters(section="Build 1")])
def test_the_best_of_a_scope_are_candidates(library: EmbeddedReader, vector: Vectors, filters: Filters) -> None:
    asked, ids = "mask norm 梯度", chunk_ids(library, filters)
    query = CandidateQuery(vector, weights_of(library, terms(asked)), GROUPS, LIMIT, library.scope(filters))
    found = set(library.candidates(query))
    assert found <= set(ids)
    assert best(library.vectors.scores(vector, ids)) <= found
    assert best(by_words(library, asked, filters)) <= found
    assert best(by_groups(library, filters)) <= found
    if filters == Filters():
        assert library.candidates(query._replace(scope=None)) == sorted(found)


def test_there_are_no_more_candidates_than_were_asked_for(library: EmbeddedReader, vector: Vectors) -> None:
    query = CandidateQuery(vector, weights_of(library, terms("mask norm word")), GROUPS, LIMIT)
    assert len(library.candidates(query)) <= 3.5 * LIMIT < len(said_in(library, Filters())) == 11 * 15
    assert len(library.candidates(query._replace(terms={}, groups=[]))) == 1.5 * LIMIT


def test_chunks_of_named_resources_are_candidates_however_many_others_are_better(
    library: EmbeddedReader, vector: Vectors
) -> None:
    query = CandidateQuery(vector, weights_of(library, terms("mask norm word")), GROUPS, LIMIT)
    named = NamedScope(library.scope(Filters(), ["talk12"]), weights_of(library, ["norm", "word"]))
    without, found = set(library.candidates(query)), set(library.candidates(query._replace(named=named)))
    filters = Filters(resource="talk12")
    ids = chunk_ids(library, filters)
    assert without <= found
    assert found - without <= set(ids)
    assert best(by_words(library, "norm word", filters)) <= found
    assert best(library.vectors.scores(vector, ids)) <= found
