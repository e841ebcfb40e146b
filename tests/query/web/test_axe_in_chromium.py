"""Every state of the page, held against axe's rules of accessibility."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

from tests.query.web.served import player_with, served, without_others

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.chromium

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
def address(bilingual: Path) -> Iterator[str]:
    with served(bilingual) as result:
        yield result


@pytest.mark.parametrize(("path", "reach"), _STATES)
@pytest.mark.parametrize("locale", ["en-GB", "zh-CN"])
def test_axe_finds_no_fault(
    browser: Browser, address: str, path: str, reach: Callable[[Page], None], locale: str
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="pip install 'seekpoint[dev]'").Axe()
    with browser.new_context(base_url=address, locale=locale) as context:
        page = context.new_page()
        without_others(page, address, player_with(150 if reach is _fails else 0))
        page.goto(path)
        reach(page)
        for scheme in _SCHEMES:
            page.emulate_media(color_scheme=scheme)
            result = axe.run(page, options={"resultTypes": ["violations"]}).response
            assert result["passes"]
            assert [(fault["id"], fault["nodes"][0]["html"]) for fault in result["violations"]] == [], scheme
