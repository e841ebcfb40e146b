"""Versions of local files."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from seekpoint.indexer.sources.provenance import FromFiles, FromYouTube, Provenance, version_of

NAMES = ("Talk [x].en.vtt", "讲座 [x].zh.vtt")


def files(folder: Path) -> list[Path]:
    for name in NAMES:
        (folder / name).write_text(f"attention 注意力 {name}", encoding="utf-8")
    return [folder / name for name in NAMES]


def version(paths: list[Path], known: Provenance | None = None, later: float = 10.0) -> FromFiles:
    """The version as a build sees it `later` seconds from now."""
    return version_of("files", paths, known, time.time() + later)


def test_untouched_files_keep_their_version(tmp_path: Path) -> None:
    paths = files(tmp_path)
    known = version(paths)
    assert known.digest and known.stamp
    assert version(paths, known) == known


def test_the_digest_is_that_of_earlier_builds(tmp_path: Path) -> None:
    assert version(files(tmp_path)).digest == "f6363b7992796c05f40f88a017433f4b"


def test_untouched_files_are_not_read(tmp_path: Path) -> None:
    paths = files(tmp_path)
    known = version(paths)
    another = replace(known, digest=known.digest[::-1])
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
    assert not known.stamp
    paths[0].write_text("mask 掩码", encoding="utf-8")
    assert version(paths, known) != known


def test_a_version_without_stamp_is_understood(tmp_path: Path) -> None:
    paths = files(tmp_path)
    earlier = replace(version(paths), stamp="")
    assert version(paths, earlier) == earlier
    paths[0].write_text("mask 掩码", encoding="utf-8")
    assert version(paths, earlier) != earlier


def test_another_provenance_is_another_version(tmp_path: Path) -> None:
    paths = files(tmp_path)
    for known in (None, FromYouTube(), replace(version(paths), kind="file")):
        assert version(paths, known) == version(paths)


def test_unreadable_files_have_no_stamp(tmp_path: Path) -> None:
    assert not version([tmp_path / "gone.vtt"]).stamp
    assert not version([tmp_path]).stamp
