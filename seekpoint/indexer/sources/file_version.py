"""Which version of its files a transcript was made from, told without reading what nobody has touched."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

# Nanoseconds, the coarsest clock of a file system: what changes within a tick needn't show in a file's times.
_TICK = 2_000_000_000


def version_of(paths: Sequence[Path], prefix: str, known: str | None, now: float) -> str:
    """What a library keeps of files: `known` itself where they are as they were. `now` is in Unix seconds.

    Behind the prefix stand a digest of what they hold and one of their sizes and times. Where the second is as it was
    they aren't read, which would take seconds for ten thousand; it's left out where it can't be relied on.
    """
    stamp = _stamp(paths, now)
    kept = known if known and known.startswith(prefix) else ""
    digest, _, kept_stamp = kept.removeprefix(prefix).partition(":")
    if stamp and stamp == kept_stamp:
        return kept
    contents = [_content(path) for path in paths]
    present = _digest(paths, contents)
    if kept and present == digest:
        return kept
    return f"{prefix}{present}:{stamp}" if stamp and None not in contents else f"{prefix}{present}"


def _stamp(paths: Sequence[Path], now: float) -> str:
    """Empty where a file is missing, or so new that it may be changing still.

    The times are those of the content and of the file itself, which tells of content that came with an older time.
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
        return path.read_bytes()
    except OSError:  # the build says so when it reads the files themselves
        return None
