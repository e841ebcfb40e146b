"""The files of recordings, which are found by their resources' ids and never by a path from outside."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from seekpoint.index.types import Kind, Resource

_TYPES = {
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


def content_type(resource: Resource) -> str | None:
    """What a browser is told that a recording is; `None` for what is no recording in a local file."""
    path = _path(resource)
    return _TYPES.get(path.suffix.lower()) if path else None


def media_file(resource: Resource) -> Path | None:
    """The file of a recording; `None` where there is none any more, or it's no media file by its name."""
    path = _path(resource)
    return path if path and path.suffix.lower() in _TYPES and path.is_file() else None


def _path(resource: Resource) -> Path | None:
    """A library from elsewhere may name anything: only what is on this machine counts."""
    if resource.kind is not Kind.RECORDING:
        return None
    try:
        address = urlsplit(resource.url)
        is_here = address.scheme == "file" and address.netloc in ("", "localhost")
        path = Path(url2pathname(address.path)) if is_here else None
    except ValueError:
        return None
    return path if path and path.is_absolute() and "\0" not in str(path) else None
