"""The list that started it all, against a web with one fault of each kind: each has its state, all else is indexed."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from seekpoint.index.embedded.reader import EmbeddedReader
from seekpoint.index.types import Kind, Resource, State
from tests.cli.test_seed_list import LIST, script
from tests.fake_youtube import YOUTUBE, FakeYouTube
from tests.fault_proxy import Toxic, fault_proxy
from tests.indexer.builds import Workshop
from tests.local_web import LocalWeb
from tests.shared import needs_shared

pytestmark = pytest.mark.slow

SITE = "https://site.example"
TEXT = "注意力机制给每个词一个权重，掩码遮住后面的词，这样模型就看不到它应该预测的内容。" * 8
CONSENT = """<title>Before you continue</title><form action="https://consent.site.example/save"><p>We use cookies.</p>
<button>Accept all</button><button>Reject all</button></form>"""
SECONDS = 120.0
UNAVAILABLE, DEFERRED, SILENT = State.UNAVAILABLE, State.DEFERRED, State.NO_TRANSCRIPT

# A fault of a video or page, and what becomes of it. The first ones are of `script`.
VIDEOS = {
    "XSSTuhyAmnI": (SILENT, "YouTube has no transcript"),
    "H-4bmOxiKyU": (UNAVAILABLE, "private video"),
    "S9eKuRVigjY": (UNAVAILABLE, "confirm your age"),
    "4nghHfbtwRE": (UNAVAILABLE, "not available in your country"),
    "t5LjgczaS80": (DEFERRED, "will begin in 3 hours"),
    "smC_ybLGFkU": (DEFERRED, "empty answer"),
    "mE7IDf2SmJg": (UNAVAILABLE, "a private video"),
    "NC7GkOXM7Kg": (UNAVAILABLE, "a deleted video"),
    "ec9IQMiJBhs": (DEFERRED, "connection"),  # reset
    "UPtG_38Oq8o": (DEFERRED, "connection"),  # truncated
    "-jze8IC-hI0": (DEFERRED, "did not answer in time"),  # slow
    "hYdO9CscNes": (DEFERRED, "a fault of its own .HTTP 500"),
    "GGLr-TtKguA": (DEFERRED, "HTTP 404"),
    "IGu7ivuy1Ag": (DEFERRED, "consent"),
    "S27pHKBEp30": (DEFERRED, "YouTube refuses requests from this address"),  # the last one of the list
}
TOXICS = {
    rb"^GET /watch\?v=ec9IQMiJBhs": Toxic.RESET,
    rb"^GET /api/timedtext\?v=UPtG_38Oq8o": Toxic.TRUNCATED,
    rb"^POST /youtubei/v1/player.*-jze8IC-hI0": Toxic.DRIP,
    rb"^GET /reset": Toxic.RESET,
    rb"^GET /cut": Toxic.TRUNCATED,
    rb"^GET /slow": Toxic.DRIP,
}
ARTICLE = f"<!doctype html><html lang=zh><title>讲座</title><article><h1>注意力</h1><p>{TEXT}</p></article>"
PAGES: dict[str, tuple[bytes | str, str, int, State, str]] = {
    "gone": ("", "text/html", 404, UNAVAILABLE, "nothing is there .HTTP 404"),
    "fault": ("", "text/html", 500, DEFERRED, "a fault of its own .HTTP 500"),
    "login": ("", "text/html", 403, UNAVAILABLE, "login"),
    "consent": (CONSENT, "text/html", 200, UNAVAILABLE, "asks about cookies"),
    "script": ("<div id=root></div><script src=a.js></script>", "text/html", 200, UNAVAILABLE, "made by script"),
    "huge": (b"<p>" + b"mask " * 6_200_000, "text/html", 200, UNAVAILABLE, "more than 30 MB"),
    "picture": (b"\x89PNG\r\n", "image/png", 200, UNAVAILABLE, "not a page"),
    "none.pdf": (ARTICLE, "application/pdf", 200, UNAVAILABLE, "not a PDF"),
    "broken.pdf": (b"%PDF-1.7\nno more", "application/pdf", 200, UNAVAILABLE, "PDF"),
    "reset": (ARTICLE, "text/html", 200, DEFERRED, "connection"),
    "cut": (ARTICLE, "text/html", 200, DEFERRED, "connection"),
    "slow": (ARTICLE, "text/html", 200, DEFERRED, "did not answer in time"),
    "charset": (ARTICLE.encode("gbk"), "text/html; charset=iso-8859-1", 200, State.INDEXED, ""),
    "good": (ARTICLE, "text/html; charset=utf-8", 200, State.INDEXED, ""),
}


@needs_shared
def test_each_fault_gives_its_entry_a_state_and_disturbs_nothing_else(
    fake: FakeYouTube, httpserver: HTTPServer, tmp_path: Path
) -> None:
    videos, workshop = script(fake), Workshop(tmp_path, fake)
    fake.fail("hYdO9CscNes", "watch", 500)
    fake.fail("GGLr-TtKguA", "player", 404)
    fake.ask_consent("IGu7ivuy1Ag")
    fake.make_blocked("S27pHKBEp30")
    for path, (data, content_type, code, *_) in PAGES.items():
        fake.add_site(f"{SITE}/{path}", data, content_type, code)
    listed = "\n".join([LIST.read_text("utf-8"), "### Pages", *(f"- <{SITE}/{path}>" for path in PAGES)])
    source = workshop.write("list.md", listed)
    sites = ["https://jalammar.github.io", "https://arxiv.org", SITE]
    with fault_proxy(httpserver.url_for("")) as (root, proxy):
        proxy.toxics = TOXICS
        web = LocalWeb(root, YOUTUBE, *sites, timeouts=(5.0, 2.0), deadline=2.0)
        began = time.monotonic()
        workshop.build(source, web=web)
    assert time.monotonic() - began < SECONDS
    found = workshop.statuses()
    assert {*videos, *VIDEOS} <= found.keys() and {f"{SITE}/{path}" for path in PAGES} <= {
        status.resource.url for status in found.values()
    }
    for status in found.values():
        state, words = _expected(status.resource)
        assert status.state is state and re.search(words, status.reason or ""), status
        assert (status.chunks > 0) == (state is State.INDEXED and status.resource.kind is not Kind.PLAYLIST), status
        assert status.retry_after or state is not DEFERRED, status
        assert not (status.reason and status.reason.is_foreign), status
    with EmbeddedReader.open(workshop.library) as library:
        library.verify()
        (charset,) = [status.resource.id for status in found.values() if status.resource.url.endswith("/charset")]
        (transcript,) = library.transcripts(charset)
        assert "".join(cue.text for cue in transcript.cues).endswith(TEXT[-40:])


def _expected(resource: Resource) -> tuple[State, str]:
    """The state of an entry, and what its reason says."""
    path = resource.url.removeprefix(f"{SITE}/")
    return VIDEOS.get(resource.id) or (PAGES[path][3:] if path in PAGES else (State.INDEXED, ""))
