"""Which chapter a second lies in, and which titles a chunk is found by."""

from __future__ import annotations

import pytest

from seekpoint.index.text.transcript_text import title_at, title_terms
from seekpoint.index.types import Chapter

CHAPTERS = (Chapter(0.0, "Intro"), Chapter(60.0, "Masks"), Chapter(63.0, "掩碼"), Chapter(200.0, "Q&A"))


def test_a_second_lies_in_the_last_chapter_that_begins_at_or_just_after_it() -> None:
    for seconds, title in ((0.0, "Intro"), (59.4, "Intro"), (59.7, "Masks"), (63.0, "掩碼"), (9999.0, "Q&A")):
        assert title_at(CHAPTERS, seconds, plays=True) == title
    assert title_at(CHAPTERS[1:], 30.0, plays=True) is title_at((), 30.0, plays=True) is None


def test_a_short_heading_of_a_text_ends_where_the_next_one_begins() -> None:
    headings = (Chapter(0.0, "缓存"), Chapter(0.25, "Keys"), Chapter(60.0, "值"))
    for seconds, title in ((0.0, "缓存"), (0.25, "Keys"), (0.5, "Keys"), (59.75, "Keys"), (60.0, "值")):
        assert title_at(headings, seconds, plays=False) == title


@pytest.mark.parametrize(
    ("start", "end", "found_by"),
    [
        (158.0, 203.0, ["掩码"]),
        (160.0, 205.0, ["掩码", "q", "a", "q", "a"]),
        (58.0, 103.0, ["mask", "掩码", "mask", "掩码"]),
        (203.0, 248.0, ["q", "a", "q", "a"]),
        (120.0, 121.0, ["掩码"]),
        (120.0, 120.0, ["掩码"]),
    ],
)
def test_a_chunk_is_found_by_the_chapters_that_it_is_about_and_twice_where_they_begin(
    start: float, end: float, found_by: list[str]
) -> None:
    assert title_terms(CHAPTERS, start, end) == found_by
    assert title_terms((), start, end) == []
