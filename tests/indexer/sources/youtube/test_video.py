"""Transcripts and details of videos."""

from __future__ import annotations

import json
import socket
from contextlib import suppress
from datetime import UTC, datetime
from threading import Thread
from typing import Any

import pytest
import requests

from seekpoint.index.errors import Blocked, Halt, Unfetched, Unreachable
from seekpoint.index.types import Chapter, Cue, Details, Origin, State
from seekpoint.indexer.fetch.retries import ConnectionFault, Pace
from seekpoint.indexer.sources.youtube.video import YouTubeTranscripts, details_of, is_new, outcome_of
from tests.fake_youtube import YOUTUBE, FakeYouTube, timed_text, watch_page
from tests.local_web import LocalWeb
from tests.shared import SHARED, needs_shared

VIDEO = "abcdefghijk"
HOUR, DAY, MONTH = 3600, 86400, 30 * 86400


def client(fake: FakeYouTube, *languages: str) -> YouTubeTranscripts:
    return YouTubeTranscripts(fake.session(), languages)


def outcome(fake: FakeYouTube, *languages: str, video_id: str = VIDEO) -> Unfetched:
    with pytest.raises(Unfetched) as caught:
        client(fake, *languages).fetch(video_id)
    assert "\n" not in caught.value.reason and len(caught.value.reason) < 300
    return caught.value


def places(fake: FakeYouTube) -> list[str]:
    return [place for place, _ in fake.requests]


def test_a_transcript_and_its_details_take_three_requests(fake: FakeYouTube) -> None:
    fake.add_video(
        VIDEO,
        "注意力机制 | Attention\u202e",
        {"en": [(0.0, 4.0, "Q &amp; A: a < b"), (3.0, 2.5, "你好")]},
        channel="李宏毅",
        seconds=95,
        published="2017-06-12",
        chapters=[(0, "Intro"), (30, "自注意力")],
    )
    fetched = client(fake).fetch(VIDEO)
    assert places(fake) == ["watch", "player", "captions"]
    (transcript,) = fetched.transcripts
    assert (transcript.language, transcript.origin) == ("en", Origin.MANUAL)
    assert transcript.cues[0].end == 3.0, "time on screen ends where the next cue begins"
    assert transcript.cues[1] == Cue(3.0, 5.5, "你好")
    assert fetched.details == Details(
        "注意力机制 | Attention", "李宏毅", 95.0, "2017-06-12", (Chapter(0, "Intro"), Chapter(30, "自注意力"))
    )


LINES = [(0.0, 1.0, "words")]


@pytest.mark.parametrize(
    ("there_is", "wanted", "taken"),
    [
        (["de", "en", "zh-Hans", "a.en"], [], [("en", Origin.MANUAL)]),
        (["de", "en-GB", "a.en"], [], [("en-GB", Origin.MANUAL)]),
        (["en-GB", "en-US", "a.en-US"], [], [("en-US", Origin.MANUAL)]),
        (["de", "a.en"], [], [("en", Origin.GENERATED)]),
        (["es"], [], [("es", Origin.MANUAL)]),
        (["zh-TW", "en"], [], [("zh-TW", Origin.MANUAL)]),
        (["de", "zh-Hans", "en", "a.en"], ["zh", "en"], [("zh-Hans", Origin.MANUAL), ("en", Origin.MANUAL)]),
        (["zh-Hans", "zh-TW"], ["zh-TW"], [("zh-TW", Origin.MANUAL)]),
        (["zh-Hans", "zh-TW"], ["zh-HK"], [("zh-Hans", Origin.MANUAL)]),
        (["zh-Hans", "a.en"], ["en", "en-US", "ja"], [("en", Origin.GENERATED)]),
    ],
)
def test_choice_of_tracks(
    fake: FakeYouTube, there_is: list[str], wanted: list[str], taken: list[tuple[str, Origin]]
) -> None:
    fake.add_video(VIDEO, tracks={code: LINES for code in there_is})
    fetched = client(fake, *wanted).fetch(VIDEO)
    assert [(transcript.language, transcript.origin) for transcript in fetched.transcripts] == taken
    assert len(fake.requests) == 2 + len(taken)


def test_without_a_track_in_the_wanted_languages_the_available_ones_are_named(fake: FakeYouTube) -> None:
    fake.add_video(VIDEO, tracks={"es": LINES, "a.es": LINES})
    error = outcome(fake, "en", "zh")
    assert (error.state, error.reason) == (State.NO_TRANSCRIPT, "no transcript in en, zh (there is: es)")


