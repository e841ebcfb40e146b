"""A resource's own page in a real Chromium: its moments, its address, its two languages, and finding in it."""

from __future__ import annotations

import gzip
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote, urlsplit

import httpx2
import pytest

import seekpoint
from tests.fakes import TopicEncoder
from tests.indexer.builds import webvtt
from tests.query.web.conftest import opened
from tests.query.web.served import served, until
from tests.shared import SHARED, needs_shared

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

pytestmark = pytest.mark.chromium

_LONG = {
    "en": ["We go on with the talk.", "A mask hides the future.", "Softmax makes shares."],
    "zh": ["我们接着往下讲。", "掩码把未来藏起来。", "归一化得到份额。"],
}
_ASKED = {"en": "mask", "zh": "掩码"}
_IN_VIEW = """(start) => {
    const box = document.querySelector(`#transcript .cue[data-start='${start}']`).getBoundingClientRect()
    return box.top > 0 && box.bottom < innerHeight
}"""


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The server of a video in two languages, whose transcript is longer than a window; a mask is at its end."""
    folder = tmp_path_factory.mktemp("long")
    for language, (filling, mask, shares) in _LONG.items():
        lines = [*[filling] * 60, mask, shares]
        (folder / f"Masks [ggggggggggg].{language}.vtt").write_text(webvtt(*lines, seconds=20), encoding="utf-8")
    seekpoint.build(folder, folder / "library", encoder=TopicEncoder(), translate=False)
    with served(folder / "library") as result:
        yield result


@pytest.fixture
def page(browser: Browser, long: str) -> Iterator[Page]:
    with opened(browser, long) as page:
        yield page


def given(page: Page) -> dict[str, list[str]]:
    """The parameters of the address."""
    return parse_qs(urlsplit(page.evaluate("location.href")).query)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_moment_that_was_found_plays_and_its_line_comes_into_view(page: Page, language: str) -> None:
    page.goto(f"/resource/ggggggggggg?language={language}&q={quote(_ASKED[language])}")
    page.locator(".found .cue-link[data-start='1200.0']").click()
    page.frame_locator(".own-player iframe").locator("body", has_text='"time":1200').wait_for()
    until(page, f"({_IN_VIEW})('1200.0')")
    assert page.evaluate("location.hash") == "#c60"
    asked = {"language": [language], "q": [_ASKED[language]], "t": ["1200"]}
    assert given(page) == asked
    page.locator("a.both").click()
    page.locator("#transcript.with-other").wait_for()
    assert given(page) == {**asked, "beside": ["zh" if language == "en" else "en"]}


@pytest.mark.parametrize(("shown", "other"), [("en", "zh"), ("zh", "en")])
def test_a_moment_in_another_language_is_followed_to_its_transcript(page: Page, shown: str, other: str) -> None:
    page.goto(f"/resource/ggggggggggg?language={shown}")
    page.locator("main").evaluate(
        "(main, href) => main.insertAdjacentHTML('afterbegin',"
        " `<a class='cue-link' href='${href}' data-start='1200'>x</a>`)",
        f"/resource/ggggggggggg?language={other}&t=1200#c60",
    )
    page.locator("a.cue-link", has_text="x").click()
    page.locator(f"#transcript[lang={other}]").wait_for()
    until(page, f"({_IN_VIEW})('1200.0')")


@pytest.mark.parametrize(("language", "question"), [("en", "掩码"), ("zh", "mask")])
def test_asking_within_keeps_the_languages_that_were_chosen(page: Page, language: str, question: str) -> None:
    page.goto(f"/resource/ggggggggggg?language={language}&beside={'zh' if language == 'en' else 'en'}")
    page.fill(".resource #q", question)
    page.keyboard.press("Enter")
    page.locator(".found .cue-link").first.wait_for()
    assert page.locator(f"#transcript[lang={language}].with-other").count() == 1
    found = page.locator(".found .cue-link [lang]")
    assert {each.get_attribute("lang") for each in found.all()} == {language}


def test_the_language_of_the_page_is_chosen_for_the_second_that_plays(page: Page) -> None:
    page.goto("/resource/ggggggggggg?language=en&t=40")
    page.locator(".own-player .poster").click()
    body = page.frame_locator(".own-player iframe").locator("body")
    body.get_by_text('"time":40').wait_for()
    page.locator(".own-player [data-do=forward]").click()
    body.get_by_text('"time":50').wait_for()
    page.get_by_role("link", name="中文", exact=True).click()
    page.get_by_role("link", name="从 0:50 播放").wait_for()
    assert given(page)["t"] == ["50"]
    page.goto("/?q=mask&ui=en&play=ggggggggggg&t=1200")
    page.locator("#player .poster").click()
    body = page.frame_locator("#player iframe").locator("body")
    body.get_by_text('"time":1200').wait_for()
    page.locator("#player [data-do=back]").click()
    body.get_by_text('"time":1190').wait_for()
    page.get_by_role("link", name="中文", exact=True).click()
    page.get_by_role("link", name="从 19:50 播放").wait_for()


@pytest.mark.parametrize("has_script", [True, False])
def test_both_languages_keep_the_question_and_what_was_found(browser: Browser, long: str, has_script: bool) -> None:
    with opened(browser, long, java_script_enabled=has_script) as page:
        page.goto("/resource/ggggggggggg?language=en&q=mask&find=talk&place=7&t=40")
        page.locator(".find .count", has_text="7 of 60").wait_for()
        page.locator("a.both").click()
        page.locator("#transcript.with-other").wait_for()
        page.locator(".find .count", has_text="7 of 60").wait_for()
        address = urlsplit(page.url)
        wanted = {"language": ["en"], "q": ["mask"], "find": ["talk"], "place": ["7"], "t": ["40"], "beside": ["zh"]}
        assert parse_qs(address.query) == wanted
        if has_script:
            assert page.evaluate("CSS.highlights.get('places').size") == 60
            assert page.locator("mark.place").count() == 0
        page.locator("a.both").click()
        page.locator("#transcript:not(.with-other)").wait_for()
        assert "beside" not in parse_qs(urlsplit(page.url).query)


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
    with served(bilingual) as address, opened(browser, address) as page:
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
    with served(bilingual) as address, opened(browser, address) as page:
        page.goto("/resource/ddddddddddd?language=en&find=mask")
        page.locator(".find .count", has_text="1 of 3").wait_for()
        assert page.locator("mark.place").count() == 0


@needs_shared
def test_in_a_long_lecture_finding_is_fast(long_lecture: str, browser: Browser) -> None:
    with opened(browser, long_lecture) as page:
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
