"""Cues in blocks: they come back as they were, wherever they are cut, and damage is told."""

from __future__ import annotations

import json
import random
import sqlite3
import zlib
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seekpoint.index.embedded.database import create_schema
from seekpoint.index.embedded.stored_transcripts import append_cues, check_cues, read_cues
from seekpoint.index.sql.cue_blocks import decode, encode
from seekpoint.index.types import Cue

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
        append_cues(connection, 1, cues)
        yield connection


def block(columns: Sequence[object]) -> bytes:
    return zlib.compress(json.dumps(columns).encode())


@given(BLOCK)
def test_a_block_gives_back_what_it_holds(cues: list[Cue]) -> None:
    found = decode(encode(cues))
    assert found == cues
    assert {(type(cue.start), type(cue.end), type(cue.is_reference)) for cue in found} == {(float, float, bool)}
    assert str(decode(encode([Cue(1, 2, "x")]))) == str([Cue(1.0, 2.0, "x")])


def test_blocks_without_speakers_are_those_of_before_and_speakers_are_one_column_more() -> None:
    before = b'[[1000,1000],[0,1000],["hi","\xe4\xbd\xa0\xe5\xa5\xbd"]]'
    cues = [Cue(1.0, 2.0, "hi"), Cue(2.0, 3.0, "你好")]
    assert encode(cues) == zlib.compress(before, 9)
    assert decode(zlib.compress(before)) == cues
    spoken = [cues[0]._replace(speaker="李雷"), cues[1]]
    assert json.loads(zlib.decompress(encode(spoken)))[3:] == [[], [], [], ["李雷", None]]


@given(st.integers(0, 260), st.integers(0, 260))
def test_any_part_of_a_transcript_is_read_in_order(first: int, stop: int) -> None:
    with stored(LONG) as connection:
        append_cues(connection, 2, LONG[:50])
        assert read_cues(connection, 1, first, stop) == LONG[first:stop]
        assert read_cues(connection, 2, first, 1 << 62) == LONG[:50][first:]
        assert read_cues(connection, 3, first, stop) == []


@settings(max_examples=30)
@given(st.lists(CUES | st.builds(Cue, TIMES, TIMES, TEXTS.map(lambda text: text * 1000)), max_size=9))
@pytest.mark.slow
def test_a_transcript_of_any_cues_is_stored(cues: list[Cue]) -> None:
    with stored(cues) as connection:
        check_cues(connection)
        assert read_cues(connection, 1, 0, 1 << 62) == cues


def test_blocks_fill_half_a_page_but_for_a_longer_cue_and_the_last_and_milliseconds_take_less_room() -> None:
    longer = Cue(0.0, 1.0, random.Random(1).randbytes(9000).hex())
    with stored([*LONG, longer, *LONG]) as connection:
        sizes = [size for (size,) in connection.execute("SELECT length(data) FROM cue_block ORDER BY first")]
        assert read_cues(connection, 1, 199, 202) == [LONG[-1], longer, LONG[0]]
    assert len(sizes) > 6
    assert sum(size > 2020 for size in sizes) == 1
    assert sum(size < 1800 for size in sizes) <= 2
    exact = [Cue(k * 2.345, k * 2.345 + 2, "词 word") for k in range(90)]
    rounded = [cue._replace(start=round(cue.start, 3), end=round(cue.end, 3)) for cue in exact]
    assert len(encode(rounded)) < len(encode(exact)) / 2


def test_many_cues_and_long_ones_are_stored_but_none_without_utf8_or_longer_than_can_be_read() -> None:
    many = [Cue(float(k), k + 1.0, "嗯") for k in range(3000)]
    long = [Cue(float(k), k + 1.0, f"{k} 注意力" * 10_000, "mask" * 10_000) for k in range(60)]
    for cues in (many, long):
        with stored(cues) as connection:
            check_cues(connection)
            assert read_cues(connection, 1, 3, 5000) == cues[3:]
    with pytest.raises(ValueError, match="surrogates"), stored([Cue(0.0, 1.0, "注意力\udfff")]):
        pass
    assert decode(encode([Cue(0.0, 1.0, "字" * 1_000_000)]))[0].text == "字" * 1_000_000
    with pytest.raises(ValueError, match="longer"):
        encode([Cue(0.0, 1.0, "字" * 2_000_000)])


# Columns that no block has: starts, ends, texts, anchors, pages, references.
NONSENSE: Sequence[Sequence[object]] = (
    *([], [1], [[0], [0]], [[], [], []], [[0], [0], "词"], [[0], [0], [None]], [[0], [0], ["\ud800"]]),
    *([[0], [0, 0], ["词"]], [[0, 0], [0, 0], ["词"]], [[0] * 257, [0] * 257, [""] * 257]),
    *([[start], [0], ["词"]] for start in ("0", True, None, 10**400)),
    [[0.5], [10**400], ["词"]],
    *([[0], [0], ["词"], anchors] for anchors in ([1], ["\ud800"], ["a", "b"], {"a": 1})),
    *(
        [[0], [0], ["词"], [None], [1.5]],
        [[0], [0], ["词"], [None], [1], ["1"]],
        [[0], [0], ["词"], [], [], [], [], []],
    ),
    *([[0], [0], ["词"], [], [], [], speakers] for speakers in ([1], ["\ud800"], ["a", "b"], {"a": 1})),
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
            "INSERT INTO chunk (transcript_id, first, stop, start, end, terms) VALUES (1, 0, 200, 0, 500, x'00')"
        )
        check_cues(connection)
        connection.execute(statement)
        with pytest.raises(ValueError, match="aren't what was written"):
            check_cues(connection)
        if "LIMIT 1, 1" in statement:
            with pytest.raises(ValueError, match="aren't what was written"):
                read_cues(connection, 1, 0, 200)


@pytest.mark.parametrize("times", [(-2e9, 0.0), (0.0, 2e9), (0.0, float("nan"))])
def test_a_check_tells_times_beyond_measure(times: tuple[float, float]) -> None:
    with stored([Cue(*times, "x")]) as connection, pytest.raises(ValueError, match="aren't what was written"):
        check_cues(connection, 1e9)
