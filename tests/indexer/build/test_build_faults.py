"""Builds in which the connection to YouTube fails, for one entry or for all."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from seekpoint.index.types import State
from tests.fake_youtube import HANG_UP
from tests.indexer.builds import Workshop

HOUR = 3600.0
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
