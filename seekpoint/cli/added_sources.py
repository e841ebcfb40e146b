"""Taking out of a library what was added on the page, so that no later build brings it back."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from seekpoint.index.added import ADDRESSES, FILES, LISTS
from seekpoint.index.address import Address, ServerAddress
from seekpoint.index.types import Resource

if TYPE_CHECKING:
    from seekpoint.indexer.build.aliases import Aliases


def take_out(library: Address, resource_id: str) -> None:
    """Remove a resource; in a folder, its line in the list of addresses and its files too. Raises LibraryError."""
    from seekpoint.index.open import open_writer
    from seekpoint.indexer.build.aliases import Aliases

    with open_writer(library) as writer:
        if not isinstance(library, ServerAddress):
            aliases = Aliases.stored(writer, time.time())
            _drop_address(library / LISTS / ADDRESSES, resource_id, aliases)
            _delete_files(library / FILES, writer.resources([resource_id]).get(resource_id))
        writer.remove([resource_id])


def _drop_address(path: Path, resource_id: str, aliases: Aliases) -> None:
    from seekpoint.files import replacing
    from seekpoint.indexer.reading_list.addresses import resource_of

    if not path.exists():
        return
    lines = path.read_text(encoding="utf-8").splitlines()
    named = [(line, resource_of(line)) for line in lines]
    kept = [line for line, named in named if not named or resource_id not in (named.id, aliases.resolve(named).id)]
    if kept != lines:
        with replacing(path) as file:
            file.write("".join(f"{line}\n" for line in kept).encode())


def _delete_files(folder: Path, resource: Resource | None) -> None:
    """Delete the files of a resource: a recording's and its captions', in all languages, or any other's one file."""
    from seekpoint.indexer.reading_list.addresses import resources_of_files
    from seekpoint.indexer.sources.captions.folders import stem_of

    if resource is None or not folder.is_dir():
        return
    files = sorted(path for path in folder.iterdir() if path.is_file())
    stems = {stem_of(path) if resource.kind.plays else path.name for path in files if _is_of(path, resource)}
    for path in files:
        if (stem_of(path) if resource.kind.plays else path.name) in stems and resources_of_files([path]):
            path.unlink()


def _is_of(path: Path, resource: Resource) -> bool:
    from seekpoint.indexer.reading_list.addresses import resources_of_files

    return resource.id in {found.id for found in resources_of_files([path])}
