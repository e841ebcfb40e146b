"""`seekpoint import`: install a library from a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from seekpoint.cli.export import contents_line
from seekpoint.cli.options import index_option
from seekpoint.index.address import Address
from seekpoint.index.text.clean import clean, counted

_MOST_LINKS = 20


@click.command("import")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--replace", "replacing_old", is_flag=True, help="Take the place of the library that is there.")
@index_option
def import_library(file: Path, replacing_old: bool, folder: Address) -> None:
    """Put the library from a FILE that `seekpoint export` wrote into DIR.

    The FILE is checked as a whole first: one that is damaged or wasn't written by Seekpoint leaves nothing behind. Then
    the indexes are made from it, which takes a minute for a million passages.
    Links to recordings and documents of whoever wrote it keep the paths that they had there.
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
    _list_unopened(contents.unopened)
    if contents.card.name != BUNDLED:
        name = clean(contents.card.name)
        click.echo(f"seekpoint: to ask it, the model {name} must be on this machine or come from the hub", err=True)


def _list_unopened(links: Sequence[str]) -> None:
    """Name the links that `ask --open` and the pages refuse, since nobody looks at each link of a library."""
    if not links:
        return
    click.echo(
        f"seekpoint: {counted(len(links), 'link')} in it will not be opened, "
        "for they lead neither to the web nor to a recording or document of this machine:",
        err=True,
    )
    for link in links[:_MOST_LINKS]:
        click.echo(f"  {clean(link)}", err=True)
    if more := links[_MOST_LINKS:]:
        click.echo(f"  and {len(more):,} more: `seekpoint status --json` has all", err=True)
