"""The terms of chunks in the database: numbers, counts of some terms, texts for the index, and what is damaged."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from seekpoint.index.embedded import database, stored_transcripts
from seekpoint.index.embedded.database import SqliteDatabase
from seekpoint.index.sql import transcripts
from seekpoint.index.sql.cue_blocks import blocks
from seekpoint.index.sql.term_counts import counts_of_chunks
from seekpoint.index.sql.transcripts import numbered
from seekpoint.index.text.terms import terms
from seekpoint.index.types import Cue
from tests.index.libraries import CARD

SAID = ["the mask hides the words", "掩码遮住后面的词", "", "a mask for 掩码"]


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """A database whose chunks 1 to 4 say the above."""
    with closing(database.connect(tmp_path, writable=True)) as opened:
        opened.execute("PRAGMA foreign_keys = OFF")
        opened.execute("INSERT INTO transcript (id, resource_id, language, origin) VALUES (1, '', 'en', 'local')")
        opened.executemany("INSERT INTO cue_block VALUES (1, ?, ?)", blocks([Cue(0.0, 1.0, "".join(SAID))]))
        store(opened, *SAID)
        yield opened


def store(connection: sqlite3.Connection, *texts: str) -> None:
    said = [Counter(terms(text)) for text in texts]
    numbers = numbered(SqliteDatabase(Path(), connection), {term for each in said for term in each})
    connection.executemany(
        "INSERT INTO chunk (transcript_id, first, stop, start, end, terms) VALUES (1, 0, 1, 0, 1, ?)",
        [(data,) for data in counts_of_chunks(numbers, said)],
    )
    vectors = (
        "INSERT INTO vector SELECT id, x'00', zeroblob(?) FROM chunk WHERE id NOT IN (SELECT chunk_id FROM vector)"
    )
    connection.execute(vectors, (CARD.dimension + 2,))


def check_terms(connection: sqlite3.Connection) -> None:
    transcripts.check(SqliteDatabase(Path(), connection), CARD)


def test_only_terms_that_no_chunk_has_are_deleted_and_one_counts_15_times_at_most(
    connection: sqlite3.Connection,
) -> None:
    store(connection, "mask " * 70_000)
    connection.execute("DELETE FROM chunk WHERE id IN (2, 4)")
    stored_transcripts.delete_unused(connection)
    assert {text for (text,) in connection.execute("SELECT text FROM term")} == set(terms(SAID[0]))
    check_terms(connection)
    assert dict(stored_transcripts.terms_of(connection, [(5, 6)])) == {5: ["mask"] * 15}


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ("UPDATE chunk SET terms = x'01' WHERE id = 2", "cut off"),
        ("DELETE FROM term WHERE text = 'mask'", "without a text"),
        ("UPDATE chunk SET terms = x'02001100' WHERE id = 1", "than it is long"),
        ("UPDATE chunk SET terms = x'01001f00' WHERE id = 1", "than it is long"),
    ],
)
def test_a_check_tells_what_is_out_of_place(connection: sqlite3.Connection, change: str, fault: str) -> None:
    check_terms(connection)
    connection.execute(change)
    with pytest.raises(ValueError, match=fault):
        check_terms(connection)
    if fault == "without a text":
        with pytest.raises(ValueError, match=fault):
            list(stored_transcripts.terms_of(connection, [(1, 9)]))
