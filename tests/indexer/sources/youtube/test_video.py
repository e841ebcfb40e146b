"""Transcripts and details of videos."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Mapping
from typing import TypeAlias

import pytest
import requests

from seekpoint.index.errors import Blocked, Halt, Unfetched
from seekpoint.index.types import Chapter, Cue, Details, Origin, State
from seekpoint.indexer.fetch.retries import Pace
from seekpoint.indexer.fetch.youtube_failures import transcript_failure
from seekpoint.indexer.sources.youtube.youtube import YouTubeTranscripts, details_of
from tests.fake_youtube import HANG_UP, YOUTUBE, FakeYouTube, timed_text, watch_page
from tests.local_web import LocalWeb
from tests.shared import SHARED, needs_shared

VIDEO = "abcdefghijk"
HOUR, DAY, MONTH = 3600, 86400, 30 * 86400
LOADED = ["watch", "player", "captions"]
CHAPTER_KINDS = ("chapterRenderer", "macroMarkersListItemRenderer")


def client(fake: FakeYouTube, *languages: str) -> YouTubeTranscripts:
    return YouTubeTranscripts(fake.web(), languages)


def outcome(fake: FakeYouTube, *languages: str, video_id: str = VIDEO) -> Unfetched:
    with pytest.raises(Unfetched) as caught:
        client(fake, *languages).fetch(video_id)
    assert "\n" not in caught.value.reason and len(caught.value.reason) < 300
    return caught.value


def test_a_transcript_takes_three_requests(fake: FakeYouTube) -> None:
    fake.add_video(
        VIDEO,
        "注意力机制 | Attention\u202e",
        {"en": [(0.0, 4.0, "Q &amp; A: a < b"), (3.0, 2.5, "你好"), (6.0, 1.0, "\x1b[31matten\x08tion\x00 <script>")]},
        channel="李宏毅",
        seconds=95,
        published="2017-06-12",
        chapters=[(0, "Intro"), (30, "自注意力")],
    )
    fetched = client(fake).fetch(VIDEO)
    assert fake.places == LOADED
    (transcript,) = fetched.transcripts
    assert (transcript.language, transcript.origin) == ("en", Origin.MANUAL)
    assert transcript.cues[0].end == 3.0, "time on screen ends where the next cue begins"
    assert transcript.cues[1:] == (Cue(3.0, 5.5, "你好"), Cue(6.0, 7.0, "[31mattention"))
    assert fetched.details == Details(
        "注意力机制 | Attention", "李宏毅", 95.0, "2017-06-12", (Chapter(0, "Intro"), Chapter(30, "自注意力"))
    )


LINES = [(0.0, 1.0, "words")]


@pytest.mark.parametrize(
    ("there_is", "wanted", "taken"), [("de a.en", "", "a.en"), ("de zh-Hans en a.en", "zh en", "zh-Hans en")]
)
def test_only_the_chosen_tracks_are_asked_for(fake: FakeYouTube, there_is: str, wanted: str, taken: str) -> None:
    fake.add_video(VIDEO, tracks={code: LINES for code in there_is.split()})
    transcripts = client(fake, *wanted.split()).fetch(VIDEO).transcripts
    assert taken.split() == ["a." * (each.origin is Origin.GENERATED) + each.language for each in transcripts]
    assert len(fake.requests) == 2 + len(transcripts)


def test_captions_in_other_languages_or_without_words_are_none(fake: FakeYouTube) -> None:
    fake.add_video(VIDEO, tracks={"es": LINES, "a.es": LINES})
    error = outcome(fake, "en", "zh")
    assert (error.state, error.reason) == (State.NO_TRANSCRIPT, "no transcript in en, zh (there is: es)")
    fake.add_video(VIDEO, tracks={"en": [(0.0, 1.0, " ")]})
    assert outcome(fake).state == State.NO_TRANSCRIPT


def test_an_invalid_id_is_not_requested(fake: FakeYouTube) -> None:
    for not_an_id in ("https://youtu.be/x", "short", "abcdefghijk&list=x", ""):
        assert outcome(fake, video_id=not_an_id).state == State.UNAVAILABLE
    assert fake.requests == []


AGE = "This video may be inappropriate for some users."
Prepare: TypeAlias = Callable[[FakeYouTube], None]


def unplayable(reason: str, status: str = "UNPLAYABLE", subreason: str = "") -> Prepare:
    return lambda fake: fake.make_unplayable(VIDEO, reason, status, subreason)


def failing(place: str, status: int, body: str = "", times: int | None = None) -> Prepare:
    def prepare(fake: FakeYouTube) -> None:
        fake.add_video(VIDEO)
        fake.fail(VIDEO, place, status, body, times=times)

    return prepare


def captions_of(track: Mapping[str, object]) -> dict[str, object]:
    captions = {"playerCaptionsTracklistRenderer": {"captionTracks": [track]}}
    return {"playabilityStatus": {"status": "OK"}, "captions": captions}


def captions_at(address: str) -> Prepare:
    def prepare(fake: FakeYouTube) -> None:
        fake.add_video(VIDEO)
        track = {"baseUrl": address, "languageCode": "en", "name": {"runs": [{"text": "English"}]}}
        fake.set_player(VIDEO, captions_of(track))

    return prepare


@pytest.mark.parametrize(
    ("prepare", "state", "wait", "words"),
    [
        (lambda fake: None, State.UNAVAILABLE, MONTH, ""),
        (lambda fake: fake.make_disabled(VIDEO), State.NO_TRANSCRIPT, MONTH, ""),
        (lambda fake: fake.add_video(VIDEO, tracks={}), State.NO_TRANSCRIPT, MONTH, ""),
        (unplayable("This is a private video.\n\x1b[31m"), State.UNAVAILABLE, MONTH, "This is a private video"),
        (unplayable("Join to get access to members-only content"), State.UNAVAILABLE, MONTH, "members-only"),
        (unplayable("This live event will begin in 3 hours."), State.DEFERRED, DAY, "will begin in 3 hours"),
        (unplayable("Video unavailable", subreason="Not in your country"), State.UNAVAILABLE, MONTH, "in your country"),
        (unplayable(""), State.UNAVAILABLE, MONTH, ""),
        (unplayable(AGE, "LOGIN_REQUIRED"), State.UNAVAILABLE, MONTH, "age"),
        (captions_at(f"{YOUTUBE}/api/timedtext?v={VIDEO}&exp=xpe"), State.DEFERRED, DAY, ""),
        (captions_at("https://youtube.com.evil.org/"), State.UNAVAILABLE, MONTH, "outside youtube.com"),
        (captions_at("https://e.org\\@youtube.com/"), State.UNAVAILABLE, MONTH, "outside youtube.com"),
    ],
)
def test_a_video_whose_captions_are_not_asked_for(
    fake: FakeYouTube, prepare: Prepare, state: State, wait: float, words: str
) -> None:
    prepare(fake)
    error = outcome(fake)
    assert (error.state, error.retry_after) == (state, wait)
    assert fake.places[:2] == LOADED[:2] and "captions" not in fake.places
    assert words in error.reason and "\x1b" not in error.reason


@pytest.mark.parametrize(
    ("prepare", "requested"),
    [
        (unplayable("Sign in to confirm you’re not a bot", "LOGIN_REQUIRED"), 2),
        (unplayable("Video unavailable", subreason="This content isn't available, try again later."), 2),
        (failing("watch", 429), 1),
        (failing("player", 429), 2),
        (failing("captions", 429), 3),
        (failing("watch", 200, '<div class="g-recaptcha"></div>'), 1),
    ],
)
def test_a_block_is_never_retried(fake: FakeYouTube, prepare: Prepare, requested: int) -> None:
    prepare(fake)
    error = outcome(fake)
    assert isinstance(error, Blocked) and error.state == State.DEFERRED
    assert fake.places == LOADED[:requested]


@pytest.mark.parametrize(
    ("place", "status", "body", "tries"),
    [
        *((place, status, "", 3) for place in LOADED for status in (503, HANG_UP)),
        *((place, 200, body, 2) for place in LOADED[1:] for body in ("", "<html>no, not closed")),
    ],
)
def test_a_server_error_a_broken_connection_or_an_empty_response_is_retried(
    fake: FakeYouTube, place: str, status: int, body: str, tries: int
) -> None:
    failing(place, status, body, times=tries - 1)(fake)
    assert client(fake).fetch(VIDEO).transcripts
    assert fake.places.count(place) == tries
    if status == 200:  # yt-dlp is asked then
        return
    fake.requests.clear()
    fake.fail(VIDEO, place, status, body)
    error = outcome(fake)
    assert (error.state, error.retry_after, isinstance(error, Halt)) == (State.DEFERRED, HOUR, False)
    words = {503: "503", HANG_UP: "the connection to youtube"}[status]
    assert words in error.reason and fake.places.count(place) == tries


@pytest.mark.parametrize(
    ("place", "status", "body"),
    [
        ("watch", 403, ""),
        ("captions", 403, ""),
        ("watch", 200, "<html>a new kind of page</html>"),
        ("player", 200, "[]"),
        ("player", 200, json.dumps(captions_of({}))),
        ("captions", 200, '<transcript><text dur="1">no start</text></transcript>'),
    ],
)
def test_server_faults_do_not_blame_the_video(fake: FakeYouTube, place: str, status: int, body: str) -> None:
    failing(place, status, body)(fake)
    error = outcome(fake)
    assert (error.state, error.retry_after) == (State.DEFERRED, DAY)
    assert "no fault of this video" in error.reason and fake.places.count(place) == 1


@pytest.mark.parametrize(("place", "status", "pause"), [("player", 400, DAY / 2), ("captions", 200, HOUR / 2)])
def test_server_faults_of_three_videos_in_a_row_stop_the_run(
    fake: FakeYouTube, place: str, status: int, pause: float
) -> None:
    fake.add_video(VIDEO)
    youtube = client(fake)
    for halts in (False, False, None, False, False, True):
        fake.fail(VIDEO, place, status, times=0 if halts is None else None)
        if halts is None:
            youtube.fetch(VIDEO)
            continue
        with pytest.raises(Unfetched) as caught:
            youtube.fetch(VIDEO)
        assert isinstance(caught.value, Halt) == halts and not isinstance(caught.value, Blocked)
        assert (caught.value.state, caught.value.retry_after) == (State.DEFERRED, pause if halts else DAY)
    if place == "captions":
        assert fake.places[-4:] == [*LOADED, "captions"], "of the third one yt-dlp isn't asked"


def test_captions_that_declare_entities_are_refused(fake: FakeYouTube) -> None:
    youtube = client(fake)
    for declared in 2 * ('<!ENTITY a "ha"><!ENTITY b "&a;&a;">', '<!ENTITY b SYSTEM "file:///etc/passwd">'):
        body = f'<!DOCTYPE t [{declared}]><transcript><text start="0" dur="1">&b;</text></transcript>'
        failing("captions", 200, body)(fake)
        with pytest.raises(Unfetched, match="XML entities") as caught:
            youtube.fetch(VIDEO)
        assert (caught.value.state, caught.value.retry_after) == (State.UNAVAILABLE, MONTH)
        assert not isinstance(caught.value, Halt)
    assert fake.places == LOADED * 4


def test_consent_that_was_given_is_kept(fake: FakeYouTube) -> None:
    fake.add_video(VIDEO)
    fake.ask_consent(VIDEO, times=1)
    youtube = client(fake)
    assert youtube.fetch(VIDEO).transcripts and youtube.fetch(VIDEO).transcripts
    assert fake.places.count("watch") == 3
    fake.ask_consent(VIDEO)
    error = outcome(fake)
    assert (error.state, error.retry_after) == (State.DEFERRED, DAY)


def test_a_server_that_never_answers(fake: FakeYouTube) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        web = LocalWeb(f"http://127.0.0.1:{silent.getsockname()[1]}", YOUTUBE, timeouts=(5.0, 0.05))
        with pytest.raises(Unfetched, match="did not answer in time") as caught:
            YouTubeTranscripts(web).fetch(VIDEO)
        assert (caught.value.state, caught.value.retry_after) == (State.DEFERRED, HOUR)
        silent.setblocking(False)
        for _ in range(3):
            silent.accept()[0].close()
        with pytest.raises(BlockingIOError):
            silent.accept()


def test_network_errors_are_deferred() -> None:
    errors = {
        "proxy": requests.exceptions.ProxyError(),
        "trusted": requests.exceptions.SSLError(),
        "KeyError": KeyError("playabilityStatus"),
    }
    for words, error in errors.items():
        unfetched = transcript_failure(error)
        assert unfetched.state == State.DEFERRED and words in unfetched.reason


def test_the_pace_counts_from_the_last_video(fake: FakeYouTube) -> None:
    now, slept = 100.0, list[float]()

    def sleep(seconds: float) -> None:
        nonlocal now
        slept.append(seconds)
        now += seconds

    youtube = YouTubeTranscripts(fake.web(), pace=Pace(10, sleep, lambda: now))
    with pytest.raises(Unfetched):  # a failed video counts too
        youtube.fetch(VIDEO)
    assert slept == []
    fake.add_video(VIDEO)
    for _ in range(20):
        youtube.fetch(VIDEO)
    assert all(7 <= seconds <= 13 for seconds in slept) and len(set(slept)) == 20
    now += 4
    youtube.fetch(VIDEO)
    assert 3 <= slept[-1] <= 9
    now += 60
    youtube.fetch(VIDEO)
    assert len(slept) == 21


def replay(fake: FakeYouTube, page: str = "youtube.html", player: str = "youtube.innertube.json") -> FakeYouTube:
    for video_id, place, name in (
        (VIDEO, "watch", page),
        (VIDEO, "player", player),
        ("GJLlxj_dtq8", "captions", "transcript.xml"),  # the recorded captions belong to another id
    ):
        fake.fail(video_id, place, 200, (SHARED / "youtube-responses" / f"{name}.static").read_text("utf-8"))
    fake.fail("F1xioXWb8CY", "captions", 200, timed_text([(0.0, 1.0, "hello")]))
    return fake


@needs_shared
@pytest.mark.parametrize(
    ("file", "state", "words"),
    [
        ("age_restricted", State.UNAVAILABLE, "age"),
        ("video_unavailable", State.UNAVAILABLE, ""),
        ("transcripts_disabled", State.NO_TRANSCRIPT, ""),
        ("transcripts_disabled2", State.NO_TRANSCRIPT, ""),
        ("po_token_required", State.DEFERRED, ""),
        ("request_blocked", Blocked, ""),
        ("consent_page.html", State.DEFERRED, "--cookies"),
        ("too_many_requests.html", Blocked, ""),
    ],
)
def test_recorded_refusals_are_told_apart(fake: FakeYouTube, file: str, state: State | type, words: str) -> None:
    pages = {"page": f"youtube_{file}"} if "html" in file else {"player": f"youtube_{file}.innertube.json"}
    error = outcome(replay(fake, **pages))
    assert state in (type(error), error.state) and words in error.reason


@needs_shared
def test_recorded_videos(fake: FakeYouTube) -> None:
    (transcript,) = client(replay(fake, player="youtube_ww1_nl_en.innertube.json")).fetch(VIDEO).transcripts
    assert (transcript.language, transcript.origin, len(fake.requests)) == ("en", Origin.MANUAL, 3), "as it is spoken"
    fetched = client(replay(fake), "zh", "en").fetch(VIDEO)
    assert [(t.language, t.origin) for t in fetched.transcripts] == [("zh", Origin.MANUAL), ("en", Origin.MANUAL)]
    assert fetched.transcripts[0].cues[1] == Cue(1.54, 5.7, "this is not the original transcript")
    chapters = fetched.details.chapters
    assert (chapters[:2], len(chapters)) == ((Chapter(39, "Build Quality"), Chapter(66, "Screen")), 10)
    title = "Surface Go Review - It’s Awesome"
    assert fetched.details == Details(title, "Dave2D", 316, "2018-08-02", chapters)
    assert len(fake.requests) == 3 + 4


def test_chapters_from_the_description() -> None:
    description = "Links:\nhttps://e.org 12:30\n0:00 Intro\n1:05 – 自注意力机制\n(1:02:03) Q&A\nBye"
    details = details_of("", {"videoDetails": {"shortDescription": description}})
    assert details.chapters == (Chapter(0, "Intro"), Chapter(65, "自注意力机制"), Chapter(3723, "Q&A"))
    for no_table in ("0:00 Start\n5:00 End", "1:00 a\n2:00 b\n3:00 c", "0:00 a\n3:00 b\n2:00 c"):
        assert details_of("", {"videoDetails": {"shortDescription": no_table}}).chapters == ()


def test_malformed_details_are_left_out() -> None:
    malformed: list[object] = [
        [],
        {"title": 1, "author": {}, "lengthSeconds": "long", "shortDescription": []},
        {"title": " ", "author": None, "lengthSeconds": "nan"},
        {"lengthSeconds": "0"},
    ]
    for details in malformed:
        for page in ("ytInitialData = ", "var ytInitialData = {", "ytInitialData = " + "[" * 99999):
            assert details_of(page, None) == details_of(page, {"videoDetails": details}) == Details()
    chapters: list[object] = [None, [], {"title": {}}]
    chapters += [{"title": {"simpleText": "t"}, "timeRangeStartMillis": at} for at in ("x", -5, float("nan"), 1e400)]
    renderers = [{kind: one} for one in chapters for kind in CHAPTER_KINDS]
    assert details_of("var ytInitialData = " + json.dumps(renderers), None) == Details()


def test_chapters_that_begin_at_or_after_the_end_or_are_too_many_are_left_out() -> None:
    page = watch_page(chapters=[(0, "开始"), (200, "Last words"), (201, "After the end"), (9999, "Never")])
    found = details_of(page, {"videoDetails": {"lengthSeconds": "201"}}).chapters
    assert found == (Chapter(0, "开始"), Chapter(200, "Last words"))
    assert len(details_of(page, None).chapters) == 4
    many = details_of(watch_page(chapters=[(k, "标题 " * 200) for k in range(5001)]), None).chapters
    assert (len(many), max(len(chapter.title) for chapter in many) <= 500) == (5000, True)
    spaced = '{"publishDate": "2020-02-29T01:00:00-07:00"}'
    for page in (watch_page("2020-02-29"), '{"publishDate":"2020-02-29T01:00:00Z"}', spaced):
        assert details_of(page, None).published == "2020-02-29"


def test_chapters_of_the_bar_come_before_those_of_the_panel() -> None:
    title = {"title": {"simpleText": "Masks"}}
    bar = {CHAPTER_KINDS[0]: title | {"timeRangeStartMillis": 65_400}}
    panel = {CHAPTER_KINDS[1]: title | {"timeDescription": {"simpleText": "1:05"}}}
    for renderers, start in (([bar, panel], 65.4), ([panel], 65)):
        found = details_of("ytInitialData = " + json.dumps(renderers), None).chapters
        assert found == (Chapter(start, "Masks"),)
