"""Keeping and adding in a real Chromium, against the server with `--edit`."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from seekpoint.query.web.editing import Editing
from tests.browser import chromium_tab
from tests.query.web.served import served, without_others

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.chromium

NOTE = "掩码：遮住未来 <b>=1+1</b>"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium_tab() as tab:
        browser = tab.page.context.browser
        assert browser
        yield browser


@pytest.fixture
def address(talks: Path, tmp_path: Path) -> Iterator[str]:
    library = Path(shutil.copytree(talks, tmp_path / "library"))
    with served(library, editing=Editing()) as result:
        yield result


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    context = browser.new_context(base_url=address, locale="en-GB")
    context.set_default_timeout(60_000)
    page = context.new_page()
    without_others(page, address)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    yield page
    context.close()
    assert faults == []


def axe_faults(page: Page) -> list[tuple[str, str]]:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="pip install 'seekpoint[dev]'").Axe()
    result = axe.run(page).response
    assert result["passes"]
    return [(fault["id"], fault["nodes"][0]["html"]) for fault in result["violations"]]


def test_a_moment_is_kept_with_a_note_by_the_keyboard_and_taken_along(page: Page, tmp_path: Path) -> None:
    page.goto("/?q=掩码藏了什么？&language=zh")
    page.locator("#k1 .keep button").focus()
    page.keyboard.press("Enter")
    page.locator("#k1 .drop button").wait_for()
    assert page.evaluate("document.activeElement.closest('.drop') !== null")
    assert page.evaluate("location.pathname") == "/"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type(NOTE)
    page.keyboard.press("Tab")
    page.keyboard.type("收藏 & more")
    page.keyboard.press("Enter")
    page.get_by_text("Saved").wait_for()
    assert page.evaluate("document.activeElement.name") == "collection"
    assert axe_faults(page) == []
    page.get_by_role("link", name="Kept").click()
    page.locator("h2", has_text="收藏 & more").wait_for()
    assert page.locator("textarea").input_value() == NOTE
    assert axe_faults(page) == []
    with page.expect_download() as download:
        page.get_by_role("link", name="Markdown").click()
    download.value.save_as(tmp_path / "kept.md")
    text = (tmp_path / "kept.md").read_text(encoding="utf-8")
    assert text.startswith("## 收藏 & more\n\n1. [掩码](https://www.youtube.com/watch?v=bbbbbbbbbbb&t=80s)")
    page.get_by_role("button", name="Don’t keep").click()
    page.get_by_text("Nothing is kept yet.").wait_for()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_is_kept_fits_a_phone(browser: Browser, address: str, scheme: str) -> None:
    context = browser.new_context(
        base_url=address, viewport={"width": 360, "height": 720}, color_scheme="dark" if scheme == "dark" else "light"
    )
    page = context.new_page()
    without_others(page, address)
    page.goto("/?q=mask&language=en")
    page.locator("#k1 .keep button").click()
    page.locator("#k1 .drop button").wait_for()
    for path in ("/?q=mask&language=en", "/kept"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") == 360
        assert axe_faults(page) == []
    context.close()


def test_keeping_needs_no_script(browser: Browser, address: str) -> None:
    context = browser.new_context(base_url=address, java_script_enabled=False)
    page = context.new_page()
    page.goto("/?q=mask&language=en")
    page.locator("#k1 .keep button").click()
    page.locator("#k1 .drop button").wait_for()
    page.locator("#k1 summary").click()
    page.fill("#k1n", "no script")
    page.click("#k1s")
    page.goto("/kept")
    assert page.locator("textarea").input_value() == "no script"
    context.close()
