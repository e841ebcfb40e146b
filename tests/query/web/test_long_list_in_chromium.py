"""A list that is longer than a page, in a real Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from seekpoint.index.embedded.writer import EmbeddedWriter
from tests.index.libraries import CARD
from tests.query.web.conftest import faultless
from tests.query.web.served import served
from tests.query.web.test_editing_in_chromium import axe_faults
from tests.query.web.test_long_list import fill
from tests.query.web.workbench import editing as editing_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.chromium


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    library = tmp_path / "library"
    with EmbeddedWriter.acquire(library, CARD) as writer:
        fill(writer)
    editing = editing_of(library)
    assert editing.builds
    with served(library, editing=editing) as result:
        yield result
    editing.builds.close()


@pytest.mark.parametrize("has_script", [True, False])
@pytest.mark.parametrize(("locale", "following"), [("en-GB", "Next"), ("zh-CN", "下一页")])
def test_pages_are_turned_and_narrowed(
    browser: Browser, address: str, has_script: bool, locale: str, following: str
) -> None:
    context = browser.new_context(base_url=address, java_script_enabled=has_script, locale=locale)
    with context, faultless(context) as page:
        page.goto("/list")
        page.get_by_role("link", name=following, exact=True).click()
        page.wait_for_url("**/list?page=2")
        assert page.locator(".entry").count() == 200
        page.fill("#narrow", "频道")
        page.press("#narrow", "Enter")
        page.wait_for_url("**/list?narrow=*")
        assert page.locator(".entry .name").all_inner_texts() == ["Lecture 7"]
        assert "1" in page.locator(".narrowed").inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_a_phone_and_axe_finds_no_fault(browser: Browser, address: str, scheme: str) -> None:
    context = browser.new_context(
        base_url=address, viewport={"width": 360, "height": 720}, color_scheme="dark" if scheme == "dark" else "light"
    )
    with context, faultless(context) as page:
        for path in ("/list?page=2", "/list?narrow=注意力&sort=title", "/list?narrow=nothing"):
            page.goto(path)
            assert page.evaluate("document.documentElement.scrollWidth") == 360
            assert axe_faults(page) == []


def test_taking_out_keeps_the_page(browser: Browser, address: str) -> None:
    context = browser.new_context(base_url=address, locale="zh-CN")
    with context, faultless(context) as page:
        page.goto("/list?page=3")
        entry = page.locator(".entry", has_text="Lecture 401")
        entry.locator("summary").click()
        entry.locator(".removal button").click()
        entry.wait_for(state="detached")
        assert page.url.endswith("/list?page=3") and page.locator(".entry").count() == 49
        page.locator(".pages", has_text="第 3 页").wait_for()
        assert page.locator(".pages").count() == 1
