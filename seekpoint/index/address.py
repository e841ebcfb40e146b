"""Where a library lies: in a folder, or in a PostgreSQL database."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit

from seekpoint.index.errors import UsageError

_SCHEMES = ("postgresql://", "postgres://")
_LIBRARY = re.compile(r"[a-z][a-z0-9_]{0,47}")
_PARAMETER, DEFAULT_LIBRARY = "library", "seekpoint"


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """A library in a PostgreSQL database: a connection URI for libpq, and the library's name, which is its schema's.

    Its text is the address without the password.
    """

    uri: str
    library: str = DEFAULT_LIBRARY

    def __str__(self) -> str:
        parts = urlsplit(self.uri)
        query = [pair for pair in parse_qsl(parts.query) if pair[0] != "password"]
        query += [] if self.library == DEFAULT_LIBRARY else [(_PARAMETER, self.library)]
        user, at, host = parts.netloc.rpartition("@")
        return _unsplit(parts._replace(netloc=f"{user.split(':')[0]}{at}{host}", query=urlencode(query)))


Address: TypeAlias = Path | ServerAddress
"""A folder, or a database."""


def parse_address(text: str) -> Address:
    """The address that a text names; raises UsageError.

    `postgresql://host/database` names the library `seekpoint` there, and `?library=NAME` another one beside it.
    """
    if not text.startswith(_SCHEMES):
        return Path(text)
    try:
        parts = urlsplit(text)
    except ValueError as error:
        raise UsageError(f"{text.split('@')[-1]} is no address of a database: {error}") from error
    query = parse_qsl(parts.query, keep_blank_values=True)
    library = dict(query).get(_PARAMETER, DEFAULT_LIBRARY)
    if not _LIBRARY.fullmatch(library) or library.startswith("pg_"):
        raise UsageError(
            f"a library can't be called {library!r}: take small letters, digits and underscores, at most 48, "
            "a letter first"
        )
    rest = urlencode([pair for pair in query if pair[0] != _PARAMETER])
    return ServerAddress(_unsplit(parts._replace(query=rest)), library)


def _unsplit(parts: SplitResult) -> str:
    """The URI again; `urlunsplit` would drop the slashes of one without a host."""
    return f"{parts.scheme}://{parts.netloc}{parts.path}{'?' if parts.query else ''}{parts.query}"
