"""Pieces of a transcript as the database keeps them: the means of their tokens' vectors.

What all passages of a language have in common is known for the bundled model (background.py). Of its pieces that part
is kept as one number, and the rest in six bits a dimension, which costs a cosine 0.0005. Four bits cost moment@1 .01 on
dev and fastai. Other models' pieces have a signed byte a dimension, as all had before schema 8.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from functools import cache
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from index.background import background
from index.centring import windows
from index.types import ModelCard, Pieces

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from index.types import Vectors

_LARGEST = 127
_LEVELS = 64
_MIDDLE = (_LEVELS - 1) / 2
# What is larger than so many times the root of the mean square is cut to it: the rest is the truer for it.
_REACH = 4.0
# Before the numbers: which language's direction comes off, and how much of it.
_HEAD = np.dtype([("direction", "u1"), ("length", "<f2")])


class PieceVector(NamedTuple):
    """The mean of so many tokens' vectors as it's kept; a step of `data` is worth `scale`."""

    tokens: int
    scale: float
    data: bytes


def quantised(total: Vectors, tokens: int, model: str = "") -> PieceVector:
    """The mean of vectors of a model that add up to `total`."""
    mean = (total / max(tokens, 1)).astype(np.float32)
    directions = _directions(model)
    if len(directions):
        return PieceVector(tokens, *_in_six_bits(mean, directions))
    scale = float(np.abs(mean).max()) / _LARGEST or 1.0
    return PieceVector(tokens, scale, np.rint(mean / scale).astype(np.int8).tobytes())


@cache
def _directions(model: str) -> Vectors:
    """What passages of each language have in common, as unit vectors; none where a model's aren't known."""
    means = [mean for _, mean in sorted(background(model).items())]
    return np.stack([mean / np.linalg.norm(mean) for mean in means]) if means else np.empty((0, 0), np.float32)


def _in_six_bits(mean: Vectors, directions: Vectors) -> tuple[float, bytes]:
    lengths = directions @ mean
    nearest = int(lengths.argmax())
    head = np.array((nearest, lengths[nearest]), _HEAD)
    rest = mean - np.float32(head["length"]) * directions[nearest]
    largest = min(float(np.abs(rest).max()), _REACH * float(np.sqrt((rest**2).mean())))
    scale = largest / _MIDDLE
    codes = np.clip(np.floor(rest / (scale or 1.0) + _LEVELS / 2), 0, _LEVELS - 1).astype(np.uint8)
    return scale, head.tobytes() + _packed(np.pad(codes, (0, -len(codes) % 4)))


def _packed(codes: NDArray[np.uint8]) -> bytes:
    """Numbers of six bits, four in three bytes."""
    a, b, c, d = codes.reshape(-1, 4).T
    return np.stack([a | b << 6, b >> 2 | c << 4, c >> 4 | d << 2], axis=1).tobytes()


def _unpacked(data: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The same of rows of bytes: a row of numbers for each."""
    a, b, c = np.moveaxis(data.reshape(len(data), -1, 3), 2, 0)
    codes = np.stack([a & 63, a >> 6 | (b & 15) << 2, b >> 4 | (c & 3) << 4, c >> 2], axis=2)
    return codes.reshape(len(data), -1)


def _decoded(rows: Sequence[sqlite3.Row], card: ModelCard) -> Vectors:
    """The means of pieces, whichever way each is kept."""
    means = np.empty((len(rows), card.dimension), np.float32)
    scales = np.array([row["scale"] for row in rows], np.float32)[:, None]
    are_bytes = np.array([len(row["data"]) == card.dimension for row in rows], bool)
    data = b"".join(row["data"] for row, is_bytes in zip(rows, are_bytes, strict=True) if is_bytes)
    means[are_bytes] = np.frombuffer(data, np.int8).reshape(-1, card.dimension) * scales[are_bytes]
    if not are_bytes.all():
        others = [row["data"] for row, is_bytes in zip(rows, are_bytes, strict=True) if not is_bytes]
        means[~are_bytes] = _of_six_bits(others, scales[~are_bytes], card)
    return means


