from __future__ import annotations

import pytest

from seekpoint.indexer.sources.metadata import stated_seconds
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
