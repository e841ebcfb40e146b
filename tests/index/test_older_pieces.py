"""Pieces as earlier schemas had them: read as they are, and the same once a build has put them into blocks."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from index import older_pieces, piece_blocks
from index.encoder import BUNDLED
from index.library import Library
from index.migration import migrate
from index.packing import pack
from index.pieces import around, known, of_transcript, quantised
from index.schema import FIRST_WITH_BLOCKS
from index.types import ModelCard, Pieces, StoredChunk
from index.writer import Writer
from tests.index.parts import make_old

CARD = ModelCard(BUNDLED, 384, "")


@pytest.fixture
def old() -> Iterator[sqlite3.Connection]:
    """The pieces of two transcripts under schema 8, every fifth in signed bytes."""
    chance = np.random.default_rng(6)
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        migrate(connection, FIRST_WITH_BLOCKS - 1)
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("INSERT INTO resource (id, kind, url, state) VALUES ('talk', 'video', '', 'indexed')")
        for key, number in ((1, 40), (2, 7)):
            connection.execute(
                "INSERT INTO transcript (id, resource_id, language, origin) VALUES (?, 'talk', 'en', 'local')", (key,)
            )
            for k in range(number):
                total = chance.normal(0.2, 1, 384).astype(np.float32) * 30
                one = quantised(total, 30 + k, "another" if k % 5 == 0 else BUNDLED)
                data = one.codes if k % 5 == 0 else packed(one)
                values = (key, 10.5 * k, bytes([key, k] * 4), one.tokens, one.scale, data)
                connection.execute(
                    "INSERT INTO piece (transcript_id, start, digest, tokens, scale, data) VALUES (?, ?, ?, ?, ?, ?)",
                    values,
                )
                chunk = connection.execute(
                    "INSERT INTO chunk (transcript_id, first, stop, start, end) VALUES (?, 0, 1, ?, ?) RETURNING id",
                    (key, 10.0 * k, 10.0 * k + 45),
                ).fetchone()
                vector = pack(np.full(384, 0.1, np.float32))
                connection.execute("INSERT INTO vector VALUES (?, x'', ?)", (chunk[0], vector))
        connection.row_factory = sqlite3.Row
        yield connection


def chunk(chunk_id: int) -> StoredChunk:
    """One of the fixture's, by its id."""
    key, k = (1, chunk_id - 1) if chunk_id <= 40 else (2, chunk_id - 41)
    return StoredChunk(chunk_id, key, "talk", "en", 0, 1, 10.0 * k, 10.0 * k + 45)


def packed(one: piece_blocks.PieceVector) -> bytes:
    """Codes of six bits, four in three bytes, the lowest first, as schema 8 had them."""
    head = np.array((one.direction, one.length), [("direction", "u1"), ("length", "<f2")]).tobytes()
    fours = np.frombuffer(one.codes, np.uint8).reshape(-1, 4)
    return head + b"".join(
        sum(int(code) << 6 * k for k, code in enumerate(four)).to_bytes(3, "little") for four in fours
    )


def numbers(found: dict[int, Pieces]) -> dict[int, tuple[list[float], list[list[float]], list[float]]]:
    return {key: (one.starts.tolist(), one.sums.tolist(), one.tokens.tolist()) for key, one in found.items()}


def test_blocks_have_the_numbers_that_rows_had(old: sqlite3.Connection) -> None:
    chunks = [chunk(one) for one in (3, 1, 12, 40, 44)]
    before = [numbers(older_pieces.around(old, chunks, margin, CARD)) for margin in (0.0, 45.0, 1e6)]
    whole = [older_pieces.of_transcript(old, key, CARD).sums.tolist() for key in (1, 2, 3)]
    assert {len(one) for one in whole} == {40, 7, 0}
    migrate(old)
    piece_blocks.check(old, CARD.dimension, 100)
    assert [numbers(around(old, chunks, margin, CARD)) for margin in (0.0, 45.0, 1e6)] == before
    assert [of_transcript(old, key, CARD).sums.tolist() for key in (1, 2, 3)] == whole
    assert bytes([2, 3] * 4) in known(old, "talk", CARD)
    assert not old.execute("SELECT 1 FROM sqlite_schema WHERE name = 'piece'").fetchall()


@pytest.mark.parametrize("size", [0, 1, 290, 383])
def test_rows_of_other_sizes_are_told(old: sqlite3.Connection, size: int) -> None:
    old.execute("UPDATE piece SET data = zeroblob(?) WHERE start > 50", (size,))
    with pytest.raises(sqlite3.DatabaseError, match="more or fewer numbers"):
        older_pieces.around(old, [chunk(9)], 45.0, CARD)
    with pytest.raises(sqlite3.DatabaseError, match="more or fewer numbers"):
        migrate(old)
    assert old.execute("SELECT count(*) FROM piece").fetchone()[0] == 47


@pytest.mark.parametrize("version", range(4, FIRST_WITH_BLOCKS))
def test_a_build_leaves_the_pieces_of_an_earlier_library_as_they_were(folder: Path, version: int) -> None:
    make_old(folder, version)
    with Library.open(folder) as library:
        before = numbers(library.pieces([*library.chunks(range(9)).values()], 5.0))
        assert not any(standing.lacks_pieces for standing in library.standings().values())
    assert sum(len(starts) for starts, *_ in before.values()) > 5
    with Writer.open(folder):
        pass
    with Library.open(folder) as library:
        assert numbers(library.pieces([*library.chunks(range(9)).values()], 5.0)) == before
        assert not any(standing.lacks_pieces for standing in library.standings().values())
        library.verify()
