"""Reads which addresses the notes of an Obsidian vault are about."""

from __future__ import annotations

import io
import re
from collections import Counter
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
_LINK = re.compile(r"\[[^][]*\]\(<?([^\s>)]+)")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]{0,30}:", re.IGNORECASE)


def sources_of(
    files: Iterable[Path], sections: Iterable[tuple[str, ...]], left_out: Counter[str]
) -> Iterator[Resource]:
    """The addresses that notes name as `url` or `source` in their front matter, and Markdown's links there.

    `left_out` counts those that aren't of the web, by their scheme. The links in a note's text are none: a vault has
    thousands. A file that can't be read has none here, and its resource says why.
    """
    paths = tuple(sections)
    for file in files:
        if file.suffix.lower() == ".md":
            fields: dict[str, list[str]] = {}
            with suppress(OSError), open_file(file) as opened:
                lines = io.TextIOWrapper(io.BytesIO(opened.read(_MOST_BYTES)), "utf-8-sig", "replace")
                fields, _ = front_matter_of(lines.read())
            title = " ".join(fields.get("title", ()))
            for said in (*fields.get("url", ()), *fields.get("source", ())):
                link = _LINK.search(said)
                address = link[1] if link else said
                if resource := resource_of(address, title, paths):
                    yield resource
                elif scheme := _SCHEME.match(address):
                    left_out[scheme[0].lower()] += 1
