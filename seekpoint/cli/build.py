"""`seekpoint build`: index reading lists, or bring their index up to date."""

from __future__ import annotations

import math
import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from seekpoint.cli.options import index_option, llm_reading_options, make_web, web_options, with_index
from seekpoint.index.address import Address
from seekpoint.index.errors import UsageError
from seekpoint.index.text.clean import clean, counted
from seekpoint.index.text.languages import parse_tags
from seekpoint.index.types import State, shown_url, union
from seekpoint.indexer.build_options import PACE

if TYPE_CHECKING:
    from seekpoint.index.store import Queue
    from seekpoint.indexer.build_options import BuildOptions, Sources
    from seekpoint.indexer.fetch.http_session import Web
    from seekpoint.query.reading.model import Endpoint

_UNFINISHED = 3
# The parameters of reading what is indexed.
_READING = {"llm", "llm_model", "llm_seconds", "dry_run", "folder"}
# Resources that the summary tells the reasons of.
_MOST_TOLD = 3
# New resources that it names.
_MOST_NAMED = 5
_STRONGER = (
    "`seekpoint build SOURCE --model best --reembed` takes a stronger model, right first for 64 and 70 of 100 "
    "questions of two sets instead of 53 and 63: it is 1.2 GB, takes five times as long, and needs its terms accepted "
    "on the hub"
)


@click.command()
@click.argument("sources", metavar="SOURCE...", nargs=-1)
@click.option(
    "--captions",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Take transcripts from files named 'Any title [VIDEO_ID].LANG.vtt' (.srt, .json3 and others) first.",
)
@click.option("--languages", metavar="LIST", default="", help="Languages to index, such as en,zh; else what is spoken.")
@click.option("--model", metavar="NAME", help="A sentence-transformers model, by name or folder; or `best`.")
@click.option("--reembed", is_flag=True, help="Embed all that is stored again, with another --model.")
@click.option(
    "--glossary",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Your field's terms: a line each, with a tab before the translations; kept for later builds.",
)
@click.option("--transcribe", is_flag=True, help="Listen to recordings without captions; this takes its time.")
@click.option(
    "--whisper",
    metavar="NAME",
    default="base",
    show_default=True,
    help="The faster-whisper model for that, by name or folder.",
)
@click.option(
    "--pace",
    metavar="SECONDS",
    type=click.FloatRange(0, 3600),
    default=PACE,
    show_default=True,
    help="Pause between videos, so that YouTube doesn't block you.",
)
@click.option("--limit", metavar="N", type=click.IntRange(1), help="Take the newest N of a channel or a feed.")
@web_options
@click.option("--prune", is_flag=True, help="Take out what the lists no longer hold.")
@click.option("--retry", is_flag=True, help="Retry deferred resources now.")
@click.option("--dry-run", is_flag=True, help="Tell what would be fetched, and how long that takes; do nothing.")
@click.option("--enqueue", is_flag=True, help="Leave what is on the web to workers; for a library on a server.")
@click.option("--worker", is_flag=True, help="Take from what --enqueue left, beside other workers; without a SOURCE.")
@llm_reading_options
@index_option
def build(
    sources: tuple[str, ...],
    languages: str,
    transcribe: bool,
    whisper: str,
    cookies: Path | None,
    browser: str | None,
    proxy: str | None,
    dry_run: bool,
    enqueue: bool,
    worker: bool,
    reader: tuple[Endpoint, float] | None,
    folder: Address,
    **options: Any,  # noqa: ANN401
) -> None:
    """Index reading lists, or bring their index up to date.

    A SOURCE is a reading list (Markdown, text, bookmarks, CSV, OPML, BibTeX, RIS), here or at an address
    (https://.../list.md, a page on GitHub), the address of a video, playlist, channel, podcast, page or paper, or a
    folder with captions, recordings, PDFs or notes. With --llm and no SOURCE, what is indexed is read.
    """
    from seekpoint.indexer.reading_list.list_text import FORMATS
    from seekpoint.indexer.sources.sandbox import SANDBOX

    SANDBOX.start(FORMATS)  # while the rest is imported
    from seekpoint.cli.options import quiet
    from seekpoint.index.models.encoder import need_packages_that_embed
    from seekpoint.index.open import library_exists
    from seekpoint.indexer.build_options import BuildOptions

    quiet()
    context = click.get_current_context()
    _check(sources, context, worker=worker, enqueue=enqueue, reads=reader is not None)
    if reader and not sources and not worker:
        context.exit(0 if _read(folder, *reader, is_dry=dry_run) else 1)
    wanted = BuildOptions(sources, languages=parse_tags(languages), whisper=whisper if transcribe else None, **options)
    web = make_web(cookies, browser, proxy)
    if dry_run:
        _preview(wanted, folder, web)
        if reader and library_exists(folder):
            _read(folder, *reader, is_dry=True)
        return
    need_packages_that_embed()
    if worker or enqueue:
        _take_part(wanted, folder, web, worker=worker)
        if reader:
            from seekpoint.index.open import open_queue

            with open_queue(folder) as queue:  # what other readers of a library on a server leave
                _read(folder, *reader, queue=queue)
        return
    code = _build(wanted, folder, web)
    if reader:
        _read(folder, *reader)
    if code:
        context.exit(code)


