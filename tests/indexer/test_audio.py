from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from index.errors import Blocked, SeekpointError, Unfetched, Unreachable
from index.types import State
from indexer.sources.recordings.audio import fetch_audio
from tests.fake_youtube import YOUTUBE, FakeYouTube
from tests.local_web import LocalWeb

_VIDEO = "abcdefghijk"
_MEDIA = "https://r1.googlevideo.com"
_SOUND = random.Random(7).randbytes(9_000_000)


class _Media:
    """Serves the sound of videos, in the pieces that are asked for; `asked` lists them."""

    def __init__(self, server: HTTPServer, fake: FakeYouTube) -> None:
        self.asked: list[str] = []
        self.breaks_after: int | None = None
        self._fake = fake
        server.expect_request("/videoplayback").respond_with_handler(self._answer)
        self.web = LocalWeb(server.url_for("").rstrip("/"), YOUTUBE, _MEDIA)

    def add(self, *formats: dict[str, Any], **details: Any) -> None:  # noqa: ANN401
        self._fake.set_player(
            _VIDEO,
            {
                "playabilityStatus": {"status": "OK"},
                "videoDetails": {"videoId": _VIDEO, "title": "注意力", "lengthSeconds": "600", **details},
                "streamingData": {"adaptiveFormats": list(formats)},
            },
        )

    def _answer(self, request: Request) -> Response:
        self.asked.append(request.headers.get("Range", ""))
        if self.breaks_after is not None and len(self.asked) > self.breaks_after:
            return Response(status=403)
        first, last = (int(at) for at in request.headers["Range"].removeprefix("bytes=").split("-"))
        if first >= len(_SOUND):
            return Response(status=416)
        piece = _SOUND[first : last + 1]
        span = f"bytes {first}-{first + len(piece) - 1}/{len(_SOUND)}"
        return Response(piece, 206, {"Content-Range": span}, content_type="audio/mp4")


def _format(itag: int, size: int, kind: str = 'audio/mp4; codecs="mp4a.40.2"') -> dict[str, Any]:
    address = f"{_MEDIA}/videoplayback?itag={itag}"
    return {"itag": itag, "url": address, "mimeType": kind, "bitrate": size // 75, "contentLength": str(size)}


@pytest.fixture
def media(httpserver: HTTPServer, fake: FakeYouTube) -> _Media:
    return _Media(httpserver, fake)


def test_the_smallest_sound_is_fetched_piece_by_piece(media: _Media, tmp_path: Path) -> None:
    media.add(
        _format(140, 30_000_000),
        _format(139, len(_SOUND)),
        _format(160, 1_000_000, 'video/mp4; codecs="avc1.4d400c"'),
    )

    path = fetch_audio(_VIDEO, media.web, tmp_path / "sound")

    assert path.read_bytes() == _SOUND
    assert len(media.asked) >= 3
    assert list(path.parent.iterdir()) == [path]


def test_a_fetch_that_broke_off_goes_on_where_it_was(media: _Media, tmp_path: Path) -> None:
    media.add(_format(139, len(_SOUND)))
    media.breaks_after = 1
    with pytest.raises(Unfetched, match="doesn't give its sound") as caught:
        fetch_audio(_VIDEO, media.web, tmp_path)
    assert caught.value.state is State.DEFERRED
    (part,) = tmp_path.iterdir()
    there = part.stat().st_size
    media.breaks_after = None
    media.asked.clear()

    path = fetch_audio(_VIDEO, media.web, tmp_path)

    assert path.read_bytes() == _SOUND
    assert 0 < there < len(_SOUND)
    assert media.asked[0].startswith(f"bytes={there}-")
    media.asked.clear()
    assert fetch_audio(_VIDEO, media.web, tmp_path) == path
    assert not media.asked


@pytest.mark.parametrize(
    ("status", "reason", "state"),
    [
        ("ERROR", "This video is unavailable", State.UNAVAILABLE),
        ("LOGIN_REQUIRED", "This is a private video", State.UNAVAILABLE),
        ("LIVE_STREAM_OFFLINE", "This live event will begin in 3 hours.", State.DEFERRED),
    ],
)
def test_what_youtube_says_is_said(
    status: str, reason: str, state: State, media: _Media, fake: FakeYouTube, tmp_path: Path
) -> None:
    fake.make_unplayable(_VIDEO, reason, status)

    with pytest.raises(Unfetched, match=reason.split()[-1].rstrip(".")) as caught:
        fetch_audio(_VIDEO, media.web, tmp_path)

    assert caught.value.state is state
    assert "\n" not in caught.value.reason


def test_a_block_stops_everything(media: _Media, fake: FakeYouTube, tmp_path: Path) -> None:
    fake.make_blocked(_VIDEO)

    with pytest.raises(Blocked):
        fetch_audio(_VIDEO, media.web, tmp_path)


def test_no_connection_stops_everything(fake: FakeYouTube, tmp_path: Path) -> None:
    with pytest.raises(Unreachable):
        fetch_audio(_VIDEO, fake.web(offline=True), tmp_path)


def test_a_video_without_sound_is_deferred(media: _Media, tmp_path: Path) -> None:
    media.add(_format(160, 1_000_000, 'video/mp4; codecs="avc1.4d400c"'))

    with pytest.raises(Unfetched, match="doesn't give its sound"):
        fetch_audio(_VIDEO, media.web, tmp_path)


def test_a_live_video_is_put_off(media: _Media, tmp_path: Path) -> None:
    media.add(_format(139, len(_SOUND)), isLive=True, isLiveContent=True)

    with pytest.raises(Unfetched, match="live at the moment") as caught:
        fetch_audio(_VIDEO, media.web, tmp_path)

    assert caught.value.state is State.DEFERRED


def test_a_folder_that_cannot_be_written_is_named(media: _Media, tmp_path: Path) -> None:
    media.add(_format(139, len(_SOUND)))
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(SeekpointError, match="can't be kept in"):
        fetch_audio(_VIDEO, media.web, tmp_path / "file")
