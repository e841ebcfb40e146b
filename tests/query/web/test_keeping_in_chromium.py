"""Keeping moments in a real Chromium, against the server with `--edit`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.query.web.conftest import SCHEMES, axe_faults, opened

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.chromium

NOTE = "掩码：遮住未来 <b>=1+1</b>"


def test_a_moment_is_kept_with_a_note_by_the_keyboard_and_taken_along(
    browser: Browser, edited: str, tmp_path: Path
) -> None:
    with opened(browser, edited, may_refuse=True) as page:
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

        other = page.context.new_page()
        other.goto("/kept")
        other.get_by_role("button", name="Don’t keep").click()
        other.get_by_text("Nothing is kept yet.").wait_for()
        page.locator("textarea").fill(f"{NOTE} 2")
        page.get_by_role("button", name="Save").click()
        page.locator(".toast", has_text="The note wasn’t saved").wait_for()
        assert page.locator("textarea").input_value() == f"{NOTE} 2", "a note that isn't saved stays in its box"


def test_what_is_kept_and_the_workspace_fit_a_phone(browser: Browser, edited: str) -> None:
    with opened(browser, edited, viewport={"width": 360, "height": 720}) as page:
        page.goto("/?q=mask&language=en")
        page.locator("#k1 .keep button").click()
        page.locator("#k1 .drop button").wait_for()
        for path in ("/?q=mask&language=en", "/kept", "/list?q=mask", "/list?sort=state"):
            page.goto(path)
            assert page.evaluate("document.documentElement.scrollWidth") == 360
            for scheme in SCHEMES:
                page.emulate_media(color_scheme=scheme)
                assert axe_faults(page) == [], f"{path}, {scheme}"