def test_unavailable(fake: FakeYouTube) -> None:
    error = outcome(fake)
    assert (error.state, error.retry_after, places(fake)) == (State.UNAVAILABLE, MONTH, ["watch", "player"])


@pytest.mark.parametrize("not_an_id", ["https://youtu.be/x", "short", "abcdefghijk&list=x", ""])
def test_an_invalid_id_is_not_requested(fake: FakeYouTube, not_an_id: str) -> None:
    assert outcome(fake, video_id=not_an_id).state == State.UNAVAILABLE
    assert fake.requests == []


def test_captions_disabled_or_empty(fake: FakeYouTube) -> None:
    fake.make_disabled(VIDEO)
    error = outcome(fake)
    assert (error.state, error.retry_after, places(fake)) == (State.NO_TRANSCRIPT, MONTH, ["watch", "player"])
    fake.add_video(VIDEO, tracks={"en": [(0.0, 1.0, " ")]})
    assert outcome(fake).state == State.NO_TRANSCRIPT
    fake.add_video(VIDEO, tracks={})
    assert outcome(fake).state == State.NO_TRANSCRIPT


@pytest.mark.parametrize(
    ("reason", "state", "wait"),
    [
        ("This is a private video.", State.UNAVAILABLE, MONTH),
        ("Join this channel to get access to members-only content", State.UNAVAILABLE, MONTH),
        ("This live event will begin in 3 hours.", State.DEFERRED, DAY),
        ("Premieres in 40 minutes", State.DEFERRED, DAY),
    ],
)
def test_the_reason_of_an_unplayable_video_is_passed_on(
    fake: FakeYouTube, reason: str, state: State, wait: float
) -> None:
    fake.make_unplayable(VIDEO, reason + "\n\x1b[31m")
    error = outcome(fake)
    assert (error.state, error.retry_after, places(fake)) == (state, wait, ["watch", "player"])
    assert reason in error.reason and "\x1b" not in error.reason


def test_an_unplayable_video_with_a_subreason_or_without_reason(fake: FakeYouTube) -> None:
    fake.make_unplayable(VIDEO, "Video unavailable", subreason="Not made available in your country")
    assert "in your country" in outcome(fake).reason
    fake.make_unplayable(VIDEO, "")
    assert outcome(fake).state == State.UNAVAILABLE


def test_age_restricted(fake: FakeYouTube) -> None:
    fake.make_unplayable(VIDEO, "This video may be inappropriate for some users.", status="LOGIN_REQUIRED")
    error = outcome(fake)
    assert (error.state, error.retry_after, places(fake)) == (State.UNAVAILABLE, MONTH, ["watch", "player"])
    assert "age" in error.reason


@pytest.mark.parametrize(
    ("status", "reason", "subreason"),
    [
        ("LOGIN_REQUIRED", "Sign in to confirm you’re not a bot", ""),
        ("LOGIN_REQUIRED", "Sign in to confirm you're not a bot", ""),
        ("ERROR", "This content isn’t available, try again later.", ""),
        ("UNPLAYABLE", "Video unavailable", "This content isn't available, try again later."),
    ],
)
def test_a_block_by_message_is_never_retried(fake: FakeYouTube, status: str, reason: str, subreason: str) -> None:
    fake.make_unplayable(VIDEO, reason, status=status, subreason=subreason)
    assert isinstance(outcome(fake), Blocked)
    assert places(fake) == ["watch", "player"]


@pytest.mark.parametrize("place", ["watch", "player", "captions"])
def test_too_many_requests_is_a_block(fake: FakeYouTube, place: str) -> None:
    fake.add_video(VIDEO)
    fake.fail(VIDEO, place, 429)
    error = outcome(fake)
    assert isinstance(error, Blocked) and error.state == State.DEFERRED
    assert places(fake).count(place) == 1


def test_a_captcha_is_a_block(fake: FakeYouTube) -> None:
    fake.fail(VIDEO, "watch", 200, '<div class="g-recaptcha"></div>')
    assert isinstance(outcome(fake), Blocked) and places(fake) == ["watch"]


@pytest.mark.parametrize("place", ["watch", "player", "captions"])
def test_a_server_error_of_youtube_is_retried(fake: FakeYouTube, place: str) -> None:
    fake.add_video(VIDEO)
    fake.fail(VIDEO, place, 503, times=2)
    assert client(fake).fetch(VIDEO).transcripts
    assert places(fake).count(place) == 3


