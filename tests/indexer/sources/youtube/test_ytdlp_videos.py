"""Captions and sounds by yt-dlp: the real one at a fake YouTube."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest
from pytest_httpserver import HTTPServer

from seekpoint.index.errors import Blocked, SeekpointError, Unfetched
from seekpoint.index.reasons import Reason
from seekpoint.index.types import Chapter, Cue, Details, Origin, State, Transcript
from seekpoint.indexer.fetch.retries import ConnectionFault, Pace
from seekpoint.indexer.fetch.ytdlp import with_own_settings
from seekpoint.indexer.sources.metadata import stated_details
from seekpoint.indexer.sources.youtube.youtube import YouTubeTranscripts
from seekpoint.indexer.sources.youtube.ytdlp_videos import CaptionDownloader, fetch_audio
from tests.fake_youtube import FakeYouTube, json3, watch_page
from tests.paths import ROOT
from tests.shared import SHARED, needs_shared
from tests.speech import FakeSounds, sound_format

VIDEO = "abcdefghijk"
DAY, MONTH = 86400, 30 * 86400
FIRST = ["watch", "player"]
SECOND = ["watch", "player", "captions"]
LINES = [(0.0, 4.0, "attention weighs the words"), (4.32, 2.5, "the mask hides what comes later")]
ZEILEN = [(0.5, 3.0, "注意力给每个词一个权重"), (3.75, 2.0, "掩码遮住后面的词")]
APPLE, WEB, ANDROID = "VISIONOS", "WEB", "ANDROID"
AGE = "This video may be inappropriate for some users."
JAR = "# Netscape HTTP Cookie File\n" + "".join(
    f".youtube.com\tTRUE\t/\tTRUE\t2000000000\t{name}\tsecret\n" for name in ("SAPISID", "LOGIN_INFO")
)

Prepare: TypeAlias = Callable[[FakeYouTube], None]


@pytest.fixture(autouse=True)
def without_a_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "configuration"))


@pytest.fixture
def other() -> Iterator[HTTPServer]:
    """A second server of this machine."""
    with HTTPServer("localhost", 0) as server:
        yield server


def told(transcripts: tuple[Transcript, ...]) -> list[str]:
    return ["a." * (one.origin is Origin.GENERATED) + one.language for one in transcripts]


def failure(fake: FakeYouTube, *languages: str, cookies: Path | None = None) -> Unfetched:
    with pytest.raises(Unfetched) as caught:
        YouTubeTranscripts(fake.web(cookies=cookies), languages).fetch(VIDEO)
    assert "\n" not in caught.value.reason and len(caught.value.reason) < 300
    return caught.value


def needs_token(fake: FakeYouTube) -> None:
    fake.add_video(VIDEO, tracks={"en": LINES}, needs_token=True)


@pytest.mark.parametrize("spoken", [{"en": LINES}, {"a.zh": ZEILEN}], ids=["en", "zh"])
def test_captions_that_need_a_token_are_had_by_yt_dlp_at_their_own_seconds(
    fake: FakeYouTube, spoken: dict[str, list[tuple[float, float, str]]]
) -> None:
    chapters = [(0, "Start"), (3, "掩码")]
    fake.add_video(VIDEO, "注意力", spoken, chapters=chapters, published="2017-06-12", needs_token=True)
    fake.add_video(VIDEO, "Another title", spoken, client=APPLE)
    fetched = YouTubeTranscripts(fake.web()).fetch(VIDEO)
    [(code, lines)] = spoken.items()
    assert fake.places == [*FIRST, *SECOND]
    assert [told(fetched.transcripts), fetched.transcripts[0].cues] == [
        [code],
        tuple(Cue(start, start + seconds, text) for start, seconds, text in lines),
    ]
    marks = tuple(Chapter(start, title) for start, title in chapters)
    assert fetched.details == Details("注意力", "A channel", 60.0, "2017-06-12", marks), "as the first way has them"


def test_a_video_that_one_client_cannot_play_is_asked_of_another(fake: FakeYouTube) -> None:
    fake.make_unplayable(VIDEO, "Video unavailable", client=ANDROID)
    described = "0:00 Start\n0:10 掩码\n0:20 End"
    fake.add_video(VIDEO, "注意力\u202e", {"a.en": LINES}, client=APPLE, seconds=25, description=described)
    fake.make_unplayable(VIDEO, "Video unavailable", client=WEB)
    fetched = YouTubeTranscripts(fake.web()).fetch(VIDEO)
    assert (told(fetched.transcripts), fake.places) == (["a.en"], [*FIRST, *SECOND])
    assert (fetched.details.title, fetched.details.duration) == ("注意力", 25.0)


def test_after_a_client_that_youtube_refuses_yt_dlp_asks_the_next(fake: FakeYouTube) -> None:
    fake.add_video(VIDEO, tracks={"zh": ZEILEN}, needs_token=True)
    fake.refuse_client(APPLE, 400)
    fake.add_video(VIDEO, tracks={"zh": ZEILEN}, client=WEB)
    assert told(YouTubeTranscripts(fake.web(), ["zh"]).fetch(VIDEO).transcripts) == ["zh"]


@pytest.mark.parametrize("place", ["player", "captions"])
def test_empty_answers_send_to_yt_dlp_once(fake: FakeYouTube, place: str) -> None:
    fake.add_video(VIDEO, tracks={"en": LINES})
    fake.fail(VIDEO, place, 200, "", times=2)
    assert told(YouTubeTranscripts(fake.web()).fetch(VIDEO).transcripts) == ["en"]
    assert fake.places == 2 * FIRST + SECOND if place == "player" else [*FIRST, *2 * ["captions"], *SECOND]
    fake.fail(VIDEO, place, 200, "")
    empty = failure(fake)
    assert (empty.state, empty.retry_after) == (State.DEFERRED, DAY), "it isn't asked again on this day"
    assert "empty answer" in empty.reason


BOT = "Sign in to confirm you’re not a bot"


def refuse_on_the_watch_page(fake: FakeYouTube) -> None:
    fake.make_unplayable(VIDEO, "Video unavailable", client=ANDROID)
    fake.make_unplayable(VIDEO, BOT, "LOGIN_REQUIRED", client=WEB)
    fake.add_video(VIDEO, tracks={}, client=APPLE)


@pytest.mark.parametrize(
    ("prepare", "asked"),
    [
        (lambda fake: fake.make_unplayable(VIDEO, BOT, "LOGIN_REQUIRED", client=APPLE), [*FIRST, *FIRST]),
        (refuse_on_the_watch_page, [*FIRST, *FIRST]),
        (lambda fake: fake.fail(VIDEO, "captions", 429), [*FIRST, *SECOND]),
    ],
    ids=["a client", "the watch page", "the captions"],
)
def test_a_block_that_yt_dlp_meets_stays_a_block(fake: FakeYouTube, prepare: Prepare, asked: list[str]) -> None:
    needs_token(fake)
    for client in (APPLE, WEB):
        fake.add_video(VIDEO, tracks={"en": LINES}, client=client)
    prepare(fake)
    assert isinstance(failure(fake), Blocked)
    assert fake.places == asked, "nothing is asked after it"


def test_captions_that_need_a_token_everywhere_say_so(fake: FakeYouTube) -> None:
    needs_token(fake)
    withheld = failure(fake)
    assert (withheld.state, withheld.retry_after, fake.places) == (State.DEFERRED, DAY, [*FIRST, *FIRST])
    assert "docs/sources.md" in withheld.reason and "token" in withheld.reason
    fake.add_video(VIDEO, tracks={"en": LINES, "zh": ZEILEN}, needs_token=True)
    fake.add_video(VIDEO, tracks={"en": LINES}, client=APPLE)
    assert failure(fake, "zh").reason == withheld.reason, "they are there, but for a token"
    assert told(YouTubeTranscripts(fake.web(), ["zh", "en"]).fetch(VIDEO).transcripts) == ["en"]
    fake.fail(VIDEO, "captions", 403)
    assert failure(fake, "en").reason == withheld.reason


def test_youtubes_translations_are_no_tracks(fake: FakeYouTube, httpserver: HTTPServer) -> None:
    fake.make_unplayable(VIDEO, "Video unavailable")
    player = fake.add_video(VIDEO, tracks={"zh-Hans": LINES, "a.en": LINES}, client=APPLE)
    translations = [{"languageCode": "ja", "languageName": {"simpleText": "日语"}}]
    player["captions"]["playerCaptionsTracklistRenderer"]["translationLanguages"] = translations
    fake.set_player(VIDEO, player, APPLE)
    assert told(YouTubeTranscripts(fake.web(), ("en", "ja")).fetch(VIDEO).transcripts) == ["a.en"]
    assert failure(fake, "ja").reason == "no transcript in ja (there is: zh-Hans, en)"
    assert not [request for request, _ in httpserver.log if "tlang" in request.args]


def test_a_video_that_neither_way_has_keeps_its_reason(fake: FakeYouTube) -> None:
    fake.make_unplayable(VIDEO, "The uploader has closed it")
    kept = failure(fake)
    assert (kept.state, kept.retry_after, fake.places) == (State.UNAVAILABLE, MONTH, [*FIRST, *FIRST])
    assert kept.reason == "YouTube says: The uploader has closed it"
    player = fake.add_video(VIDEO, tracks={}, client=APPLE)
    fake.set_player(VIDEO, player | {"streamingData": {"adaptiveFormats": [sound_format(139, 1000)]}}, APPLE)
    none = failure(fake)
    assert (none.state, none.reason) == (State.NO_TRANSCRIPT, "YouTube has no transcript of it")


def test_a_live_video_waits_for_its_end(fake: FakeYouTube) -> None:
    needs_token(fake)
    player = fake.add_video(VIDEO, tracks={"en": LINES}, client=APPLE)
    player["videoDetails"]["isLive"] = True
    fake.set_player(VIDEO, player, APPLE)
    live = failure(fake)
    assert (live.state, live.retry_after) == (State.DEFERRED, DAY)
    assert "live at the moment" in live.reason and "captions" not in fake.places


@pytest.mark.parametrize(
    ("reason", "status"),
    [
        (AGE, "LOGIN_REQUIRED"),
        ("This is a private video", "LOGIN_REQUIRED"),
        ("Join this channel to get access to members-only content", "UNPLAYABLE"),
    ],
)
def test_behind_a_login_only_cookies_open_the_second_way(
    fake: FakeYouTube, httpserver: HTTPServer, tmp_path: Path, reason: str, status: str
) -> None:
    fake.make_unplayable(VIDEO, reason, status)
    wall = failure(fake)
    assert (wall.state, wall.retry_after, fake.places) == (State.UNAVAILABLE, MONTH, FIRST)
    assert "--cookies FILE or --cookies-from-browser NAME" in wall.reason
    cookies = tmp_path / "cookies.txt"
    cookies.write_text(JAR)
    fake.add_site("https://studio.youtube.com/", watch_page())
    assert failure(fake, cookies=cookies).reason == wall.reason, "of another account"
    fake.add_video(VIDEO, tracks={"en": LINES}, client=WEB)
    httpserver.clear_log()
    assert told(YouTubeTranscripts(fake.web(cookies=cookies)).fetch(VIDEO).transcripts) == ["en"]
    asked = [request for request, _ in httpserver.log if request.host == "www.youtube.com"]
    assert all(request.cookies["SAPISID"] == "secret" for request in asked)
    signed = {request.path for request in asked if "Authorization" in request.headers}
    assert "/youtubei/v1/player" in signed, "yt-dlp signs in, where youtube-transcript-api can't"


def test_each_way_keeps_the_pace(fake: FakeYouTube) -> None:
    slept = list[float]()
    needs_token(fake)
    fake.add_video(VIDEO, tracks={"en": LINES}, client=APPLE)
    YouTubeTranscripts(fake.web(), pace=Pace(10, slept.append, lambda: 0.0)).fetch(VIDEO)
    assert len(slept) == 1


def test_yt_dlp_fetches_no_captions_from_another_host(fake: FakeYouTube) -> None:
    needs_token(fake)
    track = {"baseUrl": "https://youtube.com.evil.org/api/timedtext?lang=en", "languageCode": "en", "vssId": ".en"}
    captions = {"playerCaptionsTracklistRenderer": {"captionTracks": [track]}}
    details = {"videoId": VIDEO, "title": "A talk"}
    player = {"playabilityStatus": {"status": "OK"}, "videoDetails": details, "captions": captions}
    fake.set_player(VIDEO, player, APPLE)
    elsewhere = failure(fake)
    assert (elsewhere.state, elsewhere.reason.code) == (State.UNAVAILABLE, "captions_elsewhere")


def test_no_address_in_an_answer_leads_yt_dlp_into_a_private_network(fake: FakeYouTube, other: HTTPServer) -> None:
    needs_token(fake)
    page = watch_page().replace('"/s/player/', f'"{other.url_for("/s/player/")}').replace('"STS": 20000', '"STS": 0')
    assert other.url_for("/s/player/") in page
    fake.fail(VIDEO, "watch", 200, page)
    assert "private network" in failure(fake).reason
    assert other.log == []


@needs_shared
def test_recorded_answers_of_a_video_whose_captions_need_a_token(fake: FakeYouTube, httpserver: HTTPServer) -> None:
    recorded = SHARED / "youtube-responses"
    video_id = "GJLlxj_dtq8"
    for client, name in ((ANDROID, "youtube_po_token_required"), (APPLE, "youtube")):
        player = json.loads((recorded / f"{name}.innertube.json.static").read_text("utf-8"))
        fake.set_player(video_id, player, client)
    fake.fail(video_id, "watch", 200, (recorded / "youtube.html.static").read_text("utf-8"))
    fake.fail(video_id, "captions", 200, json3(ZEILEN))
    for wanted, taken in (((), ["en"]), (("zh", "en"), ["zh", "en"]), (("ja",), ["ja"])):
        fetched = YouTubeTranscripts(fake.web(), wanted).fetch(video_id)
        assert told(fetched.transcripts) == taken
        asked = [request.args for request, _ in httpserver.log if request.path == "/api/timedtext"][-len(taken) :]
        assert [(one["lang"], one["fmt"], "tlang" in one) for one in asked] == [(tag, "json3", False) for tag in taken]
    assert [cue.start for cue in fetched.transcripts[0].cues] == [start for start, _, _ in ZEILEN]
    assert (fetched.details.channel, len(fetched.details.chapters)) == ("Dave2D", 10)
    info = CaptionDownloader(fake.web()).fetch(video_id, Unfetched(State.DEFERRED, Reason("captions_withheld")))[1]
    details = stated_details(info)
    assert details == fetched.details, "yt-dlp knows the same"


def test_javascript_runtimes_are_those_of_yt_dlps_own_configuration(
    fake: FakeYouTube, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "yt-dlp.conf").write_text("--js-runtimes bun")  # of the current folder: not read
    options = {"extractor_args": {"youtube": {"skip": ["hls"], "player_client": ["web"]}}}
    assert with_own_settings(options) == options | {"js_runtimes": {"deno": {"path": None}}, "remote_components": []}
    configuration = tmp_path / "configuration" / "yt-dlp" / "config"
    configuration.parent.mkdir(parents=True)
    runtimes = "--js-runtimes node:/opt/node --remote-components ejs:npm"
    configuration.write_text(f"-v {runtimes} --extractor-args youtube:player_client=tv;po_token=web.subs+x")
    changed = with_own_settings(options)
    assert changed["remote_components"] == ["ejs:npm"]
    assert changed["js_runtimes"] == {"deno": {"path": None}, "node": {"path": "/opt/node"}}
    expected = {"skip": ["hls"], "player_client": ["tv"], "po_token": ["web.subs+x"]}
    assert changed["extractor_args"]["youtube"] == expected
    needs_token(fake)
    for wrong, words in (("--no-such-option", "no such option: --no-such-option"), ('"never closed', "closing quot")):
        configuration.write_text(wrong)
        refused = failure(fake)
        assert (refused.state, refused.retry_after, refused.reason.code) == (State.DEFERRED, DAY, "ytdlp_configuration")
        assert words.lower() in refused.reason.lower()


PROVIDER = """
import json
from yt_dlp.extractor.youtube.pot.provider import PoTokenContext, PoTokenProvider, PoTokenResponse, register_provider
from yt_dlp.networking.common import Request


