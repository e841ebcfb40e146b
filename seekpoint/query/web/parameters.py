"""The parameters of addresses as pydantic models."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from math import isfinite
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr

from seekpoint.index.errors import UsageError
from seekpoint.index.text.terms import terms
from seekpoint.index.types import HOLDING_MOMENTS, Filters, KeptMoment, Kind
from seekpoint.query.filters import FILTERS, filters_of
from seekpoint.query.output.kept_files import KEPT_FORMATS
from seekpoint.query.search.literal import read_syntax, without_marks
from seekpoint.query.search.settings import LONGEST_QUESTION, MOST_MOMENTS, OPTION_HELP, PER_RESOURCE, AskOptions
from seekpoint.query.search.wordings import MOST_WORDINGS
from seekpoint.query.serving.parameter_types import (
    AddedFilter,
    AfterFilter,
    BeforeFilter,
    KindFilter,
    LanguageFilter,
    LanguageTag,
    Offset,
    OrNone,
    ResourceId,
    SectionFilter,
    SpeakerFilter,
)
from seekpoint.query.serving.suggestions import MOST_SUGGESTIONS

HELD = "held"
"""The parameter of a page that doesn't ask its question, since another site's link led to it."""

READING = "/api/reading"
"""The path of readings, which takes what an answer takes."""

_ON_A_PAGE = 8
LONGEST_SOUGHT = 200
"""The most characters that are looked for in a transcript, or that are suggested for."""
LONGEST_COLLECTION = 200
_STRIPPED = ConfigDict(str_strip_whitespace=True)

_QUESTION = 'The question. A "phrase" has to be said word for word; -word leaves out passages with the word.'
_Second = Annotated[Annotated[float, Field(ge=0, allow_inf_nan=False)] | None, OrNone]


def _second_of(text: str) -> float | None:
    try:
        seconds = float(text)
    except ValueError:
        return None
    return seconds if isfinite(seconds) and seconds >= 0 else None


# People copy and edit the addresses of pages, so a second that can't be read counts as none.
_SecondIfAny = Annotated[float | None, BeforeValidator(_second_of)]
_MomentCount = Annotated[int, Field(ge=1, le=MOST_MOMENTS, description=OPTION_HELP["k"])]


def _described_kind(schema: dict[str, Any]) -> None:
    """Allow an empty kind, which a form sends for any kind, and none that `filters_of` refuses."""
    schema["anyOf"].append({"type": "string", "const": ""})
    schema["not"] = {"enum": [kind for kind in Kind if kind not in HOLDING_MOMENTS]}


class AskParameters(BaseModel):
    """A question, the number of moments and the filters."""

    model_config = _STRIPPED

    q: str = Field(min_length=1, max_length=LONGEST_QUESTION, description=_QUESTION)
    k: _MomentCount = 5
    kind: Annotated[KindFilter, Field(json_schema_extra=_described_kind)] = None
    section: SectionFilter = None
    language: LanguageFilter = None
    resource: Annotated[ResourceId, Field(description="Only the resource with this id.")] = None
    speaker: SpeakerFilter = None
    after: AfterFilter = None
    before: BeforeFilter = None
    added: AddedFilter = None
    explain: bool = Field(default=False, description=OPTION_HELP["explained"])
    per_resource: Annotated[int, Field(ge=1, le=MOST_MOMENTS, description=OPTION_HELP["per_resource"])] = PER_RESOURCE

    @property
    def filters(self) -> Filters:
        return filters_of(**{name: getattr(self, name) for name in FILTERS})

    @property
    def options(self) -> AskOptions:
        return AskOptions(self.k, self.filters, self.per_resource, self.explain)


class ApiAskParameters(AskParameters):
    """Those of the API, with other wordings of the question."""

    also: list[Annotated[str, Field(max_length=LONGEST_QUESTION)]] = Field(
        default=[], max_length=MOST_WORDINGS, description=OPTION_HELP["also"]
    )

    @property
    def options(self) -> AskOptions:
        return replace(super().options, also=tuple(self.also))


class PageParameters(AskParameters):
    """The parameters of the pages, which are shown without a question too.

    `like`, `at` and `said` are the resource, the second and the words of the moment of "more like this". `play` is the
    resource that plays beside an answer, `t` its second. On a resource's page, `beside` is the language of a second
    transcript, `find` is looked for in the transcript, and `place` is the number of the place that is shown.
    """

    q: str = Field(default="", max_length=LONGEST_QUESTION)
    k: _MomentCount = _ON_A_PAGE
    like: ResourceId = None
    at: _SecondIfAny = None
    said: str = Field(default="", max_length=LONGEST_QUESTION)
    play: ResourceId = None
    t: _SecondIfAny = None
    beside: LanguageTag = None
    find: str = Field(default="", max_length=LONGEST_SOUGHT)
    place: int = Field(default=1, ge=1)
    _is_asked: bool = PrivateAttr(default=True)

    def unasked(self) -> Self:
        """These parameters where nothing is asked or looked for: the boxes of the page hold them."""
        self._is_asked = False
        return self

    @property
    def filters(self) -> Filters:
        """The filters, without dates where `fault` says what is wrong with these."""
        try:
            return super().filters
        except UsageError:
            return filters_of(self.kind, self.section, self.language, self.resource, self.speaker)

    @property
    def sought(self) -> str:
        """The phrase to find in a transcript; empty if the page was reached from another site."""
        return self.find if self._is_asked else ""

    @property
    def hint(self) -> str:
        """The key of the text that says why the question isn't asked; empty if it is, or if there is none."""
        return self.fault or ("from_elsewhere" if self.q and not self._is_asked else "")

    @property
    def fault(self) -> str:
        """The key of the text that says why the question can't be asked; empty if it can, or if there is none."""
        try:
            super().filters  # noqa: B018 - raises
        except UsageError:
            return "no_day"
        return fault_of(self.q) if self.q else ""

    @property
    def question(self) -> str:
        """The question, empty if it isn't asked."""
        return "" if self.hint else self.q

    @property
    def similar_to(self) -> str | None:
        """The words of the moment that others shall be like, without marks, which would ask for them literally."""
        return without_marks(self.said) if self.like and self.said else None

    @property
    def is_filtered(self) -> bool:
        """Whether any filter is set."""
        return any(getattr(self, name) for name in FILTERS)

    @property
    def is_cut(self) -> bool:
        """Whether moments are left out from where scores fall: unless the number of moments is given."""
        return "k" not in self.model_fields_set


