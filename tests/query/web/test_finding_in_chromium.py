"""Finding in a transcript, in a real Chromium."""

from __future__ import annotations

import gzip
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import pytest

import seekpoint
from tests.fakes import TopicEncoder
from tests.query.web.conftest import faultless
from tests.query.web.served import served, until, without_others
from tests.shared import SHARED, needs_shared

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

pytestmark = pytest.mark.chromium

_TWO_HOURS_BYTES = 150_000


@pytest.fixture(scope="module")
def long_lecture(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The server of a library with a lecture of two and a half hours."""
    folder = tmp_path_factory.mktemp("long")
    for file in (SHARED / "captions").glob("*CbIPjrOj2Tc*.vtt"):
        (folder / file.name).symlink_to(file.resolve())
    seekpoint.build(folder, folder / "library", encoder=TopicEncoder(), translate=False)
    with served(folder / "library") as address:
        yield address


@pytest.mark.parametrize(
    ("language", "phrase", "again", "current"),
    [("en", "MASK", "causal mask", "causal"), ("zh", "掩码", "因果掩码", "因果")],
)
def test_a_phrase_is_found_counted_and_stepped_through(
    bilingual: Path, browser: Browser, language: str, phrase: str, again: str, current: str
) -> None:
    with served(bilingual) as address, browser.new_context(base_url=address) as context, faultless(context) as page:
        without_others(page, address)
        page.goto(f"/resource/ddddddddddd?language={language}")
        count, box = page.locator(".find .count"), page.locator("#find")
        box.fill(phrase)
        count.get_by_text("1 of 3").wait_for()
        assert page.evaluate("CSS.highlights.get('places').size") == 3
        assert page.evaluate("[...CSS.highlights.get('place')].join('').toLowerCase()") in ("mask", "掩碼")
        box.press("Enter")
        count.get_by_text("2 of 3").wait_for()
        box.press("Shift+Enter")
        box.press("Shift+Enter")
        count.get_by_text("3 of 3").wait_for()
        page.locator("[data-step='1']").click()
        count.get_by_text("1 of 3").wait_for()
        page.locator("[data-step='-1']").click()
        count.get_by_text("3 of 3").wait_for()
        box.fill(again)  # it goes over the end of a caption
        count.get_by_text("1 of 1").wait_for()
        assert current in page.evaluate("[...CSS.highlights.get('place')].join('|').toLowerCase()")
        box.fill("no such words")
        count.get_by_text("Not found").wait_for()
        assert page.evaluate("CSS.highlights.get('places').size") == 0


@pytest.mark.parametrize(("language", "phrase", "marked"), [("en", "the FUTURE", "the future"), ("zh", "未来", "未來")])
def test_without_a_script_the_server_marks_what_is_found(
    bilingual: Path, browser: Browser, language: str, phrase: str, marked: str
) -> None:
    with served(bilingual) as address, browser.new_context(base_url=address, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"/resource/ddddddddddd?language={language}")
        page.fill("#find", phrase)
        with page.expect_navigation():
            page.get_by_role("button", name="Find").click()
        assert page.locator("mark.place").all_text_contents() == [marked]
        assert page.locator(".find .count").inner_text() == "1 of 1"


@pytest.mark.parametrize(
    ("language", "phrase", "said"),
    [("en", "MASK", "mask"), ("zh", "掩码", "掩碼")],
)
def test_without_a_script_buttons_lead_to_the_next_place_and_back(
    bilingual: Path, browser: Browser, language: str, phrase: str, said: str
) -> None:
    with (
        served(bilingual) as address,
        browser.new_context(
            base_url=address, java_script_enabled=False, viewport={"width": 390, "height": 300}
        ) as context,
    ):
        page = context.new_page()
        page.goto(f"/resource/ddddddddddd?language={language}&beside={'zh-TW' if language == 'en' else 'en'}")
        assert page.locator(".find [data-step]:visible").count() == 0
        page.fill("#find", phrase)
        page.keyboard.press("Enter")
        current, count = page.locator("mark.place.here"), page.locator(".find .count")
        for step, expected in (
            (None, "1 of 3"),
            ("Next", "2 of 3"),
            ("Next", "3 of 3"),
            ("Next", "1 of 3"),
            ("Previous", "3 of 3"),
        ):
            if step:
                page.get_by_role("button", name=f"{step} place").click()
            count.get_by_text(expected).wait_for()
            assert (current.text_content() or "").lower() == said
            marks = page.locator("mark.place")
            assert ["here" in (mark.get_attribute("class") or "") for mark in marks.all()] == [
                str(number) == expected[0] for number in (1, 2, 3)
            ]
            assert page.locator("#place.here").count() == 1
            in_view(page, current)
            assert page.locator(".said.other").count() > 0


def in_view(page: Page, element: Locator) -> None:
    """Wait for an element to be in the window; scripts may be off."""
    height = (page.viewport_size or {"height": 0})["height"]
    for _ in range(600):
        box = element.bounding_box()
        if box and 0 <= box["y"] < height:
            return
        page.wait_for_timeout(100)
    pytest.fail("not in view within a minute")


def test_with_a_script_an_address_that_finds_is_gone_on_with(bilingual: Path, browser: Browser) -> None:
    with served(bilingual) as address, browser.new_context(base_url=address) as context, faultless(context) as page:
        without_others(page, address)
        page.goto("/resource/ddddddddddd?language=en&find=mask")
        page.locator(".find .count", has_text="1 of 3").wait_for()
        assert page.locator("mark.place").count() == 0


@needs_shared
def test_in_a_long_lecture_finding_is_fast(long_lecture: str, browser: Browser) -> None:
    with browser.new_context(base_url=long_lecture) as context, faultless(context) as page:
        without_others(page, long_lecture)
        page.goto("/resource/CbIPjrOj2Tc")
        until(page, "!document.querySelector('.find [data-step]').hidden")
        page.locator("#find").fill("语音")
        started = time.perf_counter()
        page.locator(".find .count", has_text=" of ").wait_for()
        found, limit = time.perf_counter() - started, 15.0  # some tenths of a second on a machine that is idle
        assert page.evaluate("CSS.highlights.get('places').size") > 100
        assert found < limit


@needs_shared
def test_two_hours_of_a_transcript_are_small_on_the_wire(long_lecture: str) -> None:
    with httpx2.stream("GET", f"{long_lecture}/resource/CbIPjrOj2Tc", headers={"Accept-Encoding": "gzip"}) as response:
        body = b"".join(response.iter_raw())
    assert "</html>" in gzip.decompress(body).decode()
    assert len(body) < _TWO_HOURS_BYTES
