"""Posting lists of schema 8: read as they are, and written anew by a migration."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from index.layouts import layout
from index.lexicon import Lexicon
from index.older_posting_lists import convert
from index.postings import append, check
from index.ranges import Ranges
from index.schema import FIRST_WITH_SEGMENTS, SCHEMA_VERSION
from tests.index.parts import older_list
from tests.index.test_postings import database, held

CHUNKS = [["mask", "the", "mask"], ["掩码", "the"], ["the"], ["mask", "掩码", "the"]]


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    """The chunks 1 and 2, and 3 and 4, with their lists as schema 8 had them."""
    with closing(database()) as opened:
        append(opened, 1, CHUNKS[:2])
        append(opened, 3, CHUNKS[2:])
        for segment, first in opened.execute("SELECT id, first FROM posting_segment").fetchall():
            for (term,) in opened.execute("SELECT term FROM posting WHERE segment = ?", (segment,)).fetchall():
                ids = [i for i in (first, first + 1) if term in CHUNKS[i - 1]]
                data = older_list(ids, [CHUNKS[i - 1].count(term) for i in ids])
                opened.execute("UPDATE posting SET data = ? WHERE (segment, term) = (?, ?)", (data, segment, term))
        opened.execute("DROP TABLE long_posting")
        yield opened


def test_they_are_read_as_they_are(connection: sqlite3.Connection) -> None:
    read = layout(FIRST_WITH_SEGMENTS)
    check(connection, read)
    lexicon = Lexicon(Path("talks"), connection, Ranges.of([(1, 5)]), read)
    found = lexicon.by_id(lexicon.counts(["mask"])["mask"])
    assert (found.chunks.tolist(), found.values.tolist()) == ([1, 4], [2, 1])


def test_a_migration_writes_them_anew(connection: sqlite3.Connection) -> None:
    connection.execute("CREATE TABLE long_posting (segment, term, data)")
    with pytest.raises(ValueError, match="posting list"):
        check(connection)
    convert(connection, FIRST_WITH_SEGMENTS)
    check(connection, layout(SCHEMA_VERSION))
    assert held(connection) == {"mask": {1: 2, 4: 1}, "掩码": {2: 1, 4: 1}, "the": {1: 1, 2: 1, 3: 1, 4: 1}}


def test_ids_that_are_far_apart() -> None:
    ids, counts = [7, 300, 70_000], [3, 1, 255]
    found = layout(8).decode([older_list(ids, counts)], np.array([3]), np.array([5]), np.array([70_001]))
    assert (found.ids.tolist(), found.counts.tolist()) == (ids, counts)


@pytest.mark.parametrize(("size", "stop"), [(2, 100), (4, 100), (3, 9)])
def test_what_was_tampered_with_is_refused(size: int, stop: int) -> None:
    with pytest.raises(ValueError, match="posting list"):
        layout(8).decode([older_list([7, 8, 9], [1, 1, 1])], np.array([size]), np.array([5]), np.array([stop]))
