"""`seekpoint remove`: take resources out of the library."""

from __future__ import annotations

import time
from pathlib import Path

import click

from seekpoint.cli.options import index_option
from seekpoint.index.address import Address
from seekpoint.index.errors import UsageError
from seekpoint.index.text.clean import clean, counted

_ADVICE = "build your list without it, with --prune, or remove each by its id"


@click.command()
@click.argument("names", metavar="ID...", nargs=-1, required=True)
@index_option
def remove(names: tuple[str, ...], folder: Address) -> None:
    """Take resources out of the library.

    An ID is a resource's id in `status --json`, its path, or an address that leads to it. Write -- before one that
    begins with a dash. Videos of a playlist, and episodes of a feed, stay.
    """
    from seekpoint.index.open import open_writer
    from seekpoint.indexer.pipeline.resolution import Aliases
    from seekpoint.indexer.reading_list.addresses import is_feed, path_of_link, resource_of, resource_of_path
    from seekpoint.query.link_targets import find_resource

    with open_writer(folder) as writer:
        known = writer.standings()
        aliases = Aliases.stored(writer, time.time())
        ids = []
        for name in names:
            candidates = [name]
            if resource := resource_of(name):
                candidates += [resource.id, aliases.resolve(resource).id]
            is_link = name.lower().startswith("file:")
            candidates.append(resource_of_path(path_of_link(name) if is_link else Path(name)).id)
            resource_id = next((candidate for candidate in candidates if candidate in known), None)
            if resource_id is None:
                led = find_resource(name, (status.resource for status in writer.statuses()))
                if led is None:
                    raise UsageError(
                        f"nothing in the library is called {name}: `seekpoint status --json` lists the ids"
                    )
                resource_id = led.id
            ids.append(resource_id)
        ids = list(dict.fromkeys(ids))
        playlists = {key: playlist for key, playlist in writer.playlists().items() if key in ids}
        left = []
        for status in writer.statuses(list(playlists)):
            stay = {entry.resource.id for entry in playlists[status.id].entries} & known.keys() - {*ids}
            if stay:
                entries = counted(len(stay), "episode" if is_feed(status.resource) else "video")
                left.append(f"{clean(status.title)}: it leaves {entries} in the library: {_ADVICE}")
        writer.remove(ids)
    click.echo("\n".join([f"{len(ids)} taken out", *left]))
