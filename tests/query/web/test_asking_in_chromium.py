"""Asking and playing in a real Chromium, and what a page of another site can do there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from pytest_httpserver import HTTPServer

import seekpoint
from tests.fakes import TopicEncoder
from tests.query.serving.test_live_library import CountingEncoder
from tests.query.web.conftest import opened
from tests.query.web.served import served, until, without_others
from tests.shared import SHARED, needs_shared

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Dialog, Page, Route

pytestmark = pytest.mark.chromium

_HAS_CUE_IN_VIEW = """() => {
    const cue = document.querySelector('.player-transcript .cue.here').getBoundingClientRect()
    const box = document.querySelector('.player-transcript').getBoundingClientRect()
    return cue.top >= box.top - 1 && cue.bottom <= box.bottom + 1
}"""

_ASK = """(question) => {
    const form = document.getElementById("ask")
    form.elements.q.value = question
    form.requestSubmit()
}"""
_IS_BUSY = "document.body.classList.contains('busy')"


@pytest.fixture(scope="module")
def lectures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of two real lectures, one of them in two languages."""
    folder = tmp_path_factory.mktemp("lectures")
    for file in (SHARED / "captions").glob("*.vtt"):
        if "[eMlx5fFNoYc]" in file.name or "[fDQaadKysSA]" in file.name:
            (folder / file.name).symlink_to(file.resolve())
    seekpoint.build(folder, folder / "library", encoder=TopicEncoder(), translate=False)
    return folder / "library"


@pytest.mark.parametrize(
    ("locale", "question", "title", "verdict"),
    [
        ("en-GB", "What does the mask hide?", "Masks & more", "moments"),
        ("zh-CN", "掩码藏了什么？", "掩码", "不一定回答了"),
    ],
)
@pytest.mark.smoke
def test_asking_and_playing(
    browser: Browser, address: str, locale: str, question: str, title: str, verdict: str
) -> None:
    with opened(browser, address, locale=locale) as page:
        asked = without_others(page, address)
        page.goto("/")
        page.keyboard.type(question)
        page.keyboard.press("Enter")
        page.locator("[role=status]").first.get_by_text(verdict).wait_for()
        # The page's own location changes at once; Playwright notices it later.
        assert parse_qs(page.evaluate("location.search.slice(1)")) == {"q": [question]}
        assert asked == []
        page.locator(".go", has=page.get_by_text(title, exact=True)).first.click()
        page.frame_locator("iframe").locator("title").wait_for(state="attached")  # so it was asked for
        embedded = urlsplit(asked[0])
        assert (embedded.scheme, embedded.hostname) == ("https", "www.youtube-nocookie.com")
        assert parse_qs(embedded.query)["start"] == ["80"]
        page.locator(".player-transcript .cue.here[data-start='80.0']").wait_for()
        page.locator(".player-transcript .cue[data-start='0.0']").click()
        page.locator(".player-transcript .cue.here[data-start='0.0']").wait_for()
        assert len(asked) == 1


@needs_shared
@pytest.mark.parametrize(
    ("question", "title", "language"),
    [
        ("What does attention do with the tokens?", "Visualizing Attention", "en"),
        ("KV Cache 为什么要缓存？", "KV Cache", "zh-CN"),
    ],
)
def test_real_lectures_are_asked_and_played(
    lectures: Path, browser: Browser, question: str, title: str, language: str
) -> None:
    with served(lectures) as address, opened(browser, address, locale=language) as page:
        asked = without_others(page, address)
        page.goto(f"/?q={quote(question)}")
        first = page.locator(".go[data-play]", has_text=title).first
        start = float(first.get_attribute("data-start") or "nan")
        assert (start > 0, asked) == (True, [])
        first.click()
        page.frame_locator("iframe").locator("title").wait_for(state="attached")
        assert parse_qs(urlsplit(asked[0]).query)["start"] == [str(int(start))]
        page.locator(".player-transcript .cue.here").wait_for()
        until(page, _HAS_CUE_IN_VIEW)


