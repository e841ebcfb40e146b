"""When segments are merged: it ends, they stay few, and what is rewritten stays in proportion to what is added."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seekpoint.index.embedded.vector_files import Segment, next_merge

SEGMENTS = st.lists(st.tuples(st.integers(0, 100_000), st.floats(0, 1)), max_size=60).map(
    lambda sizes: placed([(chunks, round(chunks * share)) for chunks, share in sizes])
)


def placed(sizes: list[tuple[int, int]]) -> list[Segment]:
    """Neighbours of so many chunks, of which so many are alive."""
    segments, first = [], 1
    for chunks, alive in sizes:
        segments.append(Segment(first, first + chunks, chunks, alive))
        first += chunks
    return segments


def tended(segments: list[Segment], fan: int = 8) -> tuple[list[Segment], int]:
    """The segments when all is well, and how many chunks were written for that."""
    segments, written = list(segments), 0
    while run := next_merge(segments, fan):
        alive = sum(segment.alive for segment in segments[run])
        written += alive
        segments[run] = [Segment(segments[run][0].first, segments[run][-1].stop, alive, alive)] if alive else []
    return segments, written


@given(SEGMENTS, st.integers(2, 10))
def test_merging_ends_with_few_segments_and_loses_nothing_alive(segments: list[Segment], fan: int) -> None:
    left, _ = tended(segments, fan)
    alive = sum(segment.alive for segment in segments)
    assert sum(segment.alive for segment in left) == alive
    assert all(segment.alive and segment.chunks - segment.alive <= segment.chunks / 4 for segment in left)
    tiers = 1 + math.log(max(alive, 1) / 64, fan**0.75) if alive > 64 else 1
    capped = 2 * fan * alive / 500_000
    assert len(left) <= (fan - 1) * (math.floor(tiers) + 1) + capped


@given(st.lists(st.integers(1, 400), min_size=1, max_size=200))
def test_each_chunk_is_rewritten_about_as_often_as_the_library_grew_by_the_fan(added: list[int]) -> None:
    segments: list[Segment] = []
    written = 0
    for chunks in added:
        first = segments[-1].stop if segments else 1
        segments, cost = tended([*segments, Segment(first, first + chunks, chunks, chunks)])
        written += cost
    total = sum(added)
    assert written <= total * (2 + math.log(max(total / 64, 1), 8))


def test_a_million_is_never_rewritten_for_a_lecture() -> None:
    for segments in (placed([(1_000_000, 1_000_000)]), placed([(130_000, 130_000)] * 8)):
        for _ in range(300):
            first = segments[-1].stop
            segments, cost = tended([*segments, Segment(first, first + 120, 120, 120)])
            assert cost < 36_000


ONE, LARGE, SMALL = (120, 120), (50_000, 50_000), (4_000, 3_900)


@pytest.mark.parametrize(
    ("sizes", "due"),
    [
        ([ONE] * 7, None),
        ([(960, 960)] * 7 + [ONE] * 8, slice(7, 15)),
        ([LARGE, *[SMALL] * 5, LARGE], None),
        ([LARGE, *[SMALL] * 6, LARGE], slice(0, 8)),
        ([(1000, 1000), (1000, 750), (1000, 1000)], None),
        ([(1000, 1000), (1000, 749), (1000, 1000)], slice(1, 2)),
        ([*[ONE] * 8, (1000, 700), (1000, 0)], slice(9, 10)),
    ],
)
def test_due_are_the_wholly_gone_then_eight_of_one_size_then_the_mostly_gone(
    sizes: list[tuple[int, int]], due: slice | None
) -> None:
    assert next_merge(placed(sizes)) == due
