"""Cues in blocks: they come back as they were, wherever they are cut, and damage is told."""

from __future__ import annotations

import json
import random
import sqlite3
import tracemalloc
import zlib
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from seekpoint.index.embedded.database import SqliteDatabase, create_schema
from seekpoint.index.embedded.embedded_reader import EmbeddedReader
from seekpoint.index.embedded.manifest import Manifest
from seekpoint.index.errors import DamagedLibrary
from seekpoint.index.sql.cue_blocks import blocks, decode, encode
from seekpoint.index.sql.transcripts import check
from seekpoint.index.types import Cue, CueSpan
from tests.index.libraries import CARD

SAID = ["attention weighs", "注意力给每个词", "👩‍🔬 \N{MUSICAL SYMBOL G CLEF}", "a\0b\ud7ff\ue000\uffff", '"\\', ""]
TIMES = st.one_of(
    st.integers(-(10**10), 10**13).map(lambda milliseconds: milliseconds / 1000),
    st.floats(allow_nan=False),
    st.sampled_from([0.0, 5e-324, 1.1 + 2.2, 1e9, 2.0**53, 1.7e308, float("inf")]),
)
TEXTS = st.one_of(st.sampled_from(SAID), st.text())
CUES = st.builds(
    Cue,
    TIMES,
    TIMES,
    TEXTS,
    st.none() | TEXTS,
    st.none() | st.integers(-(1 << 63), (1 << 63) - 1),
    st.booleans(),
    st.none() | TEXTS,
)
PLAIN = st.builds(Cue, TIMES, TIMES, TEXTS)
BLOCK = st.lists(CUES, min_size=1, max_size=20) | st.lists(PLAIN, min_size=1, max_size=20)
# Three blocks and more: random letters can't be compressed.
LONG = [
    Cue(2.5 * k, 2.5 * k + 2.5, f"{SAID[k % 5]} {random.Random(k).randbytes(20).hex()}", page=k // 9 or None)
    for k in range(200)
]


@contextmanager
def stored(cues: Sequence[Cue]) -> Iterator[sqlite3.Connection]:
    """A new database with the cues of transcript 1, which needs no resource."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        create_schema(connection)
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("INSERT INTO transcript (id, resource_id, language, origin) VALUES (1, '', 'en', 'local')")
        append_cues(connection, 1, cues)
        yield connection


def append_cues(connection: sqlite3.Connection, transcript_id: int, cues: Sequence[Cue]) -> None:
    connection.executemany(
        "INSERT INTO cue_block VALUES (?, ?, ?)", [(transcript_id, *block) for block in blocks(cues)]
    )


def read_cues(connection: sqlite3.Connection, transcript_id: int, first: int, stop: int) -> list[Cue]:
    """Cues [first, stop) as a reader gives them; none where it says so."""
    library = EmbeddedReader(Path(), connection, Manifest(CARD))
    try:
        return library.cues([CueSpan(transcript_id, first, stop)])[0]
    except DamagedLibrary as error:
        if "a chunk has no cues" in str(error):
            return []
        raise


def check_cues(connection: sqlite3.Connection) -> None:
    check(SqliteDatabase(Path(), connection), CARD)


def block(columns: Sequence[object]) -> bytes:
    return zlib.compress(json.dumps(columns).encode())


@given(BLOCK)
def test_a_block_gives_back_what_it_holds(cues: list[Cue]) -> None:
    found = decode(encode(cues))
    assert found == cues
    assert {(type(cue.start), type(cue.end), type(cue.is_reference)) for cue in found} == {(float, float, bool)}
    assert str(decode(encode([Cue(1, 2, "x")]))) == str([Cue(1.0, 2.0, "x")])


@given(st.integers(0, 260), st.integers(0, 260))
def test_any_part_of_a_transcript_is_read_in_order(first: int, stop: int) -> None:
    with stored(LONG) as connection:
        append_cues(connection, 2, LONG[:50])
        assert read_cues(connection, 1, first, stop) == LONG[first:stop]
        assert read_cues(connection, 2, first, 1 << 62) == LONG[:50][first:]
        assert read_cues(connection, 3, first, stop) == []


@settings(max_examples=30)
@given(st.lists(CUES | st.builds(Cue, TIMES, TIMES, TEXTS.map(lambda text: text * 1000)), max_size=9))
@example([Cue(float(k), k + 1.0, "嗯") for k in range(3000)])
@example([Cue(float(k), k + 1.0, f"{k} 注意力" * 10_000, "mask" * 10_000) for k in range(60)])
@example([Cue(0.0, 1.0, "字" * 1_000_000)])
@pytest.mark.slow
def test_a_transcript_of_any_cues_is_stored(cues: list[Cue]) -> None:
    with stored(cues) as connection:
        check_cues(connection)
        assert read_cues(connection, 1, 0, 1 << 62) == cues
        assert read_cues(connection, 1, 3, 1 << 62) == cues[3:]


@pytest.mark.parametrize(("text", "told"), [("注意力\udfff", "surrogates"), ("字" * 2_000_000, "longer")])
def test_a_text_that_cannot_be_read_again_is_refused(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        encode([Cue(0.0, 1.0, text)])


def nonsense(position: int, *columns: object) -> list[list[object]]:
    """The columns of a block of one cue, with each of some others at a position."""
    usual: list[object] = [[0.0], [0.0], ["词"], [], [], [], []]
    return [[*usual[:position], column, *usual[position + 1 :]] for column in columns]


NONSENSE: Sequence[Sequence[object]] = (
    *([], [[1.0]], [[0.0], [0.0]], [[], [], []], [[0.0] * 97, [0.0] * 97, [""] * 97], nonsense(6, [])[0] + [[]]),
    *nonsense(0, [0], ["0"], [True], [None], [], [0.0, 0.0], 0.0),
    *nonsense(1, [10**400], [0.0, 0.0]),
    *nonsense(2, "词", [None], ["\ud800"], []),
    *nonsense(3, [1], ["\ud800"], ["a", "b"], {"a": 1}),
    *nonsense(4, [1.5], ["1"], [True]),
    *nonsense(5, [1], ["1"], [None]),
    *nonsense(6, [1], ["\ud800"], ["a", "b"], {"a": 1}),
)


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"evil", *map(zlib.compress, (b"", b"\xff", b"[" * 100_000, bytes(1 << 26)))),
        encode(LONG[:3])[:-1],
        encode(LONG[:3]) + b"\0",
        *map(block, NONSENSE),
        zlib.compress(b'{"a": 1, "b": 2, "c": 3}'),
    ],
)
def test_what_is_no_block_is_a_value_error(data: bytes) -> None:
    with pytest.raises(ValueError, match="aren't what was written"):
        decode(data)


@given(st.data())
def test_any_changed_byte_is_a_value_error_or_changes_nothing(data: st.DataObject) -> None:
    whole = bytearray(encode(LONG[:30]))
    whole[data.draw(st.integers(0, len(whole) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        assert decode(bytes(whole)) == LONG[:30]
    except ValueError as error:
        assert str(error) == "cues aren't what was written"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE cue_block SET data = x'00' WHERE first > 0",
        "UPDATE cue_block SET first = first + 1",
        "UPDATE cue_block SET first = first + 1 WHERE first > 0",
        "DELETE FROM cue_block WHERE first = 0",
        "DELETE FROM cue_block WHERE first = (SELECT first FROM cue_block ORDER BY first LIMIT 1, 1)",
        "DELETE FROM cue_block WHERE first = (SELECT max(first) FROM cue_block)",
        "INSERT INTO cue_block SELECT 1, first + 1, data FROM cue_block",
        "UPDATE chunk SET first = -1",
        "UPDATE chunk SET stop = 201",
    ],
)
def test_a_check_tells_what_is_out_of_place(statement: str) -> None:
    with stored(LONG) as connection:
        connection.execute(
            "INSERT INTO chunk (transcript_id, first, stop, start, end, terms) VALUES (1, 0, 200, 0, 500, x'0000')"
        )
        connection.execute("INSERT INTO vector VALUES (1, x'00', zeroblob(?))", (CARD.dimension + 2,))
        check_cues(connection)
        connection.execute(statement)
        with pytest.raises(ValueError, match="aren't what was written"):
            check_cues(connection)
        if "LIMIT 1, 1" in statement:
            with pytest.raises(DamagedLibrary, match="aren't what was written"):
                read_cues(connection, 1, 0, 200)


@pytest.mark.parametrize("table", ["cue_block", "piece_block", "chunk"])
def test_a_check_never_holds_all_rows_of_a_forged_transcript(table: str) -> None:
    with stored([]) as connection:
        numbers = [(number,) for number in range(1, 401)]
        if table == "chunk":
            connection.executemany("INSERT INTO chunk VALUES (?, 1, 0, 0, 0, 0, 0, zeroblob(100001))", numbers)
            connection.executemany(f"INSERT INTO vector VALUES (?, x'00', zeroblob({CARD.dimension + 2}))", numbers)
        else:
            connection.executemany(f"INSERT INTO {table} VALUES (1, ?, zeroblob(100000))", numbers)
        tracemalloc.start()
        with pytest.raises(ValueError, match=r"aren't|cut (short|off)"):
            check_cues(connection)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 15_000_000, "of 40 MB"
