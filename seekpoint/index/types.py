"""The vocabulary of Seekpoint: immutable classes without heavy imports. Times are seconds of a recording."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence, Sized
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from enum import StrEnum
from functools import singledispatch
from itertools import takewhile
from operator import attrgetter
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol, TypeAlias
from urllib.parse import unquote

from seekpoint.index.reasons import Reason
from seekpoint.index.text.clean import clean, text_digest, without_passwords

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Vectors: TypeAlias = "NDArray[np.float32]"


@singledispatch
def to_html(shown: object) -> str | None:
    """The HTML of an object for a notebook; `None` if no function is registered for its type."""
    return None


class Displayed:
    """A mixin that shows objects as HTML in a notebook."""

    __slots__ = ()

    def _repr_html_(self) -> str | None:
        return to_html(self)


NOWHERE = "list.invalid"
"""The host of links without one in a list that isn't trusted; RFC 2606 reserves the name."""


class Kind(StrEnum):
    """The kind of a resource."""

    VIDEO = "video"
    PLAYLIST = "playlist"
    PAGE = "page"
    PAPER = "paper"
    RECORDING = "recording"
    DOCUMENT = "document"

    @property
    def plays(self) -> bool:
        """Whether it is played, so that its positions are seconds; texts have anchors or page numbers instead."""
        return self in (Kind.VIDEO, Kind.RECORDING)

    @property
    def page_name(self) -> Literal["page", "slide"]:
        """What its pages are called: papers have pages, of documents those in slides alone are numbered."""
        return "slide" if self is Kind.DOCUMENT else "page"


HOLDING_MOMENTS = tuple(kind for kind in Kind if kind is not Kind.PLAYLIST)
"""The kinds of resources that moments are in: those of a playlist are in its entries."""


class State(StrEnum):
    """The state of a resource; every entry of a list ends in one of these."""

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


class NamedBy(StrEnum):
    """Who named a source of a library, which decides what every later build may do for it.

    Sources that the owner names in a terminal may be files and private networks. Who adds on a page that others use,
    and an assistant, name public addresses alone. Lists of an imported library are built for nobody but the owner.
    """

    OWNER = "owner"
    PAGE = "page"
    ASSISTANT = "assistant"
    IMPORT = "import"


@dataclass(frozen=True, slots=True)
class Chapter:
    """A titled part of a recording or text, up to the next one; `generated` if it was made of what is said."""

    start: float
    title: str
    generated: bool = False


FAMILY = "\u00a0"


@dataclass(frozen=True, slots=True)
class Details:
    """Metadata of a source, `None` or empty without any.

    `channel` is the publisher, chapters may be headings, `aliases` are further titles that questions may say, and
    `speakers` the names of those who speak, as its transcripts have them. `thumbnail` is the address of a picture, and
    `deep_link` is that of the resource. `published` is a date as YYYY, YYYY-MM or YYYY-MM-DD. `container` is the
    journal, the proceedings, the site or the podcast that it appeared in, `key` its citation key in a bibliography. In
    the name of an author a no-break space (FAMILY) stands before that of the family, where the source tells it.
    """

    title: str | None = None
    channel: str | None = None
    duration: float | None = None
    published: str | None = None
    chapters: tuple[Chapter, ...] = ()
    aliases: tuple[str, ...] = ()
    speakers: tuple[str, ...] = ()
    thumbnail: str | None = None
    deep_link: str | None = None
    authors: tuple[str, ...] = ()
    container: str | None = None
    doi: str | None = None
    isbn: str | None = None
    key: str | None = None


def completed(details: Details, other: Details) -> Details:
    """The details with those of another source where they have none."""
    return Details(**{each.name: getattr(details, each.name) or getattr(other, each.name) for each in fields(Details)})


