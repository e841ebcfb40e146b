"""Cues as earlier schemas had them: the same once a build has put them into blocks."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing

import pytest

from index import cue_blocks, older_cues
from index.migration import migrate
from index.schema import FIRST_WITH_BLOCKS
from index.types import Cue

# Several blocks.
SAID = [
    *(Cue(2.5 * k, 2.5 * k + 2.5, f"注意力 attention {k} {'𝄞' * 9}", page=k // 9) for k in range(300)),
    Cue(800.0, 1e300, "a\0b\ud7ff\ue000\uffff", "标题", 0, True),
    Cue(1.1 + 2.2, 0.1, "", "", None, False),
]


@pytest.fixture
def old() -> Iterator[sqlite3.Connection]:
    """A library of schema 8 in which a transcript needs no resource."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        migrate(connection, FIRST_WITH_BLOCKS - 1)
        connection.execute("PRAGMA foreign_keys = OFF")
        yield connection


def insert(connection: sqlite3.Connection, transcript_id: int, cues: Sequence[Cue]) -> None:
    rows = [(transcript_id, k, c.start, c.end, c.text, c.anchor, c.page, c.is_reference) for k, c in enumerate(cues)]
    connection.executemany("INSERT INTO cue VALUES (?, ?, ?, ?, ?, ?, ?, ?)", reversed(rows))


def test_rows_become_blocks(old: sqlite3.Connection) -> None:
    for key in (3, 8):
        insert(old, key, SAID)
    assert older_cues.read(old, 8, 5, 400, with_places=True) == SAID[5:]
    migrate(old)
    cue_blocks.check(old)
    assert [cue_blocks.read(old, key, 0, 999) for key in (3, 8)] == [SAID] * 2
    assert not old.execute("SELECT 1 FROM sqlite_schema WHERE name = 'cue'").fetchall()


def test_rows_that_lack_one_between_them_are_told(old: sqlite3.Connection) -> None:
    insert(old, 1, SAID[:3])
    old.execute("DELETE FROM cue WHERE position = 1")
    with pytest.raises(sqlite3.DatabaseError, match="aren't what was written"):
        migrate(old)
    assert old.execute("SELECT count(*) FROM cue").fetchone() == (2,)
