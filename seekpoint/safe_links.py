"""Addresses that may become links: on the web, or of a recording or a document on this machine."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from seekpoint.file_formats import ARCHIVES, CAPTION_SUFFIXES, DOCUMENT_SUFFIXES, MEDIA_TYPES

_OPENABLE_SUFFIXES = MEDIA_TYPES.keys() | CAPTION_SUFFIXES | DOCUMENT_SUFFIXES | ARCHIVES | {".pdf", ".json"}
_WEB = re.compile(r"https?://", re.IGNORECASE)
# Two slashes or backslashes at the beginning, once decoded, and `\??\` lead Windows to another machine.
_PATH = re.compile(r"/(?![/\\?]).*")
_ZOTERO_KEY = re.compile(r"[23456789ABCDEFGHIJKLMNPQRSTUVWXYZ]{8}")
_IN_VAULTS = MEDIA_TYPES.keys() | {".md", ".pdf"}


def is_web(address: object) -> bool:
    """Whether a value is an address on the web: an imported library may hold any, such as `javascript:`."""
    return isinstance(address, str) and bool(_WEB.match(address))


def is_openable(address: str) -> bool:
    """Whether an address may become a link: one on the web, or of a file on this machine."""
    return is_web(address) or local_file(address) is not None


def local_file(address: str) -> Path | None:
    """The path in a `file:` address; `None` if it names a host, or a file that is neither media nor a document.

    Programs cut addresses differently, so one with a query or with white space is refused too.
    """
    try:
        scheme, host, path, query, _ = urlsplit(address)
    except ValueError:
        return None
    decoded = unquote(path)
    is_local = scheme == "file" and address[5:8] == "///" and not host and not query and _PATH.fullmatch(decoded)
    is_plain = f"{address}{decoded}".isprintable() and " " not in address
    is_known = Path(decoded).suffix.lower() in _OPENABLE_SUFFIXES
    if not (is_local and is_plain and is_known):
        return None
    if os.name != "nt":
        return Path(decoded)
    from urllib.request import url2pathname  # which takes time to import

    return Path(url2pathname(path))


def app_link(address: str, page: int | None = None) -> str | None:
    """The address that opens a file on this machine in the program that keeps it: Zotero, or Obsidian in a vault.

    Of a library's text it holds only the path of a file that is there, percent-encoded, and a number.
    https://help.obsidian.md/Extending+Obsidian/Obsidian+URI
    """
    path = local_file(address)
    with suppress(OSError):  # a folder that can't be read, a name that is too long
        if path and path.is_file():
            suffix, (folder, *above) = path.suffix.lower(), path.parents
            is_stored = len(above) > 1 and above[0].name == "storage" and _ZOTERO_KEY.fullmatch(folder.name)
            if is_stored and suffix == ".pdf" and (above[1] / "zotero.sqlite").is_file():
                return f"zotero://open-pdf/library/items/{folder.name}{f'?page={page:d}' if page else ''}"
            if suffix in _IN_VAULTS and any((each / ".obsidian").is_dir() for each in path.parents):
                return f"obsidian://open?path={quote(str(path), safe='')}"
    return None
