"""The query parameters of the HTTP API and of the pages, as pydantic models."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from seekpoint.index.kept import KeptMoment
from seekpoint.index.types import Filters
from seekpoint.query.search.settings import LONGEST_QUESTION, MOST_MOMENTS, PER_RESOURCE
from seekpoint.query.serving.parameters import (
    KindFilter,
    LanguageFilter,
    LanguageTag,
    Offset,
    OrNone,
    ResourceId,
    SectionFilter,
)

_ON_A_PAGE = 8
LONGEST_COLLECTION = 200
_STRIPPED = ConfigDict(str_strip_whitespace=True)

_QUESTION = 'The question. A "phrase" has to be said word for word; -word leaves out passages with the word.'
_Second = Annotated[Annotated[float, Field(ge=0, allow_inf_nan=False)] | None, OrNone]
_MomentCount = Annotated[int, Field(ge=1, le=MOST_MOMENTS, description="How many moments at most.")]


class AskParameters(BaseModel):
    """A question, the number of moments and the filters."""

    model_config = _STRIPPED

    q: str = Field(min_length=1, max_length=LONGEST_QUESTION, description=_QUESTION)
    k: _MomentCount = 5
    kind: KindFilter = None
    section: SectionFilter = None
    language: LanguageFilter = None
    resource: Annotated[ResourceId, Field(description="Only the resource with this id.")] = None
    explain: bool = Field(default=False, description="Say why each moment was found.")
    per_resource: Annotated[
        int, Field(ge=1, le=MOST_MOMENTS, description="How many of one resource among the first five, at most.")
    ] = PER_RESOURCE

    @property
    def filters(self) -> Filters:
        return Filters(self.kind, self.section, self.language, self.resource)


class PageParameters(AskParameters):
    """The parameters of the pages, which are shown without a question too.

    `like` and `at` are the resource and the second of the moment of "more like this", `t` is the second at which a
    resource is shown.
    """

    q: str = Field(default="", max_length=LONGEST_QUESTION)
    k: _MomentCount = _ON_A_PAGE
    like: ResourceId = None
    at: _Second = None
    t: _Second = None

    @property
    def is_filtered(self) -> bool:
        """Whether any filter is set."""
        return self.filters != Filters()


class SortParameters(BaseModel):
    """The order of the page of the list; `list` is that of the lists, under their headings."""

    sort: Literal["list", "title", "length", "state", "added"] = "list"


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


class KeptParameters(BaseModel):
    """Which of the kept moments are given."""

    model_config = _STRIPPED

    collection: Annotated[
        str | None,
        Field(max_length=LONGEST_COLLECTION, description="Only those of the collection with this name."),
    ] = None

    def among(self, moments: Iterable[KeptMoment]) -> list[KeptMoment]:
        """The moments that are given."""
        return [moment for moment in moments if self.collection in (None, moment.collection)]


class KeptFile(KeptParameters):
    """A file of kept moments."""

    format: Literal["markdown", "anki", "m3u"]
