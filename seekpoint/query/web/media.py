"""The files of recordings, found by the ids of resources and never by a path from a request."""

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
    """The media type of a recording's file; `None` if the resource isn't a recording in a local file."""
    path = _path(resource)
    return _TYPES.get(path.suffix.lower()) if path else None


def media_file(resource: Resource) -> Path | None:
    """The file of a recording; `None` if it doesn't exist or its name isn't that of a media file."""
    path = _path(resource)
    return path if path and path.suffix.lower() in _TYPES and path.is_file() else None


def _path(resource: Resource) -> Path | None:
    """The path in a recording's address, if it is on this machine: an imported library may hold any address."""
    if resource.kind is not Kind.RECORDING:
        return None
    try:
        address = urlsplit(resource.url)
        is_local = address.scheme == "file" and address.netloc in ("", "localhost")
        path = Path(url2pathname(address.path)) if is_local else None
    except ValueError:
        return None
    return path if path and path.is_absolute() and "\0" not in str(path) else None
