"""Playlists and channels: the real yt-dlp against a fake YouTube."""

from __future__ import annotations

import subprocess
import sys

import pytest

from seekpoint.index.errors import Blocked, Halt, Unfetched
from seekpoint.index.types import Kind, Playlist, PlaylistEntry, Resource, State
from seekpoint.indexer.fetch.retries import ConnectionFault, Pace
from seekpoint.indexer.reading_list.addresses import resource_of
from seekpoint.indexer.sources.youtube.youtube import YouTubePlaylists, is_channel, truncation_warning
from tests.fake_playlists import DELETED, PRIVATE, page_around
from tests.fake_youtube import YOUTUBE, FakeYouTube
from tests.paths import ROOT

NAME = "PLattention1"
CHANNEL = "/@karpathy"
HOUR, DAY, MONTH = 3600, 86400, 30 * 86400
PLACES = ["playlist", "reload", "more"]


def at(address: str) -> Resource:
    resource = resource_of(address)
    assert resource is not None and resource.kind is Kind.PLAYLIST
    return resource


LIST = at(f"{YOUTUBE}/playlist?list={NAME}")


def talks(count: int) -> list[tuple[str, str]]:
    return [(f"talk{n:07d}", f"Lecture {n} 第{n}讲") for n in range(count)]


def listed(fake: FakeYouTube, address: str = LIST.url, limit: int | None = None) -> Playlist:
    return YouTubePlaylists(fake.web(), limit=limit).fetch(at(address))


def outcome(fake: FakeYouTube, address: str = LIST.url) -> Unfetched:
    with pytest.raises(Unfetched) as caught:
        listed(fake, address)
    assert "\n" not in caught.value.reason and len(caught.value.reason) < 300
    return caught.value


def ids(playlist: Playlist) -> list[str]:
    return [entry.resource.id for entry in playlist.entries]


@pytest.mark.parametrize(
    ("count", "pages", "old_shape"), [(0, 0, False), (5, 0, True), (350, 3, False), (250, 2, True)]
)
def test_a_playlist_is_listed_to_its_end(fake: FakeYouTube, count: int, pages: int, old_shape: bool) -> None:
    fake.add_playlist(NAME, "CS25 讲座", talks(count), old_shape)
    playlist = listed(fake)
    assert (playlist.title, ids(playlist)) == ("CS25 讲座", [video_id for video_id, _ in talks(count)])
    url = f"{YOUTUBE}/watch?v=talk0000001"
    second = PlaylistEntry(Resource("talk0000001", Kind.VIDEO, "Lecture 1 第1讲", url))
    assert playlist.entries[1:2] == (second,) * bool(count)
    assert fake.requests[:2] == [("playlist", NAME), ("reload", NAME)]
    assert fake.places[2:] == ["more"] * pages


VIDEOS = [
    (("aaaaaaaaaaa", PRIVATE), "", "--cookies"),
    (("aaaaaaaaaaa", DELETED), "", "deleted"),
    (("aaaaaaaaaaa", f"{PRIVATE} "), PRIVATE, ""),  # a playable video may have such a title
    (("short", "What?"), "What?", "by its address"),
    (("x\n\u202e\x1b[31m", "Odd"), "Odd", "by its address"),
    (("aaaaaaaaaaa", "one\ntwo\r\n\tthree"), "one two three", ""),
    (("aaaaaaaaaaa", "\x1b[31mred\x1b[0m \x07bell"), "red bell", ""),
    (("aaaaaaaaaaa", "长" * 800), "长" * 499 + "…", ""),
]


@pytest.mark.parametrize("old_shape", [False, True])
def test_the_entries_of_a_playlist(fake: FakeYouTube, old_shape: bool) -> None:
    # The old shape lists videos alone.
    lists = [] if old_shape else [((NAME, "Self"), "Self", ""), (("PLother", "另一个"), "另一个", "")]
    for entry, title, fault in (*VIDEOS, *lists):
        fake.add_playlist(NAME, entry[1], [entry, *talks(1), entry], old_shape)
        found, _ = listed(fake).entries
        assert (found.resource.title, found.resource.url.isprintable()) == (title, True)
        assert found.resource.kind is (Kind.PLAYLIST if entry[0].startswith("PL") else Kind.VIDEO) or fault
        assert fault in (found.fault or "") and bool(found.fault) == bool(fault)


def test_a_channel_is_its_newest_videos(fake: FakeYouTube) -> None:
    fake.add_channel(f"{CHANNEL}/videos", "Andrej 频道", talks(70))
    playlist = listed(fake, YOUTUBE + CHANNEL, limit=40)
    assert (playlist.title, ids(playlist)) == ("Andrej 频道", [video_id for video_id, _ in talks(40)])
    assert fake.requests == [("playlist", f"{CHANNEL}/videos"), ("more", f"{CHANNEL}/videos")]
    assert len(listed(fake, YOUTUBE + CHANNEL).entries) == 70
    assert not is_channel(LIST) and is_channel(at(YOUTUBE + CHANNEL))
    fake.add_playlist(NAME, "Course", talks(5))
    assert len(listed(fake, limit=3).entries) == 5, "a course is listed whole"


