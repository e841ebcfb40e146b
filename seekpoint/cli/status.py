"""`seekpoint status`: what is indexed, what isn't, and why; or what YouTube gives this machine."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from seekpoint.cli.options import index_option, make_web, print_json, web_options, with_index
from seekpoint.index.address import Address
from seekpoint.index.errors import UsageError

if TYPE_CHECKING:
    from seekpoint.indexer.fetch.http_session import Web

# "How large language models work" by 3Blue1Brown, which has captions by hand.
_WITH_CAPTIONS = "wjZofJX0v4M"
# The findings that are captions.
_WAYS = ("captions", "yt-dlp")
_MARKS = {True: "yes", False: "no", None: ""}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["plain", "json", "csl-json"]),
    default="plain",
    help="Print JSON, or all entries as CSL JSON for Pandoc.",
)
@click.option("--check", is_flag=True, help="Verify all stored data first.")
@click.option(
    "--youtube",
    metavar="VIDEO",
    is_flag=False,
    flag_value=_WITH_CAPTIONS,
    help="Ask YouTube for a video as a build does, and tell what fails; alone, for one with captions.",
)
@web_options
@index_option
def status(as_json: bool, form: str, check: bool, youtube: str | None, folder: Address, **way: Any) -> None:  # noqa: ANN401
    """Show what is indexed, what isn't, why, and what to do."""
    if (as_json or check or form != "plain") if youtube else any(way.values()):
        raise UsageError("--youtube goes with --cookies, --cookies-from-browser and --proxy, and these with it alone")
    if youtube:
        click.get_current_context().exit(0 if _ask_youtube(youtube, make_web(**way)) else 1)
    from seekpoint.index.open import is_written, open_reader
    from seekpoint.index.types import Kind
    from seekpoint.query.output.references import to_csl_json
    from seekpoint.query.output.status import to_json, to_text
    from seekpoint.query.reading.unread_stretches import amount_read

    is_building = is_written(folder)
    with open_reader(folder) as library:
        if check:
            library.verify()
        statuses, sections, card = library.statuses(), library.sections(), library.card
        read = amount_read(library, statuses)
    if form == "csl-json":
        entries = (each for each in statuses if each.kind is not Kind.PLAYLIST)
        click.echo(to_csl_json({each.id: (each.resource, each.added) for each in entries}))
    elif as_json or form == "json":
        print_json(to_json(folder, card, statuses, read))
    else:
        text = to_text(folder, card, statuses, sections, time.time(), read=read, is_building=is_building)
        click.echo(with_index(text))
        if check:
            click.echo("\nChecked: all files are whole, as they were written")


def _ask_youtube(video: str, web: Web) -> bool:
    """Print what YouTube gives, each step when it is known; returns whether a build gets captions."""
    from seekpoint.cli.options import quiet
    from seekpoint.index.text.clean import clean
    from seekpoint.index.types import Kind
    from seekpoint.indexer.reading_list.addresses import resource_of
    from seekpoint.indexer.sources.youtube.youtube_check import findings

    quiet()
    resource = resource_of(video) or resource_of(f"https://www.youtube.com/watch?v={video}")
    if not resource or resource.kind is not Kind.VIDEO or not resource.is_on_youtube:
        raise UsageError(f"{clean(video)} is no video of YouTube: give its address or its id")
    has_captions = False
    for name, ok, text in findings(resource.id, web):
        has_captions |= ok is True and name in _WAYS
        click.echo(f"{_MARKS[ok]:<4}{name:<11}{clean(text)}")
    click.echo(f"A build gets {'' if has_captions else 'no '}captions of {resource.url}")
    return has_captions
