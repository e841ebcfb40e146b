"""Builds of YouTube videos: refusals, blocks, connections that break, and when they ask again."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import seekpoint
from seekpoint.index.embedded.manifest import Manifest
from seekpoint.index.types import Cue, Origin, State, Transcript
from seekpoint.indexer.build_options import BuildOptions
from seekpoint.indexer.pipeline.build_report import preview
from seekpoint.indexer.sources.provenance import FetchResult
from tests.fake_youtube import HANG_UP
from tests.fakes import TopicEncoder
from tests.indexer.builds import Workshop, webvtt

if TYPE_CHECKING:
    from seekpoint.index.types import Vectors

EN, ZH = "english0001", "zhongwen001"
BAD, NEW = "resets00001", "newcomer001"
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
LINES = [(0.0, 10.0, "attention weighs the words"), (10.0, 10.0, "the mask hides what comes later")]
ZEILEN = [(0.0, 10.0, "注意力给每个词一个权重"), (10.0, 10.0, "掩码遮住后面的词")]
MANY = [f"talk{n:07d}" for n in range(4)]


def two_talks(workshop: Workshop) -> Path:
    workshop.fake.add_video(EN, "Attention explained", {"en": LINES})
    workshop.fake.add_video(ZH, "注意力机制", {"a.zh": ZEILEN})
    return workshop.write("list.txt", f"https://youtu.be/{EN}\nhttps://youtu.be/{ZH}\n")


def many_talks(workshop: Workshop) -> Path:
    for video_id in MANY:
        workshop.fake.add_video(video_id, tracks={"en": LINES})
    return workshop.write("many.txt", "\n".join(f"https://youtu.be/{video_id}" for video_id in MANY))


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
        answer = seekpoint.ask(question, workshop.library, encoder=workshop.encoder, language=language)
        assert answer.moments[0].link.startswith(f"https://www.youtube.com/watch?v={video_id}&t=")
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
    moment = seekpoint.ask("mask", workshop.library, encoder=workshop.encoder, language="en").moments[0]
    assert (moment.resource.title, moment.chapter, moment.start) == ("Attention", "掩码 Masks", 10.0)
    assert workshop.build(list_file).updated == 0, "without --captions nothing is asked again"
    workshop.library = workshop.folder / "fresh"
    workshop.build(list_file, captions=folder)
    assert workshop.asked() == [ZH]


def test_a_missing_language_is_reported_and_another_one_requested_at_once(workshop: Workshop) -> None:
    workshop.fake.add_video(EN, tracks={"en": LINES})
    address = f"https://youtu.be/{EN}"
    workshop.build(address, languages=["zh"])
    status = workshop.statuses()[EN]
    assert (status.state, status.reason) == (State.NO_TRANSCRIPT, "no transcript in zh (there is: en)")
    workshop.build(address, languages=["zh"])
    assert workshop.asked() == []
    workshop.build(address, languages=["en"])
    assert workshop.statuses()[EN].languages == ("en",)
    for asked in ([EN], []):
        report = workshop.build(address, languages=["de"])
        assert (workshop.asked(), report.states[State.INDEXED]) == (asked, 1), (
            "what is indexed stays, and is asked for once"
        )


def test_a_second_language_that_was_deferred_is_fetched_by_the_next_build(workshop: Workshop) -> None:
    workshop.fake.add_video(EN, tracks={"en": LINES, "zh-Hans": ZEILEN})
    address = f"https://youtu.be/{EN}"
    workshop.build(address, languages=["en"])
    workshop.fake.make_blocked(EN)
    workshop.build(address, languages=["en", "zh"])
    assert (workshop.statuses()[EN].state, workshop.statuses()[EN].languages) == (State.INDEXED, ("en",))
    assert workshop.wait(EN) == pytest.approx(HOUR, abs=60)
    workshop.fake.add_video(EN, tracks={"en": LINES, "zh-Hans": ZEILEN})
    workshop.build(address, languages=["en", "zh"], later=HOUR + 60)
    assert (workshop.asked(), workshop.statuses()[EN].languages) == ([EN], ("en", "zh-Hans"))


def test_a_block_stops_the_requests_and_defers_the_rest_until_it_is_due(workshop: Workshop) -> None:
    list_file = many_talks(workshop)
    workshop.fake.fail(MANY[1], "player", 429)
    report = workshop.build(list_file)
    assert workshop.fake.requests[3:] == [("watch", MANY[1]), ("player", MANY[1])], "none after the block"
    assert (report.states[State.INDEXED], report.states[State.DEFERRED]) == (1, 3)
    assert list(workshop.states().values()) == [State.INDEXED, *[State.DEFERRED] * 3]
    for video_id in MANY[1:]:
        assert "refuses requests" in str(workshop.statuses()[video_id].reason)
        assert workshop.wait(video_id) == pytest.approx(HOUR, abs=60)
    assert len(workshop.events.lines) == 1
    assert seekpoint.ask("mask", workshop.library, encoder=workshop.encoder).moments[0].resource.id == MANY[0]
    workshop.fake.fail(MANY[1], "player", times=0)
    workshop.build(list_file, later=HOUR - 60)
    assert workshop.asked() == []
    for new in ("newcomer001", "newcomer002"):
        workshop.fake.add_video(new, tracks={"en": LINES})
    workshop.build("https://youtu.be/newcomer001", later=HOUR - 60)
    assert (workshop.asked(), workshop.statuses()["newcomer001"].state) == ([], State.DEFERRED)
    list_file.write_text(list_file.read_text("utf-8") + "\nhttps://youtu.be/newcomer002", "utf-8")
    report = workshop.build(list_file, later=HOUR + 60)
    assert (workshop.asked(), report.states[State.INDEXED]) == (["newcomer002", *MANY[1:]], 5), "the new one first"


def test_a_block_does_not_stop_local_captions_and_retry_asks_at_once(workshop: Workshop) -> None:
    list_file = many_talks(workshop)
    workshop.fake.make_blocked(MANY[0])
    folder = workshop.write(f"captions/T [{MANY[3]}].en.vtt", webvtt("local attention")).parent
    workshop.build(list_file, captions=folder)
    assert list(workshop.states().values()) == [*[State.DEFERRED] * 3, State.INDEXED]
    many_talks(workshop)
    report = workshop.build(list_file, retry=True)
    assert (workshop.asked(), report.states[State.INDEXED]) == (MANY[:3], 4)


@pytest.mark.parametrize(
    ("place", "status", "words", "later"),
    [
        ("captions", 200, "block in disguise", HOUR + MINUTE),
        ("watch", HANG_UP, "the connection to youtube.com fails", 0.0),
    ],
    ids=["empty answers", "connections that break off"],
)
def test_three_faults_in_a_row_stop_the_requests_and_their_videos_come_last_next_time(
    workshop: Workshop, place: str, status: int, words: str, later: float
) -> None:
    list_file = many_talks(workshop)
    for video_id in MANY[:3]:
        workshop.fake.fail(video_id, place, status, "")
    workshop.build(list_file)
    assert (workshop.asked(), list(workshop.states().values())) == (MANY[:3], [State.DEFERRED] * 4)
    assert words in workshop.events.lines[0] and "nothing more is asked of YouTube" in workshop.events.lines[0]
    workshop.build(list_file, later=later)
    assert (workshop.asked(), workshop.states()[MANY[3]]) == ([MANY[2], MANY[3], *MANY[:2]], State.INDEXED)


def test_each_block_doubles_the_wait_and_a_success_resets_it(workshop: Workshop) -> None:
    list_file = many_talks(workshop)
    workshop.fake.make_blocked(MANY[0])
    later = 0.0
    for hours in (1, 2, 4, 8, 16, 24, 24):
        workshop.build(list_file, later=later)
        assert workshop.asked() == MANY[:1]
        assert workshop.wait(MANY[3]) == pytest.approx(later + hours * HOUR, abs=60)
        later += hours * HOUR + 60
    workshop.fake.add_video(MANY[0], tracks={"en": LINES})
    workshop.fake.make_blocked(MANY[1])
    workshop.build(list_file, later=later)
    assert (next(iter(workshop.states().values())), workshop.asked()) == (State.INDEXED, MANY[:2])
    assert workshop.wait(MANY[1]) == pytest.approx(later + HOUR, abs=60)


def test_another_route_requests_deferred_videos_at_once(workshop: Workshop) -> None:
    list_file = many_talks(workshop)
    workshop.fake.make_unplayable(MANY[0], "This is a private video.")
    workshop.fake.make_blocked(MANY[1])
    workshop.build(list_file)
    cookies = workshop.write(
        "cookies.txt", "# Netscape HTTP Cookie File\n.youtube.com\tTRUE\t/\tTRUE\t2000000000\tPREF\tx\n"
    )
    workshop.build(list_file, cookies=cookies)
    assert workshop.asked() == [MANY[1]], "what is private isn't asked for, and the block counts here too"
    many_talks(workshop)
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


class WaitingEncoder(TopicEncoder):
    """Embeds only after the next transcript has been requested."""

    def __init__(self, videos: RecordingSource, count: int) -> None:
        super().__init__()
        self._videos = videos
        self._count = count

    def passages(self, texts: Sequence[str]) -> Vectors:
        awaited = min(len(self.embedded) + 2, self._count)
        deadline = time.monotonic() + 60
        while len(self._videos.asked) < awaited and time.monotonic() < deadline:
            time.sleep(0.001)
        assert len(self._videos.asked) == awaited, "one is fetched ahead, no more"
        return super().passages(texts)


def test_the_next_transcript_is_fetched_while_one_is_embedded(workshop: Workshop) -> None:
    videos = RecordingSource()
    report = workshop.build(many_talks(workshop), videos=videos, encoder=WaitingEncoder(videos, len(MANY)))
    assert (report.updated, videos.asked) == (4, MANY)


def test_unavailable_videos_are_requested_again_after_thirty_days(workshop: Workshop) -> None:
    workshop.fake.make_unplayable(EN, "This is a private video.")
    workshop.fake.make_disabled(ZH)
    workshop.fake.add_video(NEW, tracks={"en": [(0.0, 1.0, " ")]})
    list_file = workshop.write("list.txt", "\n".join(f"https://youtu.be/{video_id}" for video_id in (EN, ZH, NEW)))
    report = workshop.build(list_file)
    assert (report.states[State.UNAVAILABLE], report.states[State.NO_TRANSCRIPT]) == (1, 2)
    statuses = workshop.statuses()
    assert "private video" in str(statuses[EN].reason)
    assert (statuses[NEW].state, statuses[NEW].chunks) == (State.NO_TRANSCRIPT, 0)
    assert "empty" in str(statuses[NEW].reason)
    for later, asked in ((29 * DAY, []), (31 * DAY, [EN, ZH, NEW])):
        workshop.build(list_file, later=later)
        assert workshop.asked() == asked


def test_an_interrupted_build_continues_where_it_stopped(workshop: Workshop) -> None:
    list_file = many_talks(workshop)
    with pytest.raises(KeyboardInterrupt):
        workshop.build(list_file, videos=RecordingSource(most=1))
    assert Manifest.load(workshop.library).database, "the library is sealed"
    assert list(workshop.states().values()) == [State.INDEXED, *[State.PENDING] * 3]
    assert seekpoint.ask("attention", workshop.library, encoder=workshop.encoder).answered
    workshop.build(list_file)
    assert workshop.asked() == MANY[1:]


def listed(workshop: Workshop, *video_ids: str) -> Path:
    for video_id in video_ids:
        workshop.fake.add_video(video_id, tracks={"zh": ZEILEN} if video_id == ZH else {"en": LINES})
    return workshop.write("list.txt", "\n".join(f"https://youtu.be/{video_id}" for video_id in video_ids))


def test_a_video_whose_connection_always_breaks_off_harms_no_other(workshop: Workshop) -> None:
    list_file = listed(workshop, BAD, EN, ZH)
    workshop.fake.fail(BAD, "captions", HANG_UP)
    workshop.build(list_file)
    assert workshop.states() == {BAD: State.DEFERRED, EN: State.INDEXED, ZH: State.INDEXED}
    assert "the connection to youtube.com fails" in str(workshop.statuses()[BAD].reason)
    assert workshop.wait(BAD) == pytest.approx(HOUR, abs=60)
    list_file.write_text(list_file.read_text("utf-8") + f"\nhttps://youtu.be/{NEW}", "utf-8")
    workshop.fake.add_video(NEW, tracks={"en": LINES})
    workshop.build(list_file, later=HOUR + 120)
    assert workshop.asked() == [NEW, BAD]


def test_after_three_connections_in_a_row_that_break_off_nothing_more_is_asked(workshop: Workshop) -> None:
    playlists = [f"PLresets{n}" for n in range(4)]
    for playlist in playlists:
        workshop.fake.fail(playlist, "playlist", HANG_UP)
    links = [f"https://www.youtube.com/playlist?list={playlist}" for playlist in playlists]
    workshop.build(workshop.write("list.txt", "\n".join([*links, f"https://youtu.be/{EN}"])))
    assert (workshop.asked(), len(workshop.events.lines)) == (playlists[:3], 1)
    assert "nothing more is asked of YouTube" in workshop.events.lines[0]
    assert set(workshop.states().values()) == {State.DEFERRED}


def test_a_network_that_is_down_or_goes_down_is_no_fault_of_the_videos(workshop: Workshop) -> None:
    list_file = listed(workshop, EN, ZH, NEW)
    for source, count in ((f"https://youtu.be/{EN}", 1), (list_file, 3)):
        assert workshop.build(source, offline=True).states[State.DEFERRED] == count
        (line,) = workshop.events.lines
        assert "the connection to youtube.com fails" in line
    for video_id in (ZH, NEW):
        workshop.fake.fail(video_id, "watch", HANG_UP)
    workshop.build(list_file)
    assert workshop.states() == {EN: State.INDEXED, ZH: State.DEFERRED, NEW: State.DEFERRED}
    for video_id in (ZH, NEW):
        workshop.fake.fail(video_id, "watch", times=0)
    assert workshop.build(list_file).states[State.INDEXED] == 3, "the next build tries at once"


def test_what_was_stored_at_a_wrong_clock_is_asked_again(workshop: Workshop) -> None:
    page = "https://blog.example.org/attention"
    workshop.fake.add_site(page, "<p>Attention gives each word a weight. 注意力给每个词一个权重。</p>")
    list_file = listed(workshop, EN, ZH)
    list_file.write_text(f"{list_file.read_text('utf-8')}\n{page}\n", "utf-8")
    workshop.fake.make_unplayable(EN, "This is a private video.")
    workshop.fake.make_blocked(ZH)
    workshop.build(list_file, later=400 * DAY)
    preview_of = preview(BuildOptions([str(list_file)]), workshop.library, workshop.fake.web())
    assert preview_of.closed_until <= time.time() + DAY
    listed(workshop, EN, ZH)
    list_file.write_text(f"{list_file.read_text('utf-8')}\n{page}\n", "utf-8")
    report = workshop.build(list_file)
    assert (set(workshop.asked()), report.states[State.INDEXED]) == ({EN, ZH, page}, 3)
    workshop.build(list_file)
    assert workshop.fake.requests == []


@pytest.mark.parametrize(
    ("place", "retry_after", "pause"),
    [
        ("player", "7200", 2 * HOUR),
        ("captions", "1", MINUTE),
        ("player", "31536000", DAY),
        ("captions", timedelta(hours=3), 3 * HOUR),
        ("player", "稍后".encode().decode("latin-1"), HOUR),
    ],
    ids=["seconds", "too short", "too long", "date", "words"],
)
def test_youtubes_retry_after_is_honoured_from_a_minute_to_a_day(
    workshop: Workshop, place: str, retry_after: str | timedelta, pause: float
) -> None:
    if isinstance(retry_after, timedelta):
        retry_after = format_datetime(datetime.now(UTC) + retry_after, usegmt=True)
    list_file = listed(workshop, EN, ZH)
    workshop.fake.fail(EN, place, 429, headers={"Retry-After": retry_after})
    workshop.build(list_file)
    assert workshop.wait(EN) == pytest.approx(pause, abs=50)
    assert workshop.wait(ZH) == pytest.approx(pause, abs=50)
    workshop.build(list_file, later=pause - 55)
    assert workshop.asked() == []
    workshop.fake.fail(EN, place, times=0)
    assert workshop.build(list_file, later=pause + 50).states[State.INDEXED] == 2


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
    workshop.library = workshop.folder / "fresh"
    workshop.fake.fail(ZH, "player", 429, headers={"Retry-After": "60"})
    workshop.build(f"https://youtu.be/{ZH}")
    workshop.fake.fail(ZH, "player", 429)
    workshop.build(f"https://youtu.be/{ZH}", later=2 * MINUTE)
    assert workshop.wait(ZH) == pytest.approx(HOUR + 2 * MINUTE, abs=50), "the next block doubles from an hour"


def test_a_young_or_live_video_without_a_transcript_is_asked_again_after_a_day(workshop: Workshop) -> None:
    waits: dict[str, float] = {}
    for days_ago, wait in {0: DAY, 5: DAY, 9: 30 * DAY, 900: 30 * DAY}.items():
        published = (datetime.now(UTC) - timedelta(days=days_ago)).date().isoformat()
        for video_id, tracks in ((f"silent{days_ago:05}", {}), (f"other0{days_ago:05}", {"zh": ZEILEN})):
            workshop.fake.add_video(video_id, tracks=tracks, published=published)
            waits[video_id] = wait
    for video_id, is_live in ((EN, True), (ZH, False)):
        player = {"playabilityStatus": {"status": "OK"}, "videoDetails": {"isLive": is_live, "isLiveContent": True}}
        workshop.fake.set_player(video_id, player)
        waits[video_id] = DAY if is_live else 30 * DAY
    list_file = workshop.write("list.txt", "\n".join(f"https://youtu.be/{video_id}" for video_id in waits))
    workshop.build(list_file, languages=["en"])
    assert {video_id: workshop.wait(video_id) for video_id in waits} == pytest.approx(waits, abs=60)
    assert set(workshop.states().values()) <= {State.NO_TRANSCRIPT, State.UNAVAILABLE}