@pytest.mark.model
def test_a_recording_plays_from_the_second(example_library: Path, browser: Browser) -> None:
    with served(example_library, encoder=None) as address:
        page = browser.new_page(base_url=address)
        page.goto(f"/?q={quote('为什么要缓存键和值，却不缓存查询？')}&language=zh")
        link = page.locator(".go[data-play=audio]").first
        start = float(link.get_attribute("data-start") or "nan")
        assert start > 0
        link.click()
        until(page, f"document.querySelector('audio')?.currentTime >= {start - 0.1}")
        until(page, "document.querySelector('audio').played.length")  # seeking sets the time before anything plays
        assert abs(page.evaluate("document.querySelector('audio').played.start(0)") - start) < 1
        page.locator(".player-transcript .cue.here").wait_for()
        until(page, _HAS_CUE_IN_VIEW)
        page.close()


def test_filters_apply_at_once_and_the_player_plays_on(page: Page, address: str) -> None:
    asked = without_others(page, address)
    page.goto("/?q=mask&kind=video")
    page.locator(".go").first.click()
    page.locator("#player iframe").wait_for()
    page.select_option("[name=language]", "zh")
    until(page, "document.querySelectorAll('.quote:not([lang^=zh])').length === 0")
    assert page.locator("#player iframe").is_visible()
    page.go_back()
    until(page, "document.querySelectorAll('.quote:not([lang^=zh])').length > 0")
    assert len(asked) == 1


def test_the_page_shows_that_it_waits_once_that_takes_long(page: Page) -> None:
    page.clock.install()
    page.goto("/?q=mask")
    page.clock.pause_at(page.evaluate("Date.now() / 1000") + 60)  # from here on the page's time stands still
    page.evaluate(_ASK, "softmax")
    until(page, "location.search === '?q=softmax'")
    page.clock.run_for(1000)
    assert not page.evaluate(_IS_BUSY)
    held = list["Route"]()
    page.route("**/?q=attention", lambda route: held.append(route))
    with page.expect_request("**/?q=attention"):
        page.evaluate(_ASK, "attention")
    page.clock.run_for(100)
    assert not page.evaluate(_IS_BUSY)
    page.clock.run_for(100)
    assert page.evaluate(_IS_BUSY)
    held[0].continue_()
    until(page, "location.search === '?q=attention'")
    assert not page.evaluate(_IS_BUSY)


def test_more_moments_and_more_like_this_come_in_place(page: Page, address: str) -> None:
    without_others(page, address)
    page.goto("/?q=softmax+makes+shares")
    before = page.locator(".moment").count()
    page.get_by_role("link", name="Show more moments").click()
    until(page, "location.search.includes('k=8')")
    until(page, f"document.querySelectorAll('.moments .go').length > {before}")
    page.goto("/?q=mask&kind=video")
    page.get_by_role("link", name="More like this").first.click()
    page.locator(".chip").wait_for()
    assert page.input_value("#q") == "mask"
    page.select_option("[name=language]", "zh")
    until(page, "document.querySelector('.chip') && location.search.includes('language=zh')")
    page.locator(".chip a").click()
    until(page, "!document.querySelector('.chip')")
    assert page.input_value("#q") == "mask"


def test_the_language_of_the_page_is_chosen_for_the_question_that_is_shown(page: Page, address: str) -> None:
    without_others(page, address)
    page.goto("/")
    page.fill("#q", "掩码 mask")
    page.keyboard.press("Enter")
    page.locator(".moment").first.wait_for()
    page.get_by_role("link", name="中文").click()
    page.get_by_role("button", name="提问").wait_for()
    assert page.input_value("#q") == "掩码 mask"
    page.goto("/list")
    assert page.evaluate("document.documentElement.lang") == "zh-Hans"


