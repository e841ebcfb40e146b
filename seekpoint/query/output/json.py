"""The JSON that `ask`, `status` and the HTTP API give, a stable contract: its keys, their order and types, and values.

The values are those of objects that have attributes of the same names. pydantic makes the API's document from the
classes; it isn't imported here, since it would add to the time that `ask` takes.
"""

import sys
from collections.abc import Callable
from typing import Annotated, Any, Literal, NamedTuple, NotRequired

from seekpoint.index.text.clean import clean, without_passwords
from seekpoint.index.types import Kind, Origin, State, iso_time
from seekpoint.query.answers import Answer, Confidence, Verdict

if sys.version_info >= (3, 12):
    from typing import TypedDict
else:  # pydantic needs this one
    from typing_extensions import TypedDict


class Described(NamedTuple):
    """A description of a type, which pydantic puts into the JSON schema."""

    text: str

    def __get_pydantic_json_schema__(
        self, schema: object, handler: Callable[[object], dict[str, object]]
    ) -> dict[str, object]:
        return {**handler(schema), "description": self.text}


Id = Annotated[str, Described("A video's or playlist's YouTube id, else a hash of the address.")]
Language = Annotated[str, Described("A BCP 47 tag, such as en or zh-TW.")]
Languages = Annotated[list[str], Described("The languages of its transcripts.")]
TranscriptOrigin = Annotated[
    Origin, Described("manual, generated (by a machine, with mistakes) or local (the user's own).")
]
ChapterTitle = Annotated[str, Described("The title of the chapter, or the heading, that it lies in.")]
Speaker = Annotated[str, Described("The name of who speaks, where the source says it.")]
Answered = Annotated[bool, Described("False where the library holds no answer; the moments are the nearest ones then.")]
ConfidenceLevel = Annotated[
    Confidence,
    Described("Whether the first moment answers: high (for 7 of 10 it does), low (it may), none (nothing here does)."),
]
UnknownWords = Annotated[list[str], Described("The question's words that nothing in the library mentions.")]
MissingPhrases = Annotated[
    list[str],
    Described("The phrases in quotation marks, if no passage has them all; the moments are those without the marks."),
]
ExcludedWords = Annotated[list[str], Described("The words and phrases after a minus, which no moment's passage has.")]
Nearer = Annotated[bool, Described("True where passages without the phrases in quotation marks are nearer.")]
Undated = Annotated[int, Described("How many resources a filter by date leaves out because they state none.")]
Published = Annotated[str, Described("The date of the resource: YYYY, YYYY-MM or YYYY-MM-DD.")]
Added = Annotated[str, Described("When the resource came into the library (ISO 8601, UTC).")]
Reason = Annotated[str, Described("Why it isn't indexed, or wasn't brought up to date.")]
ReasonCode = Annotated[str, Described("The code of the reason, which stays where its text changes.")]
RetryAfter = Annotated[str, Described("From when on a build tries again (ISO 8601, UTC).")]


class ResourceJson(TypedDict):
    """One thing on a reading list."""

    id: Id
    kind: Kind
    title: str
    url: str
    sections: Annotated[list[list[str]], Described("The paths of headings that it is listed under.")]
    authors: NotRequired[Annotated[list[str], Described("Who wrote it, or speaks in it.")]]
    container: NotRequired[Annotated[str, Described("The journal, proceedings, site or podcast that it appeared in.")]]
    doi: NotRequired[str]
    isbn: NotRequired[str]
    key: NotRequired[Annotated[str, Described("Its citation key in a bibliography, or in a note.")]]


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
    """Why a moment was found: its score is `share` × `meaning` + (1 − `share`) × `words`, and what is added."""

    meaning: Annotated[float, Described("The nearness in meaning.")]
    words: Annotated[float, Described("How far the question's words are covered.")]
    share: Annotated[float, Described("The share of the meaning in the score.")]
    named: Annotated[float, Described("What is added because the question names the resource.")]
    verbatim: Annotated[float, Described("What is added because the question, or most of a long one, is said there.")]
    noted: Annotated[float, Described("What is added because it answers a question like it, as a model noted.")]
    answers: Annotated[str | None, Described("That question.")]
    stands_in: Annotated[bool, Described("Whether the passage is in another language than the question.")]
    matched: Annotated[list[str], Described("The question's words that occur.")]
    translated: Annotated[list[TranslationJson], Described("Those that occur in translation.")]
    windows: Annotated[list[WindowJson], Described("The stretches nearest in meaning.")]
    reranked: NotRequired[Annotated[float, Described("The reranker's score, instead of that sum.")]]
    reworded: NotRequired[Annotated[float, Described("What is added because another wording finds it, too.")]]


