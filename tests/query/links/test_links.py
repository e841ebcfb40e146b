"""Links to a second, a page, a sentence: made, parsed, and parsed from anything."""

from __future__ import annotations

from dataclasses import replace
from math import isfinite
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seekpoint.index.errors import UsageError
from seekpoint.index.types import Cue, Kind, Resource
from seekpoint.query.link_targets import find_resource, parse_seconds, parse_target
from seekpoint.query.links import is_found_by_words, link, text_link, timestamp
from seekpoint.query.text_fragments import line_fragments, text_fragment
from tests import fuzzing
from tests.cost import at_most
from tests.fuzzing import is_line

VIDEO = Resource("wjZofJX0v4M", Kind.VIDEO, "GPT", "https://www.youtube.com/watch?v=wjZofJX0v4M")
RECORDING = Resource("0123456789ab", Kind.RECORDING, "讲座", "file:///talks/%E8%AE%B2%E5%BA%A7.ogg")
PAGE = Resource("p", Kind.PAGE, "", "https://a.org/文?q=1")
ON_ARXIV = Resource("x", Kind.PAPER, "", "https://arxiv.org/abs/1706.03762")
HEADING = "https://a.org/文?q=1#%E8%87%AA%E6%B3%A8%E6%84%8F%E5%8A%9B-in-detail"


def test_a_link_opens_at_whole_seconds_a_page_a_heading_and_the_words_there() -> None:
    assert link(VIDEO, 754.99) == "https://www.youtube.com/watch?v=wjZofJX0v4M&t=754s"
    assert link(RECORDING, 754.99) == "file:///talks/%E8%AE%B2%E5%BA%A7.ogg#t=754"
    plain, below = Cue(0.0, 1.0, ""), Cue(0.0, 1.0, "a sentence", anchor="自注意力-in-detail")
    for resource, cue, fragment, expected in (
        (PAGE, below, "", HEADING),
        (PAGE, below, "text=a", f"{HEADING}:~:text=a"),
        (PAGE, plain, "text=a", "https://a.org/文?q=1#:~:text=a"),
        (PAGE, plain, "", PAGE.url),
        (ON_ARXIV, plain._replace(page=7), "", "https://arxiv.org/pdf/1706.03762#page=7"),
        (RECORDING, plain._replace(page=7), "", f"{RECORDING.url}#page=7"),
    ):
        assert text_link(resource, cue, fragment) == expected
    for seconds, shown in ((59.9, "0:59"), (754.2, "12:34"), (3723.0, "1:02:03"), (None, None)):
        assert timestamp(seconds) == shown, "times have hours only from an hour on"


@pytest.mark.parametrize(
    ("resource", "is_found"),
    [
        (PAGE, True),
        (Resource("n", Kind.DOCUMENT, "", "file:///notes/%E8%AE%B0.txt"), True),
        (Resource("n", Kind.DOCUMENT, "", "file:///notes/a.md"), False),
        (Resource("n", Kind.DOCUMENT, "", "file:///notes/%E4%B9%A6.EPUB"), False),
        (Resource("n", Kind.DOCUMENT, "", "file:///notes/a.docx"), False),
        (Resource("n", Kind.DOCUMENT, "", "https://a.org/download?id=3"), False),
        (RECORDING, False),
    ],
)
def test_only_what_a_browser_shows_is_found_by_its_words(resource: Resource, is_found: bool) -> None:
    assert is_found_by_words(resource, [Cue(0.0, 1.0, "words", "ch1.xhtml#a")]) is is_found


BILIBILI = "https://www.bilibili.com/video/BV1xx411c7mD"
PANOPTO = "https://uni.hosted.panopto.com/Panopto/Pages/Viewer.aspx?id=09969705-c96b-4e87-8424-abb7004200f4"


@pytest.mark.parametrize(
    ("address", "at_the_second", "copied"),
    [
        (BILIBILI, "?t=3754", f"{BILIBILI}?vd_source=9&t=3754"),
        (f"{BILIBILI}?p=2", "&t=3754", f"{BILIBILI}?p=2&spm_id_from=333&t=3754.2"),
        ("https://vimeo.com/76979871", "#t=3754s", "https://vimeo.com/76979871?share=copy#t=1h2m34s"),
        ("https://vimeo.com/76979871/0123456789", "#t=3754s", "https://vimeo.com/76979871/0123456789#t=3754"),
        ("https://www.nicovideo.jp/watch/sm9", "?from=3754", "https://www.nicovideo.jp/watch/sm9?ref=x&from=3754"),
        (
            "https://soundcloud.com/some-one/a-talk",
            "#t=1:02:34",
            "https://soundcloud.com/some-one/a-talk?si=x#t=1:02:34",
        ),
        (
            "https://www.dailymotion.com/video/x7tgad0",
            "?start=3754",
            "https://www.dailymotion.com/video/x7tgad0?start=3754",
        ),
        ("https://media.ccc.de/v/36c3-10879-hal", "#t=3754", "https://media.ccc.de/v/36c3-10879-hal#t=3754"),
        (PANOPTO, "&start=3754", f"{PANOPTO}&autoplay=true&start=3754.09"),
        ("https://uni.example/media/t/1_2rc7uxir", "?kalturaStartTime=3754", None),
        ("https://uni.example/讲座.mp4", "#t=3754", None),
        ("https://www.ted.com/talks/ada_on_engines", "", None),
    ],
)
def test_a_video_of_another_site_is_linked_in_its_form_and_a_copied_link_is_understood(
    address: str, at_the_second: str, copied: str | None
) -> None:
    video, other = Resource("0123456789ab", Kind.VIDEO, "", address), Resource("x", Kind.VIDEO, "", f"{address}x")
    made = link(video, 3754.9)
    assert made == f"{address}{at_the_second}"
    for spelled in (made, copied or made):
        assert find_resource(spelled, [other, video]) is video
        seconds = parse_target(spelled).seconds
        assert (seconds or 0.0) // 1 == (3754 if at_the_second else 0)


