"""Sets of chunks as ranges, which of them belong to which transcript, and the ranges that filters come to."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from seekpoint.index.embedded.chunk_ranges import Holdings, Ranges, TranscriptSpan
from seekpoint.index.text.languages import primary
from seekpoint.index.types import Kind

Row = tuple[int, int, str, str, str, int]


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


@given(rows())
def test_each_id_has_the_language_and_the_resource_of_its_transcript(rows: list[Row]) -> None:
    holdings = Holdings.of(rows)
    owners = {chunk: row for row in rows for chunk in range(row[0], row[0] + row[1])}
    ids = sorted(owners)
    spans = [
        TranscriptSpan(i, i + n, primary(tag), one, kind, terms) for i, n, tag, one, kind, terms in sorted(rows) if n
    ]
    assert holdings.transcripts == spans
    assert _ids(holdings.alive) == ids
    assert holdings.languages_of(np.array(ids[::-1], np.int64)) == [primary(owners[i][2]) for i in ids[::-1]]
    for resource_id in "abc":
        ranges = holdings.where(lambda span, named=resource_id: span.resource_id == named)  # type: ignore[misc]
        assert _ids(ranges) == [i for i in ids if owners[i][3] == resource_id]
    assert sorted(i for ranges in holdings.spoken.values() for i in _ids(ranges)) == ids
    for language, ranges in holdings.spoken.items():
        assert {primary(owners[i][2]) for i in _ids(ranges)} == {language}
        assert holdings.transcripts_in(ranges) == [span.first for span in spans if span.language == language]


_PAIRS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=8)


def members(pairs: list[tuple[int, int]]) -> set[int]:
    return {i for first, stop in pairs for i in range(first, stop)}


@given(_PAIRS)
def test_ranges_hold_what_they_were_made_of(pairs: list[tuple[int, int]]) -> None:
    ranges, expected = Ranges.of(pairs), members(pairs)
    assert ranges.ids().tolist() == sorted(expected)
    assert len(ranges) == len(expected)
    assert ranges.contains(np.arange(-2, 63)).tolist() == [i in expected for i in range(-2, 63)]
    assert (ranges.starts[1:] > ranges.stops[:-1]).all()


@given(_PAIRS, _PAIRS)
def test_what_is_in_both_or_in_one_alone(one: list[tuple[int, int]], other: list[tuple[int, int]]) -> None:
    met = Ranges.of(one).intersection(Ranges.of(other))
    assert met.ids().tolist() == sorted(members(one) & members(other))
    assert Ranges.of(one).without(Ranges.of(other)).ids().tolist() == sorted(members(one) - members(other))


@given(_PAIRS, st.integers(0, 60), st.integers(0, 60))
def test_a_part_of_the_ids(pairs: list[tuple[int, int]], first: int, stop: int) -> None:
    expected = members(pairs) & set(range(first, stop))
    assert Ranges.of(pairs).within(first, stop).ids().tolist() == sorted(expected)
    if first < stop:
        bits = np.unpackbits(Ranges.of(pairs).bitmap(first, stop), bitorder="little")
        assert {first + int(i) for i in np.flatnonzero(bits)} == expected
