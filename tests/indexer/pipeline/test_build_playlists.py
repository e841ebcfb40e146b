"""Builds of playlists and channels."""

from __future__ import annotations

from pathlib import Path

import pytest

import seekpoint
from seekpoint.index.types import Kind, State
from seekpoint.indexer.reading_list.addresses import short_hash
from tests.fake_playlists import DELETED, PRIVATE
from tests.indexer.builds import Workshop, webvtt

A, B, C, GONE, HIDDEN = "attention01", "zhuyili0001", "position001", "deleted0001", "private0001"
LIST = "PLcourse"
ADDRESS = f"https://www.youtube.com/playlist?list={LIST}"
DAY = 86400.0
LINES = {
    A: {"en": [(0.0, 10.0, "attention weighs the words")]},
    B: {"zh-Hans": [(0.0, 10.0, "注意力给每个词一个权重")]},
    C: {"en": [(0.0, 10.0, "position tells the order")]},
}
ENTRIES = [(A, "Lecture 1"), (HIDDEN, PRIVATE), (B, "第二讲"), (GONE, DELETED)]


@pytest.fixture
def course(workshop: Workshop) -> Path:
    """A list with a playlist of two videos, of one that is private and of one that was deleted."""
    for video_id, tracks in LINES.items():
        workshop.fake.add_video(video_id, f"Title of {video_id}", tracks)
    workshop.fake.add_playlist(LIST, "CS25 课程", ENTRIES)
    return workshop.write(
        "list.md", f"# Reading\n\n## 深入 Advanced\n\n- <{ADDRESS}>\n- [Last](https://youtu.be/{C})\n"
    )


def videos_asked(workshop: Workshop) -> list[str]:
    return [name for place, name in workshop.fake.requests if place == "watch"]


def test_a_playlist_becomes_its_videos_under_its_title_and_a_second_build_only_lists_it(
    workshop: Workshop, course: Path
) -> None:
    report = workshop.build(course)
    assert (report.entries, report.resources, report.updated) == (2, 6, 3)
    assert videos_asked(workshop) == [A, B, C], "what is missing from the playlist isn't requested"
    listing = [place for place, _ in workshop.fake.requests if place in ("playlist", "reload", "more", "resolve")]
    found = workshop.statuses()
    assert list(found) == [LIST, A, HIDDEN, B, GONE, C], "in the order of the list"
    available, missing = dict.fromkeys([LIST, A, B, C], State.INDEXED), dict.fromkeys([HIDDEN, GONE], State.UNAVAILABLE)
    assert workshop.states() == available | missing
    assert {found[name].resource.sections for name in (A, B, HIDDEN, GONE)} == {(("深入 Advanced", "CS25 课程"),)}
    assert (found[LIST].resource.title, found[LIST].resource.kind) == ("CS25 课程", Kind.PLAYLIST)
    assert [found[name].resource.title for name in (A, B, C)] == ["Lecture 1", "第二讲", "Last"]
    assert "private video" in str(found[HIDDEN].reason) and "deleted video" in str(found[GONE].reason)
    answer = seekpoint.ask("注意力", workshop.library, encoder=workshop.encoder, section="cs25")
    assert {moment.resource.id for moment in answer.moments} == {A, B}
    before = workshop.content()
    report = workshop.build(course)
    assert (report.updated, report.embedded, workshop.asked()) == (0, 0, [LIST])
    assert len(workshop.fake.requests) == len(listing)
    assert workshop.content() == before


def test_new_entries_are_found_and_those_that_left_stay_until_they_are_pruned(workshop: Workshop, course: Path) -> None:
    workshop.build(course)
    workshop.fake.add_video("newlecture1", tracks={"en": [(0.0, 9.0, "training")]})
    workshop.fake.add_playlist(LIST, "CS25 课程", [(B, "第二讲"), ("newlecture1", "Lecture 3")])
    report = workshop.build(course)
    assert (videos_asked(workshop), report.updated, report.resources) == (["newlecture1"], 1, 4)
    assert workshop.states()[A] is State.INDEXED, "what has left stays"
    assert workshop.build(course, prune=True).removed == 3
    assert list(workshop.statuses()) == [LIST, B, "newlecture1", C]
    course.write_text(f"[Last](https://youtu.be/{C})", "utf-8")
    workshop.build(course, prune=True)
    assert list(workshop.statuses()) == [C]


