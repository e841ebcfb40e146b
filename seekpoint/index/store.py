"""The door: what a backend that holds libraries can do. `query` and `indexer` use nothing else of the storage.

`open.py` chooses the backend by a library's address. Chunks go by ids (positive integers that are never given twice).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple, Protocol, Self

from seekpoint.index.sections import Section
from seekpoint.index.types import (
    Alternatives,
    Cue,
    Details,
    EmbeddedTranscript,
    Filters,
    Kind,
    ModelCard,
    Pieces,
    PieceVector,
    Playlist,
    Resource,
    ResourceStatus,
    Standing,
    State,
    StoredChunk,
    Transcript,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from seekpoint.index.types import Vectors

ANY_LANGUAGE = ""
"""The source of translations that are looked up whatever the question's language is."""

LISTED = "listed"
"""The `inputs` of what a listing alone states: a playlist that was listed, and a video that it calls unavailable."""

WITHOUT_PIECES = "without pieces"
"""The setting of a library whose model gives no token vectors, so that no pieces are stored."""


class Revision(NamedTuple):
    """Two states of a library that have equal revisions hold the same.

    `sealed` changes when a build ends, `committed` with each resource that a build commits.
    """

    sealed: object
    committed: object


class Language(NamedTuple):
    """The chunks of a language: their number, their mean vector, and that of their windows where there are any."""

    chunks: int
    mean: Vectors
    window_mean: Vectors | None


class Scope(Protocol):
    """The chunks that a search is limited to; its length is their number."""

    def __len__(self) -> int: ...


class WordGroup(NamedTuple):
    """A word of the question in another language: any of its translations counts as the word (Pirkola, 1998).

    `language` is that of the chunks it is looked up in, a primary subtag.
    """

    alternatives: Alternatives
    language: str


class Frequencies(NamedTuple):
    """In how many chunks each known term is, and each word group by any of its alternatives.

    The frequency of a group is `None` where it is too common to be looked up.
    """

    terms: Mapping[str, int]
    groups: Sequence[int | None]


class CandidateQuery(NamedTuple):
    """What candidates are looked for by: a centred vector, and words with their weights.

    `terms` are the question's own with their inverse document frequencies; `groups` are its words in other languages,
    each with its share of the highest score that the words can reach. `limit` chunks are wanted by words, as many by
    translations, and twice as many by meaning, since an index tells of each only about how near it is.
    """

    vector: Vectors
    terms: Mapping[str, float]
    groups: Sequence[tuple[WordGroup, float]]
    limit: int
    scope: Scope | None = None
    named: NamedScope | None = None


class NamedScope(NamedTuple):
    """The chunks of resources that the question names, and the terms that it has beside the names.

    `limit` of them are candidates by meaning and as many by words, however many others are better.
    """

    scope: Scope
    terms: Mapping[str, float]


class Candidates(NamedTuple):
    """The chunks that the indexes propose, by ascending id, with approximate scores; a row each.

    `cosines` are NaN for a chunk that isn't among the nearest: it is no nearer than `farthest`. `bm25` and `named_bm25`
    are 0 where a chunk isn't among the best by words, in the scope and in the named one. `translated` is the score by
    word groups. `languages` are primary subtags.
    """

    ids: NDArray[np.int64]
    cosines: NDArray[np.float64]
    farthest: float
    bm25: NDArray[np.float64]
    named_bm25: NDArray[np.float64]
    translated: Vectors
    languages: Sequence[str]
    resources: Sequence[str]


class Evidence(NamedTuple):
    """Chunks, and the exact cosine of each with the question, by id."""

    chunks: Mapping[int, StoredChunk]
    cosines: Mapping[int, float]


class CueSpan(NamedTuple):
    """Cues `first` up to, not including, `stop` of a transcript."""

    transcript_id: int
    first: int
    stop: int


class Known(NamedTuple):
    """What is stored of a resource's chunks and pieces, by the digest of the embedded text."""

    vectors: dict[bytes, Vectors]
    pieces: dict[bytes, PieceVector]


class Translations(Protocol):
    """Words and their translations, as plain text, between languages given by primary subtag."""

    @property
    def version(self) -> str:
        """Changes when the entries do."""
        ...

    def sources(self, target: str) -> Iterable[str]:
        """The languages whose words have translations into the target, ANY_LANGUAGE among them."""
        ...

    def entries(self, source: str, target: str) -> Iterable[tuple[str, Sequence[str]]]:
        """Words with their translations; a word may come more than once."""
        ...


