"""The page by keyboard alone, in a real Chromium."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.query.web.served import until, without_others

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.chromium

_FOCUS = "document.activeElement"


def test_the_keyboard_is_enough(page: Page, address: str) -> None:
    without_others(page, address)
    page.goto("/?kind=video")
    page.keyboard.type("mask jk/? 掩码")
    page.keyboard.press("Enter")
    page.locator(".moment").first.wait_for()
    assert page.evaluate(f"{_FOCUS}.id") == "q"
    assert page.input_value("#q") == "mask jk/? 掩码"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    assert page.evaluate(f"{_FOCUS} === document.querySelector('.moment .go')")
    page.keyboard.press("j")
    assert page.evaluate(f"{_FOCUS} === document.querySelectorAll('.moment .title .go')[1]")
    page.keyboard.press("k")
    assert page.evaluate(f"{_FOCUS} === document.querySelector('.moment .go')")
    page.keyboard.press("Enter")
    body = page.frame_locator("#player iframe").locator("body")
    body.get_by_text('"time":80,"state":1').wait_for()
    page.keyboard.press(" ")
    body.get_by_text('"state":2').wait_for()
    page.keyboard.press("ArrowLeft")
    body.get_by_text('"time":70,"state":1').wait_for()
    page.keyboard.press("ArrowRight")
    body.get_by_text('"time":80').wait_for()
    page.keyboard.press("j")
    until(page, "!location.search.includes('t=80&') && document.querySelector('.go[aria-current]') !== null")
    page.keyboard.press("?")
    page.locator("#keys").wait_for()
    page.keyboard.press("j")
    page.keyboard.press("Escape")
    page.locator("#keys").wait_for(state="hidden")
    assert page.locator("#player iframe").is_visible()
    page.keyboard.press("Escape")
    page.locator("#player").wait_for(state="hidden")
    assert page.evaluate(f"{_FOCUS}.matches('.moment .go')")
    page.keyboard.press("/")
    assert page.evaluate(f"{_FOCUS}.id") == "q"


def test_a_transcript_is_one_tab_stop(page: Page, address: str) -> None:
    without_others(page, address)
    page.goto("/?q=mask&kind=video&play=aaaaaaaaaaa&t=40")
    page.locator(".player-transcript .cue.here[data-start='40.0']").wait_for()
    page.locator(".both input").evaluate("(input) => input.closest('.player-choices').querySelector('.follow').focus()")
    page.keyboard.press("Tab")
    assert page.evaluate(f"{_FOCUS}.dataset.start") == "40.0"
    page.keyboard.press("ArrowDown")
    assert page.evaluate(f"{_FOCUS}.dataset.start") == "80.0"
    page.keyboard.press("ArrowDown")
    assert page.evaluate(f"{_FOCUS}.dataset.start") == "80.0"
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    page.frame_locator("#player iframe").locator("body").get_by_text('"time":0').wait_for()
    page.keyboard.press("Tab")
    assert not page.evaluate(f"{_FOCUS}.matches('.cue')")
    page.goto("/resource/aaaaaaaaaaa")
    until(page, "document.querySelectorAll('#transcript .cue[tabindex=\"0\"]').length === 1")
    assert page.locator("#transcript .cue:not([tabindex])").count() == 0


def test_keys_act_neither_with_modifiers_nor_on_a_button_nor_when_they_are_off(page: Page, address: str) -> None:
    without_others(page, address)
    page.goto("/?q=mask&kind=video")
    page.locator(".go").first.click()
    body = page.frame_locator("#player iframe").locator("body")
    body.get_by_text('"state":1').wait_for()
    before = page.evaluate("location.search")
    page.keyboard.press("Alt+j")
    page.keyboard.press("Shift+J")
    assert page.evaluate("location.search") == before
    page.locator("[data-do=back]").focus()
    page.keyboard.press(" ")
    body.get_by_text('"time":70,"state":1').wait_for()
    page.locator(".keys-open").click()
    page.locator("#single-keys").uncheck()
    page.keyboard.press("Escape")
    page.locator(".go").first.focus()
    page.keyboard.press("j")
    page.keyboard.press("/")
    assert page.evaluate("location.search") == before
    assert page.evaluate(f"{_FOCUS}.id") != "q"
    page.reload()
    assert not page.locator("#single-keys").is_checked()
