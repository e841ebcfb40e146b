"""The page on phones and on paper, what axe finds in its states, and what other sites can do, in a real Chromium."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from pytest_httpserver import HTTPServer

from tests.query.serving.test_live_library import CountingEncoder
from tests.query.web.conftest import SCHEMES, axe_faults, opened
from tests.query.web.served import player_with, served, until, without_others

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Dialog, Page

pytestmark = pytest.mark.chromium

_TOP_AND_BOTTOM = """(selector) => {
    const box = document.querySelector(selector).getBoundingClientRect()
    return [box.top, box.bottom]
}"""
_IS_ABOVE = """
    document.querySelector('.go[aria-current]').getBoundingClientRect().bottom
    <= document.querySelector('#player').getBoundingClientRect().top"""
# What moves, but for the inside of the browser's own controls of an audio element, which isn't a node of the page.
_SHIFTS = """() => {
    window.shifts = []
    const moved = (entry) => entry.sources.filter((source) => source.node).map((source) => source.node.nodeName)
    new PerformanceObserver((list) => list.getEntries().forEach((entry) => shifts.push(...moved(entry))))
        .observe({type: "layout-shift", buffered: true})
}"""
_PLACE = "(({x, y, width}) => [x, y, width])(document.querySelector('main').getBoundingClientRect())"
_WIDTH = "document.documentElement.scrollWidth"


@pytest.mark.parametrize("locale", ["en-GB", "zh-CN"])
def test_the_page_fits_a_phone_and_asks_no_other_host(browser: Browser, address: str, locale: str) -> None:
    with opened(browser, address, locale=locale, viewport={"width": 360, "height": 720}) as page:
        asked = without_others(page, address)
        for path in ("/", "/?q=mask", "/list?q=mask", "/resource/aaaaaaaaaaa?q=mask&t=40"):
            page.goto(path)
            for scheme in SCHEMES:
                page.emulate_media(color_scheme=scheme)
                assert page.evaluate(_WIDTH) == 360
                color = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)[0]")
                assert (color > 128) == (scheme == "light")
        assert asked == []
        page.set_viewport_size({"width": 320, "height": 640})
        page.goto("/?q=mask")
        heights = page.evaluate("[...document.querySelectorAll('.brand, .top nav a')].map((link) => link.offsetHeight)")
        assert max(heights) < 48, "the header breaks no word: two lines are higher"
        assert page.evaluate(_WIDTH) == 320
        page.set_viewport_size({"width": 390, "height": 780})
        page.goto("/?q=mask&k=8")
        page.locator(".go[data-play]").first.click()
        for _ in range(3):
            before = page.evaluate("location.search")
            page.locator("#player [data-do=next]").click()
            until(page, f"location.search !== '{before}'")
            until(page, _IS_ABOVE)  # the moment that plays


def test_in_a_low_window_the_whole_transcript_can_be_reached(page: Page) -> None:
    for width, height, scrolls in ((720, 450, False), (780, 360, True), (1100, 400, True)):
        page.set_viewport_size({"width": width, "height": height})
        page.goto("/?q=mask&kind=video&play=aaaaaaaaaaa&t=80")
        page.locator(".player-transcript .cue.here").wait_for()
        if scrolls:
            page.locator("#player").evaluate("(player) => player.scrollIntoView({block: 'end'})")
            page.locator(".player-title").hover()
            page.mouse.wheel(0, 1000)
            page.wait_for_timeout(500)
        top, bottom = page.evaluate(_TOP_AND_BOTTOM, ".player-transcript")
        player_top, player_bottom = page.evaluate(_TOP_AND_BOTTOM, "#player")
        assert bottom - top >= 100, width
        assert player_top <= top + 1, width
        assert bottom <= player_bottom + 1 <= height + 2, width


def test_on_a_phone_two_languages_dont_touch(browser: Browser, in_two_languages: str) -> None:
    with opened(browser, in_two_languages, viewport={"width": 390, "height": 780}) as page:
        for language, beside in (("en", "zh-TW"), ("zh", "en")):
            page.goto(f"/resource/ddddddddddd?language={language}&beside={beside}")
            own, other = (page.locator(f".paragraph .said{kind}").first.bounding_box() for kind in ("", ".other"))
            assert own and other
            assert other["x"] - own["x"] - own["width"] >= 10


def test_what_is_pressed_is_not_printed(browser: Browser, address: str) -> None:
    with opened(browser, address, viewport={"width": 790, "height": 1100}) as page:
        page.emulate_media(media="print")
        for path in ("/resource/aaaaaaaaaaa?t=40", "/?q=softmax&play=aaaaaaaaaaa&t=80", "/kept"):
            page.goto(path)
            pressed = ("nav", ".find", ".controls", ".own-player", "#player", ".following", ".collections", ".foot")
            for selector in pressed:
                assert page.locator(f"{selector}:not(.chapters):visible").count() == 0, f"{selector} at {path}"
            assert page.evaluate("getComputedStyle(document.body).paddingBottom") == "0px"
            assert page.locator("main").is_visible()


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)])
def test_nothing_moves_when_an_answer_loads_and_when_the_player_opens(
    browser: Browser, address: str, recorded: str, width: int, height: int
) -> None:
    for base, kind in ((address, "youtube"), (recorded, "audio")):
        with opened(browser, base, viewport={"width": width, "height": height}) as page:
            page.goto("/?q=attention")
            page.evaluate(_SHIFTS)
            page.locator(f".go[data-play={kind}]").first.click()
            page.locator(".player-transcript .cue.here").wait_for()
            page.wait_for_timeout(500)
            assert page.evaluate("shifts") == []
            page.goto("/?q=attention")
            stands = page.evaluate(_PLACE)
            page.evaluate("document.getElementById('beside').remove()")
            assert page.evaluate(_PLACE) == stands, "before the player's place is loaded"


_PLAYS = "/?q=mask&kind=video&play=ddddddddddd&t=20"


@pytest.mark.parametrize(
    ("path", "clicked", "awaited"),
    [
        ("/", "", "main"),
        ("/", ".keys-open", "#keys"),
        ("/?q=mask&k=8", "summary", "details[open]"),
        ("/?q=mask&like=ddddddddddd&at=20&said=a+mask", "", ".chip"),
        (_PLAYS, "", ".poster"),
        (_PLAYS, "#player .poster", ".player-transcript .cue.here"),
        (_PLAYS, "#player .poster, .both input", ".player-transcript .other .cue.here"),
        (_PLAYS, "#player .poster", "#player .trouble a"),
        ("/list?q=mask", "", "main"),
        ("/resource/ddddddddddd?q=mask&t=40", "", ".found"),
        ("/resource/ddddddddddd?t=40&language=en&beside=zh-TW&find=a", "", "[data-step='1']:enabled"),
        ("/resource/none", "", "main"),
    ],
)
def test_axe_finds_no_fault(browser: Browser, in_two_languages: str, path: str, clicked: str, awaited: str) -> None:
    for locale in ("en-GB", "zh-CN"):
        with opened(browser, in_two_languages, may_refuse=True, locale=locale) as page:
            without_others(page, in_two_languages, player_with(150 if "trouble" in awaited else 0))
            page.goto(path)
            for selector in filter(None, clicked.split(", ")):
                page.locator(selector).first.click()
                for further in page.locator(selector).all()[1:]:
                    further.click()
            page.locator(awaited).first.wait_for()
            for scheme in SCHEMES:
                page.emulate_media(color_scheme=scheme)
                assert axe_faults(page) == [], f"{locale}, {scheme}"


# Other sites, and hostile words


def test_words_of_a_library_run_nothing(hostile: Path, browser: Browser) -> None:
    with served(hostile) as address, browser.new_context(base_url=address) as context:
        page = context.new_page()
        result: list[str] = []

        def note(dialog: Dialog) -> None:
            result.append(dialog.message)
            dialog.dismiss()

        page.on("dialog", note)
        asked = without_others(page, address)
        for path in ("/list?q=mask", "/resource/scripted001", "/resource/breaking?q=mask", "/?q=attention&k=20"):
            page.goto(path)
            for summary in page.locator("summary").all():
                summary.click()
        page.evaluate("document.querySelectorAll('.go[data-play=youtube]').forEach((link) => link.click())")
        page.locator("#player .player-title").get_by_text("<script>").wait_for()
        assert result == []
        assert all(url.startswith("https://www.youtube-nocookie.com/embed/scripted001?") for url in asked)


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
        attack = ATTACK.format(own=own, q=quote("a mask?"))
        httpserver.expect_request("/").respond_with_data(attack, content_type="text/html")
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