def test_a_video_that_reappears_is_requested_and_one_that_turns_private_stays(workshop: Workshop, course: Path) -> None:
    workshop.build(course)
    workshop.fake.add_video(HIDDEN, tracks=LINES[A])
    workshop.fake.add_playlist(LIST, "CS25 课程", [(A, PRIVATE), (HIDDEN, "Here again")])
    workshop.build(course)
    assert (videos_asked(workshop), workshop.statuses()[HIDDEN].resource.title) == ([HIDDEN], "Here again")
    assert (workshop.states()[HIDDEN], workshop.states()[A]) == (State.INDEXED, State.INDEXED)


def test_captions_on_disk_are_used_for_videos_of_a_playlist_and_others_reported(
    workshop: Workshop, course: Path
) -> None:
    folder = workshop.write(f"captions/T [{HIDDEN}].en.vtt", webvtt("the mask")).parent
    workshop.write("captions/T [otherid0001].en.vtt", webvtt("the mask"))
    workshop.build(course, captions=folder)
    assert workshop.states()[HIDDEN] is State.INDEXED
    assert [line for line in workshop.events.lines if "1 caption file is of videos that the lists don't name" in line]


def test_a_failed_listing_keeps_the_stored_entries(workshop: Workshop, course: Path) -> None:
    workshop.build(course)
    workshop.fake.fail(LIST, "playlist", 500)
    report = workshop.build(course)
    assert set(workshop.states()) == {LIST, A, HIDDEN, B, GONE, C}
    assert report.states[State.INDEXED] == 4
    assert [line for line in workshop.events.lines if "kept as it was" in line]
    workshop.build(course)
    assert workshop.fake.requests == [], "not before it is time"


def test_a_missing_playlist_is_reported_and_the_build_continues(workshop: Workshop, course: Path) -> None:
    workshop.fake.refuse_playlist(LIST, "The playlist does not exist.")
    workshop.build(course)
    status = workshop.statuses()[LIST]
    assert (status.state, workshop.states()[C]) == (State.UNAVAILABLE, State.INDEXED)
    assert "does not exist" in str(status.reason)
    for later, asked in ((29 * DAY, []), (31 * DAY, [LIST])):
        workshop.build(course, later=later)
        assert workshop.asked() == asked


def test_a_block_while_listing_stops_the_run(workshop: Workshop, course: Path) -> None:
    workshop.fake.fail(LIST, "playlist", 429)
    report = workshop.build(course)
    assert workshop.fake.requests == [("playlist", LIST)]
    assert report.states == dict.fromkeys(State, 0) | {State.DEFERRED: 2}


def test_nested_playlists_and_one_that_contains_itself(workshop: Workshop) -> None:
    workshop.fake.add_video(A, tracks=LINES[A])
    workshop.fake.add_playlist("PLouter", "Outer", [("PLouter", "Outer"), ("PLinner", "Inner")])
    workshop.fake.add_playlist("PLinner", "Inner", [("PLouter", "Outer"), (A, "Lecture 1")])
    workshop.build("https://www.youtube.com/playlist?list=PLouter")
    assert workshop.states() == dict.fromkeys(["PLouter", "PLinner", A], State.INDEXED)
    assert workshop.statuses()[A].resource.sections == (("Outer", "Inner"),)


@pytest.mark.parametrize(("count", "warned"), [(100, True), (201, False)])
def test_a_listing_of_suspicious_length_warns(workshop: Workshop, count: int, warned: bool) -> None:
    folder = workshop.folder / "captions"
    entries = [(f"lecture{n:04d}", f"Lecture {n}") for n in range(count)]
    workshop.fake.add_playlist(LIST, "Long", entries)
    workshop.write(f"captions/T [{entries[0][0]}].en.vtt", webvtt("attention"))
    workshop.fake.make_blocked(entries[1][0])
    workshop.build(ADDRESS, captions=folder)
    lines = [line for line in workshop.events.lines if f"exactly {count} entries" in line]
    assert bool(lines) == warned
    assert len(workshop.statuses()) == count + 1


def test_a_channel_is_limited_to_its_newest_videos(workshop: Workshop) -> None:
    for video_id, tracks in LINES.items():
        workshop.fake.add_video(video_id, tracks=tracks)
    workshop.fake.add_channel("/@讲座/videos", "李宏毅", [(C, "New"), (A, "Older"), (B, "Oldest")])
    address = "https://www.youtube.com/@讲座"
    workshop.build(address, limit=2)
    (channel,) = (status for status in workshop.statuses().values() if status.resource.kind is Kind.PLAYLIST)
    assert list(workshop.states()) == [channel.resource.id, C, A]
    assert channel.resource.id == short_hash(channel.resource.url)
    assert workshop.statuses()[C].resource.sections == (("李宏毅",),)
    workshop.build(address)
    assert (videos_asked(workshop), len(workshop.statuses())) == ([B], 4)
