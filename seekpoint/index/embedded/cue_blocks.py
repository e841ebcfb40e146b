"""Cues in the database: neighbours lie in one block, which is compressed.

A block is JSON, deflated: columns of starts, ends, texts, anchors, pages and references; one that no cue has is empty,
or left out at the end. A time with a point is in seconds. One without is in milliseconds: a start since the last one
that is told so, and an end since the start of the cue after it, which for most is 0; the last one's since its own.
"""

from __future__ import annotations

import json
import sqlite3
import zlib
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, islice
from math import inf
from operator import add
from typing import Any

from seekpoint.index.types import Cue

# Two blocks fill a page of the database, whose rows take some bytes beside.
_BLOCK = 2016
_FULL = 0.97
_MOST_CUES = 256
_MOST_CHARACTERS = 1 << 15
# What a block may grow to: a forged one could take any amount of memory.
_MOST_BYTES = 1 << 22
_LEVEL = 9
# Seconds from which on a time isn't told in milliseconds.
_LONG = 1e9
_DAMAGED = "cues aren't what was written"
# Of the columns that may lack: the types of what is in them.
_OPTIONAL: Sequence[set[type]] = ({str, type(None)}, {int, type(None)}, {int})
# What a forged block can bring about where it's read.
_FAULTS = (zlib.error, ValueError, TypeError, OverflowError, RecursionError)
_INSERT = "INSERT INTO cue_block (transcript_id, first, data) VALUES (?, ?, ?)"
# From the block on that the first one wanted lies in.
_BLOCKS = """
    SELECT first, data FROM cue_block WHERE transcript_id = ?1 AND first < ?3 AND first >= coalesce(
      (SELECT max(first) FROM cue_block WHERE transcript_id = ?1 AND first <= ?2), ?2)
    ORDER BY first"""
_ALL_BLOCKS = "SELECT transcript_id, first, data FROM cue_block ORDER BY transcript_id, first"
_OF_CHUNKS = "SELECT transcript_id, min(first), max(stop) FROM chunk GROUP BY transcript_id"

_Columns = Sequence[Sequence[Any]]


def encode(cues: Sequence[Cue]) -> bytes:
    """A block of cues; raises ValueError where a text has no UTF-8, or is millions of characters long."""
    columns = [*_time_columns(cues), [cue.text for cue in cues]]
    columns.append([] if all(cue.anchor is None for cue in cues) else [cue.anchor for cue in cues])
    columns.append([] if all(cue.page is None for cue in cues) else [cue.page for cue in cues])
    columns.append([int(cue.is_reference) for cue in cues] if any(cue.is_reference for cue in cues) else [])
    while not columns[-1]:
        columns.pop()
    data = json.dumps(columns, ensure_ascii=False, separators=(",", ":")).encode()
    if len(data) > _MOST_BYTES:
        raise ValueError("a cue is longer than can be stored")
    return zlib.compress(data, _LEVEL)


def decode(data: bytes) -> list[Cue]:
    """The cues of a block; raises ValueError for what isn't one."""
    return list(map(Cue, *_columns(data)))


def append(connection: sqlite3.Connection, transcript_id: int, cues: Iterable[Cue]) -> None:
    """Store the cues of a transcript that has none yet; in a transaction of the caller's."""
    connection.executemany(_INSERT, ((transcript_id, *block) for block in _blocks(cues)))


def read(connection: sqlite3.Connection, transcript_id: int, first: int, stop: int) -> list[Cue]:
    """Cues `first` up to, not including, `stop` of a transcript; raises ValueError where they can't be read."""
    found: list[Cue] = []
    reached = None
    for begin, data in connection.execute(_BLOCKS, (transcript_id, first, stop)).fetchall():
        columns = _columns(data)
        _require(reached in (None, begin))
        reached = begin + len(columns[0])
        found += map(Cue, *(column[max(first - begin, 0) : stop - begin] for column in columns))
    return found


def check(connection: sqlite3.Connection, longest: float = inf) -> None:
    """Read all blocks; raises ValueError for what isn't as `append` leaves it, or is beyond so many seconds."""
    stops: dict[int, int] = {}
    for transcript_id, first, data in connection.execute(_ALL_BLOCKS):
        cues = decode(data)
        _require(first == stops.get(transcript_id, 0))
        _require(all(abs(cue.start) <= longest and abs(cue.end) <= longest for cue in cues))
        stops[transcript_id] = first + len(cues)
    for transcript_id, first, stop in connection.execute(_OF_CHUNKS):
        _require(first >= 0 and stop <= stops.get(transcript_id, 0))


