"""The version of a transcript's files, and the largest size that is read.

Unmodified files are recognised by size and times, without reading them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from seekpoint.files import read_file
from seekpoint.indexer.sources.provenance import FromFiles, Provenance

# Captions are among the others: the 9,000 words of an hour, each with its time in JSON, take about one megabyte.
_MOST_BYTES = {".pdf": 200_000_000, ".html": 30_000_000, ".htm": 30_000_000}
_MOST_BYTES_OF_OTHERS = 20_000_000
# Nanoseconds. FAT stores times in steps of 2 s: a change within one step may leave the file's times as they are.
_TICK = 2_000_000_000


def version_of(
    kind: Literal["files", "file"], paths: Sequence[Path], stored: Provenance | None, now: float
) -> FromFiles:
    """The version of some files; the stored one if they haven't changed since.

    If its stamp is still the same, the files aren't read: reading ten thousand takes seconds. `now` is in Unix seconds.
    """
    known = stored if isinstance(stored, FromFiles) and stored.kind == kind else None
    stamp = _stamp(paths, now)
    if known and stamp and stamp == known.stamp:
        return known
    contents = [_content(path) for path in paths]
    digest = _digest(paths, contents)
    if known and digest == known.digest:
        return known
    return FromFiles(kind, digest, "" if None in contents else stamp)


def too_large(path: Path) -> str | None:
    """Why a local file isn't read: it is too large. Downloads are limited in `fetch`."""
    size, most = path.stat().st_size, _MOST_BYTES.get(path.suffix.lower(), _MOST_BYTES_OF_OTHERS)
    return None if size <= most else f"{size / 1e6:.0f} MB are too much (at most {most / 1e6:.0f} MB): split it"


def _stamp(paths: Sequence[Path], now: float) -> str:
    """A digest of names, sizes and times; empty if a file is missing, or so new that it may still be written.

    Besides mtime it covers ctime, which also changes when a copy brings an older mtime.
    """
    digest = hashlib.blake2b(digest_size=8)
    for path in paths:
        try:
            stat = path.stat()
        except OSError:
            return ""
        if max(stat.st_mtime_ns, stat.st_ctime_ns) > now * 1e9 - _TICK:
            return ""
        line = f"{path.name} {stat.st_size} {stat.st_mtime_ns} {stat.st_ctime_ns} "
        digest.update(line.encode(errors="surrogatepass"))
    return digest.hexdigest()


def _digest(paths: Sequence[Path], contents: Sequence[bytes | None]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for path, content in zip(paths, contents, strict=True):
        data = content or b""
        digest.update(f"{path.name} {len(data)} ".encode(errors="surrogatepass") + data)
    return digest.hexdigest()


def _content(path: Path) -> bytes | None:
    try:
        return None if too_large(path) else read_file(path)
    except OSError:  # the build reports it when it reads the file
        return None
