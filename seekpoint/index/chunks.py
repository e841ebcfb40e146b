"""Chunks, which are embedded together, and pieces, of which windows are made; before and after they are stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from seekpoint.index.types import Transcript

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from seekpoint.index.types import Vectors


WINDOW_SECONDS = 30.0
"""The size of the windows that models embed by themselves, and of those whose mean is subtracted from all windows."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive cues that are embedded together: cues [first, stop) of a transcript."""

    first: int
    stop: int
    start: float
    end: float
    text: str


class Piece(NamedTuple):
    """Cues [first, stop) of a transcript: about ten seconds, or the window of WINDOW_SECONDS that begins with them."""

    first: int
    stop: int
    start: float
    text: str


class Pieces(NamedTuple):
    """Consecutive pieces of a transcript, from which the vectors of windows are computed.

    For each piece: its start in seconds, the sum of its token vectors (a row of `sums`), and the number of tokens. Of
    a model that gives no token vectors, a row is the vector of the window of WINDOW_SECONDS that begins with the piece.
    """

    starts: NDArray[np.float64]
    sums: Vectors
    tokens: Vectors
    are_windows: bool = False


class StoredChunk(NamedTuple):
    """A chunk in a library: cues [first, stop) of its transcript."""

    id: int
    transcript_id: int
    resource_id: str
    language: str
    first: int
    stop: int
    start: float
    end: float
    is_reference: bool = False


class PieceVector(NamedTuple):
    """The mean of `tokens` token vectors, quantised with one code for each dimension in steps of `scale`.

    The component in the direction of a language's mean is stored apart: `direction` is the number of the direction, and
    `length` the length of the component. A `direction` without a component may mark a window that was embedded by
    itself. See models/piece_vectors.py.
    """

    tokens: int
    scale: float
    codes: bytes
    direction: int = 255
    length: float = 0.0


@dataclass(frozen=True, slots=True)
class EmbeddedTranscript:
    """A transcript with its chunks and their vectors (one row for each chunk), and its pieces and their vectors.

    The texts of chunks and pieces are the embedded ones.
    """

    transcript: Transcript
    chunks: Sequence[Chunk]
    vectors: Vectors
    pieces: Sequence[tuple[Piece, PieceVector]] = ()