def _of_six_bits(data: Sequence[bytes], scales: Vectors, card: ModelCard) -> Vectors:
    table = np.frombuffer(b"".join(data), np.uint8).reshape(len(data), -1)
    heads = np.ascontiguousarray(table[:, : _HEAD.itemsize]).view(_HEAD)[:, 0]
    codes = _unpacked(table[:, _HEAD.itemsize :])[:, : card.dimension]
    directions = _directions(card.name)
    common = directions[heads["direction"] % len(directions)] * heads["length"].astype(np.float32)[:, None]
    found: Vectors = common + (codes - np.float32(_MIDDLE)) * scales
    return found


def known(connection: sqlite3.Connection, resource_id: str) -> dict[bytes, PieceVector]:
    """What is stored of a resource's pieces, by the digest of their text."""
    rows = connection.execute(
        """SELECT digest, tokens, scale, data FROM piece JOIN transcript ON transcript.id = transcript_id
           WHERE resource_id = ?""",
        (resource_id,),
    )
    return {row["digest"]: PieceVector(row["tokens"], row["scale"], row["data"]) for row in rows}


def around(
    connection: sqlite3.Connection, chunk_ids: Sequence[int], margin: float, card: ModelCard
) -> dict[int, Pieces]:
    """The pieces of each chunk and of so many seconds before and after it, by chunk id."""
    rows = connection.execute(
        """SELECT chunk.id AS chunk_id, piece.start AS start, tokens, scale, data
           FROM chunk JOIN piece ON piece.transcript_id = chunk.transcript_id
           WHERE chunk.id IN (SELECT value FROM json_each(:ids))
           AND piece.start < chunk.end + :margin
           AND piece.start >= coalesce(
             (SELECT max(start) FROM piece AS first
              WHERE first.transcript_id = chunk.transcript_id AND first.start <= chunk.start - :margin),
             chunk.start - :margin)
           ORDER BY chunk.id, piece.start""",
        {"ids": json.dumps(list(chunk_ids)), "margin": margin},
    ).fetchall()
    pieces = _read(rows, card)
    found = none(chunk_ids, card.dimension)
    stop = 0
    for chunk_id, group in groupby(rows, key=itemgetter("chunk_id")):
        start, stop = stop, stop + sum(1 for _ in group)
        found[chunk_id] = Pieces(pieces.starts[start:stop], pieces.sums[start:stop], pieces.tokens[start:stop])
    return found


def none(chunk_ids: Sequence[int], dimension: int) -> dict[int, Pieces]:
    """No pieces at all, by chunk id."""
    nothing = np.empty(0, np.float32)
    return dict.fromkeys(chunk_ids, Pieces(np.empty(0), np.empty((0, dimension), np.float32), nothing))


def window_vectors(connection: sqlite3.Connection, transcript_id: int, card: ModelCard) -> Vectors:
    """The vectors of the windows from each piece of a transcript on."""
    pieces = of_transcript(connection, transcript_id, card)
    return windows(pieces.starts, pieces.sums)


def of_transcript(connection: sqlite3.Connection, transcript_id: int, card: ModelCard) -> Pieces:
    """All pieces of a transcript."""
    rows = connection.execute(
        "SELECT start, tokens, scale, data FROM piece WHERE transcript_id = ? ORDER BY start", (transcript_id,)
    ).fetchall()
    return _read(rows, card)


def _read(rows: Sequence[sqlite3.Row], card: ModelCard) -> Pieces:
    tokens = np.array([row["tokens"] for row in rows], dtype=np.float32)
    starts = np.array([row["start"] for row in rows], dtype=np.float64)
    return Pieces(starts, _decoded(rows, card) * tokens[:, None], tokens)
