"""Sounds of episodes: parts, redirects, resumption; and a feed of 5,000 episodes."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from seekpoint.index.errors import Unfetched
from seekpoint.index.types import State
from seekpoint.indexer.reading_list.addresses import feed_resource
from seekpoint.indexer.sources.podcasts.feed import MOST_ITEMS
from seekpoint.indexer.sources.podcasts.podcasts import Podcasts
from tests.feeds import feed, item
from tests.local_web import LocalWeb

SHOW = "http://show.example"
ATOM = "http://www.w3.org/2005/Atom"
HOSTS = [f"http://{name}.example" for name in ("show", "one", "two", "three", "cdn")]
[PLAYLIST] = filter(None, [feed_resource(f"{SHOW}/feed")])
SOUND = Random(0).randbytes(20_000_001)


class Sounds:
    """A podcast whose sound is behind four redirects; `asked` lists what was asked, `tag` is the sound's ETag."""

    def __init__(self, server: HTTPServer) -> None:
        self.asked: list[str] = []
        self.tag = '"1"'
        self.gives_parts = True
        self.most = len(SOUND)
        self.fails_at = -1
        self.changes = False
        self.media_type = "audio/mpeg"
        self.sound = SOUND
        self._server = server
        server.expect_request("/robots.txt").respond_with_data(status=404)
        server.expect_request("/feed").respond_with_handler(self._feed)
        server.expect_request("/1.mp3").respond_with_handler(self._answer)
        self.podcasts = self.reader()

    def reader(self) -> Podcasts:
        return Podcasts(LocalWeb(self._server.url_for("").rstrip("/"), *HOSTS))

    def _feed(self, request: Request) -> Response:
        return Response(feed(item("注意力", sound=f"{SHOW}/1.mp3")), content_type="application/rss+xml")

    def _answer(self, request: Request) -> Response:
        host = f"http://{request.host}"
        self.asked.append(f"{host.removeprefix('http://').removesuffix('.example')} {request.headers.get('Range')}")
        if host != HOSTS[-1]:
            return Response(status=302, headers={"Location": f"{HOSTS[HOSTS.index(host) + 1]}/1.mp3"})
        if len(self.asked) - 1 == self.fails_at:
            return Response(status=404)
        self.tag = f'"{len(self.asked)}"' if self.changes else self.tag
        response = Response(self.sound, content_type=self.media_type, headers={"ETag": self.tag})
        if self.gives_parts:
            first = int(request.headers["Range"].removeprefix("bytes=").partition("-")[0])
            request.environ["HTTP_RANGE"] = f"bytes={first}-{first + min(8_000_000, self.most) - 1}"
            response.make_conditional(request, accept_ranges=True, complete_length=len(self.sound))
        return response

    def fetch(self, folder: Path, podcasts: Podcasts | None = None) -> Path:
        podcasts = podcasts or self.podcasts
        listing = podcasts.fetch_listing(PLAYLIST)
        assert listing.playlist
        [entry] = listing.playlist.entries
        return podcasts.sound(entry.resource, folder).path


@pytest.fixture
def sounds(httpserver: HTTPServer) -> Sounds:
    return Sounds(httpserver)


def test_redirects_before_a_sound_in_parts_are_asked_once(sounds: Sounds, tmp_path: Path) -> None:
    path = sounds.fetch(tmp_path / "sounds")
    assert path.read_bytes() == SOUND
    assert (path.suffix, path.parent.name) == (".mp3", "sounds")
    assert [asked.partition(" ")[0] for asked in sounds.asked] == ["show", "one", "two", "three", "cdn", "cdn", "cdn"]
    assert sounds.asked[-1] == "cdn bytes=16000000-23999999"


def test_a_download_goes_on_where_it_broke_off_unless_the_sound_is_another(sounds: Sounds, tmp_path: Path) -> None:
    sounds.fails_at = 6
    with pytest.raises(Unfetched):
        sounds.fetch(tmp_path)
    [begun] = tmp_path.iterdir()
    assert begun.stat().st_size == 16_000_000
    sounds.fails_at = -1
    sounds.asked.clear()
    assert sounds.fetch(tmp_path, sounds.reader()) == begun
    assert [asked.partition("=")[2] for asked in sounds.asked][4:] == ["0-7999999", "16000000-23999999"]
    sounds.tag, sounds.sound = '"2"', SOUND[::-1]
    assert sounds.fetch(tmp_path, sounds.reader()).read_bytes() == SOUND[::-1]


