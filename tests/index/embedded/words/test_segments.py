"""Posting lists: as bytes and back, in segments that are merged, and what of a damaged file is refused."""

from __future__ import annotations

import random
import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seekpoint.index.embedded.chunk_ranges import Ranges
from seekpoint.index.embedded.words.posting_lists import Lists, decode, encode
from seekpoint.index.embedded.words.segments import append, check, compact, merge_due
from tests.paths import ROOT

WORDS = ["mask", "attention", "掩码", "注意", "the", "of"]
Said = Mapping[int, Sequence[str]]

# Ids by gaps about as large as a byte, two, or four hold, and the counts.
ONE_LIST = st.lists(
    st.tuples(
        st.one_of(st.integers(1, 4), st.integers(253, 1022), st.integers(65533, 131072), st.integers(1, 1 << 33)),
        st.one_of(st.just(1), st.integers(1, 255)),
    ),
    min_size=1,
    max_size=20,
)


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(database()) as opened:
        yield opened


def database() -> sqlite3.Connection:
    """An empty database with the tables of posting lists only."""
    schema = (ROOT / "seekpoint" / "index" / "embedded" / "schema.sql").read_text(encoding="utf-8")
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute("PRAGMA foreign_keys = ON")
    connection.executescript("".join(re.findall(r"CREATE TABLE (?:long_)?posting.*?;", schema, re.DOTALL)))
    return connection


def lists(several: Sequence[Sequence[tuple[int, int]]]) -> Lists:
    """Lists of (gap, count)."""
    ids = [np.cumsum([gap for gap, _ in one]) for one in several]
    counts = np.array([count for one in several for _, count in one], np.uint8)
    return Lists(np.array([len(one) for one in several]), np.concatenate(ids).astype(np.int64), counts)


def decoded(blobs: Sequence[bytes], sizes: Sequence[int], first: int = 0, stop: int = 1 << 50) -> Lists:
    return decode(blobs, np.array(sizes), np.full(len(blobs), first), np.full(len(blobs), stop))


def held(connection: sqlite3.Connection) -> dict[str, dict[int, int]]:
    """How often each chunk has each term, in all segments."""
    found: dict[str, dict[int, int]] = {}
    query = "SELECT term, posting.chunks, first, data FROM posting JOIN posting_segment ON id = segment"
    for term, chunks, first, data in connection.execute(query):
        _, ids, counts = decoded([data], [chunks], first)
        found.setdefault(term, {}).update(zip(ids.tolist(), counts.tolist(), strict=True))
    return found


def expected(said: Said) -> dict[str, dict[int, int]]:
    words = {word for terms in said.values() for word in terms}
    return {word: {i: Counter(terms)[word] for i, terms in said.items() if word in terms} for word in words}


def alive(said: Said) -> Ranges:
    return Ranges.of((i, i + 1) for i in said)


def spans(connection: sqlite3.Connection) -> list[tuple[int, int, int]]:
    return list(connection.execute("SELECT first, stop, chunks FROM posting_segment ORDER BY first"))


@given(st.lists(ONE_LIST, min_size=1, max_size=4))
def test_what_is_encoded_is_decoded(several: list[list[tuple[int, int]]]) -> None:
    given = lists(several)
    found = decoded(encode(given, 1), [*map(len, several)], 1)
    assert [one.tolist() for one in found] == [one.tolist() for one in given]


def test_a_common_term_takes_a_byte_a_chunk() -> None:
    once, twice, often = encode(lists([[(3, 1)] * 999, [(3, 2)] * 999, [(3, 17)] * 999]), 0)
    assert (len(once), len(twice), len(often)) == (1 + 999, 1 + 999 + 500, 1 + 999 + 999)
    (far,) = encode(lists([[(3, 1)] * 999 + [(600, 1)]]), 0)
    assert len(far) == 1 + 999 + 3


@given(st.binary(max_size=60), st.integers(0, 70))
def test_what_nobody_encoded_is_refused_or_read_as_ids_in_order(blob: bytes, size: int) -> None:
    try:
        found = decoded([blob], [size], 5, 1000)
    except ValueError:
        return
    ids = found.ids.tolist()
    assert len(ids) == size <= len(blob) and ids[0] >= 5 and ids[-1] < 1000
    assert all(one < other for one, other in pairwise(ids))


@pytest.mark.parametrize(
    "change",
    [
        lambda blob: blob[:-1],
        lambda blob: blob + b"\0",
        lambda blob: b"",
        lambda blob: b"\x03" + blob[1:],
        lambda blob: b"\x0c" + blob[1:],
        lambda blob: b"\xff" + blob[1:],
        lambda blob: blob[:2] + b"\0" + blob[3:],
        lambda blob: blob[:2] + b"\xff" + blob[3:],
        lambda blob: blob[:-1] + b"\0",
    ],
)
def test_a_list_that_was_tampered_with_is_refused(change: Callable[[bytes], bytes]) -> None:
    (blob,) = encode(lists([[(3, 20)] * 10]), 0)
    assert decoded([blob], [10]).counts.tolist() == [20] * 10
    with pytest.raises(ValueError, match="posting list"):
        decoded([change(blob)], [10])


def test_ids_outside_a_segment_are_refused() -> None:
    (blob,) = encode(lists([[(3, 1)] * 10]), 3)
    assert decoded([blob], [10], 3, 31).ids.tolist() == [*range(3, 33, 3)]
    with pytest.raises(ValueError, match="posting list"):
        decoded([blob], [10], 3, 30)
    for size in (0, 9, 11, 1 << 40):
        with pytest.raises(ValueError, match="posting list"):
            decoded([blob], [size], 3)


