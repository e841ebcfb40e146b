"""Reading a list from a file, for tests of its formats."""

from __future__ import annotations

from pathlib import Path

import pytest

from seekpoint.index.errors import SourceError
from seekpoint.indexer.reading_list.parser import ReadingList, read_source

Row = tuple[str, str, tuple[tuple[str, ...], ...]]


def read(folder: Path, name: str, content: str | bytes, *, is_trusted: bool = True) -> ReadingList:
    """Read a list that is written into a file of this name."""
    file = folder / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_source(str(file), is_trusted=is_trusted)


def rows(found: ReadingList) -> list[Row]:
    """The title, the address without scheme, and the sections of each resource."""
    return [(one.title, one.url.split("//")[1], one.sections) for one in found.resources]


def remark(found: ReadingList) -> str:
    """The only remark, without the file's name; empty if there is none."""
    assert len(found.remarks) <= 1
    return "".join(found.remarks).removeprefix(f"{found.source}: ")


def fault(folder: Path, name: str, content: str | bytes, *, is_trusted: bool = True) -> str:
    """The error, one line with the file's name in front, for a list that can't be read."""
    with pytest.raises(SourceError) as raised:
        read(folder, name, content, is_trusted=is_trusted)
    assert str(raised.value).isprintable()
    assert str(raised.value).startswith(str((folder / name).resolve()))
    return str(raised.value)
