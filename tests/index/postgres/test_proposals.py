"""How many chunks the indexes of a server propose, by which terms, and how their vectors are centred."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest

from seekpoint.index.models.centring import centred
from seekpoint.index.open import open_reader, open_writer
from seekpoint.index.postgres.meaning import ServerScope, centres, least, nearest, proposals_for_each, settle
from seekpoint.index.postgres.session import Session, connect
from seekpoint.index.postgres.words import proposing, term_weights
from seekpoint.index.types import CandidateQuery, Details, Filters
from tests.index.contract.talks import CARD, TALKS, fill, question, resource, transcript
from tests.index.libraries import embedded
from tests.postgres import TestServer


def test_more_may_be_proposed_of_more_chunks_until_a_batch_brings_nothing_nearer() -> None:
    kept = (0, 20_000, 100_000, 200_000, 1_000_000)
    assert [proposals_for_each(chunks) for chunks in kept] == pytest.approx([3, 3, 3, 9, 17])
    batches = iter([[(1, 0.1), (2, 0.3)], [(3, 0.2), (4, 0.9)], [(5, 0.4)], [(6, 0.0)]])
    assert least(batches, 2) == [1, 3]
    assert [*batches] == [[(6, 0.0)]]


def test_the_heaviest_terms_propose_and_common_ones_only_where_there_are_few() -> None:
    def by_rarity(frequencies: Mapping[str, int], chunks: int) -> list[str]:
        weights = {term: math.log(chunks / frequency) for term, frequency in frequencies.items()}
        return [*dict.fromkeys(proposing(weights, frequencies, chunks))]

    rare = {f"稀有{number}": number for number in range(1, 8)}
    common = {"the": 500, "attention": 101, "注意力": 100}
    assert by_rarity(rare | common, 1000) == [*rare, "注意力"]
    assert by_rarity(common, 1000) == ["注意力", "attention", "the"]
    many = {f"term{number}": 100 - number for number in range(40)}
    assert {*by_rarity(many, 10_000)} == {f"term{number}" for number in range(16, 40)}
    assert "term0" in proposing(dict.fromkeys(many, 1.0) | {"term0": 2.0}, many, 10_000)


def test_a_query_repeats_a_term_to_give_it_its_weight_or_its_share_of_the_weights_of_its_groups() -> None:
    frequencies = {"注意力": 100, "seldom": 1}
    asked = Counter(proposing({"注意力": 6.0, "seldom": 3.0}, frequencies, 1000))
    once = {term: math.log1p((1000 - many + 0.5) / (many + 0.5)) for term, many in frequencies.items()}
    assert asked["注意力"] == 10
    assert asked["注意力"] * once["注意力"] / (asked["seldom"] * once["seldom"]) == pytest.approx(2, rel=0.2)
    assert proposing({}, {}, 1000) == [] and proposing({"注意力": 0.0}, {"注意力": 1}, 1000) == ["注意力"]
    found = term_weights([([["注意", "意力"], ["关注"]], 6.0), ([["关注"], ["焦点"]], 1.0)])
    assert found == {"注意": 3.0, "意力": 3.0, "关注": 7.0, "焦点": 1.0}


def test_a_filter_finds_chunks_that_are_far_from_the_question(postgres: TestServer) -> None:
    chance = np.random.default_rng(7)
    near, far = chance.standard_normal((600, CARD.dimension)), chance.standard_normal((30, CARD.dimension))
    near[:, 0], far[:, 0] = 9, -9
    address = postgres.library()
    with open_writer(address, CARD) as writer:
        writer.register("talks.md", [resource("attention01"), resource("position001")])
        for talk, vectors in (("attention01", near), ("position001", far)):
            vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
            made = replace(embedded(["attention"] * len(vectors), "en"), vectors=vectors.astype(np.float32))
            writer.commit(talk, [made], Details(), "made by hand")
    with open_reader(address) as reader:
        means = {name: language.mean for name, language in reader.languages().items()}
        scope = reader.scope(Filters(resource="position001"))
        assert isinstance(scope, ServerScope)
        as_of_many = replace(scope, chunks=30_000)  # so that the HNSW index is asked
        with closing(connect(address)) as session, session.transaction():
            session.run("SET enable_seqscan = off")  # which the planner takes for so few
            found = nearest(session, centred(near[0].astype(np.float32), means["en"]), 30, as_of_many, means, [])
    assert len(found) == len(far)


def indexed(session: Session, talk: str) -> list[list[float]]:
    """The vectors of a talk in the index, with their lengths."""
    rows = session.rows(
        """SELECT length, embedding::text FROM chunk JOIN resource ON resource = number
           WHERE resource.id = %s ORDER BY chunk.id""",
        talk,
    )
    return [(length * np.array(text.strip("[]").split(","), np.float32)).tolist() for length, text in rows]


def test_vectors_are_centred_again_when_a_mean_is_fixed_which_stays_so(session: Session) -> None:
    with open_reader(session.address) as reader:
        languages, vector = reader.languages(), question(reader, "attention")
        before = reader.candidates(CandidateQuery(vector, {}, (), 2))
        scope = reader.scope(Filters())
        assert isinstance(scope, ServerScope)
        found = nearest(session, vector, 100, scope, {"en": languages["en"].mean}, [])
    spoken = session.rows("SELECT DISTINCT language FROM chunk WHERE id = ANY(%s)", found)
    assert spoken == [("en",)], "chunks of a language without a mean are left out"
    settle(session, languages, CARD, enough=3)
    fixed = centres(session, ["en", "zh"], CARD.dimension)
    assert fixed["en"] == pytest.approx(languages["en"].mean) and not fixed["zh"].any()
    for talk, language in (("attention01", "en"), ("zhuyili0001", "zh")):
        expected = transcript(talk).vectors - fixed[language]
        assert np.array(indexed(session, talk)) == pytest.approx(expected, abs=5e-3)
    with open_reader(session.address) as reader:
        assert reader.candidates(CandidateQuery(vector, {}, (), 2)) == before
        reader.verify()
    with open_writer(session.address) as writer:
        writer.remove(["attention01"])
        fill(writer, [talk for talk in TALKS if talk != "zhuyili0001"])
        settle(session, writer.languages(), CARD, enough=3)
    assert centres(session, ["en"], CARD.dimension)["en"] == pytest.approx(fixed["en"])
    expected = transcript("position001").vectors - fixed["en"]
    assert np.array(indexed(session, "position001")) == pytest.approx(expected, abs=5e-3)
