"""The terms of chunks as bytes: what is decoded is what was encoded, and damage is told."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seekpoint.index.sql.term_counts import MOST_COUNT, MOST_LENGTH, TermCounts, decode_counts, encode

Chunk = dict[int, int]


def of(*chunks: Chunk, length: int | None = None) -> TermCounts:
    """Chunks as dictionaries from term numbers to counts; the length is the sum of the counts unless given."""
    rows = [sorted(chunk.items()) for chunk in chunks]
    return TermCounts(
        np.array([len(row) for row in rows], np.int64),
        np.array([sum(chunk.values()) if length is None else length for chunk in chunks], np.int64),
        np.array([number for row in rows for number, _ in row], np.uint32),
        np.array([count for row in rows for _, count in row], np.uint8),
    )


def same(one: TermCounts, other: TermCounts) -> bool:
    return [column.tolist() for column in one] == [column.tolist() for column in other]


chunks = st.dictionaries(st.integers(1, (1 << 24) - 1), st.integers(1, MOST_COUNT), max_size=9)


@given(st.lists(chunks, max_size=6))
def test_what_is_decoded_is_what_was_encoded(chunks: list[Chunk]) -> None:
    terms = of(*chunks)
    stored = encode(terms)
    assert len(stored) == len(chunks)
    assert same(decode_counts(stored), terms)
    assert all(same(decode_counts([one]), of(chunk)) for one, chunk in zip(stored, chunks, strict=True))


def test_a_term_takes_two_bytes_and_four_after_a_wide_gap_and_a_wider_gap_is_refused() -> None:
    (stored,) = encode(of({number: 1 for number in range(1, 93)} | {92 + 4095: 1, 92 + 4095 + 4096: 1}))
    assert len(stored) == 2 + 2 * 93 + 4
    assert same(decode_counts(encode(of({1: 1, 1 << 24: 1}))), of({1: 1, 1 << 24: 1}))
    with pytest.raises(ValueError, match="too many"):
        encode(of({1: 1, (1 << 24) + 1: 1}))
    found = decode_counts(encode(of({7: MOST_COUNT}, length=MOST_LENGTH + 9)))
    assert (found.counts.tolist(), found.lengths.tolist()) == ([MOST_COUNT], [MOST_LENGTH])


WHOLE = encode(of({1: 2, 500: 1, 70_000: MOST_COUNT}, {}, {3: 1}))


def test_bytes_that_end_within_an_entry_are_refused() -> None:
    for damaged in ([b""], [b"\1"], [WHOLE[0][:-1], WHOLE[1]], [WHOLE[0] + b"\1"]):
        with pytest.raises(ValueError, match="cut off"):
            decode_counts(damaged)


@given(st.binary(max_size=40))
def test_any_bytes_are_decoded_or_refused(data: bytes) -> None:
    try:
        found = decode_counts([data, WHOLE[0]])
    except ValueError:
        return
    assert len(found.numbers) == len(found.counts) == found.sizes.sum()
    assert found.numbers[-3:].tolist() == [1, 500, 70_000]