@register_provider
class OursPTP(PoTokenProvider):
    PROVIDER_NAME = "ours"
    BUG_REPORT_LOCATION = "nowhere"
    PROVIDER_VERSION = "1"
    _SUPPORTED_CLIENTS = ("WEB",)
    _SUPPORTED_CONTEXTS = (PoTokenContext.SUBS,)
    _SUPPORTED_EXTERNAL_REQUEST_FEATURES = None

    def is_available(self):
        return True

    def _real_request_pot(self, request):
        server = self._configuration_arg("base_url", default=[None])[0]
        asked = json.dumps({"video": request.video_id, "proxy": request.request_proxy}).encode()
        if not server:
            self._request_webpage(Request("https://www.youtube.com/watch?v=attestation"))
        answer = self._request_webpage(Request(f"{server}/get_pot", data=asked, proxies={"all": None}))
        return PoTokenResponse(json.load(answer)["poToken"])
"""
FETCH = """
import sys
from seekpoint.index.errors import Unfetched
from seekpoint.indexer.sources.youtube.youtube import YouTubeTranscripts
from tests.local_web import LocalWeb

root, video = sys.argv[1:]
try:
    (transcript,) = YouTubeTranscripts(LocalWeb(root, "https://www.youtube.com")).fetch(video).transcripts
    print(transcript.language, *(cue.text for cue in transcript.cues))
