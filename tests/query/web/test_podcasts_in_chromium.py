"""Recordings on the web, played in the page: by a real Chromium, from another server that redirects."""

from __future__ import annotations

import io
import wave
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from lxml.html import fromstring
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

import seekpoint
from seekpoint.index.embedded.embedded_writer import EmbeddedWriter
from seekpoint.index.types import Details, Kind, Resource
from tests.fakes import TopicEncoder
from tests.feeds import feed, item, transcript
from tests.index.libraries import embedded
from tests.indexer.builds import webvtt
from tests.query.web.conftest import BYTES, faultless, serving
from tests.query.web.served import served, until

if TYPE_CHECKING:
    from playwright.sync_api import Browser

_PLAYED = "document.querySelector('audio').played.length"


def _silence(seconds: int) -> bytes:
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setparams((1, 1, 8000, 0, "NONE", ""))
        file.writeframes(b"\x80" * 8000 * seconds)
    return made.getvalue()


@pytest.fixture
def library(tmp_path: Path, httpserver: HTTPServer) -> Path:
    """A library of one episode, whose sound is behind a redirect to another host."""
    root = httpserver.url_for("").rstrip("/")
    sound, elsewhere = _silence(60), root.replace("localhost", "127.0.0.1")

    def answer(request: Request) -> Response:
        response = Response(sound, content_type="audio/wav")
        return response.make_conditional(request, accept_ranges=True, complete_length=len(sound))

    httpserver.expect_request("/robots.txt").respond_with_data(status=404)
    told = item("注意力 Attention", transcript("/1.vtt"), sound=f"{root}/counted/1.wav")
    httpserver.expect_request("/feed").respond_with_data(feed(told), content_type="application/rss+xml")
    spoken = webvtt("position tells the order", "the mask hides what comes later", "softmax", "attention 注意力")
    httpserver.expect_request("/1.vtt").respond_with_data(spoken, content_type="text/vtt")
    moved = {"Location": f"{elsewhere}/1.wav"}
    httpserver.expect_request("/counted/1.wav").respond_with_data(status=302, headers=moved)
    httpserver.expect_request("/1.wav").respond_with_handler(answer)
    library = tmp_path / "library"
    seekpoint.build(f"feed:{root}/feed", library, encoder=TopicEncoder(), translate=False, pace=0)
    return library


def test_no_page_plays_a_sound_in_a_private_network_but_of_a_feed_there_that_the_owner_names(
    library: Path, httpserver: HTTPServer
) -> None:
    """The first episode's sound is on the server of its feed, which the owner named."""
    with EmbeddedWriter.acquire(library) as writer:
        own = next(each.resource for each in writer.statuses() if each.kind is Kind.RECORDING)
        hosts = ("192.168.1.1", "localhost:1", "[::ffff:7f00:1]", "１２７.0.0.1", "127.0.0.1\\@pod.example")
        addresses = [f"http://{host}/mask.mp3" for host in (*hosts, "pod.example")]
        others = [Resource(f"far{n}", Kind.RECORDING, "远", url) for n, url in enumerate(addresses)]
        writer.register("feed:https://pod.example/feed", others)
        for other in others:
            writer.commit(other.id, [embedded(["a mask hides the future 掩码"])], Details(), "by hand")
    client = serving(library)
    shown = {key: client.get(f"/resource/{key}").text for key in (own.id, *(other.id for other in others))}
    assert [key for key, page in shown.items() if "<audio" in page] == [own.id, "far5"]
    assert "media-src 'self';" in client.get("/resource/far0").headers["Content-Security-Policy"]
    for ui in ("en", "zh"):
        page = fromstring(client.get(f"/?q=mask+掩码&k=20&ui={ui}").text)
        assert {*page.xpath("//a/@data-source")} == {own.url, addresses[5]}
        assert not fromstring(client.get(f"/?q=mask&play=far0&ui={ui}").text).xpath("//audio")


def test_only_pages_that_play_what_is_on_the_web_may_load_it(library: Path) -> None:
    client = serving(library)
    page = client.get("/?q=mask&kind=recording")
    assert "media-src 'self' https: http:;" in page.headers["Content-Security-Policy"]
    assert '/counted/1.wav#t=10"' in page.text
    for path in ("/list", "/kept", "/api/status", "/static/page.js"):
        assert "media-src 'self';" in client.get(path).headers["Content-Security-Policy"]


@pytest.mark.chromium
def test_an_episode_plays_from_its_second_and_is_asked_for_only_then(
    browser: Browser, library: Path, httpserver: HTTPServer
) -> None:
    with served(library) as address:
        httpserver.clear_log()
        context = browser.new_context(base_url=address)
        with context, faultless(context) as page:
            page.goto("/")
            page.goto(f"/?q={quote('掩码 mask')}")
            link = page.locator(".go[data-play=audio]").first
            assert (link.get_attribute("href") or "").endswith("/counted/1.wav#t=10")
            whole = page.locator(".actions a", has_text="whole").first.get_attribute("href") or ""
            page.goto(whole)
            page.locator(".own-player audio").wait_for()
            page.locator(".cue").first.wait_for()
            page.wait_for_load_state("networkidle")
            assert httpserver.log == []
            page.evaluate("document.querySelector('audio').play()")  # as its own button does
            until(page, f"document.querySelector('audio').currentTime >= 10 && {_PLAYED}")
            page.go_back()
            link.click()
            until(page, f"document.querySelector('audio')?.currentTime >= 10 && {_PLAYED}")
            assert abs(page.evaluate("document.querySelector('audio').played.start(0)") - 10) < 1
            assert {"/counted/1.wav", "/1.wav"} <= {request.path for request, _ in httpserver.log}


@pytest.mark.chromium
def test_a_sound_that_is_gone_is_told_from_one_that_the_browser_cant_play(
    browser: Browser, library: Path, httpserver: HTTPServer, tmp_path: Path
) -> None:
    def told(address: str, words: tuple[str, str]) -> None:
        for locale, text in zip(("en-GB", "zh-CN"), words, strict=True):
            context = browser.new_context(base_url=address, locale=locale)
            with context, faultless(context, may_refuse=True) as page:
                page.goto(f"/?q={quote('掩码 mask')}")
                page.locator(".go[data-play=audio]").first.click()
                page.locator(".trouble", has_text=text).wait_for()

    gone, unplayable = ("as with an error 404", "例如 404 错误"), ("This browser can’t play", "这个浏览器无法播放")
    httpserver.clear()
    httpserver.expect_request("/counted/1.wav").respond_with_data(status=404)
    with served(library) as address:
        told(address, gone)
    sound = tmp_path / "own" / "讲座.ogg"
    sound.parent.mkdir()
    sound.write_bytes(BYTES)
    sound.with_suffix(".en.vtt").write_text(webvtt("the mask hides what comes later"), encoding="utf-8")
    seekpoint.build(sound.parent, tmp_path / "of a file", encoder=TopicEncoder(), translate=False)
    with served(tmp_path / "of a file") as address:
        told(address, unplayable)
        sound.unlink()
        told(address, gone)
