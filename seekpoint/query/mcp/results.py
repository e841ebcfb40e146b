"""What the MCP tools return: models with a schema, made from what a library says, each below a number of tokens."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from pydantic import BaseModel, Field

from seekpoint.index.text.clean import clean
from seekpoint.index.text.language_tags import primary
from seekpoint.index.types import Kind, Resource, ResourceStatus, State
from seekpoint.query.answers import Answer, Moment
from seekpoint.query.links.timestamps import timestamp
from seekpoint.query.mcp.token_budget import MOST_TOKENS, shortened, tokens

NOT_ANSWERED = (
    "Nothing in this library answers that. These are only the nearest passages: don't present them as an answer."
)
NOTHING_FOUND = "Nothing that is indexed passes these filters, or nothing is indexed yet: `status` tells which."

_Model = TypeVar("_Model", bound=BaseModel)

_TITLE, _HEADINGS, _REASON, _ADDRESS = 50, 40, 70, 500
_LEAST_QUOTE = 40
_MOST_TITLES = 3


class FoundMoment(BaseModel):
    """A place where an answer begins."""

    title: str
    kind: Kind
    resource: str = Field(description="The resource's id, for the tool `transcript`.")
    section: str | None = Field(default=None, description="The headings of the reading list that it stands under.")
    chapter: str | None = None
    place: str | None = Field(default=None, description="When it is said (12:34), or the page (p. 7).")
    at: float | None = Field(
        default=None,
        description="Give this to `transcript` as `at`: seconds from the start, or how far into what is read.",
    )
    language: str
    quote: str = Field(description="What is said there, from where the answer begins; … where it was cut.")
    link: str | None = Field(default=None, description="Opens the source at that place: cite this.")


class FoundAnswer(BaseModel):
    """What a question brought."""

    answered: bool = Field(description="False where the library holds no answer.")
    note: str | None = None
    moments: list[FoundMoment] = Field(description="Best first.")
    left_out: int | None = Field(default=None, description="Further moments that would have made this too long.")


class Passage(BaseModel):
    """A stretch of a transcript."""

    place: str | None = Field(default=None, description="When it begins (12:34), or the page (p. 7).")
    chapter: str | None = None
    text: str
    link: str | None = None


class TranscriptWindow(BaseModel):
    """A part of what is said or written in a resource."""

    title: str
    kind: Kind
    resource: str
    language: str
    origin: str = Field(description="manual, generated (by a machine, with mistakes) or local (the user's own).")
    languages: list[str] = Field(description="In which languages there are transcripts.")
    length: str | None = Field(default=None, description="How long the recording is, or how many pages there are.")
    passages: list[Passage]
    continues_at: float | None = Field(default=None, description="Give this as `at` to read on; absent at the end.")
    headings: list[str] | None = Field(default=None, description="Its parts, told where no place was asked for.")


class NotIndexed(BaseModel):
    """Resources that can't be searched, for one reason."""

    state: State
    reason: str
    count: int
    titles: list[str] = Field(description="Some of them.")
    retry_after: str | None = Field(default=None, description="From when on a build tries again (UTC).")


class LibraryStatus(BaseModel):
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

    id: str
    title: str
    kind: Kind
    url: str | None = None
    section: str | None = None
    state: State
    reason: str | None = Field(default=None, description="Why it isn't indexed or up to date.")
    languages: list[str] = []
    minutes: float | None = Field(default=None, description="How long it plays; absent for what is read.")


class ListedResources(BaseModel):
    """A page of the library's resources."""

    total: int = Field(description="How many pass the filters.")
    resources: list[ListedResource]
    next_offset: int | None = Field(default=None, description="Give this as `offset` to go on; absent at the end.")


def compact(model: BaseModel) -> str:
    """The model as JSON without what is absent."""
    return model.model_dump_json(exclude_none=True)


def fitting(models: Iterable[_Model], most: float) -> list[_Model]:
    """As many of the models, from the first on, as so many tokens hold."""
    kept: list[_Model] = []
    for model in models:
        most -= tokens(compact(model))
        if most < 0:
            break
        kept.append(model)
    return kept


