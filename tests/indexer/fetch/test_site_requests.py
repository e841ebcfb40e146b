"""The protections of yt-dlp's requests to other sites: addresses, redirects, cookies, sizes, methods."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response
from yt_dlp.networking import Request as YtRequest
from yt_dlp.networking.exceptions import HTTPError, TransportError

from seekpoint.files import parsed_json
from seekpoint.index.errors import Unfetched
from seekpoint.indexer.fetch.fetcher import LeadsToVideo
from seekpoint.indexer.fetch.http_session import Web
from seekpoint.indexer.fetch.retries import ServerFault
from seekpoint.indexer.fetch.site_requests import SiteRequests
from seekpoint.indexer.sources.sandbox_child import packed
from seekpoint.indexer.sources.sites.downloader import SiteDownloader
from tests.fake_sites import FakeSites
from tests.local_web import LocalNetwork, LocalWeb

TALK = "https://uni.example/talk"
COOKIES = "# Netscape HTTP Cookie File\n.youtube.com\tTRUE\t/\tTRUE\t4102444800\tSID\tsecret\n"


def downloader(web: Web, *, private: bool = False, reads_media: bool = False, address: str = TALK) -> SiteDownloader:
    requests = SiteRequests(web, address, private=private, reads_media=reads_media)

    def ask(value: object, data: bytes) -> tuple[Any, bytes]:
        told, content = requests.serve(parsed_json(packed(value)), data)
        return parsed_json(packed(told)), content

    return SiteDownloader(ask, {})


def test_no_request_goes_into_a_private_network_but_to_the_server_that_the_owner_names(
    sites: FakeSites, httpserver: HTTPServer
) -> None:
    own = httpserver.url_for("/own")
    network = LocalNetwork(httpserver.url_for(""), addresses={"inner.example": ["10.0.0.1"]})
    for address in (own, "http://inner.example/", "http://[::1]/", "http://2130706433/", "file:///etc/passwd"):
        with pytest.raises(TransportError) as caught:
            downloader(Web(network=network)).urlopen(address)
        assert isinstance(caught.value.cause, Unfetched)
    assert not sites.requests and not network.connected
    sites.add(own, "mine")
    assert downloader(Web(network=network), private=True, address=own).urlopen(own).read() == b"mine"
    with pytest.raises(TransportError):
        downloader(Web(network=network), private=True, address=own).urlopen("http://inner.example/")


def test_no_redirect_leads_from_the_web_into_a_private_network_nor_to_youtube(
    sites: FakeSites, httpserver: HTTPServer
) -> None:
    sites.add(TALK, "", status=302, headers={"Location": httpserver.url_for("/inner")})
    with pytest.raises(TransportError) as caught:
        downloader(sites.web()).urlopen(TALK)
    assert isinstance(caught.value.cause, Unfetched) and caught.value.cause.reason.code == "redirect_private"
    sites.add(TALK, "", status=302, headers={"Location": "https://www.youtube.com/watch?v=abcdefghijk"})
    with pytest.raises(LeadsToVideo):
        downloader(sites.web()).urlopen(TALK)
    assert sites.requests == [TALK, TALK]


def test_a_sites_cookies_stay_with_it(sites: FakeSites, tmp_path: Path) -> None:
    (tmp_path / "cookies.txt").write_text(COOKIES)
    sites.add(TALK, "hello", headers={"Set-Cookie": "visitor=7; Path=/"})
    sites.add("https://other.example/", "hello")
    yt_dlp = downloader(sites.web(tmp_path / "cookies.txt"))
    for address in (TALK, TALK, "https://other.example/"):
        yt_dlp.urlopen(address)
    assert sites.cookies == ["", "visitor=7", ""]


@pytest.mark.parametrize("elsewhere", ["https://other.example/", "http://uni.example/plain"])
def test_data_is_sent_to_one_host_alone(sites: FakeSites, elsewhere: str) -> None:
    seen: list[tuple[str, bytes, str]] = []

    def note(request: Request) -> Response:
        seen.append((request.method, request.get_data(), request.headers.get("Authorization", "")))
        return Response("", 303 if request.path == "/talk" else 200, {"Location": elsewhere})

    for address in (TALK, elsewhere):
        sites.add(address, note)
    downloader(sites.web()).urlopen(YtRequest(TALK, data=b"{}", headers={"Authorization": "jwt secret"}))
    assert seen == [("POST", b"{}", "jwt secret"), ("GET", b"", "")]


def test_a_recording_is_read_only_where_its_sound_is_wanted(sites: FakeSites) -> None:
    sites.add(TALK, b"0" * 1000, "video/mp4")
    assert downloader(sites.web()).urlopen(TALK).read() == b""
    assert len(downloader(sites.web(), reads_media=True).urlopen(TALK).read()) == 1000


def test_a_block_ends_everything_but_another_status_is_ytdlps_own_error(sites: FakeSites) -> None:
    sites.add(TALK, "why", status=404)
    with pytest.raises(HTTPError) as caught:
        downloader(sites.web()).urlopen(TALK)
    assert (caught.value.status, caught.value.response.read()) == (404, b"why"), "extractors read what it says"
    sites.add(TALK, "no", status=429)
    with pytest.raises(ServerFault):
        downloader(sites.web()).urlopen(TALK)


@pytest.mark.parametrize("address", ["http://a:b:c/", "http://uni.example:x/", "http://[::1]x/", "http://", "x"])
def test_an_address_that_is_none_is_ytdlps_own_error(sites: FakeSites, address: str) -> None:
    for private in (False, True):
        with pytest.raises(TransportError):
            downloader(sites.web(), private=private).urlopen(address)


@pytest.mark.parametrize("status", [200, 404])
def test_many_slow_requests_end(httpserver: HTTPServer, status: int) -> None:
    httpserver.expect_request("/").respond_with_data("x", status)
    root = httpserver.url_for("/")
    yt_dlp = downloader(LocalWeb(deadline=0.02), private=True, address=root)
    with pytest.raises(Unfetched):
        for _ in range(3_000):
            with suppress(HTTPError):
                yt_dlp.urlopen(root)
