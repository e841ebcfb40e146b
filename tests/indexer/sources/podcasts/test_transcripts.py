"""Transcripts of episodes: which one is read, in HTML and JSON, and those without times; chapters in JSON."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest

from seekpoint.index.errors import SourceError
from seekpoint.index.types import Details, Kind, Origin, Resource
from seekpoint.indexer.sources.podcasts.feed import Episode, TranscriptLink
from seekpoint.indexer.sources.podcasts.transcripts import chosen, read_chapters, read_transcript
from tests.cost import at_most
from tests.indexer.builds import webvtt

ROOT = "https://show.example"
EPISODE = Episode(Resource("1", Kind.RECORDING, "An episode", f"{ROOT}/1.mp3"), Details(duration=60.0), "en-us")
HTML = """<html><head><title>Not said</title><style>p {}</style></head><body>
<cite>Kevin:</cite> <time>0:00</time> <p>Attention weighs the words &amp; more.
It does so for each of them at once, whatever they are.</p>
<cite>阿尔:</cite> <time>0:20</time> <p>The mask hides <b>what</b> comes later.</p>
<script>alert(1)</script></body></html>"""


def link(name: str = "1.vtt", media_type: str = "", language: str = "") -> TranscriptLink:
    return TranscriptLink(f"{ROOT}/{name}", media_type, language)


def names(groups: list[list[TranscriptLink]]) -> list[list[str]]:
    return [[one.url.rpartition("/")[2] for one in group] for group in groups]


def read(text: str, **facts: str) -> list[tuple[float, float, str]]:
    return [(cue.start, cue.end, cue.text) for cue in read_transcript(text.encode(), link(**facts), EPISODE).cues]


def test_the_transcript_with_the_most_exact_times_comes_first() -> None:
    types = [
        ("a.txt", "text/plain"), ("b.html", "text/html"), ("c.json", "application/json"), ("d.srt", ""),
        ("e", "application/x-subrip"), ("f", "text/vtt"), ("g", "application/x-unknown"),
    ]  # fmt: skip
    assert names(chosen([link(*one) for one in types], "en", ())) == [
        ["f", "d.srt", "e", "c.json", "g", "b.html", "a.txt"]
    ]
    several = [link("de.vtt", language="de"), link("zh.srt", language="zh-Hans"), link("en.vtt")]
    assert names(chosen(several, "en-us", ())) == [["en.vtt"]]
    assert names(chosen(several, "zh", ())) == [["en.vtt", "zh.srt"]]
    assert names(chosen(several, "fr", ("zh-TW", "de"))) == [["zh.srt"], ["de.vtt"]]
    assert not chosen(several, "fr", ("ja",)) and not chosen([], "en", ())
    assert names(chosen(several[:2], "fr", ())) == [["de.vtt", "zh.srt"]]


def test_sentences_in_html_begin_at_the_times_that_stand_before_them() -> None:
    assert read(HTML, name="1.html") == [
        (0.0, 20.0, "Attention weighs the words & more."),
        (0.0, 20.0, "It does so for each of them at once, whatever they are."),
        (20.0, 60.0, "The mask hides what comes later."),
    ]


def test_names_in_html_are_those_of_the_speakers() -> None:
    text = """<cite>Kevin:</cite> <time>0:00</time> <p>I read <cite>Attention, again</cite> yesterday.</p>
    <time>0:10</time> <p>And today.</p> <time>0:20</time> <cite>阿尔：</cite><p>掩码遮住后面的词。</p>
    <p><cite>Kevin:</cite> So says <cite>The mask</cite></p> <cite>Unknown</cite><time>0:30</time><p>Who am I?</p>"""
    cues = read_transcript(text.encode(), link("1.html"), EPISODE).cues
    assert [(cue.start, cue.end, cue.speaker, cue.text) for cue in cues] == [
        (0.0, 10.0, "Kevin", "I read Attention, again yesterday."),
        (10.0, 20.0, "Kevin", "And today."),
        (20.0, 30.0, "阿尔", "掩码遮住后面的词。"),
        (20.0, 30.0, "Kevin", "So says The mask"),
        (30.0, 60.0, None, "Who am I?"),
    ]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("1.html", "<p>Attention weighs the words.</p>"),
        ("1.html", "<time>soon 稍后</time><p>Attention weighs the words.</p>"),
        ("1.html", HTML.replace("0:20", "20:00")),
        ("1.txt", "Kevin: attention weighs the words.\n阿尔: 掩码遮住后面的词。"),
    ],
)
def test_a_transcript_that_does_not_say_when_is_no_transcript(name: str, text: str) -> None:
    with pytest.raises(SourceError, match="doesn't say when what is said: let --transcribe listen to it"):
        read(text, name=name)


@pytest.mark.parametrize("hostile", ["<a ", "<cite>a<b>", "<!--", "&", "<p><time>", "<x y='"])
def test_hostile_html_takes_linear_time(hostile: str) -> None:
    with at_most(2.0), suppress(SourceError):
        assert read("<time>0:00</time>掩码 " + hostile * 20_000, name="1.html")[0][2].startswith("掩码")


def test_characters_in_html_that_are_escaped_are_part_of_their_word() -> None:
    text = "<time>0:00</time><p>Q&amp;A on &#x6ce8;意<!-- no -->力</p><script>no</script><p>after</p>"
    assert read(text, name="1.html") == [(0.0, 60.0, "Q&A on 注意力 after")]


def test_a_plain_text_may_be_captions() -> None:
    assert read(webvtt("attention"), name="1.txt", media_type="text/plain") == [(0.0, 10.0, "attention")]


def test_json_that_times_single_words_gives_phrases() -> None:
    words = ["attention", "weighs", "the", "words.", "掩码", "遮住", "后面", "的", "词。", "It", "goes"]
    timed = [{"startTime": n, "endTime": n + 0.9, "body": word, "speaker": "K"} for n, word in enumerate(words)]
    timed.append({"startTime": 30, "endTime": 30.5, "body": "on"})
    assert read(json.dumps({"version": "1.0.0", "segments": timed}), name="1.json") == [
        (0.0, 3.9, "attention weighs the words."),
        (4.0, 8.9, "掩码遮住后面的词。"),
        (9.0, 10.9, "It goes"),
        (30.0, 30.5, "on"),
    ]
    whole = [{"startTime": 0, "endTime": 4, "body": "attention weighs the words"}]
    assert read(json.dumps({"segments": whole}), name="1.json") == [(0.0, 4.0, "attention weighs the words")]


def test_the_language_is_that_of_the_link_of_the_file_of_the_feed_or_of_the_words() -> None:
    english, chinese = "the mask hides what comes later in the sentence", "掩码遮住句子里后面的词，注意力看不见它们"
    for text, name, declared, language in (
        (english, "1.vtt", "en-GB", "en-GB"),
        (english, "1.vtt", "", "en-US"),
        (english, "talk.en-AU.vtt", "", "en-AU"),
        (chinese, "1.vtt", "", "zh"),
        (chinese, "1.vtt", "zh-TW", "zh-TW"),
    ):
        transcript = read_transcript(webvtt(text).encode(), link(name, language=declared), EPISODE)
        assert (transcript.language, transcript.origin) == (language, Origin.MANUAL)


def test_chapters_in_json_are_ordered_without_those_that_are_hidden() -> None:
    told = [
        {"startTime": 10.5, "title": "掩码 &amp; masks"},
        {"startTime": "0", "title": "Opening"},
        {"startTime": 5, "title": "A picture", "toc": False},
        {"startTime": -1, "title": "Before"},
        {"title": "Nowhere"},
        "none",
    ]
    read = read_chapters(json.dumps({"version": "1.2.0", "chapters": told}).encode())
    assert [(one.start, one.title) for one in read] == [(0.0, "Opening"), (10.5, "掩码 & masks")]
    for other in (b"", b"[]", b"{}", b'{"chapters": {}}', b"[" * 100_000):
        with pytest.raises(SourceError):
            read_chapters(other)
