"""Builds that meet faults: connections to YouTube that fail, a clock that was wrong, and when they ask again."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from seekpoint.index.types import State
from seekpoint.indexer.build_options import BuildOptions
from seekpoint.indexer.pipeline.build_report import preview
from tests.fake_youtube import HANG_UP
from tests.indexer.builds import Workshop

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
BAD, EN, ZH, NEW = "resets00001", "english0001", "zhongwen001", "newcomer001"
LINES = {"en": [(0.0, 10.0, "attention weighs the words")]}
ZEILEN = {"zh": [(0.0, 10.0, "注意力给每个词一个权重")]}


def listed(workshop: Workshop, *video_ids: str) -> Path:
    for video_id in video_ids:
        workshop.fake.add_video(video_id, tracks=ZEILEN if video_id == ZH else LINES)
    return workshop.write("list.txt", "\n".join(f"https://youtu.be/{video_id}" for video_id in video_ids))


def states(workshop: Workshop) -> dict[str, State]:
    return {video_id: status.state for video_id, status in workshop.statuses().items()}


def wait(workshop: Workshop, video_id: str) -> float:
    """The seconds until a video is due."""
    due = workshop.statuses()[video_id].retry_after
    assert due is not None
    return due - time.time()


@pytest.mark.parametrize("place", ["watch", "player", "captions"])
def test_a_video_whose_connection_always_breaks_off_harms_no_other(workshop: Workshop, place: str) -> None:
    list_file = listed(workshop, BAD, EN, ZH)
    workshop.fake.fail(BAD, place, HANG_UP)
    workshop.build(list_file)
    assert states(workshop) == {BAD: State.DEFERRED, EN: State.INDEXED, ZH: State.INDEXED}
    assert "the connection to youtube.com fails" in str(workshop.statuses()[BAD].reason)
    assert wait(workshop, BAD) == pytest.approx(HOUR, abs=60)
    list_file.write_text(list_file.read_text("utf-8") + f"\nhttps://youtu.be/{NEW}", "utf-8")
    workshop.fake.add_video(NEW, tracks=LINES)
    workshop.build(list_file, later=HOUR + 120)
    assert workshop.asked() == [NEW, BAD]


def test_a_playlist_whose_connection_always_breaks_off_harms_no_video(workshop: Workshop) -> None:
    listed(workshop, EN)
    workshop.fake.fail("PLresets", "playlist", HANG_UP)
    workshop.build(workshop.write("list.txt", f"https://www.youtube.com/playlist?list=PLresets\nhttps://youtu.be/{EN}"))
    assert states(workshop) == {"PLresets": State.DEFERRED, EN: State.INDEXED}
    assert wait(workshop, "PLresets") == pytest.approx(HOUR, abs=60)


def test_after_three_connections_in_a_row_that_break_off_nothing_more_is_asked(workshop: Workshop) -> None:
    playlists = [f"PLresets{n}" for n in range(4)]
    for playlist in playlists:
        workshop.fake.fail(playlist, "playlist", HANG_UP)
    links = [f"https://www.youtube.com/playlist?list={playlist}" for playlist in playlists]
    workshop.build(workshop.write("list.txt", "\n".join([*links, f"https://youtu.be/{EN}"])))
    assert (workshop.asked(), len(workshop.events.lines)) == (playlists[:3], 1)
    assert "nothing more is asked of YouTube" in workshop.events.lines[0]
    assert set(states(workshop).values()) == {State.DEFERRED}


def test_three_videos_in_a_row_whose_connection_breaks_off_are_tried_last_next_time(workshop: Workshop) -> None:
    bad = [f"{BAD[:-1]}{n}" for n in range(3)]
    list_file = listed(workshop, *bad, EN, ZH)
    for video_id in bad:
        workshop.fake.fail(video_id, "watch", HANG_UP)
    workshop.build(list_file)
    assert (workshop.asked(), set(states(workshop).values())) == (bad, {State.DEFERRED})
    workshop.build(list_file)
    assert (states(workshop)[EN], states(workshop)[ZH]) == (State.INDEXED, State.INDEXED)
    assert workshop.asked() == [bad[2], EN, ZH, *bad[:2]]


@pytest.mark.parametrize("count", [1, 2, 5])
def test_without_a_network_the_next_build_tries_at_once(workshop: Workshop, count: int) -> None:
    video_ids = [f"talk{n:07d}" for n in range(count)]
    list_file = listed(workshop, *video_ids)
    assert workshop.build(list_file, offline=True).states[State.DEFERRED] == count
    assert len(workshop.events.lines) == 1 and "the connection to youtube.com fails" in workshop.events.lines[0]
    assert workshop.build(list_file).states[State.INDEXED] == count


def test_a_network_that_goes_down_after_an_answer_is_no_fault_of_the_last_videos(workshop: Workshop) -> None:
    list_file = listed(workshop, EN, ZH, NEW)
    for video_id in (ZH, NEW):
        workshop.fake.fail(video_id, "watch", HANG_UP)
    workshop.build(list_file)
    assert states(workshop) == {EN: State.INDEXED, ZH: State.DEFERRED, NEW: State.DEFERRED}
    for video_id in (ZH, NEW):
        workshop.fake.fail(video_id, "watch", times=0)
    assert workshop.build(list_file).states[State.INDEXED] == 3


def test_a_block_at_a_wrong_clock_ends_within_a_day_of_the_right_one(workshop: Workshop) -> None:
    list_file = listed(workshop, EN, ZH)
    workshop.fake.make_blocked(EN)
    workshop.build(list_file, later=400 * DAY)
    preview_of = preview(BuildOptions([str(list_file)]), workshop.library, workshop.fake.web())
    assert preview_of.closed_until <= time.time() + DAY
    listed(workshop, EN, ZH)
    report = workshop.build(list_file, later=DAY + MINUTE)
    assert (workshop.asked(), report.states[State.INDEXED]) == ([EN, ZH], 2)


def test_a_refusal_at_a_wrong_clock_is_asked_again(workshop: Workshop) -> None:
    list_file = listed(workshop, EN)
    workshop.fake.make_unplayable(EN, "This is a private video.")
    workshop.build(list_file, later=400 * DAY)
    listed(workshop, EN)
    assert workshop.build(list_file).states[State.INDEXED] == 1


def test_a_page_that_was_read_at_a_wrong_clock_is_looked_at_again(workshop: Workshop) -> None:
    page = "https://blog.example.org/attention"
    workshop.fake.add_site(page, "<p>Attention gives each word a weight. 注意力给每个词一个权重。</p>")
    list_file = workshop.write("list.md", f"[Attention]({page})")
    workshop.build(list_file, later=400 * DAY)
    workshop.build(list_file)
    assert workshop.fake.requests == [("site", page)]
    workshop.build(list_file)
    assert workshop.fake.requests == []


@pytest.mark.parametrize(
    ("retry_after", "pause"),
    [
        ("7200", 2 * HOUR),
        ("1", MINUTE),
        ("31536000", DAY),
        (timedelta(hours=3), 3 * HOUR),
        ("稍后".encode().decode("latin-1"), HOUR),
    ],
    ids=["seconds", "too short", "too long", "date", "words"],
)
@pytest.mark.parametrize("place", ["player", "captions"])
def test_youtubes_retry_after_is_honoured_from_a_minute_to_a_day(
    workshop: Workshop, place: str, retry_after: str | timedelta, pause: float
) -> None:
    if isinstance(retry_after, timedelta):
        retry_after = format_datetime(datetime.now(UTC) + retry_after, usegmt=True)
    list_file = listed(workshop, EN, ZH)
    workshop.fake.fail(EN, place, 429, headers={"Retry-After": retry_after})
    workshop.build(list_file)
    assert wait(workshop, EN) == pytest.approx(pause, abs=50)
    assert wait(workshop, ZH) == pytest.approx(pause, abs=50)
    workshop.build(list_file, later=pause - 55)
    assert workshop.asked() == []
    workshop.fake.fail(EN, place, times=0)
    assert workshop.build(list_file, later=pause + 50).states[State.INDEXED] == 2


def test_the_block_after_one_with_retry_after_doubles_from_an_hour(workshop: Workshop) -> None:
    list_file = listed(workshop, EN)
    workshop.fake.fail(EN, "player", 429, headers={"Retry-After": "60"})
    workshop.build(list_file)
    workshop.fake.fail(EN, "player", 429)
    workshop.build(list_file, later=2 * MINUTE)
    assert wait(workshop, EN) == pytest.approx(HOUR + 2 * MINUTE, abs=50)


def test_retry_after_is_honoured_where_a_playlist_or_an_overloaded_server_gives_it(workshop: Workshop) -> None:
    list_file = listed(workshop, EN, ZH)
    workshop.fake.fail(EN, "watch", 503, headers={"Retry-After": "7200"})
    workshop.build(list_file)
    assert wait(workshop, EN) == pytest.approx(2 * HOUR, abs=50)
    assert workshop.asked() == [EN, ZH]
    assert [place for place, video_id in workshop.fake.requests if video_id == EN] == ["watch"], "no further attempts"
    playlist = "PLblocked"
    workshop.fake.fail(playlist, "playlist", 429, headers={"Retry-After": "7200"})
    workshop.build(workshop.write("more.txt", f"https://www.youtube.com/playlist?list={playlist}"))
    assert wait(workshop, playlist) == pytest.approx(2 * HOUR, abs=50)


def published(days_ago: float) -> str:
    return (datetime.now(UTC) - timedelta(days=days_ago)).date().isoformat()


@pytest.mark.parametrize(("days_ago", "waits"), [(0, DAY), (5, DAY), (9, 30 * DAY), (900, 30 * DAY)])
def test_a_young_video_without_a_transcript_is_asked_again_after_a_day(
    workshop: Workshop, days_ago: float, waits: float
) -> None:
    list_file = listed(workshop, EN, ZH)
    for video_id, tracks in ((EN, {}), (ZH, ZEILEN)):
        workshop.fake.add_video(video_id, tracks=tracks, published=published(days_ago))
    workshop.build(list_file, languages=["en"])
    for video_id in (EN, ZH):
        assert workshop.statuses()[video_id].state is State.NO_TRANSCRIPT
        assert wait(workshop, video_id) == pytest.approx(waits, abs=60)


def test_a_live_video_without_a_transcript_is_asked_again_after_a_day(workshop: Workshop) -> None:
    list_file = listed(workshop, EN, ZH)
    for video_id, is_live in ((EN, True), (ZH, False)):
        player = {"playabilityStatus": {"status": "OK"}, "videoDetails": {"isLive": is_live, "isLiveContent": True}}
        workshop.fake.set_player(video_id, player)
    workshop.build(list_file)
    assert wait(workshop, EN) == pytest.approx(DAY, abs=60)
    assert wait(workshop, ZH) == pytest.approx(30 * DAY, abs=60)
