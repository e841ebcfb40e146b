"""Provenance of transcripts and versions of files."""

from __future__ import annotations

import json
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
    FromYouTube,
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
    "youtube:": FromYouTube(),
    "youtube:zh-TW,en": FromYouTube(("zh-TW", "en")),
    "files:0f:3c": FromFiles("files", "0f", "3c"),
    "files:0f": FromFiles("files", "0f"),
    "file:0f:3c": FromFiles("file", "0f", "3c"),
    "file:0f": FromFiles("file", "0f"),
    "transcribed:base:": FromSpeech("base"),
    "transcribed:large-v3:700:1764200000000000001": FromSpeech("large-v3", "700:1764200000000000001"),
    "transcribed:C:\\模型\\whisper:": FromSpeech("C:\\模型\\whisper"),
    LISTED: FromListing(),
    WEB: FromPage(1764200000.25, "0f", 'W/"v1"', "Tue, 03 Nov 2026 10:00:00 GMT"),
    'web:{"at": 1.0, "digest": "0f", "etag": null, "modified": null, "final": true}': FromPage(1.0, "0f", final=True),
}


@pytest.mark.parametrize("stored", STORED)
def test_each_provenance_has_one_text(stored: str) -> None:
    assert decode(stored) == STORED[stored]
    assert encode(STORED[stored]) == stored


def test_local_files_and_captions_differ_though_their_bytes_are_the_same() -> None:
    assert decode("file:0f:3c") != decode("files:0f:3c")


@pytest.mark.parametrize(
    "stored",
    [
        None,
        "made by hand",
        "listed:",
        "transcribed:base",
        "web:",
        "web:[]",
        "web:{}",
        'web:{"at": 1.0, "digest": "0f", "etag": 5}',
        'web:{"at": "soon 稍后", "digest": "0f"}',
        'web:{"at": 1.0, "digest": "0f", "more": 1}',
        f'web:{{"at": {"9" * 400}, "digest": "0f"}}',
        f"web:{'9' * 5000}",
        "web:" + "[" * 100_000,
    ],
)
def test_a_text_that_no_build_wrote_tells_nothing(stored: str | None) -> None:
    assert decode(stored) is None


digests, stamps = st.from_regex(r"[0-9a-f]{32}", fullmatch=True), st.sampled_from(["", "0123456789abcdef"])
tags = st.lists(st.sampled_from(["en", "zh-TW", "yue", "pt-BR"]), max_size=3).map(tuple)
validators = st.none() | st.text()
provenances = (
    st.builds(FromYouTube, tags)
    | st.builds(FromFiles, st.sampled_from(["files", "file"]), digests, stamps)
    | st.builds(FromSpeech, st.text(min_size=1), st.from_regex(r"\d{1,9}:\d{1,19}|", fullmatch=True))
    | st.builds(FromPage, st.floats(allow_nan=False), st.text(), validators, validators, st.booleans())
)


@given(provenances)
def test_what_is_encoded_is_decoded(provenance: Provenance) -> None:
    assert decode(encode(provenance)) == provenance


@given(st.text() | st.text().map(lambda text: f"web:{text}") | st.dictionaries(st.text(), st.text()).map(json.dumps))
def test_decoding_never_fails(stored: str) -> None:
    decode(stored)


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
