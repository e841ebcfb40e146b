"""Sounds of episodes: they are downloaded in parts, and resumed."""

from __future__ import annotations

from hashlib import blake2b
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

import requests

from seekpoint.file_formats import MEDIA_TYPES
from seekpoint.index.errors import Unfetched
from seekpoint.index.reasons import Reason
from seekpoint.index.types import State
from seekpoint.indexer.fetch.fetcher import PoliteFetcher
from seekpoint.indexer.fetch.retries import DAY, MONTH, Deadline

# A part has to be small enough for a slow connection: a response is read whole, before its deadline.
_PART_BYTES = 8_000_000
_LEAST_OF_A_PART = 64_000
_MOST_OF_A_SOUND = 1_000_000_000
_WHOLE_SOUND = 300_000_000


def download(fetcher: PoliteFetcher, url: str, stem: Path, deadline: Deadline, *, private: bool) -> Path:
    """Download a sound part by part into a file, or resume one of the same version; raises Unfetched, OSError."""
    part = fetcher.get_part(url, 0, _PART_BYTES, private=private)
    if part.media_type.startswith("text/"):
        raise Unfetched(State.UNAVAILABLE, Reason("sound_is_page", media_type=part.media_type), MONTH)
    if part.size > _MOST_OF_A_SOUND:
        most = f"{_MOST_OF_A_SOUND / 1e6:.0f}"
        raise Unfetched(State.UNAVAILABLE, Reason("file_too_large", size=f"{part.size / 1e6:.0f}", most=most))
    version = blake2b(f"{url}\n{part.etag}\n{part.size}".encode(), digest_size=6).hexdigest()
    suffix = PurePosixPath(urlsplit(url).path).suffix.lower()
    path = stem.with_name(f"{stem.name}.{version}{suffix if suffix in MEDIA_TYPES else ''}")
    if not path.exists() or path.stat().st_size < len(part.data):
        path.write_bytes(part.data)
    while (done := path.stat().st_size) < part.size:
        following = fetcher.get_part(url, done, _PART_BYTES, private=private)
        if (following.size, following.etag, following.first) != (part.size, part.etag, done):
            path.unlink()
            raise Unfetched(State.DEFERRED, Reason("sound_changes"), DAY)
        trickles = len(following.data) < min(_LEAST_OF_A_PART, part.size - done)
        if trickles or deadline.is_over(len(following.data)):
            raise Unfetched(State.DEFERRED, Reason("host_slow", host=urlsplit(url).hostname), DAY)
        with path.open("ab") as file:
            file.write(following.data)
    return path


def limit_of_part(response: requests.Response) -> int:
    """The bytes to read of a response: those of a part, or of a whole sound if the server gives no parts."""
    return _WHOLE_SOUND if response.status_code == requests.codes.ok else _PART_BYTES