@dataclass(frozen=True, slots=True)
class Resource(Displayed):
    """One thing on a reading list.

    `id` is the YouTube id of a video or playlist, else a short stable hash of `url`, the canonical address, or of the
    guid of a podcast's episode, whose address may change. `title` is empty if the list has only an address. `sections`
    are the heading paths that it is listed under. `deep_link` is the address, up to the time, of the page that plays it
    from a time on, if its source names one. `file_title` is what a file is called, its title where there is no other.
    `stated` is what its list, a bibliography, says of it beside the title; that of a library's resource, its details.
    """

    id: str
    kind: Kind
    title: str
    url: str
    sections: tuple[tuple[str, ...], ...] = ()
    deep_link: str | None = None
    file_title: str = ""
    stated: Details = field(default=Details(), compare=False, repr=False)

    authors = property(attrgetter("stated.authors"))
    container = property(attrgetter("stated.container"))
    doi = property(attrgetter("stated.doi"))
    isbn = property(attrgetter("stated.isbn"))
    key = property(attrgetter("stated.key"))

    @property
    def is_local(self) -> bool:
        """Whether it is a file."""
        return self.url.startswith("file:")

    @property
    def is_on_youtube(self) -> bool:
        """Whether it is a video, a playlist or a channel of YouTube."""
        return self.url.startswith("https://www.youtube.com/") and self.kind in (Kind.VIDEO, Kind.PLAYLIST)


def shown_url(resource: Resource) -> str:
    """The address of a resource without passwords, or the path that its list gives instead."""
    origin = f"https://{NOWHERE}/"
    if resource.url.startswith(origin):
        return unquote(resource.url.removeprefix(origin))
    return without_passwords(resource.url)


class Cue(NamedTuple):
    """The smallest part of a transcript that has a position.

    For a text, `start` and `end` are the seconds that reading takes up to there. Its positions are `anchor`, the id of
    the heading above, or `page`, the page or slide from 1. `is_reference` marks an entry of the bibliography. `speaker`
    is the name of who speaks, where the source says it.
    """

    start: float
    end: float
    text: str
    anchor: str | None = None
    page: int | None = None
    is_reference: bool = False
    speaker: str | None = None


class NotedQuestion(NamedTuple):
    """A question, in a language (a primary subtag), and the second at which its answer begins."""

    start: float
    language: str
    text: str


@dataclass(frozen=True, slots=True)
class ReadStretch:
    """What `reader`, a language model, noted of a stretch of a transcript (text/stretches.py), by its number.

    `language` is the transcript's, `digest` that of what was read. `titles` are the chapters that begin there; of a
    whole transcript (`WHOLE`) the only one is its summary, and there is none where none could be kept.
    `vectors` has a row for each question, `None` if they aren't embedded.
    """

    resource_id: str
    number: int
    language: str
    digest: bytes
    reader: str
    questions: tuple[NotedQuestion, ...]
    titles: tuple[Chapter, ...] = ()
    vectors: Vectors | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Transcript:
    """The cues of one resource in one language (a BCP 47 tag).

    `chapters` were made of what is said in a recording by a rule. `noted_chapters` take their place where a language
    model has read it. `questions` are those that it noted; only a transcript with all its cues has them. `summary` is
    what it said of all of it.
    """

    language: str
    origin: Origin
    cues: tuple[Cue, ...]
    chapters: tuple[Chapter, ...] = ()
    noted_chapters: tuple[Chapter, ...] = ()
    questions: tuple[NotedQuestion, ...] = ()
    summary: str = ""


@dataclass(frozen=True, slots=True)
class PlaylistEntry:
    """A video of a playlist under its own title; `fault` is why it is unavailable, if the playlist says so."""

    resource: Resource
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Playlist:
    """The contents of a playlist or channel when it was listed."""

    title: str
    entries: tuple[PlaylistEntry, ...]


class Standing(NamedTuple):
    """A resource's state, inputs and time to try again (Unix seconds).

    `is_foreign` if only imported lists name it, `reason` is why it isn't indexed or up to date.
    """

    state: State
    inputs: str | None = None
    retry_after: float | None = None
    is_foreign: bool = False
    reason: str | None = None

    @property
    def is_indexed(self) -> bool:
        """Whether its transcripts can be searched."""
        return self.state is State.INDEXED

    def is_due(self, now: float, *, at_once: bool = False) -> bool:
        """Whether a build by itself would try it again now, or with `at_once` whether it waits at all."""
        if self.is_foreign:
            return False
        if self.retry_after is None:
            return self.state in (State.PENDING, State.DEFERRED)
        return at_once or self.retry_after <= now


