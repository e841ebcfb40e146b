"""Links to a second, a page, a sentence: made, parsed, and parsed from anything."""

from __future__ import annotations

from math import isfinite
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seekpoint.index.errors import UsageError
from seekpoint.index.types import Cue, Kind, Resource
from seekpoint.query.links import (
    find_resource,
    line_fragments,
    link,
    parse_seconds,
    parse_target,
    text_fragment,
    text_link,
    timestamp,
)
from tests import fuzzing
from tests.cost import at_most
from tests.fuzzing import is_line

VIDEO = Resource("wjZofJX0v4M", Kind.VIDEO, "GPT", "https://www.youtube.com/watch?v=wjZofJX0v4M")
RECORDING = Resource("0123456789ab", Kind.RECORDING, "讲座", "file:///talks/%E8%AE%B2%E5%BA%A7.ogg")


def test_a_link_rounds_down_to_whole_seconds() -> None:
    assert link(VIDEO, 754.99) == "https://www.youtube.com/watch?v=wjZofJX0v4M&t=754s"
    assert link(RECORDING, 754.99) == "file:///talks/%E8%AE%B2%E5%BA%A7.ogg#t=754"


def test_a_page_opens_at_its_heading_and_the_words_there() -> None:
    page = Resource("p", Kind.PAGE, "", "https://a.org/文?q=1")
    cue = Cue(0.0, 1.0, "a sentence", anchor="自注意力-in-detail")
    heading = "https://a.org/文?q=1#%E8%87%AA%E6%B3%A8%E6%84%8F%E5%8A%9B-in-detail"
    assert text_link(page, cue) == heading
    assert text_link(page, cue, "text=a%20sentence") == f"{heading}:~:text=a%20sentence"
    assert text_link(page, Cue(0.0, 1.0, ""), "text=a") == "https://a.org/文?q=1#:~:text=a"
    assert text_link(page, Cue(0.0, 1.0, "")) == page.url


def test_a_paper_opens_at_its_page() -> None:
    on_arxiv = Resource("x", Kind.PAPER, "", "https://arxiv.org/abs/1706.03762")
    here = Resource("y", Kind.PAPER, "", "file:///papers/%E8%AE%BA%E6%96%87.pdf")
    cue = Cue(0.0, 1.0, "text", page=7)
    assert text_link(on_arxiv, cue) == "https://arxiv.org/pdf/1706.03762#page=7"
    assert text_link(here, cue) == "file:///papers/%E8%AE%BA%E6%96%87.pdf#page=7"


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.0, "0:00"), (59.9, "0:59"), (754.2, "12:34"), (3723.0, "1:02:03"), (None, None)]
)
def test_times_have_hours_only_from_an_hour_on(seconds: float | None, text: str | None) -> None:
    assert timestamp(seconds) == text


LONG = "Attention lets every position of a sentence look at all the others, however far away from it they may be."


def test_a_short_sentence_is_one_phrase_without_its_full_stop() -> None:
    assert text_fragment(["The model attends to all of the words."], 0) == (
        "text=The%20model%20attends%20to%20all%20of%20the%20words"
    )


def test_a_longer_passage_is_its_first_and_last_words() -> None:
    assert unquote(text_fragment([LONG], 0)) == "text=Attention lets every position,it they may be"
    sentences = [LONG, "It costs a lot.", "Still, it is what everybody uses in the end."]
    assert unquote(text_fragment(sentences, 0)) == "text=Attention lets every position,uses in the end"


@pytest.mark.parametrize(
    ("first", "second", "directive"),
    [
        (
            "注意力是变换器的核心，它很强大。",
            "所以，训练可以并行了。",
            "text=注意力是变换器的核心,所以，训练可以并行了",
        ),
        (
            "注意力是變換器的核心，它很強大。",
            "所以，訓練可以平行了。",
            "text=注意力是變換器的核心,所以，訓練可以平行了",
        ),
    ],
)
def test_chinese_phrases_begin_and_end_at_punctuation(first: str, second: str, directive: str) -> None:
    assert unquote(text_fragment([first, second], 0)) == directive


def test_characters_with_a_meaning_in_directives_are_encoded() -> None:
    directive = text_fragment(["R&D-costs, in #1, are 100% “naïve”, say I."], 0)
    assert (
        directive == "text=R%26D%2Dcosts%2C%20in%20%231%2C%20are%20100%25%20%E2%80%9Cna%C3%AFve%E2%80%9D%2C%20say%20I"
    )


def test_the_first_phrase_is_long_enough_to_be_unique_on_the_page() -> None:
    earlier = "THE MODÉL LOOKS AT ALL OF IT TWICE, AS WE SAW."
    directive = text_fragment(
        [earlier, "The model looks at all of it but once, and then it forgets about it again."], 1
    )
    assert unquote(directive).startswith("text=The model looks at all of it but,")


