"""Suggestions and answers while a question is typed, in a real Chromium."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.fakes import TopicEncoder
from tests.query.web.conftest import faultless
from tests.query.web.served import served, until

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from seekpoint.index.types import Vectors

pytestmark = pytest.mark.chromium


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


class SlowEncoder(TopicEncoder):
    """An encoder that takes longer for a question than an answer may take while someone types."""

    def question(self, text: str) -> Vectors:
        time.sleep(0.2)
        return super().question(text)


def test_a_slow_server_is_no_longer_asked_while_someone_types(talks: Path, browser: Browser) -> None:
    with (
        served(talks, encoder=SlowEncoder()) as address,
        browser.new_context(base_url=address) as context,
        faultless(context) as page,
    ):
        page.goto("/")
        for word in ("mask", "掩码", "cache"):
            page.fill("#q", f"what is a {word}")
            until(page, f"new URLSearchParams(location.search).get('q') === 'what is a {word}'")
            page.wait_for_timeout(100)
        page.fill("#q", "what is a softmax")
        page.wait_for_timeout(1500)
        assert page.evaluate("new URLSearchParams(location.search).get('q')") == "what is a cache"