def found_answer(answer: Answer, positions: Mapping[int, float]) -> FoundAnswer:
    """The answer with its quotes cut so that it fits; `positions` are those of moments that are read, by rank."""
    moments = [_found_moment(moment, positions.get(moment.rank, moment.start)) for moment in answer.moments]
    note = None if answer.answered else NOT_ANSWERED if moments else NOTHING_FOUND
    found = FoundAnswer(answered=answer.answered, note=note, moments=[])
    left = MOST_TOKENS - tokens(compact(found))
    found.moments = fitting(moments, left - _LEAST_QUOTE * len(moments)) or fitting(moments, left - _LEAST_QUOTE)
    found.left_out = len(moments) - len(found.moments) or None
    left -= sum(tokens(compact(moment)) for moment in found.moments)
    for k, (made, moment) in enumerate(zip(found.moments, answer.moments, strict=False)):
        made.quote = quotable(moment.quote, left / (len(found.moments) - k))
        left -= tokens(json.dumps(made.quote, ensure_ascii=False))
    return found


def quotable(text: str, most: float) -> str:
    """Text from outside, made safe and short."""
    return shortened(clean(text), most)


def address(text: str) -> str | None:
    """An address from outside, unless it is endless."""
    safe = clean(text)
    return safe if tokens(safe) <= _ADDRESS else None


def place(seconds: float | None, page: int | None) -> str | None:
    """A position as people read it."""
    return timestamp(seconds) if page is None else f"p. {page}"


def section(resource: Resource) -> str | None:
    """The first headings that a resource stands under."""
    paths = [path for path in resource.sections if path]
    return quotable(" › ".join(paths[0]), _HEADINGS) if paths else None


def title(resource: Resource) -> str:
    """The resource's title, not too long."""
    return quotable(resource.title, _TITLE)


def _found_moment(moment: Moment, at: float | None) -> FoundMoment:
    return FoundMoment(
        title=title(moment.resource),
        kind=moment.resource.kind,
        resource=moment.resource.id,
        section=section(moment.resource),
        chapter=quotable(moment.chapter, _HEADINGS) if moment.chapter else None,
        place=place(moment.start, moment.page),
        at=at,
        language=moment.language,
        quote="",
        link=address(moment.link) or address(moment.resource.url),
    )


def library_status(statuses: Sequence[ResourceStatus]) -> LibraryStatus:
    """The state of a library's resources, those that aren't indexed by reason."""
    indexed = [status for status in statuses if status.state is State.INDEXED]
    found = LibraryStatus(
        resources=len(statuses),
        states=_counts(status.state for status in statuses),
        kinds=_counts(status.resource.kind for status in indexed),
        languages=_counts(language for one in indexed for language in {primary(tag) for tag in one.languages}),
        hours=round(sum(status.seconds for status in indexed) / 3600, 1),
        not_indexed=[],
    )
    reasons = _not_indexed(statuses)
    found.not_indexed = fitting(reasons, MOST_TOKENS - tokens(compact(found)))
    found.left_out = len(reasons) - len(found.not_indexed) or None
    return found


def _counts(values: Iterable[str]) -> dict[str, int]:
    return {str(value): count for value, count in Counter(values).most_common()}


def _not_indexed(statuses: Sequence[ResourceStatus]) -> list[NotIndexed]:
    groups: dict[tuple[State, str], list[ResourceStatus]] = {}
    for status in statuses:
        if status.state is not State.INDEXED:
            reason = status.reason or "an interrupted build had not come to it: `seekpoint build` goes on from there"
            groups.setdefault((status.state, reason), []).append(status)
    return [_reason(state, reason, group) for (state, reason), group in groups.items()]


def _reason(state: State, reason: str, group: Sequence[ResourceStatus]) -> NotIndexed:
    due = [status.retry_after for status in group if status.retry_after is not None]
    return NotIndexed(
        state=state,
        reason=quotable(reason, _REASON),
        count=len(group),
        titles=[title(status.resource) for status in group[:_MOST_TITLES]],
        retry_after=datetime.fromtimestamp(min(due), UTC).isoformat(timespec="minutes") if due else None,
    )


def listed_resources(statuses: Sequence[ResourceStatus], offset: int, limit: int) -> ListedResources:
    """A page of resources, from `offset` on."""
    shown = fitting(map(_listed, statuses[offset : offset + limit]), MOST_TOKENS - 40)
    reached = offset + len(shown)
    return ListedResources(
        total=len(statuses), resources=shown, next_offset=reached if reached < len(statuses) else None
    )


def _listed(status: ResourceStatus) -> ListedResource:
    resource = status.resource
    return ListedResource(
        id=resource.id,
        title=title(resource),
        kind=resource.kind,
        url=address(resource.url),
        section=section(resource),
        state=status.state,
        reason=quotable(status.reason, _REASON) if status.reason else None,
        languages=list(status.languages),
        minutes=round(status.seconds / 60, 1) if resource.kind.plays and status.seconds else None,
    )