@pytest.mark.parametrize("to", ["https://pod.example/cr29#t=", "https://pod.example/cr29/player.php?t="])
def test_an_episode_is_linked_where_its_feed_says_that_its_page_plays_it(to: str) -> None:
    sound, more = Resource("a", Kind.RECORDING, "", "https://cdn.example/录音.mp3"), f"{to.replace('cr29', 'cr291')}"
    episode = replace(sound, deep_link=to)
    other = replace(sound, id="b", url="https://cdn.example/b.mp3", deep_link=more)
    made = link(episode, 3754.9)
    assert made == f"{to}01:02:34" and link(sound, 3754.9) == f"{sound.url}#t=3754"
    assert parse_target(made).seconds == 3754
    for spelled in (made, sound.url, f"{sound.url}#t=3754", to.removesuffix("#t=")):
        assert find_resource(spelled, [other, episode]) is episode
    assert find_resource(link(other, 1), [episode, other]) is other


LONG = "Attention lets every position of a sentence look at all the others, however far away from it they may be."
SHORT = "The model attends to all of the words."


@pytest.mark.parametrize(
    ("sentences", "first", "directive"),
    [
        ([SHORT], 0, "The model attends to all of the words"),
        ([LONG], 0, "Attention lets every position,it they may be"),
        (
            [LONG, "It costs a lot.", "Still, it is used in the end."],
            0,
            "Attention lets every position,used in the end",
        ),
        (
            [LONG, "That was the end of it.", "No, this was the end of it."],
            0,
            "Attention lets every position,this was the end of it",
        ),
        (
            ["THE MODÉL LOOKS AT ALL OF IT TWICE.", "The model looks at all of it but once, then it forgets about it."],
            1,
            "The model looks at all of it but,it forgets about it",
        ),
        (["注意力是变换器的核心，它很强大。", "所以，可以并行了。"], 0, "注意力是变换器的核心,所以，可以并行了"),
        (["模型看到所有位置。", "Another.", "如下所示。", "模型看到所有位置。"], 3, "如下所示。-,模型看到所有位置"),
        (["Let us see.", "Here it is.", "Let us see.", SHORT], 2, "The model attends to all of the words"),
        (["So it is.", "So it is.", "So it is."], 2, None),
        (["🎉 !!!"], 0, None),
        ([r"Let \(d_k\) be the dimension of the keys."], 0, "be the dimension of the keys"),
        (
            ["With $a$ of that kind we have it, and then $$b$$ is as well, as we know."],
            0,
            "of that kind we,well, as we know",
        ),
        (["base | transformer of 65M parameters | 27.3"], 0, "transformer of 65M parameters"),
        (["def f(x): ⏎ return x + 1 if x > 0 else 0"], 0, "return x + 1 if x > 0 else 0"),
    ],
    ids=[
        "a short sentence is one phrase without its full stop",
        *("a longer one is its first and last words", "a longer passage"),
        "the last phrase is the first of its kind after the beginning",
        "the first phrase is unique on the page",
        *("Chinese phrases begin and end at punctuation", "a repeated sentence has a prefix"),
        "a repetition at the beginning is left out",
        *("a repetition without a distinct prefix", "no word"),
        *("no formula", "no formula in dollars", "one cell", "one line"),
    ],
)
def test_a_directive_quotes_words_that_a_browser_finds(sentences: list[str], first: int, directive: str | None) -> None:
    assert unquote(text_fragment(sentences, first)) == (f"text={directive}" if directive else "")


def test_characters_with_a_meaning_are_encoded_and_in_plain_text_three_phrases_may_each_lie_within_a_line() -> None:
    assert text_fragment(["R&D-costs, in #1, are 100% “naïve”, say I."], 0) == (
        "text=R%26D%2Dcosts%2C%20in%20%231%2C%20are%20100%25%20%E2%80%9Cna%C3%AFve%E2%80%9D%2C%20say%20I"
    )
    for sentence, phrases in (
        (LONG, ["Attention lets every", "position of a", "sentence look at"]),
        # No Chinese one has a space, since it may be a line break.
        ("注意力让每个位置都能 看到其他位置，所以训练更快。", ["注意力让每个位置都能", "看到其他位置", "所以训练更快"]),
    ):
        assert unquote(line_fragments([sentence], 0)) == "&".join(f"text={phrase}" for phrase in phrases)


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


@given(LINKS.map("".join))
@fuzzing.fuzz(200)
def test_any_link_and_any_time_leads_to_a_place_or_is_refused(link: str) -> None:
    find_resource(link, [RESOURCE])
    for parse in (parse_seconds, lambda link: parse_target(link).seconds, lambda link: parse_target(link).page):
        try:
            number = parse(link)
        except UsageError as error:
            assert is_line(str(error))
        else:
            assert number is None or (isfinite(number) and number >= 0)
