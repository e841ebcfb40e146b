"""Results of a search: the moments, and the answer."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from seekpoint.index.types import Displayed, Resource
from seekpoint.query.links import timestamp
from seekpoint.safe_links import app_link


class Window(NamedTuple):
    """A stretch of a recording, in seconds, and the cosine of its vector with the question's."""

    start: float
    end: float
    cosine: float


class Translation(NamedTuple):
    """A word of the question, and the words of another language that stand for it in a transcript."""

    word: str
    said: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """How a moment's score came about: `share` × `meaning` + (1 − `share`) × `words`, and what is added.

    Each is from 0 to 1. `meaning` is the cosine with the question, `words` how far the question's words are covered,
    `named` a bonus for a resource that the question names, and `verbatim` one for saying the question word for word, a
    share of what the others leave up to 1. `noted` is added for the question `answers`, which a language model noted
    there, or for which somebody kept the place: it is like the one that is asked. `stands_in` is true where the moment
    is in another language than the question, so that a part of the meaning stands in for words. `matched` are the
    question's words that occur in the moment, `translated` those that occur in translation. `windows` are the stretches
    nearest in meaning. `reranked` is the score that a reranker gave instead of that sum, if there is one. `reworded` is
    added because another wording of the question finds it, too.
    """

    meaning: float
    words: float
    share: float
    stands_in: bool
    matched: tuple[str, ...]
    translated: tuple[Translation, ...]
    windows: tuple[Window, ...]
    named: float = 0.0
    verbatim: float = 0.0
    noted: float = 0.0
    answers: str | None = None
    reranked: float | None = None
    reworded: float = 0.0


@dataclass(frozen=True, slots=True)
class Moment(Displayed):
    """A place in a resource where an answer begins, and a link that opens it there.

    `start` and `end` are seconds, `None` for a text; `page` is the page of a PDF or the slide, from 1. `chapter` is the
    title of the chapter that the moment lies in, if the resource has chapters. `speaker` is the name of who says the
    quote, where the source says it. `marks` are the spans of `quote` (start and end offset in characters) that match
    the question. `cues` is the span of the quoted cues: [first, stop) of the resource's transcript in `language`.
    `published` is the date of the resource, as far as it's known: YYYY, YYYY-MM or YYYY-MM-DD. `added` is when the
    resource came into the library, in ISO 8601. `more` is the number of further moments of the resource that score
    nearly as much as the first one, and aren't among the answer's.
    """

    rank: int
    score: float
    resource: Resource
    language: str
    start: float | None
    end: float | None
    quote: str
    link: str
    marks: tuple[tuple[int, int], ...] = ()
    chapter: str | None = None
    page: int | None = None
    explanation: Explanation | None = None
    cues: tuple[int, int] = (0, 0)
    more: int = 0
    speaker: str | None = None
    published: str | None = None
    added: str | None = None

    @property
    def app_link(self) -> str | None:
        """The address that opens its file in Zotero or Obsidian, if one of them keeps it; looks at the disk."""
        return app_link(self.resource.url, self.page)

    @property
    def timestamp(self) -> str | None:
        """`start` as `12:34`, or `1:02:03` from an hour on."""
        return timestamp(self.start)


# Seconds, and cues of a text, within which two moments are one place.
_NEAR, _NEAR_CUES = 30.0, 5


def is_same_place(one: Moment, other: Moment) -> bool:
    """Whether two moments are so close that one link is enough."""
    if one.resource.id != other.resource.id:
        return False
    if one.start is None or other.start is None:
        return one.language == other.language and abs(one.cues[0] - other.cues[0]) < _NEAR_CUES
    return abs(one.start - other.start) < _NEAR


class Respelling(NamedTuple):
    """A word of the question that nothing mentions, and the word that is searched for instead."""

    word: str
    meant: str


class Confidence(StrEnum):
    """Whether the first moment answers the question: probably, it may, or nothing in the library does."""

    HIGH = "high"
    LOW = "low"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Estimate:
    """The probabilities that the library answers the question and that the first moment does (`right`), and features.

    `meaning` is the cosine of the first moment, `unsaid` the mean rarity of the question's words that aren't said near
    it, `unknown` how many words the library doesn't have (1 is two or more), `size` the logarithm of its size, `ahead`
    the first moment's score less the mean of the next five, `together` the share of these that are of its resource,
    `noted` how far the likeness of a question that a language model noted there exceeds a threshold.
    """

    probability: float
    right: float
    meaning: float
    unsaid: float
    unknown: float
    size: float
    ahead: float
    together: float
    noted: float = 0.0


class Citation(NamedTuple):
    """A place that a sentence cites, with its own link, within the moment of this rank."""

    moment: int
    seconds: float | None
    page: int | None
    link: str


class CitedSentence(NamedTuple):
    """A sentence in plain text, and the places that it cites."""

    text: str
    citations: tuple[Citation, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """The answer of a reader, a language model, in sentences; `moments` are the places that they cite, in their order.

    Without sentences nothing that it read answers, or a `problem` kept it from reading: a line on what, and what to do.
    """

    sentences: tuple[CitedSentence, ...] = ()
    moments: tuple[Moment, ...] = ()
    problem: str | None = None

    @property
    def verdict(self) -> Verdict:
        """Whether it answers."""
        return Verdict.ANSWERED if self.sentences else Verdict.FAILED if self.problem else Verdict.NONE


class Verdict(StrEnum):
    """What came of a reading: sentences, the word that nothing answers, or a problem."""

    ANSWERED = "answered"
    NONE = "none"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Answer(Displayed):
    """The moments found for a question, best first.

    `unknown` are the words of the question that nothing in the library mentions, `respelled` those for which others
    were searched. `estimate` is what the confidence follows from, if the answer is explained. `missing` are the phrases
    in quotation marks if no passage has all of them; the moments are those without the marks then. `excluded` are the
    words and phrases after a minus. `nearer` is true where passages without the phrases are nearer than the moments.
    `undated` is the number of resources that a filter by date leaves out because they state none. `also` are the other
    wordings that were asked. `reading` is what a reader made of it, if there is one. `note` says why there are no
    moments, such as a filter that nothing passes.
    """

    question: str
    confidence: Confidence
    moments: tuple[Moment, ...]
    unknown: tuple[str, ...] = ()
    respelled: tuple[Respelling, ...] = ()
    estimate: Estimate | None = None
    missing: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    nearer: bool = False
    undated: int = 0
    also: tuple[str, ...] = ()
    reading: Reading | None = None
    note: str | None = None

    @property
    def answered(self) -> bool:
        """False where the library holds no answer; the moments are then only the nearest ones."""
        return self.confidence is not Confidence.NONE
