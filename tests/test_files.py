"""Replacing files: they are the old or the new ones, whatever fails. Reading those that a stranger names."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from seekpoint.files import parsed_json, read_file, read_text, real_path, replacing, sync_folder


@pytest.mark.parametrize("error", [OSError(28, "the disk is full"), KeyboardInterrupt()], ids=type)
@pytest.mark.parametrize("before", [{}, {"文件": b"old"}], ids=["new", "old"])
def test_a_write_makes_the_file_at_its_end_or_fails_and_leaves_the_folder_as_it_was(
    tmp_path: Path, before: dict[str, bytes], error: BaseException
) -> None:
    def found() -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    for name, data in before.items():
        (tmp_path / name).write_bytes(data)
    with pytest.raises(type(error)), replacing(tmp_path / "文件") as file:
        file.write(b"ne")
        raise error
    assert found() == before
    with replacing(tmp_path / "文件") as file:
        file.write(b"new")
        file.flush()
        assert found().get("文件") == before.get("文件")
    assert found() == {"文件": b"new"}


@pytest.mark.skipif(os.name != "posix", reason="folders are synchronised on POSIX only")
def test_the_file_is_on_the_disk_before_it_replaces_and_the_folder_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    synced = os.fsync

    def fsync(descriptor: int) -> None:
        seen.append(sorted(path.name for path in tmp_path.iterdir()))
        synced(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    with replacing(tmp_path / "file") as file:
        file.write(b"new")
    assert seen == [[".file.new"], ["file"]]
    sync_folder(tmp_path)
    assert len(seen) == 3


def test_a_file_is_read_whole_and_json_that_is_none_or_nested_without_end_is_a_value_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(bytes(range(256)) * 10_000)
    assert read_file(tmp_path / "file") == bytes(range(256)) * 10_000
    (tmp_path / "notes").write_bytes(b"\xef\xbb\xbf\xe6\x96\x87\r\nb\rc\n")
    assert read_text(tmp_path / "notes") == "文\nb\nc\n"
    for text in ("[" * 100_000, b'{"a":' * 100_000, "", "{", b"\xff"):
        with pytest.raises(ValueError):
            parsed_json(text)


@pytest.mark.parametrize("make", [Path.mkdir, lambda path: path.symlink_to(path), lambda path: path.write_bytes(b"ab")])
def test_what_is_no_file_or_too_long_is_an_error(make: Callable[[Path], object], tmp_path: Path) -> None:
    make(tmp_path / "odd")
    with pytest.raises(OSError, match="odd") as caught:
        read_file(tmp_path / "odd", most=1)
    assert caught.value.strerror
    assert real_path(tmp_path / "odd").parent == tmp_path.resolve()
