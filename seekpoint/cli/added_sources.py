"""What is added to a library on the page: whether a build would read it, and taking it out for good."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from seekpoint.index.address import ADDED_ADDRESSES, ADDED_FILES, ADDED_LISTS, Address, ServerAddress
from seekpoint.index.errors import SourceError, UsageError
from seekpoint.index.text.clean import clean
from seekpoint.index.types import Resource
from seekpoint.query.web.workspace import SourceChecks

if TYPE_CHECKING:
    from seekpoint.indexer.pipeline.aliases import Aliases

_SHOWN = 60
# What could begin or end a mark of Markdown, which may span several lines of a list.
_MARKS = re.compile(r"[`<>\[\]\\]")


def listed(addresses: Sequence[str], lines: Sequence[str]) -> list[str]:
    """The lines that make a list of `lines` name these addresses too; raises UsageError for one that it would skip."""
    from seekpoint.indexer.reading_list.parser import parse_urls

    new = [line for address in addresses for line in _as_listed(address)]
    try:
        read = {resource.id for resource in parse_urls("\n".join([*lines, *new]))}
    except SourceError as error:
        raise UsageError(str(error)) from error
    for address in new:
        if not read & {resource.id for resource in parse_urls(address)}:
            raise _none(address)
    return new


def _as_listed(address: str) -> list[str]:
    """The address as it stands in a list: as it is, with its marks encoded, or as a list reads it, as without a dot.

    Raises UsageError for one that a list would skip.
    """
    from seekpoint.indexer.reading_list.addresses import resource_of
    from seekpoint.indexer.reading_list.parser import parse_urls

    resource = resource_of(address)
    if resource is None:
        raise _none(address)
    try:
        read, read_as_url = parse_urls(address), parse_urls(resource.url)
    except SourceError as error:
        raise _none(address) from error
    is_plain = not _MARKS.search(address)
    if is_plain and [each.id for each in read] == [resource.id]:
        return [address]
    if (not is_plain or not read) and [each.id for each in read_as_url] == [resource.id]:
        return [resource.url]
    if not read:
        raise _none(address)
    return [each.url for each in read]


def _none(address: str) -> UsageError:
    return UsageError(f"{clean(address)[:_SHOWN]!r} isn't an address that leads anywhere: check its host and its marks")


def check_file(file: Path, name: str, is_list: bool) -> None:
    """Raise UsageError for a file that no build would read under this name: captions in JSON or a list that is none."""
    from seekpoint.indexer.reading_list.addresses import resources_of_files
    from seekpoint.indexer.reading_list.parser import read_source
    from seekpoint.indexer.sources.captions.folders import read_captions

    try:
        if is_list:
            read_source(str(file), is_trusted=False)
        elif not resources_of_files([Path(name)]):
            raise SourceError('a file in JSON is added if it holds captions: name it "Any title [VIDEO_ID].en.json"')
        elif file.suffix.lower() == ".json":
            read_captions(file)
    except SourceError as error:
        reason = str(error).removeprefix(f"{file}: ").removeprefix(f'captions "{file.name}": ')
        raise UsageError(f"{name} can't be added: {reason}") from error


CHECKS = SourceChecks(listed, check_file)


def take_out(library: Address, resource_id: str) -> None:
    """Remove a resource; in a folder, its line in the list of addresses and its files too. Raises LibraryError."""
    from seekpoint.index.open import open_writer
    from seekpoint.indexer.pipeline.aliases import Aliases

    with open_writer(library) as writer:
        if not isinstance(library, ServerAddress):
            aliases = Aliases.stored(writer, time.time())
            _drop_address(library / ADDED_LISTS / ADDED_ADDRESSES, resource_id, aliases)
            _delete_files(library / ADDED_FILES, writer.resources([resource_id]).get(resource_id))
        writer.remove([resource_id])


def _drop_address(path: Path, resource_id: str, aliases: Aliases) -> None:
    from seekpoint.files import replacing

    if not path.exists():
        return
    lines = path.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if resource_id not in _ids_in(line, aliases)]
    if kept != lines:
        with replacing(path) as file:
            file.write("".join(f"{line}\n" for line in kept).encode())


def _ids_in(line: str, aliases: Aliases) -> set[str]:
    """The ids of what a line names, as an address and as a list reads it, and of what these lead to."""
    from seekpoint.indexer.reading_list.addresses import resource_of
    from seekpoint.indexer.reading_list.parser import parse_urls

    named = {resource for resource in (resource_of(line), *parse_urls(line)) if resource}
    return {each.id for resource in named for each in (resource, aliases.resolve(resource))}


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
