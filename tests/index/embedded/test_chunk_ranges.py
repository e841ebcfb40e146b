"""Sets of ids as ranges: against Python's own sets."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from seekpoint.index.embedded.chunk_ranges import Ranges

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
