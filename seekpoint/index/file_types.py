"""The files that are indexed, by suffix, and the addresses that may be opened."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

MEDIA_TYPES = {
    ".mp3": "audio/mpeg",
    ".m4a": "audio/mp4",
    ".aac": "audio/aac",
    ".wav": "audio/wav",
    ".ogg": "audio/ogg",
    ".oga": "audio/ogg",
    ".opus": "audio/ogg",
    ".flac": "audio/flac",
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".webm": "video/webm",
    ".mov": "video/quicktime",
    ".mkv": "video/x-matroska",
    ".avi": "video/x-msvideo",
}
CAPTION_SUFFIXES = frozenset({".vtt", ".srt", ".sbv", ".ttml", ".dfxp", ".srv1", ".srv3", ".json3"})
"""The suffixes of caption files. `.json` is ambiguous: it depends on the rest of the name."""
DOCUMENT_SUFFIXES = frozenset({".md", ".txt", ".html", ".htm"})

_OPENABLE_SUFFIXES = MEDIA_TYPES.keys() | CAPTION_SUFFIXES | DOCUMENT_SUFFIXES | {".pdf", ".json"}
_WEB = re.compile(r"https?://", re.IGNORECASE)
# Two slashes or backslashes at the beginning, once decoded, and `\??\` lead Windows to another machine.
_PATH = re.compile(r"/(?![/\\?]).*")


def is_openable(address: str) -> bool:
    """Whether an address may become a link: an imported library may hold any, such as `javascript:`."""
    return bool(_WEB.match(address)) or local_file(address) is not None


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
    from urllib.request import url2pathname

    return Path(url2pathname(path))
