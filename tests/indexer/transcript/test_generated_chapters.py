"""Chapters that are made of what is said: where the subject changes, from a sentence on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from seekpoint import open_library
from seekpoint.index.text.transcript_text import CueText, chapters_of
from seekpoint.index.types import Chapter, Cue, Details, Origin, Pieces, ResourceStatus, Transcript
from seekpoint.indexer.transcript.generated_chapters import LEAST_DURATION, chapters
from tests.fake_youtube import FakeYouTube
from tests.indexer.builds import Workshop
from tests.long_talk import CHINESE, ENGLISH, LINES, SECONDS, talk


@pytest.mark.parametrize(
    ("topics", "titles"),
    [(ENGLISH, ("attention weights", "bread", "glacier")), (CHINESE, ("注意力权重", "面包", "冰川"))],
)
def test_a_chapter_begins_where_the_subject_changes(topics: Sequence[Sequence[str]], titles: Sequence[str]) -> None:
    made = chapters(talk(topics))
    assert [chapter.start for chapter in made] == [0.0, SECONDS * LINES, 2 * SECONDS * LINES]
    assert all(title in chapter.title.lower() for title, chapter in zip(titles, made, strict=True))
    assert all(chapter.generated for chapter in made)


def test_vectors_tell_topics_apart_whose_words_all_differ() -> None:
    cues = [Cue(10.0 * k, 10.0 * (k + 1), f"Word{k} word{k}.") for k in range(120)]
    sums = np.zeros((120, 3), np.float32)
    for k in range(120):
        sums[k, k // 40] = 1.0
    pieces = Pieces(np.array([cue.start for cue in cues]), sums, np.ones(120, np.float32))
    assert [chapter.start for chapter in chapters(cues, pieces)] == [0.0, 400.0, 800.0]


def test_a_talk_on_one_subject_has_no_chapters() -> None:
    assert chapters(talk(ENGLISH[:1], 90)) == ()
    assert chapters(talk(CHINESE[:1], 90)) == ()


def test_a_chapter_begins_with_a_sentence_in_the_middle_of_a_cue() -> None:
    cues = talk(ENGLISH[:2])
    last, first = cues[LINES - 1], cues[LINES]
    cues[LINES - 1 : LINES + 1] = [last._replace(end=first.end, text=f"{last.text} {first.text}")]
    (_, second) = chapters(cues)
    said = CueText(cues)
    assert second.start == said.second_at(
        said.text.index(first.text, len(" ".join(cue.text for cue in cues[: LINES - 1])))
    )


@pytest.mark.parametrize("text", ["", "...", "的 了 吗", "the of and", "\x1b[2J\u202e"])
def test_a_talk_that_says_nothing_has_no_chapters(text: str) -> None:
    assert chapters([Cue(10.0 * k, 10.0 * k + 10, text) for k in range(100)]) == ()


# In builds

TALK = "english0001"


@pytest.fixture
def workshop(tmp_path: Path, fake: FakeYouTube) -> Workshop:
    return Workshop(tmp_path, fake)


def status(workshop: Workshop, cues: Sequence[Cue], chapters: Sequence[tuple[float, str]] = ()) -> ResourceStatus:
    """Build a video with these captions and chapters."""
    lines = [(cue.start, cue.end - cue.start, cue.text) for cue in cues]
    seconds = int(cues[-1].end)
    workshop.fake.add_video(TALK, "A talk", {"en": lines}, seconds=seconds, chapters=list(chapters))
    workshop.build(workshop.write("list.md", f"- https://youtu.be/{TALK}"))
    with open_library(workshop.library) as library:
        (found,) = library.resources()
    return found


def test_a_build_stores_them_with_the_transcript(workshop: Workshop) -> None:
    found = status(workshop, talk(ENGLISH))
    assert [chapter.start for chapter in found.chapters] == pytest.approx([0.0, 300.0, 600.0], abs=10.0)
    with open_library(workshop.library) as library:
        assert library.transcript(TALK).chapters == found.chapters


def test_a_recording_with_chapters_of_its_own_keeps_them(workshop: Workshop) -> None:
    found = status(workshop, talk(ENGLISH), [(0, "Welcome"), (100, "Middle"), (500, "End")])
    assert [(chapter.start, chapter.title, chapter.generated) for chapter in found.chapters] == [
        (0.0, "Welcome", False),
        (100.0, "Middle", False),
        (500.0, "End", False),
    ]
    with open_library(workshop.library) as library:
        assert library.transcript(TALK).chapters == ()


def test_one_of_ten_minutes_gets_some(workshop: Workshop) -> None:
    assert len(status(workshop, talk(ENGLISH, int(LEAST_DURATION / SECONDS / len(ENGLISH)))).chapters) == 3


def test_a_recording_shorter_than_ten_minutes_gets_none(workshop: Workshop) -> None:
    lines = int(LEAST_DURATION / SECONDS / len(ENGLISH))
    assert status(workshop, talk(ENGLISH, lines)[:-1]).chapters == ()


def test_the_sources_chapters_come_first() -> None:
    real, made = Chapter(0.0, "Welcome"), Chapter(0.0, "Bread", generated=True)
    transcript = Transcript("en", Origin.LOCAL, (), (made,))
    assert chapters_of(Details(chapters=(real,)), transcript) == (real,)
    assert chapters_of(Details(), transcript) == (made,)
    assert chapters_of(Details(), None) == ()
