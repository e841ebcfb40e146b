"""Versions of local files."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from seekpoint.indexer.sources.file_version import version_of

NAMES = ("Talk [x].en.vtt", "讲座 [x].zh.vtt")


def files(folder: Path) -> list[Path]:
    for name in NAMES:
        (folder / name).write_text(f"attention 注意力 {name}", encoding="utf-8")
    return [folder / name for name in NAMES]


def version(paths: list[Path], known: str | None = None, later: float = 10.0) -> str:
    """The version as a build sees it `later` seconds from now."""
    return version_of(paths, "files:", known, time.time() + later)


def test_untouched_files_keep_their_version(tmp_path: Path) -> None:
    paths = files(tmp_path)
    known = version(paths)
    assert known.startswith("files:") and known.count(":") == 2
    assert version(paths, known) == known


def test_untouched_files_are_not_read(tmp_path: Path) -> None:
    paths = files(tmp_path)
    _, digest, stamp = version(paths).split(":")
    another = f"files:{digest[::-1]}:{stamp}"
    assert version(paths, another) == another


@pytest.mark.skipif(sys.platform == "win32", reason="it keeps no time of the last change there")
def test_a_change_is_noticed_despite_a_restored_mtime(tmp_path: Path) -> None:
    paths = files(tmp_path)
    known, before = version(paths), paths[1].stat()
    time.sleep(0.02)
    paths[1].write_bytes(paths[1].read_bytes()[::-1])
    os.utime(paths[1], ns=(before.st_atime_ns, before.st_mtime_ns))
    assert version(paths, known) != known


def test_a_new_mtime_alone_keeps_the_version(tmp_path: Path) -> None:
    paths = files(tmp_path)
    known = version(paths)
    os.utime(paths[0], (1, 1))
    assert version(paths, known) == known


def test_another_name_or_file_is_another_version(tmp_path: Path) -> None:
    paths = files(tmp_path)
    known = version(paths)
    assert version(paths[:1], known) != known
    assert version([paths[0].rename(tmp_path / "Other [x].en.vtt"), paths[1]], known) != known


def test_recently_changed_files_are_read_each_time(tmp_path: Path) -> None:
    paths = files(tmp_path)
    known = version(paths, later=0)
    assert known.count(":") == 1
    paths[0].write_text("mask 掩码", encoding="utf-8")
    assert version(paths, known) != known


def test_a_version_without_stamp_is_understood(tmp_path: Path) -> None:
    paths = files(tmp_path)
    earlier = ":".join(version(paths).split(":")[:2])
    assert version(paths, earlier) == earlier
    paths[0].write_text("mask 掩码", encoding="utf-8")
    assert version(paths, earlier) != earlier


def test_another_prefix_is_another_version(tmp_path: Path) -> None:
    paths = files(tmp_path)
    for known in (None, "", "youtube:", version(paths).replace("files:", "file:")):
        assert version(paths, known) == version(paths)


def test_unreadable_files_have_no_stamp(tmp_path: Path) -> None:
    assert version([tmp_path / "gone.vtt"]).count(":") == 1
    assert version([tmp_path]).count(":") == 1
