"""A resource's own page in a real Chromium: its moments, its address and its two languages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote, urlsplit

import pytest

import seekpoint
from tests.fakes import TopicEncoder
from tests.indexer.builds import webvtt
from tests.query.web.conftest import faultless
from tests.query.web.served import served, until, without_others

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

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
    with browser.new_context(base_url=long) as context, faultless(context) as page:
        without_others(page, long)
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
    with browser.new_context(base_url=long, java_script_enabled=has_script) as context, faultless(context) as page:
        without_others(page, long)
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
