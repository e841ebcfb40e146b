"""Failures of video sites: the state, the reason in one line, and when to try again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from yt_dlp.utils import ExtractorError, GeoRestrictedError

from seekpoint.index.errors import SeekpointError, Unfetched
from seekpoint.index.types import State
from seekpoint.indexer.fetch.retries import DAY, HOUR, MONTH
from seekpoint.indexer.sources.sites.downloader import failure_of
from seekpoint.indexer.sources.sites.videos import VideoSites
from tests.fake_sites import FakeSites, add_vimeo, at

BILIBILI, VIMEO = "https://www.bilibili.com/video/BV1xx411c7mD", "https://vimeo.com/76979871"
PLAYER = "https://player.vimeo.com/video/76979871"


def failure(sites: FakeSites, address: str) -> tuple[State, str, float | None, Unfetched]:
    with pytest.raises(Unfetched) as caught:
        VideoSites(sites.web()).fetch(at(address), 0.0)
    error = caught.value
    assert len(str(error).splitlines()) == 1
    return error.state, error.reason.code, error.retry_after, error


@pytest.mark.parametrize(
    ("code", "state", "reason", "wait"),
    [(-403, State.UNAVAILABLE, "site_login", MONTH), (-404, State.UNAVAILABLE, "site_says", MONTH)],
)
def test_what_bilibili_says_of_a_video_is_told(
    sites: FakeSites, code: int, state: State, reason: str, wait: float
) -> None:
    shown = json.dumps({"error": {"trueCode": code}, "videoData": {}})
    sites.add(BILIBILI, f"<script>window.__INITIAL_STATE__={shown};(function(){{}}())</script>")
    found = failure(sites, BILIBILI)
    assert found[:3] == (state, reason, wait)
    assert "bilibili.com" in str(found[3]) and "--cookies" not in str(found[3])


@pytest.mark.parametrize(
    ("status", "state", "reason", "wait"),
    [
        (404, State.UNAVAILABLE, "nothing_there", MONTH),
        (410, State.UNAVAILABLE, "gone", MONTH),
        (412, State.DEFERRED, "site_limits", HOUR),
        (429, State.DEFERRED, "fewer_requests", HOUR),
        (451, State.UNAVAILABLE, "withheld", MONTH),
        (500, State.DEFERRED, "server_fault", HOUR),
    ],
)
def test_a_status_means_the_same_as_for_a_page(
    sites: FakeSites, status: int, state: State, reason: str, wait: float
) -> None:
    sites.add(BILIBILI, "no", status=status)
    assert failure(sites, BILIBILI)[:3] == (state, reason, wait)


def test_a_site_that_lets_in_only_browsers_says_so(sites: FakeSites) -> None:
    sites.add(PLAYER, "no", status=403)
    assert failure(sites, VIMEO)[:2] == (State.UNAVAILABLE, "site_for_people")
    sites.add(PLAYER, "Because of its privacy settings, this video cannot be played here", status=403)
    assert failure(sites, VIMEO)[:2] == (State.UNAVAILABLE, "site_says")
    add_vimeo(sites)
    page = sites._answers[PLAYER][0]
    assert isinstance(page, str)
    sites.add(PLAYER, page.replace('"duration": 62', '"live_event": {"status": "started"}'))
    assert failure(sites, VIMEO)[:3] == (State.DEFERRED, "live_now", DAY)


def test_an_answer_that_ytdlp_doesnt_know_is_its_fault(sites: FakeSites) -> None:
    sites.add(BILIBILI, "<script>window.__INITIAL_STATE__={'videoData':{}};(function(){}())</script>".replace("'", '"'))
    assert failure(sites, BILIBILI)[:3] == (State.DEFERRED, "site_misfit", DAY)
    assert failure(sites, "https://unheard-of.invalid/talk.mp4")[:3] == (State.DEFERRED, "host_unreachable", HOUR)


def test_protected_sound_is_not_fetched(sites: FakeSites, tmp_path: Path) -> None:
    key = '#EXT-X-KEY:METHOD=SAMPLE-AES,URI="skd://key",KEYFORMAT="com.apple.streamingkeydelivery"'
    sites.add(
        "https://uni.example/talk.m3u8",
        f"#EXTM3U\n{key}\n#EXTINF:10,\n0.ts\n#EXT-X-ENDLIST\n",
        "application/vnd.apple.mpegurl",
    )
    with pytest.raises(Unfetched) as caught:
        VideoSites(sites.web()).sound(at("https://uni.example/talk.m3u8"), tmp_path)
    assert (caught.value.state, caught.value.reason.code) == (State.UNAVAILABLE, "site_protected")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (GeoRestrictedError("This video is not available from your location", countries=["JP"]), "site_abroad"),
        (ExtractorError("抱歉，您所在地区不可观看", expected=True), "site_abroad"),
        (ExtractorError("This video is only for members. Use --cookies FILE", expected=True), "site_login"),
        (ExtractorError("该视频需要登录后观看", expected=True), "site_login"),
        (ExtractorError("You have exceeded the rate limit. Try again later", expected=True), "site_limits"),
        (ExtractorError("请求过于频繁", expected=True), "site_limits"),
        (ExtractorError("It was removed by its owner\x1b[2J\nfor good", expected=True), "site_says"),
        (OSError("no room"), "site_misfit"),
    ],
)
def test_what_extractors_say_becomes_one_line(error: Exception, code: str) -> None:
    found = failure_of(error, "a.example")
    assert isinstance(found, SeekpointError) and isinstance(found, Unfetched)
    assert (found.reason.code, len(str(found).splitlines())) == (code, 1)
    assert "\x1b" not in str(found) and "--cookies" not in str(found)
