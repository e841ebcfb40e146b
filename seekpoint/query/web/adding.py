"""Adding to a library on the page: addresses, files and lists, which a build then reads from the library's folder."""

from __future__ import annotations

import filecmp
import re
import secrets
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import BinaryIO

from seekpoint.files import replacing
from seekpoint.index.address import ADDED_ADDRESSES, ADDED_FILES, ADDED_LISTS
from seekpoint.index.errors import UsageError
from seekpoint.index.file_types import CAPTION_SUFFIXES, DOCUMENT_SUFFIXES
from seekpoint.index.text.clean import clean

MOST_BYTES = 64 << 20
"""The most bytes that are uploaded at once."""

SUFFIXES = tuple(sorted(CAPTION_SUFFIXES | DOCUMENT_SUFFIXES | {".pdf", ".json"}))
"""The files that can be added, by suffix."""

_LIST_SUFFIXES = (".md", ".txt")
_MOST_ADDRESSES, _LONGEST_ADDRESS = 100, 2000
_ADDRESS = re.compile(r"(?:https?://|www\.|youtu\.be/)\S+", re.IGNORECASE)
# File systems take 255 bytes, and a scratch file's name is longer.
_LONGEST_NAME = 200
# Windows refuses these characters, and takes these names for devices, whatever comes after the first dot.
_REFUSED = re.compile(r'[<>:"|?*/\\]+')
_DEVICES = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[\d¹²³]) *(?:\.|\Z)", re.IGNORECASE)
# Browsers encode these characters in the name of a file that they send, and no others.
_ENCODED = {"%22": '"', "%0D": "\r", "%0A": "\n"}
_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class SourceChecks:
    """What a build would make of a source, before it is stored; both raise UsageError for what it would leave out.

    `listed` gives the lines of a list for some addresses, to go below the lines that it has. `check_file` looks at a
    file, its name and whether it is a list.
    """

    listed: Callable[[Sequence[str], Sequence[str]], Sequence[str]] = lambda addresses, lines: addresses
    check_file: Callable[[Path, str, bool], None] = lambda file, name, is_list: None


class AddedSources:
    """The folders of a library in a folder with what was added to it; threads may share it."""

    def __init__(self, library: Path, checks: SourceChecks) -> None:
        self._checks = checks
        self._files = library / ADDED_FILES
        self._lists = library / ADDED_LISTS
        self._lock = Lock()

    def add_addresses(self, text: str) -> str:
        """Add the addresses in some lines to the list of them; returns the source to build. Raises UsageError."""
        addresses = addresses_in(text)
        with self._lock:
            path = self._lists / ADDED_ADDRESSES
            known = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
            lines = self._checks.listed(addresses, known)
            self._lists.mkdir(parents=True, exist_ok=True)
            with replacing(path) as file:
                file.write("".join(f"{line}\n" for line in dict.fromkeys([*known, *lines])).encode())
        return str(path)

    def add_file(self, name: str, content: BinaryIO, *, is_list: bool) -> str:
        """Store a file under a safe form of its name; returns the source to build. Raises UsageError."""
        folder = self._lists if is_list else self._files
        target = folder / safe_name(name, _LIST_SUFFIXES if is_list else SUFFIXES)
        scratch = folder / f".{secrets.token_hex(8)}.part{target.suffix}"  # which no build reads
        with self._lock:
            folder.mkdir(parents=True, exist_ok=True)
            try:
                with scratch.open("xb") as file:
                    shutil.copyfileobj(content, file, _PIECE)
                self._checks.check_file(scratch, target.name, is_list)
                _place(scratch, target)
            finally:
                scratch.unlink(missing_ok=True)
        return str(target if is_list else folder)


def _place(scratch: Path, target: Path) -> None:
    """Give a file its name, unless the same file has it already; raises UsageError if another file has."""
    if target.name != ADDED_ADDRESSES and not target.exists():
        scratch.replace(target)
    elif target.name == ADDED_ADDRESSES or not filecmp.cmp(scratch, target, shallow=False):
        raise UsageError(f"a file {target.name} was added before: rename this one, or take the other out first")


def addresses_in(text: str) -> Sequence[str]:
    """The addresses in lines of text, each once; raises UsageError for a line that is none."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        raise UsageError("paste an address, such as https://www.youtube.com/watch?v=…")
    if len(lines) > _MOST_ADDRESSES:
        raise UsageError(f"{_MOST_ADDRESSES} addresses at once are the most: add a reading list instead")
    for line in lines:
        if not _ADDRESS.fullmatch(line) or not line.isprintable() or len(line) > _LONGEST_ADDRESS:
            raise UsageError(f"{clean(line)[:60]!r} isn't an address: it begins with https:// and has no spaces")
    return list(dict.fromkeys(lines))


def safe_name(name: str, suffixes: Iterable[str]) -> str:
    """A file's name without folders, and without what a file system or a person would trip over; raises UsageError."""
    for code, character in _ENCODED.items():
        name = name.replace(code, character)
    last = re.split(r"[/\\]", name)[-1]
    safe = _REFUSED.sub("_", clean(last)).strip(" .")
    suffix = Path(safe).suffix.lower()
    if not Path(safe).stem.strip(" ._") or suffix not in suffixes:
        shown = clean(last)[:60] or "a file without a name"
        raise UsageError(f"{shown} can't be added: files that can are {', '.join(suffixes)}")
    if len(safe.encode("utf-8", "replace")) > _LONGEST_NAME:
        raise UsageError(f"the name {safe[:60]}… is too long: rename the file")
    return f"_{safe}" if _DEVICES.match(safe) else safe
