"""Details from YouTube's watch page and player, whatever their structure."""

import json
from datetime import UTC, datetime

import pytest

from seekpoint.index.types import Chapter, Details
from seekpoint.indexer.sources.youtube.video import details_of, is_new
from tests.fake_youtube import watch_page


def test_chapters_from_the_description() -> None:
    description = "Links:\nhttps://e.org 12:30\n0:00 Intro\n1:05 – 自注意力机制\n(1:02:03) Q&A\nBye"
    details = details_of("", {"videoDetails": {"shortDescription": description}})
    assert details.chapters == (Chapter(0, "Intro"), Chapter(65, "自注意力机制"), Chapter(3723, "Q&A"))
    for no_table in ("0:00 Start\n5:00 End", "1:00 a\n2:00 b\n3:00 c", "0:00 a\n3:00 b\n2:00 c"):
        assert details_of("", {"videoDetails": {"shortDescription": no_table}}).chapters == ()


@pytest.mark.parametrize("page", ["", "ytInitialData = ", "var ytInitialData = {", "ytInitialData = " + "[" * 99999])
@pytest.mark.parametrize(
    "player",
    [
        None,
        [],
        "text",
        {"videoDetails": None},
        {"videoDetails": []},
        {"videoDetails": {"title": 1, "author": {}, "lengthSeconds": "long", "shortDescription": []}},
        {"videoDetails": {"title": " ", "author": None, "lengthSeconds": "nan"}},
        {"videoDetails": {"lengthSeconds": "0"}},
    ],
)
def test_malformed_details_are_empty(page: str, player: object) -> None:
    assert details_of(page, player) == Details()


@pytest.mark.parametrize(
    "chapter", [None, [], {"title": {}}, {"title": {"simpleText": "t"}, "timeRangeStartMillis": "x"}]
)
def test_malformed_chapters_are_left_out(chapter: object) -> None:
    page = "var ytInitialData = " + json.dumps(
        [{"chapterRenderer": chapter}, {"macroMarkersListItemRenderer": chapter}]
    )
    assert details_of(page, None) == Details()


@pytest.mark.parametrize("seconds", [-5, float("nan"), float("inf"), 1e400])
def test_chapters_at_impossible_times_are_left_out(seconds: float) -> None:
    chapter = {"title": {"simpleText": "t"}, "timeRangeStartMillis": seconds}
    assert details_of("ytInitialData = " + json.dumps([{"chapterRenderer": chapter}]), None) == Details()


def test_chapters_that_begin_at_or_after_the_end_are_left_out() -> None:
    page = watch_page(chapters=[(0, "开始"), (200, "Last words"), (201, "After the end"), (9999, "Never")])
    assert details_of(page, {"videoDetails": {"lengthSeconds": "201"}}).chapters == (
        Chapter(0, "开始"),
        Chapter(200, "Last words"),
    )
    assert len(details_of(page, None).chapters) == 4


@pytest.mark.slow
def test_the_number_of_chapters_is_limited() -> None:
    chapters = details_of(watch_page(chapters=[(k, "标题 " * 250) for k in range(10_000)]), None).chapters
    assert len(chapters) == 1000
    assert max(len(chapter.title) for chapter in chapters) <= 200


def test_the_bar_and_the_panel_give_the_same_chapters() -> None:
    bar = [{"title": {"simpleText": "Masks"}, "timeRangeStartMillis": 65_400}]
    panel = [{"title": {"simpleText": "Masks"}, "timeDescription": {"simpleText": "1:05"}}]
    renderers = [{"chapterRenderer": item} for item in bar] + [{"macroMarkersListItemRenderer": i} for i in panel]
    assert details_of("ytInitialData = " + json.dumps(renderers), None).chapters == (Chapter(65.4, "Masks"),)
    assert details_of("ytInitialData = " + json.dumps(renderers[1:]), None).chapters == (Chapter(65, "Masks"),)


def test_the_publication_date_comes_from_either_place() -> None:
    assert details_of(watch_page("2020-02-29"), None).published == "2020-02-29"
    assert details_of('{"publishDate":"2020-02-29T01:00:00Z"}', None).published == "2020-02-29"


@pytest.mark.parametrize(
    ("date", "expected"), [("", False), ("2024-99-99", False), ("2024-05-22", False), ("2024-05-24", True)]
)
def test_a_video_is_new_only_by_a_date_that_is_one(date: str, expected: bool) -> None:
    now = datetime(2024, 5, 31, tzinfo=UTC).timestamp()
    assert is_new(watch_page(date), None, now) is expected
    assert not is_new("", {"videoDetails": {"isLive": "true"}}, now)