class RespellingJson(TypedDict):
    """A word of the question that nothing mentions, and the word that is searched for instead."""

    word: str
    meant: str


class EstimateJson(TypedDict):
    """How likely the library answers the question, and the first moment does, and what that is estimated from."""

    probability: Annotated[
        float,
        Described("That the library answers, from 0 to 1, where answered and other questions are equally frequent."),
    ]
    right: Annotated[float, Described("That the first moment answers, from 0 to 1.")]
    meaning: Annotated[
        float,
        Described("The first moment's cosine, on the bundled model's scale; without a weight where that is unknown."),
    ]
    unsaid: Annotated[float, Described("The mean rarity of the question's words; 0 for those said near the moment.")]
    unknown: Annotated[float, Described("0.5 for a word that nothing here mentions, 1 for more.")]
    size: Annotated[float, Described("The logarithm of the number of passages in ten thousands, within bounds.")]
    ahead: Annotated[float, Described("The first moment's score less the mean score of the next five.")]
    together: Annotated[float, Described("The share of the next five that are of the first moment's resource.")]
    noted: Annotated[float, Described("How far a question that a language model noted there is like it.")]


class MomentJson(TypedDict):
    """A place in a resource where an answer begins; `start`, `end` and `timestamp` are null for what is read."""

    rank: int
    score: float
    resource: ResourceJson
    language: Language
    start: Annotated[float | None, Described("Seconds.")]
    end: Annotated[float | None, Described("Seconds.")]
    timestamp: Annotated[str | None, Described("The start as m:ss or h:mm:ss.")]
    page: NotRequired[Annotated[int, Described("The page of a PDF, or the slide, the first being 1.")]]
    chapter: NotRequired[ChapterTitle]
    speaker: NotRequired[Speaker]
    published: NotRequired[Published]
    added: NotRequired[Added]
    quote: Annotated[str, Described("What is said or written from there on.")]
    link: Annotated[str, Described("Opens the source at that place.")]
    app_link: NotRequired[Annotated[str, Described("Opens the file in Zotero or Obsidian, which keep it.")]]
    more: NotRequired[Annotated[int, Described("How many further moments of the resource are near, but not shown.")]]
    explanation: NotRequired[ExplanationJson]


class CitationJson(TypedDict):
    """A place that a sentence of the reader's cites; `seconds` is null for what is read."""

    moment: Annotated[int, Described("The rank of the moment that it belongs to.")]
    seconds: float | None
    page: NotRequired[Annotated[int, Described("The page of a PDF, or the slide, the first being 1.")]]
    link: Annotated[str, Described("Opens the source at that place.")]
    sentence: NotRequired[str]


class CitedSentenceJson(TypedDict):
    """A sentence of a reader's, and the places that it cites."""

    text: str
    citations: list[CitationJson]