@pytest.mark.parametrize("seed", range(8))
def test_segments_hold_what_is_alive_however_they_came_about(seed: int) -> None:
    said: dict[int, Sequence[str]] = {}
    chance = random.Random(seed)
    with closing(database()) as connection:
        following = 1
        for _ in range(chance.randint(1, 20)):
            chunks = [chance.choices(WORDS, k=chance.randint(0, 6)) for _ in range(chance.randint(0, 30))]
            append(connection, following, chunks)
            said |= dict(enumerate(chunks, following))
            following += len(chunks) + chance.choice([0, 0, 5])
            said = {i: terms for i, terms in said.items() if chance.random() < 0.95}
            merge_due(connection, alive(said))
            check(connection)
        found = held(connection)
        assert all(found[word].items() >= chunks.items() for word, chunks in expected(said).items())
        compact(connection, alive(said))
        check(connection)
        assert held(connection) == expected(said)
        assert len(spans(connection)) == min(len(said), 1)


def test_lectures_are_merged_once_there_are_eight(connection: sqlite3.Connection) -> None:
    for first in range(1, 8 * 100, 100):
        append(connection, first, [["mask", "掩码"]] * 100)
        merge_due(connection, Ranges.of([(1, first + 100)]))
    assert spans(connection) == [(1, 801, 800)]
    append(connection, 801, [["the"]])
    merge_due(connection, Ranges.of([(1, 802)]))
    assert spans(connection) == [(1, 801, 800), (801, 802, 1)]


def test_what_a_build_added_last_is_one_segment_at_its_end(connection: sqlite3.Connection) -> None:
    for first, chunks in ((1, 90), (91, 20), (111, 10), (121, 5)):
        append(connection, first, [["mask", "掩码"]] * chunks)
    merge_due(connection, Ranges.of([(1, 126)]), 35)
    assert spans(connection) == [(1, 91, 90), (91, 111, 20), (111, 126, 15)]
    merge_due(connection, Ranges.of([(1, 113), (115, 126)]), 125)
    assert spans(connection) == [(1, 91, 90), (91, 126, 33)]
    check(connection)


def test_what_is_merged_makes_room_for_what_comes_of_it(connection: sqlite3.Connection) -> None:
    def pages() -> int:
        (count,) = connection.execute("PRAGMA page_count").fetchone()
        return int(count)

    for first in range(1, 8 * 400, 400):
        append(
            connection, first, [[f"word{k * one % 20_011}" for k in range(100)] for one in range(first, first + 400)]
        )
    before = pages()
    merge_due(connection, Ranges.of([(1, 3201)]))
    assert spans(connection) == [(1, 3201, 3200)]
    assert pages() < 1.25 * before


def test_what_is_gone_is_dropped_once_it_is_much(connection: sqlite3.Connection) -> None:
    append(connection, 1, [["mask"]] * 50 + [["of"]] * 50)
    merge_due(connection, Ranges.of([(1, 80)]))
    assert spans(connection) == [(1, 101, 100)]
    merge_due(connection, Ranges.of([(11, 30), (35, 51)]))
    assert spans(connection) == [(11, 51, 35)]
    assert list(held(connection)) == ["mask"]
    merge_due(connection, Ranges.of([]))
    assert spans(connection) == []
    assert held(connection) == {}


def test_many_segments_become_one(connection: sqlite3.Connection) -> None:
    said = {i: [WORDS[i % 6], f"word{i}"] for i in range(1, 201)}
    for i, terms in said.items():
        append(connection, i, [terms])
    compact(connection, alive(said))
    assert spans(connection) == [(1, 201, 200)]
    assert held(connection) == expected(said)


def test_a_term_that_is_said_on_and_on_is_counted_up_to_a_byte(connection: sqlite3.Connection) -> None:
    append(connection, 1, [["mask"] * 70_000 + ["of"], ["of"] * 3])
    check(connection)
    assert held(connection) == {"mask": {1: 255}, "of": {1: 1, 2: 3}}


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE posting SET data = substr(data, 1, 2) WHERE term = 'mask'",
        "UPDATE posting SET chunks = chunks + 1 WHERE term = 'mask'",
        "UPDATE posting SET term = 'masks' WHERE term = 'mask'; DELETE FROM posting WHERE term = 'the'",
        "UPDATE posting_segment SET lengths = zeroblob(6) WHERE first = 1",
        "UPDATE posting_segment SET lengths = zeroblob(length(lengths)) WHERE first = 1",
        "UPDATE posting_segment SET stop = 1 << 62 WHERE first = 1",
        "UPDATE posting_segment SET chunks = 9 WHERE first = 1",
        "UPDATE posting_segment SET chunks = 1 WHERE first = 1",
        "UPDATE posting_segment SET first = first - 1, stop = stop - 1 WHERE first = 3",
        "INSERT INTO posting SELECT 99, term, chunks, data FROM posting WHERE segment = 1",
    ],
)
def test_a_check_finds_what_was_changed(connection: sqlite3.Connection, change: str) -> None:
    append(connection, 1, [["mask", "the"], ["mask", "掩码"]])
    append(connection, 3, [["掩码", "the"]])
    check(connection)
    connection.executescript(f"PRAGMA foreign_keys = OFF; {change}")
    with pytest.raises(ValueError, match="posting list"):
        check(connection)
