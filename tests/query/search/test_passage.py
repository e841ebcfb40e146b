"""Where an answer may begin: at a sentence, else after a pause, else at any cue."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from seekpoint.index.types import Cue
from seekpoint.query.search.moments import Passage


def passage(
    *cues: tuple[float, float, str], position: int = 0, first: int = 0, stop: int | None = None, plays: bool = True
) -> Passage:
    return Passage([Cue(*cue) for cue in cues], position, first, stop or len(cues), plays=plays)


def begun(found: Passage) -> list[str]:
    stops = [*found.beginnings[1:], len(found.text) + 1]
    return [found.text[start : stop - 1] for start, stop in zip(found.beginnings, stops, strict=True)]


ENGLISH = [
    (0.0, 4.0, "So much for the history"),
    (4.0, 8.0, "of the field. Now the mask"),
    (8.0, 12.0, 'hides "the future." “Why?”'),
    (12.0, 16.0, "Because it would be cheating."),
]
CHINESE = [
    (0.0, 4.0, "先说历史。现在讲"),
    (4.0, 8.0, "掩码，它把未来藏起来。”那么"),
    (8.0, 12.0, "为什么呢？因为那是作弊。"),
]


def test_an_answer_may_begin_at_a_sentence_though_a_cue_begins_in_the_middle_of_one() -> None:
    assert begun(passage(*ENGLISH)) == [
        "So much for the history of the field.",
        'Now the mask hides "the future."',
        "“Why?”",
        "Because it would be cheating.",
    ]


def test_chinese_sentences_end_without_a_space() -> None:
    found = passage(*CHINESE)
    assert [found.text[offset:][:4] for offset in found.beginnings] == ["先说历史", "现在讲 ", "那么 为", "因为那是"]


def test_the_second_is_interpolated_by_characters() -> None:
    found = passage(*ENGLISH)
    seconds = [found.second_at(offset) for offset in found.beginnings]
    assert seconds == pytest.approx([0.0, 4.0 + 4 * 14 / 26, 8.0 + 4 * 20 / 26, 12.0], abs=0.01)


def test_a_sentence_in_a_cue_that_stays_on_the_screen_is_not_late() -> None:
    shown = passage((0.0, 40.0, "Watch. Here it moves."), (40.0, 44.0, "It stops. Then it turns."))
    assert [shown.second_at(offset) for offset in shown.beginnings[:2]] == [0.0, pytest.approx(7 / 6, abs=0.01)]
    chinese = passage((0.0, 40.0, "请看这里。它动了。"), (40.0, 44.0, "它停了。然后转弯。"))
    assert chinese.second_at(chinese.beginnings[1]) == pytest.approx(10 / 6, abs=0.01)


def test_a_sentence_begins_before_the_cue_in_which_the_answer_was_found() -> None:
    found = passage(*ENGLISH, position=7, first=2)
    assert begun(found)[0] == 'Now the mask hides "the future."'
    assert found.cue_at(found.beginnings[0]) == 1


def test_before_the_first_end_of_a_sentence_nothing_is_known_but_at_the_start_of_the_transcript() -> None:
    assert begun(passage(*ENGLISH, position=7))[0] == 'Now the mask hides "the future."'
    assert begun(passage(*ENGLISH, position=0))[0] == "So much for the history of the field."


def test_an_answer_begins_before_the_end_of_its_passage_and_is_quoted_beyond_it() -> None:
    found = passage(*ENGLISH, stop=2)
    assert [found.text[offset:][:8] for offset in found.beginnings] == ["So much ", "Now the "]
    assert len(found.cues_from(found.beginnings[-1])) == 3
    assert begun(passage(*ENGLISH[:1], (4.0, 8.0, "of the field"), position=7)) == [
        "So much for the history",
        "of the field",
    ]


def test_what_is_quoted_begins_with_the_sentence() -> None:
    found = passage(*ENGLISH)
    cues = found.cues_from(found.beginnings[1])
    assert [cue.text for cue in cues] == ["Now the mask", 'hides "the future." “Why?”', "Because it would be cheating."]
    assert cues[0].start == found.second_at(found.beginnings[1]) and cues[0].end == 8.0


@pytest.mark.parametrize(
    "text",
    [
        "We ask Dr. Smith and J. Doe, e.g. Tuesday",
        "It took 3.5 seconds to load www.example.com",
        "He said wait... and then it works. maybe not",
        "它快了3.5倍, e.g. 昨天",
    ],
)
def test_these_marks_end_no_sentence(text: str) -> None:
    assert begun(passage((0.0, 9.0, f"First. {text}"))) == ["First.", text]


@pytest.mark.parametrize(
    ("words", "beginnings"),
    [
        (["so the mask", "hides it", "and now", "we train"], ["so the mask hides it", "and now we train"]),
        (["所以掩码", "把它藏起来", "那么现在", "来训练"], ["所以掩码 把它藏起来", "那么现在 来训练"]),
    ],
)
def test_without_punctuation_an_answer_begins_after_a_pause(words: Sequence[str], beginnings: list[str]) -> None:
    starts = (0.0, 5.0, 10.6, 15.0)
    cues = [(start, start + 5.0 - 0.4 * (start == 10.6), text) for start, text in zip(starts, words, strict=True)]
    assert begun(passage(*cues)) == beginnings


def test_without_punctuation_and_pauses_an_answer_begins_at_any_cue() -> None:
    cues = [(10.0 * k, 10.0 * k + 10, f"第{k}行" if k % 2 else f"line {k}") for k in range(6)]
    assert begun(passage(*cues)) == [text for _, _, text in cues]
    assert len(passage(*cues[:5], (50.0, 60.0, "is it? So"), position=1).beginnings) == 6, "one mark a minute is none"


def test_one_huge_cue_is_divided() -> None:
    text = " ".join(f"This is sentence number {k}." for k in range(10))
    found = passage((100.0, 140.0, text), position=3)
    assert [round(found.second_at(offset)) for offset in found.beginnings] == [100 + 4 * k for k in range(1, 10)]


def test_a_cue_without_an_end_begins_where_it_begins() -> None:
    found = passage((5.0, 5.0, "One. Two."), (9.0, 9.0, "三。四。"))
    assert [found.second_at(offset) for offset in found.beginnings] == [5.0, 5.0, 9.0, 9.0]


def test_the_cues_of_a_text_are_its_sentences_and_headings() -> None:
    cues = [(0.0, 1.0, "Masks"), (1.0, 4.0, "A mask hides e.g. Tuesday. It is a matrix"), (4.0, 5.0, "and so on.")]
    assert begun(passage(*cues, plays=False)) == [text for _, _, text in cues]
