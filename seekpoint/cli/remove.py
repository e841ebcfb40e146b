"""`seekpoint remove`: take resources, or whole sources, out of the library."""

from __future__ import annotations

import click

from seekpoint.cli.options import index_option
from seekpoint.files import real_path
from seekpoint.index.address import Address


@click.command()
@click.argument("names", metavar="ID|SOURCE...", nargs=-1, required=True)
@index_option
def remove(names: tuple[str, ...], folder: Address) -> None:
    """Take resources, or sources with what only they list, out of the library.

    An ID is a resource's id in `status --json`, its path, or an address that leads to it; a SOURCE is a list, a folder
    or an address as it was built. Write -- before one that begins with a dash. What only a playlist or feed holds goes
    with it. Files stay, and a build of a list brings back what it names.
    """
    from seekpoint.cli.named_resource import NamedResources
    from seekpoint.index.open import open_writer
    from seekpoint.indexer.pipeline.removal import remove_with_entries
    from seekpoint.indexer.reading_list.addresses import address_of, path_named, resource_of

    with open_writer(folder) as writer:
        resources = NamedResources(writer)
        built = {section.source for section in writer.sections()} - {""}
        ids, sources = list[str](), list[str]()
        for name in names:
            places = {name, str(real_path(path_named(name)))} if name else set()
            if resource := resource_of(name):
                places.add(address_of(resource))
            named = built & places
            sources += named
            resource_id = resources.find(name) if named else resources.id_of(name)
            ids += [resource_id] if resource_id else []
        count = remove_with_entries(writer, ids, sources)
    click.echo(f"{count} taken out")