def test_channels_by_any_name(fake: FakeYouTube) -> None:
    for path in ("/channel/UCabcdefghijklmnopqrstuv", "/c/LiHongyi", "/user/x", "/@李宏毅"):
        fake.add_channel(f"{path}/videos", "A channel", talks(3))
        assert len(listed(fake, YOUTUBE + path).entries) == 3
    fake.add_channel(f"{CHANNEL}/streams", "Andrej", talks(3))
    assert len(listed(fake, f"{YOUTUBE}{CHANNEL}/streams").entries) == 3
    fake.add_channel(f"{CHANNEL}/playlists", "Andrej", [("PLzero", "Zero to Hero")])
    playlists = listed(fake, f"{YOUTUBE}{CHANNEL}/playlists")
    assert [(e.resource.kind, e.resource.title) for e in playlists.entries] == [(Kind.PLAYLIST, "Zero to Hero")]
    assert "Andrej" in playlists.title
    page = page_around({"currentVideoEndpoint": {"watchEndpoint": {"videoId": "aaaaaaaaaaa"}}})
    fake.fail(f"{CHANNEL}/live", "playlist", 200, page)
    assert ids(listed(fake, f"{YOUTUBE}{CHANNEL}/live")) == ["aaaaaaaaaaa"], "a live stream is a list of one"


def test_a_channel_that_has_moved_is_followed_but_not_for_ever(fake: FakeYouTube) -> None:
    def leads_to(path: str) -> str:
        address = {"commandMetadata": {"webCommandMetadata": {"url": path}}}
        return page_around({"onResponseReceivedActions": [{"navigateAction": {"endpoint": address}}]})

    fake.fail(f"{CHANNEL}/videos", "playlist", 200, leads_to("/@eureka"))
    fake.add_channel("/@eureka/videos", "Eureka", talks(1))
    assert listed(fake, YOUTUBE + CHANNEL).title == "Eureka"
    fake.fail(f"{CHANNEL}/videos", "playlist", 200, leads_to(CHANNEL))
    assert outcome(fake, YOUTUBE + CHANNEL).state == State.UNAVAILABLE


@pytest.mark.parametrize(("count", "limit", "warns"), [(100, None, True), (200, 50, True), (100, 100, False)])
def test_a_listing_that_may_have_been_cut_off(count: int, limit: int | None, warns: bool) -> None:
    entries = tuple(PlaylistEntry(Resource(video_id, Kind.VIDEO, "", "")) for video_id, _ in talks(count))
    warning = truncation_warning(Playlist("课程", entries), limit)
    assert (warning is not None) == warns
    assert not warning or all(words in warning for words in (f"exactly {count}", "课程", "by its address"))
    assert truncation_warning(Playlist("课程", entries[1:]), limit) is None


@pytest.mark.slow
def test_more_entries_than_a_playlist_can_hold_need_a_limit(fake: FakeYouTube) -> None:
    fake.add_playlist(NAME, "Uploads", talks(5001))
    error = outcome(fake)
    assert (error.state, error.retry_after) == (State.UNAVAILABLE, None) and "--limit" in error.reason


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (None, ""),
        ("The playlist does not exist.\n\x1b[31m", "The playlist does not exist"),
        ("This account has been terminated.", "This account has been terminated"),
        ("This playlist is private.", "--cookies FILE"),
    ],
)
def test_a_list_that_youtube_refuses_to_show(fake: FakeYouTube, said: str | None, words: str) -> None:
    if said:
        fake.refuse_playlist(NAME, said)
    error = outcome(fake)
    assert (error.state, error.retry_after) == (State.UNAVAILABLE, MONTH)
    assert words in error.reason and "\x1b" not in error.reason


def test_no_such_channel_or_tab(fake: FakeYouTube) -> None:
    error = outcome(fake, f"{YOUTUBE}/@nobody")
    assert (error.state, error.retry_after) == (State.UNAVAILABLE, MONTH) and "check the link" in error.reason
    assert fake.requests[-1] == ("playlist", "/@nobody/videos")
    tab = {"title": "Home", "selected": True, "tabIdentifier": "featured", "content": {}}
    page = page_around({"contents": {"twoColumnBrowseResultsRenderer": {"tabs": [{"tabRenderer": tab}]}}})
    fake.fail(f"{CHANNEL}/streams", "playlist", 200, page)
    error = outcome(fake, f"{YOUTUBE}{CHANNEL}/streams")
    assert error.state == State.UNAVAILABLE and "tab" in error.reason


