"""What is read of a library once, for as long as it stays as it is."""

from __future__ import annotations

from pathlib import Path

import seekpoint
from seekpoint.index.open import open_reader
from seekpoint.query.serving.resource_cache import ResourceCaches
from tests.fakes import TopicEncoder


def build(folder: Path, name: str, text: str) -> None:
    (folder / "notes").mkdir(exist_ok=True)
    (folder / "notes" / name).write_text(text, encoding="utf-8")
    seekpoint.build(folder / "notes", folder / "library", encoder=TopicEncoder(), translate=False)


def test_readers_of_one_revision_share_what_was_read(tmp_path: Path) -> None:
    build(tmp_path, "mask.md", "# On masks\n\nA mask hides what comes later.\n")
    caches = ResourceCaches()
    with open_reader(tmp_path / "library") as reader:
        statuses = caches.of(reader).statuses
    with open_reader(tmp_path / "library") as reader:
        again = caches.of(reader)
        assert (again.reader, again.statuses is statuses) == (reader, True)
        (resource_id,) = statuses
        assert again.transcripts(resource_id)[0].cues


def test_a_changed_library_is_read_anew(tmp_path: Path) -> None:
    build(tmp_path, "mask.md", "# On masks\n\nA mask hides what comes later.\n")
    caches = ResourceCaches()
    with open_reader(tmp_path / "library") as reader:
        assert len(caches.of(reader).statuses) == 1
    build(tmp_path, "掩码.md", "# 掩码\n\n掩码把未来藏起来。\n")
    with open_reader(tmp_path / "library") as reader:
        assert len(caches.of(reader).statuses) == 2