class AnswerJson(TypedDict):
    """The moments found for a question, best first."""

    question: str
    answered: Answered
    confidence: ConfidenceLevel
    unknown: NotRequired[UnknownWords]
    respelled: NotRequired[Annotated[list[RespellingJson], Described("Misspelt words of the question.")]]
    missing: NotRequired[MissingPhrases]
    excluded: NotRequired[ExcludedWords]
    nearer: NotRequired[Nearer]
    undated: NotRequired[Undated]
    also: NotRequired[Annotated[list[str], Described("The other wordings that were asked.")]]
    estimate: NotRequired[EstimateJson]
    moments: list[MomentJson]
    note: NotRequired[Annotated[str, Described("Why there are no moments: a filter that nothing passes, for one.")]]
    reader: NotRequired[
        Annotated[
            Verdict,
            Described("With `--llm`, what the language model did: answered, none (nothing answers), failed (ranked)."),
        ]
    ]
    text: NotRequired[Annotated[str, Described("The language model's answer.")]]
    citations: NotRequired[Annotated[list[CitationJson], Described("The places that its sentences cite, in order.")]]
    problem: NotRequired[Annotated[str, Described("Why it wrote nothing, or not all, and what to do.")]]
    error: NotRequired[Annotated[str, Described("What is wrong with a line of `ask --json -` that is no question.")]]


class NewsJson(TypedDict):
    """A kept question, and the new moments that answer it, best first."""

    question: str
    also: NotRequired[Annotated[list[str], Described("Its other wordings, which are asked too.")]]
    moments: list[MomentJson]


class DigestJson(TypedDict):
    """What came into the library since a time, and the news on each kept question."""

    since: Annotated[str, Described("ISO 8601, UTC.")]
    resources: Annotated[list[ResourceJson], Described("Those that came.")]
    questions: list[NewsJson]


class ChapterJson(TypedDict):
    """A titled part of a recording, from its start in seconds up to the next one."""

    start: float
    title: str
    generated: Annotated[bool, Described("Whether it was made of what is said, since the source gives no chapters.")]


class ResourceStatusJson(ResourceJson):
    """A resource, its state, and what is stored of it."""

    listed: Annotated[list[str], Described("The addresses that the lists name, where they led elsewhere: here.")]
    state: State
    reason: Reason | None
    reason_code: ReasonCode | None
    retry_after: RetryAfter | None
    languages: Languages
    transcript: TranscriptOrigin | None
    chunks: Annotated[int, Described("The number of passages.")]
    chapters: Annotated[list[ChapterJson], Described("Those of a recording.")]
    published: NotRequired[Published]
    added: NotRequired[Added]


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


class ReadJson(TypedDict):
    """How many stretches, of five minutes each, a language model has read, and of how many."""

    stretches: int
    of: int


class StatusJson(TypedDict):
    """The contents of a library, and what it lacks."""

    library: Annotated[str, Described("Its folder.")]
    model: ModelJson
    totals: TotalsJson
    read: ReadJson
    resources: list[ResourceStatusJson]


class ResourcesJson(TypedDict):
    """A page of the library's resources, in the order of the reading lists, and their total number."""

    total: int
    resources: list[ResourceStatusJson]


class KeptMomentJson(TypedDict):
    """A kept moment, as it was when it was kept; `start` and `timestamp` are null for what is read."""

    resource: ResourceJson
    place: Annotated[str, Described("Identifies it within its resource.")]
    language: Language
    start: Annotated[float | None, Described("Seconds.")]
    timestamp: Annotated[str | None, Described("The start as m:ss or h:mm:ss.")]
    page: Annotated[int | None, Described("The page of a PDF, or the slide, the first being 1.")]
    quote: str
    link: Annotated[str, Described("Opens the source at that place.")]
    question: Annotated[str, Described("What was asked; empty if nothing was.")]
    note: Annotated[str, Described("The reader's own words, in lines.")]
    collection: Annotated[str, Described("The name of its collection; empty if it is in none.")]
    added: Annotated[str, Described("When it was kept (ISO 8601, UTC).")]
    removed: Annotated[bool, Described("Whether the library no longer has the resource.")]


class KeptJson(TypedDict):
    """The kept moments, in the order in which they were kept."""

    moments: list[KeptMomentJson]


class CueJson(TypedDict):
    """A line of a transcript: `start` and `end` in seconds of what plays, `anchor` and `page` of what is read."""

    start: NotRequired[float]
    end: NotRequired[float]
    anchor: NotRequired[Annotated[str | None, Described("The id of the heading above.")]]
    page: NotRequired[int | None]
    text: str
    speaker: NotRequired[Speaker]


