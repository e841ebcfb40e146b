"""Facts that sources state: one limit for times and one for chapters, whatever source they come from."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

import pytest

from seekpoint.index.errors import SourceError, Unfetched
from seekpoint.index.types import Chapter, Details, Origin, completed
from seekpoint.indexer.sources.captions import parse_captions
from seekpoint.indexer.sources.metadata import (
    MOST_ENTRIES,
    check_length,
    citation,
    stated_authors,
    stated_date,
    stated_details,
    stated_isbn,
    stated_seconds,
)
from seekpoint.indexer.sources.podcasts.feed import parse_feed
from seekpoint.indexer.sources.podcasts.transcripts import read_chapters
from seekpoint.indexer.transcript.cues import MOST_SECONDS
from seekpoint.indexer.transcript.text_timeline import Block, ParsedDocument, Role, transcript_of
from tests import feeds
from tests.indexer.builds import resource_at


@pytest.mark.parametrize(
    ("stated", "seconds"),
    [("3661", 3661), ("61:01", 3661), ("1:01:01", 3661), ("00:30.5", 30.5), (" 12 ", 12), (754, 754), (1.5, 1.5)]
    + [(text, None) for text in ("", "soon 稍后", "1:2:3:4", "-5", "nan", "٣", "9" * 400, "1:", "1e5")]
    + [(value, None) for value in (-1, float("nan"), float("inf"), MOST_SECONDS + 1, 10**400, None, [1], {"a": 1})],
)
def test_seconds_are_numbers_or_times(stated: object, seconds: float | None) -> None:
    assert stated_seconds(stated) == seconds


def test_milliseconds_are_a_thousandth() -> None:
    assert [stated_seconds(stated, 1000) for stated in (90_500, "90500")] == [90.5, 90.5]


def test_chapters_that_begin_at_the_end_are_left_out() -> None:
    marks = [{"start_time": 0, "title": "开头"}, {"start_time": 60, "title": "Never"}]
    assert stated_details({"duration": 60, "chapters": marks}).chapters == (Chapter(0, "开头"),)


def test_details_are_completed_by_those_of_another_source() -> None:
    chapters = (Chapter(0, "开头"),)
    other = Details("Other", duration=60, chapters=chapters)
    assert completed(Details("讲座"), other) == Details("讲座", duration=60, chapters=chapters)


@pytest.mark.parametrize(("length", "is_kept"), [(600, True), (3000, False)])
def test_an_address_is_whole_or_none(length: int, is_kept: bool) -> None:
    address = f"https://show.example/{'a' * length}/图"
    header, item = f"<itunes:new-feed-url>{address}</itunes:new-feed-url>", feeds.item(guid=address)
    read = parse_feed(feeds.feed(item, header=header).encode(), feeds.FEED)
    whole = resource_at(address).url
    assert (read.moved, read.episodes[0].guid) == ((whole, address) if is_kept else (None, ""))
    assert stated_details({"thumbnail": address}).thumbnail == (whole if is_kept else None)


def test_a_playlist_may_be_longer_only_with_a_limit() -> None:
    check_length(MOST_ENTRIES, None)
    check_length(MOST_ENTRIES + 1, MOST_ENTRIES + 1)
    with pytest.raises(Unfetched, match="--limit"):
        check_length(MOST_ENTRIES + 1, None)


Marks = Sequence[tuple[float, str]]


def in_feed(marks: Marks) -> tuple[Chapter, ...]:
    listed = feeds.chapters(*((f"{start:.0f}", title) for start, title in marks))
    return parse_feed(feeds.feed(feeds.item("An episode", listed)).encode(), feeds.FEED).episodes[0].details.chapters


def in_json(marks: Marks) -> tuple[Chapter, ...]:
    return read_chapters(json.dumps({"chapters": [{"startTime": at, "title": title} for at, title in marks]}).encode())


def by_ytdlp(marks: Marks) -> tuple[Chapter, ...]:
    return stated_details({"chapters": [{"start_time": at, "title": title} for at, title in marks]}).chapters


def in_document(marks: Marks) -> tuple[Chapter, ...]:
    headings = tuple(Block(title, Role.HEADING) for _, title in marks)
    return transcript_of(ParsedDocument(headings), "en", Origin.MANUAL)[1].chapters


@pytest.mark.parametrize("chapters_of", [in_feed, in_json, by_ytdlp, in_document])
def test_chapters_of_every_source_are_limited_alike(chapters_of: Callable[[Marks], tuple[Chapter, ...]]) -> None:
    found = chapters_of([(start, f"第{start}章 " + "x" * 600) for start in range(6000)])
    assert (len(found), {len(chapter.title) for chapter in found}) == (5000, {500})
    assert found[1].title.startswith("第1章 x")
    if chapters_of is not in_document:  # whose times are ours
        hostile = [] if chapters_of is in_feed else [(1e300, "a"), (-1, "c"), (4, "\x1b\u202e")]
        assert chapters_of([*hostile, (10**9, "b"), (3, "d")]) == (Chapter(3, "d"),)


LATE = {
    "srt": "1\n999999999:00:00,000 --> 999999999:00:01,000\n迟\n",
    "negative": "1\n-999999999:00:00,000 --> 00:00:01,000\nearly\n",
    "vtt": f"WEBVTT\n\n{'9' * 400}:00:00.000 --> {'9' * 400}:00:01.000\nlate\n",
    "sbv": "999999999:00:00.000,999999999:00:01.000\nlate\n",
    "lrc": "[99999999999:00]late\n",
    "offset": "[offset:1e300]\n[00:01]early\n",
    "ttml": "<tt><body><p begin='99999999h'>late</p></body></tt>",
    "srv1": "<transcript><text start='1e300' dur='1'>late</text></transcript>",
    "srv3": "<timedtext><body><p t='1e300' d='1'>late</p></body></timedtext>",
    "json3": '{"events": [{"tStartMs": 1e300, "segs": [{"utf8": "late"}]}]}',
    "whisper": '{"segments": [{"start": 1e300, "end": 1e301, "text": "late"}]}',
    "podcast": '{"segments": [{"startTime": -1e300, "endTime": 1, "body": "early"}]}',
    "snippets": '[{"start": 1e300, "duration": 1, "text": "late"}]',
}


@pytest.mark.parametrize("name", LATE)
def test_times_in_captions_of_every_format_are_limited_alike(name: str) -> None:
    with pytest.raises(SourceError, match="no cue found"):
        parse_captions(LATE[name].encode(), "a")


@pytest.mark.parametrize(
    ("text", "authors"),
    [
        ("Ashish Vaswani, Noam Shazeer and Niki Parmar", ("Ashish Vaswani", "Noam Shazeer", "Niki Parmar")),
        ("Vaswani, Ashish; Shazeer, Noam", ("Ashish\u00a0Vaswani", "Noam\u00a0Shazeer")),
        ("Vaswani, Ashish", ("Ashish\u00a0Vaswani",)),
        ("李宏毅，王强", ("李宏毅", "王强")),
        ("李宏毅、Ada Lovelace", ("李宏毅", "Ada Lovelace")),
        ("Ada Lovelace, PhD", ("Ada Lovelace, PhD",)),
        *((name, (name,)) for name in ("Apple, Inc.", "Bosch, GmbH", "Smith, PhD")),
        ("King, Martin Luther, Jr.; King, Jr., Martin Luther", ("Martin Luther\u00a0King Jr.",)),
        ("Smith, Ivy; Smith,", ("Ivy\u00a0Smith", "Smith")),
        ("Ada\u00a0B. Lovelace, Alan\u00a0Turing", ("Ada B. Lovelace", "Alan Turing")),
        ("Lovelace, Ada\u00a0B.", ("Ada B.\u00a0Lovelace",)),
        ("Ada Lovelace; admin; user1", ("Ada Lovelace",)),
        ("Ada Lovelace; Ada Lovelace", ("Ada Lovelace",)),
    ],
)
def test_authors_in_one_text(text: str, authors: tuple[str, ...]) -> None:
    assert stated_authors(text) == authors
    assert len(stated_authors("; ".join(f"{text[:9]} {'ab' * n}" for n in range(200)))) == 100


def test_dates_and_numbers_of_books_are_kept_as_far_as_they_are_known() -> None:
    dates = {
        "2017": "2017",
        "2017-06": "2017-06",
        "2017/6/2": "2017-06-02",
        "2017年6月2日": "2017-06-02",
        "2017-13": None,
    }
    assert {text: stated_date(text) for text in dates} == dates
    assert (stated_date("D:19840101"), stated_date("1984", first_year=1000)) == (None, "1984")
    cited = {
        **{"2024年5月1日": "2024-05-01", "20240501": "2024-05-01", "2020-0-0": "2020", "2020-21": "2020"},
        **{"2019/20": "2019", "2020/00/00": "2020", "2020-02-30": "2020", "c. 1984.": "1984", "12024": None},
    }
    assert {text: citation([], [text], [], []).published for text in cited} == cited
    books = {"080442957X": "080442957X", "978-0-262-03384-8": "9780262033848", "9780262033849": None, "1" * 400: None}
    assert {text: stated_isbn(text) for text in books} == books


@pytest.mark.parametrize(
    "text", ["doi:10.1000/xyz\u3000见网页", "10.1000/xyz\u00a0(online)", "１０.１０００/a 10.1000/xyz."]
)
def test_a_doi_ends_at_a_space_of_any_language(text: str) -> None:
    assert citation([], [], [], [text]).doi == "10.1000/xyz"