def iso_time(seconds: float) -> str:
    """A Unix time in ISO 8601, UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


@dataclass(frozen=True, slots=True)
class ResourceStatus:
    """A resource in a library: its state and the reason, when to try again (Unix seconds), and what is stored.

    `chapters` are those of a recording; generated ones are in the language of its first transcript. `details` are as
    its list states them, else as the source does. `listed` are the addresses that lists name and that led to it.
    `added` is when it could be searched first, in ISO 8601. `summary` is a language model's, in the language of the
    first transcript.
    """

    resource: Resource
    state: State
    reason: Reason | None = None
    retry_after: float | None = None
    languages: tuple[str, ...] = ()
    transcript: Origin | None = None
    chunks: int = 0
    seconds: float = 0.0
    chapters: tuple[Chapter, ...] = ()
    details: Details = Details()
    listed: tuple[str, ...] = ()
    added: str | None = None
    summary: str = ""

    authors = property(attrgetter("details.authors"))
    container = property(attrgetter("details.container"))
    doi = property(attrgetter("details.doi"))
    isbn = property(attrgetter("details.isbn"))
    key = property(attrgetter("details.key"))
    published = property(attrgetter("details.published"))

    @property
    def reason_code(self) -> str | None:
        """The code of the reason, which stays where its text changes."""
        return self.reason.code if self.reason else None

    @property
    def id(self) -> str:
        return self.resource.id

    @property
    def kind(self) -> Kind:
        return self.resource.kind

    @property
    def title(self) -> str:
        return self.resource.title

    @property
    def url(self) -> str:
        return self.resource.url

    @property
    def sections(self) -> tuple[tuple[str, ...], ...]:
        return self.resource.sections


@dataclass(frozen=True, slots=True)
class Filters:
    """The filters of a search; empty ones keep everything.

    `section` is searched for anywhere in a heading, ignoring case, each word of `speaker` in the name of who speaks;
    `language` is compared by primary subtag; `resource` is an id. `after` is the first day, month or year that is
    searched (YYYY-MM-DD, YYYY-MM or YYYY), `before` the first that isn't any more; what has no date is left out.
    `added` is the Unix second since which a resource can be searched.
    """

    kind: Kind | None = None
    section: str | None = None
    language: str | None = None
    resource: str | None = None
    speaker: str | None = None
    after: str | None = None
    before: str | None = None
    added: float | None = None

    @property
    def is_dated(self) -> bool:
        """Whether they limit when a resource was published or added."""
        return (self.after, self.before, self.added) != (None, None, None)

    def is_spoken_by(self, name: str | None) -> bool:
        """Whether the filter keeps what someone of this name says: `Wei Zhang` also finds `Zhang, Wei (CN)`."""
        if not self.speaker:
            return True
        wanted, held = self.speaker.casefold(), (name or "").casefold()
        return all(word in held for word in re.findall(r"\w+", wanted) or [wanted])


@dataclass(frozen=True, slots=True)
class ModelCard:
    """The model that made a library's vectors; models with equal cards make comparable vectors."""

    name: str
    dimension: int
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Parts:
    """Passages with their parts: a vector for each text, sums of each part's token vectors, and numbers of tokens."""

    vectors: Vectors
    sums: Sequence[Vectors]
    tokens: Sequence[Sequence[int]]


LONGEST_EMBEDDED = 512
"""The most tokens of a question that are embedded, those around it among them: each takes time."""


