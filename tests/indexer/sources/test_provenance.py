"""Provenance of transcripts and versions of files."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seekpoint.index.store import LISTED
from seekpoint.indexer.sources.provenance import (
    FromFiles,
    FromListing,
    FromPage,
    FromSpeech,
    FromSubtitles,
    FromTracks,
    Provenance,
    decode,
    encode,
    version_of,
)

WEB = (
    'web:{"at": 1764200000.25, "digest": "0f", "etag": "W/\\"v1\\"", '
    '"modified": "Tue, 03 Nov 2026 10:00:00 GMT", "final": false}'
)
# A change of these texts would make the next build fetch and embed whole libraries again.
STORED: dict[str, Provenance | None] = {
    "": None,
    "youtube:": FromTracks("youtube"),
    "youtube:zh-TW,en": FromTracks("youtube", ("zh-TW", "en")),
    "site:": FromTracks("site"),
    "site:zh-TW,en": FromTracks("site", ("zh-TW", "en")),
    "files:0f:3c": FromFiles("files", "0f", "3c"),
    "file:0f": FromFiles("file", "0f"),
    "transcribed:base:": FromSpeech("base"),
    "subtitles::700:1764200000000000001": FromSubtitles((), "700:1764200000000000001"),
    "subtitles:en,zh-TW:700:17": FromSubtitles(("en", "zh-TW"), "700:17"),
    "transcribed:large-v3:700:1764200000000000001": FromSpeech("large-v3", "700:1764200000000000001"),
    "transcribed:C:\\模型\\whisper:": FromSpeech("C:\\模型\\whisper"),
    LISTED: FromListing(),
    f'{LISTED}:{{"etag": "\\"1\\"", "modified": null, "limit": 20}}': FromListing('"1"', None, 20),
    f'{LISTED}:{{"etag": null, "modified": null, "limit": null, "guids": ""}}': FromListing(guids=""),
    WEB: FromPage(1764200000.25, "0f", 'W/"v1"', "Tue, 03 Nov 2026 10:00:00 GMT"),
    'web:{"at": 1.0, "digest": "0f", "etag": null, "modified": null, "final": true}': FromPage(1.0, "0f", final=True),
}


def test_each_provenance_has_one_text() -> None:
    for stored, provenance in STORED.items():
        assert (decode(stored), encode(provenance)) == (provenance, stored)
    for unknown in (
        None,
        "made by hand",
        "transcribed:base",
        "web:{}",
        'web:{"at": "soon 稍后", "digest": "0f"}',
        'web:{"at": 1.0, "digest": "0f", "more": 1}',
        f'web:{{"at": {"9" * 400}, "digest": "0f"}}',
        "web:" + "[" * 100_000,
        "listed:[]",
        'listed:{"etag": 1}',
        'listed:{"guids": ["x1"]}',
    ):
        assert decode(unknown) is None


@given(st.text() | st.text().map(lambda text: f"web:{text}"))
def test_decoding_never_fails(stored: str) -> None:
    decode(stored)


def version(paths: list[Path], known: Provenance | None = None, later: float = 10.0) -> FromFiles:
    """The version as a build sees it `later` seconds from now."""
    return version_of("files", paths, known, time.time() + later)


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    names = ("Talk [x].en.vtt", "讲座 [x].zh.vtt")
    for name in names:
        (tmp_path / name).write_text(f"attention 注意力 {name}", encoding="utf-8")
    return [tmp_path / name for name in names]


def test_untouched_files_keep_their_version_without_being_read(paths: list[Path]) -> None:
    known = version(paths)
    assert known.digest == "f6363b7992796c05f40f88a017433f4b", "the digest of earlier builds"
    assert known.stamp and version(paths, known) == known
    another = replace(known, digest=known.digest[::-1])
    assert version(paths, another) == another
    os.utime(paths[0], (1, 1))
    assert version(paths, known) == known, "a new time of change alone"


@pytest.mark.skipif(sys.platform == "win32", reason="it keeps no time of the last change there")
def test_a_change_is_noticed_despite_a_restored_mtime(paths: list[Path]) -> None:
    known, before = version(paths), paths[1].stat()
    time.sleep(0.02)
    paths[1].write_bytes(paths[1].read_bytes()[::-1])
    os.utime(paths[1], ns=(before.st_atime_ns, before.st_mtime_ns))
    assert version(paths, known) != known


def test_another_name_file_or_provenance_is_another_version(paths: list[Path]) -> None:
    known = version(paths)
    for other in (None, FromTracks("youtube"), replace(known, kind="file")):
        assert version(paths, other) == known
    assert version(paths[:1], known) != known
    assert version([paths[0].rename(paths[0].with_name("Other [x].en.vtt")), paths[1]], known) != known


def test_files_without_a_stamp_are_read_each_time(paths: list[Path]) -> None:
    recent = version(paths, later=0)
    assert not recent.stamp and version(paths, recent) == recent
    paths[0].write_text("mask 掩码", encoding="utf-8")
    assert version(paths, recent) != recent
    for unreadable in (paths[0].with_name("gone.vtt"), paths[0].parent):
        assert not version([unreadable]).stamp
