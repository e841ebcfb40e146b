"""Whether files are as they were when a transcript was made from them."""

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
    """The version as a build sees it so many seconds from now."""
    return version_of(paths, "files:", known, time.time() + later)


def test_what_nobody_touched_is_as_it_was(tmp_path: Path) -> None:
    paths = files(tmp_path)
    known = version(paths)
    assert known.startswith("files:") and known.count(":") == 2
    assert version(paths, known) == known


def test_what_nobody_touched_is_not_read(tmp_path: Path) -> None:
    paths = files(tmp_path)
    _, digest, stamp = version(paths).split(":")
    another = f"files:{digest[::-1]}:{stamp}"
    assert version(paths, another) == another


@pytest.mark.skipif(sys.platform == "win32", reason="it keeps no time of the last change there")
def test_a_change_shows_whatever_time_the_file_pretends_to_be_of(tmp_path: Path) -> None:
    paths = files(tmp_path)
    known, before = version(paths), paths[1].stat()
    time.sleep(0.02)
    paths[1].write_bytes(paths[1].read_bytes()[::-1])
    os.utime(paths[1], ns=(before.st_atime_ns, before.st_mtime_ns))
    assert version(paths, known) != known


def test_a_new_time_alone_changes_nothing(tmp_path: Path) -> None:
    paths = files(tmp_path)
    known = version(paths)
    os.utime(paths[0], (1, 1))
    assert version(paths, known) == known


def test_another_name_or_file_is_another_version(tmp_path: Path) -> None:
    paths = files(tmp_path)
    known = version(paths)
    assert version(paths[:1], known) != known
    assert version([paths[0].rename(tmp_path / "Other [x].en.vtt"), paths[1]], known) != known


def test_files_that_may_be_changing_still_are_read_each_time(tmp_path: Path) -> None:
    paths = files(tmp_path)
    known = version(paths, later=0)
    assert known.count(":") == 1
    paths[0].write_text("mask 掩码", encoding="utf-8")
    assert version(paths, known) != known


def test_what_an_earlier_version_of_the_program_kept_is_understood(tmp_path: Path) -> None:
    paths = files(tmp_path)
    earlier = ":".join(version(paths).split(":")[:2])
    assert version(paths, earlier) == earlier
    paths[0].write_text("mask 掩码", encoding="utf-8")
    assert version(paths, earlier) != earlier


def test_what_was_made_from_something_else_is_another_version(tmp_path: Path) -> None:
    paths = files(tmp_path)
    for known in (None, "", "youtube:", version(paths).replace("files:", "file:")):
        assert version(paths, known) == version(paths)


def test_what_cannot_be_read_has_no_stamp(tmp_path: Path) -> None:
    assert version([tmp_path / "gone.vtt"]).count(":") == 1
    assert version([tmp_path]).count(":") == 1