class Encoder(Protocol):
    """Embeds text as unit vectors with `card.dimension` components."""

    @property
    def card(self) -> ModelCard: ...

    def passages(self, texts: Sequence[str]) -> Vectors:
        """Embed passages: float32, one row for each text."""

    def parts(self, texts: Sequence[str], ends: Sequence[Sequence[int]]) -> Parts | None:
        """Embed passages as `passages` does, and also their parts; `None` if the model's vectors can't be divided so.

        No passages tell this too. `ends` are the offsets at which each text's parts end; single spaces join the parts.
        """

    def question(self, text: str) -> Vectors:
        """Embed a question: a float32 vector."""


class Reranker(Protocol):
    """Scores how well passages answer a question, which it reads together with each of them."""

    def scores(self, question: str, passages: Sequence[str]) -> Sequence[float]:
        """A score for each passage, from 0 to 1."""


ANY_LANGUAGE = ""
"""The source language of translations that apply to questions in every language."""

Dictionaries: TypeAlias = Callable[[str], Iterable[tuple[str, Iterable[tuple[str, Sequence[str]]]]]]
"""Dictionaries by target language: each source language, or ANY_LANGUAGE, with its words and translations."""

Alternatives: TypeAlias = tuple[tuple[str, ...], ...]
"""The translations of a word, each as the terms that all have to occur."""


@dataclass(frozen=True, slots=True)
class KeptMoment:
    """A moment as it was when it was kept; it stays so when its resource is built anew or removed.

    `start` is in seconds, `None` for a text; `page` is a page or slide, from 1, `anchor` the id of the heading above.
    `question` is what was asked. `collection` is empty for a moment that is in none. `added` is in Unix seconds.
    `chapter` isn't kept: it is that of the library as it is now.
    """

    resource: Resource
    language: str
    start: float | None
    page: int | None
    anchor: str | None
    quote: str
    link: str
    question: str = ""
    note: str = ""
    collection: str = ""
    added: float = 0.0
    chapter: str | None = None

    @property
    def place(self) -> str:
        """Identifies the moment within its resource: the second, or the page or heading and the quote."""
        return place_of(self.start, self.page, self.anchor, self.quote)


def place_of(start: float | None, page: int | None, anchor: str | None, quote: str) -> str:
    """The `place` of a moment; printable ASCII, whatever the texts are."""
    if start is not None:
        return f"t{int(start)}"
    digest = text_digest(clean(f"{anchor or ''} {quote}")).hex()
    return f"a-{digest}" if page is None else f"p{page}-{digest}"


class KeptQuestion(NamedTuple):
    """A question to ask of what is new, or to drop where it isn't `kept`; `added` is in Unix seconds.

    `also` are its other wordings. A question that is kept already gets these, or without any keeps those it has.
    """

    text: str
    added: float
    kept: bool = True
    also: tuple[str, ...] = ()


class Section(NamedTuple):
    """The entries under a heading path of a list, by resource id; `source` is empty if they have left every list."""

    source: str
    path: tuple[str, ...]
    entries: dict[str, State]
    named_by: NamedBy = NamedBy.OWNER

    @property
    def states(self) -> Counter[State]:
        """The number of entries in each state."""
        return Counter(self.entries.values())


def union(sections: Iterable[Section], source: str = "", path: tuple[str, ...] = ()) -> Section:
    """The union of sections, in which each resource counts once."""
    return Section(source, path, {key: state for section in sections for key, state in section.entries.items()})


def outlined(sections: Iterable[Section]) -> Iterator[tuple[int, str, Section | None]]:
    """Each heading's depth, text and section, as an outline; `None` for a heading without entries of its own."""
    above: tuple[str, ...] = ()
    for section in sections:
        path = section.path or ("(no heading)",)
        shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(above, path, strict=False)))
        for depth in range(shared, len(path) - 1):
            yield depth, path[depth], None
        yield len(path) - 1, path[-1], section
        above = path


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive cues that are embedded together: cues [first, stop) of a transcript."""

    first: int
    stop: int
    start: float
    end: float
    text: str


class Piece(NamedTuple):
    """Cues [first, stop) of a transcript: about ten seconds."""

    first: int
    stop: int
    start: float
    text: str


class Pieces(NamedTuple):
    """Consecutive pieces of a transcript, from which the vectors of windows are computed.

    For each piece: its start in seconds, the sum of its token vectors (a row of `sums`), and the number of tokens.
    """

    starts: NDArray[np.float64]
    sums: Vectors
    tokens: Vectors


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
    `length` the length of the component. See models/piece_vectors.py.
    """

    tokens: int
    scale: float
    codes: bytes
    direction: int = 255
    length: float = 0.0


