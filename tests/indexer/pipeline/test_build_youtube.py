"""Builds of YouTube's videos, playlists and channels: refusals, blocks, broken connections, and when they ask again."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import seekpoint
from seekpoint.index.errors import Blocked, Unfetched
from seekpoint.index.open import open_writer
from seekpoint.index.reasons import Reason
from seekpoint.index.types import Cue, Kind, Origin, State, Transcript
from seekpoint.indexer.pipeline.youtube_gate import YouTubeGate
from seekpoint.indexer.reading_list.addresses import short_hash
from seekpoint.indexer.sources.provenance import FetchResult
from seekpoint.indexer.sources.youtube.youtube import YouTubeTranscripts
from tests.fake_playlists import DELETED, PRIVATE
from tests.fake_youtube import HANG_UP, FakeYouTube
from tests.fakes import TopicEncoder
from tests.indexer.builds import Workshop, webvtt

if TYPE_CHECKING:
    from seekpoint.index.types import Vectors

EN, ZH = "english0001", "zhongwen001"
NEW = "newcomer001"
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
LINES = [(0.0, 10.0, "attention weighs the words"), (10.0, 10.0, "the mask hides what comes later")]
ZEILEN = [(0.0, 10.0, "注意力给每个词一个权重"), (10.0, 10.0, "掩码遮住后面的词")]
COOKIES = "# Netscape HTTP Cookie File\n.youtube.com\tTRUE\t/\tTRUE\t2000000000\ta\tx\n"
MANY = [f"talk{n:07d}" for n in range(4)]


def two_talks(workshop: Workshop) -> Path:
    workshop.fake.add_video(EN, "Attention explained", {"en": LINES})
    workshop.fake.add_video(ZH, "注意力机制", {"a.zh": ZEILEN})
    return workshop.write("list.txt", f"https://youtu.be/{EN}\nhttps://youtu.be/{ZH}\n")


def listed(workshop: Workshop, *video_ids: str) -> Path:
    for video_id in video_ids:
        workshop.fake.add_video(video_id, tracks={"zh": ZEILEN} if video_id == ZH else {"en": LINES})
    return workshop.write("list.txt", "\n".join(f"https://youtu.be/{video_id}" for video_id in video_ids))


def test_an_english_and_a_chinese_video_are_indexed_and_a_second_build_changes_nothing(workshop: Workshop) -> None:
    list_file = two_talks(workshop)
    list_file.write_text(list_file.read_text("utf-8") + "https://youtu.be/missing0001\n", "utf-8")
    report = workshop.build(list_file)
    assert (report.entries, report.updated, report.embedded, report.states[State.INDEXED]) == (3, 2, 2, 2)
    found = [workshop.statuses()[video_id] for video_id in (EN, ZH)]
    assert [(s.resource.title, s.languages, s.transcript, s.chunks, s.seconds) for s in found] == [
        ("Attention explained", ("en",), Origin.MANUAL, 1, 20.0),
        ("注意力机制", ("zh",), Origin.GENERATED, 1, 20.0),
    ]
    for question, language, video_id in (("what does the mask hide?", "en", EN), ("掩码有什么用", "zh", ZH)):
        assert workshop.ask(question, language)[0].link.startswith(f"https://www.youtube.com/watch?v={video_id}&t=")
    before = workshop.content()
    report = workshop.build(list_file)
    assert (report.updated, workshop.asked(), workshop.encoder.embedded) == (0, [], [])
    assert workshop.content() == before


def test_captions_on_disk_replace_youtubes_and_keep_its_details(workshop: Workshop) -> None:
    list_file = two_talks(workshop)
    workshop.fake.add_video(EN, "Attention", {"en": LINES}, seconds=20, chapters=[(0, "Intro"), (10, "掩码 Masks")])
    folder = workshop.write(f"captions/T [{EN}].en.vtt", webvtt("local attention", "the mask")).parent
    workshop.build(list_file)
    report = workshop.build(list_file, captions=folder)
    assert (report.updated, workshop.asked(), len(workshop.encoder.embedded)) == (1, [], 1)
    assert [status.transcript for status in workshop.statuses().values()] == [Origin.LOCAL, Origin.GENERATED]
    moment = workshop.ask("mask", "en")[0]
    assert (moment.resource.title, moment.chapter, moment.start) == ("Attention", "掩码 Masks", 10.0)
    assert workshop.build(list_file).updated == 0, "without --captions nothing is asked again"
    workshop.library = workshop.folder / "fresh"
    workshop.build(list_file, captions=folder)
    assert workshop.asked() == [ZH]


def test_missing_and_further_languages_are_asked_for_and_those_deferred_fetched_by_the_next_build(
    workshop: Workshop,
) -> None:
    workshop.fake.add_video(EN, tracks={"en": LINES})
    address = f"https://youtu.be/{EN}"
    workshop.build(address, languages=["zh"])
    status = workshop.statuses()[EN]
    assert (status.state, status.reason) == (State.NO_TRANSCRIPT, "no transcript in zh (there is: en)")
    workshop.build(address, languages=["zh"])
    assert workshop.asked() == []
    workshop.build(address, languages=["en"])
    assert workshop.statuses()[EN].languages == ("en",)
    workshop.fake.make_blocked(EN)
    workshop.build(address, languages=["en", "zh"])
    assert (workshop.statuses()[EN].state, workshop.statuses()[EN].languages) == (State.INDEXED, ("en",))
    assert workshop.wait(EN) == pytest.approx(HOUR, abs=60)
    workshop.fake.add_video(EN, tracks={"en": LINES, "zh-Hans": ZEILEN})
    workshop.build(address, languages=["en", "zh"], later=HOUR + 60)
    assert (workshop.asked(), workshop.statuses()[EN].languages) == ([EN], ("en", "zh-Hans"))
    for asked in ([EN], []):
        report = workshop.build(address, languages=["de"], later=HOUR + 60)
        assert (workshop.asked(), report.states[State.INDEXED]) == (asked, 1), "it stays, and is asked for once"


def test_a_block_stops_the_requests_and_defers_the_rest_until_it_is_due(workshop: Workshop) -> None:
    list_file = listed(workshop, *MANY)
    workshop.fake.fail(MANY[1], "player", 429)
    report = workshop.build(list_file)
    assert workshop.fake.requests[3:] == [("watch", MANY[1]), ("player", MANY[1])], "none after the block"
    assert (report.states[State.INDEXED], report.states[State.DEFERRED]) == (1, 3)
    assert list(workshop.states().values()) == [State.INDEXED, *[State.DEFERRED] * 3]
    for video_id in MANY[1:]:
        assert "refuses requests" in str(workshop.statuses()[video_id].reason)
        assert workshop.wait(video_id) == pytest.approx(HOUR, abs=60)
    assert len(workshop.events.lines) == 1
    assert workshop.ask("mask")[0].resource.id == MANY[0]
    workshop.build(list_file, later=HOUR - 60)
    assert workshop.asked() == []
    folder = workshop.write(f"captions/T [{MANY[3]}].en.vtt", webvtt("local attention")).parent
    workshop.build(list_file, captions=folder)
    assert (workshop.asked(), workshop.states()[MANY[3]]) == ([], State.INDEXED), "captions on disk are read"
    workshop.build(list_file, retry=True)
    assert workshop.asked() == MANY[1:2], "--retry asks at once"
    workshop.fake.fail(MANY[1], "player", times=0)
    for new in ("newcomer001", "newcomer002"):
        workshop.fake.add_video(new, tracks={"en": LINES})
    workshop.build("https://youtu.be/newcomer001", later=HOUR - 60)
    assert (workshop.asked(), workshop.statuses()["newcomer001"].state) == ([], State.DEFERRED)
    list_file.write_text(list_file.read_text("utf-8") + "\nhttps://youtu.be/newcomer002", "utf-8")
    report = workshop.build(list_file, later=2 * HOUR + 60)
    assert (workshop.asked(), report.states[State.INDEXED]) == (["newcomer002", *MANY[1:3]], 5), "the new one first"


@pytest.mark.parametrize(
    ("place", "status", "words", "later"),
    [
        ("captions", 200, "block in disguise", DAY + MINUTE),
        ("watch", HANG_UP, "the connection to youtube.com fails", 0.0),
    ],
    ids=["empty answers", "connections that break off"],
)
def test_three_faults_in_a_row_stop_the_requests_and_their_videos_come_last_next_time(
    workshop: Workshop, place: str, status: int, words: str, later: float
) -> None:
    list_file = listed(workshop, *MANY)
    for video_id in MANY[:3]:
        workshop.fake.fail(video_id, place, status, "")
    workshop.build(list_file)
    assert (workshop.asked(), list(workshop.states().values())) == (MANY[:3], [State.DEFERRED] * 4)
    assert words in workshop.events.lines[0] and "nothing more is asked of YouTube" in workshop.events.lines[0]
    workshop.build(list_file, later=later)
    assert (workshop.asked(), workshop.states()[MANY[3]]) == ([MANY[2], MANY[3], *MANY[:2]], State.INDEXED)


def test_each_block_doubles_the_wait_and_a_success_resets_it(tmp_path: Path) -> None:
    now = 0.0

    def gate(now: float) -> YouTubeGate:
        return YouTubeGate(writer, lambda: now, "direct", print, regardless=False)

    def block(asked: float | None = None) -> None:
        raise Blocked(Reason("youtube_refused"), asked)

    with open_writer(tmp_path / "library", TopicEncoder().card) as writer:
        for hours in (1, 2, 4, 8, 16, 24, 24, 0, 1):
            if not hours:
                gate(now).through(lambda: None)
                continue
            with pytest.raises(Blocked) as blocked:
                gate(now).through(block)
            assert blocked.value.retry_after == hours * HOUR
            now += hours * HOUR
            assert gate(now - 1).closed and not gate(now).closed
        gate(now).through(lambda: None)
        for asked, pause in ((MINUTE, MINUTE), (None, HOUR)):  # what YouTube asks for isn't doubled
            with pytest.raises(Blocked) as blocked:
                gate(now).through(partial(block, asked))
            assert blocked.value.retry_after == pause
            now += pause


def test_another_route_requests_deferred_videos_at_once(workshop: Workshop) -> None:
    list_file = listed(workshop, *MANY)
    workshop.fake.make_unplayable(MANY[0], "This is a private video.")
    workshop.fake.make_blocked(MANY[1])
    workshop.build(list_file)
    cookies = workshop.write("cookies.txt", COOKIES)
    workshop.build(list_file, cookies=cookies)
    assert workshop.asked() == [MANY[1]], "what is private isn't asked for, and the block counts here too"
    listed(workshop, *MANY)
    assert (workshop.build(list_file).updated, workshop.asked()) == (0, []), "nothing is due on the first way"
    report = workshop.build(list_file, cookies=cookies, later=2 * HOUR + 60)
    assert (workshop.asked(), report.updated) == (MANY[1:], 3)


class RecordingSource:
    """Returns transcripts, records the requested videos, and is interrupted by the user after `most`."""

    def __init__(self, most: int = 99) -> None:
        self.asked: list[str] = []
        self._most = most

    def fetch(self, video_id: str) -> FetchResult:
        self.asked.append(video_id)
        if len(self.asked) > self._most:
            raise KeyboardInterrupt
        cue = Cue(0.0, 10.0, f"attention {video_id}")
        return FetchResult((Transcript("en", Origin.MANUAL, (cue,)), Transcript("zh", Origin.MANUAL, ())))


def test_the_next_transcript_is_fetched_while_one_is_embedded(workshop: Workshop) -> None:
    videos = RecordingSource()

    class WaitingEncoder(TopicEncoder):
        def passages(self, texts: Sequence[str]) -> Vectors:
            awaited, deadline = min(len(self.embedded) + 2, len(MANY)), time.monotonic() + 60
            while len(videos.asked) < awaited and time.monotonic() < deadline:
                time.sleep(0.001)
            assert len(videos.asked) == awaited, "one is fetched ahead, no more"
            return super().passages(texts)

    report = workshop.build(listed(workshop, *MANY), videos=videos, encoder=WaitingEncoder())
    assert (report.updated, videos.asked) == (4, MANY)


def test_an_interrupted_build_continues_where_it_stopped(workshop: Workshop) -> None:
    list_file = listed(workshop, *MANY)
    videos = RecordingSource(most=1)
    with pytest.raises(KeyboardInterrupt):
        workshop.build(list_file, videos=videos)
    assert videos.asked == MANY[:2], "nothing is fetched after it"
    assert list(workshop.states().values()) == [State.INDEXED, *[State.PENDING] * 3]
    assert workshop.ask("attention")
    workshop.build(list_file)
    assert workshop.asked() == MANY[1:]


def test_a_network_that_is_down_or_goes_down_is_no_fault_of_the_videos(workshop: Workshop) -> None:
    list_file = listed(workshop, EN, ZH, NEW)
    for source, count in ((f"https://youtu.be/{EN}", 1), (list_file, 3)):
        assert workshop.build(source, offline=True).states[State.DEFERRED] == count
        (line,) = workshop.events.lines
        assert "the connection to youtube.com fails" in line
    for times in (None, 0):
        for video_id in (ZH, NEW):
            workshop.fake.fail(video_id, "watch", HANG_UP, times=times)
        workshop.build(list_file)
        later = State.INDEXED if times == 0 else State.DEFERRED
        assert workshop.states() == {EN: State.INDEXED, ZH: later, NEW: later}, "the next build tries at once"


def test_what_was_stored_at_a_wrong_clock_is_asked_again(workshop: Workshop) -> None:
    page = "https://blog.example.org/attention"
    workshop.fake.add_site(page, "<p>Attention gives each word a weight. 注意力给每个词一个权重。</p>")
    list_file = listed(workshop, EN, ZH)
    workshop.fake.make_unplayable(EN, "This is a private video.")
    workshop.fake.make_blocked(ZH)
    workshop.build(list_file, page, later=400 * DAY)
    assert workshop.preview(list_file).closed_until <= time.time() + DAY
    listed(workshop, EN, ZH)
    report = workshop.build(list_file, page)
    assert (set(workshop.asked()), report.states[State.INDEXED]) == ({EN, ZH, page}, 3)
    workshop.build(list_file, page)
    assert workshop.fake.requests == []


def test_retry_after_is_honoured_where_a_playlist_or_an_overloaded_server_gives_it(workshop: Workshop) -> None:
    list_file = listed(workshop, EN, ZH)
    workshop.fake.fail(EN, "watch", 503, headers={"Retry-After": "7200"})
    workshop.build(list_file)
    assert workshop.wait(EN) == pytest.approx(2 * HOUR, abs=50)
    assert workshop.asked() == [EN, ZH]
    assert [place for place, video_id in workshop.fake.requests if video_id == EN] == ["watch"], "no further attempts"
    playlist = "PLblocked"
    workshop.fake.fail(playlist, "playlist", 429, headers={"Retry-After": "7200"})
    workshop.build(workshop.write("more.txt", f"https://www.youtube.com/playlist?list={playlist}"))
    assert workshop.wait(playlist) == pytest.approx(2 * HOUR, abs=50)


def wait_of(fake: FakeYouTube) -> float | None:
    """The seconds after which an English video may be asked for again."""
    with pytest.raises(Unfetched) as refused:
        YouTubeTranscripts(fake.web(), ["en"]).fetch(EN)
    return refused.value.retry_after


def test_a_pause_that_youtube_asks_for_is_a_minute_at_least(fake: FakeYouTube) -> None:
    fake.add_video(EN, tracks={"en": LINES})
    fake.fail(EN, "captions", 429, headers={"Retry-After": "1"})
    assert wait_of(fake) == MINUTE


@pytest.mark.parametrize("tracks", [{}, {"zh": ZEILEN}])
@pytest.mark.parametrize(("days_ago", "wait"), [(0, DAY), (5, DAY), (9, 30 * DAY), (900, 30 * DAY)])
def test_a_young_video_without_a_transcript_may_get_one_soon(
    fake: FakeYouTube, tracks: dict[str, list[tuple[float, float, str]]], days_ago: int, wait: float
) -> None:
    published = (datetime.now(UTC) - timedelta(days=days_ago)).date().isoformat()
    fake.add_video(EN, tracks=tracks, published=published)
    assert wait_of(fake) == wait


@pytest.mark.parametrize(("is_live", "wait"), [(True, DAY), (False, 30 * DAY)])
def test_a_live_video_without_a_transcript_may_get_one_soon(fake: FakeYouTube, is_live: bool, wait: float) -> None:
    video = {"isLive": is_live, "isLiveContent": True}
    fake.set_player(EN, {"playabilityStatus": {"status": "OK"}, "videoDetails": video})
    assert wait_of(fake) == wait


A, B, C, GONE, HIDDEN = "attention01", "zhuyili0001", "position001", "deleted0001", "private0001"
LIST = "PLcourse"
ADDRESS = f"https://www.youtube.com/playlist?list={LIST}"
TRACKS = {
    A: {"en": [(0.0, 10.0, "attention weighs the words")]},
    B: {"zh-Hans": [(0.0, 10.0, "注意力给每个词一个权重")]},
    C: {"en": [(0.0, 10.0, "position tells the order")]},
}
ENTRIES = [(A, "Lecture 1"), (HIDDEN, PRIVATE), (B, "第二讲"), (GONE, DELETED)]


@pytest.fixture
def course(workshop: Workshop) -> Path:
    """A list with a playlist of two videos, of one that is private and of one that was deleted."""
    for video_id, tracks in TRACKS.items():
        workshop.fake.add_video(video_id, f"Title of {video_id}", tracks)
    workshop.fake.add_playlist(LIST, "CS25 课程", ENTRIES)
    return workshop.write(
        "list.md", f"# Reading\n\n## 深入 Advanced\n\n- <{ADDRESS}>\n- [Last](https://youtu.be/{C})\n"
    )


def test_a_playlist_becomes_its_videos_under_its_title_and_a_second_build_only_lists_it(
    workshop: Workshop, course: Path
) -> None:
    report = workshop.build(course)
    assert (report.entries, report.resources, report.updated) == (2, 6, 3)
    assert workshop.asked("watch") == [A, B, C], "what is missing from the playlist isn't requested"
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


def test_new_entries_are_found_those_that_left_stay_until_pruned_and_those_that_turn_private_stay(
    workshop: Workshop, course: Path
) -> None:
    workshop.build(course)
    for video_id in ("newlecture1", HIDDEN):
        workshop.fake.add_video(video_id, tracks=TRACKS[A])
    entries = [(B, PRIVATE), (HIDDEN, "Here again"), ("newlecture1", "Lecture 3")]
    workshop.fake.add_playlist(LIST, "CS25 课程", entries)
    report = workshop.build(course)
    assert (workshop.asked("watch"), report.updated, report.resources) == ([HIDDEN, "newlecture1"], 2, 5)
    assert workshop.statuses()[HIDDEN].resource.title == "Here again"
    states = workshop.states()
    assert states[HIDDEN] is states[B] is State.INDEXED
    assert states[A] is State.INDEXED, "what has left stays"
    assert workshop.build(course, prune=True).removed == 2
    assert list(workshop.statuses()) == [LIST, B, HIDDEN, "newlecture1", C]
    course.write_text(f"[Last](https://youtu.be/{C})", "utf-8")
    workshop.build(course, prune=True)
    assert list(workshop.statuses()) == [C]


def test_captions_on_disk_are_used_for_videos_of_a_playlist_and_others_reported(
    workshop: Workshop, course: Path
) -> None:
    folder = workshop.write(f"captions/T [{HIDDEN}].en.vtt", webvtt("the mask")).parent
    workshop.write("captions/T [otherid0001].en.vtt", webvtt("the mask"))
    workshop.build(course, captions=folder)
    assert workshop.states()[HIDDEN] is State.INDEXED
    assert [line for line in workshop.events.lines if "1 caption file is of videos that the lists don't name" in line]


def test_a_failed_listing_keeps_the_stored_entries_and_a_missing_one_is_reported(
    workshop: Workshop, course: Path
) -> None:
    workshop.build(course)
    workshop.fake.fail(LIST, "playlist", 500)
    report = workshop.build(course)
    assert set(workshop.states()) == {LIST, A, HIDDEN, B, GONE, C}
    assert report.states[State.INDEXED] == 4
    assert [line for line in workshop.events.lines if "kept as it was" in line]
    workshop.build(course)
    assert workshop.fake.requests == [], "not before it is time"
    workshop.library = workshop.folder / "another"
    workshop.fake.fail(LIST, "playlist", times=0)
    workshop.fake.refuse_playlist(LIST, "The playlist does not exist.")
    workshop.build(course)
    status = workshop.statuses()[LIST]
    assert (status.state, workshop.states()[C]) == (State.UNAVAILABLE, State.INDEXED)
    assert "does not exist" in str(status.reason)
    assert workshop.wait(LIST) == pytest.approx(30 * DAY, abs=60)


def test_a_block_while_listing_stops_the_run(workshop: Workshop, course: Path) -> None:
    workshop.fake.fail(LIST, "playlist", 429)
    report = workshop.build(course)
    assert workshop.fake.requests == [("playlist", LIST)]
    assert report.states == dict.fromkeys(State, 0) | {State.DEFERRED: 2}


def test_nested_playlists_and_one_that_contains_itself(workshop: Workshop) -> None:
    workshop.fake.add_video(A, tracks=TRACKS[A])
    workshop.fake.add_playlist("PLouter", "Outer", [("PLouter", "Outer"), ("PLinner", "Inner")])
    workshop.fake.add_playlist("PLinner", "Inner", [("PLouter", "Outer"), (A, "Lecture 1")])
    workshop.build("https://www.youtube.com/playlist?list=PLouter")
    assert [*workshop.states().items()] == [(name, State.INDEXED) for name in ("PLouter", "PLinner", A)]
    assert workshop.statuses()[A].resource.sections == (("Outer", "Inner"),)


@pytest.mark.parametrize(("length", "warns"), [(100, True), (101, False)])
def test_a_listing_of_suspicious_length_warns(workshop: Workshop, length: int, warns: bool) -> None:
    workshop.fake.add_playlist(LIST, "Long", [(f"lecture{n:04d}", f"Lecture {n}") for n in range(length)])
    workshop.fake.make_blocked("lecture0000")
    workshop.build(ADDRESS)
    assert any(f"exactly {length} entries" in line for line in workshop.events.lines) is warns


def test_a_channel_is_limited_to_its_newest_videos(workshop: Workshop) -> None:
    for video_id, tracks in TRACKS.items():
        workshop.fake.add_video(video_id, tracks=tracks)
    workshop.fake.add_channel("/@讲座/videos", "李宏毅", [(C, "New"), (A, "Older"), (B, "Oldest")])
    address = "https://www.youtube.com/@讲座"
    workshop.build(address, limit=2)
    (channel,) = (status for status in workshop.statuses().values() if status.resource.kind is Kind.PLAYLIST)
    assert list(workshop.states()) == [channel.resource.id, C, A]
    assert channel.resource.id == short_hash(channel.resource.url)
    assert workshop.statuses()[C].resource.sections == (("李宏毅",),)
    workshop.build(address)
    assert (workshop.asked("watch"), len(workshop.statuses())) == ([B], 4)
