"""The status of a library as text and as JSON: resources by state, reasons, remedies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import NamedTuple, Self

from seekpoint.index.address import Address
from seekpoint.index.text.clean import clean, counted, without_passwords
from seekpoint.index.types import Kind, ModelCard, NamedBy, ResourceStatus, Section, State, outlined, shown_url, union
from seekpoint.query.output.json import StatusJson, as_json
from seekpoint.query.reading.unread_stretches import ReadAmount

# Seconds: times that lie so close come from the same run, and are shown as one.
_AT_ONCE = 600.0
# Resources that are named for each reason.
_MOST_NAMED = 100
_TEXTS = (Kind.PAGE, Kind.PAPER, Kind.DOCUMENT)
NOTHING = ReadAmount()
STEPS: Mapping[str, str] = {
    "interrupted": "an interrupted build had not come to it: build again",
    "again": "build again",
    "due": "due: build again",
    "later": "build again after {due}",
    "looks_again": "a build after {due} looks again",
}
"""Remedies for the states of resources."""
BESIDE_A_BUILD: Mapping[str, str] = {
    "interrupted": "a build is running and hasn't come to it yet",
    "again": "build again when the running build has ended",
    "due": "due: build again when the running build has ended",
}
"""Remedies while a build runs, in place of those that ask for one."""
_IMPORTED = ", from an import: only `seekpoint build` reads this list, once you name it"
_OWN_CAPTIONS = "; captions of your own go in at once with --captions DIR"


@dataclass(frozen=True, slots=True)
class LibraryStatus:
    """The contents of a library, as `status --json` prints it: `library` is its address, `totals` counts by state.

    `read` is how much a language model has read.
    """

    library: str
    model: ModelCard
    totals: Mapping[str, int | float]
    resources: tuple[ResourceStatus, ...]
    read: ReadAmount = NOTHING

    @classmethod
    def of(cls, library: str, model: ModelCard, statuses: Sequence[ResourceStatus], read: ReadAmount = NOTHING) -> Self:
        """The status from the statuses of all resources."""
        return cls(library, model, totals(statuses), tuple(statuses), read)


def to_json(
    library: Address, card: ModelCard, statuses: Sequence[ResourceStatus], read: ReadAmount = NOTHING
) -> StatusJson:
    """The status in the form of `status --json`, a stable contract."""
    document: StatusJson = as_json(LibraryStatus.of(str(library), card, statuses, read))
    return {**document, "library": str(library)}


def totals(statuses: Sequence[ResourceStatus]) -> dict[str, int | float]:
    """The number of resources, also by state, of chunks and of seconds."""
    states = [status.state for status in statuses]
    return {
        "resources": len(statuses),
        **{state.value: states.count(state) for state in State},
        "chunks": sum(status.chunks for status in statuses),
        "seconds": round(sum(status.seconds for status in statuses), 3),
    }


def to_text(
    library: Address,
    card: ModelCard,
    statuses: Sequence[ResourceStatus],
    sections: Sequence[Section],
    now: float,
    *,
    read: ReadAmount = NOTHING,
    is_building: bool = False,
) -> str:
    """The status for reading: totals, reading lists by section, and reasons; `now` in Unix seconds."""
    lists = [_list(source, list(group)) for source, group in groupby(sections, key=lambda section: section.source)]
    running = ["A build is running: this is what it has stored so far"] if is_building else []
    steps = {**STEPS, **(BESIDE_A_BUILD if is_building else {})}
    amount = f"{read.stretches:,} of {read.of:,} stretches"
    by_model = [f"Read by a language model: {amount}"] if read.stretches else []
    blocks = [[*_summary(library, card, statuses), *by_model, *running], *lists, *_failures(statuses, steps, now)]
    return "\n\n".join("\n".join(block) for block in blocks)


def reasons(statuses: Iterable[ResourceStatus], now: float, most: int = _MOST_NAMED) -> str:
    """The resources that aren't indexed, why, and what to do, as `to_text` ends; `most` are named of each reason."""
    return "\n".join(line for block in _failures(statuses, STEPS, now, most) for line in block)


def unlisted(count: int) -> str:
    """The line on resources that no list names."""
    return f"{count} no longer on a list: `seekpoint build LIST --prune` takes them out"


