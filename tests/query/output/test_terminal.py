from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seekpoint.index.types import Kind, Resource
from seekpoint.query.answers import Answer, Doubt, Explanation, Moment, Translation, Window
from seekpoint.query.output.terminal import doubt_text, explanation_lines, to_text
from tests.query.output.examples import EXPLANATION

RESOURCE = Resource(
    "wjZofJX0v4M",
    Kind.VIDEO,
    "什么是注意力",
    "https://www.youtube.com/watch?v=wjZofJX0v4M",
    (("Attention", "Masks"), ("More",)),
)
MOMENT = Moment(
    rank=1,
    score=0.83,
    resource=RESOURCE,
    language="zh",
    start=754.2,
    end=801.0,
    quote="现在讲掩码 and masks",
    link="https://www.youtube.com/watch?v=wjZofJX0v4M&t=754s",
    marks=((3, 5), (10, 15)),
)
ANSWER = Answer("什么是掩码？", True, (MOMENT,))
SHORT_EXPLANATION = Explanation(
    0.9, 0.5, 0.55, False, ("掩码",), (Translation("掩码", ("masks",)),), (Window(750.0, 780.0, 0.9),)
)
EXPLAINED = Answer("什么是掩码？", True, (replace(MOMENT, explanation=SHORT_EXPLANATION),), Doubt(0.2, ("Zorblax",)))
BARE = replace(EXPLANATION, stands_in=False, matched=(), translated=(), windows=())
HOSTILE = "a\x1b[31mb\x07\u202ec\n\x9b2Jd\u2066\r"


def test_text_shows_title_time_language_sections_quote_and_link() -> None:
    assert to_text(ANSWER, styled=False).splitlines() == [
        "1. 什么是注意力  12:34 · zh",
        "   Attention › Masks",
        "   More",
        "   “现在讲*掩码* and *masks*”",
        "   https://www.youtube.com/watch?v=wjZofJX0v4M&t=754s",
    ]


def test_the_chapter_stands_between_sections_and_quote() -> None:
    titled = Answer("q", True, (replace(MOMENT, chapter="位置编码 \x1b[31mA*\u202e"),))
    assert to_text(titled, styled=False).splitlines()[2:4] == [
        "   More",
        "   in: *位置编码 A**",
    ]
    assert "   in: \x1b[1m位置编码 A*\x1b[0m\n" in to_text(titled, styled=True)


def test_a_terminal_gets_bold_matches_and_a_link_to_click() -> None:
    text = to_text(ANSWER, styled=True)
    assert "讲\x1b[1m掩码\x1b[0m and" in text
    assert f"\x1b]8;;{MOMENT.link}\x1b\\" in text


def test_a_link_that_is_not_opened_is_shown_but_not_to_click() -> None:
    link = "file://host/share/run.exe#t=3"
    text = to_text(Answer("q", True, (replace(MOMENT, link=link),)), styled=True)
    assert link in text
    assert "\x1b]8" not in text


def test_a_text_says_that_there_is_no_answer() -> None:
    assert to_text(Answer("?", False, ()), styled=False) == "Nothing here answers that."


def test_hostile_text_cannot_reach_the_terminal() -> None:
    hostile = "a\x1b[31mred\x07\u202etxt\n\x9bend"
    resource = Resource("x", Kind.VIDEO, hostile, "https://e.org/\x1b]8", ((hostile,),))
    moment = Moment(1, 0.5, resource, "en", 1.0, 2.0, hostile, resource.url, marks=((0, 4),))
    text = to_text(Answer("q", True, (moment,)), styled=False)
    assert all(character.isprintable() or character == "\n" for character in text)
    assert len(text.splitlines()) == 4


def test_the_nearest_moments_are_shown_where_nothing_answers() -> None:
    text = to_text(replace(ANSWER, answered=False), styled=False)
    assert text == f"Nothing here answers that; nearest:\n\n{to_text(ANSWER, styled=False)}"


def test_the_explanation_is_below_its_moment_and_the_doubt_at_the_end() -> None:
    plain, lines = (to_text(answer, styled=False).splitlines() for answer in (ANSWER, EXPLAINED))
    assert lines[: len(plain)] == plain
    assert lines[len(plain)].strip().startswith("score 0.830 = ")
    assert lines[-2] == "" and lines[-1].endswith("since nothing here says Zorblax.")
    assert "   \x1b[2mwords said here: 掩码\x1b[0m\n" in to_text(EXPLAINED, styled=True)


def test_a_hostile_explanation_cannot_reach_the_terminal() -> None:
    hostile = "a\x1b[31mred\x07\u202etxt\n\x9b2J"
    why = replace(SHORT_EXPLANATION, matched=(hostile,), translated=(Translation(hostile, (hostile,)),))
    answer = Answer(hostile, False, (replace(MOMENT, explanation=why),), Doubt(0.2, (hostile,)))
    text = to_text(answer, styled=False)
    assert all(character.isprintable() or character == "\n" for character in text)
    assert len(text.splitlines()) == len(to_text(replace(EXPLAINED, answered=False), styled=False).splitlines())


def test_an_explanation_in_words() -> None:
    assert list(explanation_lines(0.276, EXPLANATION)) == [
        "score 0.276 = 0.55 × meaning 0.420 + 0.45 × words 0.100",
        "found in another language than the question's: meaning and translations stand in for words",
        "words said here: Masks, 掩码",
        "said here in translation: 掩码 → mask, masks; 自注意力 → self, attention",
        "nearest in meaning: 0:08 to 0:38 (0.50), and around a place 59:30 to 1:01:00 (0.38)",
    ]


def test_the_bonus_for_a_named_resource_is_part_of_the_sum() -> None:
    named = replace(BARE, named=0.15)
    (line,) = explanation_lines(0.426, named)
    assert line == "score 0.426 = 0.55 × meaning 0.420 + 0.45 × words 0.100 + 0.15, for the question names it"


def test_an_explanation_leaves_out_what_is_empty() -> None:
    assert list(explanation_lines(0.276, BARE)) == ["score 0.276 = 0.55 × meaning 0.420 + 0.45 × words 0.100"]


@pytest.mark.parametrize("names", [("Zorblax",), ("Zorblax", "量子")])
def test_a_doubt_names_the_unknown_words(names: tuple[str, ...]) -> None:
    doubt = Doubt(0.2229, names)
    assert doubt_text(doubt).endswith(f"from a score of 0.223 on, since nothing here says {', '.join(names)}.")


def test_a_doubt_without_unknown_words_has_only_the_score() -> None:
    assert doubt_text(Doubt(0.2229, ())) == "The first moment is an answer from a score of 0.223 on."


@given(st.text(max_size=20) | st.just(HOSTILE))
@settings(max_examples=100)
def test_an_explanation_has_no_line_break_whatever_its_words(text: str) -> None:
    hostile = replace(EXPLANATION, matched=(text, HOSTILE), translated=(Translation(text, (text, HOSTILE)),))
    for line in [*explanation_lines(0.5, hostile), doubt_text(Doubt(0.2, (text, HOSTILE)))]:
        assert not set(line) & set("\x1b\x9b\x07\r\n\u2028\u202e\u2066")
        assert line.splitlines() == [line]
