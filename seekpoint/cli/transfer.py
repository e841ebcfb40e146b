"""`seekpoint export` and `seekpoint import`: the library in one file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from seekpoint.cli.options import index_option, with_index
from seekpoint.index.address import ADDED_FILES, ADDED_LISTS, Address
from seekpoint.index.text.clean import clean, counted, without_passwords

if TYPE_CHECKING:
    from seekpoint.index.transfer.archive import Contents


@click.command("export")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Replace a FILE that is there.")
@index_option
def export_library(file: Path, force: bool, folder: Address) -> None:
    """Write the library into one FILE, for another machine or person: `seekpoint import` reads it.

    It holds what was said and the links. Recordings and documents of your own stay where they are, and links to them
    keep the paths that they have here.
    """
    from seekpoint.index.transfer.export import export_library as export

    click.echo(f"{clean(str(file))}: {contents_line(export(folder, file, force=force))}")


def contents_line(contents: Contents) -> str:
    """The number of resources and chunks, and the size, in one line."""
    resources, chunks = counted(contents.resources, "resource"), counted(contents.chunks, "chunk")
    return f"{resources}, {chunks}, {contents.size / 1e6:,.1f} MB"


_MOST_NAMED = 20


@click.command("import")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--replace", "replacing_old", is_flag=True, help="Take the place of the library that is there.")
@index_option
def import_library(file: Path, replacing_old: bool, folder: Address) -> None:
    """Put the library from a FILE that `seekpoint export` wrote where --index says.

    The FILE is checked as a whole first: one that is damaged or wasn't written by Seekpoint leaves nothing behind. Then
    the indexes are made from it, which takes a minute for a million passages.
    Links to recordings and documents of whoever wrote it keep the paths that they had there. Its lists are shown, and
    read once you name them to `seekpoint build`. With --replace, what you added on the page and what you kept stay.
    """
    from rich.console import Console
    from rich.progress import Progress

    from seekpoint.index.models.encoder import BUNDLED
    from seekpoint.index.transfer.import_ import import_library as import_

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("Checking the file", total=None)

        def told(done: int, total: int) -> None:
            bar.update(task, description="Making the indexes", completed=done, total=total)

        contents = import_(file, folder, replacing_old=replacing_old, progress=told)
    click.echo(f"{clean(str(folder))}: {contents_line(contents)}")
    if contents.added:
        files, places = counted(contents.added, "file"), f"{ADDED_FILES} and {ADDED_LISTS}"
        click.echo(
            f"seekpoint: {files} that were added here stay in {places} of {clean(str(folder))}: build them again",
            err=True,
        )
    if contents.moments:
        click.echo(f"seekpoint: {counted(contents.moments, 'moment')} that you kept here stay kept", err=True)
    if contents.moments is None:
        click.echo("seekpoint: the library that was here is damaged: what you kept in it couldn't be read", err=True)
    _list(
        contents.sources,
        f"{counted(len(contents.sources), 'list')} of whoever wrote it: no build reads one before you name it:",
        "status",
    )
    _list(
        contents.unopened,
        f"{counted(len(contents.unopened), 'link')} in it will not be opened, "
        "only those to the web and to recordings and documents of this machine are:",
        "status --json",
    )
    if contents.card.name != BUNDLED:
        name = clean(contents.card.name)
        click.echo(f"seekpoint: to ask it, the model {name} must be on this machine or come from the hub", err=True)


def _list(names: Sequence[str], heading: str, command: str) -> None:
    """Name lists or links, since nobody looks at each one of a library; `command` shows all."""
    if not names:
        return
    click.echo(f"seekpoint: {heading}", err=True)
    for name in names[:_MOST_NAMED]:
        click.echo(f"  {clean(without_passwords(name))}", err=True)
    if more := names[_MOST_NAMED:]:
        click.echo(with_index(f"  and {len(more):,} more: `seekpoint {command}` has all"), err=True)
