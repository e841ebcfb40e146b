"""Generated chapters and their titles."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from seekpoint import open_library
from seekpoint.index.text.transcript_text import CueText, columns
from seekpoint.index.types import Chapter, Cue, EmbeddedTranscript, Origin, Pieces, ResourceStatus, Transcript
from seekpoint.indexer.transcript.generated_chapters import (
    LEAST_DURATION,
    MOST_COLUMNS,
    chapters,
    titles,
    with_chapters,
)
from tests.fakes import TopicEncoder
from tests.indexer.builds import Workshop
from tests.long_talk import CHINESE, ENGLISH, LINES, SECONDS, talk


def test_a_chapter_begins_where_the_subject_changes() -> None:
    english, chinese = ("attention weights", "bread", "glacier"), ("注意力权重", "面包", "冰川")
    for topics, phrases in ((ENGLISH, english), (CHINESE, chinese)):
        made = chapters(talk(topics))
        assert [chapter.start for chapter in made] == [0.0, SECONDS * LINES, 2 * SECONDS * LINES]
        assert all(phrase in chapter.title.lower() for phrase, chapter in zip(phrases, made, strict=True))
        assert all(chapter.generated for chapter in made)


def test_vectors_tell_topics_apart_whose_words_all_differ() -> None:
    cues = [Cue(10.0 * k, 10.0 * (k + 1), f"Word{k} word{k} word{k} word{k}.") for k in range(120)]
    sums = np.zeros((120, 3), np.float32)
    for k in range(120):
        sums[k, k // 40] = 1.0
    pieces = Pieces(np.array([cue.start for cue in cues]), sums, np.ones(120, np.float32))
    assert [chapter.start for chapter in chapters(cues, pieces)] == [0.0, 400.0, 800.0]


def test_a_chapter_begins_with_a_sentence_in_the_middle_of_a_cue() -> None:
    cues = talk(ENGLISH[:2])
    last, first = cues[LINES - 1], cues[LINES]
    cues[LINES - 1 : LINES + 1] = [last._replace(end=first.end, text=f"{last.text} {first.text}")]
    (_, second) = chapters(cues)
    said = CueText(cues)
    assert second.start == said.second_at(
        said.text.index(first.text, len(" ".join(cue.text for cue in cues[: LINES - 1])))
    )


def test_a_talk_on_one_subject_or_on_none_has_no_chapters() -> None:
    assert chapters(talk(ENGLISH[:1], 90)) == chapters(talk(CHINESE[:1], 90)) == ()
    for text in ("", "...", "的 了 吗", "the of and", "\x1b[2J\u202e"):
        assert chapters([Cue(10.0 * k, 10.0 * k + 10, text) for k in range(100)]) == ()


TALK = "english0001"


def status(workshop: Workshop, cues: Sequence[Cue], chapters: Sequence[tuple[float, str]] = ()) -> ResourceStatus:
    """Build a video with these captions and chapters."""
    lines = {"en": [(cue.start, cue.end - cue.start, cue.text) for cue in cues]}
    workshop.fake.add_video(TALK, "A talk", lines, seconds=int(cues[-1].end), chapters=list(chapters))
    workshop.build(workshop.write("list.md", f"- https://youtu.be/{TALK}"))
    with open_library(workshop.library) as library:
        (found,) = library.resources()
    return found


def test_a_build_stores_them_with_the_transcript_of_a_recording_without_its_own(workshop: Workshop) -> None:
    found = status(workshop, talk(ENGLISH))
    assert [chapter.start for chapter in found.chapters] == pytest.approx([0.0, 300.0, 600.0], abs=10.0)
    with open_library(workshop.library) as library:
        assert library.transcript(TALK).chapters == found.chapters
    workshop.library = workshop.folder / "its own"
    own = (Chapter(0.0, "Welcome"), Chapter(100.0, "Middle"), Chapter(500.0, "End"))
    found = status(workshop, talk(ENGLISH), [(chapter.start, chapter.title) for chapter in own])
    assert found.chapters == own
    with open_library(workshop.library) as library:
        assert library.transcript(TALK).chapters == ()


def test_only_a_recording_of_ten_minutes_gets_some() -> None:
    cues = talk(ENGLISH, int(LEAST_DURATION / SECONDS / len(ENGLISH)))
    for said, count in ((cues, 3), (cues[:-1], 0)):
        given = EmbeddedTranscript(Transcript("en", Origin.MANUAL, tuple(said)), (), np.zeros((0, 8), np.float32))
        assert len(with_chapters(given, TopicEncoder().card).transcript.chapters) == count


REST = ["And then we talk about the weather.", "It was nice.", "The weather is nice today."] * 3
WETTER = ["今天的天气真的非常很好。", "天气很好。"] * 3


@pytest.mark.parametrize(
    ("segments", "expected"),
    [
        (
            [["So.", "You see it here.", "The learning rate is small.", "A learning rate!"], REST],
            ["“The learning rate is small.”", "“The weather is nice today.”"],
        ),
        (
            [["然后我们说。", "学习率太大就会发散。", "学习率。"], WETTER],
            ["“学习率太大就会发散。”", "“今天的天气真的非常很好。”"],
        ),
        (
            [["The softmax of the scores " + "goes on and on " * 9], REST],
            ["“The softmax of the scores goes on and on goes on and on goes on…”", ""],
        ),
        ([["归一化" + "然后" * 40], WETTER], ["“归一化" + "然后" * 15 + "…”", ""]),
        ([["..."], ["the of and the of and the of"], ["的了吗"], []], ["", "", "", ""]),
    ],
)
def test_a_title_quotes_the_sentence_that_tells_it_best_from_the_rest(
    segments: list[list[str]], expected: list[str]
) -> None:
    found = titles(segments)
    assert [title for title, each in zip(found, expected, strict=True) if each] == [each for each in expected if each]
    assert all(
        any(title.strip("“”…") in sentence for sentence in said)
        for title, said in zip(found, segments, strict=True)
        if title
    )


def test_a_whole_sentence_goes_before_the_beginning_of_one_that_tells_little_more() -> None:
    cut_off = "The gradient of the loss is small and then it was nice and it goes on and on."
    assert titles([["The gradient of the loss is flat.", cut_off], REST])[0] == "“The gradient of the loss is flat.”"


@pytest.mark.parametrize(
    "word", ("W" * 300, "字" * 7 + " " + "W" * 300, "漢" * 300, "\u202elearning\x1b[2J rate\u2069\x07")
)
def test_a_title_is_no_wider_than_a_line_and_safe_to_show(word: str) -> None:
    first, _ = titles([[f"The {word}.", f"A {word}."], REST])
    assert columns(first) <= MOST_COLUMNS
    assert first.isprintable() and "\u202e" not in first