def fault_of(question: str) -> str:
    """The key of the text that says why a question can't be asked; empty if it can."""
    if not terms(question):
        return "wordless"
    try:
        read_syntax(question)
    except UsageError:
        return "only_left_out"
    return ""


class SuggestParameters(BaseModel):
    """The text typed so far, and the most suggestions to give."""

    q: str = Field(min_length=1, max_length=LONGEST_SOUGHT, description="What is typed so far.")
    limit: int = Field(default=MOST_SUGGESTIONS, ge=1, le=50, description="How many suggestions at most.")
    language: Annotated[LanguageTag, Field(description="That of the questions to list first.")] = None


class ListPageParameters(BaseModel):
    """Which part of the list its page shows, in which order: those that say `narrow`, or have problems."""

    model_config = _STRIPPED

    q: str = Field(default="", max_length=LONGEST_QUESTION)
    sort: Literal["list", "published", "added", "title", "length"] = "list"
    problems: Literal["", "1"] = ""
    narrow: str = Field(default="", max_length=LONGEST_SOUGHT)
    page: Annotated[Annotated[int, Field(ge=1)], BeforeValidator(lambda value: value or 1)] = 1


class ListParameters(BaseModel):
    """Which resources of a list are given."""

    limit: int | None = Field(default=None, ge=1, description="How many resources at most; all without it.")
    offset: Offset = 0


class TranscriptParameters(BaseModel):
    """The language and the part of a transcript."""

    model_config = _STRIPPED

    language: Annotated[LanguageTag, Field(description="The transcript's language; the first one's without it.")] = None
    start: Annotated[_Second, Field(description="From this second on.")] = None
    end: Annotated[_Second, Field(description="Up to this second.")] = None


class QuoteParameters(BaseModel):
    """The passage that is marked on a page: from one cue of the transcript in a language to another."""

    language: LanguageTag = None
    first: int = Field(default=0, ge=0)
    stop: int = Field(default=0, ge=0)


class KeptParameters(BaseModel):
    """Which of the kept moments are given."""

    model_config = _STRIPPED

    collection: Annotated[
        str | None, Field(max_length=LONGEST_COLLECTION, description="Only those of the collection with this name.")
    ] = None

    def among(self, moments: Iterable[KeptMoment]) -> list[KeptMoment]:
        """The moments that are given."""
        return [moment for moment in moments if self.collection in (None, moment.collection)]


class KeptFile(KeptParameters):
    """A file of kept moments."""

    format: Annotated[str, Field(pattern=f"^(?:{'|'.join(KEPT_FORMATS)})$")]
