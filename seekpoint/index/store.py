"""The interface of a storage backend, the only part of the storage that `query` and `indexer` use.

`open.py` chooses the backend by a library's address. Chunks are identified by ids: positive integers that are never
reused.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from sys import maxsize
from types import TracebackType
from typing import NamedTuple, Protocol, Self

from seekpoint.index.address import Address
from seekpoint.index.settings import LibrarySettings, QuestionVectors
from seekpoint.index.types import (
    Alternatives,
    Amounts,
    CandidateQuery,
    Cue,
    CueSpan,
    Details,
    Dictionaries,
    EmbeddedTranscript,
    Evidence,
    Filters,
    Frequencies,
    KeptMoment,
    KeptQuestion,
    Kind,
    Known,
    Language,
    ModelCard,
    NamedBy,
    Pieces,
    Playlist,
    ReadStretch,
    Resource,
    ResourceStatus,
    Revision,
    Scope,
    Section,
    Standing,
    State,
    StoredChunk,
    Transcript,
    Vectors,
    WordGroup,
)

LISTED = "listed"
"""The `inputs` of resources whose state comes from a listing: playlists, and videos that one calls unavailable.

Those of a feed go on with a colon and its version."""


class Closing(Protocol):
    """A context manager that is closed at its end."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Release open files and connections."""


class Reader(Closing, Protocol):
    """One consistent snapshot of a library; threads may share it. All methods raise LibraryError."""

    @property
    def address(self) -> Address: ...
    @property
    def card(self) -> ModelCard:
        """The model that made the vectors."""

    @property
    def revision(self) -> Revision:
        """The revision of the snapshot."""

    # Resources

    def statuses(self, ids: Collection[str] | None = None) -> list[ResourceStatus]:
        """Every resource with its state, or those with the given ids, in the order of the lists."""

    def amounts(self) -> Amounts:
        """How much there is, counted without reading each resource."""

    def sections(self) -> list[Section]:
        """Every list's heading paths in its order, with the resources there; what has left every list comes last."""

    def playlists(self) -> dict[str, Playlist]:
        """The contents of each playlist and channel when it was last listed, by id."""

    def standings(self) -> dict[str, Standing]:
        """Each resource's state, inputs, and time to try again, in the order in which the resources were added."""

    def transcripts(
        self, resource_id: str, language: str | None = None, first: int = 0, stop: int = maxsize
    ) -> list[Transcript]:
        """The transcripts of a resource, or those in exactly this language; of each the cues [first, stop)."""

    def stretches(
        self, ids: Collection[str] | None = None, language: str = "", *, resources: Collection[str] | None = None
    ) -> list[ReadStretch]:
        """What was noted of stretches: of all or of these resources', without vectors, or of those with these ids.

        Those with ids (text/stretches.py) have the questions in this language alone (a primary subtag), if they have
        any, else those in all.
        """

    @property
    def settings(self) -> LibrarySettings:
        """The settings that earlier builds stored."""

    def kept(self) -> list[KeptMoment]:
        """The kept moments, in the order in which they were kept."""

    # Search

    def languages(self) -> Mapping[str, Language]:
        """The languages of all chunks, by primary subtag, in order; loads what the first question needs."""

    def scope(self, filters: Filters, resources: Collection[str] | None = None) -> Scope:
        """The chunks that a filter keeps; with `resources`, only those of these resources."""

    def titles(self, terms: Collection[str]) -> list[tuple[str, Sequence[str]]]:
        """The resources that a question with these terms may name, with terms of a title or a part; some repeat."""

    def translations(self, source: str, words: Collection[str]) -> dict[str, dict[str, Alternatives]]:
        """The translations of words in the language `source`, of those that have any, by target language and word."""

    def frequencies(self, terms: Collection[str], groups: Sequence[WordGroup] = ()) -> Frequencies:
        """The document frequencies of terms, and of groups in the chunks of their languages."""

    def vocabulary(self, prefixes: Collection[str]) -> dict[str, bool]:
        """The terms that begin with one of these, and whether a title or heading has them; some may be nowhere."""

    def candidates(self, query: CandidateQuery) -> Sequence[int]:
        """The ids of the chunks that the indexes propose by meaning, by words and by translations; ascending."""

    def evidence(self, ids: Sequence[int], vector: Vectors, terms: Collection[str] = ()) -> Evidence:
        """The known chunks by ascending id, with their exact cosines with a centred question, and counts of terms."""

    def pieces(self, chunks: Sequence[StoredChunk], margin: float) -> dict[int, Pieces]:
        """The pieces of each chunk, and of `margin` seconds before and after it, by its id; empty without any."""

    def cues(self, spans: Sequence[CueSpan]) -> list[list[Cue]]:
        """The cues of each span."""

    # The library as a whole

    def verify(self) -> None:
        """Read everything that is stored; raises DamagedLibrary if anything is damaged."""


