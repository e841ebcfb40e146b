from __future__ import annotations

import pytest

from seekpoint.index.errors import Unfetched
from seekpoint.index.types import Chapter, Details
from seekpoint.indexer.sources.metadata import MOST_ENTRIES, check_length, completed, stated_details, stated_seconds
from seekpoint.indexer.transcript.cues import MOST_SECONDS


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


def test_a_playlist_may_be_longer_only_with_a_limit() -> None:
    check_length(MOST_ENTRIES, None)
    check_length(MOST_ENTRIES + 1, MOST_ENTRIES + 1)
    with pytest.raises(Unfetched, match="--limit"):
        check_length(MOST_ENTRIES + 1, None)
