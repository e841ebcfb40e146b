"""The page by keyboard in a real Chromium: its keys, suggestions, and answers while a question is typed."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.fakes import TopicEncoder
from tests.query.web.conftest import opened
from tests.query.web.served import served, until, without_others

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from seekpoint.index.types import Vectors

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


def test_a_title_is_suggested_and_opened_by_keys_alone(page: Page) -> None:
    page.goto("/")
    page.fill("#q", "mas")
    option = page.locator("#suggestions [role=option]").first
    option.wait_for()
    assert option.inner_text().startswith("Masks & more")
    page.keyboard.press("ArrowDown")
    assert page.locator("#q").get_attribute("aria-activedescendant") == option.get_attribute("id")
    page.keyboard.press("Enter")
    page.wait_for_url("**/resource/aaaaaaaaaaa")


def test_chinese_is_suggested_for_chinese(page: Page) -> None:
    page.goto("/")
    page.locator("#q").press_sequentially("掩")
    page.locator("#suggestions [role=option]", has_text="掩码").first.wait_for()


def test_escape_closes_the_suggestions_and_leaves_the_question(page: Page) -> None:
    page.goto("/")
    page.fill("#q", "masks")
    page.locator("#suggestions [role=option]").first.wait_for()
    page.keyboard.press("Escape")
    assert page.locator("#suggestions").is_hidden()
    assert page.input_value("#q") == "masks"


def test_an_answer_appears_while_typing_and_back_leaves_it(page: Page) -> None:
    page.goto("/")
    page.keyboard.type("what does the mask hide", delay=5)
    page.locator(".moment").first.wait_for()
    assert page.evaluate("document.activeElement.id") == "q"
    page.keyboard.type("?")
    until(page, "new URLSearchParams(location.search).get('q') === 'what does the mask hide?'")
    page.go_back()
    until(page, "location.search === ''")


def test_earlier_questions_are_suggested_until_they_are_forgotten(page: Page) -> None:
    page.goto("/")
    page.fill("#q", "what does the mask hide?")
    page.keyboard.press("Enter")
    page.locator(".moment").first.wait_for()
    page.goto("/")
    page.click("#q")
    page.locator("#suggestions [role=option]", has_text="what does the mask hide?").wait_for()
    page.locator("[data-kind=forget]").click()
    page.goto("/")
    page.click("#q")
    page.wait_for_timeout(300)
    assert page.locator("#suggestions").is_hidden()


def test_typing_a_word_to_leave_out_first_gives_a_hint_and_stays_on_the_page(browser: Browser, address: str) -> None:
    with browser.new_context(base_url=address, locale="zh-CN") as context:
        page = context.new_page()  # whose browser tells of the answer's status
        page.goto("/?q=mask")
        page.fill("#q", "-掩码")
        page.locator("[role=status]", has_text="请再写上要找的内容").wait_for()
        page.locator("#q").press_sequentially(" attention")
        page.locator(".moment").first.wait_for()
        assert page.input_value("#q") == "-掩码 attention"


def test_a_question_is_one_entry_of_the_history(page: Page) -> None:
    page.goto("/")
    page.fill("#q", "what does the mask hide?")
    until(page, "location.search !== ''")
    for _ in range(3):
        page.keyboard.press("Enter")
        page.wait_for_timeout(300)
    page.go_back()
    until(page, "location.search === ''")


def test_two_chinese_characters_are_enough_for_an_answer(page: Page) -> None:
    page.goto("/")
    page.fill("#q", "ma")
    page.wait_for_timeout(600)
    assert page.evaluate("location.search") == ""
    page.fill("#q", "掩码")
    page.locator(".moment").first.wait_for()


def test_nothing_is_said_of_a_word_that_is_half_typed(page: Page) -> None:
    page.goto("/")
    page.fill("#q", "mask xylophon")
    page.locator(".moment").first.wait_for()
    assert "xylophon" not in page.locator("[role=status]").first.inner_text()
    page.keyboard.press("Enter")
    until(page, "document.querySelector('[role=status]').textContent.includes('xylophon')")


def test_back_returns_to_the_place_on_the_page(page: Page) -> None:
    page.set_viewport_size({"width": 900, "height": 500})
    page.goto("/?q=mask&k=100")
    page.evaluate("scrollTo(0, 400)")
    # To a page that is too short to be scrolled; without a click, which would scroll to the form.
    page.evaluate("form = document.getElementById('ask'); form.elements.section.value = '其他'; form.requestSubmit()")
    until(page, "location.search.includes('section') && document.documentElement.scrollHeight <= innerHeight")
    page.go_back()
    until(page, "document.querySelectorAll('.moment').length > 1 && scrollY === 400")


def test_back_to_an_answer_in_another_language_turns_the_whole_page(page: Page) -> None:
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
    with (
        served(talks, encoder=SlowEncoder()) as address,
        opened(browser, address) as page,
    ):
        page.goto("/")
        for word in ("mask", "掩码", "cache"):
            page.fill("#q", f"what is a {word}")
            until(page, f"new URLSearchParams(location.search).get('q') === 'what is a {word}'")
            page.wait_for_timeout(100)
        page.fill("#q", "what is a softmax")
        page.wait_for_timeout(1500)
        assert page.evaluate("new URLSearchParams(location.search).get('q')") == "what is a cache"
