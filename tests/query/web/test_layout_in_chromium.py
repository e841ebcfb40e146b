"""How the page is laid out in a real Chromium, on phones and on paper, and what axe finds in its states."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.query.web.conftest import axe_faults, opened
from tests.query.web.served import player_with, served, until, without_others

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.chromium

_TOP_AND_BOTTOM = """(selector) => {
    const box = document.querySelector(selector).getBoundingClientRect()
    return [box.top, box.bottom]
}"""

_IS_ABOVE = """
    document.querySelector('.go[aria-current]').getBoundingClientRect().bottom
    <= document.querySelector('#player').getBoundingClientRect().top"""


def bounds(page: Page, selector: str) -> tuple[float, float]:
    """The top and the bottom of an element in the window."""
    top, bottom = page.evaluate(_TOP_AND_BOTTOM, selector)
    return top, bottom


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_a_phone_and_asks_no_other_host(browser: Browser, address: str, scheme: str) -> None:
    with opened(browser, address, viewport={"width": 360, "height": 720}, color_scheme=scheme) as page:
        asked = without_others(page, address)
        for path in ("/", "/?q=mask", "/list?q=mask", "/resource/aaaaaaaaaaa?q=mask&t=40"):
            page.goto(path)
            assert page.evaluate("document.documentElement.scrollWidth") == 360
            light = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)[0] > 128")
            assert light == (scheme == "light")
        assert asked == []


def test_on_a_phone_the_moment_that_plays_is_above_the_player(browser: Browser, address: str) -> None:
    with opened(browser, address, viewport={"width": 390, "height": 780}) as page:
        page.goto("/?q=mask&k=8")
        page.locator(".go[data-play]").first.click()
        for _ in range(3):
            before = page.evaluate("location.search")
            page.locator("#player [data-do=next]").click()
            until(page, f"location.search !== '{before}'")
            until(page, _IS_ABOVE)


@pytest.mark.parametrize(("size", "scrolls"), [((720, 450), False), ((780, 360), True), ((1100, 400), True)])
def test_in_a_low_window_the_whole_transcript_can_be_reached(
    browser: Browser, address: str, size: tuple[int, int], scrolls: bool
) -> None:
    width, height = size
    with opened(browser, address, viewport={"width": width, "height": height}) as page:
        page.goto("/?q=mask&kind=video&play=aaaaaaaaaaa&t=80")
        page.locator(".player-transcript .cue.here").wait_for()
        if scrolls:
            page.locator("#player").evaluate("(player) => player.scrollIntoView({block: 'end'})")
            page.locator(".player-title").hover()
            page.mouse.wheel(0, 1000)
            page.wait_for_timeout(500)
        top, bottom = bounds(page, ".player-transcript")
        player_top, player_bottom = bounds(page, "#player")
        assert bottom - top >= 100
        assert player_top <= top + 1
        assert bottom <= player_bottom + 1 <= height + 2


@pytest.mark.parametrize("language", ["en", "zh"])
def test_on_a_phone_two_languages_dont_touch(browser: Browser, bilingual: Path, language: str) -> None:
    with (
        served(bilingual) as address,
        browser.new_context(base_url=address, viewport={"width": 390, "height": 780}) as context,
    ):
        page = context.new_page()
        page.goto(f"/resource/ddddddddddd?language={language}&beside={'zh-TW' if language == 'en' else 'en'}")
        own, other = (page.locator(f".paragraph .said{kind}").first.bounding_box() for kind in ("", ".other"))
        assert own
        assert other
        assert other["x"] - own["x"] - own["width"] >= 10


@pytest.mark.parametrize("path", ["/resource/aaaaaaaaaaa?t=40", "/?q=softmax&play=aaaaaaaaaaa&t=80", "/kept"])
def test_what_is_pressed_is_not_printed(browser: Browser, address: str, path: str) -> None:
    with opened(browser, address, viewport={"width": 790, "height": 1100}) as page:
        page.goto(path)
        page.emulate_media(media="print")
        for selector in ("nav", ".find", ".controls", ".own-player", "#player", ".following", ".collections", ".foot"):
            assert page.locator(f"{selector}:not(.chapters):visible").count() == 0, selector
        assert page.evaluate("getComputedStyle(document.body).paddingBottom") == "0px"
        assert page.locator("main").is_visible()


@pytest.mark.parametrize("locale", ["zh-CN", "en-GB"])
def test_the_header_of_a_narrow_window_breaks_no_word(browser: Browser, address: str, locale: str) -> None:
    with (
        opened(browser, address, locale=locale, viewport={"width": 320, "height": 640}) as page,
    ):
        page.goto("/?q=mask")
        heights = page.evaluate("[...document.querySelectorAll('.brand, .top nav a')].map((link) => link.offsetHeight)")
        assert max(heights) < 48  # two lines are higher
        assert page.evaluate("document.documentElement.scrollWidth") == 320


@pytest.mark.parametrize("width", [390, 768])
def test_without_a_script_the_player_has_nothing_empty_and_can_be_closed(
    browser: Browser, address: str, width: int
) -> None:
    with opened(browser, address, java_script_enabled=False, viewport={"width": width, "height": 780}) as page:
        page.goto("/?q=mask&kind=video&play=aaaaaaaaaaa&t=80")
        assert page.locator(".player-transcript").bounding_box() is None
        with page.expect_navigation():
            page.get_by_role("link", name="Close the player").click()
        assert parse_qs(urlsplit(page.url).query) == {"q": ["mask"], "kind": ["video"]}
        assert page.locator(".moment").count() > 0
        assert page.locator("#player").is_hidden()


_PLAYS = "/?q=mask&kind=video&play=ddddddddddd&t=20"


def _nothing(page: Page) -> None:
    pass


def _plays(page: Page) -> None:
    page.locator("#player .poster").click()
    page.frame_locator("iframe").locator("body", has_text="time").wait_for()
    page.locator(".player-transcript .cue.here").wait_for()


def _plays_in_both_languages(page: Page) -> None:
    _plays(page)
    page.locator(".both input").check()
    page.locator(".player-transcript .other .cue.here").wait_for()


def _fails(page: Page) -> None:
    page.locator("#player .poster").click()
    page.locator("#player .trouble a").wait_for()


def _shows_keys(page: Page) -> None:
    page.locator(".keys-open").click()


def _opens_all(page: Page) -> None:
    for summary in page.locator("summary").all():
        summary.click()


def _is_found(page: Page) -> None:
    page.locator("#find").fill("a")
    page.locator("[data-step='1']:enabled").wait_for()


_SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
_STATES: list[tuple[str, Callable[[Page], None]]] = [
    ("/", _nothing),
    ("/", _shows_keys),
    ("/?q=mask&k=8", _opens_all),
    ("/?q=mask&like=ddddddddddd&at=20&said=a+mask", _nothing),
    (_PLAYS, _nothing),
    (_PLAYS, _plays),
    (_PLAYS, _plays_in_both_languages),
    (_PLAYS, _fails),
    ("/list?q=mask", _nothing),
    ("/resource/ddddddddddd?q=mask&t=40", _nothing),
    ("/resource/ddddddddddd?t=40&language=en&beside=zh-TW", _is_found),
    ("/resource/none", _nothing),
]


@pytest.fixture(scope="module")
def in_two_languages(bilingual: Path) -> Iterator[str]:
    with served(bilingual) as result:
        yield result


@pytest.mark.parametrize(("path", "reach"), _STATES)
@pytest.mark.parametrize("locale", ["en-GB", "zh-CN"])
def test_axe_finds_no_fault(
    browser: Browser, in_two_languages: str, path: str, reach: Callable[[Page], None], locale: str
) -> None:
    with browser.new_context(base_url=in_two_languages, locale=locale) as context:
        page = context.new_page()
        without_others(page, in_two_languages, player_with(150 if reach is _fails else 0))
        page.goto(path)
        reach(page)
        for scheme in _SCHEMES:
            page.emulate_media(color_scheme=scheme)
            assert axe_faults(page) == [], scheme
