"""The contract of the door: what a backend finds, beside plain calculations."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from seekpoint.index.models.background_mean import background
from seekpoint.index.models.centring import tempered
from seekpoint.index.retrieval import CandidateQuery, NamedScope, WordGroup
from seekpoint.index.store import Reader
from seekpoint.index.text import bm25
from seekpoint.index.text.terms import terms
from seekpoint.index.types import Filters, Kind
from tests.index.contract.conftest import Backend
from tests.index.contract.talks import CARD, ENCODER, LANGUAGE, TALKS, chunks, cosine, fill, question, score

ENGLISH = [text for talk, said in TALKS.items() for text in said if LANGUAGE[talk] == "en"]


@pytest.fixture
def reader(backend: Backend) -> Iterator[Reader]:
    with backend.writer(CARD) as writer:
        fill(writer)
    with backend.reader() as opened:
        yield opened


# Languages and scopes


def test_languages_come_with_their_chunks_and_means(reader: Reader) -> None:
    languages = reader.languages()
    assert [(name, one.chunks) for name, one in languages.items()] == [("en", 7), ("zh", 2)]
    total = np.sum([ENCODER.question(text) for text in ENGLISH], axis=0)
    expected = tempered({"en": (len(ENGLISH), total)}, background(CARD.name))["en"]
    assert languages["en"].mean == pytest.approx(expected, abs=1e-3)
    assert all(one.window_mean is not None and len(one.window_mean) == CARD.dimension for one in languages.values())


@pytest.mark.parametrize(
    ("filters", "talks"),
    [
        (Filters(), set(TALKS)),
        (Filters(kind=Kind.PAGE), {"page0000001"}),
        (Filters(section="vid"), set(TALKS) - {"page0000001"}),
        (Filters(language="zh-TW"), {"zhuyili0001"}),
        (Filters(resource="position001"), {"position001"}),
        (Filters(kind=Kind.VIDEO, language="en", section="VIDEOS"), {"attention01", "position001"}),
        (Filters(resource="nobody"), set()),
    ],
)
def test_a_scope_keeps_what_its_filter_names(reader: Reader, filters: Filters, talks: set[str]) -> None:
    scope = reader.scope(filters)
    assert len(scope) == sum(len(TALKS[talk]) for talk in talks)
    assert set(chunks(reader, scope).values()) == {text for talk in talks for text in TALKS[talk]}


def test_a_scope_can_be_limited_to_some_resources(reader: Reader) -> None:
    scope = reader.scope(Filters(language="en"), ["attention01", "zhuyili0001", "nobody"])
    assert set(chunks(reader, scope).values()) == set(TALKS["attention01"])
    assert len(reader.scope(Filters(), [])) == 0


# Words


def test_frequencies_count_chunks_not_occurrences(reader: Reader) -> None:
    found = reader.frequencies(["attent", "word", "掩码", "nowher"])
    assert found.terms == {"attent": 3, "word": 2, "掩码": 1}


def test_a_group_counts_the_chunks_of_its_language_that_have_any_alternative_in_full(reader: Reader) -> None:
    groups = [
        WordGroup((("attent",), ("mask",)), "en"),
        WordGroup((("train", "week"),), "en"),
        WordGroup((("attent",),), "zh"),
        WordGroup((("注意", "意力"), ("掩码",)), "zh"),
        WordGroup((("nowher",),), "en"),
    ]
    assert reader.frequencies([], groups).groups == [4, 1, 0, 2, 0]


def test_titles_are_found_by_a_term_that_a_question_has(reader: Reader) -> None:
    found = dict(reader.titles(terms("what does the talk on position001 say?")))
    assert found["position001"] == tuple(terms("Talk on position001"))
    assert not reader.titles(["nowher"])


# Candidates


def test_candidates_by_words_have_their_bm25(reader: Reader) -> None:
    weights = {"attent": bm25.idf(3, 9), "word": bm25.idf(2, 9), "nowher": 3.0}
    found = reader.candidates(CandidateQuery(question(reader, "cache"), weights, (), 20))
    texts = chunks(reader)
    for chunk_id, value in zip(found.ids.tolist(), found.bm25.tolist(), strict=True):
        assert value == pytest.approx(score(texts[chunk_id], weights), abs=1e-5)
    assert found.named_bm25.tolist() == [0.0] * len(found.ids)


def test_no_more_than_the_limit_are_proposed_by_words(reader: Reader) -> None:
    found = reader.candidates(CandidateQuery(question(reader, "cache"), {"attent": 1.0}, (), 1))
    assert np.count_nonzero(found.bm25) == 1
    best = found.ids[int(found.bm25.argmax())]
    assert chunks(reader)[int(best)] == "attention and attention"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_candidates_by_meaning_are_the_nearest(reader: Reader, language: str) -> None:
    vector = question(reader, "attention mask" if language == "en" else "注意力 掩码", language)
    found = reader.candidates(CandidateQuery(vector, {}, (), 2))
    near = found.ids[~np.isnan(found.cosines)].tolist()
    texts = chunks(reader)
    ranked = sorted(texts, key=lambda chunk_id: -cosine(reader, texts[chunk_id], vector))
    assert set(ranked[:2]) <= set(near)
    assert len(near) == 4
    assert found.farthest == np.nanmin(found.cosines)


def test_candidates_say_whose_they_are(reader: Reader) -> None:
    found = reader.candidates(CandidateQuery(question(reader, "mask"), {}, (), 20))
    assert found.ids.tolist() == sorted(found.ids.tolist())
    expected = [(LANGUAGE[talk], talk) for talk, said in TALKS.items() for _ in said]
    assert sorted(zip(found.languages, found.resources, strict=True)) == sorted(expected)


def test_candidates_by_translations_add_up_over_the_groups(reader: Reader) -> None:
    groups = [(WordGroup((("注意", "意力"), ("权重",)), "zh"), 0.25), (WordGroup((("掩码",),), "zh"), 0.5)]
    found = reader.candidates(CandidateQuery(question(reader, "training"), {}, groups, 20))
    texts = chunks(reader)
    scores = {texts[i]: value for i, value in zip(found.ids.tolist(), found.translated.tolist(), strict=True)}
    saturated = {count: count * (bm25.K1 + 1) / (count + bm25.K1) for count in (1, 2)}
    assert scores.pop("注意力给每个词一个权重") == pytest.approx(0.25 * saturated[2])
    assert scores.pop("掩码遮住后面的词") == pytest.approx(0.5 * saturated[1])
    assert set(scores.values()) == {0.0}


def test_nothing_outside_the_scope_is_a_candidate(reader: Reader) -> None:
    scope = reader.scope(Filters(language="zh"))
    groups = [(WordGroup((("attent",),), "en"), 0.5)]
    found = reader.candidates(CandidateQuery(question(reader, "attention"), {"attent": 1.0}, groups, 20, scope))
    assert set(found.resources) == {"zhuyili0001"}
    nothing = reader.scope(Filters(resource="nobody"))
    found = reader.candidates(CandidateQuery(question(reader, "attention"), {"attent": 1.0}, groups, 20, nothing))
    assert (len(found.ids), found.farthest) == (0, 0.0)


def test_a_named_scope_adds_its_own_best_however_good_others_are(reader: Reader) -> None:
    named = NamedScope(reader.scope(Filters(), ["position001"]), {"cach": 1.0})
    vector = question(reader, "attention")
    alone = reader.candidates(CandidateQuery(vector, {"attent": 1.0}, (), 1))
    assert "position001" not in alone.resources
    found = reader.candidates(CandidateQuery(vector, {"attent": 1.0}, (), 1, None, named))
    assert "position001" in found.resources
    texts = chunks(reader)
    named_bm25 = {texts[i]: value for i, value in zip(found.ids.tolist(), found.named_bm25.tolist(), strict=True)}
    assert named_bm25.pop("a cache saves work") == pytest.approx(score("a cache saves work", {"cach": 1.0}), abs=1e-5)
    assert set(named_bm25.values()) <= {0.0}


# Evidence


def test_evidence_has_exact_cosines_and_leaves_unknown_ids_out(reader: Reader) -> None:
    vector = question(reader, "attention mask")
    texts = chunks(reader)
    found = reader.evidence([*texts, 1 << 40], vector)
    assert found.chunks.keys() == found.cosines.keys() == texts.keys()
    for chunk_id, text in texts.items():
        assert found.cosines[chunk_id] == pytest.approx(cosine(reader, text, vector), abs=2e-3)
        chunk = found.chunks[chunk_id]
        assert (chunk.start, chunk.end, chunk.language) == (
            10.0 * chunk.first,
            10.0 * chunk.stop,
            LANGUAGE[chunk.resource_id],
        )
    assert reader.evidence([], vector).chunks == {}


def test_pieces_lie_in_a_chunk_and_the_margin_around_it(reader: Reader) -> None:
    stored = list(reader.evidence(list(chunks(reader)), question(reader, "mask")).chunks.values())
    found = reader.pieces(stored, 10.0)
    for chunk in stored:
        count = len(TALKS[chunk.resource_id])
        first, stop = max(chunk.first - 1, 0), min(chunk.stop + 1, count)
        assert found[chunk.id].starts.tolist() == [10.0 * k for k in range(first, stop)]
        assert found[chunk.id].sums.shape == (stop - first, CARD.dimension)
    (chunk,) = [one for one in stored if (one.resource_id, one.first) == ("zhuyili0001", 1)]
    (alone,) = reader.pieces([chunk], 0.0).values()
    expected = ENCODER.parts(["掩码遮住后面的词"], [[8]]).sums[0][0]
    assert alone.sums[-1] == pytest.approx(expected, abs=0.02)


def test_threads_share_a_reader(reader: Reader) -> None:
    def ask(text: str) -> tuple[list[int], list[float]]:
        found = reader.candidates(CandidateQuery(question(reader, text), {"attent": 1.0}, (), 5))
        return found.ids.tolist(), np.nan_to_num(found.cosines).tolist()

    texts = ["attention", "mask", "position", "training"] * 8
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(ask, texts)) == [ask(text) for text in texts]
