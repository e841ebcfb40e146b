"""Which chunks belong to which transcript, and the ranges that filters come to."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from seekpoint.index.embedded.chunk_ranges import Holdings, Ranges, TranscriptSpan
from seekpoint.index.text.languages import primary
from seekpoint.index.types import Kind

Row = tuple[int, int, str, str, str, int]

ROWS: list[Row] = [
    (8, 2, "zh-TW", "注意力", "video", 70),
    (1, 3, "en", "a", "video", 20),
    (4, 1, "en-GB", "a", "video", 5),
    (20, 0, "de", "empty", "page", 0),
    (5, 2, "zh", "b", "paper", 9),
]


@st.composite
def rows(draw: st.DrawFn) -> list[Row]:
    """Transcripts in any order, with gaps where others were removed; some without chunks."""
    placed, first = [], 1
    for _ in range(draw(st.integers(0, 12))):
        first += draw(st.integers(0, 4))
        chunks = draw(st.integers(0, 5))
        language = draw(st.sampled_from(["en", "en-GB", "zh-TW", "zh-Hans", "de"]))
        kind = draw(st.sampled_from(list(Kind))).value
        placed.append((first, chunks, language, draw(st.sampled_from("abc")), kind, 10 * chunks))
        first += chunks
    return draw(st.permutations(placed))


def _ids(ranges: Ranges) -> list[int]:
    found: list[int] = ranges.ids().tolist()
    return found


def test_holdings_are_transcripts_by_ascending_ids_and_their_chunks_as_ranges() -> None:
    holdings = Holdings.of(ROWS)
    assert holdings.transcripts == [
        TranscriptSpan(1, 4, "en", "a", "video", 20),
        TranscriptSpan(4, 5, "en", "a", "video", 5),
        TranscriptSpan(5, 7, "zh", "b", "paper", 9),
        TranscriptSpan(8, 10, "zh", "注意力", "video", 70),
    ]
    assert (holdings.alive.starts.tolist(), holdings.alive.stops.tolist()) == ([1, 8], [7, 10])
    assert {name: _ids(ranges) for name, ranges in holdings.spoken.items()} == {"en": [1, 2, 3, 4], "zh": [5, 6, 8, 9]}
    assert _ids(holdings.of_resources({"a", "注意力", "nobody", "empty"})) == [1, 2, 3, 4, 8, 9]
    assert _ids(holdings.of_resources([])) == []
    assert holdings.terms == {"en": 25, "zh": 79}
    assert holdings.transcripts_in(Ranges.of([(1, 4), (8, 10)])) == [1, 8]


@given(rows())
def test_each_id_has_the_language_and_the_resource_of_its_transcript(rows: list[Row]) -> None:
    holdings = Holdings.of(rows)
    owners = {chunk: row for row in rows for chunk in range(row[0], row[0] + row[1])}
    ids = sorted(owners)
    assert _ids(holdings.alive) == ids
    assert holdings.languages_of(np.array(ids[::-1], np.int64)) == [primary(owners[i][2]) for i in ids[::-1]]
    for resource_id in "abc":
        assert _ids(holdings.of_resources([resource_id])) == [i for i in ids if owners[i][3] == resource_id]
    assert sorted(i for ranges in holdings.spoken.values() for i in _ids(ranges)) == ids
    for language, ranges in holdings.spoken.items():
        assert {primary(owners[i][2]) for i in _ids(ranges)} == {language}
