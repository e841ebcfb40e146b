from __future__ import annotations

from dataclasses import replace

import pytest

from seekpoint.query.answers import Answer, Confidence
from seekpoint.query.output.exports import to_m3u
from tests.query.output.examples import ANSWER, HOSTILE, VIDEO_MOMENT, hostile_answer


def test_a_playlist_has_the_recordings_and_videos_each_from_its_second() -> None:
    assert to_m3u(ANSWER).splitlines() == [
        "#EXTM3U",
        "#PLAYLIST:什么是掩码？",
        "#EXTINF:-1,什么是注意力 12:34",
        "#EXTVLCOPT:start-time=754",
        "https://www.youtube.com/watch?v=wjZofJX0v4M&t=754s",
        "#EXTINF:-1,Why masks? 0:12",
        "#EXTVLCOPT:start-time=12",
        "file:///home/ada/my%20talks/masks.ogg",
    ]


@pytest.mark.parametrize("text", [*HOSTILE, "a\nfile:///etc/passwd", "a\r#EXTVLCOPT:sout=#file", "a\u2028b\x85c"])
def test_no_title_adds_a_line_to_a_playlist(text: str) -> None:
    lines = to_m3u(hostile_answer(text)).splitlines()
    assert [line.partition(":")[0] for line in lines] == [
        "#EXTM3U",
        "#PLAYLIST",
        *["#EXTINF", "#EXTVLCOPT", "https"] * 2,
    ]


@pytest.mark.parametrize("link", ["javascript:alert(1)", "data:text/html,x", "seekpoint:x", ""])
def test_an_address_that_a_player_could_run_is_left_out(link: str) -> None:
    answer = Answer("q", Confidence.HIGH, (replace(VIDEO_MOMENT, link=link),))
    assert to_m3u(answer).splitlines() == ["#EXTM3U", "#PLAYLIST:q"]