class Reader(Protocol):
    """One consistent snapshot of a library; threads may share it. All methods raise LibraryError."""

    @property
    def address(self) -> Path: ...
    @property
    def card(self) -> ModelCard:
        """The model that made the vectors."""
        ...

    @property
    def revision(self) -> Revision:
        """What the library was at when it was opened."""
        ...

    # Resources

    def statuses(self) -> list[ResourceStatus]:
        """Every resource, in the lists' order, with its state."""
        ...

    def sections(self) -> list[Section]:
        """Every list's heading paths in its order, with the resources there; what has left every list comes last."""
        ...

    def playlists(self) -> dict[str, Playlist]:
        """What each playlist and channel held when it was last listed, by its id."""
        ...

    def resources(self, ids: Collection[str]) -> dict[str, Resource]:
        """The resources of those ids that are here."""
        ...

    def details(self, ids: Collection[str]) -> dict[str, Details]:
        """What the sources state about the resources of those ids that are here."""
        ...

    def standings(self) -> dict[str, Standing]:
        """Where each resource stands."""
        ...

    def transcripts(self, resource_id: str) -> list[Transcript]:
        """The transcripts of a resource."""
        ...

    def setting(self, name: str) -> str | None:
        """A value that was kept for the next build."""
        ...

    # Search

    def warm_up(self) -> None:
        """Load what the first question needs; a caller can do so while it waits for something else."""
        ...

    def languages(self) -> Mapping[str, Language]:
        """The languages of all chunks, by primary subtag, in alphabetical order."""
        ...

    def scope(self, filters: Filters, resources: Collection[str] | None = None) -> Scope:
        """The chunks that a filter keeps, or those of them that are of some resources."""
        ...

    def titles(self, terms: Collection[str]) -> list[tuple[str, Sequence[str]]]:
        """The ids of indexed resources with the terms of their titles, or parts of them, that have one of the terms."""
        ...

    def translations(self, source: str, words: Collection[str]) -> dict[str, dict[str, Alternatives]]:
        """The translations of those words that have any, by target language and word; `source` is their language."""
        ...

    def frequencies(self, terms: Collection[str], groups: Sequence[WordGroup] = ()) -> Frequencies:
        """The document frequencies of terms, and of groups in the chunks of their languages."""
        ...

    def candidates(self, query: CandidateQuery) -> Candidates:
        """The chunks that the indexes propose by meaning, by words and by translations; cheap and approximate."""
        ...

    def evidence(self, ids: Sequence[int], vector: Vectors) -> Evidence:
        """The chunks of those ids that are here, with their exact cosines with a centred question."""
        ...

    def pieces(self, chunks: Sequence[StoredChunk], margin: float) -> dict[int, Pieces]:
        """The pieces of each chunk and of so many seconds before and after it, by chunk id; none where none are stored.

        They begin with the piece that the first of these seconds lies in.
        """
        ...

    def cues(self, spans: Sequence[CueSpan]) -> list[list[Cue]]:
        """The cues of each span."""
        ...

    # The library as a whole

    def verify(self) -> None:
        """Read all that is stored; raises DamagedLibrary for what isn't as it was written."""
        ...

    def close(self) -> None:
        """Release what the library holds open."""
        ...

    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Writer(Reader, Protocol):
    """A library, open for changes by one writer at a time; use it as a context manager, which seals it at the end.

    Each change is a transaction: a kill loses at most the resource in work.
    """

    def transaction(self) -> AbstractContextManager[None]:
        """Make all changes of a block in one transaction, or none of them."""
        ...

    # The lists

    def register(self, source: str, resources: Sequence[Resource]) -> None:
        """Note what a source lists now. What it listed before and no longer does stays, marked as gone."""
        ...

    def keep_playlist(self, playlist_id: str, playlist: Playlist) -> None:
        """Note what a playlist holds now; it counts as indexed then."""
        ...

    def unlisted(self, sources: Iterable[str]) -> list[str]:
        """The resources that one of these sources listed once and that no source lists now."""
        ...

    def remove(self, ids: Collection[str]) -> None:
        """Remove resources with all that is stored of them."""
        ...

    # The resources

    def known(self, resource_id: str) -> Known:
        """The vectors that are stored for a resource, so that no text is embedded twice."""
        ...

    def commit(
        self,
        resource_id: str,
        transcripts: Sequence[EmbeddedTranscript],
        details: Details,
        inputs: str,
        kind: Kind | None = None,
    ) -> None:
        """Store all of a resource at once, in place of what was stored of it; `kind` where it isn't what it seemed."""
        ...

    def set_state(
        self,
        resource_id: str,
        state: State,
        *,
        reason: str | None = None,
        retry_after: float | None = None,
        inputs: str | None = None,
    ) -> None:
        """Note where a resource stands and why, when to try again (Unix seconds), and what was tried."""
        ...

    def put_setting(self, name: str, value: str | None) -> None:
        """Keep a value for the next build; `None` deletes it."""
        ...

    def keep_translations(self, translations: Translations) -> None:
        """Choose the translations that the library can use, unless that was done for what it holds now."""
        ...

    # Another model

    def successor(self, card: ModelCard, say: Callable[[str], None]) -> AbstractContextManager[Successor]:
        """Begin to embed the library for another model, or go on with what was begun; `say` is told what is dropped.

        The library stays as it is meanwhile, and answers.
        """
        ...

    def succeed(self, successor: Successor) -> None:
        """Replace all that the former model made by what the successor holds, in one step."""
        ...

    def unfinished_successor(self) -> ModelCard | None:
        """The model of a successor that was begun and isn't finished."""
        ...

    def discard_successor(self) -> None:
        """Delete a successor that was begun, if there is one."""
        ...


class Successor(Protocol):
    """The transcripts of a library with another model's vectors, as far as they are embedded."""

    @property
    def writer(self) -> Writer:
        """Where the other model's vectors are stored."""
        ...

    def due(self) -> list[Due]:
        """The resources that the library holds and the successor doesn't; what the library has lost is removed."""
        ...


class Due(NamedTuple):
    """A resource whose transcripts are to be embedded, and the edition that they are."""

    resource: Resource
    edition: str
