"""Connections: the address that is checked is the one that is connected to, in every session."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
import requests
from pytest_httpserver import HTTPServer

from seekpoint.index.errors import Unfetched, Unreachable
from seekpoint.index.types import State
from seekpoint.indexer.fetch.fetcher import PoliteFetcher
from seekpoint.indexer.fetch.http_session import Web, check_name
from seekpoint.indexer.fetch.retries import PrivateAddress
from seekpoint.indexer.sources.youtube.youtube import YouTubeTranscripts
from tests.local_web import LocalNetwork, LocalWeb, listening

PAGES = "http://pages.example"
EVIL = "evil.example"
PUBLIC, PRIVATE = "93.184.215.20", "127.0.0.1"
ARTICLE = "<title>注意力</title><p>每一步都看整个句子。"


@pytest.fixture
def other() -> Iterator[HTTPServer]:
    """A second server of this machine."""
    with HTTPServer("localhost", 0) as server:
        yield server


def serve(httpserver: HTTPServer, path: str = "/page") -> str:
    """Serve a page, and no robots.txt; returns its address on this machine."""
    httpserver.expect_request("/robots.txt").respond_with_data("", 404)
    httpserver.expect_request(path).respond_with_data(ARTICLE, content_type="text/html")
    return httpserver.url_for(path)


def paths(httpserver: HTTPServer) -> list[str]:
    return [request.path for request, _ in httpserver.log if request.path != "/robots.txt"]


def network(httpserver: HTTPServer, *addresses: str) -> LocalNetwork:
    """A network where evil.example has these addresses, one after another, and the test server all public ones."""
    return LocalNetwork(httpserver.url_for(""), ["pages.example"], {EVIL: addresses})


def fetcher(network: LocalNetwork) -> PoliteFetcher:
    return PoliteFetcher(LocalWeb(network=network), pace=0)


def fault_of(pages: PoliteFetcher, url: str, *, private: bool = False) -> Unfetched:
    with pytest.raises(Unfetched, match="private network") as raised:
        pages.get(url, private=private)
    assert raised.value.state is State.UNAVAILABLE
    return raised.value


def test_the_checked_address_is_the_one_that_is_connected_to(httpserver: HTTPServer) -> None:
    serve(httpserver)
    local = network(httpserver, f"{PUBLIC} 93.184.215.21", PRIVATE)
    session = Web(network=local).session()
    assert session.get(f"http://{EVIL}/page").content == ARTICLE.encode()
    assert local.connected == [PUBLIC] and httpserver.log[-1][0].host == EVIL
    with pytest.raises(PrivateAddress):
        Web(network=local).session().get(f"http://{EVIL}/page")
    assert local.connected == [PUBLIC]
    invented = network(httpserver, "198.18.0.7")
    assert Web(network=invented).session().get(f"http://{EVIL}/page").content == ARTICLE.encode(), "by a local proxy"
    with pytest.raises(PrivateAddress):
        Web(network=invented).session().get("http://198.18.0.7/page")


def test_a_name_that_changes_into_a_private_address_is_refused(httpserver: HTTPServer) -> None:
    """The name of a public page, or of one that a local list names, must stay public in a build: DNS rebinding."""
    serve(httpserver)
    target = f"http://{EVIL}:{httpserver.port}/page"
    for private in (False, True):
        local = network(httpserver, PUBLIC, PRIVATE)
        failure = fault_of(fetcher(local), target, private=private)
        assert local.connected == [PUBLIC], "for robots.txt"
        assert (failure.retry_after is None) is not private
    assert paths(httpserver) == []
    httpserver.expect_request("/trap").respond_with_data("", 302, {"Location": target})
    for addresses in ([PRIVATE], [PUBLIC, PRIVATE], [f"{PUBLIC} {PRIVATE}"], ["fe80::1%1"], ["::ffff:10.0.0.1"]):
        local = network(httpserver, *addresses)
        assert fault_of(fetcher(local), f"{PAGES}/trap", private=True).retry_after
        assert PRIVATE not in local.connected
    assert set(paths(httpserver)) == {"/trap"}


def test_a_page_in_a_private_network_redirects_to_its_own_port_only(httpserver: HTTPServer, other: HTTPServer) -> None:
    serve(httpserver)
    secret = serve(other)
    httpserver.expect_request("/other").respond_with_data("", 302, {"Location": secret})
    httpserver.expect_request("/own").respond_with_data("", 302, {"Location": "/page"})
    httpserver.expect_request("/out").respond_with_data("", 302, {"Location": f"{PAGES}/back"})
    httpserver.expect_request("/back").respond_with_data("", 302, {"Location": httpserver.url_for("/page")})
    pages = fetcher(network(httpserver))
    assert "where no redirect may lead" in fault_of(pages, httpserver.url_for("/other"), private=True).reason
    page = pages.get(httpserver.url_for("/own"), private=True)
    assert page and page.url == httpserver.url_for("/page")
    assert other.log == []
    assert fault_of(pages, httpserver.url_for("/out"), private=True).retry_after, "not back from the web"


def test_a_page_in_a_private_network_may_redirect_to_its_https(httpserver: HTTPServer) -> None:
    serve(httpserver)
    httpserver.expect_request("/up").respond_with_data("", 301, {"Location": "https://evil.example/page"})
    web = LocalWeb(httpserver.url_for(""), f"https://{EVIL}", network=network(httpserver, "10.0.0.7"))
    page = PoliteFetcher(web, pace=0).get(f"http://{EVIL}/up", private=True)
    assert page and page.url == f"https://{EVIL}/page"
    assert fault_of(PoliteFetcher(web, pace=0), f"http://{EVIL}/up")


def test_a_private_network_is_asked_only_where_it_may_be_over_an_open_connection_too(httpserver: HTTPServer) -> None:
    secret = serve(httpserver)
    pages = fetcher(network(httpserver))
    assert pages.get(secret, private=True)
    assert fault_of(pages, secret).retry_after is None, "though it was fetched for another list"
    assert pages.get(f"{secret}?2", private=True)
    assert paths(httpserver) == ["/page", "/page"]
    httpserver.clear()
    httpserver.expect_request("/robots.txt").respond_with_data("User-agent: *\nDisallow: /")
    pages = fetcher(network(httpserver))
    assert "neither a list from the web nor an assistant" in fault_of(pages, secret).reason
    assert httpserver.log == []
    with pytest.raises(Unfetched, match=r"robots\.txt asks"):
        pages.get(secret, private=True)


def test_the_next_address_is_tried_if_one_does_not_answer(httpserver: HTTPServer) -> None:
    class HalfDown(LocalNetwork):
        def connect(self, address: object, port: int, options: dict[str, object]) -> socket.socket:
            if str(address) == PUBLIC:
                raise ConnectionRefusedError
            return super().connect(address, port, options)  # type: ignore[arg-type]

    serve(httpserver)
    local = HalfDown(httpserver.url_for(""), addresses={EVIL: [f"{PUBLIC} 93.184.215.21"]})
    assert Web(network=local).session().get(f"http://{EVIL}/page").content == ARTICLE.encode()
    with pytest.raises(requests.ConnectionError):
        Web(network=HalfDown(httpserver.url_for(""), addresses={EVIL: [PUBLIC]})).session().get(f"http://{EVIL}/")


def test_certificates_are_checked_for_the_name() -> None:
    hellos = list[bytes]()
    with listening(lambda connection: hellos.append(connection.recv(65_536))) as root:
        local = LocalNetwork(root, ["pages.example"])
        with pytest.raises(requests.ConnectionError):
            Web(network=local).session().get("https://pages.example/")
    assert b"pages.example" in hellos[0]


def test_youtube_leads_into_no_private_network(httpserver: HTTPServer, other: HTTPServer) -> None:
    local = LocalNetwork(httpserver.url_for(""), addresses={"www.youtube.com": [PRIVATE]})
    with pytest.raises(Unreachable, match=r"www\.youtube\.com has an address in a private network"):
        YouTubeTranscripts(Web(network=local)).fetch("aaaaaaaaaaa")
    with pytest.raises(PrivateAddress):
        Web(network=local).downloader({}).urlopen("https://www.youtube.com/playlist?list=PLx")
    assert local.connected == []
    httpserver.expect_request("/watch").respond_with_data("", 302, {"Location": other.url_for("/secret")})
    web = LocalWeb(httpserver.url_for(""), "https://www.youtube.com")
    for ask in (web.session().get, web.downloader({}).urlopen):
        with pytest.raises(PrivateAddress):
            ask("https://www.youtube.com/watch?v=aaaaaaaaaaa")
    assert other.log == []


def test_each_form_of_a_private_address_is_recognised() -> None:
    hosts = """
        127.0.0.1 127.0.0.1. 127.1 2130706433 0x7f000001 0177.0.0.1 0.0.0.0
        10.1.2.3 172.16.0.1 192.168.1.1 169.254.169.254 100.64.0.1 224.0.0.1 240.0.0.1
        ::1 :: ::ffff:127.0.0.1 ::ffff:7f00:1 64:ff9b::10.0.0.1 64:ff9b:1::7f00:1 2002:7f00:1:: fe80::1 fd00::1
        localhost LOCALHOST. pages.localhost
        １２７.0.0.1 127。0。0。1 %31%32%37.0.0.1 ⓛocalhost local\u00adhost local\ufe0fhost
    """
    for host in hosts.split():
        with pytest.raises(PrivateAddress):
            check_name(host.lower())
    for host in ("93.184.215.14", "2606:4700::1111", "64:ff9b::93.184.215.14", "localhost.example", "讲座.example"):
        check_name(host)
