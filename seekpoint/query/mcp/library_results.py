"""The results of the tools that tell what a library holds: counts, and pages of resources."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from seekpoint.index.text.language_tags import primary
from seekpoint.index.types import ResourceStatus, State
from seekpoint.query.mcp.results import (
    MOST_TOKENS,
    AddedResources,
    ListedResource,
    ListedResources,
    NotIndexed,
    StatusResult,
    address,
    fitting,
    quotable,
    section,
    size,
    title,
)

# Tokens of a reason.
_REASON = 70
_MOST_TITLES = 3


def status_result(statuses: Sequence[ResourceStatus]) -> StatusResult:
    """Counts of a library's resources; those that aren't indexed are grouped by reason."""
    indexed = [status for status in statuses if status.state is State.INDEXED]
    result = StatusResult(
        resources=len(statuses),
        states=_counts(status.state for status in statuses),
        kinds=_counts(status.resource.kind for status in indexed),
        languages=_counts(language for status in indexed for language in {primary(tag) for tag in status.languages}),
        hours=round(sum(status.seconds for status in indexed) / 3600, 1),
        not_indexed=[],
    )
    reasons = _not_indexed(statuses)
    result.not_indexed = fitting(reasons, MOST_TOKENS - size(result))
    result.left_out = len(reasons) - len(result.not_indexed) or None
    return result


def _counts(values: Iterable[str]) -> dict[str, int]:
    return {str(value): count for value, count in Counter(values).most_common()}


def _not_indexed(statuses: Sequence[ResourceStatus]) -> list[NotIndexed]:
    groups: dict[tuple[State, str], list[ResourceStatus]] = {}
    for status in statuses:
        if status.state is not State.INDEXED:
            reason = status.reason or "an interrupted build had not come to it: `seekpoint build` goes on from there"
            groups.setdefault((status.state, reason), []).append(status)
    return [_not_indexed_group(state, reason, group) for (state, reason), group in groups.items()]


def _not_indexed_group(state: State, reason: str, group: Sequence[ResourceStatus]) -> NotIndexed:
    times = [status.retry_after for status in group if status.retry_after is not None]
    return NotIndexed(
        state=state,
        reason=quotable(reason, _REASON),
        count=len(group),
        titles=[title(status.resource) for status in group[:_MOST_TITLES]],
        retry_after=datetime.fromtimestamp(min(times), UTC).isoformat(timespec="minutes") if times else None,
    )


def listed_resources(statuses: Sequence[ResourceStatus], offset: int, limit: int) -> ListedResources:
    """A page of resources, from `offset` on."""
    page = fitting(map(_listed, statuses[offset : offset + limit]), MOST_TOKENS - 40)
    next_offset = offset + len(page)
    return ListedResources(
        total=len(statuses), resources=page, next_offset=next_offset if next_offset < len(statuses) else None
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


def added_resources(statuses: Sequence[ResourceStatus]) -> AddedResources:
    """What became of the resources under an address."""
    result = AddedResources(states=_counts(status.state for status in statuses), resources=[])
    result.resources = fitting(map(_listed, statuses), MOST_TOKENS - size(result))
    result.left_out = len(statuses) - len(result.resources) or None
    return result
