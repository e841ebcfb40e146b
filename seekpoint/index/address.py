"""Where a library lies: in a folder or in a PostgreSQL database; and the sources that the page adds to a folder."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TypeAlias
from urllib.parse import unquote

from seekpoint.files import real_path
from seekpoint.index.errors import ForeignLibrary, UsageError

_LIBRARY = re.compile(r"[a-z][a-z0-9_]{0,47}")
_PARAMETER, DEFAULT_LIBRARY = "library", "seekpoint"

SUCCESSOR_SUFFIX = "__next"
"""Follows a library's name in the name of its successor."""


def _without(reserved: str) -> str:
    """A pattern of a part of a URI: characters except some, each plain or as `%` and two digits."""
    return rf"(?:[^{re.escape(reserved)}%\x00-\x20\x7f]|%(?!00)[0-9A-Fa-f]{{2}})*"


_HOST = rf"(?:\[(?:[\w.:]|%25)+\]|{_without(':@/?#,[]')})(?::[0-9]*)?"
_PAIR = rf"[a-z_]+={_without('@#&=')}"
# Stricter than libpq, which reads an address in a way of its own where a password has plain characters that divide one.
_SERVER = re.compile(
    rf"(?P<scheme>(?i:postgres(?:ql)?))://(?:(?P<user>{_without(':@/?#')})(?::{_without('@/?#')})?@)?"
    rf"(?P<place>{_HOST}(?:,{_HOST})*(?:/{_without('@/?#')})?)(?:\?(?P<query>(?:{_PAIR}(?:&{_PAIR})*)?))?"
)
# The parameters that the text of an address shows: those that say where the library is. Others may be secret.
_SHOWN = (
    *("host", "hostaddr", "port", "dbname", "user", "service", "sslmode"),
    *("connect_timeout", "target_session_attrs", "load_balance_hosts"),
)
_KEYWORD = r"(?:host\w*|port|dbname|user|service|options|passfile|application_name|\w*password|ssl\w+|connect_\w+)"
# A URI of another scheme or with a slip of the pen, a user and a password, or libpq's keywords and values.
_NO_FOLDER = re.compile(
    r"\s*['\"]?postgres(?:ql)?(?::|//)|.*\w\w://|.*//[^/]*:.*@|[^/\\]{2,}:.*@|.:(?![/\\]).*@"
    rf"|(?![/.~\\])(?:.*\s)?{_KEYWORD}\s*=",
    re.IGNORECASE | re.DOTALL,
)
_UNREADABLE = (
    "the address of the library can't be read, and isn't shown, for it may hold a password: write "
    "postgresql://USER@HOST:PORT/DATABASE, with @ / ? # % in it as %40 %2F %3F %23 %25, or ./NAME for a folder"
)
_HIDDEN = "postgresql://…"


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """A library in a PostgreSQL database: a URI for libpq, and its schema's name. Its text hides the password."""

    uri: str = field(repr=False)
    library: str = DEFAULT_LIBRARY

    def __str__(self) -> str:
        match = _SERVER.fullmatch(self.uri)
        if not match:
            return _HIDDEN
        user = f"{match['user']}@" if match["user"] else ""
        pairs = [pair for pair in _pairs(match) if pair.partition("=")[0] in _SHOWN]
        pairs += [] if self.library == DEFAULT_LIBRARY else [f"{_PARAMETER}={self.library}"]
        return f"{match['scheme']}://{user}{match['place']}{'?' if pairs else ''}{'&'.join(pairs)}"


Address: TypeAlias = Path | ServerAddress
"""A folder, or a database."""


def parse_address(text: str) -> Address:
    """The address that a text names, of a database also by `?library=NAME`; raises UsageError."""
    match = _SERVER.fullmatch(text)
    if not match:
        if _NO_FOLDER.match(text):
            raise UsageError(_UNREADABLE)
        return Path(text)
    pairs = _pairs(match)
    named = [pair for pair in pairs if pair.startswith(f"{_PARAMETER}=")]
    others = [pair for pair in pairs if pair not in named]
    library = unquote(named[-1].partition("=")[2]) if named else DEFAULT_LIBRARY
    if not _LIBRARY.fullmatch(library):
        raise UsageError(
            "invalid library name: use lower-case letters, digits and underscores, at most 48, beginning with a letter"
        )
    if library.startswith("pg_") or library in ("public", "information_schema"):
        raise UsageError(f"a library can't be called {library}: take another name, for that one is the server's")
    if library.endswith(SUCCESSOR_SUFFIX):
        raise UsageError(
            f"a library can't be called {library}: take a name without {SUCCESSOR_SUFFIX} at its end, "
            "which is for libraries that are being embedded again"
        )
    start = text.partition("?")[0].partition("://")[2]
    uri = f"{match['scheme'].lower()}://{start}{'?' if others else ''}{'&'.join(others)}"
    return ServerAddress(uri, library)


def _pairs(match: re.Match[str]) -> list[str]:
    return [pair for pair in (match["query"] or "").split("&") if pair]


def check_not_a_file(folder: Path) -> None:
    """Raise ForeignLibrary if the library's path is a file."""
    if os.path.exists(folder) and not os.path.isdir(folder):  # noqa: PTH110, PTH112
        raise ForeignLibrary(f"{folder} is a file, not a library's folder: name another with --index")


def folder_of(library: Address) -> Path | None:
    """The folder of a library; `None` for one on a server."""
    return library if isinstance(library, Path) else None


def to_json(library: Address) -> dict[str, str]:
    """An address with its password, for a process of our own."""
    return {"folder": str(library)} if isinstance(library, Path) else asdict(library)


def from_json(values: Mapping[str, str]) -> Address:
    """The address that `to_json` gave."""
    return Path(values["folder"]) if "folder" in values else ServerAddress(**values)


LOCK = "lock"
"""The lock file of a library's folder."""

ADDED_FILES = "files"
"""The folder of files that are indexed themselves: captions, texts, papers. It is one source of a build."""

ADDED_LISTS = "lists"
"""The folder of reading lists. Whoever may edit wrote them, so a build trusts them no more than lists on the web."""

ADDED_ADDRESSES = "addresses.txt"
"""The reading list of single addresses, a line each."""


def added_as(source: str, library: Address) -> str:
    """Which of the page's own lists a source is: ADDED_FILES, ADDED_ADDRESSES, or an empty text for neither."""
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
