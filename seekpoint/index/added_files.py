"""What the page adds to a library: files and lists in its folder."""

from __future__ import annotations

from pathlib import Path

from seekpoint.files import real_path
from seekpoint.index.address import Address, folder_of

ADDED_FILES = "files"
"""The folder of files that are indexed themselves: captions, texts, papers. It is one source of a build."""

ADDED_LISTS = "lists"
"""The folder of reading lists. Whoever may edit wrote them, so a build trusts them no more than lists on the web."""

ADDED_ADDRESSES = "addresses.txt"
"""The reading list of single addresses, a line each."""


def added_as(source: str, library: Address) -> str:
    """Whether a source of a library is one of those that the page adds to: `FILES`, `ADDRESSES`, or neither."""
    folder = folder_of(library)
    if folder is None:
        return ""
    folder = real_path(folder)
    added = {folder / ADDED_FILES: ADDED_FILES, folder / ADDED_LISTS / ADDED_ADDRESSES: ADDED_ADDRESSES}
    return added.get(Path(source), "")


def is_added_list(source: str, library: Address) -> bool:
    """Whether a source of a build is a list that was added on the page of this library; on a server there is none."""
    folder = folder_of(library)
    try:
        return folder is not None and real_path(Path(source)).is_relative_to(real_path(folder / ADDED_LISTS))
    except (OSError, ValueError):  # it is no path
        return False
