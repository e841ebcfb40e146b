"""The files of recordings, found by the ids of resources and never by a path from a request."""

from __future__ import annotations

from pathlib import Path

from seekpoint.index.file_types import MEDIA_TYPES, local_file
from seekpoint.index.types import Kind, Resource


def content_type(resource: Resource) -> str | None:
    """The media type of a recording's file; `None` if the resource isn't a recording in a local file."""
    path = local_file(resource.url) if resource.kind is Kind.RECORDING else None
    return MEDIA_TYPES.get(path.suffix.lower()) if path else None


def media_file(resource: Resource) -> Path | None:
    """The file of a recording; `None` if it doesn't exist or its name isn't that of a media file."""
    path = local_file(resource.url) if content_type(resource) else None
    return path if path and path.is_file() else None
