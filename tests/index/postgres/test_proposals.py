"""How many chunks the indexes of a server propose, and by which terms."""

from __future__ import annotations

import pytest

from seekpoint.index.postgres.meaning import proposals_for_each
from seekpoint.index.postgres.words import proposing


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
