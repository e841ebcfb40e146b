"""Connections that break in every way, before YouTube and other sites: the fault belongs to its entry alone."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest
from pytest_httpserver import HTTPServer

from seekpoint.index.errors import SourceError
from seekpoint.index.types import State
from tests.fake_youtube import YOUTUBE
from tests.fault_proxy import FaultProxy, Toxic, fault_proxy
from tests.indexer.builds import Workshop
from tests.indexer.pipeline.test_build import MASKS
from tests.indexer.sources.papers.test_pdf import lines, made
from tests.local_web import LocalWeb

SITE = "https://site.example"
FAULTY, BEFORE, AFTER, LISTED = "faulty00001", "before00001", "after000001", "listed00001"
PLAYLIST = "PLfaulty0001"
LINES = [(0.0, 10.0, "attention weighs the words"), (10.0, 10.0, "掩码遮住后面的词")]
PAGES = ["A mask hides the tokens that come later, so that no word can look at its own answer."] * 3
HARMLESS = (Toxic.LATENCY, Toxic.SLOW_CLOSE)
# The entry that a fault of each kind of fetch meets, and the requests that meet it.
FETCHES = {
    "watch page": (FAULTY, rb"^GET /watch\?v=" + FAULTY.encode()),
    "player": (FAULTY, rb"^POST /youtubei/v1/player.*" + FAULTY.encode()),
    "captions": (FAULTY, rb"^GET /api/timedtext\?v=" + FAULTY.encode()),
    "playlist": (PLAYLIST, rb"^GET /playlist"),
    "page": (f"{SITE}/page", rb"^GET /page"),
    "robots": (f"{SITE}/page", rb"^GET /robots.txt"),
    "pdf": (f"{SITE}/paper.pdf", rb"^GET /paper.pdf"),
}
# What a reason may say of a fault.
SAYS = {
    Toxic.RESET: "connection",
    Toxic.TRUNCATED: "connection",
    Toxic.DRIP: "did not answer in time",
    Toxic.GARBAGE: "connection",
    Toxic.HALF_OPEN: "did not answer in time",
}


class Site:
    """A workshop whose builds go through a proxy, to a YouTube with videos and a site with pages."""

    def __init__(self, workshop: Workshop, server: HTTPServer, root: str, proxy: FaultProxy) -> None:
        self.workshop = workshop
        self.proxy = proxy
        self.web = LocalWeb(root, YOUTUBE, SITE, timeouts=(5.0, 0.6), deadline=1.0)
        server.expect_request("/robots.txt").respond_with_data("User-agent: *\nAllow: /\n")
        fake = workshop.fake
        for video_id in (FAULTY, BEFORE, AFTER, LISTED):
            fake.add_video(video_id, tracks={"en": LINES})
        fake.add_playlist(PLAYLIST, "A course", [(LISTED, "A lecture")])
        fake.add_site(f"{SITE}/page", MASKS)
        fake.add_site(f"{SITE}/paper.pdf", made([lines(50, 700, PAGES)]), "application/pdf")

    def build(self, entry: str, later: float = 0.0) -> None:
        """Build a list with an entry between two videos."""
        address = {FAULTY: f"https://youtu.be/{FAULTY}", PLAYLIST: f"{YOUTUBE}/playlist?list={PLAYLIST}"}
        entries = [f"https://youtu.be/{BEFORE}", address.get(entry, entry), f"https://youtu.be/{AFTER}"]
        self.workshop.build(self.workshop.write("list.txt", "\n".join(entries)), web=self.web, later=later)


@pytest.fixture
def site(workshop: Workshop, httpserver: HTTPServer) -> Iterator[Site]:
    with fault_proxy(httpserver.url_for("")) as (root, proxy):
        yield Site(workshop, httpserver, root, proxy)


def slow(toxic: Toxic) -> list[pytest.MarkDecorator]:
    return [pytest.mark.slow] if toxic in (Toxic.DRIP, Toxic.HALF_OPEN) else []


# Every fault before each of the three clients, and one before each other kind of fetch.
FAULTS = [(fetch, toxic) for fetch in ("captions", "playlist", "page") for toxic in SAYS] + [
    ("watch page", Toxic.RESET),
    ("player", Toxic.GARBAGE),
    ("robots", Toxic.HALF_OPEN),
    ("pdf", Toxic.TRUNCATED),
    ("captions", Toxic.SLOW_CLOSE),
    ("page", Toxic.LATENCY),
]


@pytest.mark.parametrize(("fetch", "toxic"), [pytest.param(*fault, marks=slow(fault[1])) for fault in FAULTS])
def test_a_broken_connection_defers_its_entry_alone(site: Site, fetch: str, toxic: Toxic) -> None:
    entry, requests = FETCHES[fetch]
    site.proxy.toxics = {requests: toxic}
    site.build(entry)
    found = {status.resource.url: status for status in site.workshop.statuses().values()}
    faulty = next(status for url, status in found.items() if entry in url)
    good = [status for url, status in found.items() if BEFORE in url or AFTER in url]
    assert [status.state for status in good] == [State.INDEXED] * 2
    if toxic in HARMLESS:
        assert faulty.state is State.INDEXED
        return
    assert (faulty.state, faulty.chunks) == (State.DEFERRED, 0)
    assert re.search(SAYS[toxic], faulty.reason or "")
    assert faulty.retry_after and time.time() < faulty.retry_after < time.time() + 25 * 3600
    site.proxy.toxics = {}
    site.build(entry, later=faulty.retry_after - time.time() + 60)
    assert {status.state for status in site.workshop.statuses().values()} == {State.INDEXED}


@pytest.mark.parametrize("toxic", [Toxic.TRUNCATED, pytest.param(Toxic.DRIP, marks=pytest.mark.slow)])
def test_a_list_whose_connection_breaks_is_an_error_in_one_line(site: Site, toxic: Toxic) -> None:
    address = f"{SITE}/list.md"
    site.workshop.fake.add_site(address, f"- https://youtu.be/{BEFORE}\n", "text/markdown")
    site.proxy.toxics = {rb"^GET /list.md": toxic}
    with pytest.raises(SourceError, match=f"^[^\n]*{SAYS[toxic]}[^\n]*$"):
        site.workshop.build(address, web=site.web)
    assert not site.workshop.library.exists()
    site.proxy.toxics = {}
    site.workshop.build(address, web=site.web)
    assert site.workshop.statuses()[BEFORE].state is State.INDEXED
