"""Reads which addresses the notes of an Obsidian vault are about."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from seekpoint.files import open_file
from seekpoint.index.types import Resource
from seekpoint.indexer.reading_list.addresses import resource_of
from seekpoint.indexer.sources.pages.markdown import front_matter_of

MARK = ".obsidian"
"""The folder of settings in a vault."""

# Front matter stands at the beginning, and is short.
_MOST_BYTES = 1 << 16


def sources_of(files: Iterable[Path], sections: Iterable[tuple[str, ...]] = ()) -> Iterator[Resource]:
    """The addresses that notes name as `url` or `source` in their front matter.

    The links in a note's text are none: a vault has thousands. A file that can't be read has none here, and its
    resource says why.
    """
    paths = tuple(sections)
    for file in files:
        if file.suffix.lower() == ".md":
            fields: dict[str, list[str]] = {}
            with suppress(OSError), open_file(file) as opened:
                lines = io.TextIOWrapper(io.BytesIO(opened.read(_MOST_BYTES)), "utf-8-sig", "replace")
                fields, _ = front_matter_of(lines.read())
            title = " ".join(fields.get("title", ()))
            for address in (*fields.get("url", ()), *fields.get("source", ())):
                if resource := resource_of(address, title, paths):
                    yield resource
