"""The contract of the door: what a backend finds, beside plain calculations."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from seekpoint.index.address import Address
from seekpoint.index.models.centring import background, tempered
from seekpoint.index.open import open_reader, open_writer
from seekpoint.index.store import Reader
from seekpoint.index.text.terms import terms
from seekpoint.index.types import CandidateQuery, Filters, Kind, NamedScope, RequiredPhrases, WordGroup
from tests.index.contract.talks import CARD, ENCODER, LANGUAGE, TALKS, chunks, cosine, fill, question
from tests.postgres import TestServer

ENGLISH = [text for talk, said in TALKS.items() for text in said if LANGUAGE[talk] == "en"]


@pytest.fixture(scope="module", params=["embedded", "postgres"])
def reader(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """Of one library for all tests, which only read it."""
    server = None
    address: Address = tmp_path_factory.mktemp("contract") / "library"
    if request.param == "postgres":
        started: TestServer = request.getfixturevalue("started_postgres")
        server = TestServer(started.folder, started.port)
        address = server.library()
    with open_writer(address, CARD) as writer:
        fill(writer)
    with open_reader(address) as opened:
        yield opened
    if server:
        server.clear()


def test_languages_come_with_their_chunks_and_means(reader: Reader) -> None:
    languages = reader.languages()
    assert [(name, one.chunks) for name, one in languages.items()] == [("en", 7), ("zh", 2)]
    assert languages["en"].terms == sum(len(terms(text)) for text in ENGLISH)
    total = np.sum([ENCODER.question(text) for text in ENGLISH], axis=0)
    expected = tempered({"en": (len(ENGLISH), total)}, background(CARD.name))["en"]
    assert languages["en"].mean == pytest.approx(expected, abs=1e-3)
    assert all(one.window_mean is not None and len(one.window_mean) == CARD.dimension for one in languages.values())


def test_a_scope_keeps_what_its_filter_and_resources_name(reader: Reader) -> None:
    for filters, resources, talks in (
        (Filters(), None, set(TALKS)),
        (Filters(kind=Kind.PAGE), None, {"page0000001"}),
        (Filters(section="vid"), None, set(TALKS) - {"page0000001"}),
        (Filters(language="zh-TW"), None, {"zhuyili0001"}),
        (Filters(kind=Kind.VIDEO, language="en", section="VIDEOS"), None, {"attention01", "position001"}),
        (Filters(resource="nobody"), None, set()),
        (Filters(language="en"), ["attention01", "zhuyili0001", "nobody"], {"attention01"}),
        (Filters(), [], set()),
    ):
        scope = reader.scope(filters, resources)
        assert len(scope) == sum(len(TALKS[talk]) for talk in talks), filters
        assert set(chunks(reader, scope).values()) == {text for talk in talks for text in TALKS[talk]}, filters


def test_words_are_counted_by_chunk_and_found_in_titles_and_by_their_beginnings(reader: Reader) -> None:
    groups = [
        WordGroup((("attent",), ("mask",)), "en"),
        WordGroup((("train", "week"),), "en"),
        WordGroup((("attent",),), "zh"),
        WordGroup((("注意", "意力"), ("掩码",)), "zh"),
        WordGroup((("nowher",),), "en"),
    ]
    found = reader.frequencies(["attent", "word", "掩码", "nowher"], groups)
    assert found.terms == {"attent": 3, "word": 2, "掩码": 1}
    assert found.groups == [4, 1, 0, 2, 0]
    titles = dict(reader.titles(terms("what does the talk on position001 say?")))
    assert titles["position001"] == tuple(terms("Talk on position001"))
    assert not reader.titles(["nowher"])
    every = {term: False for said in TALKS.values() for text in said for term in terms(text)}
    every |= {term: True for talk in TALKS for term in terms(f"Talk on {talk}; videos")}
    for prefixes in (["at", "w"], ["注"], ["%"], [], ["a", "at"], ["t", "position001"]):
        wanted = {term: marked for term, marked in every.items() if term.startswith(tuple(prefixes))}
        assert reader.vocabulary(prefixes) == wanted


# Candidates


def proposed(reader: Reader, query: CandidateQuery) -> list[str]:
    """The texts of the candidates for a query."""
    texts = chunks(reader)
    return [texts[chunk_id] for chunk_id in reader.candidates(query)]


def test_candidates_by_words_are_the_best_by_weight(reader: Reader) -> None:
    nowhere = reader.scope(Filters(), [])
    found = proposed(reader, CandidateQuery(question(reader, "cache"), {"attent": 1.0, "nowher": 3.0}, (), 20))
    assert {text for text in found if "attention" in text} == {text for text in ENGLISH if "attention" in text}
    best = CandidateQuery(question(reader, "cache"), {"attent": 1.0}, (), 1)
    assert "attention and attention" in proposed(reader, best)
    assert not reader.candidates(best._replace(scope=nowhere))
    light, heavy = {"week": 0.1, "save": 5.0}, {"week": 5.0, "save": 0.1}
    for weights, text in ((light, "a cache saves work"), (heavy, "training takes a week")):
        assert text in proposed(reader, CandidateQuery(question(reader, "order"), weights, (), 1))
    query = CandidateQuery(question(reader, "position"), {"attent": 1.0, "cach": 0.1}, (), 1)
    assert "a cache saves work" not in proposed(reader, query)
    assert "a cache saves work" in proposed(reader, query._replace(excluded=["attent"])), "in place of what is excluded"


def test_candidates_by_meaning_are_the_nearest(reader: Reader) -> None:
    texts = chunks(reader)
    for asked, language in (("attention mask", "en"), ("注意力 掩码", "zh")):
        vector = question(reader, asked, language)
        found = reader.candidates(CandidateQuery(vector, {}, (), 2))
        ranked = sorted(texts, key=lambda chunk_id: -cosine(reader, texts[chunk_id], vector))
        assert set(ranked[:2]) <= set(found) and len(found) < len(texts)


def test_candidates_by_translations_have_any_alternative_in_full(reader: Reader) -> None:
    far = question(reader, "training")
    groups = [(WordGroup((("注意", "意力"), ("nowher",)), "zh"), 0.25)]
    assert "注意力给每个词一个权重" in proposed(reader, CandidateQuery(far, {}, groups, 1))
    apart = [(WordGroup((("注意", "掩码"),), "zh"), 0.25)]
    assert "注意力给每个词一个权重" not in proposed(reader, CandidateQuery(far, {}, apart, 1))


def test_candidates_ascend_and_are_of_the_scope(reader: Reader) -> None:
    groups = [(WordGroup((("attent",),), "en"), 0.5), (WordGroup((("掩码",),), "zh"), 0.5)]
    query = CandidateQuery(question(reader, "attention"), {"attent": 1.0}, groups, 20)
    found = list(reader.candidates(query))
    assert found == sorted(set(found)) and len(found) == sum(map(len, TALKS.values()))
    query = query._replace(scope=reader.scope(Filters(language="zh")))
    assert set(proposed(reader, query)) == set(TALKS["zhuyili0001"])
    assert not reader.candidates(query._replace(scope=reader.scope(Filters(resource="nobody"))))


def test_a_named_scope_adds_its_own_best_however_good_others_are(reader: Reader) -> None:
    named = NamedScope(reader.scope(Filters(), ["position001"]), {"cach": 1.0})
    query = CandidateQuery(question(reader, "attention"), {"attent": 1.0}, (), 1)
    assert not set(proposed(reader, query)) & set(TALKS["position001"])
    assert "a cache saves work" in proposed(reader, query._replace(named=named))


def test_the_best_of_the_chunks_that_may_have_required_phrases_are_candidates(reader: Reader) -> None:
    query = CandidateQuery(question(reader, "cache"), {}, (), 1)
    others = set(proposed(reader, query))
    for phrases, having in (
        ([(("attent",),), (("train",),)], {"training needs attention"}),
        ([(("attent", "nowher"), ("mask",))], {"the mask hides what comes later"}),
        ([(("注意", "意力"),)], {"注意力给每个词一个权重"}),
        ([(("attent",),), (("注意",),)], set[str]()),
    ):
        required = query._replace(required=RequiredPhrases(phrases, 20))
        assert set(proposed(reader, required)) - others == having - others, phrases
        assert not reader.candidates(required._replace(scope=reader.scope(Filters(), [])))
    best = query._replace(terms={"train": 1.0, "week": 9.0}, required=RequiredPhrases([(("attent",),)], 1))
    found = proposed(reader, best)
    assert "training needs attention" in found and "attention weighs the words" not in found


# Evidence


def test_evidence_has_exact_cosines_and_counts_of_terms_and_leaves_unknown_ids_out(reader: Reader) -> None:
    vector, asked = question(reader, "attention mask"), ["attent", "掩码", "the", "nowher"]
    texts = chunks(reader)
    found = reader.evidence([*reversed(texts), 1 << 40], vector, asked)
    assert [chunk.id for chunk in found.chunks] == sorted(texts)
    for chunk, near in zip(found.chunks, found.cosines, strict=True):
        assert near == pytest.approx(cosine(reader, texts[chunk.id], vector), abs=2e-3)
        assert (chunk.start, chunk.end) == (10.0 * chunk.first, 10.0 * chunk.stop)
        assert chunk.language == LANGUAGE[chunk.resource_id]
    assert set(found.words.terms) == {"attent", "掩码", "the"}
    for chunk, counts, length in zip(found.chunks, found.words.counts.T, found.words.lengths, strict=True):
        said = terms(texts[chunk.id])
        assert length == len(said)
        assert counts.tolist() == [said.count(term) for term in found.words.terms]
    nothing = reader.evidence([], vector, asked)
    assert nothing.chunks == [] and nothing.words.counts.shape == (3, 0)


def test_pieces_lie_in_a_chunk_and_the_margin_around_it(reader: Reader) -> None:
    stored = list(reader.evidence(list(chunks(reader)), question(reader, "mask")).chunks)
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
        vector = question(reader, text)
        found = reader.evidence(reader.candidates(CandidateQuery(vector, {"attent": 1.0}, (), 5)), vector)
        return [chunk.id for chunk in found.chunks], list(found.cosines)

    texts = ["attention", "mask", "position", "training"] * 8
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(ask, texts)) == [ask(text) for text in texts]
