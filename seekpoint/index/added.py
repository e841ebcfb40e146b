"""What is added to a library on the page: it lies in two folders of the library, which no build deletes."""

from __future__ import annotations

from pathlib import Path

from seekpoint.files import real_path
from seekpoint.index.address import Address, ServerAddress

FILES = "files"
"""The folder of files that are indexed themselves: captions, texts, papers. It is one source of a build."""

LISTS = "lists"
"""The folder of reading lists. Whoever may edit wrote them, so a build trusts them no more than lists on the web."""

ADDRESSES = "addresses.txt"
"""The reading list of single addresses, a line each."""


def added_as(source: str, library: Address) -> str:
    """Whether a source of a library is one of those that the page adds to: `FILES`, `ADDRESSES`, or neither."""
    if isinstance(library, ServerAddress):
        return ""
    folder = real_path(library)
    return {folder / FILES: FILES, folder / LISTS / ADDRESSES: ADDRESSES}.get(Path(source), "")


def is_added_list(source: str, library: Address) -> bool:
    """Whether a source of a build is a list that was added on the page of this library; on a server there is none."""
    if isinstance(library, ServerAddress):
        return False
    try:
        return real_path(Path(source)).is_relative_to(real_path(library / LISTS))
    except (OSError, ValueError):  # it is no path
        return False
