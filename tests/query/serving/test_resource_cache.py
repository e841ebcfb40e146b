"""What is read of a library once, for as long as it stays as it is."""

from __future__ import annotations

from pathlib import Path

import seekpoint
from seekpoint.index.open import open_reader
from seekpoint.query.serving.resource_cache import ResourceCaches
from tests.fakes import TopicEncoder
from tests.indexer.builds import webvtt


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


def test_examples_in_a_language_come_first_and_are_found_once(tmp_path: Path) -> None:
    english = "Why does a mask hide the future from the decoder?"
    chinese = "为什么掩码要把未来藏起来，不让解码器看见？"
    for language, line, video in (("en", english, "e" * 11), ("zh", chinese, "z" * 11)):
        (tmp_path / f"Masks [{video}].{language}.vtt").write_text(webvtt(line), encoding="utf-8")
    seekpoint.build(tmp_path, tmp_path / "library", encoder=TopicEncoder(), translate=False)
    with open_reader(tmp_path / "library") as reader:
        cache = ResourceCaches().of(reader)
        assert cache.examples("en")[:2] == [english, chinese]
        assert cache.examples("zh")[:2] == [chinese, english]
        assert cache.examples("zh") is cache.examples("zh")


def test_the_examples_of_a_recording_with_captions_in_two_languages_are_in_the_wanted_one(tmp_path: Path) -> None:
    lines = {"en": "Why does a mask hide the future?", "zh": "为什么掩码要把未来藏起来，不让解码器看见？"}
    for language, line in lines.items():
        (tmp_path / f"Masks [ddddddddddd].{language}.vtt").write_text(webvtt(line), encoding="utf-8")
    seekpoint.build(tmp_path, tmp_path / "library", encoder=TopicEncoder(), translate=False)
    with open_reader(tmp_path / "library") as reader:
        cache = ResourceCaches().of(reader)
        assert {language: cache.examples(language)[0] for language in lines} == lines