def test_the_last_phrase_is_the_first_one_of_its_kind_after_the_beginning() -> None:
    sentences = [LONG, "That was the end of the story.", "No, this was the end of the story."]
    assert unquote(text_fragment(sentences, 0)).endswith(",this was the end of the story")


@pytest.mark.parametrize(
    ("before", "sentence", "directive"),
    [
        ("And so it goes.", "The model looks at all.", "text=And so it goes.-,The model looks at"),
        ("Models", "Image Transformer", "text=Models-,Image Transformer"),
        ("如下所示。", "模型看到所有位置。", "text=如下所示。-,模型看到所有位置"),
    ],
)
def test_a_repeated_sentence_gets_the_end_of_the_sentence_before_it_as_prefix(
    before: str, sentence: str, directive: str
) -> None:
    assert unquote(text_fragment([sentence, "Another one.", before, sentence], 3)) == directive


def test_a_passage_that_begins_with_a_repetition_is_found_by_its_next_sentence() -> None:
    sentences = ["Let us see.", "Here it is.", "Let us see.", "The model attends to all of the words."]
    assert unquote(text_fragment(sentences, 2)) == "text=The model attends to all of the words"


def test_a_repetition_without_a_distinct_prefix_has_no_directive() -> None:
    assert text_fragment(["So it is.", "So it is.", "So it is."], 2) == ""
    assert text_fragment(["🎉 !!!"], 0) == ""


@pytest.mark.parametrize(
    ("sentence", "directive"),
    [
        (r"Let \(d_k\) be the dimension of the keys.", "text=be the dimension of the keys"),
        (
            "With $a$ of that kind we have it, and then $$b$$ is as well, as we know.",
            "text=of that kind we,well, as we know",
        ),
        ("base | transformer of 65M parameters | 27.3", "text=transformer of 65M parameters"),
        ("def f(x): ⏎ return x + 1 if x > 0 else 0", "text=return x + 1 if x > 0 else 0"),
    ],
)
def test_phrases_avoid_formulas_and_keep_to_a_cell_or_a_line(sentence: str, directive: str) -> None:
    assert unquote(text_fragment([sentence], 0)) == directive


def test_in_plain_text_one_of_the_phrases_lies_within_a_line() -> None:
    directive = unquote(line_fragments([LONG], 0))
    assert directive == "text=Attention lets every&text=position of a&text=sentence look at"
    lines = "Attention lets every position of a\nsentence look at"
    assert any(phrase in lines for phrase in directive.removeprefix("text=").split("&text="))


def test_in_plain_text_no_chinese_phrase_has_a_space_since_it_may_be_a_line_break() -> None:
    assert unquote(line_fragments(["注意力让每个位置都能 看到其他位置，所以训练可以并行。"], 0)) == (
        "text=注意力让每个位置都能&text=看到其他位置&text=所以训练可以并行"
    )


@given(st.lists(st.text("ab c.,，。注意力-\\$|⏎&€🎉é\u0301\u200d", max_size=80), min_size=1, max_size=6))
def test_a_directive_is_short_ascii_and_quotes_the_passage(sentences: list[str]) -> None:
    first = len(sentences) // 2
    directive = text_fragment(sentences, first)
    assert directive.isascii() and len(directive) <= 300
    phrases = directive.removeprefix("text=").replace("-,", ",").split(",")
    assert all(unquote(phrase) in "\n".join(sentences[max(0, first - 1) :]) for phrase in phrases)
    assert not set(directive) & set(' #"<>')


@pytest.mark.parametrize("sentence", ["a " * 800, "注意力，" * 400, r"\( $ \ " * 250, "x" * 1600])
def test_a_page_of_repetitions_is_fast(sentence: str) -> None:
    with at_most(seconds=10):
        text_fragment([sentence] * 500, 490)


PARTS = ("https://", "youtu.be/", "aaaaaaaaaaa", "?", "&", "#", "t=", "1h2m3s", "12:34", "9" * 400, "page=", ":~:text=")
LINKS = st.lists(st.sampled_from([*PARTS, "%", "%ff", "-,", "٣", "1e999", "nan", "."]) | fuzzing.pieces, max_size=8)
RESOURCE = Resource("aaaaaaaaaaa", Kind.VIDEO, "讲座", "https://www.youtube.com/watch?v=aaaaaaaaaaa")

fuzz = fuzzing.fuzz(200)


@given(LINKS.map("".join))
@fuzz
def test_any_time_is_a_finite_number_or_refused(text: str) -> None:
    try:
        seconds = parse_seconds(text)
    except UsageError as error:
        assert is_line(str(error))
    else:
        assert isfinite(seconds) and seconds >= 0


@given(LINKS.map("".join))
@fuzz
def test_any_link_leads_to_a_place_or_is_refused(link: str) -> None:
    find_resource(link, [RESOURCE])
    try:
        target = parse_target(link)
    except UsageError as error:
        assert is_line(str(error))
        return
    assert target.seconds is None or (isfinite(target.seconds) and target.seconds >= 0)
    assert target.page is None or target.page >= 0
