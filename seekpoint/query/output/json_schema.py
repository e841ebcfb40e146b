"""The form of the JSON that `ask`, `status` and the HTTP API give: the definition of its keys, their order and types.

`json.py` takes the values from objects that have attributes of the same names. pydantic makes the API's document from
these classes and the strings below their keys; it isn't imported here, since it would add to the time that `ask` takes.
"""

import sys
from typing import Literal, NotRequired

from seekpoint.index.types import Kind, Origin, State

if sys.version_info >= (3, 12):
    from typing import TypedDict
else:  # pydantic needs this one
    from typing_extensions import TypedDict


class ResourceJson(TypedDict):
    """One thing on a reading list."""

    id: str
    """A video's or playlist's YouTube id, else a hash of the address."""
    kind: Kind
    title: str
    url: str
    sections: list[list[str]]
    """The paths of headings that it is listed under."""


class TranslationJson(TypedDict):
    """A word of the question, and the words that stand for it in a passage of another language."""

    word: str
    said: list[str]


class WindowJson(TypedDict):
    """A stretch of a recording, in seconds, and the cosine of its vector with the question's."""

    start: float
    end: float
    cosine: float


class ExplanationJson(TypedDict):
    """Why a moment was found: its score is `share` × `meaning` + (1 − `share`) × `words` + `named`."""

    meaning: float
    """The nearness in meaning."""
    words: float
    """How far the question's words are covered."""
    share: float
    """The share of the meaning in the score."""
    named: float
    """What is added because the question names the resource."""
    stands_in: bool
    """Whether the passage is in another language than the question."""
    matched: list[str]
    """The question's words that occur."""
    translated: list[TranslationJson]
    """Those that occur in translation."""
    windows: list[WindowJson]
    """The stretches nearest in meaning."""


class DoubtJson(TypedDict):
    """The score that the first moment needs to count as an answer, and the words that the library doesn't contain."""

    least_score: float
    unknown: list[str]


class MomentJson(TypedDict):
    """A place in a resource where an answer begins; `start`, `end` and `timestamp` are null for what is read."""

    rank: int
    score: float
    resource: ResourceJson
    language: str
    """A BCP 47 tag, such as en or zh-TW."""
    start: float | None
    """Seconds."""
    end: float | None
    """Seconds."""
    timestamp: str | None
    """The start as m:ss or h:mm:ss."""
    page: NotRequired[int]
    """The page of a PDF, the first being 1."""
    chapter: NotRequired[str]
    """The title of the chapter, or the heading, that it lies in."""
    quote: str
    """What is said or written from there on."""
    link: str
    """Opens the source at that place."""
    explanation: NotRequired[ExplanationJson]


class AnswerJson(TypedDict):
    """The moments found for a question, best first."""

    question: str
    answered: bool
    """False where the library holds no answer; the moments are then only the nearest ones."""
    doubt: NotRequired[DoubtJson]
    moments: list[MomentJson]
    error: NotRequired[str]
    """What is wrong with a line of `ask --json -` that is no question."""


class ResourceStatusJson(ResourceJson):
    """A resource, its state, and what is stored of it."""

    state: State
    reason: str | None
    """Why it isn't indexed, or wasn't brought up to date."""
    retry_after: str | None
    """From when on a build tries again (ISO 8601, UTC)."""
    languages: list[str]
    """The languages of its transcripts."""
    transcript: Origin | None
    """Where its transcripts came from."""
    chunks: int
    """The number of passages."""


class ModelJson(TypedDict):
    """The model of a library's vectors."""

    name: str
    dimension: int
    fingerprint: str


class TotalsJson(TypedDict):
    """The number of resources, also by state, of passages and of seconds of talk."""

    resources: int
    indexed: int
    no_transcript: int
    unavailable: int
    deferred: int
    pending: int
    chunks: int
    seconds: float


class StatusJson(TypedDict):
    """What a library holds, and what it doesn't."""

    library: str
    """Its folder."""
    model: ModelJson
    totals: TotalsJson
    resources: list[ResourceStatusJson]


class ResourcesJson(TypedDict):
    """A page of the library's resources, in the order of the reading lists, and their total number."""

    total: int
    resources: list[ResourceStatusJson]


class ChapterJson(TypedDict):
    """A titled part of a recording, from its start in seconds up to the next one."""

    start: float
    title: str


class CueJson(TypedDict):
    """A line of a transcript: `start` and `end` in seconds of what plays, `anchor` and `page` of what is read."""

    start: NotRequired[float]
    end: NotRequired[float]
    anchor: NotRequired[str | None]
    """The id of the heading above."""
    page: NotRequired[int | None]
    text: str


class TranscriptJson(TypedDict):
    """What is said or written in a resource, or a part of it."""

    resource: ResourceJson
    language: str
    languages: list[str]
    """The languages of all its transcripts."""
    origin: Origin
    chapters: list[ChapterJson]
    cues: list[CueJson]


class HealthJson(TypedDict):
    """What a server says that can be asked."""

    status: Literal["ok"]


class ProblemJson(TypedDict):
    """What went wrong (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    """What is wrong and what to do, in a sentence."""
