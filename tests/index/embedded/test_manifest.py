"""The manifest: it is replaced whole, and what it says of files is checked."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from seekpoint.index.embedded.manifest import FILE, FileRecord, Manifest, SegmentRecord
from seekpoint.index.errors import DamagedLibrary, ForeignLibrary
from seekpoint.index.types import ModelCard

MANIFEST = Manifest(
    ModelCard("模型", 3, "fingerprint"),
    (SegmentRecord(FileRecord("vectors-1.faiss", 10, "0" * 64, 1), 1, 3, 2),),
    1,
    FileRecord("library.db", 5, "1" * 64, 2),
)


def test_what_is_saved_is_loaded_and_replaced_in_one_step(tmp_path: Path) -> None:
    MANIFEST.save(tmp_path)
    with (tmp_path / FILE).open("rb") as old:
        for manifest in (Manifest(MANIFEST.model), MANIFEST, MANIFEST.unsealed()):
            manifest.save(tmp_path)
            assert Manifest.load(tmp_path) == manifest
        assert json.load(old)["database"] is not None
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


def test_what_isnt_a_manifest_any_more_is_damage(tmp_path: Path) -> None:
    for text in ("", "{", "[]", "\x00", "🤷", '{"checksum": "0"}'):
        (tmp_path / FILE).write_text(text, encoding="utf-8")
        with pytest.raises(DamagedLibrary, match=f"{FILE}.*Run `seekpoint build SOURCE`"):
            Manifest.load(tmp_path)


def test_another_programs_manifest_and_one_of_a_newer_format_are_foreign(tmp_path: Path) -> None:
    newer = {"format": "seekpoint", "version": 99, "something": "new"}
    checksum = hashlib.sha256(json.dumps(newer, sort_keys=True).encode()).hexdigest()
    for content, told in (
        ({}, "--index"),
        ({"format": "地图", "version": 3}, "--index"),
        (newer | {"checksum": checksum}, r"format 99.*upgrade Seekpoint"),
    ):
        (tmp_path / FILE).write_text(json.dumps(content), encoding="utf-8")
        with pytest.raises(ForeignLibrary, match=told):
            Manifest.load(tmp_path)


def test_a_file_is_believed_unless_it_differs(tmp_path: Path) -> None:
    file = tmp_path / "数据"
    file.write_bytes(b"hello")
    record = FileRecord.of(file)
    record.check(tmp_path)
    replace(record, modified=0).check(tmp_path)  # a copy has another time
    file.write_bytes(b"hallo")
    os.utime(file, ns=(0, 0))
    with pytest.raises(DamagedLibrary, match="checksum"):
        record.check(tmp_path)
    file.write_bytes(b"hell")
    with pytest.raises(DamagedLibrary, match="4 bytes, not 5"):
        record.check(tmp_path)