def test_a_server_may_give_the_whole_sound_at_once(sounds: Sounds, tmp_path: Path) -> None:
    sounds.gives_parts = False
    assert sounds.fetch(tmp_path).read_bytes() == SOUND
    assert len(sounds.asked) == 5


@pytest.mark.parametrize(("most", "asked"), [(1, 6), (70_000, 200)])
def test_a_sound_that_trickles_ends(sounds: Sounds, tmp_path: Path, most: int, asked: int) -> None:
    sounds.most = most
    hosts = LocalWeb(sounds._server.url_for("").rstrip("/"), *HOSTS, deadline=0.02)
    with pytest.raises(Unfetched, match="did not answer in time") as raised:
        sounds.fetch(tmp_path, Podcasts(hosts))
    assert raised.value.state is State.DEFERRED
    assert len(sounds.asked) <= asked


@pytest.mark.parametrize(
    ("change", "state", "reason"),
    [
        (lambda sounds: setattr(sounds, "media_type", "text/html"), State.UNAVAILABLE, "its sound is text/html"),
        (lambda sounds: setattr(sounds, "fails_at", 4), State.UNAVAILABLE, "404"),
        (lambda sounds: setattr(sounds, "sound", b""), State.UNAVAILABLE, "nothing"),
        (lambda sounds: setattr(sounds, "changes", True), State.DEFERRED, "was replaced while it was fetched"),
    ],
)
def test_of_what_is_no_whole_sound_nothing_is_kept(
    sounds: Sounds, tmp_path: Path, change: Callable[[Sounds], None], state: State, reason: str
) -> None:
    change(sounds)
    with pytest.raises(Unfetched) as raised:
        sounds.fetch(tmp_path)
    assert raised.value.state is state and reason in str(raised.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_feed_of_5000_episodes_takes_seconds(httpserver: HTTPServer) -> None:
    notes = f"<description>{'words of the show 节目 ' * 150}</description>"
    items = (item(f"Episode {n}", notes, sound=f"{SHOW}/{n}.mp3", guid=f"urn:uuid:{n:032x}") for n in range(5000))
    httpserver.expect_request("/feed").respond_with_data(feed(*items), content_type="application/rss+xml")
    httpserver.expect_request("/robots.txt").respond_with_data(status=404)
    began = time.process_time()
    listing = Podcasts(LocalWeb(httpserver.url_for("").rstrip("/"), *HOSTS)).fetch_listing(PLAYLIST)
    assert listing.playlist and len(listing.playlist.entries) == 5000
    assert time.process_time() - began < 20


@pytest.mark.slow
@pytest.mark.parametrize("every", [50, pytest.param(1, marks=pytest.mark.nightly)])
def test_the_most_items_of_a_feed_are_those_of_all_its_pages_together(httpserver: HTTPServer, every: int) -> None:
    """Of so many items one has a sound: the others are read in a tenth of the time, and count as well."""

    def page(request: Request) -> Response:
        number = int(request.args.get("page", "1"))
        asked.append(number)
        numbers = range(26_000 * number, 26_000 * (number + 1))
        items = ("<item/>" if n % every else f'<item><enclosure url="{n}.mp3"/></item>' for n in numbers)
        following = f'<link xmlns="{ATOM}" rel="next" href="/feed?page={number + 1}"/>' if number < 3 else ""
        return Response(f"<rss><channel>{following}{''.join(items)}</channel></rss>", content_type="text/xml")

    asked: list[int] = []
    httpserver.expect_request("/robots.txt").respond_with_data(status=404)
    httpserver.expect_request("/feed").respond_with_handler(page)
    listing = Podcasts(LocalWeb(httpserver.url_for("").rstrip("/"), *HOSTS)).fetch_listing(PLAYLIST)
    assert listing.playlist and len(listing.playlist.entries) == min(MOST_ITEMS, 52_000 // every)
    assert asked == [1, 2]
    assert f"{SHOW}/feed: only its newest 50,000 items are read" in listing.messages
