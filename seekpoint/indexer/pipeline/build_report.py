"""Summaries of builds and dry runs, as text for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from io import StringIO
from itertools import groupby, pairwise

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from seekpoint.index.text.clean import clean, counted, without_passwords
from seekpoint.index.types import Section, State, outlined, union
from seekpoint.indexer.pipeline.build import DryRunReport, Report
from seekpoint.indexer.pipeline.planner import Step

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
    counts = ", ".join(f"{n} {state.value.replace('_', ' ')}" for state, n in missing.items())
    left = [f"Not indexed: {counts}. "] if missing else []
    left += [f"Not brought up to date: {len(report.outdated):,}. "] if report.outdated else []
    if left:
        lines.append(f"{''.join(left)}`seekpoint status` says why and what to do")
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
        "that can't be indexed or brought up to date": steps[Step.REFUSE],
        "that nothing is to be done for": steps[Step.NOTHING],
    }
    lines = [counted(report.resources, "resource")]
    lines += [f"{count:>6,} {what}" for what, count in counts.items() if count]
    if report.closed_until and (asked or report.playlists):
        until = datetime.fromtimestamp(report.closed_until).astimezone().isoformat(" ", "minutes")
        lines.append(f"YouTube refused this address and isn't asked before {until}; --retry asks at once")
    return "\n".join([*lines, *map(without_passwords, report.remarks)])


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
            yield 0, without_passwords(source), union(members)
        if any(section.path for section in members):
            yield from ((depth + named, heading, section) for depth, heading, section in outlined(members))


def duration(seconds: float) -> str:
    """A duration in its two largest units: 3 min 20 s, 1 h 5 min."""
    for (large, large_name), (small, small_name) in pairwise(_UNITS):
        count, rest = divmod(round(seconds / small), large // small)
        if count:
            return f"{count} {large_name} {rest} {small_name}" if rest else f"{count} {large_name}"
    return f"{seconds:.1f} s" if seconds < 9.95 else f"{seconds:.0f} s"
