"""A resource's own page in a real Chromium: its moments, its address, its two languages, and finding in it."""

from __future__ import annotations

import gzip
import time
from collections.abc import Iterator
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
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.chromium

_LONG = {
    "en": ["We go on with the talk.", "A mask hides the future.", "Softmax makes shares."],
    "zh": ["我们接着往下讲。", "掩码把未来藏起来。", "归一化得到份额。"],
}
_IN_VIEW = """(start) => {
    const box = document.querySelector(`#transcript .cue[data-start='${start}']`).getBoundingClientRect()
    return box.top > 0 && box.bottom < innerHeight
}"""
_HAS_CUE_IN_VIEW = """(() => {
    const cue = document.querySelector('.player-transcript .cue.here').getBoundingClientRect()
    const box = document.querySelector('.player-transcript').getBoundingClientRect()
    return cue.top >= box.top - 1 && cue.bottom <= box.bottom + 1
})()"""
_LINK_TO = """(main, href) => main.insertAdjacentHTML('afterbegin',
    `<a class='cue-link' href='${href}' data-start='1200'>x</a>`)"""
_TWO_HOURS_BYTES = 150_000


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


@pytest.mark.parametrize(("language", "other", "question"), [("en", "zh", "mask"), ("zh", "en", "掩码")])
def test_a_moment_plays_in_view_and_the_languages_stay_chosen(
    page: Page, language: str, other: str, question: str
) -> None:
    page.goto(f"/resource/ggggggggggg?language={language}&q={quote(question)}")
    page.locator(".found .cue-link[data-start='1200.0']").click()
    page.frame_locator(".own-player iframe").locator("body", has_text='"time":1200').wait_for()
    until(page, f"({_IN_VIEW})('1200.0')")
    assert page.evaluate("location.hash") == "#c60"
    asked = {"language": [language], "q": [question], "t": ["1200"]}
    assert given(page) == asked
    page.locator("a.both").click()
    page.locator("#transcript.with-other").wait_for()
    assert given(page) == {**asked, "beside": [other]}

    page.goto(f"/resource/ggggggggggg?language={language}&beside={other}")
    page.fill(".resource #q", {"mask": "掩码", "掩码": "mask"}[question])
    with page.expect_navigation():
        page.keyboard.press("Enter")
    found = page.locator(".found .cue-link [lang]")
    found.first.wait_for()
    assert page.locator(f"#transcript[lang={language}].with-other").count() == 1
    assert {each.get_attribute("lang") for each in found.all()} == {language}, "it is asked in the language shown"

    page.goto(f"/resource/ggggggggggg?language={language}")
    page.locator("main").evaluate(_LINK_TO, f"/resource/ggggggggggg?language={other}&t=1200#c60")
    page.locator("a.cue-link", has_text="x").click()
    page.locator(f"#transcript[lang={other}]").wait_for()
    until(page, f"({_IN_VIEW})('1200.0')")


def test_the_language_of_the_page_is_chosen_for_the_second_that_plays(page: Page) -> None:
    for path, player, start, step, reached, shown in (
        ("/resource/ggggggggggg?language=en&t=40", ".own-player", 40, "forward", 50, "0:50"),
        ("/?q=mask&ui=en&play=ggggggggggg&t=1200", "#player", 1200, "back", 1190, "19:50"),
    ):
        page.goto(path)
        page.locator(f"{player} .poster").click()
        body = page.frame_locator(f"{player} iframe").locator("body")
        body.get_by_text(f'"time":{start}').wait_for()
        if player == "#player":
            page.locator(".player-transcript .cue.here[data-start='1200.0']").wait_for()
            until(page, _HAS_CUE_IN_VIEW)
        page.locator(f"{player} [data-do={step}]").click()
        body.get_by_text(f'"time":{reached}').wait_for()
        page.get_by_role("link", name="中文", exact=True).click()
        page.get_by_role("link", name=f"从 {shown} 播放").wait_for()
        assert given(page)["t"] == [str(reached)]


@pytest.mark.parametrize("has_script", [True, False])
def test_both_languages_keep_the_question_and_what_was_found(browser: Browser, long: str, has_script: bool) -> None:
    with opened(browser, long, java_script_enabled=has_script) as page:
        page.goto("/resource/ggggggggggg?language=en&q=mask&find=talk&place=7&t=40")
        page.locator(".find .count", has_text="7 of 60").wait_for()
        page.locator("a.both").click()
        page.locator("#transcript.with-other").wait_for()
        page.locator(".find .count", has_text="7 of 60").wait_for()
        wanted = {"language": ["en"], "q": ["mask"], "find": ["talk"], "place": ["7"], "t": ["40"], "beside": ["zh"]}
        assert parse_qs(urlsplit(page.url).query) == wanted
        if has_script:
            assert page.evaluate("CSS.highlights.get('places').size") == 60
            assert page.locator("mark.place").count() == 0
        page.locator("a.both").click()
        page.locator("#transcript:not(.with-other)").wait_for()
        assert "beside" not in parse_qs(urlsplit(page.url).query)


@pytest.mark.parametrize(
    ("language", "phrase", "again", "current"),
    [("en", "MASK", "causal mask", "causal"), ("zh", "掩码", "因果掩码", "因果")],
)
def test_a_phrase_is_found_counted_and_stepped_through(
    browser: Browser, in_two_languages: str, language: str, phrase: str, again: str, current: str
) -> None:
    with opened(browser, in_two_languages) as page:
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


@needs_shared
def test_a_lecture_of_two_hours_is_small_on_the_wire_and_finding_in_it_is_fast(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("lecture")
    for file in (SHARED / "captions").glob("*CbIPjrOj2Tc*.vtt"):
        (folder / file.name).symlink_to(file.resolve())
    seekpoint.build(folder, folder / "library", encoder=TopicEncoder(), translate=False)
    with served(folder / "library") as address, opened(browser, address) as page:
        zipped = {"Accept-Encoding": "gzip"}
        with httpx2.stream("GET", f"{address}/resource/CbIPjrOj2Tc", headers=zipped) as response:
            body = b"".join(response.iter_raw())
        assert "</html>" in gzip.decompress(body).decode()
        assert len(body) < _TWO_HOURS_BYTES
        page.goto("/resource/CbIPjrOj2Tc")
        until(page, "!document.querySelector('.find [data-step]').hidden")
        page.locator("#find").fill("语音")
        started = time.perf_counter()
        page.locator(".find .count", has_text=" of ").wait_for()
        found, limit = time.perf_counter() - started, 15.0  # some tenths of a second on a machine that is idle
        assert page.evaluate("CSS.highlights.get('places').size") > 100
        assert found < limit
