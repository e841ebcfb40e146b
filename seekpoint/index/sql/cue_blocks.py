"""Cues as bytes, in compressed blocks of neighbours.

A block is deflated JSON: the columns starts, ends, texts, anchors, pages, references and speakers. A column without
values is empty, or left out at the end.

Times are delta-coded. A float is in seconds, and an integer in milliseconds: a start since the last start that is an
integer, and an end since the start of the next cue, which is 0 for most cues. The last end counts from its own start.
"""

from __future__ import annotations

import json
import zlib
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, islice
from math import inf
from operator import add
from typing import Any

from seekpoint.files import parsed_json
from seekpoint.index.types import Cue

# Bytes of a compressed block: two of them, with the overhead of their rows, fill a page of SQLite's.
_BLOCK = 2016
# A block counts as full from this share of _BLOCK on.
_FULL = 0.97
_MOST_CUES = 256
_MOST_CHARACTERS = 1 << 15
# The most bytes that a block may decompress to, since a forged one could take any amount of memory.
_MOST_BYTES = 1 << 22
_LEVEL = 9
# Seconds. Later times are stored as floats.
_LONG = 1e9
DAMAGED = "cues aren't what was written"
# The types of the values in the optional columns: anchors, pages, references, speakers.
_OPTIONAL: Sequence[set[type]] = ({str, type(None)}, {int, type(None)}, {int}, {str, type(None)})


def encode(cues: Sequence[Cue]) -> bytes:
    """A block of cues; raises ValueError if a text can't be encoded as UTF-8 or is millions of characters long."""
    starts, ends = [_milliseconds(cue.start) for cue in cues], [_milliseconds(cue.end) for cue in cues]
    gaps: list[float] = []
    deltas: list[float] = []
    last = 0
    for start in starts:
        gaps.append(start - last if isinstance(start, int) else start)
        last = start if isinstance(start, int) else last
    for base, end in zip([*starts[1:], starts[-1]], ends, strict=True):
        if isinstance(base, int):
            deltas.append(end - base if isinstance(end, int) else end)
        elif isinstance(end, int):
            deltas.append(end / 1000)
        else:
            deltas.append(0 if end == base else end)
    columns: list[list[Any]] = [gaps, deltas, [cue.text for cue in cues]]
    columns.append([] if all(cue.anchor is None for cue in cues) else [cue.anchor for cue in cues])
    columns.append([] if all(cue.page is None for cue in cues) else [cue.page for cue in cues])
    columns.append([int(cue.is_reference) for cue in cues] if any(cue.is_reference for cue in cues) else [])
    columns.append([] if all(cue.speaker is None for cue in cues) else [cue.speaker for cue in cues])
    while not columns[-1]:
        columns.pop()
    data = json.dumps(columns, ensure_ascii=False, separators=(",", ":")).encode()
    if len(data) > _MOST_BYTES:
        raise ValueError("a cue is longer than can be stored")
    return zlib.compress(data, _LEVEL)


def decode(data: bytes) -> list[Cue]:
    """The cues of a block; raises ValueError if it is damaged."""
    return list(map(Cue, *_columns(data)))


def joined(rows: Iterable[tuple[int, bytes]], first: int, stop: int) -> list[Cue]:
    """Cues [first, stop) of a transcript, from its blocks with their positions; raises ValueError if one is missing."""
    cues: list[Cue] = []
    expected = None
    for begin, data in rows:
        columns = _columns(data)
        _require(expected in (None, begin))
        expected = begin + len(columns[0])
        cues += map(Cue, *(column[max(first - begin, 0) : stop - begin] for column in columns))
    return cues


def stops_of(rows: Iterable[tuple[int, int, bytes]], longest: float = inf) -> dict[int, int]:
    """The number of cues of each transcript, from its blocks in order: (transcript id, position, block).

    Raises ValueError if one couldn't come from `blocks`, or a time is beyond `longest` seconds.
    """
    stops: dict[int, int] = {}
    for transcript_id, first, data in rows:
        cues = decode(data)
        _require(first == stops.get(transcript_id, 0))
        _require(all(abs(cue.start) <= longest and abs(cue.end) <= longest for cue in cues))
        stops[transcript_id] = first + len(cues)
    return stops