@dataclass(frozen=True, slots=True)
class EmbeddedTranscript:
    """A transcript with the embedded texts of its chunks and pieces, and a vector for each of them."""

    transcript: Transcript
    chunks: Sequence[Chunk]
    vectors: Vectors
    pieces: Sequence[tuple[Piece, PieceVector]] = ()


class Revision(NamedTuple):
    """Identifies contents: `sealed` changes at the end of a build, `committed` with each resource in between."""

    sealed: object
    committed: object


class Amounts(NamedTuple):
    """Numbers of resources, chunks and seconds, and the kinds and languages (primary subtags) of what is indexed.

    `stretches` is the number of those that a language model has read, summaries among them, `unembedded` that of those
    whose questions have lost their vectors to another model. `undated` is the number of indexed ones without a date.
    """

    states: Mapping[State, int]
    chunks: int
    seconds: float
    kinds: Sequence[Kind]
    languages: Sequence[str]
    stretches: int = 0
    unembedded: int = 0
    undated: int = 0


class Known(NamedTuple):
    """The stored vectors of a resource's chunks and pieces, by the digest of the embedded text."""

    vectors: dict[bytes, Vectors]
    pieces: dict[bytes, PieceVector]


class Language(NamedTuple):
    """A language's number of chunks, their mean vector, that of their windows, and their lengths in `terms`."""

    chunks: int
    mean: Vectors
    window_mean: Vectors | None
    terms: int


Scope: TypeAlias = Sized
"""The chunks that a search is limited to; `len` is their number."""


class WordGroup(NamedTuple):
    """Translations of a word, any of which counts as it (Pirkola, 1998), in chunks of `language`, a primary subtag."""

    alternatives: Alternatives
    language: str


class Frequencies(NamedTuple):
    """Document frequencies: of the terms that the library has, and of word groups, by any of their alternatives."""

    terms: Mapping[str, int]
    groups: Sequence[int]


class CandidateQuery(NamedTuple):
    """A query for candidates: a centred vector, and weighted words.

    `terms` are the question's own terms with their inverse document frequencies. `groups` are its words in other
    languages, each with its share of the highest score that the words can reach. Indexes propose about `limit` chunks
    by meaning, by terms and by groups each. They only approximate scores.

    Chunks that may have the `required` phrases are candidates too. `excluded` are terms that no candidate needs to
    have: chunks with one needn't be proposed, and others come in their place.
    """

    vector: Vectors
    terms: Mapping[str, float]
    groups: Sequence[tuple[WordGroup, float]]
    limit: int
    scope: Scope | None = None
    named: NamedScope | None = None
    required: RequiredPhrases | None = None
    excluded: Collection[str] = ()


class NamedScope(NamedTuple):
    """The chunks of the resources that a question names, the best of which are candidates, and its other terms."""

    scope: Scope
    terms: Mapping[str, float]


class RequiredPhrases(NamedTuple):
    """Phrases by the terms of any alternative in full; the `limit` best chunks with all of them are candidates."""

    phrases: Sequence[Alternatives]
    limit: int


class TermMatrix(NamedTuple):
    """How often chunks have terms: `counts` has a row for each term, a column for each chunk of `lengths` in terms."""

    terms: Sequence[str]
    counts: Vectors
    lengths: NDArray[np.int64]


class Evidence(NamedTuple):
    """The stored data that scores chunks: their cosines with the question, and the counts of its terms."""

    chunks: Sequence[StoredChunk]
    cosines: Sequence[float]
    words: TermMatrix


class CueSpan(NamedTuple):
    """Cues [first, stop) of a transcript."""

    transcript_id: int
    first: int
    stop: int