except Unfetched as failure:
    print(type(failure).__name__, failure)
"""


@pytest.mark.slow
def test_a_token_provider_that_the_user_installed_for_yt_dlp_is_asked_where_the_user_says(
    fake: FakeYouTube, httpserver: HTTPServer, other: HTTPServer, tmp_path: Path
) -> None:
    """In processes of their own, for yt-dlp loads plugins once."""
    fake.add_video(VIDEO, tracks={"zh": ZEILEN}, needs_token=True)
    other.expect_request("/get_pot").respond_with_json({"poToken": "dG9rZW4="})
    plugin = tmp_path / "installed" / "yt_dlp_plugins" / "extractor" / "getpot_ours.py"
    plugin.parent.mkdir(parents=True)
    plugin.write_text(PROVIDER)
    configuration = tmp_path / "configuration" / "yt-dlp" / "config"
    configuration.parent.mkdir(parents=True)
    paths = {"PYTHONPATH": os.pathsep.join([str(ROOT), str(tmp_path / "installed")])}
    paths |= {"HTTP_PROXY": "http://127.0.0.1:1", "YTDLP_NO_PLUGINS": ""}

    def fetch(server: str) -> str:
        configuration.write_text(f"--extractor-args youtubepot-ours:base_url={server}")
        command = [sys.executable, "-c", FETCH, fake.root, VIDEO]
        ran = subprocess.run(command, capture_output=True, encoding="utf-8", env=os.environ | paths, check=False)
        return ran.stdout + ran.stderr

    assert fetch(other.url_for("").rstrip("/")).split() == ["zh", *(text for _, _, text in ZEILEN)]
    [(asked, _)] = other.log
    assert asked.get_json(force=True) == {"video": VIDEO, "proxy": "http://127.0.0.1:1"}
    assert httpserver.log[-1][0].args["pot"] == "dG9rZW4="
    assert "the token provider of yt-dlp fails (" in fetch("http://127.0.0.1:1")
    fake.fail("attestation", "watch", 429)
    assert fetch("").startswith("Blocked "), "a block that a provider meets is one, though yt-dlp passes over it"


SOUND = random.Random(7).randbytes(9_000_000)
FILM = sound_format(160, 1_000_000, 'video/mp4; codecs="avc1.4d400c"')


@pytest.fixture
def media(httpserver: HTTPServer, fake: FakeYouTube) -> FakeSounds:
    return FakeSounds(httpserver, fake)


def test_the_smallest_audio_is_downloaded_in_pieces(media: FakeSounds, tmp_path: Path) -> None:
    media.add(VIDEO, SOUND, sound_format(140, 30_000_000), sound_format(139, len(SOUND)), FILM)
    path, details = fetch_audio(VIDEO, media.web, tmp_path / "sound")
    assert path.read_bytes() == SOUND
    assert (details.title, details.duration) == ("注意力", 600)
    assert len(media.asked) >= 3
    assert list(path.parent.iterdir()) == [path]


def test_an_interrupted_download_is_resumed(media: FakeSounds, tmp_path: Path) -> None:
    media.add(VIDEO, SOUND)
    media.pieces = 1
    with pytest.raises(Unfetched, match="doesn't give its sound") as caught:
        fetch_audio(VIDEO, media.web, tmp_path)
    assert caught.value.state is State.DEFERRED
    (part,) = tmp_path.iterdir()
    there = part.stat().st_size
    media.pieces = None
    media.asked.clear()
    path, _ = fetch_audio(VIDEO, media.web, tmp_path)
    assert path.read_bytes() == SOUND
    assert 0 < there < len(SOUND)
    assert media.asked[0].startswith(f"bytes={there}-")
    media.asked.clear()
    assert fetch_audio(VIDEO, media.web, tmp_path).path == path
    assert not media.asked


PRIVATE, SOON = "This is a private video", "This live event will begin in 3 hours."


@pytest.mark.parametrize(
    ("prepare", "words", "state"),
    [
        (lambda _, fake: fake.make_unplayable(VIDEO, PRIVATE, "LOGIN_REQUIRED"), PRIVATE, State.UNAVAILABLE),
        (lambda _, fake: fake.make_unplayable(VIDEO, SOON, "LIVE_STREAM_OFFLINE"), SOON[:-1], State.DEFERRED),
        (lambda media, _: media.add(VIDEO, SOUND, FILM), "doesn't give its sound", State.DEFERRED),
        (
            lambda media, _: media.add(VIDEO, SOUND, isLive=True, isLiveContent=True),
            "live at the moment",
            State.DEFERRED,
        ),
    ],
    ids=["private", "soon", "no audio", "live"],
)
def test_a_video_without_a_sound_says_why(
    media: FakeSounds,
    fake: FakeYouTube,
    tmp_path: Path,
    prepare: Callable[[FakeSounds, FakeYouTube], None],
    words: str,
    state: State,
) -> None:
    prepare(media, fake)
    with pytest.raises(Unfetched, match=words) as caught:
        fetch_audio(VIDEO, media.web, tmp_path)
    assert (caught.value.state, "\n" in caught.value.reason) == (state, False)


def test_a_block_or_a_missing_connection_stops_everything(media: FakeSounds, fake: FakeYouTube, tmp_path: Path) -> None:
    fake.make_blocked(VIDEO)
    for web, failure in ((media.web, Blocked), (fake.web(offline=True), ConnectionFault)):
        with pytest.raises(failure):
            fetch_audio(VIDEO, web, tmp_path)


def test_a_folder_that_cannot_keep_sounds_is_named(media: FakeSounds, tmp_path: Path) -> None:
    media.add(VIDEO, SOUND)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(SeekpointError, match="can't be kept in"):
        fetch_audio(VIDEO, media.web, tmp_path / "file")
