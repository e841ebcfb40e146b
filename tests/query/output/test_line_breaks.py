"""Lines of a terminal: their widths, their indents, and where they are broken."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wcwidth import strip_sequences, width

from seekpoint.query.answers import Answer, Confidence
from seekpoint.query.output.terminal import to_text, wrapped
from tests.query.output.examples import EXPLANATION, VIDEO_MOMENT

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


@pytest.mark.parametrize("columns", [*range(60, 201, 7), 200])
@pytest.mark.parametrize("text", TEXTS, ids=["English", "Chinese", "mixed"])
def test_lines_are_full_but_not_too_long_and_hang(text: str, columns: int) -> None:
    first, *rest = shown(text, columns)
    assert first.startswith("   “") and rest
    assert all(re.match(r" {4}\S", line) for line in rest)
    for line in (first, *rest):
        assert width(line) <= columns
    longest = 14 if text == ENGLISH else 10  # "tokens" and its comma; a word in brackets
    assert all(width(line) > columns - longest for line in (first, *rest[:-1]))
    assert "".join([first[4:], *rest]).replace(" ", "") == text.replace(" ", "")


@pytest.mark.parametrize("columns", range(60, 201))
@pytest.mark.parametrize("text", TEXTS, ids=["English", "Chinese", "mixed"])
def test_no_line_begins_with_closing_or_ends_with_opening_punctuation(text: str, columns: int) -> None:
    for line in shown(text, columns)[1:]:
        assert line.strip()[0] not in CLOSING and line[-1] not in OPENING, line


def test_english_words_stay_whole() -> None:
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


@pytest.mark.parametrize("columns", [60, 80, 133, 200])
@pytest.mark.parametrize("styled", [False, True])
@pytest.mark.parametrize("said", TEXTS, ids=["English", "Chinese", "mixed"])
def test_an_answer_fits_into_the_terminal_but_for_its_links(said: str, styled: bool, columns: int) -> None:
    link = "https://example.org/" + "very/" * 60
    resource = replace(VIDEO_MOMENT.resource, title=said[:150], sections=((said[:90], said[:90]),))
    why = replace(EXPLANATION, matched=tuple(said.split())[:40])
    moment = replace(VIDEO_MOMENT, quote=said, resource=resource, chapter=said[:100], link=link, explanation=why)
    text = to_text(
        Answer("?", Confidence.NONE, (moment,), unknown=tuple(said.split()[:30])), styled=styled, width=columns
    )
    lines = text.splitlines()
    too_long = [line for line in lines if width(line) > columns]
    assert [strip_sequences(line).strip() for line in too_long] == [link]
    unbroken = to_text(Answer("?", Confidence.NONE, (moment,), unknown=tuple(said.split()[:30])), styled=styled)
    assert re.sub(r"\s", "", strip_sequences(text)) == re.sub(r"\s", "", strip_sequences(unbroken))
    assert len(unbroken.splitlines()) < len(lines)
