"""What plays beside an answer, in a real Chromium: going back to it, and on to the next moment."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

import seekpoint
from tests.fakes import TopicEncoder
from tests.indexer.builds import webvtt
from tests.query.web.conftest import faultless
from tests.query.web.served import served, state_of_player, until, without_others

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.chromium

_BODY = "#player iframe"
_QUICK = {
    "Masks [eeeeeeeeeee].en": [
        "Welcome to the talk.",
        "Attention weighs words.",
        "A mask hides the future.",
        "So long.",
    ],
    "掩码 [fffffffffff].zh": ["欢迎大家。", "注意力给词一个权重。", "掩码把未来藏起来。", "再见。"],
}
_NAME = "(link) => link && `${link.dataset.id} ${link.dataset.start}`"
_MOMENTS = f"[...document.querySelectorAll('.moments .go')].map({_NAME})"
_CURRENT = f"({_NAME})(document.querySelector('.go[aria-current]'))"


@pytest.fixture(scope="module")
def recorded(recordings: Path) -> Iterator[str]:
    with served(recordings) as result:
        yield result


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The server of a library of two videos, in which a moment has other lines around it."""
    folder = tmp_path_factory.mktemp("quick")
    for name, lines in _QUICK.items():
        (folder / f"{name}.vtt").write_text(webvtt(*lines, seconds=10), encoding="utf-8")
    seekpoint.build(folder, folder / "library", encoder=TopicEncoder(), translate=False)
    with served(folder / "library") as result:
        yield result


@pytest.fixture
def page(browser: Browser, quick: str) -> Iterator[Page]:
    with browser.new_context(base_url=quick) as context, faultless(context) as page:
        without_others(page, quick)
        yield page


def play(page: Page, resource: str, start: float) -> None:
    """Play a moment of a video, and wait for its player."""
    page.locator(f".title .go[data-id={resource}][data-start='{start}']").click()
    page.frame_locator(_BODY).locator("body").get_by_text(f'"time":{start:.0f}').wait_for()


@pytest.mark.parametrize(
    ("question", "first", "second"),
    [("mask", "eeeeeeeeeee", "fffffffffff"), ("掩码", "fffffffffff", "eeeeeeeeeee")],
)
def test_after_back_to_another_video_youtube_is_asked_for_nothing_until_play_is_pressed(
    page: Page, quick: str, question: str, first: str, second: str
) -> None:
    asked = without_others(page, quick)
    page.goto(f"/?q={quote(question)}&kind=video&k=2")
    play(page, first, 20.0)
    play(page, second, 20.0)
    page.go_back()
    page.locator("#player .poster").wait_for()
    page.locator(".player-transcript .cue.here").wait_for()
    page.keyboard.press("ArrowRight")  # which moves the second, and doesn't play either
    until(page, "document.querySelector('#player .elsewhere').href.endsWith('t=30s')")
    assert len(asked) == 2
    page.locator("#player .poster").click()
    page.frame_locator(_BODY).locator("body", has_text='"time":30').wait_for()


def test_back_within_a_paused_video_leaves_it_paused(page: Page, quick: str) -> None:
    asked = without_others(page, quick)
    page.goto("/?q=mask&kind=video&k=2")
    play(page, "eeeeeeeeeee", 20.0)
    page.locator(".around summary").first.click()
    page.locator(".around .cue").first.click()
    body = page.frame_locator(_BODY).locator("body")
    body.get_by_text('"time":0').wait_for()
    page.locator("[data-do=toggle]").click()
    body.get_by_text('"state":2').wait_for()
    page.go_back()
    body.get_by_text('"time":20').wait_for()
    assert state_of_player(page)["state"] == 2
    assert len(asked) == 1


def test_a_recording_that_was_closed_is_silent_after_back(browser: Browser, recorded: str) -> None:
    with browser.new_context(base_url=recorded) as context, faultless(context) as page:
        page.goto(f"/?q={quote('注意力')}&language=zh")
        page.locator(".go[data-play=audio]").first.click()
        until(page, "document.querySelector('#player audio')?.played.length")
        page.keyboard.press("Escape")
        page.locator("#player").wait_for(state="hidden")
        page.go_back()
        until(page, "document.querySelector('#player audio')?.readyState >= 2")
        page.wait_for_timeout(500)
        assert page.evaluate("(({paused, played}) => [paused, played.length])(document.querySelector('audio'))") == [
            True,
            0,
        ]


