"""The commands that change a library: `build` and `remove`."""

from __future__ import annotations

import re
from collections.abc import Container
from pathlib import Path
from typing import TYPE_CHECKING

import click

from index.command_line import index_option
from index.errors import UsageError
from index.types import State

if TYPE_CHECKING:
    from indexer.build import Report

_DEFERRED = 3
_LANGUAGE_TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*")


@click.command()
@click.argument("sources", metavar="SOURCE...", nargs=-1, required=True)
@click.option(
    "--captions",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Take transcripts from files named 'Any title [VIDEO_ID].LANG.vtt' (.srt, .json3 and others) first.",
)
@click.option("--languages", metavar="LIST", default="", help="Languages to index, such as en,zh; else what is spoken.")
@click.option("--model", metavar="NAME", help="A sentence-transformers model, by name or folder.")
@click.option(
    "--pace",
    metavar="SECONDS",
    type=click.FloatRange(0, 3600),
    default=5.0,
    show_default=True,
    help="Pause between videos, so that YouTube doesn't block you.",
)
@click.option("--prune", is_flag=True, help="Take out what the lists no longer hold.")
@click.option("--retry", is_flag=True, help="Ask again at once for what waits for a later time.")
@index_option
def build(
    sources: tuple[str, ...],
    captions: Path | None,
    languages: str,
    model: str | None,
    pace: float,
    prune: bool,
    retry: bool,
    folder: Path,
) -> None:
    """Index reading lists, or bring their index up to date.

    A SOURCE is a Markdown or text file with links, an address, or a folder with captions or recordings.
    """
    from indexer.build import Request
    from indexer.build import build as run
    from indexer.plan import Choices
    from indexer.progress import ProgressBars
    from indexer.sources.pace import Pace
    from indexer.sources.web import Web
    from indexer.sources.youtube import YouTube

    wanted = language_tags(languages)
    request = Request(sources, captions, Choices(wanted, retry), model, prune)
    with ProgressBars() as watcher:
        report = run(request, folder, YouTube(Web().session(), wanted, Pace(pace)), watcher=watcher)
    click.echo(summary(report))
    if report.states[State.DEFERRED]:
        click.get_current_context().exit(_DEFERRED)


def language_tags(text: str) -> tuple[str, ...]:
    """The tags of a list such as `en,zh-TW`; raises UsageError for what can't be one."""
    tags = tuple(tag for part in text.split(",") if (tag := part.strip()))
    for tag in tags:
        if not _LANGUAGE_TAG.fullmatch(tag):
            raise UsageError(f"--languages takes tags such as en,zh-TW, not {tag!r}")
    return tags


def summary(report: Report) -> str:
    """What a build did, in two or three lines."""
    indexed = report.states[State.INDEXED]
    lines = [
        f"{indexed} of {report.resources} resources indexed ({report.entries} entries): "
        f"{report.updated} new or changed, {report.embedded:,} passages embedded, {report.seconds:.1f} s"
    ]
    if report.removed:
        lines.append(f"{report.removed} taken out that the lists no longer hold")
    missing = {state: n for state, n in report.states.items() if n and state is not State.INDEXED}
    if missing:
        counts = ", ".join(f"{n} {state.value.replace('_', ' ')}" for state, n in missing.items())
        lines.append(f"Not indexed: {counts}. `seekpoint status` says why and what to do")
    return "\n".join(lines)


@click.command()
@click.argument("names", metavar="ID...", nargs=-1, required=True)
@index_option
def remove(names: tuple[str, ...], folder: Path) -> None:
    """Take resources out of the library.

    An ID is what `status --json` calls a resource; its address or path will do as well. Write -- before one that begins
    with a dash.
    """
    from index.writer import Writer

    with Writer.open(folder) as writer:
        known = writer.standings()
        ids = list(dict.fromkeys(_resource_id(name, known) for name in names))
        writer.remove(ids)
    click.echo(f"{len(ids)} taken out")


def _resource_id(name: str, known: Container[str]) -> str:
    from indexer.addresses import resource_of, resource_of_path

    candidates = [name]
    if resource := resource_of(name):
        candidates.append(resource.id)
    candidates.append(resource_of_path(Path(name)).id)
    for candidate in candidates:
        if candidate in known:
            return candidate
    raise UsageError(f"nothing in the library is called {name}: `seekpoint status --json` lists the ids")