def blocks(cues: Iterable[Cue]) -> Iterator[tuple[int, bytes]]:
    """Consecutive blocks of cues, each with the position of its first cue."""
    source, pending = iter(cues), list[Cue]()
    first, count = 0, _MOST_CUES
    while pending := [*pending, *islice(source, _MOST_CUES - len(pending))]:
        count, data = _full_block(pending, count)
        yield first, data
        first, pending = first + count, pending[count:]


def _full_block(cues: Sequence[Cue], guess: int) -> tuple[int, bytes]:
    """How many of the cues fill a block, at least one, and that block; searches from `guess` cues on."""
    characters = accumulate(len(cue.text) + len(cue.anchor or "") + len(cue.speaker or "") for cue in cues)
    fewest, most = 1, max(1, bisect_right(list(characters), _MOST_CHARACTERS))
    count, best = min(guess, most), None
    while fewest <= most:
        data = encode(cues[:count])
        if len(data) > _BLOCK:
            most = count - 1
        else:
            fewest, best = count + 1, (count, data)
            if len(data) > _FULL * _BLOCK:
                break
        count = min(max(int(count * _BLOCK / len(data)), fewest), most)
    return best or (1, encode(cues[:1]))


def _milliseconds(seconds: float) -> float:
    """Milliseconds as an integer if that is exact, else the seconds as a float."""
    if abs(seconds) < _LONG and (milliseconds := round(seconds * 1000)) / 1000 == seconds:
        return milliseconds
    return float(seconds)


def _times(gaps: Sequence[float], ends: Sequence[float]) -> tuple[list[float], list[float]]:
    """Starts and ends in seconds, from their delta-coded columns."""
    types = {*map(type, gaps), *map(type, ends)}
    if types == {int}:  # the common case, which is faster
        starts = list(accumulate(gaps))
        stops = map(add, [*starts[1:], starts[-1]], ends)
        return [start / 1000 for start in starts], [stop / 1000 for stop in stops]
    _require(types <= {int, float})
    last = 0
    starts = [(last := last + gap) if isinstance(gap, int) else gap for gap in gaps]
    pairs = zip([*starts[1:], starts[-1]], ends, strict=True)
    return _seconds(starts), _seconds(base + end if isinstance(end, int) else end for base, end in pairs)


def _seconds(times: Iterable[float]) -> list[float]:
    return [time / 1000 if isinstance(time, int) else time for time in times]


def _columns(data: bytes) -> Sequence[Sequence[Any]]:
    """The columns of a block, in the order of the fields of `Cue`; raises ValueError if it is damaged."""
    try:
        stream = zlib.decompressobj()
        inflated = stream.decompress(data, _MOST_BYTES + 1)
        _require(len(inflated) <= _MOST_BYTES and stream.eof and not stream.unused_data)
        columns = parsed_json(inflated.decode())
        _require(all(type(column) is list for column in columns))
        gaps, ends, texts, *optional = columns
        count = len(texts)
        _require(len(gaps) == len(ends) == count and 1 <= count <= _MOST_CUES and len(optional) <= len(_OPTIONAL))
        for column, types in zip(optional, _OPTIONAL, strict=False):
            _require(len(column) in (0, count) and types.issuperset(map(type, column)))
        "".join(texts).encode()  # raises unless all are strings that can be encoded as UTF-8
        if optional:
            anchors, pages, references, speakers = [column or [None] * count for column in (*optional, [], [], [])][:4]
            "".join(filter(None, (*anchors, *speakers))).encode()
            optional = [anchors, pages, list(map(bool, references)), speakers]
        return [*_times(gaps, ends), texts, *optional]
    except (zlib.error, ValueError, TypeError, OverflowError) as error:
        raise ValueError(DAMAGED) from error


def _require(holds: bool) -> None:
    if not holds:
        raise ValueError(DAMAGED)
