"""Cues as bytes, in compressed blocks of neighbours.

A block is deflated JSON: a column for each field of `Cue`, as it is. A column without values is empty, or left out at
the end.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from math import inf
from typing import Any

from seekpoint.files import parsed_json
from seekpoint.index.types import Cue

# The most cues of a block, and the most characters unless one cue has more.
_MOST_CUES = 96
_MOST_CHARACTERS = 1 << 15
# The most bytes that a block may decompress to, since a forged one could take any amount of memory.
_MOST_BYTES = 1 << 22
_LEVEL = 9
DAMAGED = "cues aren't what was written"
_MISSING = type(None)
# The types of the values in each column: starts, ends, texts, anchors, pages, references, speakers.
_TYPES: Sequence[set[type]] = ({float}, {float}, {str}, {str, _MISSING}, {int, _MISSING}, {bool}, {str, _MISSING})


def encode(cues: Sequence[Cue]) -> bytes:
    """A block of cues; raises ValueError if a text can't be encoded as UTF-8 or is millions of characters long."""
    starts, ends, *others = map(list, zip(*cues, strict=True))
    columns = [list(map(float, starts)), list(map(float, ends)), *others]
    for number, default in enumerate(Cue._field_defaults.values(), len(columns) - len(Cue._field_defaults)):
        if all(value is default for value in columns[number]):
            columns[number] = []
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


def check(rows: Iterable[Sequence[Any]], longest: float = inf) -> int:
    """The number of cues of a transcript, from its blocks in order, each with its position.

    Raises ValueError if one couldn't come from `blocks`, or a time is beyond `longest` seconds.
    """
    stop = 0
    for first, data in rows:
        cues = decode(data)
        _require(first == stop)
        _require(all(abs(cue.start) <= longest and abs(cue.end) <= longest for cue in cues))
        stop += len(cues)
    return stop


def blocks(cues: Iterable[Cue]) -> Iterator[tuple[int, bytes]]:
    """Consecutive blocks of cues, each with the position of its first cue."""
    block: list[Cue] = []
    first = characters = 0
    for cue in cues:
        size = len(cue.text) + len(cue.anchor or "") + len(cue.speaker or "")
        if block and (len(block) == _MOST_CUES or characters + size > _MOST_CHARACTERS):
            yield first, encode(block)
            first, characters, block = first + len(block), 0, []
        block.append(cue)
        characters += size
    if block:
        yield first, encode(block)


def _columns(data: bytes) -> Sequence[Sequence[Any]]:
    """The columns of a block, in the order of the fields of `Cue`; raises ValueError if it is damaged."""
    try:
        stream = zlib.decompressobj()
        inflated = stream.decompress(data, _MOST_BYTES + 1)
        _require(len(inflated) <= _MOST_BYTES and stream.eof and not stream.unused_data)
        columns: list[list[Any]] = parsed_json(inflated.decode())
        count = len(columns[2])
        _require(type(columns) is list and 1 <= count <= _MOST_CUES and len(columns) <= len(_TYPES))
        for number, (column, types) in enumerate(zip(columns, _TYPES, strict=False)):
            _require(type(column) is list)
            columns[number] = column = column or [Cue._field_defaults.get(Cue._fields[number])] * count
            _require(len(column) == count and types.issuperset(map(type, column)))
            if str in types:
                "".join(filter(None, column)).encode()  # raises unless all can be encoded as UTF-8
        return columns
    except (zlib.error, ValueError, TypeError, LookupError) as error:
        raise ValueError(DAMAGED) from error


def _require(holds: bool) -> None:
    if not holds:
        raise ValueError(DAMAGED)
