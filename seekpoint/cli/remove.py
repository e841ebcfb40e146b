"""`seekpoint remove`: take resources out of the library."""

from __future__ import annotations

from collections.abc import Container
from pathlib import Path

import click

from seekpoint.cli.options import index_option
from seekpoint.index.errors import UsageError


@click.command()
@click.argument("names", metavar="ID...", nargs=-1, required=True)
@index_option
def remove(names: tuple[str, ...], folder: Path) -> None:
    """Take resources out of the library.

    An ID is what `status --json` calls a resource; its address or path will do as well. Write -- before one that begins
    with a dash.
    """
    from seekpoint.index.open import open_writer

    with open_writer(folder) as writer:
        known = writer.standings()
        ids = list(dict.fromkeys(_resource_id(name, known) for name in names))
        writer.remove(ids)
    click.echo(f"{len(ids)} taken out")


def _resource_id(name: str, known: Container[str]) -> str:
    from seekpoint.indexer.reading_list.addresses import resource_of, resource_of_path

    candidates = [name]
    if resource := resource_of(name):
        candidates.append(resource.id)
    candidates.append(resource_of_path(Path(name)).id)
    for candidate in candidates:
        if candidate in known:
            return candidate
    raise UsageError(f"nothing in the library is called {name}: `seekpoint status --json` lists the ids")
