"""How many chunks the indexes of a server propose, and by which terms."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest

from seekpoint.index.models.centring import centred
from seekpoint.index.open import open_reader, open_writer
from seekpoint.index.postgres.meaning import nearest, proposals_for_each
from seekpoint.index.postgres.scope import ServerScope
from seekpoint.index.postgres.session import connect
from seekpoint.index.postgres.words import proposing
from seekpoint.index.types import Details, Filters
from tests.index.contract.talks import CARD, resource
from tests.index.libraries import embedded
from tests.postgres import TestServer


@pytest.mark.parametrize(("kept", "each"), [(0, 3), (20_000, 3), (100_000, 3), (400_000, 12), (1_000_000, 17)])
def test_more_is_proposed_of_more_chunks(kept: int, each: float) -> None:
    assert proposals_for_each(kept) == pytest.approx(each, abs=0.05)


def test_common_terms_propose_only_where_there_are_few() -> None:
    rare = {f"稀有{number}": number for number in range(1, 8)}
    common = {"the": 500, "attention": 101, "注意力": 100}
    assert proposing(rare | common, 1000) == [*rare, "注意力"]
    assert proposing(common, 1000) == ["注意力", "attention", "the"]


def test_the_rarest_terms_propose() -> None:
    many = {f"term{number}": 100 - number for number in range(40)}
    assert proposing(many, 10_000) == [f"term{number}" for number in range(39, 7, -1)]


def test_a_filter_finds_chunks_that_are_far_from_the_question(postgres: TestServer) -> None:
    chance = np.random.default_rng(7)
    near, far = chance.standard_normal((1500, CARD.dimension)), chance.standard_normal((30, CARD.dimension))
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
        with closing(connect(address)) as session:
            session.run("SET enable_seqscan = off")  # which the planner takes for so few
            found = nearest(session, centred(near[0].astype(np.float32), means["en"]), 30, as_of_many, means, [])
    assert len(found) == len(far)