def test_a_persistent_server_error_of_youtube_is_deferred(fake: FakeYouTube) -> None:
    fake.fail(VIDEO, "watch", 500)
    error = outcome(fake)
    assert (error.state, error.retry_after) == (State.DEFERRED, HOUR)
    assert "500" in error.reason and places(fake) == ["watch"] * 3


@pytest.mark.parametrize("place", ["player", "captions"])
@pytest.mark.parametrize("body", ["", "<html>no, not closed"])
def test_an_empty_response_is_retried_once(fake: FakeYouTube, place: str, body: str) -> None:
    fake.add_video(VIDEO)
    fake.fail(VIDEO, place, 200, body, times=1)
    assert client(fake).fetch(VIDEO).transcripts
    fake.requests.clear()
    fake.fail(VIDEO, place, 200, body)
    error = outcome(fake)
    assert (error.state, error.retry_after, isinstance(error, Halt)) == (State.DEFERRED, HOUR, False)
    assert "block" in error.reason and places(fake).count(place) == 2


@pytest.mark.parametrize(
    ("place", "status", "body"),
    [
        ("watch", 403, ""),
        ("player", 400, ""),
        ("captions", 403, ""),
        ("watch", 200, "<html>a new kind of page</html>"),
        ("player", 200, "{}"),
        ("player", 200, "[]"),
        (
            "player",
            200,
            '{"playabilityStatus": {}, "captions": {"playerCaptionsTracklistRenderer": {"captionTracks": [{}]}}}',
        ),
        ("captions", 200, '<transcript><text dur="1">no start</text></transcript>'),
    ],
)
def test_server_faults_do_not_blame_the_video(fake: FakeYouTube, place: str, status: int, body: str) -> None:
    fake.add_video(VIDEO)
    fake.fail(VIDEO, place, status, body)
    error = outcome(fake)
    assert (error.state, error.retry_after) == (State.DEFERRED, DAY)
    assert "no fault of this video" in error.reason and places(fake).count(place) == 1


def test_failures_of_every_video_stop_the_run(fake: FakeYouTube) -> None:
    fake.add_video(VIDEO)
    youtube = client(fake)
    for good, halts in ((False, False), (False, False), (True, False), (False, False), (False, False), (False, True)):
        fake.fail(VIDEO, "player", 400, times=0 if good else None)
        if good:
            youtube.fetch(VIDEO)
            continue
        with pytest.raises(Unfetched) as caught:
            youtube.fetch(VIDEO)
        assert isinstance(caught.value, Halt) == halts
        assert (caught.value.state, caught.value.retry_after) == (State.DEFERRED, DAY / 2 if halts else DAY)


@pytest.mark.parametrize(("place", "status"), [("captions", 200), ("watch", 503)])
def test_server_faults_for_every_video_stop_the_run_too(fake: FakeYouTube, place: str, status: int) -> None:
    fake.add_video(VIDEO)
    fake.fail(VIDEO, place, status, "")
    youtube = client(fake)
    for halts in (False, False, True):
        with pytest.raises(Unfetched) as caught:
            youtube.fetch(VIDEO)
        assert isinstance(caught.value, Halt) == halts and not isinstance(caught.value, Blocked)


@pytest.mark.parametrize(
    "declared", ['<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">', '<!ENTITY b SYSTEM "file:///etc/passwd">']
)
def test_captions_that_declare_entities_are_refused(fake: FakeYouTube, declared: str) -> None:
    fake.add_video(VIDEO)
    body = f'<!DOCTYPE t [{declared}]><transcript><text start="0" dur="1">&b;</text></transcript>'
    fake.fail(VIDEO, "captions", 200, body)
    youtube = client(fake)
    for _ in range(4):
        with pytest.raises(Unfetched, match="XML entities") as caught:
            youtube.fetch(VIDEO)
        assert (caught.value.state, caught.value.retry_after) == (State.UNAVAILABLE, MONTH)
        assert not isinstance(caught.value, Halt)
    assert places(fake) == ["watch", "player", "captions"] * 4


def test_control_characters_in_captions_are_left_out(fake: FakeYouTube) -> None:
    fake.add_video(VIDEO, tracks={"en": [(0.0, 1.0, "\x1b[31matten\x08tion\x00 注意力 <script>x</script>")]})
    (transcript,) = client(fake).fetch(VIDEO).transcripts
    assert transcript.cues == (Cue(0.0, 1.0, "[31mattention 注意力 x"),)
    assert places(fake) == ["watch", "player", "captions"]