class NotedQuestionJson(TypedDict):
    """A question that a language model noted, and where its answer begins: see a line of a transcript."""

    start: NotRequired[float]
    anchor: NotRequired[Annotated[str | None, Described("The id of the heading above.")]]
    page: NotRequired[int | None]
    language: Annotated[str, Described("That of the question, such as en.")]
    text: str


class TranscriptJson(TypedDict):
    """The text of a resource, spoken or written, or a part of it."""

    resource: ResourceJson
    language: Language
    languages: Languages
    origin: TranscriptOrigin
    chapters: list[ChapterJson]
    cues: list[CueJson]
    questions: Annotated[
        list[NotedQuestionJson], Described("Those that a language model noted there, which may be wrong.")
    ]
    summary: NotRequired[Annotated[str, Described("A language model's, of the whole; it may be wrong.")]]


class SuggestionJson(TypedDict):
    """A title, a heading of the reading list, the title of a chapter, or a question that a language model noted."""

    kind: Literal["resource", "heading", "chapter", "question"]
    text: str
    resource: NotRequired[Annotated[str, Described("The id of the resource that it leads to.")]]
    start: NotRequired[Annotated[float, Described("Seconds: where the chapter, or what answers, begins.")]]
    href: Annotated[str, Described("The page that it leads to; that of a question asks it.")]


class SuggestionsJson(TypedDict):
    """Suggestions that match the typed text, best first."""

    suggestions: list[SuggestionJson]


class HealthJson(TypedDict):
    """The state of a server that answers."""

    status: Literal["ok"]


class ProblemJson(TypedDict):
    """A problem (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: Annotated[str, Described("What is wrong and what to do, in a sentence.")]


def to_json(answer: Answer, nothing: str | None = None) -> AnswerJson:
    """The answer in the form of `ask --json`, with what a reader made of it.

    `nothing` says why there are no moments, where there are none and the question excludes nothing.
    """
    document: AnswerJson = as_json(answer)
    document["question"] = answer.question
    if nothing and not (answer.moments or answer.excluded):
        document["note"] = as_json(nothing)
    if reading := answer.reading:
        document["reader"] = reading.verdict
        document["text"] = as_json(" ".join(sentence.text for sentence in reading.sentences))
        cited = ((sentence.text, citation) for sentence in reading.sentences for citation in sentence.citations)
        document["citations"] = [as_json(citation) | {"sentence": as_json(text)} for text, citation in cited]
        if reading.problem:
            document["problem"] = as_json(reading.problem)
    return document


def error_json(question: str, error: str) -> AnswerJson:
    """The answer of `ask --json -` to a line that is no question, with the error."""
    return {"question": question, "answered": False, "confidence": Confidence.NONE, "moments": [], "error": error}


# The classes for objects of other names, and the keys whose Unix seconds come in ISO 8601.
_FORMS: dict[str, Any] = {"LibraryStatus": StatusJson, "ModelCard": ModelJson, "ReadAmount": ReadJson}
_TIMES = ("retry_after", "added")
_ADDRESSES = ("url", "link", "listed")


def as_json(value: Any, **given: object) -> Any:  # noqa: ANN401
    """The JSON of an object: where a class here has its name and `Json`, a key for each key of that class.

    Its value is what is `given` for it, else the attribute; empty attributes are left out unless the key is required.

    Texts come without characters that turn, hide or control others, which an imported library may hold.
    """
    name = type(value).__name__
    if form := _FORMS.get(name) or globals().get(f"{name}Json"):
        document = dict[str, object]()
        for key in form.__annotations__:
            if key in given or key in form.__required_keys__ or getattr(value, key, None):
                own: Any = given[key] if key in given else getattr(value, key)
                if key in _ADDRESSES and own:
                    own = without_passwords(own) if isinstance(own, str) else [*map(without_passwords, own)]
                document[key] = iso_time(own) if key in _TIMES and isinstance(own, int | float) else as_json(own)
        return document
    if isinstance(value, tuple | list):
        return [as_json(each) for each in value]
    return clean(value) if isinstance(value, str) and not value.isprintable() else value
