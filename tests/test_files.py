"""Replacing files: they are the old or the new ones, whatever fails."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from seekpoint.files import replacing, sync_folder


def test_a_write_replaces_the_file_at_its_end(tmp_path: Path) -> None:
    place = tmp_path / "file"
    place.write_bytes(b"old")
    with replacing(place) as file:
        file.write("新的".encode())
        file.flush()
        assert place.read_bytes() == b"old"
    assert {path.name: path.read_text("utf-8") for path in tmp_path.iterdir()} == {"file": "新的"}


def test_a_write_makes_a_file_where_there_was_none(tmp_path: Path) -> None:
    with replacing(tmp_path / "文件") as file:
        file.write(b"new")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"文件": b"new"}


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    place = tmp_path / "file"
    place.write_bytes(b"old")
    with pytest.raises(OSError, match="full"), replacing(place) as file:
        file.write(b"ne")
        raise OSError(28, "the disk is full")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"file": b"old"}


def test_an_interrupted_write_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), replacing(tmp_path / "file") as file:
        file.write(b"ne")
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


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
