"""Results of the MCP tools: pydantic models, whose docstrings and descriptions an assistant sees in the tool's schema.

Each result is kept below a number of tokens: quotes are shortened and lists end early. The models have the fields of
`json_schema.py` that an assistant needs: all of them would take 30 % more tokens (for five moments 1,217 and 933).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from mcp.types import CallToolResult, ResourceLink, TextContent
from pydantic import BaseModel, Field

from seekpoint.index.text.clean import clean
from seekpoint.index.types import Kind, Resource, State
from seekpoint.query.links import timestamp
from seekpoint.query.output.json import (
    Answered,
    ChapterTitle,
    ConfidenceLevel,
    ExcludedWords,
    Id,
    Language,
    Languages,
    MissingPhrases,
    Nearer,
    Reason,
    RetryAfter,
    TranscriptOrigin,
    UnknownWords,
)
from seekpoint.query.token_budget import shortened, tokens

MOST_TOKENS = 1900
"""The most tokens that one result of a tool may take."""

_Model = TypeVar("_Model", bound=BaseModel)

# Tokens of one title, heading path and address.
_TITLE, _HEADINGS, _ADDRESS = 50, 40, 500


class FoundMoment(BaseModel):
    """A place where an answer begins."""

    title: str
    kind: Kind
    resource: str = Field(description="The resource's id, for the tool `transcript`.")
    section: str | None = Field(default=None, description="The headings of the reading list that it stands under.")
    chapter: ChapterTitle | None = None
    place: str | None = Field(default=None, description="When it is said (12:34), or the page (p. 7).")
    at: float | None = Field(
        default=None,
        description="Give this to `transcript` as `at`: seconds from the start, or how far into what is read.",
    )
    language: Language
    quote: str = Field(description="What is said there, from where the answer begins; … where it was cut.")
    link: str | None = Field(default=None, description="Opens the source at that place: cite this.")


class FoundAnswer(BaseModel):
    """What a question brought."""

    answered: Answered
    confidence: ConfidenceLevel
    unknown: UnknownWords | None = None
    respelled: dict[str, str] | None = Field(default=None, description="Misspelt words, and what was searched for.")
    missing: MissingPhrases | None = None
    excluded: ExcludedWords | None = None
    nearer: Nearer | None = None
    note: str | None = None
    moments: list[FoundMoment] = Field(description="Best first.")
    left_out: int | None = Field(default=None, description="Further moments that would have made this too long.")


class TranscriptPassage(BaseModel):
    """A stretch of a transcript."""

    place: str | None = Field(default=None, description="When it begins (12:34), or the page (p. 7).")
    chapter: ChapterTitle | None = None
    text: str
    link: str | None = None


class TranscriptWindow(BaseModel):
    """A part of what is said or written in a resource."""

    title: str
    kind: Kind
    resource: str
    language: Language
    origin: TranscriptOrigin
    languages: Languages
    length: str | None = Field(default=None, description="How long the recording is, or how many pages there are.")
    passages: list[TranscriptPassage]
    continues_at: float | None = Field(default=None, description="Give this as `at` to read on; absent at the end.")
    headings: list[str] | None = Field(default=None, description="Its parts, told where no place was asked for.")
    generated: bool | None = Field(default=None, description="True where these were made of what is said.")


class NotIndexed(BaseModel):
    """Resources that can't be searched, for one reason."""

    state: State
    reason: str
    count: int
    titles: list[str] = Field(description="Some of them.")
    retry_after: RetryAfter | None = None


class StatusResult(BaseModel):
    """What a library holds, and what it doesn't."""

    resources: int
    states: dict[str, int]
    kinds: dict[str, int] = Field(description="Of what is indexed.")
    languages: dict[str, int] = Field(description="Of what is indexed, by how many resources have it.")
    hours: float = Field(description="Of talk that is indexed.")
    not_indexed: list[NotIndexed]
    left_out: int | None = Field(default=None, description="Further reasons that would have made this too long.")


class ListedResource(BaseModel):
    """A resource of the library."""

    id: Id
    title: str
    kind: Kind
    url: str | None = None
    section: str | None = None
    state: State
    reason: Reason | None = None
    languages: Languages = []
    minutes: float | None = Field(default=None, description="How long it plays; absent for what is read.")


class ListedResources(BaseModel):
    """A page of the library's resources."""

    total: int = Field(description="How many pass the filters.")
    resources: list[ListedResource]
    next_offset: int | None = Field(default=None, description="Give this as `offset` to go on; absent at the end.")


class AddedResources(BaseModel):
    """What was added under an address: one resource, or those of a playlist or channel."""

    states: dict[str, int] = Field(description="How many of them are in each state: only indexed ones can be asked.")
    resources: list[ListedResource]
    left_out: int | None = Field(default=None, description="Further ones that would have made this too long.")


def compact(model: BaseModel) -> str:
    """The model as JSON, without fields that are `None`."""
    return model.model_dump_json(exclude_none=True)


def structured(model: BaseModel, *links: ResourceLink) -> CallToolResult:
    """The result of a tool: a model as text and in structured form, and links beside it."""
    return CallToolResult(
        content=[TextContent(type="text", text=compact(model)), *links],
        structured_content=model.model_dump(mode="json", exclude_none=True),
    )


def size(model: BaseModel) -> float:
    """The tokens that a model takes as JSON."""
    return tokens(compact(model))


def fitting(models: Iterable[_Model], most: float, size: Callable[[_Model], float] = size) -> list[_Model]:
    """The first models that fit into `most` tokens together."""
    kept: list[_Model] = []
    for model in models:
        most -= size(model)
        if most < 0:
            break
        kept.append(model)
    return kept


def quotable(text: str, most: float) -> str:
    """Text from a source, without control characters and shortened to `most` tokens."""
    return shortened(clean(text), most)


def address(text: str) -> str | None:
    """An address from a source; `None` if it is too long."""
    cleaned = clean(text)
    return cleaned if tokens(cleaned) <= _ADDRESS else None


def place(seconds: float | None, page: int | None) -> str | None:
    """A position as text: `12:34` or `p. 7`."""
    return timestamp(seconds) if page is None else f"p. {page}"


def section(resource: Resource) -> str | None:
    """The first heading path that a resource is listed under."""
    paths = [path for path in resource.sections if path]
    return quotable(" › ".join(paths[0]), _HEADINGS) if paths else None


def title(resource: Resource) -> str:
    """The resource's title, shortened."""
    return quotable(resource.title, _TITLE)
