"""The vocabulary of Seekpoint: what a reading list holds and what a library stores.

Everything here is frozen and free of heavy imports. Times are seconds from the start of a recording.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import singledispatch
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors: TypeAlias = NDArray[np.float32]


@singledispatch
def to_html(shown: object) -> str | None:
    """The HTML of something, `None` where nobody registered any."""
    return None


class Displayed:
    """Shows itself as HTML in a notebook."""

    __slots__ = ()

    def _repr_html_(self) -> str | None:
        return to_html(self)


class Kind(StrEnum):
    """What a resource is."""

    VIDEO = "video"
    PLAYLIST = "playlist"
    PAGE = "page"
    PAPER = "paper"
    RECORDING = "recording"
    DOCUMENT = "document"

    @property
    def plays(self) -> bool:
        """Whether its positions are seconds; what is read has anchors and pages instead."""
        return self in (Kind.VIDEO, Kind.RECORDING)


class State(StrEnum):
    """Where a resource stands; every entry of a list ends in one of these."""

    INDEXED = "indexed"
    NO_TRANSCRIPT = "no_transcript"
    UNAVAILABLE = "unavailable"
    DEFERRED = "deferred"
    PENDING = "pending"


class Origin(StrEnum):
    """Where a transcript came from."""

    MANUAL = "manual"
    GENERATED = "generated"
    LOCAL = "local"


@dataclass(frozen=True, slots=True)
class Resource(Displayed):
    """One thing on a reading list.

    `id` is the YouTube id of a video or playlist, else a short stable hash of `url`, the canonical address.
    `title` is empty where the list has a bare address. `sections` holds a heading path for each place it stands.
    """

    id: str
    kind: Kind
    title: str
    url: str
    sections: tuple[tuple[str, ...], ...] = ()


class Cue(NamedTuple):
    """The smallest piece of a transcript that carries a position.

    Of what is read, `start` and `end` are the seconds that reading takes up to there; its positions are `anchor`, the
    id of the heading above, or `page` of a PDF, the first being 1. `is_reference` tells an entry of its bibliography.
    """

    start: float
    end: float
    text: str
    anchor: str | None = None
    page: int | None = None
    is_reference: bool = False


@dataclass(frozen=True, slots=True)
class Transcript:
    """The cues of one resource in one language (a BCP 47 tag such as `en` or `zh-TW`)."""

    language: str
    origin: Origin
    cues: tuple[Cue, ...]


@dataclass(frozen=True, slots=True)
class Chapter:
    """A titled part of a recording or a text, from `start` on."""

    start: float
    title: str


@dataclass(frozen=True, slots=True)
class Details:
    """What a source says about a resource beside its words; `None` or empty where it is silent.

    `channel` is who published it, `chapters` are also the headings of what is read.
    """

    title: str | None = None
    channel: str | None = None
    duration: float | None = None
    published: str | None = None
    chapters: tuple[Chapter, ...] = ()


@dataclass(frozen=True, slots=True)
class PlaylistEntry:
    """A video of a playlist under its own title; `fault` says why it can't be had, where the playlist tells."""

    resource: Resource
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Playlist:
    """What a playlist or channel held when it was listed."""

    title: str
    entries: tuple[PlaylistEntry, ...]


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive cues, embedded together: cues `first` up to, not including, `stop`."""

    first: int
    stop: int
    start: float
    end: float
    text: str


class Piece(NamedTuple):
    """Some ten seconds of a transcript: cues `first` up to, not including, `stop`."""

    first: int
    stop: int
    start: float
    text: str


class Pieces(NamedTuple):
    """Consecutive pieces as the library holds them, from which windows get their vectors.

    Of each piece where it starts, and its tokens' vectors as their sum (one row a piece) and number.
    """

    starts: NDArray[np.float64]
    sums: Vectors
    tokens: Vectors


class StoredChunk(NamedTuple):
    """A chunk as the library holds it: cues `first` up to, not including, `stop` of its transcript."""

    id: int
    transcript_id: int
    resource_id: str
    language: str
    first: int
    stop: int
    start: float
    end: float
    is_reference: bool = False


class Standing(NamedTuple):
    """Where a resource stands: what its transcripts were made from, and when to try again (Unix seconds)."""

    state: State
    inputs: str | None = None
    retry_after: float | None = None

    @property
    def is_indexed(self) -> bool:
        """Whether its transcripts can be searched."""
        return self.state is State.INDEXED


@dataclass(frozen=True, slots=True)
class ResourceStatus:
    """A resource as the library holds it: its state, why, when to try again (Unix seconds), what is stored."""

    resource: Resource
    state: State
    reason: str | None = None
    retry_after: float | None = None
    languages: tuple[str, ...] = ()
    transcript: Origin | None = None
    chunks: int = 0
    seconds: float = 0.0

    @property
    def id(self) -> str:
        """The resource's id."""
        return self.resource.id

    @property
    def kind(self) -> Kind:
        """The resource's kind."""
        return self.resource.kind

    @property
    def title(self) -> str:
        """The resource's title."""
        return self.resource.title

    @property
    def url(self) -> str:
        """The resource's address."""
        return self.resource.url

    @property
    def sections(self) -> tuple[tuple[str, ...], ...]:
        """The heading paths that the resource is listed under."""
        return self.resource.sections


@dataclass(frozen=True, slots=True)
class Filters:
    """What a search is limited to; an empty filter keeps everything.

    `section` is found anywhere in a heading, whatever its case; `language` is compared by primary subtag; `resource` is
    an id.
    """

    kind: Kind | None = None
    section: str | None = None
    language: str | None = None
    resource: str | None = None


@dataclass(frozen=True, slots=True)
class ModelCard:
    """Which model made a library's vectors; two cards are equal where vectors can be compared."""

    name: str
    dimension: int
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Parts:
    """Passages that were embedded whole and by their parts: one vector a text.

    Of each text's parts the sums of their tokens' vectors, one row a part, and how many tokens they have.
    """

    vectors: Vectors
    sums: Sequence[Vectors]
    tokens: Sequence[Sequence[int]]


class Encoder(Protocol):
    """Text to unit vectors of `card.dimension` numbers."""

    @property
    def card(self) -> ModelCard: ...

    def passages(self, texts: Sequence[str]) -> Vectors:
        """Embed passages: one row a text, float32."""
        ...

    def parts(self, texts: Sequence[str], ends: Sequence[Sequence[int]]) -> Parts | None:
        """Embed passages as `passages` does, and see what their parts add to that; `None` where the model can't tell.

        `ends` are the offsets at which each text's parts stop; a single space stands between two parts.
        """
        ...

    def question(self, text: str) -> Vectors:
        """Embed a question: one vector, float32."""
        ...


Alternatives: TypeAlias = tuple[tuple[str, ...], ...]
"""The translations of a word: each is the terms that must all occur."""


class PieceVector(NamedTuple):
    """The mean of so many tokens' vectors, quantised: a code a dimension, of which a step is worth `scale`.

    What all passages of a language have in common is apart: `length` in the direction with that number, see
    models/piece_vectors.py.
    """

    tokens: int
    scale: float
    codes: bytes
    direction: int = 255
    length: float = 0.0


@dataclass(frozen=True, slots=True)
class EmbeddedTranscript:
    """A transcript with its chunks and their vectors, one row a chunk, and its pieces with theirs.

    The texts of chunks and pieces are those that were embedded.
    """

    transcript: Transcript
    chunks: Sequence[Chunk]
    vectors: Vectors
    pieces: Sequence[tuple[Piece, PieceVector]] = ()