def test_consent_is_given_once_and_kept(fake: FakeYouTube) -> None:
    fake.add_video(VIDEO)
    fake.ask_consent(VIDEO, times=1)
    youtube = client(fake)
    assert youtube.fetch(VIDEO).transcripts and youtube.fetch(VIDEO).transcripts
    assert places(fake).count("watch") == 3
    fake.ask_consent(VIDEO)
    error = outcome(fake)
    assert (error.state, error.retry_after) == (State.DEFERRED, DAY)


def player(address: str) -> dict[str, Any]:
    track = {"baseUrl": address, "languageCode": "en", "name": {"runs": [{"text": "English"}]}}
    return {
        "playabilityStatus": {"status": "OK"},
        "captions": {"playerCaptionsTracklistRenderer": {"captionTracks": [track]}},
    }


def test_captions_that_need_a_token_are_deferred(fake: FakeYouTube) -> None:
    fake.add_video(VIDEO)
    fake.set_player(VIDEO, player(f"{YOUTUBE}/api/timedtext?v={VIDEO}&exp=xpe"))
    error = outcome(fake)
    assert (error.state, error.retry_after) == (State.DEFERRED, DAY)
    assert places(fake) == ["watch", "player"]


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:1/", "https://youtube.com.evil.org/", "https://e.org\\@youtube.com/"]
)
def test_captions_elsewhere_are_not_fetched(fake: FakeYouTube, address: str) -> None:
    fake.add_video(VIDEO)
    fake.set_player(VIDEO, player(address))
    error = outcome(fake)
    assert (error.state, places(fake)) == (State.UNAVAILABLE, ["watch", "player"])
    assert "outside youtube.com" in error.reason


def test_no_request_for_captions_goes_elsewhere(fake: FakeYouTube) -> None:
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        fake.add_video(VIDEO)
        fake.set_player(VIDEO, player(f"http://127.0.0.1:{elsewhere.getsockname()[1]}/api/timedtext?v={VIDEO}"))
        assert outcome(fake).state == State.UNAVAILABLE
        assert connections(elsewhere) == 0


def connections(listener: socket.socket) -> int:
    """The number of pending connections."""
    count = 0
    listener.setblocking(False)
    with suppress(BlockingIOError):
        while True:
            listener.accept()[0].close()
            count += 1
    return count


def test_a_server_that_never_answers(fake: FakeYouTube) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        web = LocalWeb(f"http://127.0.0.1:{silent.getsockname()[1]}", YOUTUBE, timeouts=(5.0, 0.05))
        with pytest.raises(Unfetched, match="did not answer in time") as caught:
            YouTubeTranscripts(web.session()).fetch(VIDEO)
        assert (caught.value.state, caught.value.retry_after) == (State.DEFERRED, HOUR)
        assert connections(silent) == 3


def test_a_dropped_connection_is_tried_three_times(fake: FakeYouTube) -> None:
    dropped = 0

    def drop(listener: socket.socket) -> None:
        nonlocal dropped
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                dropped += 1
                connection.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        Thread(target=drop, args=(listener,), daemon=True).start()
        web = LocalWeb(f"http://127.0.0.1:{listener.getsockname()[1]}", YOUTUBE)
        with pytest.raises(ConnectionFault, match="the connection to youtube"):
            YouTubeTranscripts(web.session()).fetch(VIDEO)
    assert dropped == 3


def test_a_connection_that_fails_for_every_video_stops_the_run(fake: FakeYouTube) -> None:
    youtube = YouTubeTranscripts(fake.session(offline=True))
    for kind, wait in ((ConnectionFault, HOUR), (ConnectionFault, HOUR), (Unreachable, None)):
        with pytest.raises(kind, match=r"the connection to youtube\.com fails") as caught:
            youtube.fetch(VIDEO)
        assert (caught.value.state, caught.value.retry_after) == (State.DEFERRED, wait)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (requests.ReadTimeout(), "in time"),
        (requests.exceptions.ProxyError(), "proxy"),
        (requests.exceptions.SSLError(), "trusted"),
        (requests.ConnectionError(), "connection"),
        (requests.ConnectTimeout(), "connection"),
        (requests.exceptions.RetryError(), "connection"),
        (KeyError("playabilityStatus"), "KeyError"),
    ],
)
def test_network_errors_are_deferred(error: Exception, words: str) -> None:
    unfetched = outcome_of(error)
    assert unfetched.state == State.DEFERRED and words in unfetched.reason


