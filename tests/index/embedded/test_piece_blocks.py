"""Blocks of pieces: they come back as they were, from their beginning on, and what isn't one is told."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from math import nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seekpoint.index.embedded.database import create_schema
from seekpoint.index.embedded.pieces import append_pieces, check_pieces, transcript_pieces
from seekpoint.index.models.encoder import BUNDLED
from seekpoint.index.models.piece_vectors import LEVELS, NO_DIRECTION, quantised
from seekpoint.index.sql.piece_blocks import Blocks, StoredPiece, check, encode
from seekpoint.index.types import ModelCard, PieceVector

DIRECTIONS = 3
_DIRECTIONS: list[tuple[int, float]] = [(1, 0.25), (NO_DIRECTION, 0.0)]
ALL = "SELECT transcript_id, start, data FROM piece_block ORDER BY transcript_id, start"


@st.composite
def stored(draw: st.DrawFn, dimension: int) -> list[StoredPiece]:
    """Pieces in order, with a direction or without one."""
    starts = sorted(draw(st.sets(st.floats(-1e6, 1e6).map(lambda start: start + 0.0), min_size=1, max_size=40)))
    codes = st.binary(min_size=dimension, max_size=dimension).map(lambda data: bytes(byte % LEVELS for byte in data))
    directions = st.tuples(st.integers(0, DIRECTIONS - 1), st.floats(-100, 100, width=16)) | st.just(
        (NO_DIRECTION, 0.0)
    )
    vectors = st.builds(
        lambda tokens, scale, codes, direction: PieceVector(tokens, scale, codes, *direction),
        *(st.integers(0, 65535), st.floats(-1e8, 1e8, width=32), codes, directions),
    )
    return [StoredPiece(start, draw(st.binary(min_size=8, max_size=8)), draw(vectors)) for start in starts]


def block(start: float = 0.0, number: int = 3) -> list[StoredPiece]:
    """Pieces of ten seconds each, those of even numbers with a direction."""
    return [
        StoredPiece(start + 10 * k, bytes([k] * 8), PieceVector(k + 1, 0.5, bytes([k, 63, 0, 32]), *_DIRECTIONS[k % 2]))
        for k in range(number)
    ]


@contextmanager
def database() -> Iterator[sqlite3.Connection]:
    """A new library's database, in which a transcript needs no resource."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        create_schema(connection)
        connection.execute("PRAGMA foreign_keys = OFF")
        yield connection


def found_in(blocks: Blocks, dimension: int, places: Sequence[int] | None = None) -> list[StoredPiece]:
    """The pieces of blocks at some places, or all of them."""
    chosen = np.arange(len(blocks.records)) if places is None else np.array(places, np.int64)
    found = []
    for which, codes in blocks.codes(chosen, dimension):
        for record, row in zip(blocks.records[chosen][which].tolist(), codes, strict=True):
            start, digest, tokens, scale, direction, length = record
            found.append(StoredPiece(start, digest, PieceVector(tokens, scale, row.tobytes(), direction, length)))
    return found


@settings(max_examples=40)
@given(st.data())
def test_pieces_come_back_as_they_were_stored_all_or_some_of_them(data: st.DataObject) -> None:
    dimension = data.draw(st.integers(1, 9))
    transcripts = {key: data.draw(stored(dimension)) for key in data.draw(st.sets(st.integers(1, 3), min_size=1))}
    with database() as connection:
        for key, pieces in reversed(transcripts.items()):
            append_pieces(connection, key, pieces)
        check(connection.execute(ALL), dimension, DIRECTIONS)
        together = Blocks(connection.execute(ALL))
    expected = [piece for key in sorted(transcripts) for piece in transcripts[key]]
    sizes = {key: stop - first for key, (first, stop) in together.spans.items()}
    assert sizes == {key: len(pieces) for key, pieces in transcripts.items()}
    assert found_in(together, dimension) == expected
    places = sorted(data.draw(st.sets(st.integers(0, len(expected) - 1))))
    assert found_in(together, dimension, places) == [expected[place] for place in places]


def test_codes_take_six_bits_each_in_groups_of_four() -> None:
    for dimension, size in ((4, 3), (5, 6), (8, 6), (384, 288)):
        pieces = [StoredPiece(float(k), bytes(8), PieceVector(70_000, 1.0, bytes(dimension))) for k in range(16)]
        assert len(encode(pieces)) == 1 + 16 * (25 + size)
    assert Blocks([(1, 0.0, encode(pieces))]).records["tokens"].tolist() == [65_535] * 16, "as many as can be told"


def with_vector(vector: PieceVector) -> bytes:
    first, *others = block()
    return encode([first._replace(vector=vector), *others])


def at(*starts: float) -> bytes:
    return encode([piece._replace(start=start) for piece, start in zip(block(), starts, strict=True)])


STRANGE = {
    "empty": bytes(1),
    "too many": encode(block(number=17)),
    "more codes": encode(block()) + b"\0",
    "not ascending": at(0.0, 20.0, 20.0),
    "no first start": at(nan, 10.0, 20.0),
    "another start": at(1.0, 10.0, 20.0),
    "past the next block": at(0.0, 10.0, 500.0),
    "a large scale": with_vector(PieceVector(1, 1e10, bytes(4))),
    "another direction": with_vector(PieceVector(1, 0.5, bytes(4), DIRECTIONS)),
    "no length": with_vector(PieceVector(1, 0.5, bytes(4), 0, nan)),
}


@pytest.mark.parametrize("data", STRANGE.values(), ids=STRANGE.keys())
def test_a_block_that_nobody_wrote_is_told(data: bytes) -> None:
    with database() as connection:
        append_pieces(connection, 1, block())
        append_pieces(connection, 1, block(500.0))
        append_pieces(connection, 2, block(0.0, 40))
        check(connection.execute(ALL), 4, DIRECTIONS)
        connection.execute("UPDATE piece_block SET data = ? WHERE transcript_id = 1 AND start = 0", (data,))
        with pytest.raises(ValueError, match="block"):
            check(connection.execute(ALL), 4, DIRECTIONS)


def test_a_block_that_is_cut_short_is_told_by_who_reads_it() -> None:
    for data in (b"", b"\x03", *(encode(block())[:stop] for stop in (60, -6, -1))):
        with pytest.raises(ValueError, match="a block of pieces"):
            found_in(Blocks([(1, 0.0, data)]), 4)


def test_pieces_with_and_without_a_direction_in_a_block_have_the_sums_that_each_has_alone() -> None:
    card = ModelCard(BUNDLED, 384, "")
    chance = np.random.default_rng(8)
    kept = [
        quantised(chance.normal(0, 3, 384).astype(np.float32), 30, BUNDLED if k % 3 else "another") for k in range(40)
    ]
    with database() as connection:
        append_pieces(connection, 1, [StoredPiece(float(k), bytes(8), one) for k, one in enumerate(kept)])
        for k, one in enumerate(kept):
            append_pieces(connection, k + 2, [StoredPiece(0.0, bytes(8), one)])
        check_pieces(connection, card)
        together = transcript_pieces(connection, 1, card)
        alone = [transcript_pieces(connection, k + 2, card) for k in range(40)]
        assert together.sums.tolist() == [one.sums[0].tolist() for one in alone]
        with pytest.raises(ValueError, match="direction"):
            transcript_pieces(connection, 1, ModelCard("another", 384, ""))
