"""Answers as text for a terminal, and where its lines break."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wcwidth import strip_sequences, width

from seekpoint.index.types import KeptMoment, Kind, Resource
from seekpoint.query.answers import Answer, Confidence, Estimate, Explanation, Moment, Translation, Window
from seekpoint.query.output import kept_files
from seekpoint.query.output.exports import to_markdown
from seekpoint.query.output.notebook import answer_html
from seekpoint.query.output.terminal import estimate_text, explanation_lines, to_text, verdict, wrapped
from tests.query.output.examples import EXPLANATION, VIDEO_MOMENT

MOMENT = replace(VIDEO_MOMENT, quote="现在讲掩码 and masks", chapter=None)
ANSWER = Answer("什么是掩码？", Confidence.HIGH, (MOMENT,))
SHORT_EXPLANATION = Explanation(
    0.9, 0.5, 0.55, False, ("掩码",), (Translation("掩码", ("masks",)),), (Window(750.0, 780.0, 0.9),)
)
HOSTILE = "a\x1b[31mb\x07\u202ec\n\x9b2Jd\u2066\r"
ESTIMATE = Estimate(0.8, 0.6, 0.42, 0.25, 0.5, -1.0, 0.1, 0.4)
EXPLAINED = replace(
    ANSWER, moments=(replace(MOMENT, explanation=SHORT_EXPLANATION),), unknown=("Zorblax",), estimate=ESTIMATE
)


def test_text_shows_title_time_language_sections_chapter_quote_and_link() -> None:
    assert to_text(ANSWER, styled=False).splitlines() == [
        "1. 什么是注意力  12:34 · zh",
        "   Attention › Masks",
        "   More",
        "   “现在讲*掩码* and *masks*”",
        "   https://www.youtube.com/watch?v=wjZofJX0v4M&t=754s",
    ]
    text = to_text(ANSWER, styled=True)
    assert "讲\x1b[1m掩码\x1b[0m and" in text
    assert f"\x1b]8;;{MOMENT.link}\x1b\\" in text
    titled = Answer("q", Confidence.HIGH, (replace(MOMENT, chapter="位置编码 \x1b[31mA*\u202e"),))
    assert to_text(titled, styled=False).splitlines()[2:4] == ["   More", "   in: *位置编码 A**"]
    assert "   in: \x1b[1m位置编码 A*\x1b[0m\n" in to_text(titled, styled=True)
    link = "file://host/share/run.exe#t=3"
    text = to_text(Answer("q", Confidence.HIGH, (replace(MOMENT, link=link),)), styled=True)
    assert link in text
    assert "\x1b]8" not in text, "nothing to click that isn't opened"


@pytest.mark.parametrize(("kind", "place"), [(Kind.PAPER, "p. 7"), (Kind.DOCUMENT, "slide 7")])
def test_a_page_of_a_paper_and_a_slide_are_named(kind: Kind, place: str) -> None:
    moment = replace(MOMENT, start=None, page=7, resource=replace(MOMENT.resource, kind=kind))
    answer = Answer("什么是掩码？", Confidence.HIGH, (moment,))
    assert to_text(answer, styled=False).splitlines()[0] == f"1. 什么是注意力  {place} · zh"
    assert f" · {place} · zh" in to_markdown(answer) and place in answer_html(answer)
    kept = KeptMoment(moment.resource, "zh", None, 7, None, "掩码", moment.link)
    assert f" · {place} · zh" in kept_files.to_markdown([kept]) and place in kept_files.to_anki([kept])


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        (replace(ANSWER, missing=("位置编码", "a\x1b b", "c")), "No passage has “位置编码”, “a b” and “c”."),
        (replace(ANSWER, nearer=True), "Nearer passages lack what is in quotation marks: omit the quotation marks."),
        (replace(ANSWER, excluded=("mask",)), ""),
        (
            Answer("q", Confidence.NONE, (), excluded=("mask", "掩码")),
            "All that is near has “mask” or “掩码”. Nothing here answers that.",
        ),
        (replace(ANSWER, confidence=Confidence.LOW), "One of these may answer it:"),
        (
            replace(ANSWER, confidence=Confidence.LOW, unknown=("Zorblax", "量子")),
            "Nothing here mentions Zorblax, 量子. One of these may answer it:",
        ),
        (replace(ANSWER, confidence=Confidence.NONE), "Nothing here answers that; nearest:"),
        (Answer("?", Confidence.NONE, ()), "Nothing here answers that."),
    ],
)
def test_the_verdict_is_above_the_moments(answer: Answer, line: str) -> None:
    assert verdict(answer) == line
    plain = to_text(ANSWER, styled=False) if answer.moments else ""
    assert to_text(answer, styled=False) == "\n\n".join(filter(None, [line, plain]))


def test_hostile_text_cannot_reach_the_terminal() -> None:
    hostile = "a\x1b[31mred\x07\u202etxt\n\x9bend"
    resource = Resource("x", Kind.VIDEO, hostile, "https://e.org/\x1b]8", ((hostile,),))
    why = replace(SHORT_EXPLANATION, matched=(hostile,), translated=(Translation(hostile, (hostile,)),))
    moment = Moment(1, 0.5, resource, "en", 1.0, 2.0, hostile, resource.url, marks=((0, 4),), explanation=why)
    text = to_text(Answer(hostile, Confidence.NONE, (moment,), (hostile,), estimate=ESTIMATE), styled=False)
    assert all(character.isprintable() or character == "\n" for character in text)
    assert len(text.splitlines()) == 12


def test_the_explanation_is_below_its_moment_and_the_estimate_at_the_end() -> None:
    plain, lines = (to_text(answer, styled=False).splitlines() for answer in (ANSWER, EXPLAINED))
    assert lines[: len(plain) + 2] == ["Nothing here mentions Zorblax.", "", *plain]
    assert lines[len(plain) + 2].strip().startswith("score 0.830 = ")
    assert lines[-2] == "" and lines[-1].startswith("There is an answer here with a probability of 0.80, and ")
    assert "   \x1b[2mwords said here: 掩码\x1b[0m\n" in to_text(EXPLAINED, styled=True)


@given(st.text(max_size=20) | st.just(HOSTILE))
def test_an_explanation_has_no_line_break_whatever_its_words(text: str) -> None:
    translated = (Translation(text, (text, HOSTILE)),)
    hostile = replace(EXPLANATION, matched=(text, HOSTILE), translated=translated, answers=text)
    for line in [*explanation_lines(0.5, hostile), verdict(replace(ANSWER, unknown=(text, HOSTILE)))]:
        assert not set(line) & set("\x1b\x9b\x07\r\n\u2028\u202e\u2066")
        assert line.splitlines() == [line]


def test_an_explanation_and_an_estimate_in_words() -> None:
    meaning = "score 0.276 = 0.55 × meaning 0.420 + 0.45 × words 0.100"
    assert list(explanation_lines(0.276, EXPLANATION)) == [
        meaning,
        "found in another language than the question's: meaning and translations stand in for words",
        "words said here: Masks, 掩码",
        "said here in translation: 掩码 → mask, masks; 自注意力 → self, attention",
        "nearest in meaning: 0:08 to 0:38 (0.50), and around a place 59:30 to 1:01:00 (0.38)",
    ]
    bare = replace(EXPLANATION, stands_in=False, matched=(), translated=(), windows=())
    assert [*explanation_lines(0.276, bare)] == [meaning]
    named = replace(bare, named=0.15)
    assert [*explanation_lines(0.276, named)] == [f"{meaning} + 0.15 (the question names it)"]
    noted = replace(bare, noted=0.2, answers="掩码藏了什么？")
    assert [*explanation_lines(0.276, noted)] == [
        f"{meaning} + 0.200 (answers a question like it)",
        "answers, as noted here: 掩码藏了什么？",
    ]
    reworded = replace(bare, reworded=0.1)
    assert [*explanation_lines(0.376, reworded)] == [
        f"{meaning.replace('0.276', '0.376')} + 0.100 (found by another wording, too)"
    ]
    assert [*explanation_lines(0.9, replace(reworded, reranked=0.8))] == [
        "score 0.800, given by the reranker + 0.100 (found by another wording, too)",
        meaning,
    ]
    assert estimate_text(ESTIMATE) == (
        "There is an answer here with a probability of 0.80, and it is the first moment with 0.60: meaning 0.420, "
        "rarity of the words not said there 0.25, score 0.100 above the next five, of which 40% are of the same "
        "resource."
    )


ENGLISH = "A mask hides the tokens that come later, so that no word can look at its own answer. " * 6
CHINESE = "现在讲掩码：它把后面的词都藏起来，所以（在训练的时候）模型不能偷看“答案”……不然就没有意义了！对不对？" * 6
MIXED = "我们用 attention mask 把 future tokens 藏起来，every word，只看前面的。" * 8
TEXTS = [ENGLISH, CHINESE, MIXED]
# What no line may begin with, and what none may end with.
CLOSING, OPENING = "，。：；！？、）】》”’…,.:;!?)", "（【《“‘("
WORDS = st.lists(
    st.sampled_from(
        ["mask", "注意力", "掩码，", "（位置）", "“quoted”", "a-b", "👩‍💻", "é", "がっこう", "한국어", "x" * 90]
    )
)


def shown(text: str, columns: int) -> list[str]:
    return [strip_sequences(line) for line in wrapped(text, columns, "   “", "    ")]


@pytest.mark.parametrize("text", TEXTS, ids=["English", "Chinese", "mixed"])
def test_lines_are_full_but_not_too_long_hang_and_break_where_they_may(text: str) -> None:
    longest = 14 if text == ENGLISH else 10  # "tokens" and its comma; a word in brackets
    for columns in range(60, 201, 3):
        first, *rest = shown(text, columns)
        assert first.startswith("   “") and rest
        assert all(re.match(r" {4}\S", line) for line in rest)
        assert all(width(line) <= columns for line in (first, *rest))
        assert all(width(line) > columns - longest for line in (first, *rest[:-1]))
        assert "".join([first[4:], *rest]).replace(" ", "") == text.replace(" ", "")
        for line in rest:
            assert line.strip()[0] not in CLOSING and line[-1] not in OPENING, line
    words = set(ENGLISH.split())
    assert all(set(line.replace("“", "").split()) <= words for line in shown(ENGLISH, 60))


def test_a_style_goes_on_in_the_next_line_and_ends_with_each() -> None:
    lines = wrapped(f"before \x1b[1m{CHINESE}\x1b[0m after", 60)
    assert all(line.startswith("\x1b[1m") and line.endswith("\x1b[0m") for line in lines[1:-1])
    assert lines[-1].endswith("\x1b[0m after")


@given(WORDS, st.sampled_from(["", " "]), st.integers(1, 200))
def test_whatever_is_broken_is_all_there_and_fits(words: list[str], joint: str, columns: int) -> None:
    text = joint.join(words)
    lines = wrapped(text, columns, "  ", "    ")
    assert all(width(line) <= max(columns, 20) for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


@pytest.mark.parametrize("said", TEXTS, ids=["English", "Chinese", "mixed"])
def test_an_answer_fits_into_the_terminal_but_for_its_links(said: str) -> None:
    link = "https://example.org/" + "very/" * 60
    resource = replace(VIDEO_MOMENT.resource, title=said[:150], sections=((said[:90], said[:90]),))
    why = replace(EXPLANATION, matched=tuple(said.split())[:40])
    moment = replace(VIDEO_MOMENT, quote=said, resource=resource, chapter=said[:100], link=link, explanation=why)
    answer = Answer("?", Confidence.NONE, (moment,), unknown=tuple(said.split()[:30]))
    for styled in (False, True):
        unbroken = to_text(answer, styled=styled)
        for columns in (60, 133, 200):
            text = to_text(answer, styled=styled, width=columns)
            too_long = [line for line in text.splitlines() if width(line) > columns]
            assert [strip_sequences(line).strip() for line in too_long] == [link]
            assert re.sub(r"\s", "", strip_sequences(text)) == re.sub(r"\s", "", strip_sequences(unbroken))
            assert len(unbroken.splitlines()) < len(text.splitlines())