def _summary(library: Address, card: ModelCard, statuses: Sequence[ResourceStatus]) -> Iterator[str]:
    counts = totals(statuses)
    yield f"Library {clean(str(library))}, model {clean(card.name)} ({card.dimension} dimensions)"
    states = ", ".join(f"{counts[state]} {_label(state)}" for state in State if counts[state])
    yield f"Resources: {counts['resources']} ({states or 'none yet'})"
    texts = sum(status.state is State.INDEXED and status.resource.kind in _TEXTS for status in statuses)
    hours = [f"{counts['seconds'] / 3600:.1f} hours of talk"] if counts["seconds"] or not texts else []
    yield f"Chunks: {counts['chunks']:,}, from {' and '.join([*hours, *([counted(texts, 'text')] if texts else [])])}"


def _list(source: str, sections: Sequence[Section]) -> Iterator[str]:
    whole = union(sections)
    size = len(whole.entries)
    if source:
        note = _IMPORTED if sections[0].named_by is NamedBy.IMPORT else ""
        yield f"{clean(without_passwords(source))}: {whole.states[State.INDEXED]} of {size} indexed{note}"
    else:
        yield unlisted(size)
    if any(section.path for section in sections):
        digits = len(str(size))
        for depth, heading, section in outlined(sections):
            counts = " " * (2 * digits + len(" of "))
            if section:
                counts = f"{section.states[State.INDEXED]:>{digits}} of {len(section.entries):>{digits}}"
            yield f"  {counts}  {'  ' * depth}{clean(heading)}"


def _failures(
    statuses: Iterable[ResourceStatus], steps: Mapping[str, str], now: float, most: int = _MOST_NAMED
) -> Iterator[list[str]]:
    """Resources that aren't indexed or couldn't be updated, grouped by state, reason and next step."""
    groups: dict[tuple[State, str | None, str], list[ResourceStatus]] = {}
    for status in statuses:
        if status.reason or status.state is not State.INDEXED:
            step = _step(status, now)
            remedy = steps[step] + (_OWN_CAPTIONS if _takes_captions(status, now) else "") if step else ""
            groups.setdefault((status.state, status.reason, remedy), []).append(status)
    order = list(State)
    for (state, reason, remedy), group in sorted(groups.items(), key=lambda item: order.index(item[0][0])):
        label = "indexed, but not brought up to date" if state is State.INDEXED else _label(state)
        step = remedy.format(due=_due(group))
        count = f" ({len(group)})" if len(group) > 1 else ""
        lines = [f"{label}{count}: {clean(reason or step)}"]
        if reason and step:
            lines.append(f"  {step}")
        for status in group[:most]:
            resource, address = status.resource, clean(shown_url(status.resource))
            title = address if resource.title == resource.url else clean(resource.title)
            lines.append("    " + "  ".join(dict.fromkeys((title, address))))
        if len(group) > most:
            lines.append(f"    and {len(group) - most:,} more: `seekpoint status --json` names all")
        yield lines


class Remedy(NamedTuple):
    """A remedy: the key of `STEPS`, the time, and whether captions of one's own would do too."""

    step: str
    due: str
    takes_captions: bool


def remedy(status: ResourceStatus, now: float) -> Remedy | None:
    """The remedy for the state of one resource; `None` if the reason says it, or all is well."""
    step = _step(status, now)
    if not step or (status.state is State.INDEXED and not status.reason):
        return None
    return Remedy(step, _due([status]), _takes_captions(status, now))


def _step(status: ResourceStatus, now: float) -> str:
    """Which of `STEPS` is next; empty if the reason says what to do."""
    is_temporary = status.state in (State.DEFERRED, State.INDEXED)
    if status.state is State.PENDING:
        return "" if status.reason else "interrupted"
    if status.retry_after is None:
        return "again" if is_temporary else ""
    if status.retry_after <= now:
        return "due"
    return "later" if is_temporary else "looks_again"


def _takes_captions(status: ResourceStatus, now: float) -> bool:
    is_waiting = status.retry_after is not None and status.retry_after > now
    is_video = status.resource.kind is Kind.VIDEO and status.resource.is_on_youtube
    return is_waiting and is_video and status.state in (State.DEFERRED, State.NO_TRANSCRIPT)


def _due(group: Sequence[ResourceStatus]) -> str:
    """The local times of the first and the last of a group; to the day for states that are retried after a month."""
    is_soon = group[0].state in (State.DEFERRED, State.INDEXED)
    times = sorted(status.retry_after for status in group if status.retry_after is not None)
    if times and times[-1] - times[0] < _AT_ONCE:
        times = times[-1:]
    local = (datetime.fromtimestamp(time).astimezone() for time in times)
    shown = list(dict.fromkeys(time.isoformat(" ", "minutes") if is_soon else f"{time:%Y-%m-%d}" for time in local))
    return f"{shown[0]} (the last of them: {shown[-1]})" if len(shown) > 1 else "".join(shown)


def _label(state: State) -> str:
    return state.replace("_", " ")
