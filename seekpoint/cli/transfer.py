"""The commands that carry a library elsewhere: `export` and `import`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from seekpoint.cli.options import index_option
from seekpoint.index.text.clean import clean, counted

if TYPE_CHECKING:
    from seekpoint.index.transfer.transfer import Contents


@click.command("export")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Replace a FILE that is there.")
@index_option
def export_library(file: Path, force: bool, folder: Path) -> None:
    """Write the library into one FILE, for another machine or person: `seekpoint import` reads it.

    It holds what was said and the links. Recordings and documents of your own stay where they are, and links to them
    keep the paths that they have here.
    """
    from seekpoint.index.transfer.transfer import export_library as export

    click.echo(f"{clean(str(file))}: {_counted(export(folder, file, force=force))}")


@click.command("import")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--replace", "replacing_old", is_flag=True, help="Take the place of the library that is there.")
@index_option
def import_library(file: Path, replacing_old: bool, folder: Path) -> None:
    """Put the library from a FILE that `seekpoint export` wrote into DIR.

    The FILE is checked as a whole first: one that is damaged or wasn't written by Seekpoint leaves nothing behind.
    Links to recordings and documents of whoever wrote it keep the paths that they had there.
    """
    from seekpoint.index.models.encoder import BUNDLED
    from seekpoint.index.transfer.transfer import import_library as import_

    contents = import_(file, folder, replacing_old=replacing_old)
    click.echo(f"{clean(str(folder))}: {_counted(contents)}")
    if contents.card.name != BUNDLED:
        name = clean(contents.card.name)
        click.echo(f"seekpoint: to ask it, the model {name} must be on this machine or come from the hub", err=True)


def _counted(contents: Contents) -> str:
    resources, chunks = counted(contents.resources, "resource"), counted(contents.chunks, "chunk")
    return f"{resources}, {chunks}, {contents.size / 1e6:,.1f} MB"
