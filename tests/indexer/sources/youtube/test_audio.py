from __future__ import annotations

import random
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from seekpoint.index.errors import Blocked, SeekpointError, Unfetched
from seekpoint.index.types import State
from seekpoint.indexer.fetch.retries import ConnectionFault
from seekpoint.indexer.sources.youtube.ytdlp_videos import fetch_audio
from tests.fake_youtube import FakeYouTube
from tests.speech import FakeSounds, sound_format

_VIDEO = "abcdefghijk"
_SOUND = random.Random(7).randbytes(9_000_000)
_FILM = sound_format(160, 1_000_000, 'video/mp4; codecs="avc1.4d400c"')


@pytest.fixture
def media(httpserver: HTTPServer, fake: FakeYouTube) -> FakeSounds:
    return FakeSounds(httpserver, fake)


def test_the_smallest_audio_is_downloaded_in_pieces(media: FakeSounds, tmp_path: Path) -> None:
    media.add(_VIDEO, _SOUND, sound_format(140, 30_000_000), sound_format(139, len(_SOUND)), _FILM)
    path, details = fetch_audio(_VIDEO, media.web, tmp_path / "sound")
    assert path.read_bytes() == _SOUND
    assert (details.title, details.duration) == ("注意力", 600)
    assert len(media.asked) >= 3
    assert list(path.parent.iterdir()) == [path]


def test_an_interrupted_download_is_resumed(media: FakeSounds, tmp_path: Path) -> None:
    media.add(_VIDEO, _SOUND)
    media.pieces = 1
    with pytest.raises(Unfetched, match="doesn't give its sound") as caught:
        fetch_audio(_VIDEO, media.web, tmp_path)
    assert caught.value.state is State.DEFERRED
    (part,) = tmp_path.iterdir()
    there = part.stat().st_size
    media.pieces = None
    media.asked.clear()
    path, _ = fetch_audio(_VIDEO, media.web, tmp_path)
    assert path.read_bytes() == _SOUND
    assert 0 < there < len(_SOUND)
    assert media.asked[0].startswith(f"bytes={there}-")
    media.asked.clear()
    assert fetch_audio(_VIDEO, media.web, tmp_path).path == path
    assert not media.asked


@pytest.mark.parametrize(
    ("status", "reason", "state"),
    [
        ("LOGIN_REQUIRED", "This is a private video", State.UNAVAILABLE),
        ("LIVE_STREAM_OFFLINE", "This live event will begin in 3 hours.", State.DEFERRED),
    ],
)
def test_youtubes_reasons_are_passed_on(
    status: str, reason: str, state: State, media: FakeSounds, fake: FakeYouTube, tmp_path: Path
) -> None:
    fake.make_unplayable(_VIDEO, reason, status)
    with pytest.raises(Unfetched, match=reason.rstrip(".")) as caught:
        fetch_audio(_VIDEO, media.web, tmp_path)
    assert (caught.value.state, "\n" in caught.value.reason) == (state, False)


def test_a_block_or_a_missing_connection_stops_everything(media: FakeSounds, fake: FakeYouTube, tmp_path: Path) -> None:
    fake.make_blocked(_VIDEO)
    for web, failure in ((media.web, Blocked), (fake.web(offline=True), ConnectionFault)):
        with pytest.raises(failure):
            fetch_audio(_VIDEO, web, tmp_path)


def test_a_video_without_audio_or_a_folder_to_keep_it_says_so(media: FakeSounds, tmp_path: Path) -> None:
    media.add(_VIDEO, _SOUND, _FILM)
    with pytest.raises(Unfetched, match="doesn't give its sound") as caught:
        fetch_audio(_VIDEO, media.web, tmp_path)
    assert caught.value.state is State.DEFERRED
    media.add(_VIDEO, _SOUND, isLive=True, isLiveContent=True)
    with pytest.raises(Unfetched, match="live at the moment") as caught:
        fetch_audio(_VIDEO, media.web, tmp_path)
    assert caught.value.state is State.DEFERRED
    media.add(_VIDEO, _SOUND)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(SeekpointError, match="can't be kept in"):
        fetch_audio(_VIDEO, media.web, tmp_path / "file")