def _check(sources: tuple[str, ...], context: click.Context, *, worker: bool, enqueue: bool, reads: bool) -> None:
    """Raise UsageError for options that don't go together."""
    if worker and sources:
        raise UsageError("a worker takes its resources from the queue: omit SOURCE")
    for name in ("llm_model", "llm_seconds"):
        if not reads and context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise UsageError(f"--{name.replace('_', '-')} goes with --llm: give the address of a language model, too")
    if reads and enqueue:
        raise UsageError("--enqueue leaves all work to workers: give --llm to `seekpoint build --worker`")
    if not worker and not sources:
        if not reads:
            example = "such as `seekpoint build list.md`"
            raise UsageError(f"there is no SOURCE: give a list, an address or a folder, {example}")
        for option in context.command.params:
            is_given = context.get_parameter_source(option.name or "") is ParameterSource.COMMANDLINE
            if is_given and option.name not in _READING:
                raise UsageError(f"{option.opts[-1]} is for a build: give a SOURCE too, or leave it out")
    if math.isnan(context.params["pace"]):  # click's range check lets NaN through
        raise UsageError("--pace takes a number of seconds")


def _preview(options: BuildOptions, library: Address, web: Web) -> None:
    from seekpoint.indexer.pipeline.build import preview
    from seekpoint.indexer.pipeline.build_report import outlook
    from seekpoint.query.output.status import reasons

    planned = preview(options, library, web)
    click.echo(with_index(outlook(planned, options.pace)))
    if planned.refused:
        click.echo(with_index(reasons(planned.refused, time.time(), len(planned.refused))))


def _build(options: BuildOptions, library: Address, web: Web) -> int:
    """Build, tell the outcome, and return the exit code."""
    from seekpoint.index.models.encoder import BUNDLED, model_name
    from seekpoint.index.open import library_exists, open_reader
    from seekpoint.indexer.build_options import Sources
    from seekpoint.indexer.pipeline import build_report
    from seekpoint.indexer.pipeline.build import build
    from seekpoint.indexer.pipeline.progress import ProgressBars
    from seekpoint.query.output.status import reasons, unlisted

    is_first, began = not library_exists(library), time.time()
    with ProgressBars() as events:
        report = build(options, library, Sources.through(web, options), events=events)
    click.echo(with_index(build_report.outcome(report, shutil.get_terminal_size().columns)))
    if report.unlisted:
        click.echo(with_index(unlisted(report.unlisted)))
    missing = {key for key, state in union(report.sections).entries.items() if state is not State.INDEXED}
    missing.update(report.outdated)
    if 0 < len(missing) <= _MOST_TOLD:
        with open_reader(library) as reader:
            told = reasons([status for status in reader.statuses() if status.id in missing], time.time())
        if told:
            click.echo(with_index(told))
    if report.updated:
        _tell_news(library, began)
    if is_first and report.embedded and model_name(options.model or BUNDLED) == BUNDLED:
        click.echo(with_index(_STRONGER))
    return _UNFINISHED if report.states[State.DEFERRED] or report.given_up else 0


