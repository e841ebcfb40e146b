"""Summaries of builds and dry runs, as text for people."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import StringIO
from itertools import groupby, pairwise
from urllib.parse import urlsplit

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from seekpoint.index.address import Address
from seekpoint.index.errors import LibraryNotFound
from seekpoint.index.models.encoder import model_name
from seekpoint.index.open import check_vacant, open_reader
from seekpoint.index.text.clean import clean, counted
from seekpoint.index.types import Kind, Playlist, ResourceStatus, Section, Standing, State, outlined, union
from seekpoint.indexer.build_options import BuildOptions
from seekpoint.indexer.fetch.http_session import Web
from seekpoint.indexer.pipeline.aliases import Aliases
from seekpoint.indexer.pipeline.build import Report, caption_files_of, read_lists
from seekpoint.indexer.pipeline.planner import Planner, Step
from seekpoint.indexer.pipeline.shown_videos import stored_videos, with_videos
from seekpoint.indexer.pipeline.youtube_gate import OPEN, is_new_route, stored_backoffs
from seekpoint.indexer.reading_list.parser import expand_playlists, unavailable_entries

_MOST_ROWS = 30
# Heading levels that a long table is reduced to, step by step.
_DEPTHS = (2, 1)
# Terminal cells for the headings, at least.
_NARROWEST = 12
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def outcome(report: Report, width: int) -> str:
    """The summary of a build: a table of its sections, and totals. `width` is in terminal cells."""
    lines = [totals_line(report)]
    if report.removed:
        lines.append(f"{report.removed:,} taken out that the lists no longer hold")
    missing = {state: n for state, n in report.states.items() if n and state is not State.INDEXED}
    if missing:
        counts = ", ".join(f"{n} {state.value.replace('_', ' ')}" for state, n in missing.items())
        lines.append(f"Not indexed: {counts}. `seekpoint status` says why and what to do")
    if report.given_up:
        lost = counted(report.given_up, "resource")
        lines.append(
            f"Lost to damage: {lost}, named above: `seekpoint status` says what to do, and a list that names it brings "
            "it back"
        )
    rows = render(report.sections, width)
    return "\n".join([rows, "", *lines] if rows else lines)


def totals_line(report: Report) -> str:
    """The totals of a build, in a line."""
    indexed = report.states[State.INDEXED]
    return (
        f"{indexed:,} of {counted(report.resources, 'resource')} indexed ({counted(report.entries, 'entry')}): "
        f"{report.updated:,} new or changed, {counted(report.embedded, 'passage')} embedded, {duration(report.seconds)}"
    )


def outlook(report: DryRunReport, pace: float) -> str:
    """The summary of a dry run, a line per kind of work; `pace` is in seconds per video."""
    steps = report.steps
    asked = steps[Step.ASK_YOUTUBE]
    waits = f", {duration(report.waits)} at least" if report.waits else ""
    counts = {
        f"to be asked of YouTube: {report.requests:,} requests, {duration(asked * pace)} at --pace {pace:g}": asked,
        "to be listed (playlists, channels, feeds), whose new entries come on top": report.playlists,
        "to be read from captions on disk": steps[Step.READ_CAPTIONS],
        "to be read from subtitles inside recordings": steps[Step.READ_SUBTITLES],
        "to be read from files on disk": steps[Step.READ_TEXT],
        f"to be fetched from the web (pages, papers, episodes, videos of other sites){waits}": steps[Step.FETCH],
        "to be transcribed": steps[Step.TRANSCRIBE],
        "to be embedded again from what is stored": steps[Step.EMBED_AGAIN],
        "left for later, as `seekpoint status` says": steps[Step.WAIT],
        "that can't be indexed": steps[Step.REFUSE],
        "that nothing is to be done for": steps[Step.NOTHING],
    }
    lines = [counted(report.resources, "resource")]
    lines += [f"{count:>6,} {what}" for what, count in counts.items() if count]
    if report.closed_until and (asked or report.playlists):
        until = datetime.fromtimestamp(report.closed_until).strftime("%Y-%m-%d %H:%M")
        lines.append(f"YouTube refused this address and isn't asked before {until}; --retry asks at once")
    return "\n".join([*lines, *report.remarks])


def render(sections: Sequence[Section], width: int = 80) -> str:
    """A table of the entries by section and state, `width` cells wide; empty if there is only one section.

    If there are many, deeper ones are counted in their parents. Several lists have a row each, above their sections.
    """
    if len(sections) < 2:
        return ""
    shown = list(sections)
    for depth in _DEPTHS:
        if len(shown) > _MOST_ROWS:
            by_place: dict[tuple[str, tuple[str, ...]], list[Section]] = {}
            for section in sections:
                by_place.setdefault((section.source, section.path[:depth]), []).append(section)
            shown = [union(members, *place) for place, members in by_place.items()]
    total = union(shown)
    columns = [state for state in State if state is State.INDEXED or total.states[state]]
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("Section", overflow="fold", min_width=_NARROWEST)
    for state in columns:
        table.add_column(state.replace("_", " "), justify="right", overflow="fold")
    for indent, label, row in [*_rows(shown), (0, "Total", total)]:
        counts = [(state, row.states[state]) for state in columns] if row else []
        cells = (str(n) if n or state is State.INDEXED else "" for state, n in counts)
        table.add_row(Padding(Text(clean(label)), (0, 0, 0, 2 * indent)), *cells)
    console = Console(file=StringIO(), width=width, color_system=None)
    with console.capture() as captured:
        console.print(table)
    lines = [line.rstrip() for line in captured.get().splitlines()]
    places = {(section.source, section.path) for section in shown}
    if hidden := sum((section.source, section.path) not in places for section in sections):
        lines.append(f"({hidden} deeper sections are counted in those above them)")
    return "\n".join(lines)


def _rows(sections: Sequence[Section]) -> Iterator[tuple[int, str, Section | None]]:
    lists = [(source, list(members)) for source, members in groupby(sections, key=lambda section: section.source)]
    named = len(lists) > 1
    for source, members in lists:
        if named:
            yield 0, source, union(members)
        if any(section.path for section in members):
            yield from ((depth + named, heading, section) for depth, heading, section in outlined(members))


def duration(seconds: float) -> str:
    """A duration in its two largest units: 3 min 20 s, 1 h 5 min."""
    for (large, large_name), (small, small_name) in pairwise(_UNITS):
        count, rest = divmod(round(seconds / small), large // small)
        if count:
            return f"{count} {large_name} {rest} {small_name}" if rest else f"{count} {large_name}"
    return f"{seconds:.1f} s" if seconds < 9.95 else f"{seconds:.0f} s"


# The watch page and the player's JSON; each transcript takes one more.
_REQUESTS_BESIDE_TRANSCRIPTS = 2


@dataclass(frozen=True, slots=True)
class DryRunReport:
    """The number of resources per step, and those that are `refused`, with their reasons.

    `requests` counts those for videos only; a playlist takes one per 100 entries. `closed_until` is when a block by
    YouTube ends, in Unix seconds, or 0. `remarks` are those of the lists. `waits` are the seconds that the pace between
    requests to the same host takes.
    """

    resources: int
    steps: dict[Step, int]
    playlists: int
    requests: int
    closed_until: float
    remarks: tuple[str, ...] = ()
    waits: float = 0.0
    refused: tuple[ResourceStatus, ...] = ()


def preview(options: BuildOptions, library: Address, web: Web, now: float | None = None) -> DryRunReport:
    """Plan a build without requests to YouTube and without changing the library; raises SeekpointError."""
    now = time.time() if now is None else now
    remarks: list[str] = []
    lists = read_lists(options, library, web, remarks.append)
    standings: dict[str, Standing] = {}
    playlists: dict[str, Playlist] = {}
    closed_until, is_route_new, reembeds, listed = 0.0, False, False, lists
    try:
        with open_reader(library) as reader:
            standings, playlists = reader.standings(), reader.playlists()
            listed = with_videos(Aliases.stored(reader, now).applied(lists), stored_videos(reader))
            backoffs = stored_backoffs(reader, now)
            closed_until = backoffs.get(web.route, OPEN).until
            is_route_new = is_new_route(backoffs, web.route, now)
            reembeds = options.reembed and model_name(options.model or reader.card.name) != reader.card.name
    except LibraryNotFound:
        check_vacant(library)
    expanded = (resource for each in listed for resource in expand_playlists(each.resources, playlists))
    resources = {resource.id: resource for resource in expanded}
    faults = unavailable_entries(playlists)
    caption_files = caption_files_of(options, lists)
    planner = Planner(standings, caption_files, options, now, faults, is_route_new, reembeds)
    jobs = [planner.plan(resource) for resource in resources.values()]
    steps = [job.step for job in jobs if job.resource.kind is not Kind.PLAYLIST]
    transcripts = max(len(options.languages), 1)
    return DryRunReport(
        resources=len(resources),
        steps={step: steps.count(step) for step in Step},
        playlists=sum(job.resource.kind is Kind.PLAYLIST and job.step is not Step.WAIT for job in jobs),
        requests=steps.count(Step.ASK_YOUTUBE) * (_REQUESTS_BESIDE_TRANSCRIPTS + transcripts),
        closed_until=closed_until if now < closed_until and not options.retry else 0.0,
        remarks=tuple(remarks),
        refused=tuple(ResourceStatus(job.resource, job.state, job.reason) for job in jobs if job.step is Step.REFUSE),
        waits=_waits((job.resource.url for job in jobs if job.step is Step.FETCH), options.site_pace),
    )


def _waits(urls: Iterable[str], pace: float) -> float:
    """The seconds until the last of these addresses may be asked for, one after the other, `pace` apart at a host."""
    now, due = 0.0, dict[str, float]()
    for host in (urlsplit(url).hostname or "" for url in urls):
        now = max(now, due.get(host, 0.0))
        due[host] = now + pace
    return now
