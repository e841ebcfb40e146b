"""Blocks of pieces: they come back as they were, from their beginning on, and what isn't one is told."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from math import nan
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seekpoint.index.embedded.database import SqliteDatabase, create_schema
from seekpoint.index.models.encoder import BUNDLED
from seekpoint.index.models.piece_vectors import LEVELS, NO_DIRECTION, quantised
from seekpoint.index.sql.piece_blocks import StoredPiece, all_pieces, blocks, encode, pieces_by_digest
from seekpoint.index.sql.transcripts import check
from seekpoint.index.types import ModelCard, PieceVector

CARD = ModelCard(BUNDLED, 384, "")
ALL = "SELECT transcript_id, start, data FROM piece_block ORDER BY transcript_id, start"


@st.composite
def stored(draw: st.DrawFn, dimension: int) -> list[StoredPiece]:
    """Pieces in order, with a direction or without one."""
    starts = sorted(draw(st.sets(st.floats(-1e6, 1e6).map(lambda start: start + 0.0), min_size=1, max_size=40)))
    codes = st.binary(min_size=dimension, max_size=dimension).map(lambda data: bytes(byte % LEVELS for byte in data))
    directions = st.tuples(st.integers(0, 2), st.floats(-100, 100, width=16)) | st.just((NO_DIRECTION, 0.0))
    vectors = st.builds(
        lambda tokens, scale, codes, direction: PieceVector(tokens, scale, codes, *direction),
        *(st.integers(0, 65535), st.floats(-1e8, 1e8, width=32), codes, directions),
    )
    return [StoredPiece(start, draw(st.binary(min_size=8, max_size=8)), draw(vectors)) for start in starts]


def block(start: float = 0.0, number: int = 3) -> list[StoredPiece]:
    """Pieces of ten seconds each, those of odd numbers without a direction."""
    chance, directions = np.random.default_rng(number), [(1, 0.25), (NO_DIRECTION, 0.0)]
    return [
        StoredPiece(
            start + 10 * k,
            bytes([k] * 8),
            PieceVector(k + 1, 0.5, chance.integers(0, LEVELS, 384, np.uint8).tobytes(), *directions[k % 2]),
        )
        for k in range(number)
    ]


@contextmanager
def database() -> Iterator[sqlite3.Connection]:
    """A new library's database, in which a transcript needs no resource."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        create_schema(connection)
        connection.execute("PRAGMA foreign_keys = OFF")
        yield connection


def append_pieces(connection: sqlite3.Connection, transcript_id: int, pieces: Sequence[StoredPiece]) -> None:
    rows = [(transcript_id, *block) for block in blocks(pieces)]
    connection.executemany("INSERT INTO piece_block (transcript_id, start, data) VALUES (?, ?, ?)", rows)


@settings(max_examples=40)
@given(st.data())
def test_pieces_come_back_as_they_were_stored(data: st.DataObject) -> None:
    card = ModelCard("another", data.draw(st.integers(1, 9)), "")
    pieces = data.draw(stored(card.dimension))
    with database() as connection:
        append_pieces(connection, 1, pieces)
        rows = connection.execute(ALL).fetchall()
    assert pieces_by_digest(rows, card) == {piece.digest: piece.vector for piece in pieces}


def test_as_many_tokens_are_told_as_can_be() -> None:
    [(_, data)] = blocks([StoredPiece(0.0, bytes(8), PieceVector(70_000, 1.0, bytes(384)))])
    assert all_pieces([(1, 0.0, data)], CARD).tokens.tolist() == [65_535]


def with_vector(vector: PieceVector) -> bytes:
    first, *others = block()
    return encode([first._replace(vector=vector), *others])


def at(*starts: float) -> bytes:
    return encode([piece._replace(start=start) for piece, start in zip(block(), starts, strict=True)])


USUAL = block()[0].vector
STRANGE = {
    "empty": b"",
    "too many": encode(block(number=17)),
    "more codes": encode(block()) + b"\0",
    "cut short": encode(block())[:-6],
    "not ascending": at(0.0, 20.0, 20.0),
    "no first start": at(nan, 10.0, 20.0),
    "another start": at(1.0, 10.0, 20.0),
    "past the next block": at(0.0, 10.0, 500.0),
    "a large scale": with_vector(USUAL._replace(scale=1e10)),
    "another direction": with_vector(USUAL._replace(direction=NO_DIRECTION - 1)),
    "no length": with_vector(USUAL._replace(length=nan)),
}


@pytest.mark.parametrize("data", STRANGE.values(), ids=STRANGE.keys())
def test_a_block_that_nobody_wrote_is_told(data: bytes) -> None:
    with database() as connection:
        for number in (1, 2):
            connection.execute("INSERT INTO transcript VALUES (?, '', 'en', 'local', 0, 0, 0, 0, '[]')", (number,))
        append_pieces(connection, 1, block())
        append_pieces(connection, 1, block(500.0))
        append_pieces(connection, 2, block(0.0, 40))
        check(SqliteDatabase(Path(), connection), CARD)
        connection.execute("UPDATE piece_block SET data = ? WHERE transcript_id = 1 AND start = 0", (data,))
        with pytest.raises(ValueError, match="block"):
            check(SqliteDatabase(Path(), connection), CARD)


@pytest.mark.parametrize("data", [b"", *(encode(block())[:stop] for stop in (60, -6, -1))])
def test_a_block_that_is_cut_short_is_told_by_who_reads_it(data: bytes) -> None:
    with pytest.raises(ValueError, match="a block of pieces"):
        all_pieces([(1, 0.0, data)], CARD)


def test_pieces_with_and_without_a_direction_in_a_block_have_the_sums_that_each_has_alone() -> None:
    chance = np.random.default_rng(8)
    kept = [
        quantised(chance.normal(0, 3, 384).astype(np.float32), 30, BUNDLED if k % 3 else "another") for k in range(40)
    ]
    pieces = [StoredPiece(float(k), bytes(8), vector) for k, vector in enumerate(kept)]
    stored = [(1, *block) for block in blocks(pieces)]
    alone = [all_pieces([(1, piece.start, encode([piece]))], CARD) for piece in pieces]
    assert all_pieces(stored, CARD).sums.tolist() == [piece.sums[0].tolist() for piece in alone]
    with pytest.raises(ValueError, match="direction"):
        all_pieces(stored, ModelCard("another", 384, ""))
