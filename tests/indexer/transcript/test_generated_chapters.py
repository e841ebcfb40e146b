"""Generated chapters and their titles."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from seekpoint import open_library
from seekpoint.index.text.transcript_text import CueText, chapters_of, columns
from seekpoint.index.types import Chapter, Cue, Details, Origin, Pieces, ResourceStatus, Transcript
from seekpoint.indexer.transcript.generated_chapters import LEAST_DURATION, MOST_COLUMNS, chapters, titles
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


@pytest.mark.parametrize(
    "cues",
    [
        talk(ENGLISH[:1], 90),
        talk(CHINESE[:1], 90),
        *(
            [Cue(10.0 * k, 10.0 * k + 10, text) for k in range(100)]
            for text in ("", "...", "的 了 吗", "the of and", "\x1b[2J\u202e")
        ),
    ],
)
def test_a_talk_on_one_subject_or_on_none_has_no_chapters(cues: Sequence[Cue]) -> None:
    assert chapters(cues) == ()


def test_a_chapter_begins_with_a_sentence_in_the_middle_of_a_cue() -> None:
    cues = talk(ENGLISH[:2])
    last, first = cues[LINES - 1], cues[LINES]
    cues[LINES - 1 : LINES + 1] = [last._replace(end=first.end, text=f"{last.text} {first.text}")]
    (_, second) = chapters(cues)
    said = CueText(cues)
    assert second.start == said.second_at(
        said.text.index(first.text, len(" ".join(cue.text for cue in cues[: LINES - 1])))
    )


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
    own = [(0, "Welcome"), (100, "Middle"), (500, "End")]
    assert status(workshop, talk(ENGLISH), own).chapters == tuple(Chapter(start, title) for start, title in own)
    with open_library(workshop.library) as library:
        assert library.transcript(TALK).chapters == ()


def test_only_a_recording_of_ten_minutes_or_more_gets_some(workshop: Workshop) -> None:
    cues = talk(ENGLISH, int(LEAST_DURATION / SECONDS / len(ENGLISH)))
    assert status(workshop, cues[:-1]).chapters == ()
    workshop.library = workshop.folder / "another"
    assert len(status(workshop, cues).chapters) == 3


def test_the_sources_chapters_come_first() -> None:
    real, made = Chapter(0.0, "Welcome"), Chapter(0.0, "Bread", generated=True)
    transcript = Transcript("en", Origin.LOCAL, (), (made,))
    assert chapters_of(Details(chapters=(real,)), transcript) == (real,)
    assert chapters_of(Details(), transcript) == (made,)
    assert chapters_of(Details(), None) == ()


REST = "And then we talk about the weather. It was nice. The weather is nice today. " * 3


WEATHER = "然后我们谈天气。今天的天气很好。天气真的很好。"


@pytest.mark.parametrize(
    ("said", "rest", "title"),
    [
        (
            "The learning rate is small. A learning rate diverges. Pick the learning rate. ",
            REST,
            "Learning rate",
        ),
        ("学习率太大就会发散。我们要选择学习率。这个学习率很小。", WEATHER, "学习率"),
        ("學習率太大。選擇學習率。學習率很小。", "今天的天氣很好。天氣真的很好。", "學習率"),
        ("迈克尔-乔丹打篮球 迈克尔-乔丹 这是迈克尔-乔丹 ", WEATHER, "迈克尔-乔丹"),
        ("The GPU memory is full. Our gpu memory is full. The GPU memory again. ", REST, "GPU memory"),
        (
            "The descent of the gradient. " * 3,
            REST,
            "Descent of the gradient",
        ),
        *(
            (f"{empty}学习率{empty}，{empty}选择学习率，{empty}。学习率{empty}。" * 3, WEATHER, "学习率")
            for empty in ("然後", "居然", "越來越", "一模一樣", "到目前為止", "有時候", "大多数", "什么样的")
        ),
    ],
)
def test_a_title_is_the_phrase_that_the_rest_does_not_say(said: str, rest: str, title: str) -> None:
    """It has whole words as they are written most often, and neither begins nor ends with one that says little."""
    first, second = titles([said, rest])
    assert first == title
    assert second == ("天氣" if "氣" in rest else "天气" if rest == WEATHER else "Weather")


def test_white_space_between_chinese_words_is_a_pause() -> None:
    said = "我们要选择学习率 梯度下降 这里有学习率 梯度下降 再看学习率 梯度下降 "
    title, _ = titles([said, WEATHER])
    assert sorted(title.split("、")) == ["学习率", "梯度下降"]


def test_two_phrases_stand_together_where_both_tell_as_much() -> None:
    said = "The group norm and the batch size. A group norm or a batch size. Group norm, batch size. " * 2
    assert titles([said, REST])[0] in ("Group norm, batch size", "Batch size, group norm")


def test_titles_differ() -> None:
    said = "The learning rate decays. A learning rate with warmup. The warmup of the learning rate. "
    first, second, _ = titles([said, said, REST * 4])
    assert first != second


@pytest.mark.parametrize(
    "word", ["W" * 300, "字" * 7 + " " + "W" * 300, "漢" * 300, "\u202elearning\x1b[2J rate\u2069\x07"]
)
def test_a_title_is_printable_and_no_wider_than_sixty_columns(word: str) -> None:
    first, _ = titles([f"The {word}. A {word}. This {word}. " * 2, REST])
    assert first.isprintable() and columns(first) <= MOST_COLUMNS


def test_what_has_no_words_has_no_title() -> None:
    assert titles(["...", "the of and", "的了吗", ""]) == ["", "", "", ""]
