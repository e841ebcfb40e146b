"""What is suggested for what is typed, and the questions on an empty page."""

from __future__ import annotations

import pytest

from seekpoint.index.types import Chapter, Cue, Kind, Origin, Resource, Transcript
from seekpoint.query.serving.resource_cache import Suggestions, Suggests, example_questions

MASKS = Resource("a", Kind.VIDEO, "Masks and the future", "https://example.org/a")
CHINESE = Resource("b", Kind.VIDEO, "自注意力機制", "https://example.org/b")
LEARNING = Resource("c", Kind.VIDEO, "On unmasking", "https://example.org/c")
ALL = Suggestions.of(
    ["Masking", "注意力"],
    [(MASKS, [Chapter(30.0, "Why the future is masked")]), (CHINESE, [Chapter(5.0, "為什麼要多頭")]), (LEARNING, [])],
)


@pytest.mark.parametrize(
    ("typed", "texts"),
    [
        ("mask", ["Masks and the future", "Masking", "Why the future is masked", "On unmasking"]),
        ("MASKS", ["Masks and the future"]),
        ("future mask", ["Masks and the future", "Why the future is masked"]),
        ("注意力", ["注意力", "自注意力機制"]),
        ("机制", ["自注意力機制"]),
        ("为什么", ["為什麼要多頭"]),
        ("rockets", []),
        ("  ", []),
    ],
)
def test_suggestions_say_all_that_is_typed_and_begin_with_it_first(typed: str, texts: list[str]) -> None:
    assert [one.text for one in ALL.matching(typed)] == texts


def test_a_suggestion_leads_to_its_resource_and_second() -> None:
    chapter = ALL.matching("future is")[0]
    assert (chapter.kind, chapter.resource, chapter.start) == (Suggests.CHAPTER, MASKS, 30.0)


def test_no_more_are_suggested_than_wanted() -> None:
    assert len(ALL.matching("mask", 2)) == 2


def test_titles_are_suggested_as_one_clean_line() -> None:
    hostile = Resource("d", Kind.VIDEO, "a\x1b[31m\ntitle\u202e", "https://example.org/d")
    assert [one.text for one in Suggestions.of([], [(hostile, [])]).matching("title")] == ["a title"]


def _said(*lines: str) -> Transcript:
    return Transcript("en", Origin.MANUAL, tuple(Cue(10.0 * k, 10.0 * k + 9, line) for k, line in enumerate(lines)))


@pytest.mark.parametrize(
    ("lines", "question"),
    [
        (("Welcome. So why does warm-up", "help the training? It does."), "Why does warm-up help the training?"),
        (("好，现在来讲第二个问题，为什么要用多头注意力？下面说。",), "为什么要用多头注意力？"),
        (("好，為什麼掩碼要把未來藏起來，不讓解碼器看見？",), "為什麼掩碼要把未來藏起來，不讓解碼器看見？"),
        (("Why did he do that to the model?",), None),
        (("What?",), None),
        (("So what do we have to do?",), None),
        (("How the gradient vanishes we saw, right?",), None),
        (("We have no questions at all here.",), None),
    ],
)
def test_an_example_is_a_question_that_stands_alone(lines: tuple[str, ...], question: str | None) -> None:
    assert example_questions([_said(*lines)], 3) == ([question] if question else [])


def test_each_recording_gives_its_most_telling_question() -> None:
    first = _said("What is attention about? Why does attention weigh each word of the sentence?")
    second = _said("How does the decoder hide the future?")
    assert example_questions([first, second], 3) == [
        "Why does attention weigh each word of the sentence?",
        "How does the decoder hide the future?",
    ]
    assert len(example_questions([first, second], 1)) == 1