def test_the_pace_counts_from_the_last_video(fake: FakeYouTube) -> None:
    fake.add_video(VIDEO)
    now, slept = 100.0, list[float]()

    def sleep(seconds: float) -> None:
        nonlocal now
        slept.append(seconds)
        now += seconds

    youtube = YouTubeTranscripts(fake.session(), pace=Pace(10, sleep, lambda: now))
    youtube.fetch(VIDEO)
    assert slept == []
    for _ in range(20):
        youtube.fetch(VIDEO)
    assert all(7 <= seconds <= 13 for seconds in slept) and len(set(slept)) == 20
    now += 4
    youtube.fetch(VIDEO)
    assert 3 <= slept[-1] <= 9
    now += 60
    youtube.fetch(VIDEO)
    assert len(slept) == 21


def test_a_failed_video_counts_for_the_pace_too(fake: FakeYouTube) -> None:
    slept = list[float]()
    youtube = YouTubeTranscripts(fake.session(), pace=Pace(10, slept.append, lambda: 0.0))
    for _ in range(2):
        with pytest.raises(Unfetched):
            youtube.fetch(VIDEO)
    assert len(slept) == 1


def recorded(name: str) -> str:
    return (SHARED / "youtube-responses" / f"{name}.static").read_text("utf-8")


def replay(fake: FakeYouTube, page: str = "youtube.html", player: str = "youtube.innertube.json") -> FakeYouTube:
    fake.fail(VIDEO, "watch", 200, recorded(page))
    fake.fail(VIDEO, "player", 200, recorded(player))
    # The recorded captions belong to another id.
    fake.fail("GJLlxj_dtq8", "captions", 200, recorded("transcript.xml"))
    fake.fail("F1xioXWb8CY", "captions", 200, timed_text([(0.0, 1.0, "hello")]))
    return fake


@needs_shared
def test_a_recorded_video(fake: FakeYouTube) -> None:
    fetched = client(replay(fake), "zh", "en").fetch(VIDEO)
    assert [(t.language, t.origin) for t in fetched.transcripts] == [("zh", Origin.MANUAL), ("en", Origin.MANUAL)]
    assert fetched.transcripts[0].cues[1] == Cue(1.54, 5.7, "this is not the original transcript")
    assert fetched.details.title == "Surface Go Review - It’s Awesome"
    assert (fetched.details.channel, fetched.details.duration) == ("Dave2D", 316)
    assert fetched.details.published == "2018-08-02"
    assert fetched.details.chapters[:2] == (Chapter(39, "Build Quality"), Chapter(66, "Screen"))
    assert len(fetched.details.chapters) == 10
    assert len(fake.requests) == 4


@needs_shared
def test_a_recorded_video_in_its_spoken_language(fake: FakeYouTube) -> None:
    fetched = client(replay(fake, player="youtube_ww1_nl_en.innertube.json")).fetch(VIDEO)
    assert [(t.language, t.origin) for t in fetched.transcripts] == [("en", Origin.MANUAL)]
    assert len(fake.requests) == 3


@needs_shared
@pytest.mark.parametrize(
    ("player", "state"),
    [
        ("youtube_age_restricted", State.UNAVAILABLE),
        ("youtube_video_unavailable", State.UNAVAILABLE),
        ("youtube_unplayable", State.UNAVAILABLE),
        ("youtube_transcripts_disabled", State.NO_TRANSCRIPT),
        ("youtube_transcripts_disabled2", State.NO_TRANSCRIPT),
        ("youtube_po_token_required", State.DEFERRED),
    ],
)
def test_recorded_refusals(fake: FakeYouTube, player: str, state: State) -> None:
    error = outcome(replay(fake, player=f"{player}.innertube.json"))
    assert error.state == state and not isinstance(error, Blocked)


@needs_shared
def test_recorded_blocks(fake: FakeYouTube) -> None:
    assert isinstance(outcome(replay(fake, player="youtube_request_blocked.innertube.json")), Blocked)
    assert isinstance(outcome(replay(fake, page="youtube_too_many_requests.html")), Blocked)


@needs_shared
@pytest.mark.parametrize("page", ["youtube_consent_page.html", "youtube_consent_page_invalid.html"])
def test_recorded_consent_that_is_never_enough(fake: FakeYouTube, page: str) -> None:
    fault = outcome(replay(fake, page=page))
    assert fault.retry_after == DAY
    assert "consent" in str(fault) and "--cookies" in str(fault)


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
