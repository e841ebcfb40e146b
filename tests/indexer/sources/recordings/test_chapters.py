"""Chapters inside recordings: of ID3, of MP4 and of Matroska."""

from __future__ import annotations

from pathlib import Path

import pytest

from seekpoint.index.types import Chapter
from seekpoint.indexer.sources.recordings.chapters import chapters_in
from tests.indexer.sources.recordings.films import sound

pytest.importorskip("av", reason='chapters need one more package: pip install "seekpoint[transcribe]"')

CHAPTERS = (Chapter(0.0, "Opening"), Chapter(2.0, "注意力 & masks"), Chapter(4.0, "The end"))


@pytest.mark.parametrize("suffix", [".mp3", ".m4b", ".mp4", ".mkv", ".opus"])
def test_chapters_are_read_in_each_format(suffix: str, tmp_path: Path) -> None:
    marks = [(chapter.start, chapter.title) for chapter in CHAPTERS]
    assert chapters_in(sound(tmp_path / f"讲座{suffix}", *marks)) == CHAPTERS


def test_times_are_those_that_a_player_shows(tmp_path: Path) -> None:
    first, second = chapters_in(sound(tmp_path / "a.mkv", (0.0, "Opening"), (2.0, "Masks"), start=10))
    assert (first.start, second.start) == pytest.approx((0.0, 2.0), abs=0.1)


def test_chapters_without_a_title_or_after_the_end_are_left_out_and_titles_are_bounded(tmp_path: Path) -> None:
    path = sound(tmp_path / "a.mkv", (0.0, ""), (1.0, "\x1b[31mred\u202e" + 600 * "x"), (2.0, "Masks"), (900.0, "Late"))
    red, masks = chapters_in(path)
    assert (red.title, masks.title) == ("red" + 496 * "x" + "…", "Masks")


def test_titles_that_only_count_are_none(tmp_path: Path) -> None:
    for first, second in (("Chapter 1", "Chapter 02"), ("001", "002"), ("00:00.000", "00:02.000"), ("第1章", "第2章")):
        assert chapters_in(sound(tmp_path / "a.mkv", (0.0, first), (2.0, second))) == ()
        assert len(chapters_in(sound(tmp_path / "a.mkv", (0.0, first), (2.0, "掩码 2")))) == 2
    assert chapters_in(sound(tmp_path / "a.mp3", (0.0, ""), (2.0, ""))) == ()
    assert chapters_in(sound(tmp_path / "a.mkv", (0.0, "The whole talk"))) == ()


def test_what_has_no_chapters_or_is_no_recording_has_none(tmp_path: Path) -> None:
    text = tmp_path / "text.mp3"
    text.write_text("this is no sound", "utf-8")
    assert [chapters_in(path) for path in (sound(tmp_path / "a.mp3"), text, tmp_path / "gone.mp3")] == [(), (), ()]