def _blocks(cues: Iterable[Cue]) -> Iterator[tuple[int, bytes]]:
    """Blocks of cues that follow one another, each with the position of its first cue."""
    source, waiting = iter(cues), list[Cue]()
    first, number = 0, _MOST_CUES
    while waiting := [*waiting, *islice(source, _MOST_CUES - len(waiting))]:
        number, data = _filled(waiting, number)
        yield first, data
        first, waiting = first + number, waiting[number:]


def _filled(cues: Sequence[Cue], guess: int) -> tuple[int, bytes]:
    """How many of some cues fill a block, at least one, and the block."""
    characters = accumulate(len(cue.text) + len(cue.anchor or "") for cue in cues)
    fewest, most = 1, max(1, bisect_right(list(characters), _MOST_CHARACTERS))
    number, found = min(guess, most), None
    while fewest <= most:
        data = encode(cues[:number])
        if len(data) > _BLOCK:
            most = number - 1
        else:
            fewest, found = number + 1, (number, data)
            if len(data) > _FULL * _BLOCK:
                break
        number = min(max(int(number * _BLOCK / len(data)), fewest), most)
    return found or (1, encode(cues[:1]))


# Times


def _time_columns(cues: Sequence[Cue]) -> tuple[list[float], list[float]]:
    """The columns of starts and ends."""
    starts, ends = [_whole(cue.start) for cue in cues], [_whole(cue.end) for cue in cues]
    gaps = []
    last = 0
    for start in starts:
        gaps.append(start - last if isinstance(start, int) else start)
        last = start if isinstance(start, int) else last
    return gaps, [_since(after, end) for after, end in zip([*starts[1:], starts[-1]], ends, strict=True)]


def _whole(seconds: float) -> float:
    """Milliseconds as an integer, where that is exact."""
    if abs(seconds) < _LONG and (milliseconds := round(seconds * 1000)) / 1000 == seconds:
        return milliseconds
    return float(seconds)


def _since(after: float, end: float) -> float:
    if isinstance(after, int):
        return end - after if isinstance(end, int) else end
    if isinstance(end, int):
        return end / 1000
    return 0 if end == after else end


def _times(gaps: Sequence[float], ends: Sequence[float]) -> tuple[list[float], list[float]]:
    """Starts and ends from their columns, in seconds."""
    types = {*map(type, gaps), *map(type, ends)}
    if types == {int}:  # as nearly always, and quicker
        starts = list(accumulate(gaps))
        stops = map(add, [*starts[1:], starts[-1]], ends)
        return [start / 1000 for start in starts], [stop / 1000 for stop in stops]
    _require(types <= {int, float})
    last = 0
    starts = [(last := last + gap) if isinstance(gap, int) else gap for gap in gaps]
    pairs = zip([*starts[1:], starts[-1]], ends, strict=True)
    return _seconds(starts), _seconds(after + end if isinstance(end, int) else end for after, end in pairs)


def _seconds(times: Iterable[float]) -> list[float]:
    return [time / 1000 if isinstance(time, int) else time for time in times]


# What is read


def _columns(data: bytes) -> _Columns:
    """The columns of a block, which are those of `Cue`; raises ValueError."""
    try:
        return _checked(json.loads(_inflated(data).decode()))
    except _FAULTS as error:
        raise ValueError(_DAMAGED) from error


def _inflated(data: bytes) -> bytes:
    stream = zlib.decompressobj()
    found = stream.decompress(data, _MOST_BYTES + 1)
    _require(len(found) <= _MOST_BYTES and stream.eof and not stream.unused_data)
    return found


def _checked(columns: list[list[Any]]) -> _Columns:
    _require(all(type(column) is list for column in columns))
    gaps, ends, texts, *optional = columns
    number = len(texts)
    _require(len(gaps) == len(ends) == number and 1 <= number <= _MOST_CUES and len(optional) <= len(_OPTIONAL))
    for column, types in zip(optional, _OPTIONAL, strict=False):
        _require(len(column) in (0, number) and types.issuperset(map(type, column)))
    "".join(texts).encode()  # raises for what isn't text, or has no UTF-8
    if optional:
        anchors, pages, references = [column or [None] * number for column in (*optional, [], [])][:3]
        "".join(filter(None, anchors)).encode()
        optional = [anchors, pages, list(map(bool, references))]
    return [*_times(gaps, ends), texts, *optional]


def _require(holds: bool) -> None:
    if not holds:
        raise ValueError(_DAMAGED)