@pytest.mark.parametrize(
    ("question", "first", "second"),
    [("mask", "eeeeeeeeeee", "fffffffffff"), ("掩码", "fffffffffff", "eeeeeeeeeee")],
)
def test_next_and_previous_go_on_from_a_line_around_a_moment(
    page: Page, quick: str, question: str, first: str, second: str
) -> None:
    without_others(page, quick)
    page.goto(f"/?q={quote(question)}&kind=video&k=2")
    assert page.evaluate(_MOMENTS) == [f"{first} 20.0", f"{second} 20.0"]
    for resource, step, reached in ((first, "next", second), (second, "previous", first)):
        moment = page.locator(f".moment:has(.go[data-id={resource}])")
        moment.locator(".around summary").click()
        moment.locator(".around .cue").first.click()
        until(page, f"{_CURRENT} === '{resource} 20.0'")
        assert page.locator("[data-do=previous]").is_enabled() == (step == "previous")
        assert page.locator("[data-do=next]").is_enabled() == (step == "next")
        page.locator(f"[data-do={step}]").click()
        until(page, f"{_CURRENT} === '{reached} 20.0'")


def test_the_focus_comes_back_to_the_line_that_was_played(page: Page, quick: str) -> None:
    without_others(page, quick)
    page.goto("/?q=mask&kind=video&k=2")
    page.locator(".around summary").first.click()
    page.locator(".around .cue").first.click()
    page.locator("#player iframe").wait_for()
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.matches('.around .cue')")


@pytest.mark.parametrize(("language", "other"), [("en", "zh"), ("zh", "en")])
def test_both_languages_stay_chosen_for_the_next_video(
    browser: Browser, tmp_path: Path, language: str, other: str
) -> None:
    lines = dict(zip(("en", "zh"), _QUICK.values(), strict=True))
    for video, track in product(("eeeeeeeeeee", "fffffffffff"), lines):
        (tmp_path / f"{video} [{video}].{track}.vtt").write_text(webvtt(*lines[track], seconds=10), encoding="utf-8")
    seekpoint.build(tmp_path, tmp_path / "library", encoder=TopicEncoder(), translate=False)
    with served(tmp_path / "library") as address, browser.new_context(base_url=address) as context:
        page = context.new_page()
        without_others(page, address)
        page.goto(f"/?q=mask&language={language}")
        for video in ("eeeeeeeeeee", "fffffffffff"):
            page.locator(f".title .go[data-id={video}]").click()
            page.get_by_label("Both languages").check()  # which it is already the second time
            page.locator(".player-transcript .other .cue", has_text=lines[other][2]).wait_for()
        page.get_by_label("Both languages").uncheck()
        page.locator(".player-transcript .other").first.wait_for(state="detached")
        page.locator(".player-transcript .cue", has_text=lines[language][2]).wait_for()


def test_keys_act_on_a_checkbox_and_escape_on_a_menu_too(page: Page) -> None:
    page.goto("/?q=mask&kind=video&k=2")
    play(page, "eeeeeeeeeee", 20.0)
    body = page.frame_locator(_BODY).locator("body")
    page.get_by_label("Follow along").click()
    page.keyboard.press("ArrowRight")
    body.get_by_text('"time":30').wait_for()
    page.keyboard.press(" ")  # which belongs to the checkbox
    assert page.get_by_label("Follow along").is_checked()
    assert state_of_player(page)["state"] == 1
    page.keyboard.press("j")
    until(page, f"{_CURRENT} === 'fffffffffff 20.0'")
    page.get_by_label("Follow along").focus()
    page.keyboard.press("Escape")
    page.locator("#player").wait_for(state="hidden")
    play(page, "eeeeeeeeeee", 20.0)
    page.locator("#player .speed").focus()
    page.keyboard.press("j")
    assert page.evaluate(_CURRENT) == "eeeeeeeeeee 20.0"
    page.keyboard.press("Escape")
    page.locator("#player").wait_for(state="hidden")
