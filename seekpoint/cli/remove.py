"""`seekpoint remove`: take resources, or whole sources, out of the library."""

from __future__ import annotations

import time
from pathlib import Path

import click

from seekpoint.cli.options import index_option
from seekpoint.files import real_path
from seekpoint.index.address import Address
from seekpoint.index.errors import UsageError


@click.command()
@click.argument("names", metavar="ID|SOURCE...", nargs=-1, required=True)
@index_option
def remove(names: tuple[str, ...], folder: Address) -> None:
    """Take resources, or sources with what only they list, out of the library.

    An ID is a resource's id in `status --json`, its path, or an address that leads to it; a SOURCE is a list, a folder
    or an address as it was built. Write -- before one that begins with a dash. What only a playlist or feed holds goes
    with it. Files stay, and a build of a list brings back what it names.
    """
    from seekpoint.index.open import open_writer
    from seekpoint.indexer.pipeline.removal import remove_with_entries
    from seekpoint.indexer.pipeline.resolution import Aliases
    from seekpoint.indexer.reading_list.addresses import address_of, path_of_link, resource_of, resource_of_path
    from seekpoint.query.link_targets import find_resource

    with open_writer(folder) as writer:
        known = writer.standings()
        built = {section.source for section in writer.sections()} - {""}
        aliases = Aliases.stored(writer, time.time())
        ids, sources = list[str](), list[str]()
        for name in names:
            candidates, places = [name], {name}
            if resource := resource_of(name):
                candidates += [resource.id, aliases.resolve(resource).id]
                places.add(address_of(resource))
            path = path_of_link(name) if name.lower().startswith("file:") else Path(name)
            candidates.append(resource_of_path(path).id)
            named = built & (places | ({str(real_path(path))} if name else set()))
            sources += named
            resource_id = next((candidate for candidate in candidates if candidate in known), None)
            if resource_id is None and not named:
                led = find_resource(name, (status.resource for status in writer.statuses()))
                if led is None:
                    raise UsageError(
                        f"nothing in the library is called {name}: `seekpoint status --json` lists the ids"
                    )
                resource_id = led.id
            ids += [resource_id] if resource_id else []
        count = remove_with_entries(writer, ids, sources)
    click.echo(f"{count} taken out")
