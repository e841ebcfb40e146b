"""The page by keyboard in a real Chromium: its keys, suggestions, and answers while a question is typed."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.fakes import TopicEncoder
from tests.query.web.conftest import opened, play
from tests.query.web.served import served, state_of_player, until

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from seekpoint.index.types import Vectors

pytestmark = pytest.mark.chromium

_FOCUS = "document.activeElement"
_QUESTION = "new URLSearchParams(location.search).get('q')"
_OPTION = "#suggestions [role=option]"


def test_the_keyboard_is_enough(page: Page) -> None:
    page.goto("/?kind=video")
    page.keyboard.type("mask jk/? 掩码")
    page.keyboard.press("Enter")
    page.locator(".moment").first.wait_for()
    assert page.evaluate(f"{_FOCUS}.id") == "q"
    assert page.input_value("#q") == "mask jk/? 掩码"
    for key in ("ArrowDown", "ArrowDown", "ArrowUp"):
        page.keyboard.press(key)
    assert page.evaluate(f"{_FOCUS} === document.querySelector('.moment .go')")
    for key, number in (("j", 1), ("k", 0)):
        page.keyboard.press(key)
        assert page.evaluate(f"{_FOCUS} === document.querySelectorAll('.moment .title .go')[{number}]")
    page.keyboard.press("Enter")
    body = page.frame_locator("#player iframe").locator("body")
    body.get_by_text('"time":80,"state":1').wait_for()
    for key, state in ((" ", '"state":2'), ("ArrowLeft", '"time":70,"state":1'), ("ArrowRight", '"time":80')):
        page.keyboard.press(key)
        body.get_by_text(state).wait_for()
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


def test_a_transcript_is_one_tab_stop(page: Page) -> None:
    page.goto("/?q=mask&kind=video&play=aaaaaaaaaaa&t=40")
    page.locator(".player-transcript .cue.here[data-start='40.0']").wait_for()
    page.locator(".both input").evaluate("(input) => input.closest('.player-choices').querySelector('.follow').focus()")
    for key, start in (("Tab", "40.0"), ("ArrowDown", "80.0"), ("ArrowDown", "80.0")):
        page.keyboard.press(key)
        assert page.evaluate(f"{_FOCUS}.dataset.start") == start
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    page.frame_locator("#player iframe").locator("body").get_by_text('"time":0').wait_for()
    page.keyboard.press("Tab")
    assert not page.evaluate(f"{_FOCUS}.matches('.cue')")
    page.goto("/resource/aaaaaaaaaaa")
    until(page, "document.querySelectorAll('#transcript .cue[tabindex=\"0\"]').length === 1")
    assert page.locator("#transcript .cue:not([tabindex])").count() == 0


def test_keys_act_neither_with_modifiers_nor_on_a_button_nor_when_they_are_off(page: Page) -> None:
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


def test_keys_act_on_a_checkbox_and_escape_on_a_menu_too(tab: Page) -> None:
    current = "document.querySelector('.go[aria-current]')?.dataset.id"
    tab.goto("/?q=mask&kind=video&k=2")
    play(tab, "eeeeeeeeeee", 20.0)
    tab.get_by_label("Follow along").click()
    tab.keyboard.press("ArrowRight")
    tab.frame_locator("#player iframe").locator("body").get_by_text('"time":30').wait_for()
    tab.keyboard.press(" ")  # which belongs to the checkbox
    assert tab.get_by_label("Follow along").is_checked()
    assert state_of_player(tab)["state"] == 1
    tab.keyboard.press("j")
    until(tab, f"{current} === 'fffffffffff'")
    tab.get_by_label("Follow along").focus()
    tab.keyboard.press("Escape")
    tab.locator("#player").wait_for(state="hidden")
    play(tab, "eeeeeeeeeee", 20.0)
    tab.locator("#player .speed").focus()
    tab.keyboard.press("j")
    assert tab.evaluate(current) == "eeeeeeeeeee"
    tab.keyboard.press("Escape")
    tab.locator("#player").wait_for(state="hidden")


def test_titles_and_earlier_questions_are_suggested_and_chosen_by_keys_alone(page: Page) -> None:
    page.goto("/")
    page.fill("#q", "masks")
    page.locator(_OPTION).first.wait_for()
    page.keyboard.press("Escape")
    assert page.locator("#suggestions").is_hidden()
    assert page.input_value("#q") == "masks", "Escape leaves the question"
    page.fill("#q", "")
    page.locator("#q").press_sequentially("掩")
    page.locator(_OPTION, has_text="掩码").first.wait_for()
    page.goto("/")
    page.fill("#q", "mas")
    option = page.locator(_OPTION).first
    option.wait_for()
    assert option.inner_text().startswith("Masks & more")
    page.keyboard.press("ArrowDown")
    assert page.locator("#q").get_attribute("aria-activedescendant") == option.get_attribute("id")
    page.keyboard.press("Enter")
    page.wait_for_url("**/resource/aaaaaaaaaaa")

    page.goto("/")
    page.fill("#q", "what does the mask hide?")
    page.keyboard.press("Enter")
    page.locator(".moment").first.wait_for()
    page.goto("/")
    page.click("#q")
    page.locator(_OPTION, has_text="what does the mask hide?").wait_for()
    page.locator("[data-kind=forget]").click()
    page.goto("/")
    page.click("#q")
    page.wait_for_timeout(300)
    assert page.locator("#suggestions").is_hidden(), "they are forgotten"


def test_an_answer_appears_while_typing_and_is_one_entry_of_the_history(page: Page) -> None:
    page.goto("/")
    page.keyboard.type("ma")
    page.wait_for_timeout(600)
    assert page.evaluate("location.search") == "", "two letters are too few"
    page.fill("#q", "掩码")
    page.locator(".moment").first.wait_for()
    page.fill("#q", "")
    page.keyboard.type("what does the mask hide", delay=5)
    until(page, f"{_QUESTION} === 'what does the mask hide'")
    assert page.evaluate(f"{_FOCUS}.id") == "q"
    page.keyboard.type("? xylophon")
    until(page, f"{_QUESTION} === 'what does the mask hide? xylophon'")
    status = "document.querySelector('#results [role=status]').textContent.includes('xylophon')"
    assert not page.evaluate(status), "nothing is said of a word that is half typed"
    for _ in range(3):
        page.keyboard.press("Enter")
        until(page, status)
        page.wait_for_timeout(300)
    page.go_back()
    until(page, "location.search === ''")


def test_typing_a_word_to_leave_out_first_gives_a_hint_and_stays_on_the_page(browser: Browser, address: str) -> None:
    with opened(browser, address, may_refuse=True, locale="zh-CN") as page:
        page.goto("/?q=mask")
        page.fill("#q", "-掩码")
        page.locator("[role=status]", has_text="请再写上要找的内容").wait_for()
        page.locator("#q").press_sequentially(" attention")
        page.locator(".moment").first.wait_for()
        assert page.input_value("#q") == "-掩码 attention"


def test_back_returns_to_the_place_on_the_page_and_to_its_language(page: Page) -> None:
    page.set_viewport_size({"width": 900, "height": 500})
    page.goto("/?q=mask&k=100")
    page.evaluate("scrollTo(0, 400)")
    # To a page that is too short to be scrolled; without a click, which would scroll to the form.
    page.evaluate("form = document.getElementById('ask'); form.elements.section.value = '其他'; form.requestSubmit()")
    until(page, "location.search.includes('section') && document.documentElement.scrollHeight <= innerHeight")
    page.go_back()
    until(page, "document.querySelectorAll('.moment').length > 1 && scrollY === 400")

    page.goto("/?q=mask&ui=zh")
    page.fill("#q", "attention")
    page.keyboard.press("Enter")
    page.wait_for_url("**/?q=attention")
    page.locator(".foot").get_by_role("link", name="English").click()
    page.get_by_role("button", name="Ask").wait_for()
    page.go_back()
    page.get_by_role("button", name="Ask").wait_for()  # the cookie's language
    page.go_back()
    page.locator("html[lang=zh-Hans]").wait_for()
    page.get_by_role("button", name="提问").wait_for()


class SlowEncoder(TopicEncoder):
    """An encoder that takes longer for a question than an answer may take while someone types."""

    def question(self, text: str) -> Vectors:
        time.sleep(0.2)
        return super().question(text)


def test_a_slow_server_is_no_longer_asked_while_someone_types(talks: Path, browser: Browser) -> None:
    with served(talks, encoder=SlowEncoder()) as address, opened(browser, address) as page:
        page.goto("/")
        for word in ("mask", "掩码", "cache"):
            page.fill("#q", f"what is a {word}")
            until(page, f"{_QUESTION} === 'what is a {word}'")
            page.wait_for_timeout(100)
        page.fill("#q", "what is a softmax")
        page.wait_for_timeout(1500)
        assert page.evaluate(_QUESTION) == "what is a cache"