class Keeper(Closing, Protocol):
    """Changes what is kept in short transactions beside a writer; LockedLibrary if one takes too long."""

    def keep(self, item: KeptMoment | KeptQuestion | QuestionVectors | ReadStretch) -> None:
        """Keep a moment, unless its place is kept already, or what was noted of a stretch, in place of what was.

        A question joins the kept ones, or is dropped where it isn't `kept`; UsageError if there are too many.
        Vectors replace all that are kept. Nothing is kept of a stretch whose words the library no longer has.
        """

    def annotate(self, resource_id: str, place: str, note: str | None, collection: str = "") -> bool:
        """Replace the note and the collection of a kept moment, or with `None` keep it no longer.

        Returns whether it is kept.
        """


class Writer(Reader, Protocol):
    """A library, open for changes; a context manager, which seals the library at the end.

    There is at most one writer at a time. Each change is a transaction, so a kill loses at most the current resource.
    """

    def transaction(self) -> AbstractContextManager[None]:
        """Make all changes of a block in one transaction."""

    def mend(self, embed: Callable[[str, Transcript], EmbeddedTranscript]) -> Sequence[str]:
        """Make again what was derived from stored transcripts and is damaged, and check everything that is stored.

        Does nothing unless damage was found before. `embed` takes a resource's id and its transcript. Returns the ids
        of the resources that have lost their transcripts.
        """

    # The lists

    def register(self, source: str, resources: Sequence[Resource], named_by: NamedBy = NamedBy.OWNER) -> None:
        """Store what a source lists now, and who named it; what else it has listed stays in the library, unlisted."""

    def keep_playlist(self, playlist_id: str, playlist: Playlist, inputs: str = LISTED) -> None:
        """Store the current entries of a playlist, and set its state to indexed; `inputs` begin with `LISTED`."""

    def remove(self, ids: Collection[str] = (), unlisted_by: Collection[str] = ()) -> int:
        """Remove resources, also those that `unlisted_by` once listed and no source lists now; returns their number."""

    def move(self, resource_id: str, target: Resource) -> None:
        """Replace a resource by another, added if missing, which takes over its listings and what is kept of it."""

    # The resources

    def known(self, resource_id: str) -> Known:
        """The stored vectors of a resource, so that no text is embedded twice."""

    def commit(
        self,
        resource_id: str,
        transcripts: Sequence[EmbeddedTranscript],
        details: Details,
        inputs: str,
        kind: Kind | None = None,
    ) -> None:
        """Replace everything that is stored for a resource; `kind` corrects its kind."""

    def set_state(
        self,
        resource_id: str,
        state: State,
        *,
        reason: str | None = None,
        retry_after: float | None = None,
        inputs: str | None = None,
    ) -> None:
        """Store a resource's state, the reason, when to try again (Unix seconds), and the inputs that were tried."""

    def put_settings(self, **settings: object) -> None:
        """Store some fields of `settings`."""

    def keep_translations(self, version: str, dictionaries: Dictionaries) -> None:
        """Store the translations that the library can use, unless those stored are current and of this `version`."""

    # Another model

    def successor(self, card: ModelCard, say: Callable[[str], None]) -> AbstractContextManager[Successor]:
        """Begin or continue to embed the library for another model, beside questions; `say` is told what is dropped."""

    def succeed(self, successor: Successor | None) -> None:
        """Replace what the current model made by the successor in one transaction; `None` drops an unfinished one."""

    def unfinished_successor(self) -> ModelCard | None:
        """The model of the unfinished successor, if there is one."""


class Taken(NamedTuple):
    """A resource that a builder took from the queue, by its id, and its standing."""

    resource_id: str
    standing: Standing


class Queue(Closing, Protocol):
    """The resources of a library that wait for a builder; a context manager. All methods raise LibraryError.

    A builder works on one at a time. While it does, its writer stores nothing if another builder has taken over.
    """

    def take(
        self, clock: Callable[[], float], tried: Collection[str] = (), among: Collection[str] | None = None
    ) -> Taken | None:
        """End the work on the last resource, and take one that is pending or due by `clock` (Unix seconds).

        With `among` it is one of these, whatever its state. It isn't among those `tried`. Waits while other builders
        work on some, which they may yet leave to others; `None` at the end.
        """

    def turn(self, name: str, seconds: float) -> float:
        """The seconds to wait until a request to `name` may be sent, so that all builders keep `seconds` between."""


class Due(NamedTuple):
    """A resource to embed, and the edition of its transcripts, which changes when they are stored again."""

    resource: Resource
    edition: str


class Successor(NamedTuple):
    """The writer of the new model's vectors, and the resources still to embed."""

    writer: Writer
    due: Sequence[Due]
