"""`seekpoint export`: write the library into one file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from seekpoint.cli.options import index_option
from seekpoint.index.address import Address
from seekpoint.index.text.clean import clean, counted

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
