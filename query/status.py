"""What a library holds and what it doesn't, as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from index.text import clean
from index.types import ModelCard, ResourceStatus, State
from query.render import resource_json

_LABELS = {
    State.INDEXED: "indexed",
    State.NO_TRANSCRIPT: "no transcript",
    State.UNAVAILABLE: "unavailable",
    State.DEFERRED: "deferred",
    State.PENDING: "pending",
}


def to_json(folder: Path, card: ModelCard, statuses: Sequence[ResourceStatus]) -> dict[str, object]:
    """The status in the form of `status --json`, a stable contract."""
    return {
        "library": str(folder),
        "model": {"name": card.name, "dimension": card.dimension, "fingerprint": card.fingerprint},
        "totals": totals(statuses),
        "resources": [_resource_json(status) for status in statuses],
    }


def totals(statuses: Sequence[ResourceStatus]) -> dict[str, int | float]:
    """How many resources are in which state, and how much is indexed."""
    states = [status.state for status in statuses]
    return {
        "resources": len(statuses),
        **{state.value: states.count(state) for state in State},
        "chunks": sum(status.chunks for status in statuses),
        "seconds": round(sum(status.seconds for status in statuses), 3),
    }


def _resource_json(status: ResourceStatus) -> dict[str, object]:
    due = status.retry_after
    return {
        **resource_json(status.resource),
        "state": status.state,
        "reason": status.reason,
        "retry_after": None if due is None else datetime.fromtimestamp(due, UTC).isoformat(timespec="seconds"),
        "languages": list(status.languages),
        "transcript": status.transcript,
        "chunks": status.chunks,
    }


def to_text(folder: Path, card: ModelCard, statuses: Sequence[ResourceStatus]) -> str:
    """The status for reading: totals, the lists' sections, and a line for each entry that isn't indexed."""
    return "\n".join([*_summary(folder, card, statuses), "", *_sections(statuses), *_missing(statuses)])


def _summary(folder: Path, card: ModelCard, statuses: Sequence[ResourceStatus]) -> Iterator[str]:
    counts = totals(statuses)
    yield f"Library {folder}, model {card.name} ({card.dimension} dimensions)"
    states = ", ".join(f"{counts[state]} {_LABELS[state]}" for state in State if counts[state])
    yield f"Resources: {counts['resources']} ({states or 'none yet'})"
    yield f"Chunks: {counts['chunks']:,}, from {counts['seconds'] / 3600:.1f} hours of talk"


def _sections(statuses: Sequence[ResourceStatus]) -> Iterator[str]:
    found: dict[tuple[str, ...], list[ResourceStatus]] = {}
    for status in statuses:
        for path in status.resource.sections or ((),):
            found.setdefault(path, []).append(status)
    for path, members in found.items():
        indexed = sum(status.state is State.INDEXED for status in members)
        yield f"{indexed:>4} of {len(members):<4} {' › '.join(clean(heading) for heading in path) or '(no heading)'}"


def _missing(statuses: Sequence[ResourceStatus]) -> Iterator[str]:
    missing = [status for status in statuses if status.state is not State.INDEXED]
    if missing:
        yield ""
    for status in missing:
        yield f"{_LABELS[status.state]}: {clean(status.resource.title)}  {status.resource.url}"
        yield f"    {_next_step(status)}"


def _next_step(status: ResourceStatus) -> str:
    reason = clean(status.reason or "an interrupted build had not come to it; build again")
    if status.retry_after is None:
        return reason
    due = datetime.fromtimestamp(status.retry_after).astimezone().strftime("%Y-%m-%d %H:%M")
    return f"{reason}; build again after {due}, or give captions with --captions DIR"