def test_a_moments_link_is_copied(browser: Browser, address: str) -> None:
    with opened(browser, address, permissions=["clipboard-read", "clipboard-write"]) as page:
        page.goto("/?q=mask&language=en&kind=video")
        page.locator(".copy").first.click()
        page.get_by_text("Copied").wait_for()
        copied = page.evaluate("navigator.clipboard.readText()")
        assert copied == "https://www.youtube.com/watch?v=aaaaaaaaaaa&t=80s"


def test_asking_needs_no_script(browser: Browser, address: str) -> None:
    with opened(browser, address, java_script_enabled=False) as page:
        asked = without_others(page, address)
        page.goto("/")
        page.fill("#q", "掩码")
        with page.expect_navigation():
            page.press("#q", "Enter")
        assert page.locator(".moment").count() > 0
        link = page.locator(".go", has=page.get_by_text("掩码", exact=True)).first
        assert link.get_attribute("href") == "https://www.youtube.com/watch?v=bbbbbbbbbbb&t=80s"
        assert asked == []


def test_words_of_a_library_run_nothing(hostile: Path, browser: Browser) -> None:
    with served(hostile) as address:
        page = browser.new_page(base_url=address)
        result: list[str] = []

        def note(dialog: Dialog) -> None:
            result.append(dialog.message)
            dialog.dismiss()

        page.on("dialog", note)
        asked = without_others(page, address)
        for path in ("/?q=attention&k=20", "/list?q=mask", "/resource/scripted001", "/resource/breaking?q=mask"):
            page.goto(path)
            for summary in page.locator("summary").all():
                summary.click()
        page.goto("/?q=attention&k=20")
        page.evaluate("document.querySelectorAll('.go[data-play=youtube]').forEach((link) => link.click())")
        page.locator("#player .player-title").get_by_text("<script>").wait_for()
        assert result == []
        assert all(url.startswith("https://www.youtube-nocookie.com/embed/scripted001?") for url in asked)
        page.close()


ATTACK = """<!doctype html><title>another site</title>
<a id="link" href="{own}/?q={q}">a link</a>
<img src="{own}/?q=image"><iframe src="{own}/?q=frame"></iframe><script src="{own}/api/ask?q=script"></script>
<object data="{own}/list?q=object"></object><video src="{own}/api/ask?q=video"></video>
<link rel="stylesheet" href="{own}/api/ask?q=style"><link rel="prefetch" href="{own}/?q=prefetch">
<form id="form" action="{own}/api/ask"><input name="q" value="form"></form>
<script>
Promise.allSettled([
  fetch("{own}/api/ask?q=fetched", {{mode: "no-cors"}}), fetch("{own}/?q=read"),
  fetch("{own}/?q=without", {{mode: "no-cors", referrerPolicy: "no-referrer"}}),
]).then(() => document.body.dataset.ready = "")
</script>"""


def test_only_a_person_asks(talks: Path, browser: Browser, httpserver: HTTPServer) -> None:
    encoder = CountingEncoder()
    with served(talks, encoder=encoder) as own, browser.new_context() as context:
        httpserver.expect_request("/").respond_with_data(
            ATTACK.format(own=own, q=quote("a mask?")), content_type="text/html"
        )
        page = context.new_page()
        page.goto(httpserver.url_for("/"))
        page.wait_for_selector("body[data-ready]")
        page.wait_for_load_state("networkidle")
        page.evaluate("document.getElementById('form').submit()")
        page.wait_for_url(f"{own}/api/ask?q=form")
        assert "another site" in page.content()
        page.goto(httpserver.url_for("/"))
        page.click("#link")
        page.wait_for_url(f"{own}/?q=*")
        assert page.input_value("#q") == "a mask?"
        assert "press Enter" in page.inner_text("#results [role=status]")
        page.reload()
        assert encoder.asked == []
        page.press("#q", "Enter")
        until(page, "document.querySelectorAll('.moment').length > 0")
        assert encoder.asked == ["a mask?"]
        page.goto(f"{own}/?q=cache")  # as typed, or from a bookmark
        assert page.query_selector(".moment")
        assert encoder.asked == ["a mask?", "cache"]