def _tell_news(library: Address, since: float) -> None:
    """Name what came in, and list what is new on kept questions."""
    from seekpoint.cli.digest import tell
    from seekpoint.index.open import open_reader
    from seekpoint.query.digest import came_since
    from seekpoint.query.output.terminal import clickable, is_styled

    with open_reader(library) as reader:
        if new := came_since(reader, since):
            styled = is_styled(sys.stdout)
            named = [
                clickable(clean(one.title) or one.id, shown_url(one) if styled else "") for one in new[:_MOST_NAMED]
            ]
            more = f" and {len(new) - _MOST_NAMED:,} more" if len(new) > _MOST_NAMED else ""
            click.echo(f"New: {', '.join(named)}{more}")
        if new and reader.settings.questions:
            tell(reader, since)


def _read(
    library: Address, endpoint: Endpoint, seconds: float, *, is_dry: bool = False, queue: Queue | None = None
) -> bool:
    """Let a language model read what isn't read yet, and tell the outcome, or how much that is; whether it went well.

    A failure of the model is told in one line.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from seekpoint.index.open import open_reader
    from seekpoint.indexer.pipeline.build_report import duration
    from seekpoint.indexer.pipeline.progress import TitleColumn
    from seekpoint.query.reading.library_reading import LibraryReading
    from seekpoint.query.reading.unread_stretches import ReadingCost, unread

    if is_dry:
        with open_reader(library) as reader:
            cost = ReadingCost.of(unread(reader, reader=endpoint.name))
        wanted = f"{cost.stretches:,} stretches of five minutes, and {counted(cost.summaries, 'summary')} to write"
        into, out = round(cost.into, -3), round(cost.out, -3)
        click.echo(f"To read: {wanted}, about {into:,.0f} tokens to read and {out:,.0f} to write")
        return True
    reading = LibraryReading(library, endpoint, endpoint.name, seconds, queue=queue)
    if not reading.waiting:
        click.echo("All is read already")
        return True
    total, began = reading.waiting.total() + len(reading.waiting), time.monotonic()  # each resource has a summary, too
    columns = TitleColumn(), BarColumn(bar_width=20), MofNCompleteColumn(), TextColumn("{task.fields[left]}")
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("Reading", total=total, left="")
        for done, item in enumerate(reading.steps(), 1):
            left = f"about {duration((time.monotonic() - began) / done * max(total - done, 0))} left"
            progress.update(task, advance=1, description=clean(item.resource.title), left=left)
            if not console.is_terminal:
                click.echo(f"seekpoint: {done:,}/{total:,} tried, {left}: {clean(item.resource.title)}", err=True)
    if reading.problem:
        click.echo(f"seekpoint: {with_index(clean(reading.problem))}", err=True)
    click.echo(with_index(reading.summary))
    return not reading.problem


def _take_part(options: BuildOptions, library: Address, web: Web, *, worker: bool) -> None:
    """Work beside other builders, or leave them something to do."""
    from seekpoint.indexer.build_options import Sources
    from seekpoint.indexer.pipeline.progress import ProgressBars
    from seekpoint.indexer.pipeline.worker import enqueue, shared_pace, work

    def sources_of(queue: Queue) -> Sources:
        return Sources.through(web, options, shared_pace(queue, options.pace))

    with ProgressBars() as events:
        if worker:
            done = work(library, sources_of, options, events=events)
            taken = f"{counted(done.taken, 'resource')} taken from the queue: {done.updated:,} new or changed"
            line = f"{taken}, {done.embedded:,} passages embedded"
        else:
            waiting = counted(enqueue(options, library, sources_of, events=events), "resource")
            line = f"{waiting} left to workers: `seekpoint build --worker` takes them"
    click.echo(with_index(line))