@pytest.mark.parametrize(
    ("place", "status", "body"),
    [*((place, 429, "") for place in PLACES), ("playlist", 200, '<div class="g-recaptcha"></div>')],
)
def test_a_block_is_never_retried(fake: FakeYouTube, place: str, status: int, body: str) -> None:
    fake.add_playlist(NAME, "Course", talks(150))
    fake.fail(NAME, place, status, body)
    error = outcome(fake)
    assert isinstance(error, Blocked) and error.state == State.DEFERRED
    assert fake.places == PLACES[: PLACES.index(place) + 1]


@pytest.mark.parametrize(
    ("place", "status", "tries", "words"),
    [*((place, 503, 3, "503") for place in PLACES), ("reload", 200, 2, "block"), ("more", 200, 2, "block")],
)
def test_a_server_error_or_an_empty_response_is_retried(
    fake: FakeYouTube, place: str, status: int, tries: int, words: str
) -> None:
    fake.add_playlist(NAME, "Course", talks(150))
    fake.fail(NAME, place, status, "", times=tries - 1)
    assert len(listed(fake).entries) == 150
    assert fake.places.count(place) == tries and len(fake.requests) == 2 + tries
    fake.requests.clear()
    fake.fail(NAME, place, status, "")
    error = outcome(fake)
    assert (error.state, error.retry_after, isinstance(error, Halt)) == (State.DEFERRED, HOUR, False)
    assert words in error.reason and fake.places.count(place) == tries


def test_an_unparsable_page_is_requested_in_another_way(fake: FakeYouTube) -> None:
    fake.add_playlist(NAME, "Course", talks(3))
    fake.fail(NAME, "playlist", 200, "<html>a new kind of page</html>")
    assert len(listed(fake).entries) == 3
    tabs: list[object] = [{"tabRenderer": {"selected": "?"}}, 7]
    for body in (
        "\x00\ufffd garbage",
        '{"contents": ',
        "[" * 100_000,
        "<div>" * 200_000,
        page_around({"contents": {"twoColumnBrowseResultsRenderer": {"tabs": tabs}}}),
        page_around({"alerts": "none", "contents": 1}),
    ):
        fake.fail(NAME, "resolve", 200, body)
        fake.fail(NAME, "playlist", 200, body)
        fake.requests.clear()
        try:
            assert listed(fake).entries == ()
        except Unfetched as error:
            assert (error.state, error.retry_after) == (State.DEFERRED, DAY)
            assert "no fault of this playlist" in error.reason
        assert len(fake.requests) <= 6


@pytest.mark.parametrize(
    ("place", "status", "body"),
    [("more", 200, "no json"), ("more", 200, "[" * 100_000), *((place, 403, "") for place in PLACES)],
    ids=lambda value: str(value)[:9],
)
def test_a_refusal_or_a_truncated_page_does_not_blame_the_playlist(
    fake: FakeYouTube, place: str, status: int, body: str
) -> None:
    fake.add_playlist(NAME, "Course", talks(150))
    fake.fail(NAME, place, status, body)
    error = outcome(fake)
    assert (error.state, error.retry_after) == (State.DEFERRED, DAY)
    assert status == 200 or fake.places.count(place) == 1


def test_a_page_without_entries_ends_a_list_that_looks_cut_off(fake: FakeYouTube) -> None:
    fake.add_playlist(NAME, "Course", talks(150))
    for body in ("[]", "7", "{}"):
        fake.fail(NAME, "more", 200, body)
        playlist = listed(fake)
        assert len(playlist.entries) == 100 and truncation_warning(playlist, None)
    assert fake.places == ["playlist", "reload", "more", "more"] * 3


def test_a_block_in_words_or_a_missing_connection_is_told_at_once(fake: FakeYouTube) -> None:
    for words in ("Sign in to confirm you’re not a bot", "Please try again later."):
        fake.refuse_playlist(NAME, words)
        assert isinstance(outcome(fake), Blocked)
    assert fake.places == ["playlist"] * 2
    with pytest.raises(ConnectionFault, match=r"the connection to youtube\.com fails"):
        YouTubePlaylists(fake.web(offline=True)).fetch(LIST)


def test_a_listing_counts_once_for_the_pace(fake: FakeYouTube, capfd: pytest.CaptureFixture[str]) -> None:
    fake.add_playlist(NAME, "Course", talks(150))
    slept = list[float]()
    playlists = YouTubePlaylists(fake.web(), Pace(10, slept.append, lambda: 0.0))
    capfd.readouterr()
    playlists.fetch(LIST)
    assert slept == []
    playlists.fetch(LIST)
    assert len(slept) == 1
    fake.fail(NAME, "more", 200, "garbage")
    outcome(fake)
    out, err = capfd.readouterr()
    assert out == "" and "yt" not in err.replace("youtubei", "")


def test_yt_dlp_is_loaded_when_it_is_needed() -> None:
    modules = "seekpoint.indexer.sources.youtube.youtube, seekpoint.indexer.fetch.http_session"
    check = f"import sys, {modules}; print('yt_dlp' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True, cwd=ROOT)
    assert result.stdout.strip() == "False"
