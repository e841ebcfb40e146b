"""Candidates: which chunks are proposed for a question, and with which scores, against adding up by hand."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from seekpoint.index.chunks import EmbeddedTranscript
from seekpoint.index.embedded import candidates as candidates_module
from seekpoint.index.embedded.candidates import within_budget
from seekpoint.index.embedded.reader import EmbeddedReader
from seekpoint.index.embedded.writer import EmbeddedWriter
from seekpoint.index.retrieval import CandidateQuery, Candidates, CueSpan, NamedScope, Scope, WordGroup
from seekpoint.index.text.terms import terms
from seekpoint.index.types import Details, Filters
from tests.index.embedded.words.test_lexicon import plain
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
    library: EmbeddedReader,
    vector: Vectors,
    asked: str,
    scope: Scope | None = None,
    named: NamedScope | None = None,
) -> CandidateQuery:
    """What is looked for by a vector, the terms of a text and the groups above."""
    return CandidateQuery(vector, weights_of(library.lexicon, terms(asked)), GROUPS, LIMIT, scope, named)


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


def by_id(found: Candidates, values: np.ndarray[tuple[int], np.dtype[np.floating]]) -> dict[int, float]:
    return dict(zip(found.ids.tolist(), values.tolist(), strict=True))


def highest(scores: Mapping[int, float], k: int) -> dict[int, float]:
    return {chunk_id: scores[chunk_id] for chunk_id in sorted(scores, key=lambda one: (-scores[one], one))[:k]}


def near(found: Candidates) -> dict[int, float]:
    """The cosines that are told."""
    return {chunk_id: cosine for chunk_id, cosine in by_id(found, found.cosines).items() if not np.isnan(cosine)}


def above_zero(scores: Mapping[int, float]) -> dict[int, float]:
    return {chunk_id: score for chunk_id, score in scores.items() if score}


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


def test_a_group_is_too_common_where_rarer_ones_of_its_language_fill_the_budget(
    library: EmbeddedReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    frequencies = library.frequencies(["mask", "掩码", "权重", "梯度", "word"]).terms
    rare, rarest = WordGroup((("权重",),), "zh"), WordGroup((("梯度",),), "zh")
    word = WordGroup((("word",),), "en")
    monkeypatch.setattr(candidates_module, "_MOST_POSTINGS", frequencies["权重"] + frequencies["梯度"])
    found = library.frequencies([], [MASK, rare, rarest, word]).groups
    assert found == [None, len(counts(library, rare)), len(counts(library, rarest)), len(counts(library, word))]
    monkeypatch.setattr(candidates_module, "_MOST_POSTINGS", 1)
    found = library.frequencies([], [MASK, rare, rarest, word]).groups
    assert found == [None, None, len(counts(library, rarest)), len(counts(library, word))], (
        "else nothing would be found"
    )


# Candidates


@pytest.mark.parametrize("filters", [Filters(language="zh"), Filters(section="Build 1"), Filters(resource="talk22")])
def test_candidates_are_the_best_of_a_scope(library: EmbeddedReader, vector: Vectors, filters: Filters) -> None:
    ids = chunk_ids(library, filters)
    found = library.candidates(query(library, vector, "mask norm 梯度", library.scope(filters)))
    assert set(found.ids.tolist()) <= set(ids)
    assert near(found) == pytest.approx(highest(library.vectors.scores(vector, ids), 2 * LIMIT), abs=1e-5)
    words = plain(said_in(library), terms("mask norm 梯度"))
    expected = highest({chunk_id: score for chunk_id, score in words.items() if chunk_id in ids}, LIMIT)
    best = above_zero(by_id(found, found.bm25))
    assert sorted(best.values()) == pytest.approx(sorted(expected.values()), rel=1e-5)
    assert best == pytest.approx({chunk_id: words[chunk_id] for chunk_id in best}, rel=1e-5)
    assert not found.named_bm25.any()


def test_without_a_scope_all_of_the_library_is_searched(library: EmbeddedReader, vector: Vectors) -> None:
    everything = library.candidates(query(library, vector, "mask", library.scope(Filters())))
    found = library.candidates(query(library, vector, "mask"))
    assert by_id(found, found.bm25) == by_id(everything, everything.bm25)
    nearest = library.vectors.nearest(vector, 2 * LIMIT)
    expected = dict(zip(nearest.chunks.tolist(), nearest.values.tolist(), strict=True))
    assert near(found) == near(everything) == pytest.approx(expected)


def test_candidates_come_once_in_order_with_their_languages_and_resources(
    library: EmbeddedReader, vector: Vectors
) -> None:
    found = library.candidates(query(library, vector, "mask 掩码"))
    ids = found.ids.tolist()
    assert ids == sorted(set(ids))
    chunks = chunks_of(library, ids)
    assert found.resources == [chunks[chunk_id].resource_id for chunk_id in ids]
    assert found.languages == [chunks[chunk_id].language for chunk_id in ids]
    assert set(found.languages) == {"en", "zh"}


@pytest.mark.parametrize("filters", [Filters(), Filters(section="Build 2"), Filters(language="en")])
def test_translated_scores_are_sums_over_the_groups(library: EmbeddedReader, vector: Vectors, filters: Filters) -> None:
    found = library.candidates(query(library, vector, "norm", library.scope(filters)))
    scores = translated(library, chunk_ids(library, filters))
    told = by_id(found, found.translated)
    assert told == pytest.approx({chunk_id: scores[chunk_id] for chunk_id in told}, rel=1e-5)
    best = sorted(scores.values(), reverse=True)[:LIMIT]
    assert sorted(told.values(), reverse=True)[:LIMIT] == pytest.approx(best, rel=1e-5)
    assert min(best) > 0
    by_translations_alone = np.isnan(found.cosines) & (found.bm25 == 0)
    assert 0 < by_translations_alone.sum() <= LIMIT
    assert found.translated[by_translations_alone].min() > 0


def test_a_chunk_that_is_not_among_the_nearest_has_no_cosine(library: EmbeddedReader, vector: Vectors) -> None:
    scope = library.scope(Filters(language="en"))
    found = library.candidates(query(library, vector, "norm", scope))
    exact = library.vectors.scores(vector, chunk_ids(library, Filters(language="en")))
    assert np.isnan(found.cosines).any()
    assert len(near(found)) == 2 * LIMIT
    assert found.farthest == pytest.approx(min(near(found).values()))
    others = found.ids[np.isnan(found.cosines)].tolist()
    assert max(exact[chunk_id] for chunk_id in others) <= found.farthest + 1e-5


def test_chunks_of_named_resources_are_candidates_however_many_others_are_better(
    library: EmbeddedReader, vector: Vectors
) -> None:
    named = NamedScope(library.scope(Filters(), ["talk12"]), weights_of(library.lexicon, ["norm", "word"]))
    without = library.candidates(query(library, vector, "mask norm word"))
    found = library.candidates(query(library, vector, "mask norm word", named=named))
    ids = chunk_ids(library, Filters(resource="talk12"))
    told = near(found)
    assert told == pytest.approx(near(without) | highest(library.vectors.scores(vector, ids), LIMIT), abs=0.3)
    assert len([chunk_id for chunk_id in told if chunk_id in ids]) >= LIMIT
    assert found.farthest == without.farthest
    words = plain(said_in(library), ["norm", "word"])
    expected = highest({chunk_id: score for chunk_id, score in words.items() if chunk_id in ids}, LIMIT)
    best = above_zero(by_id(found, found.named_bm25))
    assert set(best) <= set(ids)
    assert sorted(best.values()) == pytest.approx(sorted(expected.values()), rel=1e-5)
    assert above_zero(by_id(found, found.bm25)) == above_zero(by_id(without, without.bm25))
    assert set(found.ids.tolist()) == set(without.ids.tolist()) | set(best) | set(told)


def test_words_with_long_lists_are_left_out_where_there_are_rarer_ones(
    library: EmbeddedReader, vector: Vectors, monkeypatch: pytest.MonkeyPatch
) -> None:
    frequencies = library.frequencies(["word", "norm", "sum"]).terms
    asked = query(library, vector, "word norm sum", library.scope(Filters(language="en")))
    assert set(asked.terms) == {"word", "norm", "sum"}
    monkeypatch.setattr(candidates_module, "_MOST_POSTINGS", frequencies["norm"] + frequencies["sum"])
    found = library.candidates(asked)
    scores = plain(said_in(library), ["norm", "sum"])
    best = above_zero(by_id(found, found.bm25))
    assert best == pytest.approx({chunk_id: scores[chunk_id] for chunk_id in best}, rel=1e-5)
    assert len(best) == min(LIMIT, len(scores))


def test_a_scope_without_chunks_and_a_library_without_any_have_no_candidates(
    library: EmbeddedReader, vector: Vectors, tmp_path_factory: pytest.TempPathFactory
) -> None:
    nothing = library.scope(Filters(language="de"))
    assert len(nothing) == 0
    folder = tmp_path_factory.mktemp("empty") / "library"
    with EmbeddedWriter.acquire(folder, CARD):
        pass
    with EmbeddedReader.open(folder) as empty:
        asked = CandidateQuery(vector, {"mask": 1.0}, [], LIMIT)
        for found in (library.candidates(query(library, vector, "mask", nothing)), empty.candidates(asked)):
            assert (found.ids.tolist(), found.farthest, found.languages, found.resources) == ([], 0.0, [], [])
        assert empty.frequencies(["mask"]) == ({}, [])


# The budget


def test_the_shortest_lists_are_read_as_far_as_it_goes() -> None:
    lengths = {"the": 900, "mask": 40, "掩码": 30, "softmax": 20}
    assert within_budget(lengths, 100) == {"mask", "掩码", "softmax"}
    assert within_budget(lengths, 1000) == set(lengths)
    assert within_budget(lengths, 49) == {"softmax"}
    assert within_budget({"the": 900}, 10) == {"the"}, "else nothing would be found"
    assert within_budget({}, 10) == set()


def test_groups_go_by_their_places() -> None:
    assert within_budget({0: 400, 1: 50, 2: 300}, 349) == {1}
    assert within_budget({0: 400, 1: 50, 2: 300}, 350) == {1, 2}
