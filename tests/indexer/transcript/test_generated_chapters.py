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
    cues = [Cue(10.0 * k, 10.0 * (k + 1), f"Word{k} word{k}.") for k in range(120)]
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


REST = "And then we talk about the weather. It was nice. The weather is nice today. " * 3


@pytest.mark.parametrize(
    ("segments", "expected"),
    (
        (["The learning rate is small. A large learning rate diverges. ", REST], ["Learning rate", "Weather"]),
        (["学习率太大就会发散。我们要选择学习率。", "今天的天气很好。天气真的很好。"], ["学习率", "天气"]),
        (["學習率太大。選擇學習率。學習率很小。", "今天的天氣很好。天氣真的很好。"], ["學習率", "天氣"]),
        (["迈克尔-乔丹打篮球 迈克尔-乔丹 这是迈克尔-乔丹 ", "今天的天气很好 天气真的很好 "], ["迈克尔-乔丹", "天气"]),
        (["The GPU memory is full. Our gpu memory is full. The GPU memory again. ", REST], ["GPU memory", "Weather"]),
        (
            ["The descent of the gradient. Descent of the gradient. " * 2, REST],
            ["Descent of the gradient", "Weather"],
        ),
        (["...", "the of and", "的了吗", ""], ["", "", "", ""]),
    ),
)
def test_a_title_is_the_phrase_that_the_rest_does_not_say(segments: list[str], expected: list[str]) -> None:
    assert titles(segments) == expected


@pytest.mark.parametrize("empty", ("然後", "居然", "越來越", "一模一樣", "到目前為止", "有時候", "大多数", "什么样的"))
def test_chinese_words_that_say_little_are_in_no_title(empty: str) -> None:
    said = f"{empty}学习率{empty}，{empty}选择学习率，{empty}。学习率{empty}。" * 3
    assert titles([said, "今天的天气很好。天气真的很好。天气。"])[0] == "学习率"


def test_two_phrases_stand_together_where_both_tell_as_much_and_titles_differ() -> None:
    said = "The group norm and the batch size. A group norm or a batch size. Group norm, batch size. " * 2
    assert titles([said, REST])[0] in ("Group norm, batch size", "Batch size, group norm")
    said = "我们要选择学习率 梯度下降 这里有学习率 梯度下降 再看学习率 梯度下降 "  # white space is a pause
    title, _ = titles([said, "然后我们谈天气 今天的天气很好 天气真的很好 "])
    assert sorted(title.split("、")) == ["学习率", "梯度下降"]
    same = "The learning rate decays. A learning rate with warmup. The warmup of the learning rate. "
    first, second, _ = titles([same, same, REST * 4])
    assert first != second


@pytest.mark.parametrize(
    "word", ("W" * 300, "字" * 7 + " " + "W" * 300, "漢" * 300, "\u202elearning\x1b[2J rate\u2069\x07")
)
def test_a_title_is_no_wider_than_sixty_columns_and_safe_to_show(word: str) -> None:
    first, _ = titles([f"The {word}. A {word}. This {word}. " * 2, REST])
    assert columns(first) <= MOST_COLUMNS
    assert first.isprintable() and "\u202e" not in first
